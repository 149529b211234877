"""The tables. Every address, name, body and Message-ID lies in a blob sealed by the vault under the label "table/id"; what is readable is opaque ids,
states, counts and times. Every table carries its tenant.

Types are those SQLite's STRICT tables admit and PostgreSQL knows too. Times are whole microseconds since 1970 in UTC, so that both engines compare them alike.
The revisions in `gateway.migrations` create what is declared here; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, TypeDecorator, text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"})
Big = BigInteger().with_variant(Integer(), "sqlite")  # STRICT tables know INTEGER only; it has 64 bits there


class Moment(TypeDecorator[datetime]):
    """An aware datetime as microseconds since the epoch."""

    impl = Big
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        """Exact: no float in between."""
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        """The inverse, in UTC. A value no calendar holds can only come from damage: it reads as the end of time, and the audit chain shows it."""
        try:
            return None if value is None else _EPOCH + timedelta(microseconds=value)
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)


def _states(column: str, *states: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(s) for s in states)})", name=f"ck_{column}")


def _tenant(**options: Any) -> Column[int]:
    return Column("tenant", Integer, ForeignKey("tenants.id"), nullable=False, **options)


tenants = Table(
    "tenants",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("coach", LargeBinary, nullable=False),  # sealed
    Column("origin", Text, nullable=False),  # name of the audit log in checkpoints, random
    Column("directory_version", Big, nullable=False),  # counts every change of tenants, clients, contacts and lessons
    Column("audit_key", LargeBinary, nullable=False),  # sealed; for audit details that concern no client
    sqlite_strict=True,
)
users = Table(
    "users",
    metadata,
    _tenant(),
    Column("login_hash", LargeBinary, primary_key=True),  # keyed: a login is often an address
    Column("role", Text, _states("role", "coach", "assistant", "auditor"), nullable=False),
    Column("record", LargeBinary, nullable=False),  # sealed: login, argon2 hash, mailboxes
    sqlite_strict=True,
)
clients = Table(
    "clients",
    metadata,
    _tenant(primary_key=True),
    Column("id", Text, primary_key=True),
    Column("record", LargeBinary, nullable=False),  # sealed
    Column("public_key", LargeBinary),  # sealed, armoured OpenPGP
    sqlite_strict=True,
)
contacts = Table(
    "contacts",
    metadata,
    _tenant(primary_key=True),
    Column("pattern_hash", LargeBinary, primary_key=True),
    Column("record", LargeBinary, nullable=False),  # sealed
    Column("configured", Integer, nullable=False, server_default=text("0")),  # 1: the configuration names it, and takes it away again
    sqlite_strict=True,
)
taught = Table(
    "taught",
    metadata,
    _tenant(primary_key=True),
    Column("id", Text, primary_key=True),  # a keyed hash: the same lesson is kept once
    Column("kind", Text, _states("kind", "phrase", "place"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("record", LargeBinary, nullable=False),  # sealed: language, text, who taught it
    sqlite_strict=True,
)
appointments = Table(
    "appointments",
    metadata,
    _tenant(primary_key=True),
    Column("uid_hash", LargeBinary, primary_key=True),  # keyed: of the UID that the organiser's program made
    Column("company_hash", LargeBinary, nullable=False),  # keyed: of the UID that a company sees, in lower case
    Column("clients", Text, nullable=False),  # " c-0001 c-0002 ": whose it is, so that it can be erased with them
    Column("forget_at", Moment),  # NULL while it has no end
    Column("record", LargeBinary, nullable=False),  # sealed
    Index("ix_appointments_tenant_company_hash", "tenant", "company_hash"),
    sqlite_strict=True,
)
folders = Table(  # of the coach's mailbox
    "folders",
    metadata,
    _tenant(primary_key=True),
    Column("name_hash", LargeBinary, primary_key=True),  # keyed: a folder may be called after a person
    Column("uidvalidity", Big, nullable=False),
    Column("uid", Big, nullable=False),  # the highest that was looked at
    Column("at", Moment, nullable=False),  # when
    Column("taken", Text, nullable=False),  # "7 9": in custody, and not moved out of the folder yet
    sqlite_strict=True,
)
passed = Table(  # messages that the watch need not look at again: they came through the gateway, or the coach was told of them
    "passed",
    metadata,
    _tenant(primary_key=True),
    Column("message_hash", LargeBinary, primary_key=True),  # keyed: of the Message-ID
    Column("at", Moment, nullable=False),
    Index("ix_passed_at", "at"),
    sqlite_strict=True,
)
mailboxes = Table(
    "mailboxes",
    metadata,
    _tenant(primary_key=True),
    Column("state", Text, nullable=False),  # "watched", "stopped", or why it cannot be read
    Column("since", Moment, nullable=False),
    sqlite_strict=True,
)
submissions = Table(
    "submissions",
    metadata,
    Column("id", Text, primary_key=True),
    _tenant(),
    Column("at", Moment, nullable=False),
    Column("digest", LargeBinary),  # keyed; set to NULL once the 24 hours in which a repetition is recognised are over
    Column("copies", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("summary", LargeBinary),  # sealed; what the next digest to the coach tells, erased when told
    Index("uq_submissions_digest_tenant", "digest", "tenant", unique=True),
    Index("ix_submissions_untold", "tenant", "at", sqlite_where=text("summary IS NOT NULL"), postgresql_where=text("summary IS NOT NULL")),
    sqlite_strict=True,
)
bodies = Table(
    "bodies",
    metadata,
    Column("id", Text, primary_key=True),
    _tenant(),
    Column("octets", LargeBinary, nullable=False),  # sealed; shared by the copies whose octets are the same
    sqlite_strict=True,
)
copies = Table(
    "copies",
    metadata,
    Column("id", Text, primary_key=True),
    _tenant(),
    Column("submission_id", Text),
    Column("purpose", Text, nullable=False),
    Column("client_id", Text),
    Column("state", Text, _states("state", "queued", "leased", "done", "failed", "unclear", "damaged"), nullable=False),
    Column("envelope", LargeBinary),  # sealed; erased with the body
    Column("body_id", Text, ForeignKey("bodies.id")),
    Column("queued_at", Moment, nullable=False),
    Column("next_attempt_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("unclear", Integer, nullable=False),  # 1 once an attempt ended in silence after the dot
    Column("last_reply", Text, nullable=False),
    Column("lease_owner", Text),
    Column("lease_until", Moment),
    Column("finished_at", Moment),
    Column("told", Integer, nullable=False, server_default=text("0")),  # 1 once the coach was told that it does not open any more
    Index("ix_copies_state_next_attempt_at", "state", "next_attempt_at"),
    Index("ix_copies_body_id", "body_id"),
    sqlite_strict=True,
)
held = Table(
    "held",
    metadata,
    Column("id", Text, primary_key=True),
    _tenant(),
    Column("client_id", Text),
    Column("reason", Text, nullable=False),
    Column("state", Text, _states("state", "waiting", "diverted", "released", "sent-as-is", "discarded", "resolved"), nullable=False),
    Column("since", Moment, nullable=False),
    Column("resolved_at", Moment),
    Column("envelope", LargeBinary),  # sealed; erased with the body
    Column("body_id", Text, ForeignKey("bodies.id")),
    Column("token_hash", LargeBinary, nullable=False),
    Column("token_used_at", Moment),
    Index("ix_held_tenant_state", "tenant", "state"),
    Index("uq_held_token_hash", "token_hash", unique=True),
    Index("ix_held_body_id", "body_id"),
    sqlite_strict=True,
)
audit = Table(
    "audit",
    metadata,
    _tenant(primary_key=True),
    Column("seq", Big, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("event", Text, nullable=False),
    Column("submission_id", Text),
    Column("client_id", Text),
    Column("detail", LargeBinary, nullable=False),  # sealed under the client's or the tenant's own key
    Column("commitment", LargeBinary, nullable=False),  # SHA-256 of the clear detail, which starts with a random salt
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_strict=True,
)
checkpoints = Table(
    "checkpoints",
    metadata,
    _tenant(primary_key=True),
    Column("size", Big, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("note", Text, nullable=False),
    Column("frontier", LargeBinary, nullable=False),  # roots of the full subtrees, so that the next checkpoint need not read the whole log
    Column("mailed_at", Moment),  # when a notice took it to the coach's mailbox
    sqlite_strict=True,
)
client_keys = Table(
    "client_keys",
    metadata,
    _tenant(primary_key=True),
    Column("client_id", Text, primary_key=True),
    Column("audit_key", LargeBinary),  # sealed; NULL once shredded, so that no new key is ever made for this client
    sqlite_strict=True,
)
