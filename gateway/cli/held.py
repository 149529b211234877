"""`coachgate held`: what waits for the coach, and what she can do about it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway import app as application
from gateway import release as story
from gateway import teaching
from gateway.cli.context import OPERATOR, TENANT, wide_console
from gateway.cli.lessons import Yes, teach
from gateway.core.model import HeldItem, Sentence
from gateway.core.notice import HOLD_REASONS
from gateway.edges.store import Store
from gateway.house import House, Ports

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Item = Annotated[str, typer.Argument(metavar="ID", help="The id that `held list` shows; its first letters will do.")]


@app.command("list")
def list_items(context: typer.Context, as_json: Json = False) -> None:
    """What waits: for whom, why, since when."""

    async def ask() -> list[HeldItem]:
        async with context.obj.open_store() as store:
            return list(await store.held_list(TENANT))

    items = asyncio.run(ask())
    if as_json:
        typer.echo(json.dumps([_row(i) for i in items]))
        return
    if not items:
        typer.echo("Nothing waits.")
        return
    table = Table("id", "recipient", "client", "why", "since", "parts")
    for item in items:
        table.add_row(
            item.id[:8],
            item.recipient.path,
            item.client_id or "",
            HOLD_REASONS.get(item.reason, item.reason),
            f"{item.since:%Y-%m-%d %H:%M}",
            str(item.part_count),
        )
    Console().print(table)


@app.command()
def show(context: typer.Context, item: Item, content: Annotated[bool, typer.Option(help="Write the original message to standard output.")] = False) -> None:
    """One item; with --content the message itself."""

    async def ask() -> HeldItem:
        async with context.obj.open_store() as store:
            return await _find(store, item, content)

    found = asyncio.run(ask())
    if content:
        sys.stdout.buffer.write(found.raw or b"")
        return
    for name, value in _row(found).items():
        typer.echo(f"{name}: {value}")
    typer.echo(HOLD_REASONS.get(found.reason, ""))


@app.command()
def divert(context: typer.Context, item: Item) -> None:
    """Send the whole original to the client's personal address, sealed."""
    _act(context, item, lambda i, p, h: story.divert(i, OPERATOR, p, h), "diverted to the personal address, sealed")


@app.command()
def release(
    context: typer.Context,
    item: Item,
    text_file: Annotated[Path | None, typer.Option(help="The scheduling text as you edited it; - reads standard input. Default: the original's text.")] = None,
) -> None:
    """Send it as scheduling; only what is recognised as scheduling passes."""
    text = None if text_file is None else sys.stdin.read() if str(text_file) == "-" else text_file.read_text()
    _act(context, item, lambda i, p, h: story.release(i, text, OPERATOR, p, h), "released as scheduling")


@app.command()
def send(context: typer.Context, item: Item, reason: Annotated[str, typer.Option(help="Reason code, see `coachgate policies`.")]) -> None:
    """Send the original as it is, readable, to the address typed. Needs a reason code that you answer for."""
    _act(context, item, lambda i, p, h: story.send_as_is(i, reason, OPERATOR, p, h), "sent as it is")


@app.command()
def discard(context: typer.Context, item: Item) -> None:
    """Erase it. Nothing is sent."""
    _act(context, item, lambda i, p, h: story.discard(i, OPERATOR, p, h), "discarded")


@app.command()
def logistics(
    context: typer.Context,
    item: Item,
    sentence: Annotated[int | None, typer.Option(help="The number of the sentence; without it the sentences are listed.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Say that a withheld sentence is logistics: it passes from now on, with any day, hour and place in it."""

    async def do() -> None:
        async with application.open_house(context.obj.config) as (ports, house):
            assert isinstance(ports.store, Store)  # noqa: S101  # for the type checker: open_house built it
            found = await teaching.withheld(await _find(ports.store, item, True), ports, house)
            if sentence is None:
                _list(found, as_json)
            elif 0 < sentence <= len(found):
                directory = await ports.store.directory(TENANT)
                await teach(teaching.sentence_lesson(found[sentence - 1], OPERATOR, directory, house), ports, house, yes=yes, as_json=as_json)
            else:
                raise teaching.CannotTeach(f"The item has {len(found)} withheld sentences; there is no number {sentence}.")

    asyncio.run(do())


def _list(sentences: tuple[Sentence, ...], as_json: bool) -> None:
    if as_json:
        rows = [{"sentence": n, "text": s.text, "rule": s.rule, "word": s.word, "language": s.language} for n, s in enumerate(sentences, 1)]
        typer.echo(json.dumps(rows))
        return
    table = Table("number", "withheld", "why", "word")
    for number, withheld in enumerate(sentences, 1):
        table.add_row(str(number), escape(withheld.text), withheld.rule, escape(withheld.word))
    wide_console().print(table)


def _act(context: typer.Context, name: str, deed: Callable[[HeldItem, Ports, House], Awaitable[None]], said: str) -> None:
    async def do() -> None:
        async with context.obj.open_store() as store:
            found = await _find(store, name, True)
        async with application.open_house(context.obj.config) as (ports, house):
            await deed(found, ports, house)

    asyncio.run(do())
    typer.echo(said)


async def _find(store: Store, name: str, content: bool) -> HeldItem:
    fitting = [i.id for i in await store.held_list(TENANT) if i.id.startswith(name)]
    item = await store.held_get(fitting[0], with_raw=content) if len(fitting) == 1 else None
    if item is None:
        raise story.CannotRelease(f"{'More than one' if len(fitting) > 1 else 'No'} held item has an id that starts with {name!r}.")
    return item


def _row(item: HeldItem) -> dict[str, str | int | None]:
    return {
        "id": item.id,
        "recipient": item.recipient.path,
        "client": item.client_id,
        "reason": item.reason,
        "since": item.since.isoformat(timespec="seconds"),
        "parts": item.part_count,
    }
