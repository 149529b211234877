"""What is remembered of appointments, so that updates and answers find each other after any restart, on any node.

A row is found by a keyed hash of the organiser's UID, or of the one that the company sees; all else in it is sealed. What two mails about one appointment
say is joined inside the transaction that takes them in (`calendar.life.joined`), so neither takes back what the other brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from gateway.core.appointment import Appointment
from gateway.core.calendar.life import forget_after, joined
from gateway.edges.store import schema
from gateway.edges.store.audit import Audit

_TABLE = schema.appointments
_MINE = (_TABLE.c.tenant == bindparam("owner"), _TABLE.c.uid_hash == bindparam("name"))
_BY_UID = select(_TABLE).where(*_MINE)
_UPDATE = update(_TABLE).where(*_MINE)


class Appointments(Audit):
    """The part of the store that remembers appointments."""

    async def appointment(self, tenant: int, uid: str) -> Appointment | None:
        """What is known of the appointment with this UID of its organiser's."""
        wanted = {"owner": tenant, "name": self._uid_hash(tenant, uid)}
        row = await self._database.read(lambda connection: connection.execute(_BY_UID, wanted).one_or_none())
        return None if row is None else self._open_record(Appointment, row.record, "appointments", tenant, row.uid_hash.hex())

    async def appointments(self, tenant: int, company_uids: Sequence[str]) -> dict[str, Appointment]:
        """Those of `company_uids` (as a company sees them, in whatever case) that are known, with what is known of each."""
        names = {self._uid_hash(tenant, uid.lower(), "company"): uid for uid in company_uids}
        query = select(_TABLE).where(_TABLE.c.tenant == tenant, _TABLE.c.company_hash.in_(list(names)))
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {names[row.company_hash]: self._open_record(Appointment, row.record, "appointments", tenant, row.uid_hash.hex()) for row in rows}

    def _remember(self, connection: Connection, tenant: int, news: Iterable[Appointment], at: datetime) -> None:
        """Join `news` to what is there, inside the caller's transaction."""
        for appointment in news:
            name = self._uid_hash(tenant, appointment.uid)
            mine = {"owner": tenant, "name": name}
            row = connection.execute(_BY_UID.with_for_update(), mine).one_or_none()
            known = None if row is None else self._open_record(Appointment, row.record, "appointments", tenant, name.hex())
            whole = joined(known, appointment)
            until = forget_after(whole, at.astimezone(UTC).replace(tzinfo=None))
            values = {
                "company_hash": self._uid_hash(tenant, whole.company_uid.lower(), "company"),
                "clients": " ".join(("", *sorted({p.client_id for p in whole.parties if p.client_id}), "")),
                "forget_at": until and until.replace(tzinfo=UTC),
                "record": self._seal_record(whole, "appointments", tenant, name.hex()),
            }
            if row is None:
                connection.execute(insert(_TABLE).values(tenant=tenant, uid_hash=name, **values))
            else:
                connection.execute(_UPDATE.values(**values), mine)

    def _forget_appointments(self, connection: Connection) -> int:
        """Delete what is over; how many rows."""
        return connection.execute(delete(_TABLE).where(_TABLE.c.forget_at <= self._clock.now())).rowcount

    def _uid_hash(self, tenant: int, uid: str, side: str = "coach") -> bytes:
        return self._hash("appointments", f"{tenant}\0{side}\0{uid}")
