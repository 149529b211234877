"""What a mail program may say, and in which order (RFC 5321, 3207, 4954, 6409): one method a command.

Never decides about a recipient, never reads a message, and names in a reply nothing of what the peer said.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode

from gateway.core.address import MalformedPath, may_write_as, parse_path
from gateway.core.model import Account, Envelope, ForwardPath, Submission
from gateway.edges.submission.auth import MECHANISMS, credentials
from gateway.edges.submission.command import Unacceptable, check_ehlo_name, mail_parameters, path_and_parameters, rcpt_parameters
from gateway.edges.submission.connection import Connection, Transaction, explained, log
from gateway.edges.submission.inbound import Pace
from gateway.edges.submission.limits import TooManyFailures
from gateway.errors import BareLineEnd, RecipientMalformed, SenderNotCoach


class Conversation(Connection):
    """A connection that understands submission."""

    # -------------------------------------------------------------------------------------------- session commands
    async def smtp_EHLO(self, argument: bytes) -> None:
        """RFC 5321 section 4.1.1.1; keywords only for what is done here, AUTH only where it may be used."""
        check_ehlo_name(argument)
        self._greeted = self._extended = True
        self._transaction = Transaction()
        keywords = [self.hostname, f"SIZE {self._shared.settings.size_limit}", "8BITMIME", "SMTPUTF8", "DSN", "PIPELINING", "ENHANCEDSTATUSCODES"]
        if self._secured:
            keywords.append("AUTH " + " ".join(MECHANISMS))
        elif self._shared.tls is not None:
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
        if self._secured or self._shared.tls is None:
            raise Unacceptable("503 5.5.1 STARTTLS not possible here")
        if self._inbound.ahead:
            await self._goodbye("503 5.5.1 commands after STARTTLS")
            return
        await self.reply("220 2.0.0 go ahead")
        await self.upgrade(self._shared.tls)
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
        try:
            self._account = await self._shared.guard.judge(self._address, login, lambda: self._shared.accounts.verify(login, password))
            refusal = "535 5.7.8 credentials invalid"
        except TooManyFailures:
            refusal = "454 4.7.0 too many failed logins, try again later"
        if self._account is not None:
            await self.reply("235 2.7.0 welcome")
            return
        self._wrong_logins += 1
        await self.reply(refusal)
        if self._wrong_logins >= self._shared.settings.login_tries:
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
        parameters = mail_parameters(given, self._shared.settings.size_limit)
        try:
            reverse_path = parse_path(path, smtputf8=parameters.smtputf8) if path else None
        except MalformedPath:
            raise SenderNotCoach from None
        # the null reverse-path is for automatic replies, so for every account that may write at all
        if not account.authors or (reverse_path is not None and not may_write_as(str(reverse_path), account.authors)):
            raise SenderNotCoach
        self._require_room(parameters.size)
        self._transaction = Transaction(True, reverse_path, parameters)
        await self.reply("250 2.1.0 sender noted")

    def _require_room(self, size: int) -> None:
        """RFC 1870 section 6.1: 452 before the mail is sent, where the disk would not hold it. `size` as declared, 0 where it was not."""
        room = self._shared.room() if self._shared.room is not None else None
        if room is not None and (room < 0 or size > room):
            log.warning("submission-no-room", room=room, size=size)
            raise Unacceptable("452 4.3.1 not enough room here now; the mail stays with your mail program, which can send it later")

    async def smtp_RCPT(self, argument: bytes) -> None:
        """RFC 5321 section 4.1.1.3; one refused recipient leaves the others standing."""
        self._require_login()
        if not self._transaction.opened:
            raise Unacceptable("503 5.5.1 MAIL first")
        octets, given = path_and_parameters(b"TO:", argument)
        notify, orcpt = rcpt_parameters(given)
        if len(self._transaction.forward_paths) >= self._shared.settings.max_recipients:
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
        settings = self._shared.settings
        envelope = self._envelope_of(account)
        self._transaction = Transaction()
        await self.reply("354 end with a dot on a line of its own")
        pace = Pace(settings.idle_seconds, settings.data_seconds, settings.grace_seconds, settings.slowest_rate)
        try:
            raw = await self._inbound.message(settings.size_limit, pace)
        except BareLineEnd as error:  # whoever disagrees with us about line ends may not see the end of the message where we do
            await self._goodbye(explained(error))
            return
        work = self.loop.create_task(self._take(Submission(envelope, raw, self._shared.clock.now())))
        del raw  # the task alone holds the octets
        self._shared.work.add(work)
        work.add_done_callback(self._shared.work.discard)
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
            receipt = await self._shared.accept(submission)
        except Exception as error:  # noqa: BLE001 -- law 2: whatever went wrong, the mail program keeps the mail
            return explained(error)
        self._commands = 0
        return f"250 2.0.0 taken as {receipt.submission_id}"
