"""A mailbox in memory that keeps the promises of `ports.Folders` as `tests/contracts/test_mailbox.py` states them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import BytesHeaderParser

from gateway.errors import MailboxUnavailable
from gateway.ports import Head, Listing


@dataclass
class Folder:
    """One folder; `uidvalidity` may be set, as a server does that numbers anew."""

    uidvalidity: int = 1
    next_uid: int = 1
    messages: dict[int, tuple[datetime, bytes]] = field(default_factory=dict)


class FakeFolders:
    """`ports.Folders`. `trouble` set to a reason makes every call fail with it; `calls` counts them by name."""

    def __init__(self) -> None:
        self.folders: dict[str, Folder] = {"Sent": Folder()}
        self.trouble = ""
        self.calls: list[str] = []
        self._news = asyncio.Event()
        self._validity: dict[str, int] | None = None

    def put(self, folder: str, *messages: bytes) -> None:
        """As a mail program files a message."""
        for octets in messages:
            self._put(folder, octets)

    def folder_of(self, folder: str) -> list[bytes]:
        return [octets for _, octets in self.folders[folder].messages.values()]

    async def open(self, needed: Sequence[str]) -> str:
        self.calls.append("open")
        self._validity = {}
        self._ready()
        for folder in needed:
            self.folders.setdefault(folder, Folder())
        return "Sent"

    async def listing(self, folder: str, *, after: int = 0, since: datetime | None = None) -> Listing:
        found = self._folder(folder, "listing")
        first = datetime.combine(since.date(), datetime.min.time(), UTC) if since else datetime.min.replace(tzinfo=UTC)
        return Listing(found.uidvalidity, found.next_uid, tuple(uid for uid, (at, _) in found.messages.items() if uid > after and at >= first))

    async def head(self, folder: str, uid: int) -> Head | None:
        octets = await self._read(folder, uid, "head")
        return None if octets is None else Head(octets.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", len(octets))

    async def message(self, folder: str, uid: int) -> bytes | None:
        return await self._read(folder, uid, "message")

    async def _read(self, folder: str, uid: int, call: str) -> bytes | None:
        return self._folder(folder, call).messages.get(uid, (None, None))[1]

    async def holds(self, folder: str, message_id: str) -> bool:
        parser = BytesHeaderParser()
        return any(parser.parsebytes(octets)["Message-ID"] == message_id for _, octets in self._folder(folder, "holds").messages.values())

    async def append(self, folder: str, octets: bytes) -> None:
        self._folder(folder, "append")
        self._put(folder, octets)

    async def move(self, folder: str, uid: int, to: str) -> None:
        self._folder(to, "move")
        found = self._folder(folder, "move").messages.pop(uid, None)
        if found is not None:
            self._put(to, found[1])

    async def wait(self, folder: str, seconds: float) -> None:
        self._folder(folder, "wait")
        self._news.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        self._ready()

    async def close(self) -> None:
        self.trouble = "closed"
        self._news.set()

    def _put(self, name: str, octets: bytes) -> None:
        folder = self.folders[name]
        folder.messages[folder.next_uid] = datetime.now(UTC), octets
        folder.next_uid += 1
        self._news.set()

    def _ready(self) -> None:
        if self.trouble or self._validity is None:
            self._validity = None
            raise MailboxUnavailable(self.trouble or "closed")

    def _folder(self, name: str, call: str) -> Folder:
        self.calls.append(call)
        self._ready()
        assert self._validity is not None
        if name not in self.folders:
            self._validity = None
            raise MailboxUnavailable("refused")
        folder = self.folders[name]
        if self._validity.setdefault(name, folder.uidvalidity) != folder.uidvalidity:
            self._validity = None
            raise MailboxUnavailable("renumbered")
        return folder
