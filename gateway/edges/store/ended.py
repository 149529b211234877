"""Copies that have ended without having surely arrived and whose octets are still there: shown to the coach, sent again or dropped on her word.

Nothing here sends or decides. A copy sent again is the same copy, Message-ID included, so that a mailbox that has it already can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from gateway.core.model import AuditEvent, Outgoing, Purpose
from gateway.edges.store import schema
from gateway.edges.store.base import CopyEnvelope
from gateway.edges.store.custody import erase_bodies
from gateway.edges.store.outbound import Outbound
from gateway.errors import StoreDamaged

_STATES = ("failed", "unclear", "damaged")
ROLLED_BACK = "rolled-back"
_OPEN = (schema.copies.c.state.in_(_STATES), schema.copies.c.body_id.is_not(None))


@dataclass(frozen=True, slots=True)
class EndedCopy:
    """A copy that will not be tried again by itself. `recipient` is empty where the envelope does not open any more."""

    id: str
    purpose: Purpose
    recipient: str
    client_id: str | None
    submission_id: str | None
    state: str  # failed | unclear | damaged
    reply: str  # what the next hop said last: code and enhanced code, or a word of the relay
    queued_at: datetime
    ended_at: datetime | None  # None where it is damaged


class Ended(Outbound):
    """The part of the store that keeps what may be sent again."""

    async def ended_list(self, tenant: int) -> list[EndedCopy]:
        """Every copy that can be sent again or dropped, oldest first."""
        table = schema.copies
        query = select(table).where(table.c.tenant == tenant, *_OPEN).order_by(table.c.queued_at, table.c.id)
        return await self._database.read(lambda connection: [self._ended(row) for row in connection.execute(query).all()])

    def _ended(self, row: Any) -> EndedCopy:
        try:
            recipient = self._open_record(CopyEnvelope, row.envelope, "copies", row.id).forward_path.path
        except StoreDamaged:
            recipient = ""
        return EndedCopy(
            row.id, Purpose(row.purpose), recipient, row.client_id, row.submission_id, row.state, row.last_reply, row.queued_at, row.finished_at
        )

    async def requeue(self, copy_id: str, events: tuple[AuditEvent, ...]) -> bool:
        """Queue an ended copy anew: due now, attempts and patience counted from the beginning. False, with nothing done, where it is not open any more."""
        now = self._clock.now()
        values = {"state": "queued", "attempts": 0, "queued_at": now, "next_attempt_at": now, "finished_at": None, "told": 0}
        return await self._end(copy_id, values, events)

    async def drop(self, copy_id: str, events: tuple[AuditEvent, ...]) -> bool:
        """Erase the octets and envelope of an ended copy: it stays what it was, failed or unclear, for good. False where it is not open any more."""
        return await self._end(copy_id, {"envelope": None, "body_id": None, "finished_at": self._clock.now()}, events)

    async def damage_untold(self, tenant: int) -> list[str]:
        """Ids of copies that do not open any more and of which the coach has not heard."""
        table = schema.copies.c
        query = select(table.id).where(table.tenant == tenant, table.state == "damaged", table.told == 0).order_by(table.id)
        return await self._database.read(lambda connection: list(connection.execute(query).scalars()))

    async def tell_damage(self, tenant: int, copy_ids: Sequence[str], notice: Outgoing) -> bool:
        """Queue the notice about these copies and mark them as told. False, with nothing done, where some of them were told already."""
        table, rows = schema.copies, self._sealed_rows(tenant, None, self._clock.now(), (notice,))
        fresh = (table.c.tenant == tenant, table.c.id.in_(copy_ids), table.c.state == "damaged", table.c.told == 0)

        def work(connection: Connection) -> bool:
            if len(connection.execute(select(table.c.id).where(*fresh).with_for_update()).all()) != len(copy_ids) or not copy_ids:
                return False
            connection.execute(update(table).where(*fresh).values(told=1))
            rows.insert(connection)
            self._append(connection, tenant, (AuditEvent("notice", None, None, (("reason", "damaged"), ("count", str(len(copy_ids))))),))
            return True

        return await self._database.write(work)

    async def doubt(self, tenant: int, write: Callable[[int, int], Outgoing]) -> tuple[int, int]:
        """The database is older than it should be: what is queued may have gone out, what is held may have been dealt with. Nothing leaves by itself.

        Queued copies become unclear, held items wait with the reason "restored", and `write(copies, held items)` is the notice that says so: one
        transaction. Notices stay queued; one said twice harms nobody. Returns the two counts.
        """
        copies, held, now = schema.copies, schema.held, self._clock.now()
        queued = (copies.c.tenant == tenant, copies.c.state.in_(("queued", "leased")), copies.c.purpose != Purpose.NOTICE.value)
        waiting = (held.c.tenant == tenant, held.c.state == "waiting")
        values = {"state": "unclear", "unclear": 1, "last_reply": ROLLED_BACK, "finished_at": now, "lease_owner": None, "lease_until": None}

        def work(connection: Connection) -> tuple[int, int]:
            rows = connection.execute(select(copies).where(*queued).with_for_update()).all()
            connection.execute(update(copies).where(*queued).values(**values))
            kept = connection.execute(update(held).where(*waiting).values(reason="restored")).rowcount
            self._sealed_rows(tenant, None, now, (write(len(rows), kept),)).insert(connection)
            self._append(
                connection,
                tenant,
                (
                    AuditEvent(ROLLED_BACK, None, None, (("count", str(len(rows))),)),
                    *(AuditEvent("unclear", r.submission_id, r.client_id, (("copy", r.id), ("purpose", r.purpose), ("reason", ROLLED_BACK))) for r in rows),
                ),
            )
            return len(rows), kept

        return await self._database.write(work)

    async def _end(self, copy_id: str, values: dict[str, Any], events: tuple[AuditEvent, ...]) -> bool:
        if not events:
            raise ValueError("no copy is sent again or dropped without an audit event")
        table = schema.copies

        def work(connection: Connection) -> bool:
            row = connection.execute(select(table.c.tenant, table.c.body_id).where(table.c.id == copy_id, *_OPEN).with_for_update()).one_or_none()
            if row is None:
                return False
            connection.execute(update(table).where(table.c.id == copy_id).values(**values))
            if "body_id" in values:
                erase_bodies(connection, (row.body_id,))
            self._append(connection, row.tenant, events)
            return True

        return await self._database.write(work)
