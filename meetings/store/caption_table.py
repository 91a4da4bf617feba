"""Table of the lines that were typed as captions.  Triggers stand in the migration: lines while the meeting is on, corrections of the last."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Integer, String, Table, Text

from meetings.store.base import UtcDateTime, metadata

caption = Table(
    "caption", metadata,
    Column("meeting_id", String(36), ForeignKey("meeting.meeting_id"), primary_key=True),
    Column("ord", Integer, primary_key=True, autoincrement=False),
    Column("user_id", String(36), nullable=False),
    Column("author", String(200), nullable=False),
    Column("point_id", Integer),
    Column("text", Text),
    Column("gone", String(9)),
    Column("said_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("amended_at", UtcDateTime),
    ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_caption_seat"),
    CheckConstraint("ord BETWEEN 1 AND 10000", name="most"),
    CheckConstraint("text IS NULL OR length(text) BETWEEN 1 AND 110", name="length"),
    CheckConstraint("gone IS NULL OR gone IN ('withdrawn', 'erased')", name="gone"),
    CheckConstraint("(text IS NULL) = (gone IS NOT NULL)", name="erased"),
    CheckConstraint("said_at < until", name="until"),
    CheckConstraint("amended_at IS NULL OR amended_at <= until", name="amended"),
    CheckConstraint("gone IS NULL OR gone = 'erased' OR amended_at IS NOT NULL", name="withdrawn"),
)
"""Text stands here alone and may go; `gone` says how it went."""
