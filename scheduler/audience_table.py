"""Tables of named groups of points and of the rule by which a meeting's audience was chosen.  Written by
`audience_rows` and `audience_store` alone.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table

# The foreign keys below point into these tables: they must be known to the metadata first.
from meetings.store import tables as _meetings
from meetings.store import unit_tables as _units
from meetings.store.base import JsonText, UtcDateTime, metadata

point_group = Table(
    "point_group", metadata,
    Column("group_id", String(36), primary_key=True),
    Column("unit_id", String(36), ForeignKey(_units.unit.c.unit_id), nullable=False),
    Column("name", String(100), nullable=False),
    Column("points", JsonText, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    CheckConstraint("version >= 1", name="version"),
    Index("uq_point_group_name", "unit_id", "name", unique=True),
)

meeting_audience = Table(
    "meeting_audience", metadata,
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), primary_key=True),
    Column("rule", JsonText, nullable=False),
    Column("resolved_on", Date, nullable=False),
    Column("points", JsonText, nullable=False),  # known: see `audience_rows`
    Column("change", JsonText),
    Column("looked_at", UtcDateTime, nullable=False),
)
