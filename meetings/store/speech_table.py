"""Tables of who speaks.  One row an entry of the queue, from the asking to its end; a finished one never changes (trigger speech_over).

`floor` in `tables` stays what it is, the point that is heard; it follows the entry that speaks.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Table, text

from meetings.store.base import UtcDateTime, metadata

KINDS = "'contribution', 'order', 'question'"
STANDINGS = "'waiting', 'speaking', 'paused', 'done', 'withdrawn', 'declined', 'lapsed'"


def _one(name: str, standing: str, *columns: str) -> Index:
    where = text(f"standing = '{standing}'")
    return Index(name, *columns, unique=True, sqlite_where=where, postgresql_where=where)


speech = Table(
    "speech", metadata,
    Column("meeting_id", String(36), primary_key=True),
    # seq of the event that made it: dealt under the meeting's lock, never twice.
    Column("entry", Integer, primary_key=True),
    Column("point_id", Integer, nullable=False),
    # Who asked behind the point; '' = the point itself.  Not null, so that the unique index below tells it apart.
    Column("person_id", String(36), nullable=False, server_default=""),
    Column("person", String(100), nullable=False, server_default=""),
    Column("kind", String(12), nullable=False),
    Column("standing", String(10), nullable=False),
    Column("lane", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("item", Integer),
    Column("note", String(200), nullable=False, server_default=""),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("limit_s", Integer),
    Column("spoken_ms", Integer, nullable=False, server_default="0"),
    Column("began_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_speech_seat"),
    CheckConstraint(f"kind IN ({KINDS})", name="kind"),
    CheckConstraint(f"standing IN ({STANDINGS})", name="standing"),
    CheckConstraint("(ended_at IS NULL) = (standing IN ('waiting', 'speaking', 'paused'))", name="ended"),
    CheckConstraint("began_at IS NULL OR standing = 'speaking'", name="clock"),
    CheckConstraint("spoken_ms >= 0 AND (limit_s IS NULL OR limit_s >= 0)", name="lengths"),
    _one("uq_speech_speaking", "speaking", "meeting_id"),
    _one("uq_speech_paused", "paused", "meeting_id"),
    _one("uq_speech_waiting", "waiting", "meeting_id", "point_id", "person_id", "kind"),
)

speech_times = Table(
    "speech_times", metadata,
    Column("meeting_id", String(36), ForeignKey("meeting.meeting_id"), primary_key=True),
    Column("speech_s", Integer),
    Column("aside_s", Integer),
    Column("unit_s", Integer),
    Column("bell_s", Integer),
    CheckConstraint("speech_s > 0 AND aside_s > 0 AND unit_s > 0 AND bell_s > 0", name="seconds"),
)
