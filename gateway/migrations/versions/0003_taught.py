"""What a coach taught the recogniser: words, phrases and places.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """One more table; nothing that is there changes."""
    op.create_table(
        "taught",
        sa.Column("tenant", sa.Integer, sa.ForeignKey("tenants.id"), primary_key=True, nullable=False),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, sa.CheckConstraint("kind IN ('phrase', 'place')", name="ck_kind"), nullable=False),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
