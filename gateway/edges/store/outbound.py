"""The outbound queue: copies are leased, sent by somebody else, and settled. The attempt is counted before it is made, so that a crash loop backs off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from gateway.core import schedule
from gateway.core.model import AuditEvent, Outgoing, Purpose
from gateway.edges.store import schema
from gateway.edges.store.base import CopyEnvelope
from gateway.edges.store.custody import Custody, erase_bodies
from gateway.errors import StoreDamaged
from gateway.ports import Delivery, Lease, Result

_ENDS = {Result.DELIVERED: "done", Result.DEFERRED: "failed", Result.FAILED: "failed", Result.UNCLEAR: "unclear"}
KEEP_UNCLEAR = timedelta(days=30)  # at least so long can the coach have a copy of unknown fate sent again: her reader may be on holiday
KEEP_PASSED = timedelta(days=400)  # a Sent folder that is read anew, after a change of server, shows no mail of a year as new
_LEASED = ("id", "tenant", "submission_id", "purpose", "client_id", "envelope", "body_id", "queued_at", "attempts", "unclear")


def _take() -> ReturningUpdate[Any]:
    """The one statement that leases. FOR UPDATE SKIP LOCKED lets nodes share the queue on PostgreSQL; SQLite has one writer and leaves it out."""
    table, now = schema.copies, bindparam("now", type_=schema.Moment())
    waits, abandoned = and_(table.c.state == "queued", table.c.next_attempt_at <= now), and_(table.c.state == "leased", table.c.lease_until <= now)
    # planned by a clock that ran ahead (`schedule.is_due`): it would wait until the right time catches up
    too_far = and_(table.c.state == "queued", table.c.next_attempt_at > bindparam("furthest", type_=schema.Moment()))
    due = select(table.c.id).where(or_(waits, too_far, abandoned)).order_by(table.c.next_attempt_at)
    chosen = due.limit(bindparam("limit", type_=Integer())).with_for_update(skip_locked=True).cte("due")
    take = update(table).where(table.c.id.in_(select(chosen.c.id)))
    take = take.values(state="leased", attempts=table.c.attempts + 1, lease_owner=bindparam("node"), lease_until=bindparam("until"))
    return take.returning(*(table.c[name] for name in _LEASED))


_TAKE = _take()
_COPY = select(schema.copies.c.tenant, schema.copies.c.submission_id, schema.copies.c.state, schema.copies.c.body_id)
_COPY = _COPY.where(schema.copies.c.id == bindparam("copy")).with_for_update()
_BODY = select(schema.bodies.c.octets).where(schema.bodies.c.id == bindparam("body"))
_FORGET_PASSED = delete(schema.passed).where(schema.passed.c.at < bindparam("until", type_=schema.Moment()))
_SETTLE = update(schema.copies).where(schema.copies.c.id == bindparam("copy"))


class Outbound(Custody):
    """The part of the store that hands copies out."""

    async def claim(self, now: datetime, limit: int) -> Sequence[Lease]:
        """Due copies, leased to this node; attempt number and time are stored before they are returned.

        A copy whose blob does not open any more is set aside as "damaged" with an audit event and never sent; the others come all the same.
        """
        wanted = {"now": now, "limit": limit, "node": self._node, "until": now + self._lease, "furthest": now + schedule.FURTHEST}
        rows = await self._database.write(lambda connection: connection.execute(_TAKE, wanted).all())
        if not rows:
            return ()
        leases, damaged = await self._database.read(lambda connection: self._opened(connection, rows))
        if damaged:
            await self._database.write(lambda connection: self._set_aside(connection, damaged))
        return leases

    def _opened(self, connection: Connection, rows: Sequence[Any]) -> tuple[list[Lease], list[Any]]:
        leases, damaged, bodies = [], [], dict[str, bytes]()
        for row in sorted(rows, key=lambda row: (row.queued_at, row.id)):
            try:
                if row.body_id not in bodies:
                    sealed = connection.execute(_BODY, {"body": row.body_id}).scalar()
                    bodies[row.body_id] = self._open(sealed, "bodies", row.body_id)
                envelope = self._open_record(CopyEnvelope, row.envelope, "copies", row.id)
            except StoreDamaged:
                damaged.append(row)
                continue
            outgoing = Outgoing(
                row.id,
                Purpose(row.purpose),
                envelope.reverse_path,
                envelope.forward_path,
                bodies[row.body_id],
                envelope.message_id,
                row.client_id,
                envelope.smtputf8,
                envelope.body_8bit,
            )
            leases.append(Lease(outgoing, row.tenant, row.attempts, row.queued_at, bool(row.unclear), submission_id=row.submission_id))
        return leases, damaged

    def _set_aside(self, connection: Connection, damaged: Sequence[Any]) -> None:
        table = schema.copies
        for row in damaged:
            connection.execute(update(table).where(table.c.id == row.id).values(state="damaged", lease_owner=None, lease_until=None))
            event = AuditEvent("damaged", row.submission_id, row.client_id, (("copy", row.id), ("purpose", row.purpose)))
            self._append(connection, row.tenant, (event,))

    async def settle(
        self, copy_id: str, delivery: Delivery, next_attempt: datetime | None, events: tuple[AuditEvent, ...], notice: Outgoing | None = None
    ) -> None:
        """Record what the next hop said; `next_attempt` None ends the copy's life and erases its body, unless its fate is unclear: then the coach
        may yet have it sent again (`requeue`). A `notice` is queued in the same transaction.

        A copy that has ended stays ended whatever a late answer says; the answer's events are kept. Raises `ValueError` for an unknown copy.
        """
        now = self._clock.now()

        def work(connection: Connection) -> None:
            row = connection.execute(_COPY, {"copy": copy_id}).one_or_none()
            if row is None:
                raise ValueError("no such copy")
            if row.state in ("queued", "leased"):
                values: dict[str, Any] = {"last_reply": delivery.reply, "lease_owner": None, "lease_until": None}
                if delivery.result is Result.UNCLEAR:
                    values["unclear"] = 1
                if next_attempt is None:
                    values |= {"state": _ENDS[delivery.result], "finished_at": now}
                else:
                    values |= {"state": "queued", "next_attempt_at": next_attempt}
                if next_attempt is None and not self._keep_sent and delivery.result is not Result.UNCLEAR:
                    values |= {"envelope": None, "body_id": None}
                connection.execute(_SETTLE, values | {"copy": copy_id})
                if "body_id" in values:
                    erase_bodies(connection, (row.body_id,))
            if notice is not None:
                self._sealed_rows(row.tenant, row.submission_id, now, (notice,)).insert(connection)
            self._append(connection, row.tenant, events)

        await self._database.write(work)

    async def release_leases(self, owner: str | None = None) -> int:
        """At start: copies that `owner` (default: this node) had taken when it died are due again when `schedule.after_crash` says. Returns how many."""
        table, now = schema.copies, self._clock.now()
        taken = select(table.c.id, table.c.attempts).where(table.c.state == "leased", table.c.lease_owner == (owner or self._node)).with_for_update()
        free = update(table).where(table.c.id == bindparam("copy"))
        free = free.values(state="queued", next_attempt_at=bindparam("at", type_=schema.Moment()), lease_owner=None, lease_until=None)

        def work(connection: Connection) -> int:
            rows = connection.execute(taken).all()
            for row in rows:
                connection.execute(free, {"copy": row.id, "at": schedule.after_crash(row.id, row.attempts, now)})
            return len(rows)

        return await self._database.write(work)

    async def next_due(self) -> datetime | None:
        """When the earliest queued copy is due; None where nothing is queued."""
        table = schema.copies.c
        query = select(func.min(table.next_attempt_at)).where(table.state == "queued")
        found: datetime | None = await self._database.read(lambda connection: connection.execute(query).scalar())
        return found

    async def status(self, tenant: int | None = None) -> dict[str, int]:
        """Counts: pending, held, accepted, relayed, failed, unclear, damaged, untold. Notices count as copies."""
        copies, held, submissions = schema.copies.c, schema.held.c, schema.submissions.c

        def work(connection: Connection) -> dict[str, int]:
            def count(query: Any, column: Any) -> Any:
                return connection.execute(query if tenant is None else query.where(column == tenant))

            states = {row.state: row.n for row in count(select(copies.state, func.count().label("n")).group_by(copies.state), copies.tenant)}
            return {
                "pending": states.get("queued", 0) + states.get("leased", 0),
                "held": count(select(func.count()).where(held.state == "waiting"), held.tenant).scalar_one(),
                "accepted": count(select(func.count()).select_from(schema.submissions), submissions.tenant).scalar_one(),
                "relayed": states.get("done", 0),
                "failed": states.get("failed", 0),
                "unclear": states.get("unclear", 0),
                "damaged": states.get("damaged", 0),
                "untold": count(select(func.count()).where(submissions.summary.is_not(None)), submissions.tenant).scalar_one(),
            }

        return await self._database.read(work)

    async def erase(self) -> int:
        """Retention: erase bodies and envelopes of finished copies and closed held items whose days are over, and forget
        appointments that are over and messages that passed long ago.

        Returns how many rows. A copy of unclear fate is kept for `KEEP_UNCLEAR` at least, and that it could not wait longer is an audit event.
        """
        now, copies, held = self._clock.now(), schema.copies, schema.held
        unclear = copies.c.state == "unclear"
        over = (
            (copies, and_(~unclear, copies.c.finished_at <= now - self._keep_sent)),
            (copies, and_(unclear, copies.c.finished_at <= now - max(self._keep_sent, KEEP_UNCLEAR))),
            (held, held.c.resolved_at <= now - self._keep_held),
        )

        def work(connection: Connection) -> int:
            emptied = self._forget_appointments(connection) + connection.execute(_FORGET_PASSED, {"until": now - KEEP_PASSED}).rowcount
            for table, condition in over:
                old = connection.execute(select(table).where(condition, table.c.body_id.is_not(None))).all()
                if old:
                    connection.execute(update(table).where(table.c.id.in_([row.id for row in old])).values(envelope=None, body_id=None))
                    erase_bodies(connection, (row.body_id for row in old))
                for row in old:
                    if row.state == "unclear":
                        self._append(connection, row.tenant, (AuditEvent("erased", row.submission_id, row.client_id, (("copy", row.id),)),))
                emptied += len(old)
            return emptied

        return await self._database.write(work)
