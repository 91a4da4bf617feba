"""Series of meetings: a rule on the wall clock of one zone, and the meeting of each occurrence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_series"
down_revision = "0009_mail"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "series",
        sa.Column("series_id", sa.String(36), nullable=False),
        sa.Column("unit_id", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(500), nullable=False),
        sa.Column("starts", sa.String(19), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("length_s", sa.Integer, nullable=False),
        sa.Column("excluded", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("split_from", sa.String(36)),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("ended_at", AT),
        sa.PrimaryKeyConstraint("series_id", name="pk_series"),
        sa.ForeignKeyConstraint(["split_from"], ["series.series_id"], name="fk_series_split_from"),
        sa.CheckConstraint("length_s > 0", name="ck_series_length"),
        sa.CheckConstraint("version >= 1", name="ck_series_version"),
    )
    op.create_table(
        "series_meeting",
        sa.Column("series_id", sa.String(36), nullable=False),
        sa.Column("key", sa.String(19), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "key", name="pk_series_meeting"),
        sa.ForeignKeyConstraint(["series_id"], ["series.series_id"], name="fk_series_meeting_series"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_series_meeting_meeting"),
    )
    op.create_index("uq_series_meeting_meeting_id", "series_meeting", ["meeting_id"], unique=True)


def downgrade() -> None:
    op.drop_table("series_meeting")
    op.drop_table("series")
