"""How far the folders of the coach's mailbox were read, which messages passed the gateway, and whether the mailbox can be read.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _tenant() -> sa.Column[int]:
    return sa.Column("tenant", sa.Integer, sa.ForeignKey("tenants.id"), primary_key=True, nullable=False)


def upgrade() -> None:
    """Three more tables; nothing that is there changes."""
    op.create_table(
        "folders",
        _tenant(),
        sa.Column("name_hash", sa.LargeBinary, primary_key=True),
        sa.Column("uidvalidity", Big, nullable=False),
        sa.Column("uid", Big, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("taken", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "passed",
        _tenant(),
        sa.Column("message_hash", sa.LargeBinary, primary_key=True),
        sa.Column("at", Big, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("ix_passed_at", "passed", ["at"])
    op.create_table("mailboxes", _tenant(), sa.Column("state", sa.Text, nullable=False), sa.Column("since", Big, nullable=False), sqlite_strict=True)
