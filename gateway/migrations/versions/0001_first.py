"""The first schema: custody, queue, held items, people, audit log.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _tenant(**options: object) -> sa.Column[int]:
    return sa.Column("tenant", sa.Integer, sa.ForeignKey("tenants.id"), nullable=False, **options)  # type: ignore[arg-type]


def _table(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(name, *columns, sqlite_strict=True)


def _people() -> None:
    _table(
        "tenants",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("coach", sa.LargeBinary, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("directory_version", Big, nullable=False),
        sa.Column("audit_key", sa.LargeBinary, nullable=False),
    )
    _table(
        "users",
        _tenant(),
        sa.Column("login_hash", sa.LargeBinary, primary_key=True),
        sa.Column("role", sa.Text, sa.CheckConstraint("role IN ('coach', 'assistant', 'auditor')", name="ck_role"), nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
    )
    _table(
        "clients",
        _tenant(primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary),
    )
    _table(
        "contacts",
        _tenant(primary_key=True),
        sa.Column("pattern_hash", sa.LargeBinary, primary_key=True),
        sa.Column("record", sa.LargeBinary, nullable=False),
    )


def _mail() -> None:
    _table(
        "submissions",
        sa.Column("id", sa.Text, primary_key=True),
        _tenant(),
        sa.Column("at", Big, nullable=False),
        sa.Column("digest", sa.LargeBinary),
        sa.Column("copies", sa.Integer, nullable=False),
        sa.Column("held", sa.Integer, nullable=False),
        sa.Column("summary", sa.LargeBinary),
    )
    op.create_index("uq_submissions_digest_tenant", "submissions", ["digest", "tenant"], unique=True)
    untold = sa.text("summary IS NOT NULL")
    op.create_index("ix_submissions_untold", "submissions", ["tenant", "at"], sqlite_where=untold, postgresql_where=untold)
    _table("bodies", sa.Column("id", sa.Text, primary_key=True), _tenant(), sa.Column("octets", sa.LargeBinary, nullable=False))
    states = "state IN ('queued', 'leased', 'done', 'failed', 'unclear', 'damaged')"
    _table(
        "copies",
        sa.Column("id", sa.Text, primary_key=True),
        _tenant(),
        sa.Column("submission_id", sa.Text),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text),
        sa.Column("state", sa.Text, sa.CheckConstraint(states, name="ck_state"), nullable=False),
        sa.Column("envelope", sa.LargeBinary),
        sa.Column("body_id", sa.Text, sa.ForeignKey("bodies.id")),
        sa.Column("queued_at", Big, nullable=False),
        sa.Column("next_attempt_at", Big, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("unclear", sa.Integer, nullable=False),
        sa.Column("last_reply", sa.Text, nullable=False),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_until", Big),
        sa.Column("finished_at", Big),
    )
    op.create_index("ix_copies_state_next_attempt_at", "copies", ["state", "next_attempt_at"])
    op.create_index("ix_copies_body_id", "copies", ["body_id"])
    states = "state IN ('waiting', 'diverted', 'released', 'sent-as-is', 'discarded', 'resolved')"
    _table(
        "held",
        sa.Column("id", sa.Text, primary_key=True),
        _tenant(),
        sa.Column("client_id", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.Text, sa.CheckConstraint(states, name="ck_state"), nullable=False),
        sa.Column("since", Big, nullable=False),
        sa.Column("resolved_at", Big),
        sa.Column("envelope", sa.LargeBinary),
        sa.Column("body_id", sa.Text, sa.ForeignKey("bodies.id")),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("token_used_at", Big),
    )
    op.create_index("ix_held_tenant_state", "held", ["tenant", "state"])
    op.create_index("uq_held_token_hash", "held", ["token_hash"], unique=True)
    op.create_index("ix_held_body_id", "held", ["body_id"])


def _audit() -> None:
    _table(
        "audit",
        _tenant(primary_key=True),
        sa.Column("seq", Big, primary_key=True, autoincrement=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("submission_id", sa.Text),
        sa.Column("client_id", sa.Text),
        sa.Column("detail", sa.LargeBinary, nullable=False),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    _table(
        "checkpoints",
        _tenant(primary_key=True),
        sa.Column("size", Big, primary_key=True, autoincrement=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
    )
    _table("client_keys", _tenant(primary_key=True), sa.Column("client_id", sa.Text, primary_key=True), sa.Column("audit_key", sa.LargeBinary))


def upgrade() -> None:
    """Create every table."""
    _people()
    _mail()
    _audit()
