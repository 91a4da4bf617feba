"""Recordings by chair or secretary: one at a time in a meeting, only while it is open; what was said of it never changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import refuse

revision = "0025_recordings"
down_revision = "0024_audience_known"
branch_labels = None
depends_on = None

RUNNING = sa.text("ended_at IS NULL")
OPEN = "EXISTS (SELECT 1 FROM meeting m WHERE m.meeting_id = NEW.meeting_id AND m.state = 'open')"
LOCK = "PERFORM 1 FROM meeting WHERE meeting_id = NEW.meeting_id FOR SHARE;"
FIXED = ("recording_id", "meeting_id", "folder", "purpose", "notice", "asks", "keep_until", "started_by", "started_at")
ONCE = ("ended_at", "kept_at", "deleted_at", "erased_at")
CHANGED = " OR ".join([
    *(f"NEW.{name} <> OLD.{name}" for name in FIXED),
    *(f"(OLD.{name} IS NOT NULL AND (NEW.{name} IS NULL OR NEW.{name} <> OLD.{name}))" for name in ONCE),
])
GOES_ON = f"OLD.paused_at IS NOT NULL AND NEW.paused_at IS NULL AND NEW.ended_at IS NULL AND NOT {OPEN}"
STILL = ("NEW.state <> OLD.state AND NEW.state <> 'open' AND EXISTS (SELECT 1 FROM recording r WHERE r.meeting_id = NEW.meeting_id"
         " AND r.ended_at IS NULL AND (NEW.state <> 'suspended' OR r.paused_at IS NULL))")
GUARDS = (("recording_open", "recording"), ("recording_fixed", "recording"), ("recording_goes_on", "recording"),
          ("recording_stays", "recording"), ("meeting_recorded", "meeting"))


def upgrade() -> None:
    when = sa.DateTime(timezone=True)
    op.create_table(
        "recording",
        sa.Column("recording_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("folder", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(300), nullable=False),
        sa.Column("notice", sa.String(1000), nullable=False),
        sa.Column("asks", sa.Boolean, nullable=False),
        sa.Column("keep_until", when, nullable=False),
        sa.Column("started_by", sa.Text, nullable=False),
        sa.Column("started_at", when, nullable=False),
        sa.Column("paused_at", when),
        sa.Column("ended_at", when),
        sa.Column("reason", sa.String(20)),
        sa.Column("kept_at", when),
        sa.Column("seconds", sa.Integer),
        sa.Column("tracks", sa.Integer),
        sa.Column("gaps", sa.Integer),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("manifest_sha256", sa.String(64)),
        sa.Column("deleted_at", when),
        sa.Column("deleted_by", sa.Text),
        sa.Column("deleted_reason", sa.String(500)),
        sa.Column("erased_at", when),
        sa.PrimaryKeyConstraint("recording_id", name="pk_recording"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_recording_meeting"),
        sa.CheckConstraint("keep_until > started_at", name="ck_recording_keep_until"),
        sa.CheckConstraint("(ended_at IS NULL) = (reason IS NULL)", name="ck_recording_reason"),
        sa.CheckConstraint("kept_at IS NULL OR (ended_at IS NOT NULL AND (manifest_sha256 IS NOT NULL OR tracks = 0))", name="ck_recording_kept_after_the_end"),
        sa.CheckConstraint("deleted_at IS NULL OR (kept_at IS NOT NULL AND deleted_reason IS NOT NULL)", name="ck_recording_deleted_after_kept"),
        sa.CheckConstraint("erased_at IS NULL OR deleted_at IS NOT NULL", name="ck_recording_erased_after_deleted"),
    )
    op.create_index("uq_recording_folder", "recording", ["meeting_id", "folder"], unique=True)
    op.create_index("uq_recording_running", "recording", ["meeting_id"], unique=True, sqlite_where=RUNNING, postgresql_where=RUNNING)
    op.create_index("ix_recording_keep_until", "recording", ["keep_until"])
    op.create_table(
        "recording_told",
        sa.Column("recording_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("shown_at", when),
        sa.Column("agreed_at", when),
        sa.PrimaryKeyConstraint("recording_id", "point_id", name="pk_recording_told"),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.recording_id"], name="fk_recording_told_recording"),
        sa.CheckConstraint("agreed_at IS NULL OR shown_at IS NOT NULL", name="ck_recording_told_agreed_after_shown"),
    )
    op.create_table(
        "composition",
        sa.Column("recording_id", sa.String(36), nullable=False),
        sa.Column("format", sa.String(8), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("asked_at", when, nullable=False),
        sa.Column("ended_at", when),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("sha256", sa.String(64)),
        sa.Column("problem", sa.String(200)),
        sa.PrimaryKeyConstraint("recording_id", "format", name="pk_composition"),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.recording_id"], name="fk_composition_recording"),
        sa.CheckConstraint("state IN ('waiting', 'working', 'done', 'failed')", name="ck_composition_state"),
        sa.CheckConstraint("format IN ('mp4', 'webm')", name="ck_composition_format"),
        sa.CheckConstraint("(state = 'done') = (sha256 IS NOT NULL)", name="ck_composition_done"),
    )
    op.create_index("ix_composition_state", "composition", ["state"])
    dialect = op.get_bind().dialect.name
    for statement in (
        *refuse(dialect, "recording_open", "recording", "INSERT", f"NOT {OPEN}", LOCK),
        *refuse(dialect, "recording_fixed", "recording", "UPDATE", CHANGED),
        *refuse(dialect, "recording_goes_on", "recording", "UPDATE", GOES_ON, LOCK),
        *refuse(dialect, "recording_stays", "recording", "DELETE"),
        *refuse(dialect, "meeting_recorded", "meeting", "UPDATE", STILL),
    ):
        op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for name, table in GUARDS:
        op.execute(f"DROP TRIGGER {name}" if dialect == "sqlite" else f"DROP TRIGGER {name} ON {table}")
        if dialect == "postgresql":
            op.execute(f"DROP FUNCTION {name}()")
    for table in ("composition", "recording_told", "recording"):
        op.drop_table(table)
