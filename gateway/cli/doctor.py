"""`coachgate doctor`: is everything as it must be? Each line is ok, warn or fail, with what to do. Changes nothing, sends nothing, shows no content."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
import subprocess  # gpg and timedatectl are asked for one line; arguments are fixed
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from gateway import app as application
from gateway.cli.context import TENANT, Context, wide_console
from gateway.cli.key_reading import inspect_all
from gateway.config import Config
from gateway.core.notice import MAILBOX_TROUBLE
from gateway.core.policy import PolicyError
from gateway.core.vocabulary import VocabularyError
from gateway.edges.disk import MIB, free_octets
from gateway.edges.keyring import coach_fingerprint
from gateway.edges.mailbox import ImapFolders
from gateway.edges.relay.hop import Hop
from gateway.edges.relay.settings import tls_context
from gateway.edges.relay.wire import Ended
from gateway.errors import ConfigurationError, GatewayError, MailboxUnavailable

_SOON = timedelta(days=30)
_COMFORT = 1024  # MiB
_RELAY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Line:
    """One answer."""

    level: Literal["ok", "warn", "fail"]
    what: str
    found: str
    todo: str = ""


def doctor(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Check relay, keys, permissions, clock, disk, policies. Exit code 0: nothing fails."""
    lines = asyncio.run(_examine(context.obj))
    if as_json:
        typer.echo(json.dumps([{"level": ln.level, "what": ln.what, "found": ln.found, "todo": ln.todo} for ln in lines]))
    else:
        table = Table("", "what", "found", "what to do")
        for line in lines:
            colour = {"ok": "green", "warn": "yellow", "fail": "bold red"}[line.level]
            table.add_row(Text(line.level, colour), line.what, Text(line.found), Text(line.todo))  # Text: a found value is no markup
        wide_console().print(table)
    raise typer.Exit(1 if any(line.level == "fail" for line in lines) else 0)


async def _examine(context: Context) -> list[Line]:
    lines = list(_python())
    try:
        config = context.config
    except ConfigurationError as error:
        return lines + [Line("fail", "configuration", problem, "mend the file; config.example.toml explains each key") for problem in error.problems]
    lines.append(Line("ok", "configuration", str(context.path)))
    for look in (_permissions, _clock, _disk, _gpg, _coach_key, _policies):
        lines += look(config)
    asked: tuple[Callable[[Context], Awaitable[list[Line]]], ...] = (_relay, _mailbox, _clients)
    for ask in asked:
        lines += await ask(context)
    return lines


def _python() -> Iterator[Line]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.flags.optimize:  # a guard against header injection in icalendar is an assertion
        yield Line("fail", "python", f"{version} runs with -O", "start it without -O and without PYTHONOPTIMIZE: a safety check of a library is switched off")
    else:
        yield Line("ok", "python", version)


def _permissions(config: Config) -> Iterator[Line]:
    if not config.state_dir.is_dir():
        yield Line("fail", "state folder", f"{config.state_dir} does not exist", "coachgate init")
        return
    paths = [config.state_dir, config.master_key_file, *sorted(config.state_dir.glob("*.key")), *sorted(config.state_dir.glob("*.db*"))]
    if not config.master_key_file.exists():
        yield Line("fail", "master key", f"{config.master_key_file} does not exist", "coachgate init, or put the key back from the backup")
    bad = [(path, fault) for path in dict.fromkeys(paths) if path.exists() and (fault := _fault(path))]
    for path, fault in bad:
        yield Line("fail", "permissions", f"{path} {fault}", f"chmod {'700' if path.is_dir() else '600'} {path}")
    if not bad:
        yield Line("ok", "permissions", f"nobody else reads {config.state_dir}")


def _fault(path: Path) -> str:
    """What lets others at `path`."""
    status = path.stat()
    by_systemd = path.parent == Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere"))  # it grants access by an ACL, which shows as group bits
    if stat.S_IMODE(status.st_mode) & (0o037 if by_systemd else 0o077):
        return f"has mode {stat.S_IMODE(status.st_mode):04o}"
    return f"belongs to user {status.st_uid}" if status.st_uid not in (0, os.geteuid()) else ""


