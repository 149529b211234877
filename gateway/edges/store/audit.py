"""The audit log on disk: rows appended in the transaction that does what they tell of, read, signed, verified, and shredded for one client.

A row's detail is sealed under a random key of its client (or of the tenant, where no client is concerned), itself sealed by the vault. Destroying that key
makes every detail of the client unreadable for good; the chain covers the ciphertext and still verifies. No address is ever written: it becomes a pseudonym.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from gateway.core import audit as core
from gateway.core.checkpoint import Checkpoint, NoteKey, Tree, checkpoint_text, parse_checkpoints
from gateway.core.model import AuditEvent
from gateway.edges.store import schema
from gateway.edges.store.base import Base, lock_tenant
from gateway.edges.store.notary import Notary
from gateway.errors import StoreDamaged

_NONCE_OCTETS = 12
_NAMES = frozenset({"recipient", "by", "user"})  # details that may arrive as an address or a login and leave as a pseudonym
_TYPES = (int, int, datetime, str, str | None, str | None, bytes, bytes, bytes, bytes)
_COLUMNS = tuple(schema.audit.c[name] for name in ("tenant", "seq", "at", "event", "submission_id", "client_id", "detail", "commitment", "previous", "hash"))
_LAST = select(schema.audit.c.seq, schema.audit.c.hash).where(schema.audit.c.tenant == bindparam("tenant")).order_by(schema.audit.c.seq.desc()).limit(1)
_INSERT = insert(schema.audit)
# what the gateway writes about its own notices: a day of nothing else need not be told
_BOOKKEEPING = ("checkpoint", "checkpoint-sent", "told", "notice", "relayed", "deferred", "erased")
_CLIENT_KEY = select(schema.client_keys.c.audit_key).where(
    schema.client_keys.c.tenant == bindparam("tenant"), schema.client_keys.c.client_id == bindparam("client_id")
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with its detail opened: `clear` are the octets the row commits to, None where the key was shredded or was not asked for."""

    row: core.Row
    clear: bytes | None

    @property
    def detail(self) -> tuple[tuple[str, str], ...] | None:
        """The pairs without the salt; None where they cannot be read."""
        return None if self.clear is None else core.detail_pairs(self.clear)


