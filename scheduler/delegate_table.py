"""Tables of delegates registered before a meeting, and of the time until which points may name them.  Written by `delegate_list` alone."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table

# The foreign keys below point into these tables: they must be known to the metadata first.
from meetings.store import tables as _meetings
from meetings.store.base import UtcDateTime, metadata

delegate_entry = Table(
    "delegate_entry", metadata,
    Column("entry_id", String(36), primary_key=True),
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), nullable=False),
    Column("point_id", Integer, nullable=False),
    Column("name", String(50), nullable=False),
    Column("post", String(100), nullable=False),
    Column("phone", String(40), nullable=False),
    Column("replaces", String(36), ForeignKey("delegate_entry.entry_id", name="fk_delegate_entry_replaces")),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("registered_by", String(36)),
    Column("withdrawn_at", UtcDateTime),
    Column("reason", String(500)),
    CheckConstraint("(withdrawn_at IS NULL) = (reason IS NULL)", name="withdrawn"),
    Index("ix_delegate_entry_meeting", "meeting_id", "point_id"),
    Index("uq_delegate_entry_replaces", "replaces", unique=True),
)

delegate_deadline = Table(
    "delegate_deadline", metadata,
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), primary_key=True),
    Column("due_at", UtcDateTime, nullable=False),
)
