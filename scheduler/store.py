"""Tables of points and bookings.  The constraint and triggers that forbid double booking stand in migrations/0002."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, text

# The foreign keys below point into these tables: they must be known to the metadata first.
from meetings.store import tables as _meetings
from meetings.store import unit_tables as _units
from meetings.store.base import UtcDateTime, metadata

point = Table(
    "point", metadata,
    Column("point_id", Integer, primary_key=True, autoincrement=True),
    Column("code", String(40), nullable=False),
    Column("name", String(200), nullable=False),
    Column("unit_id", String(36), ForeignKey(_units.unit.c.unit_id), nullable=False),
    Column("capacity", Integer),
    CheckConstraint("capacity IS NULL OR capacity >= 0", name="capacity"),
    Index("uq_point_code", "code", unique=True),
    Index("ix_point_unit_id", "unit_id"),
)

booking = Table(
    "booking", metadata,
    Column("booking_id", Integer, primary_key=True, autoincrement=True),
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), nullable=False),
    Column("point_id", Integer, ForeignKey(point.c.point_id), nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("state", String(9), nullable=False),
    Column("booked_at", UtcDateTime, nullable=False),
    Column("booked_by", String(36)),
    Column("released_at", UtcDateTime),
    CheckConstraint("state IN ('confirmed', 'released')", name="state"),
    CheckConstraint("starts_at < ends_at", name="times"),
    CheckConstraint("(state = 'released') = (released_at IS NOT NULL)", name="released"),
    Index("uq_booking_live", "meeting_id", "point_id", unique=True,
          sqlite_where=text("state = 'confirmed'"), postgresql_where=text("state = 'confirmed'")),
    Index("ix_booking_point_time", "point_id", "starts_at"),
)
