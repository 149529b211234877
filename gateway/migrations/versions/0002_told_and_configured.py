"""What the coach was told already, which checkpoints left the house, and which contacts the configuration named.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Columns with a default: nothing is copied, and what is there counts as not told and as the coach's own word."""
    op.add_column("contacts", sa.Column("configured", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("copies", sa.Column("told", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("checkpoints", sa.Column("mailed_at", Big))
