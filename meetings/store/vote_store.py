"""Reads and writes motions, who may vote on them, and ballots.  Decides nothing; called by `conduct`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, func, insert, select, update

from meetings.errors import NotFound
from meetings.store.meeting_store import next_ord
from meetings.store.tables import ballot, motion, voter
from meetings.voting import Rule, Tally


def meeting_of(conn: Connection, motion_id: str) -> str:
    """Raises NotFound("motion.unknown")."""
    meeting_id = conn.execute(select(motion.c.meeting_id).where(motion.c.motion_id == motion_id)).scalar()
    if meeting_id is None:
        raise NotFound("motion.unknown")
    return meeting_id


def load(conn: Connection, motion_id: str) -> Row[Any]:
    """The motion's row, once its meeting is locked.  Raises NotFound("motion.unknown")."""
    row = conn.execute(select(motion).where(motion.c.motion_id == motion_id)).first()
    if row is None:
        raise NotFound("motion.unknown")
    return row


def open_motion(conn: Connection, meeting_id: str) -> Row[Any] | None:
    query = select(motion).where(motion.c.meeting_id == meeting_id, motion.c.closed_at.is_(None))
    return conn.execute(query).first()


def motions(conn: Connection, meeting_id: str) -> list[Row[Any]]:
    """All motions in the order of their opening; `tally` is null while one is open."""
    query = select(motion).where(motion.c.meeting_id == meeting_id)
    return list(conn.execute(query.order_by(motion.c.ord)).all())


def add(
    conn: Connection, motion_id: str, meeting_id: str, title: str, rule: Rule, quorum_needed: int,
    voters: Iterable[tuple[int, bool]], at: datetime,
) -> None:
    """Open a motion.  voters: (point_id, present) of every point entitled to vote."""
    conn.execute(insert(motion).values(
        motion_id=motion_id, meeting_id=meeting_id, ord=next_ord(conn, motion, meeting_id), title=title,
        rule=rule.as_data(), quorum_needed=quorum_needed, opened_at=at,
    ))
    conn.execute(insert(voter), [
        {"motion_id": motion_id, "point_id": point_id, "present": present} for point_id, present in voters
    ])


def entitled(conn: Connection, motion_id: str, point_id: int) -> bool:
    query = select(voter.c.point_id).where(voter.c.motion_id == motion_id, voter.c.point_id == point_id)
    return conn.execute(query).first() is not None


def has_voted(conn: Connection, motion_id: str, point_id: int) -> bool:
    query = select(ballot.c.point_id).where(ballot.c.motion_id == motion_id, ballot.c.point_id == point_id)
    return conn.execute(query).first() is not None


def add_ballot(conn: Connection, motion_id: str, point_id: int, choice: str, receipt: str, at: datetime) -> None:
    conn.execute(insert(ballot).values(
        motion_id=motion_id, point_id=point_id, choice=choice, receipt=receipt, cast_at=at))


def ballots(conn: Connection, motion_id: str) -> list[Row[Any]]:
    """(point_id, choice, receipt, cast_at) of a motion in the order of casting."""
    query = select(ballot.c.point_id, ballot.c.choice, ballot.c.receipt, ballot.c.cast_at)
    query = query.where(ballot.c.motion_id == motion_id)
    return list(conn.execute(query.order_by(ballot.c.cast_at, ballot.c.point_id)))


def votes(conn: Connection, motion_id: str) -> list[tuple[int, str]]:
    """(point_id, choice) of a motion, ordered by point: what a count needs, and nothing of who came first."""
    query = select(ballot.c.point_id, ballot.c.choice).where(ballot.c.motion_id == motion_id)
    return [tuple(row) for row in conn.execute(query.order_by(ballot.c.point_id)).all()]


def turnout(conn: Connection, motion_id: str) -> tuple[int, int]:
    """(entitled, present): present counts those there at the opening and all who voted since."""
    own = (ballot.c.motion_id == voter.c.motion_id) & (ballot.c.point_id == voter.c.point_id)
    joined = voter.outerjoin(ballot, own)
    there = func.sum((voter.c.present | ballot.c.point_id.is_not(None)).cast(Integer))
    query = select(func.count(), there).select_from(joined).where(voter.c.motion_id == motion_id)
    all_of_them, present = conn.execute(query).one()
    return all_of_them, int(present or 0)


def close(conn: Connection, motion_id: str, result: Tally, at: datetime) -> None:
    conn.execute(update(motion).where(motion.c.motion_id == motion_id).values(closed_at=at, tally=result.as_data()))