class Audit(Base):
    """The part of the store that keeps the log."""

    # ------------------------------------------------------------------------------------------------ writing
    async def record(self, tenant: int, events: Sequence[AuditEvent]) -> None:
        """Append `events` that come with nothing else: started, refused, deferred."""
        await self._database.write(lambda connection: self._append(connection, tenant, events))

    def _append(self, connection: Connection, tenant: int, events: Sequence[AuditEvent]) -> None:
        """Continue the tenant's chain inside the caller's transaction. Raises `ValueError` for what a log must not hold: then nothing is kept (law 3)."""
        if not events:
            return
        sealed_key = lock_tenant(connection, tenant).audit_key
        keys: dict[str | None, AESGCM | None] = {None: self._key(sealed_key, "tenants.audit_key", tenant)}
        last = connection.execute(_LAST, {"tenant": tenant}).first()
        seq, previous = (last.seq, last.hash) if last else (0, core.first_previous())
        now, rows = self._clock.now(), []
        for event in events:
            event = self._without_names(event)
            core.check(event)
            seq += 1
            if event.client_id not in keys:
                keys[event.client_id] = self._client_key(connection, tenant, event.client_id)
            clear = core.detail_octets(event, secrets.token_hex(16))
            detail = _sealed(keys[event.client_id], clear, tenant, seq)
            row = core.Row(tenant, seq, now, event.event, event.submission_id, event.client_id, detail, hashlib.sha256(clear).digest(), previous, b"")
            previous = core.row_hash(row)
            rows.append({column.name: getattr(row, column.name) for column in _COLUMNS} | {"hash": previous})
        connection.execute(_INSERT, rows)

    def _without_names(self, event: AuditEvent) -> AuditEvent:
        return replace(event, detail=tuple((key, self.pseudonym(value) if _is_name(key, value) else value) for key, value in event.detail))

    def pseudonym(self, address: str) -> str:
        """What stands for an address in the log: the same for the same address, and meaningless without the master key."""
        return "p-" + self._hash("audit", address.casefold()).hex()[:16]

    def _key(self, sealed: bytes, table: str, *key: object) -> AESGCM:
        return AESGCM(self._open(sealed, table, *key))

    def _client_key(self, connection: Connection, tenant: int, client_id: str | None) -> AESGCM | None:
        """The client's key, made on first use; None where it was shredded."""
        row = connection.execute(_CLIENT_KEY, {"tenant": tenant, "client_id": client_id}).one_or_none()
        if row is not None:
            return None if row.audit_key is None else self._key(row.audit_key, "client_keys", tenant, client_id)
        fresh = AESGCM.generate_key(256)
        connection.execute(insert(schema.client_keys).values(tenant=tenant, client_id=client_id, audit_key=self._seal(fresh, "client_keys", tenant, client_id)))
        return AESGCM(fresh)

    async def shred(self, tenant: int, client_id: str) -> bool:
        """Destroy the key of the client's details, her record and her appointments.

        False, with nothing done, while mail of hers still waits or is on its way.
        """

        def work(connection: Connection) -> bool:
            lock_tenant(connection, tenant)
            waits = select(schema.held.c.id).where(schema.held.c.tenant == tenant, schema.held.c.client_id == client_id, schema.held.c.state == "waiting")
            moves = select(schema.copies.c.id).where(
                schema.copies.c.tenant == tenant, schema.copies.c.client_id == client_id, schema.copies.c.state.in_(("queued", "leased"))
            )
            if connection.execute(waits).first() or connection.execute(moves).first():
                return False
            self._client_key(connection, tenant, client_id)  # so that the row exists and no key is ever made again
            keys, clients, tenants = schema.client_keys, schema.clients, schema.tenants
            connection.execute(update(keys).where(keys.c.tenant == tenant, keys.c.client_id == client_id).values(audit_key=None))
            connection.execute(delete(clients).where(clients.c.tenant == tenant, clients.c.id == client_id))
            met = schema.appointments
            connection.execute(delete(met).where(met.c.tenant == tenant, met.c.clients.contains(f" {client_id} ", autoescape=True)))
            connection.execute(update(tenants).where(tenants.c.id == tenant).values(directory_version=tenants.c.directory_version + 1))
            self._append(connection, tenant, (AuditEvent("shredded", None, client_id),))
            return True

        return await self._database.write(work)

    # ------------------------------------------------------------------------------------------------ reading
    async def events(
        self, tenant: int, *, client_id: str | None = None, submission_id: str | None = None, seq: int | None = None, last: int | None = None
    ) -> list[Entry]:
        """Rows in order, details opened where their key still exists; `last` limits to the newest so many. Raises `StoreDamaged` naming the row."""
        audit = schema.audit.c
        wanted = ((audit.client_id, client_id), (audit.submission_id, submission_id), (audit.seq, seq))
        conditions = [column == value for column, value in wanted if value is not None]
        return await self._database.read(lambda connection: list(self._entries(connection, tenant, conditions, last)))

    def _entries(self, connection: Connection, tenant: int, conditions: Sequence[ColumnElement[bool]], last: int | None = None) -> Iterator[Entry]:
        audit = schema.audit.c
        query = select(*_COLUMNS).where(audit.tenant == tenant, *conditions)
        if last is not None:
            newest = query.with_only_columns(audit.seq).order_by(audit.seq.desc()).limit(last).subquery()
            query = query.where(audit.seq.in_(select(newest.c.seq)))
        keys = self._all_keys(connection, tenant)
        for row in _rows(connection, query.order_by(audit.seq)):
            yield Entry(row, _clear(keys.get(row.client_id), row))

    def _all_keys(self, connection: Connection, tenant: int) -> dict[str | None, AESGCM | None]:
        table = schema.client_keys
        keys: dict[str | None, AESGCM | None] = {
            row.client_id: None if row.audit_key is None else self._key(row.audit_key, "client_keys", tenant, row.client_id)
            for row in connection.execute(select(table.c.client_id, table.c.audit_key).where(table.c.tenant == tenant))
        }
        tenants = schema.tenants.c
        sealed = connection.execute(select(tenants.audit_key).where(tenants.id == tenant)).scalar_one()
        return keys | {None: self._key(sealed, "tenants.audit_key", tenant)}

    async def each_event(self, tenant: int, take: Callable[[Entry], None], client_id: str | None = None) -> None:
        """Hand every row to `take` in order, on one snapshot and in a reader's thread: memory does not grow with the log."""

        def work(connection: Connection) -> None:
            for entry in self._entries(connection, tenant, [] if client_id is None else [schema.audit.c.client_id == client_id]):
                take(entry)

        await self._database.read(work)

    async def hashes(self, tenant: int, size: int) -> list[bytes]:
        """The hashes of the first `size` rows."""
        audit = schema.audit.c
        query = select(audit.hash).where(audit.tenant == tenant, audit.seq <= size).order_by(audit.seq)
        return await self._database.read(lambda connection: list(connection.execute(query).scalars()))

    async def origin(self, tenant: int) -> str:
        """The name of the tenant's log, as it stands in its checkpoints."""
        return await self._database.read(lambda connection: _origin(connection, tenant))

    # ------------------------------------------------------------------------------------------------ checkpoints
    async def checkpoint(self, tenant: int, notary: Notary) -> str:
        """Sign the log as it is now, after checking what was added since the last time. Returns the signed note; where nothing was added, the last one.

        Raises `StoreDamaged` naming the first bad row: a broken log is never signed.
        """

        def work(connection: Connection) -> str:
            lock_tenant(connection, tenant)
            origin, table = _origin(connection, tenant), schema.checkpoints
            last = connection.execute(select(table).where(table.c.tenant == tenant).order_by(table.c.size.desc()).limit(1)).first()
            size = connection.execute(select(func.max(schema.audit.c.seq)).where(schema.audit.c.tenant == tenant)).scalar() or 0
            if last is not None and last.size == size:
                return str(last.note)
            self._append(connection, tenant, (AuditEvent("checkpoint", None, None),))
            tree = _grown(connection, tenant, _trusted_tree(last, notary, origin))
            note = notary.sign(checkpoint_text(origin, tree), origin)
            connection.execute(insert(table).values(tenant=tenant, size=tree.size, at=self._clock.now(), note=note, frontier=b"".join(tree.roots)))
            return note

        return await self._database.write(work)

    async def checkpoints(self, tenant: int) -> list[str]:
        """Every signed note the database keeps, oldest first. They prove nothing against whoever can write the database."""
        table = schema.checkpoints.c
        query = select(table.note).where(table.tenant == tenant).order_by(table.size)
        return await self._database.read(lambda connection: list(connection.execute(query).scalars()))

    async def checkpoint_due(self, tenant: int, every: timedelta) -> bool:
        """Whether the coach's mailbox should get a checkpoint: the last one that was mailed is older than `every`, and the log tells of more than notices."""
        marks, audit = schema.checkpoints.c, schema.audit.c
        mailed = select(marks.size, marks.mailed_at).where(marks.tenant == tenant, marks.mailed_at.is_not(None)).order_by(marks.size.desc()).limit(1)

        def work(connection: Connection) -> bool:
            last = connection.execute(mailed).first()
            if last is not None and timedelta(0) <= self._clock.now() - last.mailed_at < every:
                return False
            news = select(audit.seq).where(audit.tenant == tenant, audit.seq > (last.size if last else 0), audit.event.not_in(_BOOKKEEPING))
            return connection.execute(news.limit(1)).first() is not None

        return await self._database.read(work)

    async def rolled_back(self, tenant: int, note: str) -> bool:
        """Whether the database lacks the checkpoint `note` that was taken from it before: then an older state of it was restored."""
        table = schema.checkpoints.c
        query = select(table.size).where(table.tenant == tenant, table.note == note)
        return await self._database.read(lambda connection: connection.execute(query).first() is None)

    async def verify(self, tenant: int, key: NoteKey, outside: Sequence[Checkpoint] = ()) -> core.Verification:
        """`core.audit.verify` over the whole log and the database's own checkpoints, on one snapshot."""

        def work(connection: Connection) -> core.Verification:
            table, audit = schema.checkpoints.c, schema.audit.c
            notes = connection.execute(select(table.note).where(table.tenant == tenant).order_by(table.size)).scalars()
            inside = [checkpoint for note in notes for checkpoint in parse_checkpoints(note)]
            return core.verify(_rows(connection, select(*_COLUMNS).where(audit.tenant == tenant).order_by(audit.seq)), key, outside, inside)

        return await self._database.read(work)


