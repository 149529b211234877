"""What is remembered of appointments.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """One more table; nothing that is there changes."""
    op.create_table(
        "appointments",
        sa.Column("tenant", sa.Integer, sa.ForeignKey("tenants.id"), primary_key=True, nullable=False),
        sa.Column("uid_hash", sa.LargeBinary, primary_key=True),
        sa.Column("company_hash", sa.LargeBinary, nullable=False),
        sa.Column("clients", sa.Text, nullable=False),
        sa.Column("forget_at", Big),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("ix_appointments_tenant_company_hash", "appointments", ["tenant", "company_hash"])
