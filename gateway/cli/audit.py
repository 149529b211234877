"""`coachgate audit`: read the log of what went where and why, prove it, export it, and destroy one client's part of it."""

from __future__ import annotations

import asyncio
import csv
import email.policy
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import asdict
from email import message_from_bytes
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO, TypeVar

import typer
from rich.table import Table

from gateway.cli.context import TENANT, wide_console
from gateway.core.audit import EVENTS, Verification
from gateway.core.checkpoint import Checkpoint, NoteKey, checkpoints_in, key_in, parse_checkpoints
from gateway.core.export import export_line, proof_of, verify_export, verify_proof
from gateway.core.model import AuditEvent
from gateway.edges.store import Entry, Notary, Store, note_key
from gateway.errors import ConfigurationError

app = typer.Typer(no_args_is_help=True)
T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
ClientId = Annotated[str | None, typer.Option("--client", metavar="ID", help="Only rows of this client.")]


class Form(StrEnum):
    """What an export looks like."""

    JSONL = "jsonl"  # one JSON object a row; `audit verify --export` reads it
    CSV = "csv"  # for a spreadsheet


@app.command("list")
def list_rows(
    context: typer.Context,
    client: ClientId = None,
    submission: Annotated[str | None, typer.Option(metavar="ID", help="Only rows of this submission.")] = None,
    last: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    as_json: Json = False,
) -> None:
    """The newest rows, oldest of them first."""

    async def ask() -> list[Entry]:
        async with _open(context) as store:
            return await store.events(TENANT, client_id=client, submission_id=submission, last=last)

    entries = asyncio.run(ask())
    if as_json:
        typer.echo(json.dumps([row_of(e) for e in entries]))
        return
    table = Table("row", "time (UTC)", "event", "client", "submission", "detail")
    for entry in entries:
        row = entry.row
        table.add_row(str(row.seq), f"{row.at:%Y-%m-%d %H:%M:%S}", row.event, row.client_id or "", (row.submission_id or "")[:8], _words(entry))
    wide_console().print(table)


@app.command()
def show(context: typer.Context, row: Annotated[int, typer.Argument(min=1, help="Number of the row.")], as_json: Json = False) -> None:
    """One row in full, and what its event means."""

    async def ask() -> list[Entry]:
        async with _open(context) as store:
            return await store.events(TENANT, seq=row)

    entry = next(iter(asyncio.run(ask())), None)
    if entry is None:
        raise ConfigurationError((f"the log has no row {row}",))
    if as_json:
        typer.echo(json.dumps(row_of(entry)))
        return
    for name, value in row_of(entry).items():
        if not isinstance(value, dict):
            typer.echo(f"{name}: {'' if value is None else value}")
    for name, value in entry.detail or ():
        typer.echo(f"  {name}: {value}")
    typer.echo(EVENTS.get(entry.row.event, "an event of a newer version") if entry.clear is not None else "The detail was shredded.")


@app.command()
def verify(
    context: typer.Context,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Checkpoints you kept outside, or the saved notice; repeat for more; - for pasted text.")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The public key as you kept it outside, or the saved notice. Default: the one beside the log.")
    ] = None,
    export: Annotated[Path | None, typer.Option(metavar="FILE", help="Check this export (jsonl) instead of the log.")] = None,
    proof: Annotated[Path | None, typer.Option(metavar="FILE", help="Check this proof of one row instead of the log.")] = None,
    as_json: Json = False,
) -> None:
    """Check every row. Exit code 0: as it was. 1: a row is named that is not. Only a checkpoint from outside proves anything."""
    outside = read_checkpoints(checkpoint or [])

    async def ask() -> Verification:
        async with _open(context) as store:
            key = read_key(public_key) if public_key else note_key(_notary(context).public(await store.origin(TENANT)))
            return await store.verify(TENANT, key, outside)

    if export is None and proof is None:
        found = asyncio.run(ask())
    elif public_key is None:
        raise ConfigurationError(("what left the log is checked with the public key you kept: give --public-key",))
    elif export is not None:
        with export.open(encoding="utf-8") as lines:
            found = verify_export(lines, read_key(public_key), outside)
    elif proof is not None:
        found = verify_proof(proof.read_text(encoding="utf-8"), read_key(public_key), outside)
    typer.echo(json.dumps(asdict(found)) if as_json else in_words(found))
    if not found.ok:
        raise typer.Exit(1)


@app.command()
def export(
    context: typer.Context,
    form: Annotated[Form, typer.Option("--format", help="jsonl can be verified without the database.")] = Form.JSONL,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="A new file, for its owner only. Default: standard output.")] = None,
    content_free: Annotated[bool, typer.Option("--content-free", help="Leave the details sealed: only times, events and opaque ids.")] = False,
    client: ClientId = None,
) -> None:
    """Write the log out. That it was exported is an event of the log."""

    async def do(write: Callable[[Entry], None]) -> None:
        async with _open(context) as store:
            await store.each_event(TENANT, write, client)
            await store.record(TENANT, (AuditEvent("exported", None, client, (("kinds", form.value),)),))

    with _destination(out) as file:
        asyncio.run(do(writer(form, file, disclose=not content_free)))


