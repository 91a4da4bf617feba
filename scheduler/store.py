"""Tables of points, bookings, requests and policies.  The constraint and triggers that forbid double booking, and a confirmed
booking nobody said yes to, stand in migrations/0008 and 0019; those that keep a closed point from being booked in 0023.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, text

# The foreign keys below point into these tables: they must be known to the metadata first.
from meetings.store import tables as _meetings
from meetings.store import unit_tables as _units
from meetings.store.base import JsonText, UtcDateTime, metadata

point = Table(
    "point", metadata,
    Column("point_id", Integer, primary_key=True, autoincrement=True),
    Column("code", String(40), nullable=False),
    Column("name", String(200), nullable=False),
    Column("unit_id", String(36), ForeignKey(_units.unit.c.unit_id), nullable=False),
    Column("capacity", Integer),
    Column("equipment", String(1000)),
    Column("down_kbps", Integer),
    Column("up_kbps", Integer),
    Column("hours", JsonText),  # {"mon": [["07:00", "18:00"]], …} on the wall where the units are; NULL = always
    Column("technician_name", String(200)),
    Column("technician_phone", String(40)),
    Column("technician_email", String(200)),
    Column("deputy_name", String(200)),
    Column("deputy_phone", String(40)),
    Column("deputy_email", String(200)),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("closes_at", UtcDateTime),  # takes no bookings from then on; NULL = open
    CheckConstraint("capacity IS NULL OR capacity >= 0", name="capacity"),
    CheckConstraint("down_kbps IS NULL OR down_kbps > 0", name="down_kbps"),
    CheckConstraint("up_kbps IS NULL OR up_kbps > 0", name="up_kbps"),
    Index("uq_point_code", "code", unique=True),
    Index("ix_point_unit_id", "unit_id"),
    Index("uq_point_name", "unit_id", "name", unique=True),
)

approval = Table(
    "approval", metadata,
    Column("request_id", String(36), primary_key=True),
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), nullable=False),
    Column("convenor", String(36), ForeignKey(_units.unit.c.unit_id), nullable=False),
    Column("owner", String(36), ForeignKey(_units.unit.c.unit_id), nullable=False),
    Column("point_ids", JsonText, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("route", JsonText, nullable=False),
    Column("asked", String(36), ForeignKey(_units.unit.c.unit_id), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("deadline", UtcDateTime, nullable=False),
    Column("remind_at", UtcDateTime),
    Column("next_at", UtcDateTime),
    Column("step", Integer, nullable=False),
    Column("standing", String(9), nullable=False),
    Column("round", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("offer", JsonText),
    Column("version", Integer, nullable=False),
    CheckConstraint("standing IN ('asked', 'offered', 'agreed', 'declined', 'lapsed', 'withdrawn')", name="standing"),
    CheckConstraint("starts_at < ends_at", name="times"),
    CheckConstraint("step >= 0 AND round >= 1 AND version >= 1", name="counts"),
    CheckConstraint("(standing = 'offered') = (offer IS NOT NULL)", name="offer"),
    CheckConstraint("asked <> convenor", name="self"),
    Index("ix_approval_meeting_id", "meeting_id"),
    Index("ix_approval_asked", "asked", "standing"),
    Index("ix_approval_next_at", "next_at"),
)

LIVE = "state IN ('pending', 'confirmed')"

booking = Table(
    "booking", metadata,
    Column("booking_id", Integer, primary_key=True, autoincrement=True),
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id)),  # NULL: maintenance
    Column("point_id", Integer, ForeignKey(point.c.point_id), nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("state", String(9), nullable=False),
    Column("booked_at", UtcDateTime, nullable=False),
    Column("booked_by", String(36)),
    Column("released_at", UtcDateTime),
    Column("request_id", String(36), ForeignKey(approval.c.request_id)),
    Column("why", String(12)),
    Column("note", String(200)),
    CheckConstraint("state IN ('pending', 'confirmed', 'blocked', 'released')", name="state"),
    CheckConstraint("starts_at < ends_at", name="times"),
    CheckConstraint("(state = 'released') = (released_at IS NOT NULL)", name="released"),
    CheckConstraint("(state = 'released') = (why IS NOT NULL)", name="why"),
    CheckConstraint("(meeting_id IS NULL) = (note IS NOT NULL)", name="meeting"),
    CheckConstraint("state = 'released' OR (state = 'blocked') = (meeting_id IS NULL)", name="kind"),
    CheckConstraint("state <> 'pending' OR request_id IS NOT NULL", name="pending"),
    Index("uq_booking_live", "meeting_id", "point_id", unique=True, sqlite_where=text(LIVE), postgresql_where=text(LIVE)),
    Index("ix_booking_point_time", "point_id", "starts_at", "ends_at", "state"),  # a search reads the index alone
    Index("ix_booking_pending", "starts_at", sqlite_where=text("state = 'pending'"), postgresql_where=text("state = 'pending'")),
    Index("ix_booking_request", "request_id"),
    Index("ix_booking_meeting", "meeting_id", "state", "point_id"),
)

booking_policy = Table(
    "booking_policy", metadata,
    Column("policy_id", Integer, primary_key=True, autoincrement=True),
    Column("data", JsonText, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", String(36)),
)

displacement = Table(
    "displacement", metadata,
    Column("displacement_id", String(36), primary_key=True),
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), nullable=False),
    Column("lost_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), nullable=False),
    Column("point_ids", JsonText, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed_start", UtcDateTime),
    Column("proposed_end", UtcDateTime),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", String(36)),
    Column("answered_at", UtcDateTime),
    CheckConstraint("meeting_id <> lost_id", name="other"),
    CheckConstraint("(proposed_start IS NULL) = (proposed_end IS NULL)", name="proposed"),
    Index("ix_displacement_lost_id", "lost_id"),
)