def _is_name(key: str, value: str) -> bool:
    return key in _NAMES and ("@" in value or not core.is_code(value))  # a login may be any line: it must never stop a mail


def _rows(connection: Connection, query: Any) -> Iterator[core.Row]:
    # of this statement only: set on the connection it would meet the savepoint around it too, which PostgreSQL cannot read by a cursor
    for row in connection.execute(query, execution_options={"yield_per": 1000}):
        if not all(isinstance(value, kind) for value, kind in zip(row, _TYPES, strict=True)):
            raise StoreDamaged(f"audit/{row.tenant}/{row.seq} has a column of another type")
        yield core.Row(*row)


def _origin(connection: Connection, tenant: int) -> str:
    return str(connection.execute(select(schema.tenants.c.origin).where(schema.tenants.c.id == tenant)).scalar_one())


def _aad(tenant: int, seq: int) -> bytes:
    return f"audit/{tenant}/{seq}".encode()


def _sealed(key: AESGCM | None, clear: bytes, tenant: int, seq: int) -> bytes:
    """Nonce and ciphertext; nothing where the key was shredded."""
    if key is None:
        return b""
    nonce = secrets.token_bytes(_NONCE_OCTETS)
    return nonce + key.encrypt(nonce, clear, _aad(tenant, seq))


