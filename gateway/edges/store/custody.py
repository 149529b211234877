"""Taking custody: one submission's copies, held items and audit events, whole or not at all (RFC 5321 section 6.1: after the 250 the mail is ours).

Everything is sealed before the transaction begins, so that the writing thread only inserts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from gateway.core.appointment import Appointment
from gateway.core.model import AuditEvent, Outgoing, Receipt
from gateway.edges.store import schema
from gateway.edges.store.appointments import Appointments
from gateway.edges.store.base import CopyEnvelope, HeldEnvelope, Told
from gateway.ports import Custody as Deposit
from gateway.ports import Hash, HeldDeposit

REPEAT_WITHIN = timedelta(hours=24)
_INLINE_OCTETS = 256 * 1024  # sealing more than this would stop the event loop for a millisecond: it goes to a thread
Summary = tuple[tuple[str, str], ...]

_INSERT_SUBMISSION, _INSERT_BODIES, _INSERT_COPIES, _INSERT_HELD = (insert(t) for t in (schema.submissions, schema.bodies, schema.copies, schema.held))
_BY_DIGEST = select(schema.submissions.c.id, schema.submissions.c.at, schema.submissions.c.copies, schema.submissions.c.held).where(
    schema.submissions.c.tenant == bindparam("tenant"), schema.submissions.c.digest == bindparam("digest")
)
_SEEN = select(schema.submissions.c.id, schema.submissions.c.copies, schema.submissions.c.held).where(
    schema.submissions.c.digest == bindparam("digest"), schema.submissions.c.at > bindparam("since")
)
_PASSED = select(schema.passed.c.at).where(schema.passed.c.tenant == bindparam("owner"), schema.passed.c.message_hash == bindparam("name"))
_PASS = insert(schema.passed)


@dataclass
class Rows:
    """Sealed rows, ready to insert."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    copies: list[dict[str, Any]] = field(default_factory=list)
    held: list[dict[str, Any]] = field(default_factory=list)

    def insert(self, connection: Connection) -> None:
        """Bodies first: the others refer to them."""
        for statement, rows in ((_INSERT_BODIES, self.bodies), (_INSERT_COPIES, self.copies), (_INSERT_HELD, self.held)):
            if rows:
                connection.execute(statement, rows)


