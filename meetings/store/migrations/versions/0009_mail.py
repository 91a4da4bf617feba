"""Addresses of accounts; calendar entries, those invited and their answers; feeds; whether mail goes out; when to remind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_mail"
down_revision = "0008_requests"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.add_column("account", sa.Column("email", sa.String(254)))
    op.add_column("account", sa.Column("phone", sa.String(20)))
    op.create_table(
        "calendar_entry",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("asked", sa.Integer, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_calendar_entry"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_calendar_entry_meeting"),
        sa.CheckConstraint("sequence >= 0 AND asked >= 0 AND asked <= sequence", name="ck_calendar_entry_sequence"),
        sa.CheckConstraint("round >= 1", name="ck_calendar_entry_round"),
    )
    op.create_table(
        "invitee",
        sa.Column("invitee_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer),
        sa.Column("user_id", sa.String(36)),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("removed_at", AT),
        sa.Column("partstat", sa.String(12), nullable=False),
        sa.Column("answered", sa.Integer),
        sa.Column("stamped_at", AT),
        sa.Column("replied_at", AT),
        sa.Column("comment", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("invitee_id", name="pk_invitee"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_invitee_meeting"),
        sa.ForeignKeyConstraint(["point_id"], ["point.point_id"], name="fk_invitee_point"),
        sa.CheckConstraint("partstat IN ('needs-action', 'accepted', 'declined', 'tentative', 'delegated')", name="ck_invitee_partstat"),
        sa.CheckConstraint("(replied_at IS NULL) = (answered IS NULL)", name="ck_invitee_answered"),
        sa.CheckConstraint("sequence >= 0", name="ck_invitee_sequence"),
    )
    op.create_index("uq_invitee_meeting_address", "invitee", ["meeting_id", "address"], unique=True)
    op.create_table(
        "feed",
        sa.Column("feed_id", sa.String(36), nullable=False),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        sa.Column("point_id", sa.Integer),
        sa.Column("user_id", sa.String(36)),
        sa.Column("made_by", sa.String(36), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("revoked_at", AT),
        sa.PrimaryKeyConstraint("feed_id", name="pk_feed"),
        sa.ForeignKeyConstraint(["point_id"], ["point.point_id"], name="fk_feed_point"),
        sa.CheckConstraint("(point_id IS NULL) <> (user_id IS NULL)", name="ck_feed_owner"),
    )
    op.create_index("uq_feed_secret_sha256", "feed", ["secret_sha256"], unique=True)
    op.create_index("ix_feed_made_by", "feed", ["made_by"])
    op.create_table(
        "channel",
        sa.Column("name", sa.String(10), nullable=False),
        sa.Column("away_since", AT),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_channel"),
    )
    op.create_table(
        "timing",
        sa.Column("timing_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("timing_id", name="pk_timing"),
        sa.CheckConstraint("timing_id = 1", name="ck_timing_one"),
    )
    # Whoever delivers asks for its own kinds only: letters that wait for a mail server must not be in the way of the rest.
    op.drop_index("ix_outbox_due", "outbox")
    op.create_index("ix_outbox_due", "outbox", ["kind", "due_at"], sqlite_where=WAITING, postgresql_where=WAITING)
    # What waits for a meeting is found by how its keys begin.
    op.drop_index("uq_outbox_key", "outbox")
    op.create_index("uq_outbox_key", "outbox", ["key"], unique=True, postgresql_ops={"key": "text_pattern_ops"})


def downgrade() -> None:
    op.drop_index("uq_outbox_key", "outbox")
    op.create_index("uq_outbox_key", "outbox", ["key"], unique=True)
    op.drop_index("ix_outbox_due", "outbox")
    op.create_index("ix_outbox_due", "outbox", ["due_at"], sqlite_where=WAITING, postgresql_where=WAITING)
    for table in ("timing", "channel", "feed", "invitee", "calendar_entry"):
        op.drop_table(table)
    for column in ("phone", "email"):
        op.drop_column("account", column)