def _clear(key: AESGCM | None, row: core.Row) -> bytes | None:
    if key is None or not row.detail:
        return None
    try:
        return key.decrypt(row.detail[:_NONCE_OCTETS], row.detail[_NONCE_OCTETS:], _aad(row.tenant, row.seq))
    except (InvalidTag, ValueError):
        raise StoreDamaged(f"audit/{row.tenant}/{row.seq} does not open: it was changed") from None


def _trusted_tree(last: Any, notary: Notary, origin: str) -> Tree:
    """The tree of the last checkpoint, if its frontier leads to exactly the note this key signed; else an empty one, and the log is read from the start."""
    if last is None:
        return Tree()
    roots = tuple(last.frontier[i : i + 32] for i in range(0, len(last.frontier), 32))
    tree = Tree(last.size, roots)
    whole = len(roots) == last.size.bit_count() and all(len(root) == 32 for root in roots)
    return tree if whole and notary.sign(checkpoint_text(origin, tree), origin) == last.note else Tree()


def _grown(connection: Connection, tenant: int, tree: Tree) -> Tree:
    audit = schema.audit.c
    query = select(*_COLUMNS).where(audit.tenant == tenant, audit.seq >= max(tree.size, 1)).order_by(audit.seq)
    previous: core.Row | None = None
    for row in _rows(connection, query):
        if previous is None and tree.size:  # the last row that was signed: only what it hands on is needed
            previous = row
            continue
        fault = core.chain_fault(row, tree.size + 1, previous)
        if fault:
            raise StoreDamaged(f"audit/{tenant}/{fault[0]}: {fault[1]}")
        previous, tree = row, tree.add(row.hash)
    return tree
