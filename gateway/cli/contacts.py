"""`coachgate contact`: people who are no clients.

What is marked "not a client" leaves untouched, so a mark is read narrowly, and refused where it would open the way to a client.
"""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.table import Table

from gateway.cli.context import TENANT, wide_console
from gateway.core.address import EVERYBODYS, MalformedPath, a_labels, is_at_or_under, parse_mailbox, same_mailbox
from gateway.core.model import Contact, Directory, Role
from gateway.errors import ConfigurationError

app = typer.Typer(no_args_is_help=True)
Who = Annotated[str, typer.Argument(metavar="ADDR|@DOMAIN", help="An address, or a whole domain (without its sub-domains).")]


@app.command()
def add(
    context: typer.Context,
    who: Who,
    not_a_client: Annotated[bool, typer.Option("--not-a-client", help="No tie to any client: mail leaves untouched.")] = False,
    support: Annotated[bool, typer.Option("--support", help="An assistant who signed the confidentiality agreement: appointments only.")] = False,
) -> None:
    """Say who somebody is."""
    if not_a_client == support:
        raise ConfigurationError(("say one of --not-a-client and --support",))
    pattern = _pattern(who)
    if support and pattern.startswith("@"):
        raise ConfigurationError(("an agreement is signed by a person: name the address, not the domain",))
    contact = Contact(pattern, Role.SUPPORT if support else Role.NOT_A_CLIENT)

    async def put() -> None:
        async with context.obj.open_store() as store:
            if clash := _clash(pattern, await store.directory(TENANT)):
                raise ConfigurationError((clash,))
            await store.put_contact(TENANT, contact)

    asyncio.run(put())
    typer.echo(f"{pattern} is {'support' if support else 'not a client'}.")


@app.command("list")
def list_contacts(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Everybody who is known and no client."""

    async def ask() -> tuple[Contact, ...]:
        async with context.obj.open_store() as store:
            return tuple((await store.directory(TENANT)).contacts)

    contacts = sorted({*asyncio.run(ask()), *context.obj.config.contacts}, key=lambda c: (c.role, c.pattern))
    if as_json:
        typer.echo(json.dumps([{"who": c.pattern, "role": c.role.value} for c in contacts]))
        return
    table = Table("who", "is")
    for contact in contacts:
        table.add_row(contact.pattern, contact.role.value)
    wide_console().print(table)


@app.command()
def remove(context: typer.Context, who: Who) -> None:
    """Forget it: the person is unknown again, and only appointments pass."""
    pattern = _pattern(who)
    if any(contact.pattern == pattern for contact in context.obj.config.contacts):
        raise ConfigurationError((f"{pattern} is named in the configuration under coach.support: take it out there and restart",))

    async def take() -> bool:
        async with context.obj.open_store() as store:
            return bool(await store.remove_contact(TENANT, pattern))

    if not asyncio.run(take()):
        raise ConfigurationError((f"{pattern} is not among the contacts",))
    typer.echo(f"{pattern} is unknown again.")


def _pattern(who: str) -> str:
    """`who` as it is compared and stored: "name@a-label" or "@a-label". Raises `ConfigurationError`."""
    try:
        pattern = "@" + a_labels(who[1:]) if who.startswith("@") else str(parse_mailbox(who))
    except MalformedPath:
        raise ConfigurationError((f"{who!r} is neither an address nor @ and a domain",)) from None
    if pattern[1:] in EVERYBODYS:
        raise ConfigurationError((f"anybody may have a mailbox at {pattern[1:]}, a client too: name the address",))
    return pattern


def _clash(pattern: str, directory: Directory) -> str:
    """Why `pattern` cannot be somebody else: it is, or covers, a client's side."""
    domain = pattern.rpartition("@")[2]
    for client in directory.clients:
        sides = (*client.work, *client.sponsors, *((client.personal,) if client.personal else ()))
        if pattern.startswith("@"):
            met = any(s.domain == domain for s in sides) or any(is_at_or_under(domain, d) or is_at_or_under(d, domain) for d in client.work_domains)
        else:
            mailbox = parse_mailbox(pattern)
            met = any(same_mailbox(s, mailbox) for s in sides) or any(is_at_or_under(domain, d) for d in client.work_domains)
        if met:
            return f"{pattern} belongs to client {client.id}, or to her company: change that record first"
    return ""
