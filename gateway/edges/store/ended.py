"""Copies that have ended without having surely arrived and whose octets are still there: shown to the coach, sent again or dropped on her word.

Nothing here sends or decides. A copy sent again is the same copy, Message-ID included, so that a mailbox that has it already can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from gateway.core.model import AuditEvent, Purpose
from gateway.edges.store import schema
from gateway.edges.store.base import CopyEnvelope
from gateway.edges.store.custody import erase_bodies
from gateway.edges.store.outbound import Outbound
from gateway.errors import StoreDamaged

_STATES = ("failed", "unclear", "damaged")
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
        values = {"state": "queued", "attempts": 0, "queued_at": now, "next_attempt_at": now, "finished_at": None}
        return await self._end(copy_id, values, events)

    async def drop(self, copy_id: str, events: tuple[AuditEvent, ...]) -> bool:
        """Erase the octets and envelope of an ended copy: it stays what it was, failed or unclear, for good. False where it is not open any more."""
        return await self._end(copy_id, {"envelope": None, "body_id": None, "finished_at": self._clock.now()}, events)

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
