"""The watch over sent mail: what went to a company without passing the gateway is judged by the same rules, and the coach is told.

    list > header > known? > recipients at a company? > read > decide > notice and `bypass` event

Nothing is changed in the mailbox, and nothing can be called back. A message is known by its Message-ID: the gateway's own bear its mark, and those that a
mail program handed in are remembered by the store. Some programs file a mail before they hand it in, so it is told of at the second look, not the first.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from gateway.core.addressed import message_id, was_sent_to
from gateway.core.audience import context_for, identify
from gateway.core.decide import decide, kinds_of
from gateway.core.loop import is_own
from gateway.core.model import Action, AuditEvent, Directory, Envelope, Kind, Recipient, Role, Submission, Verdict
from gateway.core.notice import bypass_notice
from gateway.edges.store import Store
from gateway.house import House, Ports
from gateway.outbox import LOGIN
from gateway.pipeline import read
from gateway.ports import Cursor, Folders, Head

_COMPANY = frozenset({Role.CLIENT_WORK, Role.SPONSOR, Role.COLLEAGUE})
_NOWHERE = 2**32  # above every UID (RFC 9051 section 2.3.1.1)
_OVERLAP = timedelta(days=1)  # SINCE has days only, of the server's own zone
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bypass:
    """A message that went round the gateway: what it held that a company must not get, for each recipient there."""

    name: str  # its Message-ID, or what stands for it
    verdicts: tuple[Verdict, ...]


@dataclass(slots=True)
class SentWatch:
    """One tenant's. `outbox` is the folder that the notice recommends."""

    tenant: int
    outbox: str
    folders: Folders
    ports: Ports
    house: House
    store: Store
    wake: asyncio.Event
    size_limit: int  # octets; of a larger message nothing is read, and it counts as opaque
    _seen: set[tuple[str, int, int]] = field(default_factory=set)  # folder, UIDVALIDITY, UID: suspicious at the last look

    async def look(self, folder: str) -> None:
        """Judge what is new in `folder`. The first look only notes where it ends: what lies there already is not new.

        Raises `MailboxUnavailable` and failures of the store; the next look begins where this one got to.
        """
        now = self.ports.clock.now()
        cursor = await self.store.cursor(self.tenant, folder)
        listing = await self.folders.listing(folder, after=cursor.uid if cursor else _NOWHERE)
        if cursor and listing.uidvalidity != cursor.uidvalidity:
            # every number means another message now: by date, then; what passed or was told of is known by its Message-ID
            _log.warning("sent mail: the server has numbered the folder anew")
            listing = await self.folders.listing(folder, since=cursor.at - _OVERLAP)
        waiting = []
        for uid in listing.uids:
            bypass = await self._judge(folder, uid)
            mark = (folder, listing.uidvalidity, uid)
            if bypass is None:
                self._seen.discard(mark)
            elif mark not in self._seen:
                self._seen.add(mark)
                waiting.append(uid)
            else:
                await self._tell(folder, Cursor(listing.uidvalidity, min((*waiting, uid + 1)) - 1, now), bypass)
                self._seen.discard(mark)
        reached = Cursor(listing.uidvalidity, min((*waiting, listing.next_uid)) - 1, now)
        if cursor is None or (cursor.uidvalidity, cursor.uid) != (reached.uidvalidity, reached.uid):
            await self.store.advance(self.tenant, folder, reached)

    async def _judge(self, folder: str, uid: int) -> Bypass | None:
        head = await self.folders.head(folder, uid)
        if head is None:
            return None
        name = message_id(head.section)
        if is_own(name, self.house.loop_key):
            return None
        name = name or hashlib.sha256(head.section).hexdigest()
        if await self.store.has_passed(self.tenant, name):
            return None
        directory = await self.store.directory(self.tenant)
        paths = was_sent_to(head.section)
        recipients = tuple(r for r in identify(Envelope(LOGIN, self.tenant, None, paths), directory) if r.role in _COMPANY)
        verdicts = await self._verdicts(folder, uid, head, recipients, directory) if recipients else ()
        return Bypass(name, verdicts) if verdicts else None

    async def _verdicts(self, folder: str, uid: int, head: Head, recipients: tuple[Recipient, ...], directory: Directory) -> tuple[Verdict, ...]:
        """What the rules would have kept from those recipients."""
        house = self.house
        raw = await self.folders.message(folder, uid) if head.octets <= self.size_limit else b""
        if raw is None:
            return ()
        if not raw:
            found = [v for r in recipients for v in decide(r, {Kind.OPAQUE}, house.ruleset)]
        else:
            envelope = Envelope(LOGIN, self.tenant, None, tuple(r.forward_path for r in recipients))
            analysis = await read(Submission(envelope, raw, self.ports.clock.now()), recipients, directory, self.ports, house)
            contexts = {r: context_for(r, directory.coach, house.places, house.approved_links) for r in recipients}
            found = [v for r in recipients for v in decide(r, kinds_of(analysis, analysis.reading(contexts[r])), house.ruleset)]
        return tuple(v for v in found if v.action > Action.DELIVER)

    async def _tell(self, folder: str, cursor: Cursor, bypass: Bypass) -> None:
        """Notice, events and place in one transaction."""
        coach, now = (await self.store.directory(self.tenant)).coach, self.ports.clock.now()
        by_recipient: dict[Recipient, list[Verdict]] = {}
        for verdict in bypass.verdicts:
            by_recipient.setdefault(verdict.recipient, []).append(verdict)
        kinds = sorted({v.kind.value for v in bypass.verdicts})
        paths = [r.forward_path.path for r in by_recipient]
        notice = self.house.notice(self.ports.ids.new(), coach, now, lambda stamp: bypass_notice(paths, kinds, now, self.outbox, coach, stamp))
        events = [_event(recipient, verdicts) for recipient, verdicts in by_recipient.items()]
        await self.store.advance(self.tenant, folder, cursor, told=bypass.name, outgoing=(notice,), events=events)
        _log.warning("sent mail: went round the gateway", recipients=len(paths), kinds=",".join(kinds))
        self.wake.set()


def _event(recipient: Recipient, verdicts: list[Verdict]) -> AuditEvent:
    detail = (
        ("role", recipient.role.value),
        ("recipient", recipient.forward_path.path),  # the store writes its pseudonym
        ("kinds", ",".join(v.kind.value for v in verdicts)),
        ("rules", ",".join(dict.fromkeys(rule for v in verdicts for rule in v.rule_ids))),
    )
    return AuditEvent("bypass", None, recipient.client.id if recipient.client else None, detail)
