"""Tables of series and of the meetings they consist of.  The DDL stands in the migration `series`; written by `series_store` alone."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table

# The foreign keys below point into these tables: they must be known to the metadata first.
from meetings.store import tables as _meetings
from meetings.store.base import JsonText, UtcDateTime, metadata

series = Table(
    "series", metadata,
    Column("series_id", String(36), primary_key=True),
    Column("unit_id", String(64), nullable=False),
    Column("rule", String(500), nullable=False),
    Column("starts", String(19), nullable=False),  # on the wall, without a zone: what the rule speaks of
    Column("zone", String(64), nullable=False),
    Column("length_s", Integer, nullable=False),
    Column("excluded", JsonText, nullable=False),
    Column("version", Integer, nullable=False),
    Column("split_from", String(36), ForeignKey("series.series_id", name="fk_series_split_from")),
    Column("made_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    CheckConstraint("length_s > 0", name="length"),
    CheckConstraint("version >= 1", name="version"),
)

series_meeting = Table(
    "series_meeting", metadata,
    Column("series_id", String(36), ForeignKey(series.c.series_id), primary_key=True),
    Column("key", String(19), primary_key=True),
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), nullable=False),
    Index("uq_series_meeting_meeting_id", "meeting_id", unique=True),
)
