"""`coachgate user`: who may log in, and as whom they may write. A password comes from standard input only and is kept as its Argon2id hash (RFC 9106)."""

from __future__ import annotations

import asyncio
import json
import sys
from enum import StrEnum
from typing import Annotated

import typer
from argon2 import PasswordHasher
from rich.table import Table

from gateway.cli.context import TENANT, wide_console
from gateway.core.address import MalformedPath, a_labels, parse_mailbox
from gateway.core.model import Mailbox
from gateway.edges.store import User
from gateway.errors import ConfigurationError

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The login.")]
_SHORT = 12  # characters; shorter passwords are taken with a warning, because a machine on loopback may want one


class Role(StrEnum):
    """What a login may do."""

    COACH = "coach"  # everything
    ASSISTANT = "assistant"  # sends, sees what waits by name and reason; never releases as is
    AUDITOR = "auditor"  # reads the audit log, sends nothing


@app.command()
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Option(help="coach: everything. assistant: sends, never releases as is. auditor: reads the log, sends nothing.")],
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")] = False,
    authors: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="ADDR", help='May write as this; repeat for more. For machines: "@domain", "*". Default: the coach\'s addresses.'),
    ] = None,
) -> None:
    """Add a login, or give an existing one a new password."""
    mailboxes, patterns = _authors(authors) if authors else (context.obj.config.coach.addresses, ())
    if role is Role.AUDITOR:
        if authors:
            raise ConfigurationError(("an auditor sends nothing: leave out --from",))
        mailboxes = ()
    if not name.isprintable() or not name.strip() or "\0" in name:
        raise ConfigurationError(("a login is one printable line",))
    user = User(name, role.value, PasswordHasher().hash(_password(password_stdin)), mailboxes, patterns)

    async def put() -> None:
        async with context.obj.open_store() as store:
            await store.put_user(TENANT, user)

    asyncio.run(put())
    writes_as = ", ".join((*map(str, mailboxes), *patterns))
    typer.echo(f"{name} may log in as {role.value}" + (f" and write as {writes_as}." if writes_as else " and sends nothing."))


@app.command("list")
def list_users(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Who may log in."""

    async def ask() -> list[User]:
        async with context.obj.open_store() as store:
            return list(await store.users(TENANT))

    users = asyncio.run(ask())
    if as_json:
        typer.echo(json.dumps([{"login": u.login, "role": u.role, "from": [*map(str, u.mailboxes), *u.patterns]} for u in users]))
        return
    table = Table("login", "role", "may write as")
    for user in users:
        table.add_row(user.login, user.role, ", ".join((*map(str, user.mailboxes), *user.patterns)))
    wide_console().print(table)


@app.command()
def remove(context: typer.Context, name: Name) -> None:
    """Take a login away."""

    async def take() -> bool:
        async with context.obj.open_store() as store:
            return bool(await store.remove_user(TENANT, name))

    if not asyncio.run(take()):
        raise ConfigurationError((f"there is no login {name!r}",))
    typer.echo(f"{name} may not log in any more.")


def _authors(texts: list[str]) -> tuple[tuple[Mailbox, ...], tuple[str, ...]]:
    """Mailboxes, and the patterns a machine that sends for several people needs."""
    mailboxes, patterns, problems = [], [], []
    for text in texts:
        try:
            if text == "*" or text.startswith("@"):
                patterns.append(text if text == "*" else f"@{a_labels(text[1:])}")
            else:
                mailboxes.append(parse_mailbox(text))
        except MalformedPath:
            problems.append(f"--from: {text!r} is not an address of the form name@domain")
    if problems:
        raise ConfigurationError(tuple(problems))
    return tuple(mailboxes), tuple(patterns)


def _password(from_stdin: bool) -> str:
    """The password: a line of standard input, or typed twice. Never an argument: other users of a machine can read those."""
    password = sys.stdin.readline().rstrip("\r\n") if from_stdin else str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    if not password:
        raise ConfigurationError(("the password is empty",))
    if len(password) < _SHORT:
        typer.echo(f"coachgate: the password has fewer than {_SHORT} characters; on a network it would be guessed", err=True)
    return password
