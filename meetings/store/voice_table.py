"""Tables of how a room is run: its setting, who was muted or freed, whose screen is shared, what was written.  Triggers stand in the migration.

The text of a message stands here alone and can be erased; the ledger has its salted SHA-256.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
    Text,
)

from meetings.store.base import UtcDateTime, metadata

room_setting = Table(
    "room_setting", metadata,
    Column("meeting_id", String(36), ForeignKey("meeting.meeting_id"), primary_key=True),
    Column("all_muted", Boolean, nullable=False),
    Column("lobby", String(8), nullable=False),
    Column("spotlight", Integer),
    Column("chat", String(8), nullable=False),
    Column("muted_above", Integer, nullable=False),
    Column("presenter", Integer),
    Column("sign", Integer),
    CheckConstraint("lobby IN ('quiet', 'free')", name="lobby"),
    CheckConstraint("chat IN ('open', 'held', 'closed')", name="chat"),
    CheckConstraint("muted_above >= 0", name="muted_above"),
)

voice = Table(
    "voice", metadata,
    Column("meeting_id", String(36), primary_key=True),
    Column("point_id", Integer, primary_key=True),
    Column("muted", Boolean),
    Column("since", UtcDateTime, nullable=False),
    Column("asked_at", UtcDateTime),
    ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_voice_seat"),
    CheckConstraint("muted IS NOT NULL OR asked_at IS NOT NULL", name="something"),
)

screen_share = Table(
    "screen_share", metadata,
    Column("meeting_id", String(36), primary_key=True),
    Column("point_id", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_screen_share_seat"),
)
"""One screen a room."""

chat_message = Table(
    "chat_message", metadata,
    Column("meeting_id", String(36), ForeignKey("meeting.meeting_id"), primary_key=True),
    Column("channel", String(8), primary_key=True),
    Column("ord", Integer, primary_key=True),
    Column("point_id", Integer),
    Column("user_id", String(36)),
    Column("person_id", String(36)),
    Column("author", String(200), nullable=False),
    Column("text", Text),
    Column("salt", String(32)),
    Column("state", String(8), nullable=False),
    Column("reason", String(500)),
    Column("said_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_chat_message_seat"),
    CheckConstraint("channel IN ('room', 'private')", name="channel"),
    CheckConstraint("state IN ('said', 'held', 'hidden', 'erased')", name="state"),
    CheckConstraint("point_id IS NOT NULL OR user_id IS NOT NULL", name="author"),
    # Between chair and secretary: accounts alone, nothing that came by a link, nothing to be moderated.
    CheckConstraint("channel = 'room' OR (point_id IS NULL AND person_id IS NULL AND state IN ('said', 'erased'))", name="private"),
    CheckConstraint("(text IS NULL) = (state = 'erased') AND (salt IS NULL) = (state = 'erased')", name="erased"),
    CheckConstraint("state IN ('said', 'held') OR reason IS NOT NULL", name="reason"),
    CheckConstraint("length(text) <= 1000", name="length"),
)
