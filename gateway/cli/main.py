"""`coachgate`: the options every command shares, and the commands that concern the installation as a whole."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway import __version__
from gateway import app as application
from gateway.cli import audit, clients, contacts, demo, doctor, explain, held, lessons, queue, users
from gateway.cli.context import TENANT, Context, complain
from gateway.config import Config
from gateway.core.vocabulary import VocabularyError
from gateway.edges.disk import MIB, free_octets
from gateway.errors import GatewayError

cli = typer.Typer(no_args_is_help=True, help="A privacy gateway between a coach's mailbox and outbound mail.", pretty_exceptions_enable=False)
cli.add_typer(users.app, name="user", help="People who may log in.")
cli.add_typer(clients.app, name="client", help="Coached people: their two sides, their keys.")
cli.add_typer(contacts.app, name="contact", help="Other people: not a client, support.")
cli.add_typer(lessons.vocabulary, name="vocabulary", help="Words and phrases of your own, for the recogniser.")
cli.add_typer(lessons.places, name="places", help="Places of your own, for the recogniser.")
cli.add_typer(held.app, name="held", help="What waits for the coach.")
cli.add_typer(queue.app, name="queue", help="Copies that ended without having surely arrived.")
cli.add_typer(audit.app, name="audit", help="The log of what went where and why.")
cli.command()(demo.demo)
cli.command()(doctor.doctor)
cli.command()(explain.explain)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"coachgate {__version__}")
        raise typer.Exit


@cli.callback()
def _shared(
    context: typer.Context,
    config: Annotated[Path, typer.Option(help="The configuration file.", envvar="COACHGATE_CONFIG")] = Path("/etc/coachgate/coachgate.toml"),
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and end.")] = False,
) -> None:
    context.obj = Context(config)


@cli.command()
def init(context: typer.Context) -> None:
    """Make the state folder, the keys and the database; what is there already stays as it is."""
    for line in asyncio.run(application.initialise(context.obj.config)):
        typer.echo(line)


@cli.command()
def run(context: typer.Context) -> None:
    """The daemon, in the foreground. SIGTERM ends it after what is in hand is finished."""
    application.run(context.obj.config)


@cli.command()
def status(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Copies on their way, held items, totals; copies that do not open any more; room on the disk; whether the mailbox is read."""

    async def ask() -> dict[str, int | str]:
        async with context.obj.open_store() as store:
            counts: dict[str, int | str] = {**await store.status()}
            state = await store.mailbox_state(TENANT) if config.mailbox.host else None
        counts |= {"free_mib": free_octets(config.state_dir) // MIB, "min_free_mib": config.store.min_free_mib}
        return counts if state is None else counts | {"mailbox": state[0], "mailbox_since": state[1].isoformat(timespec="seconds")}

    config: Config = context.obj.config
    counts = asyncio.run(ask())
    if as_json:
        typer.echo(json.dumps(counts))
        return
    table = Table("what", "")
    for name, count in counts.items():
        table.add_row(name, str(count))
    Console().print(table)


@cli.command()
def policies(context: typer.Context) -> None:
    """The role x kind matrix of the rules in force, as Markdown."""
    typer.echo(application.rules_in_words(context.obj.config if context.obj.has_config else None), nl=False)


def main() -> None:
    """Entry point: an expected failure is one sentence and exit code 1, never a traceback."""
    try:
        cli()
    except (GatewayError, VocabularyError) as failure:
        complain(failure)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
