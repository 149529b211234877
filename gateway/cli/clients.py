"""`coachgate client`: the coached people, their two sides and their keys. A client file is checked whole before anything of it is stored."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from gateway.cli.client_file import Imported, Record, merged, read_clients
from gateway.cli.context import TENANT, Context, wide_console
from gateway.cli.key_reading import KeyReading, inspect_all
from gateway.core.address import MalformedPath, parse_mailbox, same_mailbox
from gateway.core.model import Client
from gateway.edges.store import Store
from gateway.errors import ConfigurationError

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Who = Annotated[str, typer.Argument(metavar="CLIENT", help='Her id ("c-0042") or one of her addresses.')]


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.toml", help="[[client]]: name, work, work_domains, personal, key_file, key_verified, sponsors, meetings, consents."),
    ],
    as_json: Json = False,
) -> None:
    """Add clients, or renew those whose address is known. Nothing is stored where anything in the file is wrong."""
    imported = asyncio.run(_import(context.obj, read_clients(file, context.obj.config.coach.addresses), file.name))
    if as_json:
        typer.echo(json.dumps([_outcome(each, reading) for each, reading in imported]))
        return
    for each, reading in imported:
        client, who = each.client, f"{each.client.id} {each.client.name}"
        if each.key_changed:
            typer.echo(f"{who}: the key is ANOTHER ONE than before; compare its fingerprint: {client.fingerprint}")
        if reading.reason:
            typer.echo(f"{who}: notes will wait. {reading.sentence}")
        elif context.obj.config.sealing.require_verified_keys and not client.key_verified:
            typer.echo(f"{who}: notes will wait. Compare the fingerprint by voice, then set key_verified = true: {client.fingerprint}")
    count, new, usable = len(imported), sum(i.new for i, _ in imported), sum(not r.reason for _, r in imported)
    typer.echo(f"{count} client{'s' if count != 1 else ''}: {new} new, {count - new} renewed, {usable} with a usable key.")


async def _import(context: Context, records: tuple[Record, ...], name: str) -> list[tuple[Imported, KeyReading]]:
    """Match with the directory, look at the keys, store. The keys are looked at first: a gpg that does not answer must not leave half a file behind."""
    async with context.open_store() as store:
        next_id = await store.next_client_id(TENANT)
        matched = merged(records, await store.clients(TENANT), int(next_id.removeprefix("c-")), name)
        keys = [(record.key, each.client.personal) for record, each in zip(records, matched, strict=True)]
        with Progress(transient=True, disable=not wide_console().is_terminal) as progress:
            task = progress.add_task("reading keys", total=len(keys))
            readings = await inspect_all(keys, datetime.now(UTC), context.config.sealing.gpg, lambda: progress.advance(task))
        imported = [each.with_fingerprint(reading.fingerprint) for each, reading in zip(matched, readings, strict=True)]
        # all at once: the store commits them in a few transactions instead of one each
        puts = (store.put_client(TENANT, i.client, r.key if i.client.fingerprint else None) for i, r in zip(imported, records, strict=True))
        await asyncio.gather(*puts)
        return list(zip(imported, readings, strict=True))


def _outcome(each: Imported, reading: KeyReading) -> dict[str, Any]:
    client = each.client
    return {"id": client.id, "new": each.new, "fingerprint": client.fingerprint, "key": reading.reason or "usable", "key_changed": each.key_changed}


@app.command("list")
def list_clients(context: typer.Context, as_json: Json = False) -> None:
    """All clients."""

    async def ask() -> tuple[Client, ...]:
        async with context.obj.open_store() as store:
            return tuple(await store.clients(TENANT))

    clients = asyncio.run(ask())
    if as_json:
        typer.echo(json.dumps([_row(c) for c in clients]))
        return
    table = Table("id", "name", "work", "personal", "key", "compared")
    for client in clients:
        sides = ", ".join([*map(str, client.work), *(f"@{d}" for d in client.work_domains)])
        key = (client.fingerprint or "none")[-16:]
        table.add_row(client.id, client.name, sides, str(client.personal or "none"), key, "yes" if client.key_verified else "no")
    wide_console().print(table)


@app.command()
def show(context: typer.Context, who: Who, as_json: Json = False) -> None:
    """One client, with the state of her key today."""

    async def ask() -> tuple[Client, KeyReading]:
        async with context.obj.open_store() as store:
            client = await _find(store, who)
            key = await store.client_key(TENANT, client.id)
            (reading,) = await inspect_all([(key, client.personal)], datetime.now(UTC), context.obj.config.sealing.gpg)
            return client, reading

    client, reading = asyncio.run(ask())
    row = _row(client) | {"key": reading.reason or "usable", "expires": reading.expires.date().isoformat() if reading.expires else None}
    if as_json:
        typer.echo(json.dumps(row))
        return
    for name, value in row.items():
        typer.echo(f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else '' if value is None else value}")
    if reading.reason:
        typer.echo(f"Notes wait: {reading.sentence}")


@app.command()
def remove(context: typer.Context, who: Who, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Forget a client's record and key: her addresses are unknown again. What the log says of her stays."""

    async def ask() -> Client:
        async with context.obj.open_store() as store:
            return await _find(store, who)

    client = asyncio.run(ask())
    if not yes:
        typer.confirm(f"Forget {client.name} ({client.id})? What waits for her can then only be discarded or sent as is.", abort=True)

    async def take() -> None:
        async with context.obj.open_store() as store:
            await store.remove_client(TENANT, client.id)

    asyncio.run(take())
    typer.echo(f"{client.id} is forgotten.")


async def _find(store: Store, who: str) -> Client:
    clients = await store.clients(TENANT)
    found = [c for c in clients if c.id == who]
    if not found:
        try:
            mailbox = parse_mailbox(who)
        except MalformedPath:
            raise ConfigurationError((f"there is no client {who!r}",)) from None
        found = [c for c in clients if any(same_mailbox(m, mailbox) for m in (*c.work, *((c.personal,) if c.personal else ())))]
    if len(found) != 1:
        raise ConfigurationError((f"{'no' if not found else 'more than one'} client has {who!r}",))
    return found[0]


def _row(client: Client) -> dict[str, Any]:
    return {
        "id": client.id,
        "name": client.name,
        "work": [str(m) for m in client.work],
        "work_domains": list(client.work_domains),
        "personal": str(client.personal) if client.personal else None,
        "fingerprint": client.fingerprint,
        "key_verified": client.key_verified,
        "sponsors": [str(m) for m in client.sponsors],
        "meetings": {name: list(values) for name, values in client.meetings},
        "consents": list(client.consents),
    }
