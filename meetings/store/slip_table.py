"""Tables of opinion slips beside motion, voter and ballot: with which vote they are counted, what was said, reminders.  Written by
`slip_store` alone; no row is ever changed.

The triggers of migration `slips` say: joined only to a closed vote of the same meeting in which the voter has no ballot, answered only
by a ballot that is a slip's, no result before the deadline while somebody may still answer.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Table

# The foreign keys below point into these tables: they must be known to the metadata first.
from meetings.store import vote_table as _votes
from meetings.store.base import UtcDateTime, metadata

slip_join = Table(
    "slip_join", metadata,
    Column("motion_id", String(36), ForeignKey(_votes.motion.c.motion_id), primary_key=True),
    Column("joins", String(36), ForeignKey(_votes.motion.c.motion_id, name="fk_slip_join_joins"), nullable=False),
    Index("uq_slip_join_joins", "joins", unique=True),
)
"""Slips that are counted with a vote of the meeting; each vote with one round of slips at most."""

slip_answer = Table(
    "slip_answer", metadata,
    Column("motion_id", String(36), primary_key=True),
    Column("voter_id", String(36), primary_key=True),
    Column("person_id", String(36), nullable=False),
    Column("name", String(200), nullable=False),
    Column("opinion", String(2000), nullable=False),
    ForeignKeyConstraint(["motion_id", "voter_id"], ["ballot.motion_id", "ballot.voter_id"], name="fk_slip_answer_ballot"),
)
"""Who answered (for a point: one of its people), and what was said beside the choice; empty for nothing."""

slip_reminder = Table(
    "slip_reminder", metadata,
    Column("motion_id", String(36), ForeignKey(_votes.motion.c.motion_id), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("silent", Integer, nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
    CheckConstraint("n >= 1 AND silent >= 1", name="counts"),
)
"""`silent`: how many had not answered."""
