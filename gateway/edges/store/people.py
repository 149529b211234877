"""The directory (coach, clients, contacts) and the logins. Every change is an audit event in the same transaction, and raises the directory's version."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from gateway.core.audience import with_lessons
from gateway.core.model import AuditEvent, Client, Coach, Contact, Directory
from gateway.edges.store import schema
from gateway.edges.store.base import User
from gateway.edges.store.lessons import Lessons
from gateway.errors import StoreDamaged

_VERSION = select(schema.tenants.c.directory_version).where(schema.tenants.c.id == bindparam("tenant"))
_ROLES = frozenset({"coach", "assistant", "auditor"})


class People(Lessons):
    """The part of the store that knows who is who."""

    _directories: dict[int, tuple[int, Directory]]

    async def directory(self, tenant: int) -> Directory:
        """Everybody the tenant knows, as of now. Costs one small query where nothing changed, also when another process changes it."""
        return await self._database.read(lambda connection: self._directory(connection, tenant))

    def _directory(self, connection: Connection, tenant: int) -> Directory:
        tenants, clients, contacts = schema.tenants.c, schema.clients.c, schema.contacts.c
        version = connection.execute(_VERSION, {"tenant": tenant}).scalar()
        if version is None:
            raise StoreDamaged(f"tenants/{tenant} is gone")
        known = self._directories.get(tenant)
        if known is not None and known[0] == version:
            return known[1]
        sealed = connection.execute(select(tenants.coach).where(tenants.id == tenant)).scalar_one()
        rows = connection.execute(select(clients.id, clients.record).where(clients.tenant == tenant).order_by(clients.id)).all()
        friends = connection.execute(select(contacts.pattern_hash, contacts.record).where(contacts.tenant == tenant).order_by(contacts.pattern_hash)).all()
        directory = Directory(
            with_lessons(self._open_record(Coach, sealed, "tenants.coach", tenant), self._lessons(connection, tenant)),
            tuple(self._open_record(Client, row.record, "clients", tenant, row.id) for row in rows),
            tuple(self._open_record(Contact, row.record, "contacts", tenant, row.pattern_hash.hex()) for row in friends),
        )
        self._directories[tenant] = version, directory
        return directory

    async def put_coach(self, tenant: int, coach: Coach) -> None:
        """Write the coach's own record; makes the tenant with a new audit log and audit key where there is none. Nothing happens where nothing changed.

        What she taught is no part of that record, and stays.
        """
        coach = replace(coach, places=(), phrases=())

        def work(connection: Connection) -> None:
            tenants = schema.tenants
            row = connection.execute(select(tenants.c.coach).where(tenants.c.id == tenant).with_for_update()).one_or_none()
            if row is not None and self._open_record(Coach, row.coach, "tenants.coach", tenant) == coach:
                return
            record = self._seal_record(coach, "tenants.coach", tenant)
            if row is None:
                key = self._seal(secrets.token_bytes(32), "tenants.audit_key", tenant)
                origin = f"coachgate/{secrets.token_hex(8)}"
                connection.execute(insert(tenants).values(id=tenant, coach=record, origin=origin, directory_version=1, audit_key=key))
            else:
                connection.execute(update(tenants).where(tenants.c.id == tenant).values(coach=record))
            self._changed(connection, tenant, AuditEvent("coach-changed", None, None))

        await self._database.write(work)

    async def put_client(self, tenant: int, client: Client, public_key: bytes | None = None) -> None:
        """Write a client. `public_key` (armoured) None keeps the stored one, unless the client has no fingerprint any more: then it goes."""
        record = self._seal_record(client, "clients", tenant, client.id)

        def work(connection: Connection) -> None:
            clients = schema.clients
            mine = (clients.c.tenant == tenant, clients.c.id == client.id)
            values: dict[str, bytes | None] = {"record": record}
            if public_key is not None or client.fingerprint is None:
                values["public_key"] = None if public_key is None else self._seal(public_key, "clients.public_key", tenant, client.id)
            if not connection.execute(update(clients).where(*mine).values(**values)).rowcount:
                connection.execute(insert(clients).values(tenant=tenant, id=client.id, **values))
            self._changed(connection, tenant, AuditEvent("client-changed", None, client.id))

        await self._database.write(work)

    async def remove_client(self, tenant: int, client_id: str) -> bool:
        """Forget a client's record and key; her audit rows stay readable until `shred`."""
        clients = schema.clients.c
        return await self._remove(tenant, schema.clients, clients.id == client_id, AuditEvent("client-removed", None, client_id))

    async def clients(self, tenant: int) -> tuple[Client, ...]:
        """All clients, by id."""
        return (await self.directory(tenant)).clients

    async def next_client_id(self, tenant: int) -> str:
        """The next free id "c-0001"; ids of removed and shredded clients are not used again while the log knows them."""

        def work(connection: Connection) -> str:
            tables = (schema.clients.c.id, schema.clients.c.tenant), (schema.client_keys.c.client_id, schema.client_keys.c.tenant)
            ids = {str(i) for column, owner in tables for i in connection.execute(select(column).where(owner == tenant)).scalars()}
            numbers = [int(i[2:]) for i in ids if i.startswith("c-") and i[2:].isascii() and i[2:].isdigit()]
            return f"c-{max(numbers, default=0) + 1:04d}"

        return await self._database.read(work)

    async def client_key(self, tenant: int, client_id: str) -> bytes | None:
        """The client's armoured public key as it was imported."""
        clients = schema.clients.c
        query = select(clients.public_key).where(clients.tenant == tenant, clients.id == client_id)
        sealed: bytes | None = await self._database.read(lambda connection: connection.execute(query).scalar())
        return None if sealed is None else self._open(sealed, "clients.public_key", tenant, client_id)

    async def put_contact(self, tenant: int, contact: Contact) -> None:
        """Remember somebody who is no client."""
        await self._database.write(lambda connection: self._put_contact(connection, tenant, contact, configured=0))

    def _put_contact(self, connection: Connection, tenant: int, contact: Contact, *, configured: int) -> None:
        contacts, name = schema.contacts, self._hash("digest", contact.pattern)
        mine = (contacts.c.tenant == tenant, contacts.c.pattern_hash == name)
        values = {"record": self._seal_record(contact, "contacts", tenant, name.hex()), "configured": configured}
        if not connection.execute(update(contacts).where(*mine).values(**values)).rowcount:
            connection.execute(insert(contacts).values(tenant=tenant, pattern_hash=name, **values))
        detail = (("role", contact.role.value), ("recipient", self.pseudonym(contact.pattern)))
        self._changed(connection, tenant, AuditEvent("contact-changed", None, None, detail))

    async def configure_contacts(self, tenant: int, contacts: Iterable[Contact]) -> None:
        """Make the store agree with the contacts that the configuration names: those are written, whom it named before and names no more is removed.

        Whom the coach named by other means stays, unless the configuration names the same one now: then it is the configuration's.
        """
        named = {self._hash("digest", contact.pattern): contact for contact in contacts}
        table = schema.contacts

        def work(connection: Connection) -> None:
            rows = connection.execute(select(table).where(table.c.tenant == tenant).order_by(table.c.pattern_hash).with_for_update()).all()
            known = {row.pattern_hash: self._open_record(Contact, row.record, "contacts", tenant, row.pattern_hash.hex()) for row in rows if row.configured}
            for name in known.keys() - named.keys():
                connection.execute(delete(table).where(table.c.tenant == tenant, table.c.pattern_hash == name))
                self._changed(connection, tenant, AuditEvent("contact-removed", None, None, (("recipient", self.pseudonym(known[name].pattern)),)))
            for name, contact in named.items():
                if known.get(name) != contact:
                    self._put_contact(connection, tenant, contact, configured=1)

        await self._database.write(work)

    async def remove_contact(self, tenant: int, pattern: str) -> bool:
        """Forget a contact."""
        event = AuditEvent("contact-removed", None, None, (("recipient", self.pseudonym(pattern)),))
        return await self._remove(tenant, schema.contacts, schema.contacts.c.pattern_hash == self._hash("digest", pattern), event)

    async def put_user(self, tenant: int, user: User) -> None:
        """Write a login; logins are unique over all tenants. Raises `StoreUnavailable` where another tenant has it."""
        if user.role not in _ROLES:
            raise ValueError(f"no role is called {user.role!r}")
        name = self._hash("digest", user.login)
        record = self._seal_record(user, "users", name.hex())

        def work(connection: Connection) -> None:
            users, values = schema.users, {"role": user.role, "record": record}
            if not connection.execute(update(users).where(users.c.tenant == tenant, users.c.login_hash == name).values(**values)).rowcount:
                connection.execute(insert(users).values(tenant=tenant, login_hash=name, **values))
            detail = (("user", self.pseudonym(user.login)), ("role", user.role))
            self._append(connection, tenant, (AuditEvent("user-changed", None, None, detail),))

        await self._database.write(work)

    async def user(self, login: str) -> tuple[int, User] | None:
        """(tenant, user) of a login."""
        name = self._hash("digest", login)
        query = select(schema.users).where(schema.users.c.login_hash == name)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else (row.tenant, self._open_record(User, row.record, "users", name.hex()))

    async def users(self, tenant: int) -> list[User]:
        """All logins of a tenant, by name."""
        query = select(schema.users).where(schema.users.c.tenant == tenant)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return sorted((self._open_record(User, row.record, "users", row.login_hash.hex()) for row in rows), key=lambda user: user.login)

    async def remove_user(self, tenant: int, login: str) -> bool:
        """Forget a login."""
        name = self._hash("digest", login)
        event = AuditEvent("user-removed", None, None, (("user", self.pseudonym(login)),))
        return await self._remove(tenant, schema.users, schema.users.c.login_hash == name, event)

    async def _remove(self, tenant: int, table: Table, which: ColumnElement[bool], event: AuditEvent) -> bool:
        def work(connection: Connection) -> bool:
            if not connection.execute(delete(table).where(table.c.tenant == tenant, which)).rowcount:
                return False
            self._changed(connection, tenant, event)
            return True

        return await self._database.write(work)
