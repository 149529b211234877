"""The outbox folder: a message put there, from any device, takes the way of a submission and is then moved.

    list > fetch > envelope from its fields > accept (the pipeline, up to custody) > mark as taken > move to the sent folder
                                       refused > explanation beside it > move to the held folder

Custody is taken before anything is moved. A crash before it leaves the message in the outbox, untouched; one after it finds the message there again, and
the mark, or the submission key where not even that was written, says that it was taken. So nothing is lost, and nothing is sent twice.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from gateway.core.addressed import NotSendable, to_send
from gateway.core.model import AuditEvent, Receipt, Submission
from gateway.core.notice import not_sent_notice, token_of
from gateway.edges.store import Store
from gateway.errors import BareLineEnd, GatewayError, Looping, RecipientMalformed, Refused, SenderNotCoach, TooLarge, failure
from gateway.house import House, Ports
from gateway.ports import Cursor, Folders

LOGIN = "mailbox"  # as whom the audit log knows what came from the folder
_WORDS = {SenderNotCoach: "author", RecipientMalformed: "address", BareLineEnd: "line-end", TooLarge: "size", Looping: "loop"}
_EVENTS = {"author": "refused-sender", "address": "refused-address", "line-end": "refused-line-end", "size": "refused-size"}
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FolderNames:
    """The folders, as the configuration names them."""

    outbox: str
    sent: str
    held: str
    watch: tuple[str, ...] = ()


@dataclass(slots=True)
class Outbox:
    """One tenant's. `accept` is the way of every submission; `room` says how many octets may still be taken."""

    tenant: int
    names: FolderNames
    folders: Folders
    ports: Ports
    house: House
    store: Store
    accept: Callable[[Submission], Awaitable[Receipt]]
    room: Callable[[], int]
    size_limit: int  # octets
    most_recipients: int
    _later: dict[tuple[int, int], tuple[datetime, timedelta]] = field(default_factory=dict)  # what was put off: until when, and how long that was

    async def look(self) -> None:
        """Deal with every message that is there. Raises `MailboxUnavailable` and failures of the store; whatever was not finished is found again."""
        listing = await self.folders.listing(self.names.outbox)
        if not listing.uids:
            self._later.clear()
            return
        known = await self.store.cursor(self.tenant, self.names.outbox)
        taken = set(known.taken) & set(listing.uids) if known and known.uidvalidity == listing.uidvalidity else set()
        for uid in listing.uids:
            if uid not in taken:
                if not self._is_due((listing.uidvalidity, uid)) or not await self._take(listing.uidvalidity, uid):
                    continue
                taken.add(uid)
                mark = Cursor(listing.uidvalidity, max(taken), self.ports.clock.now(), tuple(sorted(taken)))
                await self.store.advance(self.tenant, self.names.outbox, mark)
            await self.folders.move(self.names.outbox, uid, self.names.sent)

    async def _take(self, uidvalidity: int, uid: int) -> bool:
        """True once the gateway has custody; False where the message was refused, is gone, or must wait."""
        head = await self.folders.head(self.names.outbox, uid)
        if head is None or self.room() < head.octets:
            return False
        if head.octets > self.size_limit:
            await self._refuse(uid, head.section, "size", head.octets)
            return False
        raw = await self.folders.message(self.names.outbox, uid)
        if raw is None:
            return False
        try:
            submission = await self._submission(raw)
            await self.accept(submission)
        except NotSendable as problem:
            await self._refuse(uid, raw, problem.reason, len(raw))
        except Refused as error:  # `accept` has written the event
            await self._set_aside(uid, raw, _WORDS.get(type(error), "other"))
        except Exception as error:  # noqa: BLE001 - law 2: whatever is no refusal puts it off, and the message stays where it is
            self._put_off((uidvalidity, uid), error)
        else:
            self._later.pop((uidvalidity, uid), None)
            return True
        return False

    async def _submission(self, raw: bytes) -> Submission:
        """Raises `NotSendable`."""
        coach = (await self.store.directory(self.tenant)).coach
        envelope, octets = to_send(raw, coach, LOGIN, self.tenant, self.most_recipients)
        if any(token_of(path.mailbox, coach.addresses) for path in envelope.forward_paths):
            raise NotSendable("answer")  # whoever can write to the folder need not be the coach: an assistant may have the mailbox too
        return Submission(envelope, octets, self.ports.clock.now())

    async def _refuse(self, uid: int, raw: bytes, reason: str, octets: int) -> None:
        detail = (("user", LOGIN), ("octets", str(octets)), ("reason", reason))
        await self.store.record(self.tenant, (AuditEvent(_EVENTS.get(reason, "refused"), None, None, detail),))
        await self._set_aside(uid, raw, reason)

    async def _set_aside(self, uid: int, raw: bytes, reason: str) -> None:
        """Explain and move. The explanation's Message-ID comes from the message, so that one interrupted in between is not explained twice."""
        _log.warning("outbox: not taken", reason=reason, octets=len(raw))
        coach = (await self.store.directory(self.tenant)).coach
        name = hmac.new(self.house.digest_key, b"not-sent\0" + raw, hashlib.sha256).hexdigest()[:32]
        notice = self.house.notice(name, coach, self.ports.clock.now(), lambda stamp: not_sent_notice(reason, coach, stamp))
        if not await self.folders.holds(self.names.held, notice.message_id):
            await self.folders.append(self.names.held, notice.octets)
        await self.folders.move(self.names.outbox, uid, self.names.held)

    def _is_due(self, message: tuple[int, int]) -> bool:
        return message not in self._later or self._later[message][0] <= self.ports.clock.now()

    def _put_off(self, message: tuple[int, int], error: Exception) -> None:
        pause = min(2 * self._later[message][1], _LONGEST_PAUSE) if message in self._later else _FIRST_PAUSE
        self._later[message] = self.ports.clock.now() + pause, pause
        word = failure(error).audit if isinstance(error, GatewayError) else "fault"
        _log.warning("outbox: put off", audit=word, error=type(error).__name__, seconds=pause.total_seconds())
