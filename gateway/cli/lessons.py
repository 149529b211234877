"""`coachgate vocabulary` and `coachgate places`: a coach teaches the recogniser her own language.

Before anything is taught it is shown which withheld sentences would pass. Nothing is taught without a yes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from gateway import app as application
from gateway import teaching
from gateway.cli.context import OPERATOR, TENANT, wide_console
from gateway.core.model import Directory, Lesson
from gateway.house import House, Ports
from gateway.teaching import Effect

vocabulary = typer.Typer(no_args_is_help=True)
places = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="For programs. Without --yes it is only shown what would change.")]
Yes = Annotated[bool, typer.Option("--yes", help="Teach it without asking.")]
Name = Annotated[str, typer.Argument(metavar="ID", help="The id that `list` shows; its first letters will do.")]


@vocabulary.command("add")
def add_phrase(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="A word, a phrase or a whole sentence. Days, hours, places, links and names in it may be others next time.")],
    language: Annotated[str | None, typer.Option(help="Its language (en, de, ...). Default: told from the text.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Teach a word or phrase that is logistics when you write it."""
    _add(context, lambda directory, house: teaching.phrase(text, language, OPERATOR, directory, house), yes, as_json)


@places.command("add")
def add_place(context: typer.Context, text: Annotated[str, typer.Argument(help="The place as you write it.")], yes: Yes = False, as_json: Json = False) -> None:
    """Teach the name of a place where you meet."""
    _add(context, lambda directory, house: teaching.place(text, OPERATOR, directory, house), yes, as_json)


@vocabulary.command("list")
def list_phrases(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """What was taught, with its ids."""
    _list(context, "phrase", as_json)


@places.command("list")
def list_places(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """The places that were taught; those of the configuration stand there."""
    _list(context, "place", as_json)


@vocabulary.command("remove")
def remove_phrase(context: typer.Context, name: Name) -> None:
    """Take a word or phrase back: from the next mail on it is withheld again."""
    _remove(context, "phrase", name)


@places.command("remove")
def remove_place(context: typer.Context, name: Name) -> None:
    """Take a place back."""
    _remove(context, "place", name)


async def teach(lesson: Lesson, ports: Ports, house: House, *, yes: bool, as_json: bool) -> None:
    """Show what `lesson` would open, ask, and teach it."""
    effects = await teaching.effect(lesson, TENANT, ports, house)
    if not as_json:
        _show(lesson, effects)
    if not yes and (as_json or not typer.confirm("Teach it?")):
        if as_json:
            typer.echo(json.dumps({"taught": False, **_plain(lesson), "effect": [_plain_effect(e) for e in effects], "left": []}))
        return
    kept, left = await teaching.teach(lesson, effects, TENANT, ports, house)
    if as_json:
        typer.echo(json.dumps({"taught": True, **_plain(kept), "effect": [_plain_effect(e) for e in effects], "left": left}))
        return
    typer.echo(f"Taught: {kept.id[:8]}.")
    for held_id in left:
        typer.echo(f"Left: {held_id[:8]}.")


def _add(context: typer.Context, make: Callable[[Directory, House], Lesson], yes: bool, as_json: bool) -> None:
    async def do() -> None:
        async with application.open_house(context.obj.config) as (ports, house):
            await teach(make(await ports.store.directory(TENANT), house), ports, house, yes=yes, as_json=as_json)

    asyncio.run(do())


def _list(context: typer.Context, kind: str, as_json: bool) -> None:
    async def ask() -> tuple[Lesson, ...]:
        async with context.obj.open_store() as store:
            return tuple(lesson for lesson in await store.lessons(TENANT) if lesson.kind == kind)

    lessons = asyncio.run(ask())
    if as_json:
        typer.echo(json.dumps([_plain(lesson) for lesson in lessons]))
        return
    table = Table("id", "language", "text", "since", "by") if kind == "phrase" else Table("id", "place", "since", "by")
    for lesson in lessons:
        shown = (lesson.language, escape(lesson.text)) if kind == "phrase" else (escape(lesson.text),)
        table.add_row(lesson.id[:8], *shown, f"{lesson.since:%Y-%m-%d %H:%M}", escape(lesson.by))
    wide_console().print(table)


def _remove(context: typer.Context, kind: str, name: str) -> None:
    async def take() -> Lesson:
        async with context.obj.open_store() as store:
            return await teaching.forget(kind, name, OPERATOR, TENANT, store)

    typer.echo(f"Removed: {asyncio.run(take()).text}")


def _show(lesson: Lesson, effects: tuple[Effect, ...]) -> None:
    typer.echo(f"{lesson.text}{f' ({lesson.language})' if lesson.language else ''}")
    if not effects:
        typer.echo("It would change nothing about what waits now.")
    for change in effects:
        typer.echo(f"It would change {change.item.id[:8]} for {change.item.recipient.path}:")
        for sentence in change.opened:
            typer.echo(f"  would pass: {sentence.text}   (withheld now: {sentence.word or sentence.rule})")
        if change.company_text:
            typer.echo("  a company could be told:\n" + "\n".join(f"    | {line}" for line in change.company_text.splitlines()))
        typer.echo("  It would leave by itself." if change.leaves else "  The rest of it would go on waiting.")
    typer.echo("Only what waits can be shown: mail that has left is not kept.")


def _plain(lesson: Lesson) -> dict[str, str | None]:
    since = lesson.since.isoformat(timespec="seconds") if lesson.since else None
    return {"id": lesson.id, "kind": lesson.kind, "language": lesson.language, "text": lesson.text, "since": since, "by": lesson.by}


def _plain_effect(change: Effect) -> dict[str, object]:
    opened = [{"source": s.source, "text": s.text, "rule": s.rule, "word": s.word} for s in change.opened]
    return {"id": change.item.id, "recipient": change.item.recipient.path, "opened": opened, "company_text": change.company_text, "leaves": change.leaves}
