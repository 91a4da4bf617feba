"""Tables of recordings: what was recorded why and for how long, who was told of it, the single files made of it.

Rows are never removed: what is deleted are files.  Its triggers stand in the migration `recordings`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, text

from meetings.store.base import JsonText, UtcDateTime, metadata

RUNNING = text("ended_at IS NULL")

recording = Table(
    "recording", metadata,
    Column("recording_id", String(36), primary_key=True),
    Column("meeting_id", String(36), ForeignKey("meeting.meeting_id"), nullable=False),
    Column("folder", String(64), nullable=False),
    Column("purpose", String(300), nullable=False),
    Column("notice", String(1000), nullable=False),
    Column("asks", Boolean, nullable=False),
    Column("keep_until", UtcDateTime, nullable=False),
    Column("started_by", JsonText, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("paused_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("reason", String(20)),
    Column("kept_at", UtcDateTime),
    Column("seconds", Integer),
    Column("tracks", Integer),
    Column("gaps", Integer),
    Column("bytes", BigInteger),
    Column("manifest_sha256", String(64)),
    Column("deleted_at", UtcDateTime),
    Column("deleted_by", JsonText),
    Column("deleted_reason", String(500)),
    Column("erased_at", UtcDateTime),
    CheckConstraint("keep_until > started_at", name="keep_until"),
    CheckConstraint("(ended_at IS NULL) = (reason IS NULL)", name="reason"),
    CheckConstraint("kept_at IS NULL OR (ended_at IS NOT NULL AND (manifest_sha256 IS NOT NULL OR tracks = 0))", name="kept_after_the_end"),
    CheckConstraint("deleted_at IS NULL OR (kept_at IS NOT NULL AND deleted_reason IS NOT NULL)", name="deleted_after_kept"),
    CheckConstraint("erased_at IS NULL OR deleted_at IS NOT NULL", name="erased_after_deleted"),
    Index("uq_recording_folder", "meeting_id", "folder", unique=True),
    Index("uq_recording_running", "meeting_id", unique=True, sqlite_where=RUNNING, postgresql_where=RUNNING),
    Index("ix_recording_keep_until", "keep_until"),
)

recording_told = Table(
    "recording_told", metadata,
    Column("recording_id", String(36), ForeignKey("recording.recording_id"), primary_key=True),
    Column("point_id", Integer, primary_key=True, autoincrement=False),
    Column("late", Boolean, nullable=False),
    Column("shown_at", UtcDateTime),
    Column("agreed_at", UtcDateTime),
    CheckConstraint("agreed_at IS NULL OR shown_at IS NOT NULL", name="agreed_after_shown"),
)
"""A row a point that was there at the start, or came later; `shown_at`: its page said that it shows the notice."""

composition = Table(
    "composition", metadata,
    Column("recording_id", String(36), ForeignKey("recording.recording_id"), primary_key=True),
    Column("format", String(8), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("asked_by", JsonText, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("bytes", BigInteger),
    Column("sha256", String(64)),
    Column("problem", String(200)),
    CheckConstraint("state IN ('waiting', 'working', 'done', 'failed')", name="state"),
    CheckConstraint("format IN ('mp4', 'webm')", name="format"),
    CheckConstraint("(state = 'done') = (sha256 IS NOT NULL)", name="done"),
    Index("ix_composition_state", "state"),
)
