"""One connection of a mail program: octets in, replies out, the loop over commands, and its limits (RFC 5321 sections 4.1.1, 4.2, 4.5.3).

What aiosmtpd 1.4.6 gives: the asyncio protocol, session and envelope objects, the table of `smtp_*` methods, `push`. What is ours, because there
it is known to fail: reading lines and messages (`inbound`), the loop over commands, addresses (never aiosmtpd's decoding), AUTH, the upgrade to
TLS, time limits, what happens when the peer hangs up, and every reply (RFC 2034 codes; an exception is never shown to the peer).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP

from gateway.core.model import Account, ForwardPath, Mailbox, Receipt, Submission
from gateway.edges.submission.auth import Accounts
from gateway.edges.submission.command import MailParameters, Unacceptable
from gateway.edges.submission.inbound import Ended, Inbound, MalformedLine, PeerGone, Stopped, TooSlow
from gateway.edges.submission.limits import LoginGuard
from gateway.edges.submission.settings import SubmissionSettings
from gateway.errors import FAULT, GatewayError, Refused, failure
from gateway.ports import Clock

log = structlog.get_logger("submission")

_COMMAND_OCTETS = 512  # RFC 5321 section 4.5.3.1.4
_LONGER_COMMANDS = {"AUTH": 12_288, "MAIL": 2048, "RCPT": 2048}  # RFC 4954 section 4; RFC 3461, 6531 add to the others
_BEFORE_TLS = frozenset({"EHLO", "HELO", "STARTTLS", "NOOP", "QUIT"})
# BDAT is not offered and its payload would be read as commands; the others mean that a browser was sent here
_HANG_UP = frozenset({"BDAT", "GET", "POST", "PUT", "CONNECT"})


@dataclass(slots=True)
class Shared:
    """What all connections have in common."""

    settings: SubmissionSettings
    accounts: Accounts
    accept: Callable[[Submission], Awaitable[Receipt]]
    clock: Clock
    guard: LoginGuard
    tls: SSLContext | None
    room: Callable[[], int] | None = None  # octets of mail that may still be taken
    open: set[Connection] = field(default_factory=set)
    work: set[asyncio.Task[str]] = field(default_factory=set)  # submissions after the dot; they outlive their connections


@dataclass(slots=True)
class Transaction:
    """RFC 5321 section 3.3: what MAIL and RCPT have said so far."""

    opened: bool = False
    reverse_path: Mailbox | None = None
    parameters: MailParameters = field(default_factory=lambda: MailParameters(False, False, None, None, 0))
    forward_paths: dict[str, ForwardPath] = field(default_factory=dict)  # by path, so that one said twice is one


class Connection(SMTP):
    """The protocol object of one connection; `conversation` adds the commands, as `smtp_*` methods that take octets."""

    def __init__(self, shared: Shared, address: str, closed: Callable[[], None]) -> None:
        """`address` is the peer's IP address; `closed` is called once when the connection is gone."""
        settings = shared.settings
        self.command_size_limits: dict[str, int] = {}  # of this connection: aiosmtpd's is one for all, and emptied by each new one
        super().__init__(
            None,
            data_size_limit=settings.size_limit,
            enable_SMTPUTF8=True,
            hostname=settings.hostname,
            auth_required=True,
            timeout=settings.session_seconds + settings.data_seconds + settings.idle_seconds,  # the last resort behind our own limits
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limits.update(_LONGER_COMMANDS)
        self._shared = shared
        self._address = address
        self._on_closed = closed
        self._inbound = Inbound()
        self._secured = settings.tls == "none"  # on loopback only, see SubmissionSettings
        self._secure_transport = False
        self._greeted = self._extended = False  # HELO or EHLO was given; it was EHLO
        self._account: Account | None = None
        self._transaction = Transaction()
        self.begun = False
        self.gone = asyncio.Event()
        self._over = False
        self._errors = self._commands = self._wrong_logins = 0
        self._began = self.loop.time()

    # -------------------------------------------------------------------------------------------- the transport's side
    def connection_made(self, transport: Any) -> None:
        """The connection stands; under implicit TLS after the handshake, which aiosmtpd does not notice."""
        self._inbound.attach(transport)
        self._secure_transport = transport.get_extra_info("sslcontext") is not None
        self._secured = self._secured or self._secure_transport
        self._shared.open.add(self)
        self.begun = True
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Octets for `inbound`; the reader of asyncio stays empty."""
        self._inbound.feed(data)

    def eof_received(self) -> bool:
        """The peer has said all it will say. It may still listen for our reply, so nothing is cancelled (aiosmtpd would)."""
        self._inbound.end()
        return not self._secure_transport  # TLS knows no half-closed connection

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone; the conversation ends, a submission after its dot does not."""
        if self.gone.is_set():
            return
        self._inbound.end()
        self._shared.open.discard(self)
        super().connection_lost(error)
        self._on_closed()
        self.gone.set()

    async def upgrade(self, context: SSLContext) -> None:
        """Go on under TLS, as server (RFC 3207). Raises `PeerGone` where no handshake came about in time."""
        try:
            await self._writer.start_tls(context, ssl_handshake_timeout=self._shared.settings.handshake_seconds)
        except OSError as error:  # ssl.SSLError, or ConnectionAbortedError for a handshake not made in time
            self.connection_lost(error)  # which asyncio calls for some of these only
            raise PeerGone from None
        transport: Any = self._writer.transport
        self.transport = transport
        self._inbound.attach(transport)
        self._secured = self._secure_transport = True

    def stop(self, *, messages: bool = False) -> None:
        """Say 421 instead of reading on; with `messages`, even while a message is coming in."""
        self._inbound.stop(messages=messages)

    def abort(self) -> None:
        """Drop the connection without a word."""
        self._writer.transport.abort()

    async def reply(self, text: str) -> None:
        """Send a reply; count those that mean an error. Raises `PeerGone` where the peer does not take it."""
        self._errors += text.startswith("5")
        try:
            async with asyncio.timeout(self._shared.settings.idle_seconds):
                await self.push(text)
        except (TimeoutError, ConnectionError):
            self._writer.transport.abort()
            raise PeerGone from None

    # -------------------------------------------------------------------------------------------- the loop over commands
    async def _handle_client(self) -> None:
        try:
            await self.reply(f"220 {self.hostname} ESMTP")
            while not self._over:
                await self._next()
        except PeerGone:
            pass  # nobody is left to be answered
        finally:
            self._writer.close()

    async def _next(self) -> None:
        """Read one command and obey it."""
        settings = self._shared.settings
        try:
            await self._obey(await self._line())
        except MalformedLine:
            await self.reply("500 5.5.2 line too long, or not ended by CRLF")
        except TooSlow:
            await self._goodbye("421 4.4.2 time is up")
        except Stopped:
            await self._goodbye("421 4.3.2 closing down, try again")
        self._commands += 1
        if not self._over and (self._errors > settings.errors or self._commands > settings.commands):
            await self._goodbye("421 4.7.0 too many errors or commands")

    async def _line(self) -> bytes:
        """The next line of the peer, within the time that idleness, log-in and the whole session leave."""
        settings, spent = self._shared.settings, self.loop.time() - self._began
        left = (settings.session_seconds if self._account else min(settings.login_seconds, settings.session_seconds)) - spent
        return await self._inbound.line(self.command_size_limits["AUTH"], min(settings.idle_seconds, max(left, 0)))

    async def _obey(self, line: bytes) -> None:
        verb, _, argument = line.partition(b" ")
        command = verb.decode("ascii", "replace").upper()
        method = self._smtp_methods.get(command)
        if command in _HANG_UP:
            await self._goodbye("502 5.5.1 command not offered")
        elif method is None:
            await self.reply("500 5.5.2 command not recognised")
        elif len(line) > self.command_size_limits.get(command, _COMMAND_OCTETS):
            await self.reply("500 5.5.2 line too long")
        elif not self._secured and command not in _BEFORE_TLS:
            await self.reply("530 5.7.0 STARTTLS first")
        else:
            try:
                await method(argument.strip(b" "))
            except Unacceptable as refusal:
                await self.reply(refusal.reply)
            except GatewayError as error:
                await self.reply(explained(error))
            except (Ended, MalformedLine):
                raise
            except Exception as error:  # noqa: BLE001 -- law 2: a fault of ours defers, and the connection can go on
                await self.reply(await self.handle_exception(error))

    async def _goodbye(self, reply: str) -> None:
        self._over = True
        await self.reply(reply)

    async def handle_exception(self, error: Exception) -> str:
        """The reply for `error`; the transaction is forgotten (aiosmtpd keeps it, and shows the exception)."""
        self._transaction = Transaction()
        return explained(error)


def explained(error: Exception) -> str:
    """The table's reply; a fault gets a reference under which the log has its class, and neither has its text."""
    row = failure(error)
    if row is not FAULT:
        log.info("submission-refused" if isinstance(error, Refused) else "submission-deferred", reason=row.audit)
        return row.reply
    reference = secrets.token_hex(4)
    log.error("submission-fault", error=type(error).__name__, reference=reference)
    return f"{row.reply} (reference {reference})"