@app.command()
def prove(
    context: typer.Context,
    row: Annotated[int, typer.Argument(min=1, help="Number of the row.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="A new file, for its owner only. Default: standard output.")] = None,
) -> None:
    """The proof of one row, for somebody who may not see the others; `audit verify --proof` checks it anywhere."""

    async def ask() -> tuple[str, list[Entry], list[bytes]]:
        async with _open(context) as store:
            note = await store.checkpoint(TENANT, _notary(context))
            return note, await store.events(TENANT, seq=row), await store.hashes(TENANT, parse_checkpoints(note)[0].size)

    note, entries, hashes = asyncio.run(ask())
    if not entries:
        raise ConfigurationError((f"the log has no row {row}",))
    with _destination(out) as file:
        print(proof_of(entries[0].row, entries[0].clear, hashes, note), file=file)


@app.command()
def checkpoint(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Append to this file; keep it where nobody can reach it who can reach the log.")] = None,
) -> None:
    """Sign the log as it is now, for keeping outside. A log that is broken is not signed."""

    async def do() -> str:
        async with _open(context) as store:
            return await store.checkpoint(TENANT, _notary(context))

    note = asyncio.run(do())
    if out is None:
        typer.echo(note, nl=False)
        return
    with out.open("a", encoding="utf-8") as file:
        file.write(note + "\n")
    typer.echo(f"{out}: checkpoint of {parse_checkpoints(note)[0].size} rows")


@app.command()
def key(context: typer.Context) -> None:
    """The log's public key, for keeping beside the checkpoints."""

    async def ask() -> str:
        async with _open(context) as store:
            return await store.origin(TENANT)

    typer.echo(_notary(context).public(asyncio.run(ask())))


@app.command()
def shred(
    context: typer.Context,
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="Id of the client.")],
    yes: Annotated[bool, typer.Option("--yes", help="It cannot be taken back.")] = False,
) -> None:
    """Destroy what the log says of one client, and her record: for good. The log still verifies."""
    if not yes:
        raise ConfigurationError((f"the audit details of {client} would be lost for good: repeat with --yes",))

    async def do() -> bool:
        async with _open(context) as store:
            return await store.shred(TENANT, client)

    if not asyncio.run(do()):
        raise ConfigurationError((f"mail for {client} still waits or is on its way: deal with it first",))
    typer.echo(f"{client}: shredded")


# ------------------------------------------------------------------------------------------------ what a row looks like
def row_of(entry: Entry) -> dict[str, object]:
    """A row for programs; `detail` is null where it was shredded."""
    row = entry.row
    return {
        "seq": row.seq,
        "at": row.at.isoformat(timespec="milliseconds"),
        "event": row.event,
        "submission": row.submission_id,
        "client": row.client_id,
        "detail": None if entry.detail is None else dict(entry.detail),
        "hash": row.hash.hex(),
    }


def _words(entry: Entry) -> str:
    return "(shredded)" if entry.detail is None else " ".join(f"{name}={value}" for name, value in entry.detail)


def in_words(found: Verification) -> str:
    """A verification as sentences."""
    lines = [f"{found.rows} rows: {found.statement}"]
    if found.first_bad is not None:
        stretch = f" (or a later one up to {found.until})" if found.until != found.first_bad else ""
        lines.append(f"first bad row: {found.first_bad}{stretch}")
    if not found.ok and found.proven:
        lines.append(f"rows 1 to {found.proven} are as they were")
    return "\n".join(lines)


_DETAILS = ("role", "recipient", "purpose", "action", "kinds", "rules", "reason", "reply", "attempt", "octets", "ruleset")  # columns of their own in CSV


def writer(form: Form, file: TextIO, *, disclose: bool) -> Callable[[Entry], None]:
    """What writes one row after the other to `file`; details only where `disclose`."""
    if form is Form.JSONL:
        return lambda entry: print(export_line(entry.row, entry.clear if disclose else None), file=file)
    table = csv.writer(file)
    table.writerow(("seq", "at", "event", "submission", "client", *_DETAILS, "other", "hash"))

    def write(entry: Entry) -> None:
        detail = dict(entry.detail or ()) if disclose else {}
        known = [detail.pop(name, "") for name in _DETAILS]
        row = entry.row
        other = " ".join(f"{name}={value}" for name, value in detail.items())
        table.writerow((row.seq, row.at.isoformat(), row.event, row.submission_id or "", row.client_id or "", *known, other, row.hash.hex()))

    return write


def read_checkpoints(files: list[Path]) -> tuple[Checkpoint, ...]:
    """All checkpoints of `files`, each a file of them or a saved notice. Raises `ConfigurationError` naming the file that cannot be read as such."""
    return tuple(checkpoint for file in files for checkpoint in _read(file, checkpoints_in))


def read_key(file: Path) -> NoteKey:
    """The public key in `file`, which may be a saved notice. Raises `ConfigurationError`."""
    return _read(file, lambda text: note_key(key_in(text)))


def _read(file: Path, find: Callable[[str], T]) -> T:
    try:
        octets = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return find(_text(octets))
    except (OSError, ValueError) as error:
        raise ConfigurationError((f"{file}: {error.strerror if isinstance(error, OSError) else error}",)) from None


def _text(octets: bytes) -> str:
    """The text of a saved mail, or of any other file as it is."""
    message = message_from_bytes(octets, policy=email.policy.default)
    if "Message-ID" not in message or not isinstance(message, EmailMessage):
        return octets.decode("utf-8")
    part = message.get_body(("plain",))
    if part is None:
        raise ValueError("this mail has no plain text")
    return str(part.get_content())


@contextmanager
def _destination(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError((f"{out} cannot be made: {error.strerror}",)) from None
    with open(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file


def _open(context: typer.Context) -> AbstractAsyncContextManager[Store]:
    store: AbstractAsyncContextManager[Store] = context.obj.open_store()
    return store


def _notary(context: typer.Context) -> Notary:
    return Notary.load(context.obj.config.state_dir / "audit.key")