def _clock(config: Config) -> Iterator[Line]:
    """The clock decides about keys, retries and the log: it must not lie before what was written here last, and should follow a time server."""
    now = datetime.now(UTC)
    written = [Path(__file__), *(config.state_dir.glob("*.db*") if config.state_dir.is_dir() else ())]
    latest = max(datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in written)
    if latest > now + timedelta(minutes=5):
        yield Line("fail", "clock", f"{now:%Y-%m-%d %H:%M} UTC, but files here were written on {latest:%Y-%m-%d %H:%M}", "set the clock first")
        return
    synchronised = _asked("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if synchronised == "no":
        yield Line("warn", "clock", f"{now:%Y-%m-%d %H:%M} UTC, follows no time server", "switch on systemd-timesyncd or chrony")
    else:
        yield Line("ok", "clock", f"{now:%Y-%m-%d %H:%M} UTC, zone of the coach {config.coach.time_zone}")


def _disk(config: Config) -> Iterator[Line]:
    free, least = free_octets(config.state_dir) // MIB, config.store.min_free_mib
    found = f"{free} MiB free for {config.state_dir}, store.min_free_mib is {least}"
    if free < least:
        yield Line("fail", "disk", found, "make room: until then no mail is taken (452), and it waits at the mail program")
    elif free < max(_COMFORT, 2 * least):
        yield Line("warn", "disk", found, "make room soon")
    else:
        yield Line("ok", "disk", found)


def _gpg(config: Config) -> Iterator[Line]:
    said = _asked(config.sealing.gpg, "--version")
    version = re.search(r"\(GnuPG\) (\d+)\.(\d+)\.(\d+)", said)
    if not version:
        yield Line("fail", "gpg", f"{config.sealing.gpg} does not start" if not said else "is not GnuPG", "install gnupg, or set sealing.gpg")
    elif (int(version[1]), int(version[2])) < (2, 2):
        yield Line("fail", "gpg", version[0], "version 2.2 or later is needed")
    else:
        yield Line("ok", "gpg", ".".join(version.groups()))


def _coach_key(config: Config) -> Iterator[Line]:
    try:
        yield Line("ok", "coach's key", coach_fingerprint(application.gnupg_home(config)))
    except GatewayError as error:
        yield Line("fail", "coach's key", str(error), "coachgate init, or put the folder back from the backup")


def _policies(config: Config) -> Iterator[Line]:
    try:
        rules = application.rules(config.policies.local)
    except PolicyError as error:
        yield from (Line("fail", "policies", problem, "mend the file") for problem in error.problems)
        return
    yield Line("ok", "policies", f"{len(rules.rules)} rules, {rules.digest[:16]}")


_RELAY_ADVICE = {
    "connect": "is the name right, is the port open, does a firewall stand between?",
    "timeout": "it does not answer: is this the right port for tls?",
    "closed": "it hung up: implicit TLS on a starttls port, or the other way round?",
    "protocol": "what answers there is no mail server",
    "tls": "its certificate does not check out: is relay.host the name in it, is relay.ca_file needed?",
    "no-starttls": "it offers no STARTTLS: use the port with implicit TLS",
    "auth": "the login was refused: relay.username, relay.password_file or relay.token_file",
}


async def _relay(context: Context) -> list[Line]:
    """Connect, TLS, log in, QUIT: everything but a mail."""
    config = context.config
    where = f"{config.relay.host}:{config.relay.port}, tls {config.relay.tls}"
    try:
        settings = application.relay_settings(config)
        hop = Hop(settings, None if settings.tls == "none" else tls_context(settings))
        async with asyncio.timeout(_RELAY_SECONDS):
            try:
                await hop.open()
                await hop.leave()
            finally:
                hop.hang_up()
    except Ended as end:
        word = end.delivery.reply
        return [Line("fail", "smarthost", f"{where}: {word}", _RELAY_ADVICE.get(word.partition(":")[0], "see its log"))]
    except TimeoutError:
        return [Line("fail", "smarthost", f"{where}: timeout", _RELAY_ADVICE["timeout"])]
    except (ValueError, OSError) as error:  # settings or a file that cannot be used
        return [Line("fail", "smarthost", f"{where}: {error}", "mend [relay]")]
    login = {"none": "no login", "password": "logged in", "xoauth2": "logged in with a token"}[config.relay.auth]
    return [Line("ok", "smarthost", f"{where}: {'certificate verified, ' if settings.tls != 'none' else ''}{login}")]


async def _mailbox(context: Context) -> list[Line]:
    """Log in and find the folder for sent mail; nothing is made, read or moved."""
    m = context.config.mailbox
    if m.host is None:
        return []
    where = f"{m.host}:{m.port}, tls {m.tls}"
    folders = ImapFolders(application.mailbox_settings(context.config))
    try:
        async with asyncio.timeout(_RELAY_SECONDS):
            marked = await folders.open(())
    except MailboxUnavailable as trouble:
        return [Line("fail", "mailbox", f"{where}: {trouble.reason}", MAILBOX_TROUBLE[trouble.reason])]
    except TimeoutError:
        return [Line("fail", "mailbox", f"{where}: timeout", MAILBOX_TROUBLE["timeout"])]
    finally:
        await folders.close()
    return [Line("ok", "mailbox", f"{where}: logged in, outbox {m.outbox}, watched {', '.join(m.watch or (marked,))}")]


async def _clients(context: Context) -> list[Line]:
    """The store opens, and what is wrong, or soon will be, with the keys of clients."""
    try:
        async with context.open_store() as store:
            clients = await store.clients(TENANT)
            counts = await store.status()
            keys = [(await store.client_key(TENANT, c.id), c.personal) for c in clients]
        now = datetime.now(UTC)
        readings = await inspect_all(keys, now, context.config.sealing.gpg)
    except (GatewayError, VocabularyError) as error:
        return [Line("fail", "database", str(error) or type(error).__name__, "coachgate init, or put it back from the backup")]
    lines = [Line("ok", "database", f"{len(clients)} clients, {counts['pending']} copies on their way, {counts['held']} held")]
    if damaged := counts.get("damaged", 0):
        lines.append(Line("fail", "database", f"{damaged} copies do not open any more", "another master key, or a damaged disk: see deploy/backup.md"))
    for client, reading in zip(clients, readings, strict=True):
        if reading.reason:
            lines.append(Line("warn", f"client {client.id}", reading.sentence, "until then her notes wait"))
        elif context.config.sealing.require_verified_keys and not client.key_verified:
            lines.append(Line("warn", f"client {client.id}", "the fingerprint was not compared", "compare it by voice, then import with key_verified = true"))
        elif reading.expires is not None and reading.expires < now + _SOON:
            lines.append(Line("warn", f"client {client.id}", f"the key expires on {reading.expires:%Y-%m-%d}", "ask her to extend it and to send it again"))
    return lines


def _asked(*command: str) -> str:
    """Standard output of a program, "" where it cannot be asked."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False, stdin=subprocess.DEVNULL).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
