"""Delegates registered before a meeting by the points themselves, and the time until which they may."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_delegates"
down_revision = "0016_audience"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "delegate_entry",
        sa.Column("entry_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("post", sa.String(100), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("replaces", sa.String(36)),
        sa.Column("registered_at", AT, nullable=False),
        sa.Column("registered_by", sa.String(36)),
        sa.Column("withdrawn_at", AT),
        sa.Column("reason", sa.String(500)),
        sa.PrimaryKeyConstraint("entry_id", name="pk_delegate_entry"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_delegate_entry_meeting"),
        sa.ForeignKeyConstraint(["replaces"], ["delegate_entry.entry_id"], name="fk_delegate_entry_replaces"),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (reason IS NULL)", name="ck_delegate_entry_withdrawn"),
    )
    op.create_index("ix_delegate_entry_meeting", "delegate_entry", ["meeting_id", "point_id"])
    op.create_index("uq_delegate_entry_replaces", "delegate_entry", ["replaces"], unique=True)
    op.create_table(
        "delegate_deadline",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_delegate_deadline"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_delegate_deadline_meeting"),
    )


def downgrade() -> None:
    op.drop_table("delegate_deadline")
    op.drop_table("delegate_entry")
