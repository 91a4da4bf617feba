"""Tables of votes: motions and their options, who may vote, ballots, counts of hands.  Written by `vote_store` alone.

The keys say that everybody votes once, only who is entitled, and only for what may be chosen; the triggers of migration
`votes` say when.  Persons and points are plain values here: a record stays readable when they are gone.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    text,
)

# The foreign keys below point into these tables: they must be known to the metadata first.
from meetings.store import tables as _meetings
from meetings.store.base import JsonText, UtcDateTime, metadata

_RUNNING = text("opened_at IS NOT NULL AND closed_at IS NULL AND method <> 'slip'")

motion = Table(
    "motion", metadata,
    Column("motion_id", String(36), primary_key=True),
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), nullable=False),
    Column("ord", Integer, nullable=False),
    Column("title", String(500), nullable=False),
    Column("rule", JsonText, nullable=False),
    Column("method", String(10), nullable=False),
    Column("item", Integer),
    Column("prepared_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Column("opened_at", UtcDateTime),
    Column("entitled", Integer),
    Column("present", Integer),
    Column("quorum_needed", Integer),
    Column("chair", String(36)),
    Column("due_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("tally", JsonText),
    CheckConstraint("method IN ('electronic', 'hands', 'slip')", name="method"),
    CheckConstraint("(closed_at IS NULL) = (tally IS NULL)", name="closed"),
    CheckConstraint("closed_at IS NULL OR opened_at IS NOT NULL", name="opened_before_closed"),
    CheckConstraint("withdrawn_at IS NULL OR opened_at IS NULL", name="withdrawn"),
    CheckConstraint("(opened_at IS NULL) = (entitled IS NULL) AND (opened_at IS NULL) = (present IS NULL)"
                    " AND (opened_at IS NULL) = (quorum_needed IS NULL)", name="opened"),
    CheckConstraint("present >= 0 AND present <= entitled", name="present"),
    CheckConstraint("(opened_at IS NOT NULL AND method = 'slip') = (due_at IS NOT NULL)", name="due"),
    Index("uq_motion_open", "meeting_id", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING),
    Index("uq_motion_meeting_ord", "meeting_id", "ord", unique=True),
)
"""`entitled` and `present` are votes at the opening; `chair` is the voter whose side decides a tie."""

motion_option = Table(
    "motion_option", metadata,
    Column("motion_id", String(36), ForeignKey("motion.motion_id"), primary_key=True),
    Column("choice", String(20), primary_key=True),
    Column("ord", Integer, nullable=False),
    Column("text", String(200), nullable=False),
    Column("means", String(8), nullable=False),
    CheckConstraint("means IN ('for', 'against', 'abstain')", name="means"),
)

voter = Table(
    "voter", metadata,
    # Who may vote, fixed before the motion opens; a ballot of anybody else violates the foreign key.
    Column("motion_id", String(36), ForeignKey("motion.motion_id"), primary_key=True),
    Column("voter_id", String(36), primary_key=True),
    Column("point_id", Integer, nullable=False),
    Column("person_id", String(36)),
    Column("name", String(200), nullable=False),
    Column("weight", Integer, nullable=False),
    Column("present", Boolean, nullable=False),
    CheckConstraint("weight >= 1", name="weight"),
    Index("ix_voter_motion_point", "motion_id", "point_id"),
)
"""A point votes under its number, a person under its own id."""

ballot = Table(
    "ballot", metadata,
    Column("motion_id", String(36), primary_key=True),
    Column("voter_id", String(36), primary_key=True),
    Column("choice", String(20), nullable=False),
    Column("via", String(8), nullable=False),
    Column("receipt", String(32), nullable=False),
    Column("cast_at", UtcDateTime, nullable=False),
    CheckConstraint("via IN ('room', 'plain', 'slip')", name="via"),
    ForeignKeyConstraint(["motion_id", "voter_id"], ["voter.motion_id", "voter.voter_id"], name="fk_ballot_voter"),
    ForeignKeyConstraint(["motion_id", "choice"], ["motion_option.motion_id", "motion_option.choice"], name="fk_ballot_option"),
    Index("ix_ballot_receipt", "receipt"),
)

turnout = Table(
    "turnout", metadata,
    # Of those who may vote, who was there when the vote was closed.
    Column("motion_id", String(36), primary_key=True),
    Column("voter_id", String(36), primary_key=True),
    ForeignKeyConstraint(["motion_id", "voter_id"], ["voter.motion_id", "voter.voter_id"], name="fk_turnout_voter"),
)

hand_count = Table(
    "hand_count", metadata,
    Column("motion_id", String(36), ForeignKey("motion.motion_id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("counts", JsonText, nullable=False),
    Column("chair", String(20)),
    Column("entered_by", String(36), nullable=False),
    Column("entered_name", String(200), nullable=False),
    Column("entered_at", UtcDateTime, nullable=False),
    Column("witness", String(36)),
    Column("witness_name", String(200)),
    Column("witnessed_at", UtcDateTime),
    CheckConstraint("(witness IS NULL) = (witnessed_at IS NULL) AND (witness IS NULL) = (witness_name IS NULL)", name="witnessed"),
    CheckConstraint("witness <> entered_by", name="second_person"),
)
"""A count that is entered anew is a row of its own; the last one counts, once somebody else has witnessed it.  `chair`: the chair's side."""
