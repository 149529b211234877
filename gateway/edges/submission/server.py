"""Listening sockets, connection limits and the orderly stop.

Connections are accepted one by one in a loop of our own: asyncio's `create_server` counts nothing, starts TLS before anybody can say no, and
writes thousands of log lines when file descriptors run out.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine

import structlog
from aiosmtpd.smtp import SMTP

from gateway.core.model import Receipt, Submission
from gateway.edges.submission.auth import Accounts
from gateway.edges.submission.connection import Shared
from gateway.edges.submission.conversation import Conversation
from gateway.edges.submission.limits import LoginGuard
from gateway.edges.submission.settings import SubmissionSettings, is_loopback
from gateway.errors import ConfigurationError
from gateway.ports import Clock

log = structlog.get_logger("submission")

_BACKLOG = 128
_BREATH = 1.0  # seconds to wait when the machine has no file descriptor or memory left
_FAREWELL = 2.0  # seconds a peer has to take its last reply
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
# what `Connection` calls or replaces in aiosmtpd; a release that renames one would leave its fault uncovered without a word
_HOOKS = ("_handle_client", "push", "handle_exception", "connection_made", "connection_lost", "data_received", "eof_received", "command_size_limits")


class SubmissionServer:
    """The submission service (RFC 6409) of one process."""

    def __init__(
        self,
        settings: SubmissionSettings,
        accounts: Accounts,
        accept: Callable[[Submission], Awaitable[Receipt]],
        clock: Clock,
        room: Callable[[], int] | None = None,
    ) -> None:
        """`accept` takes custody of a submission or raises `GatewayError`; it is never cancelled by what a peer does.

        `room`: how many octets of mail may still be taken; asked for each mail, before any of it is sent. None: the disk is not looked at.
        """
        self._settings = settings
        self._shared = Shared(settings, accounts, accept, clock, LoginGuard(clock), tls=None, room=room)
        self._listeners: list[socket.socket] = []
        self._arrivals: set[asyncio.Task[None]] = set()
        self._connections: Counter[str] = Counter()

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each listening socket."""
        return [listener.getsockname()[:2] for listener in self._listeners]

    async def start(self) -> None:
        """Listen. Raises `errors.ConfigurationError` where it would not be safe, `OSError` where an address is taken."""
        _check_surroundings()
        self.reload_certificate()
        try:
            for host, port in self._settings.listen:
                await self._listen(host, port)
        except BaseException:
            self._close_listeners()
            raise
        for listener in self._listeners:
            self._start(self._accept_on(listener))

    def reload_certificate(self) -> None:
        """Read certificate and key again; handshakes from now on use them, connections that stand go on as they are.

        Raises `ssl.SSLError`, `OSError`; then the pair in use stays in use. (A context of its own for each reading: one into which a certificate
        without its key was loaded would be good for nothing.)
        """
        if self._settings.tls == "none" or self._settings.certificate is None:
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_CIPHERS)
        context.load_cert_chain(self._settings.certificate, self._settings.key, password=_no_password)
        self._shared.tls = context

    async def drain(self, seconds: float) -> None:
        """Stop listening at once, give messages that are coming in `seconds` to finish, wait for everything that is after its dot.

        An idle peer gets 421, one whose message did not finish as well: its mail program still has the mail.
        """
        for task in self._arrivals:
            task.cancel()
        await asyncio.gather(*self._arrivals, return_exceptions=True)
        self._close_listeners()
        for conversation in self._shared.open:
            conversation.stop()
        if not await self._all_gone(seconds):
            for conversation in self._shared.open:
                conversation.stop(messages=True)
        if self._shared.work:
            await asyncio.wait(self._shared.work)
        if not await self._all_gone(_FAREWELL):
            for conversation in tuple(self._shared.open):
                conversation.abort()
            await self._all_gone(_FAREWELL)

    async def _all_gone(self, seconds: float) -> bool:
        """Whether every conversation has ended within `seconds`."""
        waiting = [asyncio.ensure_future(c.gone.wait()) for c in self._shared.open]
        if not waiting:
            return True
        _, pending = await asyncio.wait(waiting, timeout=seconds)
        for task in pending:
            task.cancel()
        return not pending

    # -------------------------------------------------------------------------------------------- sockets
    async def _listen(self, host: str, port: int) -> None:
        found = await asyncio.get_running_loop().getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            if self._settings.tls == "none" and not is_loopback(str(address[0])):
                raise ConfigurationError((f"submission.tls: none is allowed on loopback only, and {host} is not",))
            listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
            listener.setblocking(False)
            self._listeners.append(listener)

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    async def _accept_on(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        exhausted = False
        while True:
            try:
                connection, address = await loop.sock_accept(listener)
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    if not exhausted:  # once, not for every attempt
                        log.error("submission-exhausted", error=errno.errorcode[error.errno])
                    exhausted = True
                    await asyncio.sleep(_BREATH)
                continue
            exhausted = False
            self._welcome(connection, address[0])

    def _welcome(self, connection: socket.socket, address: str) -> None:
        """Make a conversation of an accepted connection, or close it where there are too many."""
        settings, held = self._settings, self._connections
        if held.total() >= settings.max_connections or held[address] >= settings.per_address:
            with connection:
                if settings.tls != "implicit":
                    _say(connection, b"421 4.3.2 too many connections, try again\r\n")
            return
        held[address] += 1

        def leave() -> None:
            held[address] -= 1
            if not held[address]:
                del held[address]

        conversation = Conversation(self._shared, address, leave)

        def arrived(_: asyncio.Task[None]) -> None:
            if not conversation.begun:  # no handshake, or the server was stopped meanwhile: nobody else will close it
                connection.close()
                leave()

        self._start(self._connect(connection, conversation)).add_done_callback(arrived)

    async def _connect(self, connection: socket.socket, conversation: Conversation) -> None:
        implicit = self._settings.tls == "implicit"
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: conversation,
                connection,
                ssl=self._shared.tls if implicit else None,
                ssl_handshake_timeout=self._settings.handshake_seconds if implicit else None,
            )
        except OSError as error:  # among them ssl.SSLError, and ConnectionAbortedError where the handshake took too long
            log.info("submission-no-handshake", error=type(error).__name__)

    def _start(self, coroutine: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._arrivals.add(task)
        task.add_done_callback(self._arrivals.discard)
        return task


def _no_password() -> str:
    """A sealed key is refused with an error; without this OpenSSL would ask at the terminal and wait."""
    return ""


def _say(connection: socket.socket, farewell: bytes) -> None:
    """Try to send, without waiting."""
    with contextlib.suppress(OSError):
        connection.send(farewell)


def _quiet(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _check_surroundings() -> None:
    """Raises `errors.ConfigurationError` where this Python or this aiosmtpd is not what the conversation was built on."""
    problems = []
    if not __debug__:
        problems.append("python -O: coachgate does not run without assertions, the libraries it stands on rely on theirs")
    hooks = (*_HOOKS, *(name for name in vars(Conversation) if name.startswith("smtp_")))
    problems += [f"aiosmtpd: this version has no SMTP.{name}" for name in hooks if not hasattr(SMTP, name)]
    if problems:
        raise ConfigurationError(tuple(problems))
    mail_log = logging.getLogger("mail.log")  # aiosmtpd's: at DEBUG it prints every line of a mail, at INFO every address
    mail_log.setLevel(logging.WARNING)
    if _quiet not in mail_log.filters:
        mail_log.addFilter(_quiet)  # whatever level a later logging configuration sets
