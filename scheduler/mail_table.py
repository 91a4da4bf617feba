"""Tables of what goes out of a meeting into calendars and mailboxes: its entry, who is invited, feeds, channels, times.

The DDL stands in migrations/versions; persons are plain ids, because accounts belong to the web.  Times are UTC.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table

from meetings.store import tables as _meetings
from meetings.store.base import JsonText, UtcDateTime, metadata
from scheduler import series_table as _series
from scheduler import store as _points

ANSWERS = ("needs-action", "accepted", "declined", "tentative", "delegated")

calendar_entry = Table(
    # A meeting as the calendars of those invited know it.  `told`: what was said of it last, to see whether it changed.
    "calendar_entry", metadata,
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("asked", Integer, nullable=False),  # the sequence of its present time: older answers were to another time
    Column("round", Integer, nullable=False),
    Column("told", JsonText, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    CheckConstraint("sequence >= 0 AND asked >= 0 AND asked <= sequence", name="sequence"),
    CheckConstraint("round >= 1", name="round"),
)

invitee = Table(
    # One address is invited once to a meeting.  `sequence`: what was put into its outbox last.
    "invitee", metadata,
    Column("invitee_id", String(36), primary_key=True),
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), nullable=False),
    Column("point_id", Integer, ForeignKey(_points.point.c.point_id)),
    Column("user_id", String(36)),
    Column("name", String(200), nullable=False),
    Column("address", String(254), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("removed_at", UtcDateTime),
    Column("partstat", String(12), nullable=False),
    Column("answered", Integer),   # the sequence that was answered
    Column("stamped_at", UtcDateTime),  # when the answer was written, by the one who answered
    Column("replied_at", UtcDateTime),
    Column("comment", String(500), nullable=False),
    CheckConstraint(f"partstat IN {ANSWERS}", name="partstat"),
    CheckConstraint("(replied_at IS NULL) = (answered IS NULL)", name="answered"),
    CheckConstraint("sequence >= 0", name="sequence"),
    Index("uq_invitee_meeting_address", "meeting_id", "address", unique=True),
)

series_entry = Table(
    # A series as the calendars of those invited know it: `told` is a `series_mail.Form`.  Its mails and its meetings' entries
    # take their numbers from `next_sequence`; `due_at`: when what changed since is to be told, NULL where nothing did.
    "series_entry", metadata,
    Column("series_id", String(36), ForeignKey(_series.series.c.series_id), primary_key=True),
    Column("next_sequence", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("due_at", UtcDateTime),
    Column("told", JsonText),
    Column("changed_at", UtcDateTime, nullable=False),
    CheckConstraint("next_sequence >= 0", name="next_sequence"),
    CheckConstraint("round >= 0", name="round"),
)

series_guest = Table(
    # Whose calendar has the series.  `missing`: meetings of it that are not theirs; `item`: what was put into the outbox last.
    "series_guest", metadata,
    Column("guest_id", String(36), primary_key=True),
    Column("series_id", String(36), ForeignKey(series_entry.c.series_id), nullable=False),
    Column("point_id", Integer, ForeignKey(_points.point.c.point_id)),
    Column("user_id", String(36)),
    Column("name", String(200), nullable=False),
    Column("address", String(254), nullable=False),
    Column("missing", JsonText, nullable=False),
    Column("item", String(200), nullable=False),
    Column("removed_at", UtcDateTime),
    Index("uq_series_guest_series_address", "series_id", "address", unique=True),
)

feed = Table(
    # A calendar by address: of a point or of a person.  Only the hash of its secret is kept.
    "feed", metadata,
    Column("feed_id", String(36), primary_key=True),
    Column("secret_sha256", String(64), nullable=False),
    Column("point_id", Integer, ForeignKey(_points.point.c.point_id)),
    Column("user_id", String(36)),
    Column("made_by", String(36), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    CheckConstraint("(point_id IS NULL) <> (user_id IS NULL)", name="owner"),
    Index("uq_feed_secret_sha256", "secret_sha256", unique=True),
    Index("ix_feed_made_by", "made_by"),
)

channel = Table(
    # Whether mail and SMS go out, as whoever delivers found it last.
    "channel", metadata,
    Column("name", String(10), primary_key=True),
    Column("away_since", UtcDateTime),
    Column("reason", String(500), nullable=False),
)

timing = Table(
    # When what is reminded of; without a row the defaults of `reminders.Timing` hold.
    "timing", metadata,
    Column("timing_id", Integer, primary_key=True, autoincrement=False),
    Column("data", JsonText, nullable=False),
    CheckConstraint("timing_id = 1", name="one"),
)
