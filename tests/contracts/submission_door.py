"""A real submission server on a free loopback port, a raw peer that says exactly the octets it is given, and a certificate authority."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.core.address import parse_mailbox
from gateway.core.model import Account, Receipt, Submission
from gateway.edges.submission import Accounts, SubmissionServer, SubmissionSettings
from tests.fakes.clock import FixedClock

COACH = "coach@coach.example"
PASSWORD = b"correct horse"
PLAIN_LOGIN = b64encode(b"\0robin\0" + PASSWORD)
MAIL = b"From: <coach@coach.example>\r\nSubject: Tuesday\r\n\r\nSee you at 10.\r\n"


class OneCoach:
    """`Accounts` with one login, "robin"."""

    async def verify(self, login: str, password: bytes) -> Account | None:
        if (login, password) != ("robin", PASSWORD):
            return None
        return Account(login, 1, (parse_mailbox(COACH), parse_mailbox("büro@bücher.example")), "coach")


@dataclass
class Door:
    """A running server and what came through it."""

    server: SubmissionServer
    clock: FixedClock
    accepted: list[Submission] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.server.addresses[0][1]

    async def peer(self, **tls: Any) -> Peer:
        """A connected peer that has read the greeting."""
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port, **tls))
        peer.greeting = await peer.reply()
        return peer

    async def coach(self, **tls: Any) -> Peer:
        """A peer that has logged in."""
        peer = await self.peer(**tls)
        await peer.log_in()
        return peer


class Peer:
    """The other end of the wire."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.greeting = reader, writer, b""

    async def send(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def reply(self) -> bytes:
        """The next whole reply, b"" where the server has closed."""
        lines = b""
        async with asyncio.timeout(20):
            while line := await self.reader.readline():
                lines += line
                if line[3:4] != b"-":
                    break
        return lines

    async def say(self, line: bytes) -> bytes:
        await self.send(line + b"\r\n")
        return await self.reply()

    async def log_in(self, password: bytes = PASSWORD) -> bytes:
        await self.say(b"EHLO mail.coach.example")
        return await self.say(b"AUTH PLAIN " + b64encode(b"\0robin\0" + password))

    async def begin(self, *recipients: bytes, sender: bytes = b"<coach@coach.example>") -> bytes:
        """MAIL, RCPT for each, DATA; the reply to DATA."""
        assert (await self.say(b"MAIL FROM:" + sender)).startswith(b"250")
        for recipient in recipients or (b"dana@acme.example",):
            assert (await self.say(b"RCPT TO:<" + recipient + b">")).startswith(b"250")
        return await self.say(b"DATA")

    async def mail(self, octets: bytes = MAIL, *recipients: bytes) -> bytes:
        """A whole transaction, `octets` as they go over the wire; the reply to the dot."""
        assert (await self.begin(*recipients)).startswith(b"354")
        return await self.say(octets + b".")

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(20):
            return await self.reader.read()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        await self.writer.start_tls(context, server_hostname="localhost")

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            pass  # the server was quicker


@asynccontextmanager
async def open_door(
    accept: Callable[[Submission], Awaitable[Receipt]] | None = None,
    accounts: Accounts | None = None,
    room: Callable[[], int] | None = None,
    **settings: Any,
) -> AsyncIterator[Door]:
    """Run a server; by default in clear on loopback, with a pipeline that takes everything."""
    settings.setdefault("tls", "none")
    clock = FixedClock()

    async def take(submission: Submission) -> Receipt:
        door.accepted.append(submission)
        return Receipt(f"s{len(door.accepted)}")

    server = SubmissionServer(SubmissionSettings((("127.0.0.1", 0),), **settings), accounts or OneCoach(), accept or take, clock, room)
    door = Door(server, clock)
    await server.start()
    try:
        yield door
    finally:
        await server.drain(0.01)


@dataclass(frozen=True)
class Authority:
    """Paths for a server, and a client's context that trusts it."""

    certificate: Path
    key: Path
    trusting: ssl.SSLContext

    def settings(self, tls: str) -> dict[str, Any]:
        return {"tls": tls, "certificate": self.certificate, "key": self.key}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate for localhost, from an authority made for this run."""
    folder = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    issued = ca.issue_cert("localhost", "127.0.0.1")
    certificate, key = folder / "chain.pem", folder / "key.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return Authority(certificate, key, context)
