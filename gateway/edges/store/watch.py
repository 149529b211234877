"""What the watch over the coach's mailbox remembers: how far each folder was read, which messages need no look, whether the mailbox can be read at all.

A folder's name and a message's Message-ID are found by keyed hashes; what is readable is numbers and times.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from gateway.core.model import AuditEvent, Outgoing
from gateway.edges.store import schema
from gateway.edges.store.people import People
from gateway.ports import Cursor


class Watch(People):
    """The part of the store that serves the watch."""

    async def cursor(self, tenant: int, folder: str) -> Cursor | None:
        """How far `folder` was read; None where it never was."""
        table = schema.folders.c
        query = select(schema.folders).where(table.tenant == tenant, table.name_hash == self._folder(tenant, folder))
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Cursor(row.uidvalidity, row.uid, row.at, tuple(map(int, row.taken.split())))

    async def advance(
        self, tenant: int, folder: str, cursor: Cursor, *, told: str = "", outgoing: Sequence[Outgoing] = (), events: Sequence[AuditEvent] = ()
    ) -> None:
        """Remember how far `folder` was read together with what that caused, in one transaction: no message is told twice, none is passed over.

        `told` is the Message-ID of a message that the coach is told of.
        """
        now, rows = self._clock.now(), self._sealed_rows(tenant, None, self._clock.now(), outgoing)
        values = {"uidvalidity": cursor.uidvalidity, "uid": cursor.uid, "at": cursor.at, "taken": " ".join(map(str, cursor.taken))}

        def work(connection: Connection) -> None:
            _put(connection, schema.folders, {"tenant": tenant, "name_hash": self._folder(tenant, folder)}, values)
            self._pass(connection, tenant, told, now)
            rows.insert(connection)
            self._append(connection, tenant, events)

        await self._database.write(work)

    async def has_passed(self, tenant: int, message_id: str) -> bool:
        """Whether the message came through the gateway, or the coach was told of it."""
        table = schema.passed.c
        query = select(table.at).where(table.tenant == tenant, table.message_hash == self._message_hash(tenant, message_id))
        return await self._database.read(lambda connection: connection.execute(query).first() is not None)

    async def mailbox_state(self, tenant: int) -> tuple[str, datetime] | None:
        """"watched", "stopped", or why the mailbox cannot be read, and since when; None where none was ever read."""
        table = schema.mailboxes.c
        row = await self._database.read(lambda connection: connection.execute(select(table.state, table.since).where(table.tenant == tenant)).one_or_none())
        return None if row is None else (row.state, row.since)

    async def put_mailbox_state(self, tenant: int, state: str, outgoing: Sequence[Outgoing] = (), events: Sequence[AuditEvent] = ()) -> None:
        """Write the state with what it causes; a state that stands already keeps its time."""
        now, rows = self._clock.now(), self._sealed_rows(tenant, None, self._clock.now(), outgoing)

        def work(connection: Connection) -> None:
            table = schema.mailboxes
            stands = connection.execute(select(table.c.state).where(table.c.tenant == tenant)).scalar()
            if stands != state:
                _put(connection, table, {"tenant": tenant}, {"state": state, "since": now})
                self._append(connection, tenant, events)
            rows.insert(connection)

        await self._database.write(work)

    def _folder(self, tenant: int, folder: str) -> bytes:
        return self._hash("folders", f"{tenant}\0{folder}")


def _put(connection: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    mine = [table.c[name] == value for name, value in key.items()]
    if not connection.execute(update(table).where(*mine).values(**values)).rowcount:
        connection.execute(insert(table).values(**key, **values))
