"""`coachgate queue`: copies that failed or may not have arrived, and what is to become of them. Copies that are still on their way need nobody."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.table import Table

from gateway.cli.context import OPERATOR, TENANT, wide_console
from gateway.core.model import AuditEvent
from gateway.edges.store import EndedCopy, Store
from gateway.errors import GatewayError

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Item = Annotated[str, typer.Argument(metavar="ID", help="The id that `queue list` and the notice show; its first letters will do.")]


class NoSuchCopy(GatewayError):
    """No copy, or more than one, is meant."""


@app.command("list")
def list_copies(context: typer.Context, as_json: Json = False) -> None:
    """Copies that ended without having surely arrived: failed, unclear (the next server fell silent), damaged. Only those that can be sent again."""

    async def ask() -> list[EndedCopy]:
        async with context.obj.open_store() as store:
            return list(await store.ended_list(TENANT))

    copies = asyncio.run(ask())
    if as_json:
        typer.echo(json.dumps([_row(c) for c in copies]))
        return
    if not copies:
        typer.echo("Nothing waits for a decision.")
        return
    table = Table("id", "recipient", "client", "copy", "state", "answer", "since")
    for copy in copies:
        table.add_row(copy.id[:8], copy.recipient, copy.client_id or "", copy.purpose.value, copy.state, copy.reply, f"{copy.queued_at:%Y-%m-%d %H:%M}")
    wide_console().print(table)


@app.command()
def again(context: typer.Context, item: Item) -> None:
    """Send it once more, the same copy under the same Message-ID."""
    _act(context, item, "sent-again", "queued again")


@app.command()
def drop(context: typer.Context, item: Item) -> None:
    """Erase it. It is not sent again."""
    _act(context, item, "dropped", "dropped")


def _act(context: typer.Context, name: str, word: str, said: str) -> None:
    async def do() -> None:
        async with context.obj.open_store() as store:
            copy = await _find(store, name)
            detail = (("copy", copy.id), ("purpose", copy.purpose.value), ("reason", copy.state), ("by", OPERATOR))
            events = (AuditEvent(word, copy.submission_id, copy.client_id, detail),)
            if not await (store.requeue if word == "sent-again" else store.drop)(copy.id, events):
                raise NoSuchCopy("Somebody else has decided on this copy meanwhile.")

    asyncio.run(do())
    typer.echo(said)


async def _find(store: Store, name: str) -> EndedCopy:
    fitting = [c for c in await store.ended_list(TENANT) if c.id.startswith(name)]
    if len(fitting) != 1:
        raise NoSuchCopy(f"{'More than one' if fitting else 'No'} copy that waits for a decision has an id that starts with {name!r}.")
    return fitting[0]


def _row(copy: EndedCopy) -> dict[str, str | None]:
    return {
        "id": copy.id,
        "recipient": copy.recipient,
        "client": copy.client_id,
        "purpose": copy.purpose.value,
        "state": copy.state,
        "reply": copy.reply,
        "since": copy.queued_at.isoformat(timespec="seconds"),
        "ended": copy.ended_at.isoformat(timespec="seconds") if copy.ended_at else None,
    }
