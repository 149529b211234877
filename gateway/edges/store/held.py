"""Held items: what waits for the coach or for a key. Nothing here lets one expire; each is closed exactly once, with what leaves and why in one transaction."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from gateway.core.appointment import Appointment
from gateway.core.model import AuditEvent, HeldItem, Outgoing
from gateway.edges.store import schema
from gateway.edges.store.base import HeldEnvelope
from gateway.edges.store.custody import erase_bodies
from gateway.edges.store.ended import Ended

CLOSINGS = frozenset({"diverted", "released", "sent-as-is", "discarded", "resolved"})


class Held(Ended):
    """The part of the store that keeps what waits."""

    async def held_list(self, tenant: int) -> list[HeldItem]:
        """Everything that waits, oldest first, without its octets."""
        return await self._held(schema.held.c.tenant == tenant)

    async def held_get(self, held_id: str, with_raw: bool = False) -> HeldItem | None:
        """One waiting item; None where there is none of this id or it was closed. Raises `StoreDamaged` naming what does not open."""
        return next(iter(await self._held(schema.held.c.id == held_id, with_raw=with_raw)), None)

    async def held_by_token(self, token: str) -> HeldItem | None:
        """The waiting item whose one-time token this is. Closing an item spends its token, however it was closed."""
        # looked up by hash: how long the look-up takes says nothing about the token
        return next(iter(await self._held(schema.held.c.token_hash == hashlib.sha256(token.encode()).digest())), None)

    async def waiting_for_key(self, tenant: int, client_id: str | None = None) -> list[HeldItem]:
        """Items that a key may set free: all that wait for `client_id`, or for any client with a reason "key-..."; without octets."""
        held = schema.held.c
        return await self._held(held.tenant == tenant, held.reason.like("key-%") if client_id is None else held.client_id == client_id)

    async def _held(self, *conditions: Any, with_raw: bool = False) -> list[HeldItem]:
        held = schema.held
        query = select(held).where(held.c.state == "waiting", *conditions).order_by(held.c.since, held.c.id)

        def work(connection: Connection) -> list[HeldItem]:
            return [self._item(row, self._raw(connection, row.body_id) if with_raw else None) for row in connection.execute(query).all()]

        return await self._database.read(work)

    def _raw(self, connection: Connection, body_id: str) -> bytes:
        return self._open(connection.execute(select(schema.bodies.c.octets).where(schema.bodies.c.id == body_id)).scalar(), "bodies", body_id)

    def _item(self, row: Any, raw: bytes | None) -> HeldItem:
        envelope = self._open_record(HeldEnvelope, row.envelope, "held", row.id)
        return HeldItem(
            row.id,
            row.tenant,
            envelope.recipient,
            envelope.role,
            row.client_id,
            row.reason,
            row.since,
            envelope.part_count,
            envelope.login,
            envelope.reverse_path,
            raw,
        )

    async def resolve_held(
        self,
        held_id: str,
        closing: str,
        outgoing: tuple[Outgoing, ...],
        events: tuple[AuditEvent, ...],
        at: datetime | None = None,
        appointments: tuple[Appointment, ...] = (),
    ) -> bool:
        """Close a waiting item as `closing`, queue what leaves, write why, spend the token and erase the octets: one transaction.

        False, with nothing done, where the item was closed by somebody else meanwhile: nothing leaves twice.
        """
        if closing not in CLOSINGS:
            raise ValueError(f"no held item ends as {closing!r}")
        if not events:
            raise ValueError("a held item is not closed without an audit event")
        now = at or self._clock.now()

        def work(connection: Connection) -> bool:
            held = schema.held
            query = select(held.c.tenant, held.c.body_id).where(held.c.id == held_id, held.c.state == "waiting")
            row = connection.execute(query.with_for_update()).one_or_none()
            if row is None:
                return False
            values: dict[str, Any] = {"state": closing, "resolved_at": now, "token_used_at": now}
            if not self._keep_held:
                values |= {"envelope": None, "body_id": None}
            connection.execute(update(held).where(held.c.id == held_id).values(**values))
            self._sealed_rows(row.tenant, None, now, outgoing).insert(connection)
            self._remember(connection, row.tenant, appointments, now)
            if "body_id" in values:
                erase_bodies(connection, (row.body_id,))
            self._append(connection, row.tenant, events)
            return True

        return await self._database.write(work)
