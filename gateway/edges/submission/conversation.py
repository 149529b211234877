"""One connection of a mail program: commands, states and replies (RFC 5321, RFC 6409).

What aiosmtpd 1.4.6 gives: the asyncio protocol, session and envelope objects, the table of `smtp_*` methods, `push`. What is ours, because there
it is known to fail: reading lines and messages (`inbound`), the loop over commands, addresses (never aiosmtpd's decoding), AUTH, the upgrade to
TLS, time limits, what happens when the peer hangs up, and every reply (RFC 2034 codes; an exception is never shown to the peer).
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP

from gateway.core.address import MalformedPath, may_write_as, parse_path
from gateway.core.model import Account, Envelope, ForwardPath, Mailbox, Receipt, Submission
from gateway.edges.submission.auth import MECHANISMS, Accounts, credentials
from gateway.edges.submission.command import (
    MailParameters,
    Unacceptable,
    check_ehlo_name,
    mail_parameters,
    path_and_parameters,
    rcpt_parameters,
)
from gateway.edges.submission.inbound import Ended, Inbound, MalformedLine, Pace, PeerGone, Stopped, TooSlow
from gateway.edges.submission.limits import LoginGuard
from gateway.edges.submission.settings import SubmissionSettings
from gateway.errors import FAULT, BareLineEnd, GatewayError, RecipientMalformed, Refused, SenderNotCoach, failure
from gateway.ports import Clock

log = structlog.get_logger("submission")

_COMMAND_OCTETS = 512  # RFC 5321 section 4.5.3.1.4
_LONGER_COMMANDS = {"AUTH": 12_288, "MAIL": 2048, "RCPT": 2048}  # RFC 4954 section 4; RFC 3461, 6531 add to the others
_BEFORE_TLS = frozenset({"EHLO", "HELO", "STARTTLS", "NOOP", "QUIT"})
# BDAT is not offered and its payload would be read as commands; the others mean that a browser was sent here
_HANG_UP = frozenset({"BDAT", "GET", "POST", "PUT", "CONNECT"})


@dataclass(slots=True)
class House:
    """What all conversations share."""

    settings: SubmissionSettings
    accounts: Accounts
    accept: Callable[[Submission], Awaitable[Receipt]]
    clock: Clock
    guard: LoginGuard
    tls: SSLContext | None
    open: set[Conversation] = field(default_factory=set)
    work: set[asyncio.Task[str]] = field(default_factory=set)  # submissions after the dot; they outlive their connections


@dataclass(slots=True)
class Transaction:
    """RFC 5321 section 3.3: what MAIL and RCPT have said so far."""

    opened: bool = False
    reverse_path: Mailbox | None = None
    parameters: MailParameters = field(default_factory=lambda: MailParameters(False, False, None, None))
    forward_paths: dict[str, ForwardPath] = field(default_factory=dict)  # by path, so that one said twice is one


class Conversation(SMTP):
    """The protocol object of one connection."""

    def __init__(self, house: House, address: str, closed: Callable[[], None]) -> None:
        """`address` is the peer's IP address; `closed` is called once when the connection is gone."""
        settings = house.settings
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
        self._house = house
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
        self._house.open.add(self)
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
        self._house.open.discard(self)
        super().connection_lost(error)
        self._on_closed()
        self.gone.set()

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
            async with asyncio.timeout(self._house.settings.idle_seconds):
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
        settings = self._house.settings
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
        settings, spent = self._house.settings, self.loop.time() - self._began
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
                await self.reply(_explained(error))
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
        return _explained(error)

    # -------------------------------------------------------------------------------------------- session commands
    async def smtp_EHLO(self, argument: bytes) -> None:
        """RFC 5321 section 4.1.1.1; keywords only for what is done here, AUTH only where it may be used."""
        check_ehlo_name(argument)
        self._greeted = self._extended = True
        self._transaction = Transaction()
        keywords = [self.hostname, f"SIZE {self._house.settings.size_limit}", "8BITMIME", "SMTPUTF8", "DSN", "PIPELINING", "ENHANCEDSTATUSCODES"]
        if self._secured:
            keywords.append("AUTH " + " ".join(MECHANISMS))
        elif self._house.tls is not None:
            keywords.append("STARTTLS")
        await self.reply("\r\n".join(f"250{' ' if k is keywords[-1] else '-'}{k}" for k in keywords))

    async def smtp_HELO(self, argument: bytes) -> None:
        """RFC 5321 section 4.1.1.1. Without EHLO there is no AUTH, hence no MAIL."""
        check_ehlo_name(argument)
        self._greeted, self._extended = True, False
        self._transaction = Transaction()
        await self.reply(f"250 {self.hostname}")

    async def smtp_STARTTLS(self, argument: bytes) -> None:
        """RFC 3207. Everything known of the peer before is forgotten; whoever sends on before the 220 is cut off."""
        if argument:
            raise Unacceptable("501 5.5.4 syntax: STARTTLS")
        if self._secured or self._house.tls is None:
            raise Unacceptable("503 5.5.1 STARTTLS not possible here")
        if self._inbound.ahead:
            await self._goodbye("503 5.5.1 commands after STARTTLS")
            return
        await self.reply("220 2.0.0 go ahead")
        try:
            await self._writer.start_tls(self._house.tls, ssl_handshake_timeout=self._house.settings.handshake_seconds)
        except OSError as error:  # ssl.SSLError, or ConnectionAbortedError for a handshake not made in time
            self.connection_lost(error)  # which asyncio calls for some of these only
            raise PeerGone from None
        transport: Any = self._writer.transport
        self.transport = transport
        self._inbound.attach(transport)
        self._secured = self._secure_transport = True
        self._greeted = self._extended = False
        self._transaction = Transaction()

    async def smtp_AUTH(self, argument: bytes) -> None:
        """RFC 4954, mechanism in any case; passwords are verified off the event loop, within the budget of failures."""
        if not self._extended:
            raise Unacceptable("503 5.5.1 EHLO first")
        if not self._secured:
            raise Unacceptable("538 5.7.11 encryption required")
        if self._account is not None or self._transaction.opened:
            raise Unacceptable("503 5.5.1 not now")
        words = argument.split()
        mechanism = words[0].decode("ascii", "replace").upper() if words else ""
        if mechanism not in MECHANISMS or len(words) > 2:
            raise Unacceptable("504 5.5.4 mechanism not offered")
        await self._log_in(*await credentials(mechanism, words[1] if len(words) == 2 else None, self._ask))

    async def _log_in(self, login: str, password: bytes) -> None:
        guard, account = self._house.guard, None
        admitted = guard.admit(self._address, login)
        if admitted:
            try:
                account = await self._house.accounts.verify(login, password)
            except BaseException:
                guard.forgive(self._address, login)
                raise
        if account is not None:
            guard.succeeded(self._address, login)
            self._account = account
            await self.reply("235 2.7.0 welcome")
            return
        self._wrong_logins += 1
        await self.reply("535 5.7.8 credentials invalid" if admitted else "454 4.7.0 too many failed logins, try again later")
        if self._wrong_logins >= self._house.settings.login_tries:
            await self._goodbye("421 4.7.0 too many failed logins")

    async def _ask(self, challenge: bytes) -> bytes:
        await self.reply("334 " + b64encode(challenge).decode("ascii"))
        return await self._line()

    async def smtp_NOOP(self, argument: bytes) -> None:
        """RFC 5321 section 4.1.1.9."""
        await self.reply("250 2.0.0 here")

    async def smtp_RSET(self, argument: bytes) -> None:
        """RFC 5321 section 4.1.1.5."""
        self._transaction = Transaction()
        await self.reply("250 2.0.0 forgotten")

    async def smtp_VRFY(self, argument: bytes) -> None:
        """RFC 5321 section 3.5.3: says nothing about anybody."""
        self._require_login()
        await self.reply("252 2.0.0 send the mail and see")

    async def smtp_EXPN(self, argument: bytes) -> None:  # type: ignore[override]  # all methods get octets here
        """RFC 5321 section 3.5.2."""
        raise Unacceptable("502 5.5.1 not offered")

    async def smtp_HELP(self, argument: bytes) -> None:
        """RFC 5321 section 4.1.1.8."""
        await self.reply("214 2.0.0 EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, RSET, NOOP, QUIT: see RFC 6409")

    async def smtp_QUIT(self, argument: bytes) -> None:
        """RFC 5321 section 4.1.1.10."""
        await self._goodbye("221 2.0.0 goodbye")

    # -------------------------------------------------------------------------------------------- the mail transaction
    def _require_login(self) -> Account:
        if not self._greeted:
            raise Unacceptable("503 5.5.1 EHLO first")
        if self._account is None:
            raise Unacceptable("530 5.7.0 authentication required")
        return self._account

    async def smtp_MAIL(self, argument: bytes) -> None:
        """RFC 5321 section 4.1.1.2; the reverse-path belongs to the account (RFC 6409 section 6.1)."""
        account = self._require_login()
        if self._transaction.opened:
            raise Unacceptable("503 5.5.1 MAIL was given already")
        path, given = path_and_parameters(b"FROM:", argument)
        parameters = mail_parameters(given, self._house.settings.size_limit)
        try:
            reverse_path = parse_path(path, smtputf8=parameters.smtputf8) if path else None
        except MalformedPath:
            raise SenderNotCoach from None
        # the null reverse-path is for automatic replies, so for every account that may write at all
        if not account.authors or (reverse_path is not None and not may_write_as(str(reverse_path), account.authors)):
            raise SenderNotCoach
        self._transaction = Transaction(True, reverse_path, parameters)
        await self.reply("250 2.1.0 sender noted")

    async def smtp_RCPT(self, argument: bytes) -> None:
        """RFC 5321 section 4.1.1.3; one refused recipient leaves the others standing."""
        self._require_login()
        if not self._transaction.opened:
            raise Unacceptable("503 5.5.1 MAIL first")
        octets, given = path_and_parameters(b"TO:", argument)
        notify, orcpt = rcpt_parameters(given)
        if len(self._transaction.forward_paths) >= self._house.settings.max_recipients:
            raise Unacceptable("452 4.5.3 too many recipients")
        try:
            mailbox = parse_path(octets, smtputf8=self._transaction.parameters.smtputf8)
        except MalformedPath:
            raise RecipientMalformed from None
        path = octets.decode("utf-8")
        self._transaction.forward_paths.setdefault(path, ForwardPath(path, mailbox, notify, orcpt))
        await self.reply("250 2.1.5 recipient noted")

    async def smtp_DATA(self, argument: bytes) -> None:
        """RFC 5321 section 4.1.1.4. After the dot the work is a task of its own: the reply is decided by the commit, not by the socket."""
        account = self._require_login()
        if argument:
            raise Unacceptable("501 5.5.4 syntax: DATA")
        if not self._transaction.forward_paths:
            raise Unacceptable("503 5.5.1 RCPT first")
        settings = self._house.settings
        envelope = self._envelope_of(account)
        self._transaction = Transaction()
        await self.reply("354 end with a dot on a line of its own")
        pace = Pace(settings.idle_seconds, settings.data_seconds, settings.grace_seconds, settings.slowest_rate)
        try:
            raw = await self._inbound.message(settings.size_limit, pace)
        except BareLineEnd as error:  # whoever disagrees with us about line ends may not see the end of the message where we do
            await self._goodbye(_explained(error))
            return
        work = self.loop.create_task(self._take(Submission(envelope, raw, self._house.clock.now())))
        del raw  # the task alone holds the octets
        self._house.work.add(work)
        work.add_done_callback(self._house.work.discard)
        await self.reply(await asyncio.shield(work))

    def _envelope_of(self, account: Account) -> Envelope:
        said = self._transaction.parameters
        return Envelope(
            account.login,
            account.tenant,
            self._transaction.reverse_path,
            tuple(self._transaction.forward_paths.values()),
            smtputf8=said.smtputf8,
            body_8bit=said.body_8bit,
            ret=said.ret,
            envid=said.envid,
            authors=account.authors,
            login_role=account.role,
        )

    async def _take(self, submission: Submission) -> str:
        """Hand over to the pipeline; the reply to give."""
        try:
            receipt = await self._house.accept(submission)
        except Exception as error:  # noqa: BLE001 -- law 2: whatever went wrong, the mail program keeps the mail
            return _explained(error)
        self._commands = 0
        return f"250 2.0.0 taken as {receipt.submission_id}"


def _explained(error: Exception) -> str:
    """The table's reply; a fault gets a reference under which the log has its class, and neither has its text."""
    row = failure(error)
    if row is not FAULT:
        log.info("submission-refused" if isinstance(error, Refused) else "submission-deferred", reason=row.audit)
        return row.reply
    reference = secrets.token_hex(4)
    log.error("submission-fault", error=type(error).__name__, reference=reference)
    return f"{row.reply} (reference {reference})"
