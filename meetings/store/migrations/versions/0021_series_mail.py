"""A series as the calendars of those invited know it: one entry of many dates, and who has it with which dates left out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021_series_mail"
down_revision = "0020_capacity_declared"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Series that are there already have no row: their meetings were told of one by one, and that stays so.
    op.create_table(
        "series_entry",
        sa.Column("series_id", sa.String(36), nullable=False),
        sa.Column("next_sequence", sa.Integer, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("due_at", AT),
        sa.Column("told", sa.Text),
        sa.Column("changed_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("series_id", name="pk_series_entry"),
        sa.ForeignKeyConstraint(["series_id"], ["series.series_id"], name="fk_series_entry_series"),
        sa.CheckConstraint("next_sequence >= 0", name="ck_series_entry_next_sequence"),
        sa.CheckConstraint("round >= 0", name="ck_series_entry_round"),
    )
    op.create_table(
        "series_guest",
        sa.Column("guest_id", sa.String(36), nullable=False),
        sa.Column("series_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer),
        sa.Column("user_id", sa.String(36)),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("missing", sa.Text, nullable=False),
        sa.Column("item", sa.String(200), nullable=False),
        sa.Column("removed_at", AT),
        sa.PrimaryKeyConstraint("guest_id", name="pk_series_guest"),
        sa.ForeignKeyConstraint(["series_id"], ["series_entry.series_id"], name="fk_series_guest_series_entry"),
        sa.ForeignKeyConstraint(["point_id"], ["point.point_id"], name="fk_series_guest_point"),
    )
    op.create_index("uq_series_guest_series_address", "series_guest", ["series_id", "address"], unique=True)


def downgrade() -> None:
    op.drop_table("series_guest")
    op.drop_table("series_entry")