class Custody(Appointments):
    """The part of the store that takes mail in."""

    async def seen(self, key: Hash) -> Receipt | None:
        """The receipt of an earlier identical submission within 24 hours."""
        wanted = {"digest": key.digest, "since": self._clock.now() - REPEAT_WITHIN}
        row = await self._database.read(lambda connection: connection.execute(_SEEN, wanted).first())
        return None if row is None else Receipt(row.id, repeated=True, copies=row.copies, held=row.held)

    async def commit(self, custody: Deposit) -> Receipt:
        """Take custody. Concurrent callers share one transaction. Raises `errors.StoreUnavailable`; then nothing was kept.

        Where the same submission was committed meanwhile, nothing is done again and its receipt comes back.
        """
        octets = sum(len(o.octets) for o in custody.outgoing) + sum(len(d.item.raw or b"") for d in custody.held)
        rows = self._rows(custody) if octets <= _INLINE_OCTETS else await asyncio.to_thread(self._rows, custody)
        summary = self._seal_record(Told(custody.summary), "submissions.summary", custody.submission_id) if custody.untold else None

        def work(connection: Connection) -> Receipt:
            if earlier := self._repeated(connection, custody):
                return earlier
            receipt = Receipt(custody.submission_id, copies=len(custody.outgoing), held=len(custody.held))
            submission = {"id": custody.submission_id, "tenant": custody.tenant, "at": custody.at, "digest": custody.key.digest}
            connection.execute(_INSERT_SUBMISSION, submission | {"copies": receipt.copies, "held": receipt.held, "summary": summary})
            rows.insert(connection)
            self._pass(connection, custody.tenant, custody.message_id, custody.at)
            self._remember(connection, custody.tenant, custody.appointments, custody.at)
            self._append(connection, custody.tenant, custody.events)
            return receipt

        return await self._database.write(work)

    async def bring(self, tenant: int, news: tuple[Appointment, ...], outgoing: tuple[Outgoing, ...], events: tuple[AuditEvent, ...]) -> None:
        """Keep what an answer from a company says, and queue what it causes, in one transaction."""
        now = self._clock.now()
        rows = self._sealed_rows(tenant, None, now, outgoing)

        def work(connection: Connection) -> None:
            rows.insert(connection)
            self._remember(connection, tenant, news, now)
            self._append(connection, tenant, events)

        await self._database.write(work)

    def _pass(self, connection: Connection, tenant: int, message_id: str, at: datetime) -> None:
        """Know a message again by its Message-ID when it turns up in the coach's mailbox; one without has nothing to be known by."""
        name = {"owner": tenant, "name": self._message_hash(tenant, message_id)}
        if message_id and not connection.execute(_PASSED, name).first():
            connection.execute(_PASS, {"tenant": tenant, "message_hash": name["name"], "at": at})

    def _message_hash(self, tenant: int, message_id: str) -> bytes:
        return self._hash("passed", f"{tenant}\0{message_id.strip()}")

    def _repeated(self, connection: Connection, custody: Deposit) -> Receipt | None:
        """The receipt of the same submission within 24 hours; an older one gives its digest up."""
        row = connection.execute(_BY_DIGEST, {"tenant": custody.tenant, "digest": custody.key.digest}).first()
        if row is None:
            return None
        if row.at > custody.at - REPEAT_WITHIN:
            return Receipt(row.id, repeated=True, copies=row.copies, held=row.held)
        connection.execute(update(schema.submissions).where(schema.submissions.c.id == row.id).values(digest=None))
        return None

    def _rows(self, custody: Deposit) -> Rows:
        return self._sealed_rows(custody.tenant, custody.submission_id, custody.at, custody.outgoing, custody.held)

    def _sealed_rows(self, tenant: int, submission_id: str | None, at: datetime, outgoing: Iterable[Outgoing], deposits: Iterable[HeldDeposit] = ()) -> Rows:
        """Seal copies and held items; octets that are the same share one body."""
        rows, shared = Rows(), dict[bytes, str]()

        def body(octets: bytes, owner: str) -> str:
            if octets not in shared:
                shared[octets] = owner
                rows.bodies.append({"id": owner, "tenant": tenant, "octets": self._seal(octets, "bodies", owner)})
            return shared[octets]

        for copy in outgoing:
            envelope = CopyEnvelope(copy.reverse_path, copy.forward_path, copy.message_id, copy.smtputf8, copy.body_8bit)
            row = {"id": copy.id, "tenant": tenant, "submission_id": submission_id, "purpose": copy.purpose.value, "client_id": copy.client_id}
            row |= {"envelope": self._seal_record(envelope, "copies", copy.id), "body_id": body(copy.octets, f"c-{copy.id}"), "state": "queued"}
            rows.copies.append(row | {"queued_at": at, "next_attempt_at": at, "attempts": 0, "unclear": 0, "last_reply": ""})
        for deposit in deposits:
            item = deposit.item
            if item.raw is None:
                raise ValueError("a held item without its octets cannot be kept")
            held = HeldEnvelope(item.recipient, item.role, item.part_count, item.login, item.reverse_path)
            row = {"id": item.id, "tenant": tenant, "client_id": item.client_id, "reason": item.reason, "state": "waiting", "since": item.since}
            row |= {"envelope": self._seal_record(held, "held", item.id), "body_id": body(item.raw, f"h-{item.id}")}
            rows.held.append(row | {"token_hash": deposit.token_hash})
        return rows

    # ------------------------------------------------------------------------------------------------ what the coach has not been told
    async def untold(self, tenant: int) -> list[tuple[str, datetime, Summary]]:
        """(submission id, time, summary) of everything the next digest should mention, oldest first."""
        table = schema.submissions.c
        query = select(table.id, table.at, table.summary).where(table.tenant == tenant, table.summary.is_not(None)).order_by(table.at)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [(row.id, row.at, self._open_record(Told, row.summary, "submissions.summary", row.id).summary) for row in rows]

    async def tell(
        self, tenant: int, submission_ids: Iterable[str], notice: Outgoing, events: tuple[AuditEvent, ...] = (), *, checkpoint: int | None = None
    ) -> bool:
        """Queue the digest and mark what it tells, in one transaction. False, with nothing done, where another process has told some of it already.

        `checkpoint`: the size of the one that the digest carries to the coach's mailbox.
        """
        ids = sorted(set(submission_ids))
        rows = self._sealed_rows(tenant, None, self._clock.now(), (notice,))

        def work(connection: Connection) -> bool:
            table = schema.submissions
            lock = select(table.c.id).where(table.c.tenant == tenant, table.c.id.in_(ids), table.c.summary.is_not(None)).with_for_update()
            if len(connection.execute(lock).all()) != len(ids) or not (ids or checkpoint):
                return False
            if checkpoint is not None and not self._mailed(connection, tenant, checkpoint):
                return False
            connection.execute(update(table).where(table.c.id.in_(ids)).values(summary=None))
            rows.insert(connection)
            told = (AuditEvent("told", None, None, (("count", str(len(ids))),)),) if ids else ()
            self._append(connection, tenant, events or told)
            return True

        return await self._database.write(work)

    def _mailed(self, connection: Connection, tenant: int, size: int) -> bool:
        """Mark the checkpoint of `size` rows as sent; False where it is already, or is none."""
        marks = schema.checkpoints
        fresh = update(marks).where(marks.c.tenant == tenant, marks.c.size == size, marks.c.mailed_at.is_(None)).values(mailed_at=self._clock.now())
        if not connection.execute(fresh).rowcount:
            return False
        self._append(connection, tenant, (AuditEvent("checkpoint-sent", None, None, (("count", str(size)),)),))
        return True


_USED = (exists().where(table.c.body_id == schema.bodies.c.id) for table in (schema.copies, schema.held))
_ERASE = delete(schema.bodies).where(schema.bodies.c.id == bindparam("body"), *(~used for used in _USED))


def erase_bodies(connection: Connection, ids: Iterable[str]) -> None:
    """Delete those bodies of `ids` that no copy and no held item needs any more; secure_delete overwrites them."""
    if wanted := [{"body": body} for body in sorted(set(ids))]:
        connection.execute(_ERASE, wanted)
