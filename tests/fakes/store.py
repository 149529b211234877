"""A store in memory that keeps the promises of `gateway.edges.store.Store` as `tests/contracts/test_store.py` states them, without disk, sealing or threads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.core import audit, schedule
from gateway.core.appointment import Appointment
from gateway.core.audience import with_lessons
from gateway.core.calendar.life import forget_after, joined
from gateway.core.model import AuditEvent, Client, Coach, Contact, Directory, HeldItem, Lesson, Outgoing, Receipt
from gateway.edges.store import EndedCopy, Entry, User
from gateway.edges.store.outbound import KEEP_UNCLEAR
from gateway.errors import StoreUnavailable
from gateway.ports import Clock, Cursor, Custody, Delivery, Hash, HeldDeposit, Lease, Result

_ENDS = {Result.DELIVERED: "done", Result.DEFERRED: "failed", Result.FAILED: "failed", Result.UNCLEAR: "unclear"}
_CLOSINGS = {"diverted", "released", "sent-as-is", "discarded", "resolved"}


@dataclass
class Kept:
    """A copy in the queue."""

    outgoing: Outgoing
    tenant: int
    submission_id: str | None
    queued_at: datetime
    next_attempt_at: datetime
    state: str = "queued"
    attempts: int = 0
    unclear: bool = False
    lease_until: datetime | None = None
    last_reply: str = ""
    finished_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in ("failed", "unclear") and bool(self.outgoing.octets)


def _is_name(key: str, value: str) -> bool:
    return key in ("recipient", "by", "user") and ("@" in value or not audit.is_code(value))


class FakeStore:
    """`ports.Store` and the store's other methods. `unavailable = True` makes every call fail as a full disk would; `copies` and `log` are there to look at."""

    def __init__(self, clock: Clock, lease: timedelta = timedelta(minutes=30)) -> None:
        self.clock, self.lease, self.unavailable = clock, lease, False
        self.copies: dict[str, Kept] = {}
        self.log: dict[int, list[Entry]] = {}
        self._receipts: dict[tuple[int, bytes], tuple[datetime, Receipt]] = {}
        self._accepted: set[str] = set()
        self._untold: dict[str, tuple[int, datetime, tuple[tuple[str, str], ...]]] = {}
        self._held: dict[str, HeldDeposit] = {}
        self._directories: dict[int, Directory] = {}
        self._keys: dict[tuple[int, str], bytes] = {}
        self._ids: dict[int, set[str]] = {}
        self._users: dict[str, tuple[int, User]] = {}
        self._appointments: dict[tuple[int, str], tuple[Appointment, datetime | None]] = {}
        self._lessons: dict[int, dict[str, Lesson]] = {}
        self._cursors: dict[tuple[int, str], Cursor] = {}
        self._passed: set[tuple[int, str]] = set()
        self._mailboxes: dict[int, tuple[str, datetime]] = {}

    # ------------------------------------------------------------------------------------------------ audit
    async def record(self, tenant: int, events: Sequence[AuditEvent]) -> None:
        self._ready()
        self._append(tenant, events)

    def _append(self, tenant: int, events: Sequence[AuditEvent]) -> None:
        named = [replace(e, detail=tuple((k, self.pseudonym(v) if _is_name(k, v) else v) for k, v in e.detail)) for e in events]
        for event in named:
            audit.check(event)
        log = self.log.setdefault(tenant, [])
        for event in named:
            clear = audit.detail_octets(event, "00")
            previous = log[-1].row.hash if log else audit.first_previous()
            names = (event.event, event.submission_id, event.client_id)
            row = audit.Row(tenant, len(log) + 1, self.clock.now(), *names, clear, hashlib.sha256(clear).digest(), previous, b"")
            log.append(Entry(replace(row, hash=audit.row_hash(row)), clear))
            if event.client_id is not None:
                self._ids.setdefault(tenant, set()).add(event.client_id)

    def pseudonym(self, address: str) -> str:
        return "p-" + hashlib.sha256(address.casefold().encode()).hexdigest()[:16]

    async def events(
        self, tenant: int, *, client_id: str | None = None, submission_id: str | None = None, seq: int | None = None, last: int | None = None
    ) -> list[Entry]:
        self._ready()
        found = [e for e in self.log.get(tenant, []) if seq in (None, e.row.seq) and client_id in (None, e.row.client_id)]
        found = [e for e in found if submission_id in (None, e.row.submission_id)]
        return found if last is None else found[-last:]

    def _ready(self) -> None:
        if self.unavailable:
            raise StoreUnavailable

    # ------------------------------------------------------------------------------------------------ custody
    async def seen(self, key: Hash) -> Receipt | None:
        self._ready()
        for (_, digest), (at, receipt) in self._receipts.items():
            if digest == key.digest and at > self.clock.now() - timedelta(hours=24):
                return replace(receipt, repeated=True)
        return None

    async def commit(self, custody: Custody) -> Receipt:
        self._ready()
        name = (custody.tenant, custody.key.digest)
        if name in self._receipts and self._receipts[name][0] > custody.at - timedelta(hours=24):
            return replace(self._receipts[name][1], repeated=True)
        ids = [o.id for o in custody.outgoing] + [d.item.id for d in custody.held]
        if len(set(ids)) < len(ids) or any(i in self.copies or i in self._held for i in ids) or custody.submission_id in self._accepted:
            raise StoreUnavailable
        self._append(custody.tenant, custody.events)
        self._queue(custody.tenant, custody.submission_id, custody.at, custody.outgoing)
        self._held |= {d.item.id: d for d in custody.held}
        self._remember(custody.tenant, custody.appointments, custody.at)
        self._passed.add((custody.tenant, custody.message_id))
        receipt = Receipt(custody.submission_id, copies=len(custody.outgoing), held=len(custody.held))
        self._receipts[name] = custody.at, receipt
        self._accepted.add(custody.submission_id)
        if custody.untold:
            self._untold[custody.submission_id] = custody.tenant, custody.at, custody.summary
        return receipt

    def _queue(self, tenant: int, submission_id: str | None, at: datetime, outgoing: Iterable[Outgoing]) -> None:
        for copy in outgoing:
            self.copies[copy.id] = Kept(copy, tenant, submission_id, at, at)

    async def untold(self, tenant: int) -> list[tuple[str, datetime, tuple[tuple[str, str], ...]]]:
        self._ready()
        return [(i, at, summary) for i, (owner, at, summary) in self._untold.items() if owner == tenant]

    async def tell(self, tenant: int, submission_ids: Iterable[str], notice: Outgoing, events: tuple[AuditEvent, ...] = ()) -> bool:
        self._ready()
        ids = set(submission_ids)
        if not ids or not ids <= {i for i, (owner, _, _) in self._untold.items() if owner == tenant}:
            return False
        self._append(tenant, events or (AuditEvent("told", None, None, (("count", str(len(ids))),)),))
        self._queue(tenant, None, self.clock.now(), (notice,))
        for i in ids:
            del self._untold[i]
        return True

    # ------------------------------------------------------------------------------------------------ queue
    async def claim(self, now: datetime, limit: int) -> Sequence[Lease]:
        self._ready()
        due = [k for k in self.copies.values() if k.state == "queued" and schedule.is_due(k.next_attempt_at, now)]
        due += [k for k in self.copies.values() if k.state == "leased" and k.lease_until is not None and k.lease_until <= now]
        due = sorted(due, key=lambda k: k.next_attempt_at)[:limit]
        for kept in due:
            kept.state, kept.attempts, kept.lease_until = "leased", kept.attempts + 1, now + self.lease
        return [Lease(k.outgoing, k.tenant, k.attempts, k.queued_at, k.unclear, submission_id=k.submission_id) for k in due]

    async def settle(
        self, copy_id: str, delivery: Delivery, next_attempt: datetime | None, events: tuple[AuditEvent, ...], notice: Outgoing | None = None
    ) -> None:
        self._ready()
        if copy_id not in self.copies:
            raise ValueError("no such copy")
        kept = self.copies[copy_id]
        self._append(kept.tenant, events)
        if notice is not None:
            self._queue(kept.tenant, kept.submission_id, self.clock.now(), (notice,))
        if kept.state not in ("queued", "leased"):
            return
        kept.unclear, kept.last_reply = kept.unclear or delivery.result is Result.UNCLEAR, delivery.reply
        if next_attempt is None:
            kept.state, kept.finished_at = _ENDS[delivery.result], self.clock.now()
            if kept.state != "unclear":
                kept.outgoing = replace(kept.outgoing, octets=b"")
        else:
            kept.state, kept.next_attempt_at = "queued", next_attempt

    async def release_leases(self, owner: str | None = None) -> int:
        self._ready()
        leased = [k for k in self.copies.values() if k.state == "leased"]
        for kept in leased:
            kept.state, kept.next_attempt_at = "queued", schedule.after_crash(kept.outgoing.id, kept.attempts, self.clock.now())
        return len(leased)

    async def next_due(self) -> datetime | None:
        self._ready()
        return min((k.next_attempt_at for k in self.copies.values() if k.state == "queued"), default=None)

    async def status(self, tenant: int | None = None) -> dict[str, int]:
        self._ready()
        states = [k.state for k in self.copies.values() if tenant in (None, k.tenant)]
        counts = {"pending": states.count("queued") + states.count("leased"), "held": len(self._held), "accepted": len(self._accepted)}
        ends = {"relayed": states.count("done"), "failed": states.count("failed"), "unclear": states.count("unclear"), "damaged": 0}
        return counts | ends | {"untold": len(self._untold)}

    async def erase(self) -> int:
        old = [k for k in self.copies.values() if k.is_open and k.finished_at and k.finished_at <= self.clock.now() - KEEP_UNCLEAR]
        for kept in old:
            kept.outgoing = replace(kept.outgoing, octets=b"")
            self._append(kept.tenant, (AuditEvent("erased", kept.submission_id, kept.outgoing.client_id, (("copy", kept.outgoing.id),)),))
        over = [name for name, (_, until) in self._appointments.items() if until and until <= self.clock.now()]
        for name in over:
            del self._appointments[name]
        return len(old) + len(over)

    # ------------------------------------------------------------------------------------------------ ended copies
    async def ended_list(self, tenant: int) -> list[EndedCopy]:
        self._ready()
        found = sorted((k for k in self.copies.values() if k.is_open and k.tenant == tenant), key=lambda k: (k.queued_at, k.outgoing.id))
        return [
            EndedCopy(
                o.id, o.purpose, o.forward_path.path, o.client_id, k.submission_id, k.state, k.last_reply, k.queued_at, k.finished_at
            )
            for k in found
            for o in (k.outgoing,)
        ]

    async def requeue(self, copy_id: str, events: tuple[AuditEvent, ...]) -> bool:
        kept = self._decide(copy_id, events)
        if kept is not None:
            now = self.clock.now()
            kept.state, kept.attempts, kept.queued_at, kept.next_attempt_at, kept.finished_at = "queued", 0, now, now, None
        return kept is not None

    async def drop(self, copy_id: str, events: tuple[AuditEvent, ...]) -> bool:
        kept = self._decide(copy_id, events)
        if kept is not None:
            kept.outgoing = replace(kept.outgoing, octets=b"")
        return kept is not None

    def _decide(self, copy_id: str, events: tuple[AuditEvent, ...]) -> Kept | None:
        self._ready()
        if not events:
            raise ValueError
        kept = self.copies.get(copy_id)
        if kept is None or not kept.is_open:
            return None
        self._append(kept.tenant, events)
        return kept

    # ------------------------------------------------------------------------------------------------ held items
    async def held_list(self, tenant: int) -> list[HeldItem]:
        self._ready()
        return sorted((replace(d.item, raw=None) for d in self._held.values() if d.item.tenant == tenant), key=lambda item: (item.since, item.id))

    async def held_get(self, held_id: str, with_raw: bool = False) -> HeldItem | None:
        self._ready()
        deposit = self._held.get(held_id)
        return None if deposit is None else deposit.item if with_raw else replace(deposit.item, raw=None)

    async def held_by_token(self, token: str) -> HeldItem | None:
        self._ready()
        mark = hashlib.sha256(token.encode()).digest()
        return next((replace(d.item, raw=None) for d in self._held.values() if d.token_hash == mark), None)

    async def waiting_for_key(self, tenant: int, client_id: str | None = None) -> list[HeldItem]:
        return [i for i in await self.held_list(tenant) if (i.reason.startswith("key-") if client_id is None else i.client_id == client_id)]

    async def resolve_held(
        self,
        held_id: str,
        closing: str,
        outgoing: tuple[Outgoing, ...],
        events: tuple[AuditEvent, ...],
        at: datetime | None = None,
        appointments: tuple[Appointment, ...] = (),
    ) -> bool:
        self._ready()
        if closing not in _CLOSINGS or not events:
            raise ValueError
        if held_id not in self._held:
            return False
        tenant = self._held[held_id].item.tenant
        self._append(tenant, events)
        del self._held[held_id]
        self._queue(tenant, None, at or self.clock.now(), outgoing)
        self._remember(tenant, appointments, at or self.clock.now())
        return True

    # ------------------------------------------------------------------------------------------------ appointments
    async def appointment(self, tenant: int, uid: str) -> Appointment | None:
        self._ready()
        return self._appointments.get((tenant, uid), (None, None))[0]

    async def appointments(self, tenant: int, company_uids: Sequence[str]) -> dict[str, Appointment]:
        self._ready()
        mine = {known.company_uid.lower(): known for (owner, _), (known, _) in self._appointments.items() if owner == tenant}
        return {uid: mine[uid.lower()] for uid in company_uids if uid.lower() in mine}

    async def bring(self, tenant: int, news: tuple[Appointment, ...], outgoing: tuple[Outgoing, ...], events: tuple[AuditEvent, ...]) -> None:
        self._ready()
        self._append(tenant, events)
        self._queue(tenant, None, self.clock.now(), outgoing)
        self._remember(tenant, news, self.clock.now())

    def _remember(self, tenant: int, news: Iterable[Appointment], at: datetime) -> None:
        for appointment in news:
            known, _ = self._appointments.get((tenant, appointment.uid), (None, None))
            whole = joined(known, appointment)
            until = forget_after(whole, at.astimezone(UTC).replace(tzinfo=None))
            self._appointments[tenant, appointment.uid] = whole, until and until.replace(tzinfo=UTC)

    # ------------------------------------------------------------------------------------------------ people
    async def directory(self, tenant: int) -> Directory:
        self._ready()
        return self._directories[tenant]

    async def put_coach(self, tenant: int, coach: Coach) -> None:
        self._ready()
        known = self._directories.get(tenant)
        coach = coach if known is None else replace(coach, places=known.coach.places, phrases=known.coach.phrases)
        if known is None or known.coach != coach:
            self._directories[tenant] = Directory(coach) if known is None else replace(known, coach=coach)
            self._append(tenant, (AuditEvent("coach-changed", None, None),))

    async def put_client(self, tenant: int, client: Client, public_key: bytes | None = None) -> None:
        self._ready()
        known = self._directories[tenant]
        clients = {c.id: c for c in known.clients} | {client.id: client}
        self._directories[tenant] = replace(known, clients=tuple(clients[i] for i in sorted(clients)))
        if public_key is not None:
            self._keys[tenant, client.id] = public_key
        elif client.fingerprint is None:
            self._keys.pop((tenant, client.id), None)
        self._append(tenant, (AuditEvent("client-changed", None, client.id),))

    async def remove_client(self, tenant: int, client_id: str) -> bool:
        self._ready()
        known = self._directories[tenant]
        rest = tuple(c for c in known.clients if c.id != client_id)
        if len(rest) == len(known.clients):
            return False
        self._directories[tenant] = replace(known, clients=rest)
        self._keys.pop((tenant, client_id), None)
        self._append(tenant, (AuditEvent("client-removed", None, client_id),))
        return True

    async def clients(self, tenant: int) -> tuple[Client, ...]:
        return (await self.directory(tenant)).clients

    async def next_client_id(self, tenant: int) -> str:
        numbers = [int(i[2:]) for i in self._ids.get(tenant, ()) if i[2:].isdigit()]
        return f"c-{max(numbers, default=0) + 1:04d}"

    async def client_key(self, tenant: int, client_id: str) -> bytes | None:
        self._ready()
        return self._keys.get((tenant, client_id))

    async def put_contact(self, tenant: int, contact: Contact) -> None:
        self._ready()
        known = self._directories[tenant]
        self._directories[tenant] = replace(known, contacts=(*(c for c in known.contacts if c.pattern != contact.pattern), contact))
        self._append(tenant, (AuditEvent("contact-changed", None, None, (("role", contact.role.value), ("recipient", self.pseudonym(contact.pattern)))),))

    async def remove_contact(self, tenant: int, pattern: str) -> bool:
        self._ready()
        known = self._directories[tenant]
        rest = tuple(c for c in known.contacts if c.pattern != pattern)
        if len(rest) == len(known.contacts):
            return False
        self._directories[tenant] = replace(known, contacts=rest)
        self._append(tenant, (AuditEvent("contact-removed", None, None, (("recipient", self.pseudonym(pattern)),)),))
        return True

    async def lessons(self, tenant: int) -> tuple[Lesson, ...]:
        self._ready()
        return tuple(self._lessons.get(tenant, {}).values())

    async def teach(self, tenant: int, lesson: Lesson) -> Lesson:
        self._ready()
        text = "\0".join((str(tenant), lesson.kind, lesson.language, lesson.text.casefold()))
        kept = replace(lesson, id=hashlib.sha256(text.encode()).hexdigest()[:16], since=self.clock.now())
        lessons = self._lessons.setdefault(tenant, {})
        if kept.id not in lessons:
            lessons[kept.id] = kept
            self._learn(tenant, kept, "added", lesson.by)
        return kept

    async def forget(self, tenant: int, lesson_id: str, by: str) -> bool:
        self._ready()
        lesson = self._lessons.get(tenant, {}).pop(lesson_id, None)
        if lesson is not None:
            self._learn(tenant, lesson, "removed", by)
        return lesson is not None

    def _learn(self, tenant: int, lesson: Lesson, done: str, by: str) -> None:
        self._append(tenant, (AuditEvent(f"{'place' if lesson.kind == 'place' else 'vocabulary'}-{done}", None, None, (("item", lesson.id), ("by", by))),))
        known = self._directories[tenant]
        self._directories[tenant] = replace(known, coach=with_lessons(known.coach, self._lessons[tenant].values()))

    async def put_user(self, tenant: int, user: User) -> None:
        self._ready()
        if user.role not in ("coach", "assistant", "auditor"):
            raise ValueError
        if self._users.get(user.login, (tenant,))[0] != tenant:
            raise StoreUnavailable
        self._users[user.login] = tenant, user
        self._append(tenant, (AuditEvent("user-changed", None, None, (("user", self.pseudonym(user.login)), ("role", user.role))),))

    async def user(self, login: str) -> tuple[int, User] | None:
        self._ready()
        return self._users.get(login)

    async def users(self, tenant: int) -> list[User]:
        self._ready()
        return sorted((u for owner, u in self._users.values() if owner == tenant), key=lambda user: user.login)

    async def remove_user(self, tenant: int, login: str) -> bool:
        self._ready()
        if self._users.get(login, (None,))[0] != tenant:
            return False
        del self._users[login]
        self._append(tenant, (AuditEvent("user-removed", None, None, (("user", self.pseudonym(login)),)),))
        return True

    def close(self) -> None:
        self.unavailable = True

    # ------------------------------------------------------------------------------------------------ the watch over the mailbox
    async def cursor(self, tenant: int, folder: str) -> Cursor | None:
        self._ready()
        return self._cursors.get((tenant, folder))

    async def advance(
        self, tenant: int, folder: str, cursor: Cursor, *, told: str = "", outgoing: Sequence[Outgoing] = (), events: Sequence[AuditEvent] = ()
    ) -> None:
        self._ready()
        self._append(tenant, events)
        self._cursors[tenant, folder] = cursor
        self._passed.add((tenant, told))
        self._queue(tenant, None, self.clock.now(), outgoing)

    async def has_passed(self, tenant: int, message_id: str) -> bool:
        self._ready()
        return bool(message_id) and (tenant, message_id) in self._passed

    async def mailbox_state(self, tenant: int) -> tuple[str, datetime] | None:
        self._ready()
        return self._mailboxes.get(tenant)

    async def put_mailbox_state(self, tenant: int, state: str, outgoing: Sequence[Outgoing] = (), events: Sequence[AuditEvent] = ()) -> None:
        self._ready()
        if self._mailboxes.get(tenant, ("",))[0] != state:
            self._append(tenant, events)
            self._mailboxes[tenant] = state, self.clock.now()
        self._queue(tenant, None, self.clock.now(), outgoing)
