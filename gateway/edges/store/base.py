"""What the parts of the store share: the database, the vault, the clock, and how a record of the model becomes a sealed blob."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, bindparam, select

from gateway.core.appointment import Appointment
from gateway.core.model import Client, Coach, Contact, ForwardPath, Mailbox, Role
from gateway.edges.store import schema
from gateway.edges.store.engine import Database
from gateway.errors import StoreDamaged
from gateway.ports import Clock, Vault

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class User:
    """A login of the gateway: who may submit, assist or audit."""

    login: str
    role: str  # coach | assistant | auditor
    password_hash: str  # argon2id, in the encoded form of its reference implementation
    mailboxes: tuple[Mailbox, ...] = ()  # what may stand in MAIL FROM and From
    patterns: tuple[str, ...] = ()  # the same for machines: "@b.example", "*"


@dataclass(frozen=True, slots=True)
class CopyEnvelope:
    """What a copy needs beside its octets."""

    reverse_path: str
    forward_path: ForwardPath
    message_id: str
    smtputf8: bool
    body_8bit: bool


@dataclass(frozen=True, slots=True)
class HeldEnvelope:
    """What a held item needs beside its octets."""

    recipient: ForwardPath
    role: Role
    part_count: int
    login: str
    reverse_path: str


@dataclass(frozen=True, slots=True)
class LessonText:
    """What a lesson says."""

    language: str
    text: str
    by: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a digest says of one submission: ("company" | "private" | "raw", recipient path) each."""

    summary: tuple[tuple[str, str], ...]


_RECORDS = (Appointment, Coach, Client, Contact, User, CopyEnvelope, HeldEnvelope, LessonText, Told)
_ADAPTERS: dict[type, TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in _RECORDS}


class Base:
    """Holds what every part of the store works with."""

    _node: str
    _lease: timedelta
    _keep_sent: timedelta
    _keep_held: timedelta

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    def _seal(self, octets: bytes, table: str, *key: object) -> bytes:
        return self._vault.seal(octets, _label(table, key))

    def _open(self, sealed: bytes | None, table: str, *key: object) -> bytes:
        if sealed is None:
            raise StoreDamaged(f"{_label(table, key).decode()} is gone")
        return self._vault.open(sealed, _label(table, key))

    def _seal_record(self, record: object, table: str, *key: object) -> bytes:
        return self._seal(_ADAPTERS[type(record)].dump_json(record), table, *key)

    def _open_record(self, kind: type[R], sealed: bytes | None, table: str, *key: object) -> R:
        try:
            record: R = _ADAPTERS[kind].validate_json(self._open(sealed, table, *key))
        except ValueError:
            # sealed by us and yet not readable: written by another version; pydantic's text quotes the record, so it goes no further
            raise StoreDamaged(f"{_label(table, key).decode()} holds no record of this version") from None
        return record

    def _hash(self, purpose: str, text: str) -> bytes:
        return self._vault.keyed_hash(purpose, text.encode("utf-8", "surrogateescape"))


def _label(table: str, key: tuple[object, ...]) -> bytes:
    return "/".join((table, *map(str, key))).encode()


# The statements of the hot path are built once: building one costs several times as much as running it.
_LOCK_TENANT = select(schema.tenants.c.audit_key).where(schema.tenants.c.id == bindparam("tenant")).with_for_update()


def lock_tenant(connection: Connection, tenant: int) -> Row[tuple[bytes]]:
    """The tenant's sealed audit key; the row stays locked to the end of the transaction, so that two machines cannot continue one audit chain twice.

    (SQLite has one writer anyway and ignores FOR UPDATE.)
    """
    row = connection.execute(_LOCK_TENANT, {"tenant": tenant}).one_or_none()
    if row is None:
        raise StoreDamaged(f"tenants/{tenant} is gone")
    return row
