"""Tables of people behind points beside `delegate`: heads that were only counted, and links that are no longer the first."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Integer, String, Table

from meetings.store import tables as _meetings
from meetings.store.base import UtcDateTime, metadata

head_count = Table(
    "head_count", metadata,
    Column("meeting_id", String(36), primary_key=True),
    Column("point_id", Integer, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("heads", Integer, nullable=False),
    Column("counted_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_head_count_seat"),
    CheckConstraint("heads >= 0", name="heads"),
)
"""Each counting of a point, never changed: the last one counts."""

person_link = Table(
    "person_link", metadata,
    # The id of the registration, or of the person where nobody was registered; no row = the first link, good.
    Column("link_id", String(36), primary_key=True),
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    CheckConstraint("generation >= 1 AND generation <= 65535", name="generation"),
)
