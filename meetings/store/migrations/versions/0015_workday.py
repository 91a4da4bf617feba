"""Days that are worked, or are not, because the administrator says so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_workday"
down_revision = "0014_capacity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workday",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("works", sa.Boolean, nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_by", sa.String(36)),
        sa.PrimaryKeyConstraint("day", name="pk_workday"),
    )


def downgrade() -> None:
    op.drop_table("workday")
