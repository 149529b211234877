"""A smarthost on loopback that does what a script says at each stage, honestly or not.

    async with Smarthost(script={"rcpt": Reply("451 4.2.1 later")}) as hop:
        ...
        await hop.received(1)

Stages: banner, ehlo, helo, starttls, auth, mail, rcpt, data, block (within the octets), dot, rset, quit. A step for a stage is used at every visit;
a list of steps is used up one visit at a time, and then the stage behaves. It records every octet that came before TLS (`clear`), every command
(`commands`), every mail taken (`mail`).
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import ssl
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Literal

import trustme


# ------------------------------------------------------------------------------------------------ steps
@dataclass(frozen=True)
class Reply:
    """Say this (CRLF is added), and go on, or end the connection after it."""

    text: str
    then_close: bool = False


@dataclass(frozen=True)
class Close:
    """End the connection in good order, without a word."""


@dataclass(frozen=True)
class Reset:
    """RST."""


@dataclass(frozen=True)
class Silence:
    """Say nothing, and keep the line open until the peer leaves."""


@dataclass(frozen=True)
class Drip:
    """Lines of a reply that never ends, one each `every` seconds."""

    code: str = "250"
    every: float = 0.02


@dataclass(frozen=True)
class Flood:
    """As many lines of a reply as the peer takes."""

    code: str = "250"


Step = Reply | Close | Reset | Silence | Drip | Flood
TLS = Literal["none", "starttls", "implicit"]


@dataclass
class Taken:
    """One mail as the smarthost took it."""

    reverse_path: bytes  # between the angle brackets
    mail_parameters: tuple[bytes, ...]
    forward_paths: list[bytes] = field(default_factory=list)
    rcpt_parameters: list[tuple[bytes, ...]] = field(default_factory=list)
    octets: bytes = b""
    connection: int = 0
    encrypted: bool = False


class Authority:
    """A certificate authority of the test's own, its PEM file at `file`; servers of hers, good and bad."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.file = str(folder / f"ca-{id(self)}.pem")
        self._ca.cert_pem.write_to_path(self.file)

    def server(self, name: str = "127.0.0.1", *, expired: bool = False, wants_client: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        long_ago = datetime(2001, 1, 1, tzinfo=UTC)
        dates = {"not_before": long_ago, "not_after": long_ago + timedelta(days=9)} if expired else {}
        self._ca.issue_cert(name, **dates).configure_cert(context)
        if wants_client:
            self._ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client(self, file: Path, name: str = "gateway.example") -> str:
        """Write key and certificate of a client into one PEM file."""
        self._ca.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(file)
        return str(file)


class _Over(Exception):
    """This connection is over."""


class Smarthost:
    """See the module. `extensions` are the EHLO lines beside STARTTLS and AUTH."""

    def __init__(
        self,
        *,
        script: Mapping[str, Step | Sequence[Step]] | None = None,
        tls: TLS = "none",
        context: ssl.SSLContext | None = None,
        extensions: Sequence[str] = ("SIZE 50000000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"),
        offer_starttls: bool = True,
        auth: str = "",
        accepts: tuple[str, str] | None = None,
        port: int = 0,
    ) -> None:
        self.script: dict[str, Step | list[Step]] = {k: v if isinstance(v, Step) else list(v) for k, v in (script or {}).items()}
        self.tls, self.context, self.extensions, self.offer_starttls = tls, context, extensions, offer_starttls
        self.auth, self.accepts = auth, accepts  # accepts: (username, password)
        self.silent_without_reading = False  # Silence stops reading too: the peer's octets pile up
        self.mute_after_starttls = False  # 220 to STARTTLS, and then no handshake
        self.mail: list[Taken] = []
        self.commands: list[bytes] = []
        self.clear = bytearray()
        self.auth_said: list[bytes] = []  # as decoded from base64
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self._port = port  # 0: any that is free
        self._news = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # -------------------------------------------------------------------------------------------- life
    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Smarthost:
        implicit = self.context if self.tls == "implicit" else None
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port, ssl=implicit, limit=1 << 20)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        self._port = self.port  # entered again, it is where it was
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.sleep(0)  # transports close in the next round

    async def received(self, count: int, seconds: float = 10.0) -> list[Taken]:
        """Wait until `count` mails were taken."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: len(self.mail) >= count)
        return self.mail

    async def deserted(self, seconds: float = 10.0) -> None:
        """Wait until no connection is left."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: self.open == 0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await _Conversation(self, reader, writer, self.connections).hold()
        except (_Over, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self.open -= 1
            self._tasks.discard(task)
            async with self._news:
                self._news.notify_all()

    async def take(self, mail: Taken) -> None:
        self.mail.append(mail)
        async with self._news:
            self._news.notify_all()

    def next_step(self, stage: str) -> Step | None:
        step = self.script.get(stage)
        if isinstance(step, list):
            return step.pop(0) if step else None
        return step


class _Conversation:
    """One connection, from the banner to its end."""

    def __init__(self, host: Smarthost, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.host, self.reader, self.writer, self.number = host, reader, writer, number
        self.encrypted = host.tls == "implicit"
        self.mail: Taken | None = None

    async def hold(self) -> None:
        await self.act("banner", "220 hop.example ESMTP")
        while True:
            line = await self.line()
            verb = line.split(b" ", 1)[0].upper()
            handler = getattr(self, "on_" + verb.decode("ascii", "replace").lower(), None)
            if handler is None:
                await self.say("500 5.5.2 what?")
            else:
                await handler(line)

    async def line(self) -> bytes:
        line = await self.reader.readline()
        if not line:
            raise _Over
        if not self.encrypted:
            self.host.clear += line
        self.host.commands.append(line.rstrip(b"\r\n"))
        return line.rstrip(b"\r\n")

    async def say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    async def act(self, stage: str, otherwise: str) -> bool:
        """Do what the script says for `stage`, or say `otherwise`. True where a positive reply was given."""
        step = self.host.next_step(stage)
        if step is None:
            await self.say(otherwise)
            return otherwise[0] in "23"
        if isinstance(step, Reply):
            await self.say(step.text)
            if step.then_close:
                raise _Over
            return step.text[0] in "23"
        if isinstance(step, Close):
            self.writer.close()
            await self.writer.wait_closed()
        elif isinstance(step, Reset):
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        elif isinstance(step, Silence):
            await self.until_gone()
        elif isinstance(step, Drip):
            while not self.reader.at_eof():
                await self.say(f"{step.code}-and")
                await asyncio.sleep(step.every)
        else:
            while not self.reader.at_eof():
                await self.say(f"{step.code}-and so on" * 50)
        raise _Over

    async def until_gone(self) -> None:
        if self.host.silent_without_reading:
            await asyncio.Event().wait()  # until the server is closed
        while data := await self.reader.read(1 << 16):
            if not self.encrypted:
                self.host.clear += data

    # -------------------------------------------------------------------------------------------- commands
    async def on_ehlo(self, line: bytes) -> None:
        lines = ["hop.example", *self.host.extensions]
        if self.host.tls == "starttls" and not self.encrypted and self.host.offer_starttls:
            lines.append("STARTTLS")
        if self.host.auth:
            lines.append(f"AUTH {self.host.auth}")
        await self.act("ehlo", "\r\n".join(f"250{'-' if i < len(lines) - 1 else ' '}{text}" for i, text in enumerate(lines)))

    async def on_helo(self, line: bytes) -> None:
        await self.act("helo", "250 hop.example")

    async def on_starttls(self, line: bytes) -> None:
        if not await self.act("starttls", "220 2.0.0 go on"):
            return
        if self.host.mute_after_starttls:
            await self.until_gone()
            raise _Over
        assert self.host.context is not None
        self.encrypted = True
        await self.writer.start_tls(self.host.context)

    async def on_auth(self, line: bytes) -> None:
        if "auth" in self.host.script and not await self.act("auth", "334 go on"):
            return
        _, mechanism, *initial = line.split(b" ")
        said = [base64.b64decode(x) for x in initial]
        if mechanism.upper() == b"LOGIN":
            while len(said) < 2:
                await self.say("334 " + base64.b64encode(b"Password:" if said else b"Username:").decode())
                said.append(base64.b64decode(await self.line()))
            good = tuple(x.decode() for x in said) == self.host.accepts
        elif mechanism.upper() == b"PLAIN":
            good = tuple(x.decode() for x in said[0].split(b"\0")[1:]) == self.host.accepts
        else:
            found = re.fullmatch(rb"user=(.*)\x01auth=Bearer (.*)\x01\x01", said[0])
            good = found is not None and (found[1].decode(), found[2].decode()) == self.host.accepts
            if not good:
                await self.say("334 " + base64.b64encode(b'{"status":"401"}').decode())
                await self.line()
        self.host.auth_said += said
        await self.say("235 2.7.0 welcome" if good else "535 5.7.8 no")

    async def on_mail(self, line: bytes) -> None:
        found = re.fullmatch(rb'MAIL FROM:<((?:"(?:[^"\\]|\\.)*"|[^">])*)>(?: (.*))?', line)
        assert found, line
        if self.mail is not None:
            await self.say("503 5.5.1 one at a time")
        elif await self.act("mail", "250 2.1.0 ok"):
            self.mail = Taken(found[1], tuple((found[2] or b"").split()), connection=self.number, encrypted=self.encrypted)

    async def on_rcpt(self, line: bytes) -> None:
        found = re.fullmatch(rb'RCPT TO:<((?:"(?:[^"\\]|\\.)*"|[^">])*)>(?: (.*))?', line)
        assert found, line
        assert self.mail is not None
        if await self.act("rcpt", "250 2.1.5 ok"):
            self.mail.forward_paths.append(found[1])
            self.mail.rcpt_parameters.append(tuple((found[2] or b"").split()))

    async def on_data(self, line: bytes) -> None:
        if not await self.act("data", "354 go on"):
            return
        assert self.mail is not None
        octets = bytearray()
        while (row := await self.reader.readline()) != b".\r\n":
            if not row:
                raise _Over
            if not self.encrypted:
                self.host.clear += row
            octets += row[1:] if row.startswith(b".") else row
            if self.host.script.get("block"):
                await self.act("block", "")
        self.mail.octets = bytes(octets)
        if await self.act("dot", "250 2.0.0 kept"):
            await self.host.take(self.mail)
        self.mail = None

    async def on_rset(self, line: bytes) -> None:
        self.mail = None
        await self.act("rset", "250 2.0.0 ok")

    async def on_noop(self, line: bytes) -> None:
        await self.act("noop", "250 2.0.0 ok")

    async def on_quit(self, line: bytes) -> None:
        await self.act("quit", "221 2.0.0 bye")
        raise _Over
