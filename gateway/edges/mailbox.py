"""The coach's mailbox at her provider: `ports.Folders` over IMAP (RFC 9051, RFC 3501), with imapclient.

One connection, one thread of its own: imapclient blocks, and a thread in IDLE must not be one that others wait for. Nobody can interrupt a blocked
thread, so `close` shuts its socket down, which ends any read at once. What the server says in words is never repeated: it may quote a mail.

Never: mark a message as seen by reading it, delete one, follow a referral, speak without TLS to another machine, go on after a failure (only `open` helps).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

from imapclient import DRAFT, SEEN, IMAPClient, SocketTimeout
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError, LoginError, ProtocolError
from imapclient.imapclient import SENT

from gateway.errors import MailboxUnavailable
from gateway.ports import Head, Listing

logging.getLogger("imapclient").setLevel(logging.WARNING)  # below that it logs every line of the conversation, and the lines hold mail
T = TypeVar("T")
_CONNECT_SECONDS, _ANSWER_SECONDS = 20.0, 60.0
_HEADER_OCTETS = 64 * 1024 + 1  # one more than a header section may have, so that a longer one is seen to be longer
_SENT = "Sent"  # where a server marks no folder as the one for sent mail (RFC 6154)


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """Where the mailbox is and how it is spoken to."""

    host: str
    port: int
    tls: Literal["none", "starttls", "implicit"]
    ca_file: str | None
    auth: Literal["password", "xoauth2", "oauthbearer"]
    user: str
    secret: Callable[[], str] = field(repr=False)  # the password, or a token that is valid now; asked for each connection; may raise OSError


class ImapFolders:
    """`ports.Folders`."""

    def __init__(self, settings: MailboxSettings) -> None:
        self._settings = settings
        self._client: IMAPClient | None = None
        self._selected = ("", False)
        self._validity: dict[str, int] = {}
        self._prefix, self._delimiter = "", "/"
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._closed = False
        # a daemon: a connect that hangs must not hold up the end of the process
        threading.Thread(target=self._work, name="mailbox", daemon=True).start()

    # ------------------------------------------------------------------------------------------------ the port
    async def open(self, needed: Sequence[str]) -> str:
        """See `ports.Folders`."""
        return await self._run(lambda: self._open(needed))

    async def listing(self, folder: str, *, after: int = 0, since: datetime | None = None) -> Listing:
        """See `ports.Folders`."""
        return await self._run(lambda: self._listing(folder, after, since))

    async def head(self, folder: str, uid: int) -> Head | None:
        """See `ports.Folders`."""
        return await self._run(lambda: self._head(folder, uid))

    async def message(self, folder: str, uid: int) -> bytes | None:
        """See `ports.Folders`."""
        return await self._run(lambda: self._fetch(folder, uid, "BODY.PEEK[]").get(b"BODY[]"))

    async def holds(self, folder: str, message_id: str) -> bool:
        """See `ports.Folders`."""
        return await self._run(lambda: bool(self._select(folder).search(["HEADER", "Message-ID", message_id])))

    async def append(self, folder: str, octets: bytes) -> None:
        """See `ports.Folders`."""
        await self._run(lambda: self._connected.append(self._native(folder), octets))

    async def move(self, folder: str, uid: int, to: str) -> None:
        """See `ports.Folders`."""
        await self._run(lambda: self._move(folder, uid, to))

    async def wait(self, folder: str, seconds: float) -> None:
        """See `ports.Folders`. Without IDLE it only waits."""
        if not await self._run(lambda: self._idle(folder, seconds)):
            await asyncio.sleep(seconds)

    async def close(self) -> None:
        """See `ports.Folders`."""
        self._closed = True
        self._jobs.put(None)
        self._hang_up()

    # ------------------------------------------------------------------------------------------------ the thread
    async def _run(self, job: Callable[[], T]) -> T:
        if self._closed:
            raise MailboxUnavailable("closed")
        future: Future[T] = Future()
        self._jobs.put((future, job))
        return await asyncio.wrap_future(future)

    def _work(self) -> None:
        while (item := self._jobs.get()) is not None:
            future, job = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(job())
            except Exception as error:  # noqa: BLE001 - handed to the caller; the conversation ends, because what it stands at is not known any more
                self._drop()
                future.set_exception(error if isinstance(error, MailboxUnavailable) else MailboxUnavailable(_reason(error)))
        self._drop()

    def _hang_up(self) -> None:
        """Wake the thread wherever it reads. Of the socket itself, past TLS: the thread may be in the middle of a record."""
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError, AttributeError):  # closed already
                socket.socket.shutdown(client.socket(), socket.SHUT_RDWR)

    def _drop(self) -> None:
        client, self._client, self._selected, self._validity = self._client, None, ("", False), {}
        if client is not None:
            with contextlib.suppress(OSError, IMAPClientError):  # it may be gone already
                client.shutdown()

    @property
    def _connected(self) -> IMAPClient:
        if self._client is None:
            raise MailboxUnavailable("closed")
        return self._client

    # ------------------------------------------------------------------------------------------------ what the thread does
    def _open(self, needed: Sequence[str]) -> str:
        self._drop()
        s = self._settings
        try:
            secret = s.secret()
        except OSError:
            raise MailboxUnavailable("secret") from None
        context = None if s.tls == "none" else _tls_context(s.ca_file)
        timeout = SocketTimeout(_CONNECT_SECONDS, _ANSWER_SECONDS)
        try:
            client = IMAPClient(s.host, s.port, ssl=s.tls == "implicit", ssl_context=context, timeout=timeout)
        except ssl.SSLError:
            raise MailboxUnavailable("tls") from None
        except OSError:
            raise MailboxUnavailable("connect") from None
        self._client = client
        if s.tls == "starttls":
            client.starttls(context)
        match s.auth:
            case "password":
                client.login(s.user, secret)
            case "xoauth2":
                client.oauth2_login(s.user, secret)
            case "oauthbearer":
                client.oauthbearer_login(s.user, secret)
        self._find_names(client)
        sent = client.find_special_folder(SENT)
        for folder in needed:
            self._make(client, folder)
        if sent is not None:
            return self._ours(sent)
        return self._make(client, _SENT) if needed else _SENT

    def _find_names(self, client: IMAPClient) -> None:
        """How this server spells folders: what stands before each, and between levels (RFC 9051 section 5.1)."""
        if client.has_capability("NAMESPACE") and (personal := client.namespace().personal):
            self._prefix, self._delimiter = personal[0][0], personal[0][1] or "/"
        else:
            self._prefix, self._delimiter = "", next((delimiter.decode() for _, delimiter, _ in client.list_folders("", "") if delimiter), "/")

    def _make(self, client: IMAPClient, folder: str) -> str:
        name = self._native(folder)
        if not client.folder_exists(name):
            client.create_folder(name)
            client.subscribe_folder(name)  # else most mail programs do not show it
        return folder

    def _native(self, folder: str) -> str:
        name = folder.replace("/", self._delimiter)
        return name if name.upper() == "INBOX" or name.startswith(self._prefix) else self._prefix + name

    def _ours(self, name: str) -> str:
        return name.removeprefix(self._prefix).replace(self._delimiter, "/")

    def _select(self, folder: str, *, write: bool = False) -> IMAPClient:
        """Make `folder` the one that is spoken of. Raises where it was made anew meanwhile, and its UIDs mean other messages."""
        client = self._connected
        if self._selected != (folder, write):
            said = client.select_folder(self._native(folder), readonly=not write)
            self._selected = folder, write
            if self._validity.setdefault(folder, said[b"UIDVALIDITY"]) != said[b"UIDVALIDITY"]:
                raise MailboxUnavailable("renumbered")
        return client

    def _listing(self, folder: str, after: int, since: datetime | None) -> Listing:
        client = self._connected
        said = client.folder_status(self._native(folder), ["UIDNEXT", "UIDVALIDITY"])
        validity, next_uid = said[b"UIDVALIDITY"], said[b"UIDNEXT"]
        if self._validity.setdefault(folder, validity) != validity:
            raise MailboxUnavailable("renumbered")
        if next_uid <= after + 1 and since is None:
            return Listing(validity, next_uid, ())  # nothing new: the folder need not be opened, however large
        criteria: list[Any] = ["UNDELETED", "SINCE", since.date()] if since else ["UNDELETED", "UID", f"{after + 1}:*"]
        found = self._select(folder).search(criteria)
        # "n:*" always means the last message too (RFC 9051 section 6.4.8); what came since `next_uid` was asked is the next look's
        return Listing(validity, next_uid, tuple(sorted(uid for uid in found if after < uid < next_uid)))

    def _fetch(self, folder: str, uid: int, *items: str) -> dict[bytes, Any]:
        found: dict[int, dict[bytes, Any]] = self._select(folder).fetch([uid], items)
        return found.get(uid, {})

    def _head(self, folder: str, uid: int) -> Head | None:
        found = self._fetch(folder, uid, f"BODY.PEEK[HEADER]<0.{_HEADER_OCTETS}>", "RFC822.SIZE")
        return Head(found[b"BODY[HEADER]<0>"], found[b"RFC822.SIZE"]) if b"RFC822.SIZE" in found else None

    def _move(self, folder: str, uid: int, to: str) -> None:
        client = self._select(folder, write=True)
        client.add_flags([uid], [SEEN], silent=True)
        client.remove_flags([uid], [DRAFT], silent=True)  # it came from the drafts, and no program should offer to finish it
        if client.has_capability("MOVE"):
            client.move([uid], self._native(to))
            return
        client.copy([uid], self._native(to))
        client.delete_messages([uid], silent=True)
        if client.has_capability("UIDPLUS"):
            client.uid_expunge([uid])  # a plain EXPUNGE would take what the coach marked herself

    def _idle(self, folder: str, seconds: float) -> bool:
        """Wait in IDLE; False where the server has none. A line that is no news (RFC 2177: "OK Still here") ends the wait too, which does no harm."""
        client = self._select(folder)
        if not client.has_capability("IDLE"):
            client.noop()
            return False
        client.idle()
        said = client.idle_check(seconds)
        if any(line and line[0] == b"BYE" for line in said):
            raise MailboxUnavailable("closed")
        client.idle_done()
        return True


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise MailboxUnavailable("tls") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _reason(error: Exception) -> str:
    """One word for what happened; the text of the exception is the server's, so it goes no further."""
    match error:
        case LoginError():  # it also stands for a line that broke in the middle of the login, or a server that is out of order (RFC 5530)
            return "closed" if isinstance(error.__context__, IMAPClientAbortError) or "[UNAVAILABLE]" in str(error).upper() else "login"
        case CapabilityError():
            return "capability"
        case IMAPClientAbortError():
            return "closed"
        case ProtocolError():
            return "protocol"
        case IMAPClientError():
            return "quota" if "[OVERQUOTA]" in str(error).upper() else "refused"
        case ssl.SSLError():
            return "tls"
        case TimeoutError():
            return "timeout"
        case OSError():
            return "closed"
        case _:
            return "protocol"  # an answer that imapclient cannot read
