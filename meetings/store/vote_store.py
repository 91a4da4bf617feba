"""Reads and writes motions, who may vote on them, ballots and counts of hands.  Decides nothing; called by `motions`, `balloting`,
`hand_counts` and what shows votes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, Row, and_, bindparam, func, insert, select, update
from sqlalchemy import delete as remove

from meetings.errors import NotFound
from meetings.store.bulk import add_rows
from meetings.store.meeting_store import next_ord
from meetings.store.tables import seat
from meetings.store.vote_table import ballot, hand_count, motion, motion_option, turnout, voter
from meetings.voting import Choice, Method, Option, Tally

RUNNING = and_(motion.c.opened_at.is_not(None), motion.c.closed_at.is_(None), motion.c.method != Method.SLIP.value)
_OWN = (ballot.c.motion_id == voter.c.motion_id) & (ballot.c.voter_id == voter.c.voter_id)
_CHOSEN = (motion_option.c.motion_id == ballot.c.motion_id) & (motion_option.c.choice == ballot.c.choice)
MotionRow = VoterRow = CountRow = Row[Any]
"""What use cases hand around between reading and writing here: a motion, a voter with its point and receipt, a count of hands."""


class Voter(NamedTuple):
    """Somebody who may vote on one motion: a point under its number, or a person under its id."""

    voter_id: str
    point_id: int
    person_id: str | None
    name: str
    weight: int
    present: bool


_VOTER = (voter.c.voter_id, voter.c.point_id, voter.c.person_id, voter.c.name, voter.c.weight, voter.c.present)

# What every ballot asks is put together once: that costs more than the asking.
_MEETING_OF = select(motion.c.meeting_id).where(motion.c.motion_id == bindparam("motion"))
_MOTION = select(motion).where(motion.c.motion_id == bindparam("motion"))
_OPTIONS = select(motion_option).where(motion_option.c.motion_id == bindparam("motion")).order_by(motion_option.c.ord)
_BALLOT = insert(ballot)
_VOTER_ROW = select(*_VOTER, seat.c.code, seat.c.name.label("point"), ballot.c.receipt).select_from(
    voter.join(seat, (seat.c.meeting_id == bindparam("meeting")) & (seat.c.point_id == voter.c.point_id)).outerjoin(ballot, _OWN),
).where(voter.c.motion_id == bindparam("motion"), voter.c.voter_id == bindparam("voter"))


# --- motions --------------------------------------------------------------------------------------------------------


def meeting_of(conn: Connection, motion_id: str) -> str:
    """Raises NotFound("motion.unknown")."""
    meeting_id = conn.execute(_MEETING_OF, {"motion": motion_id}).scalar()
    if meeting_id is None:
        raise NotFound("motion.unknown")
    return meeting_id


def load(conn: Connection, motion_id: str) -> Row[Any]:
    """The motion's row, once its meeting is locked.  Raises NotFound("motion.unknown")."""
    row = conn.execute(_MOTION, {"motion": motion_id}).first()
    if row is None:
        raise NotFound("motion.unknown")
    return row


def open_motion(conn: Connection, meeting_id: str) -> Row[Any] | None:
    """The vote that is open in the room; slips run beside it."""
    return conn.execute(select(motion).where(motion.c.meeting_id == meeting_id, RUNNING)).first()


def last_closed(conn: Connection, meeting_id: str) -> Row[Any] | None:
    """The vote of the room that was closed last."""
    query = select(motion).where(motion.c.meeting_id == meeting_id, motion.c.closed_at.is_not(None), motion.c.method != Method.SLIP.value)
    return conn.execute(query.order_by(motion.c.closed_at.desc(), motion.c.ord.desc()).limit(1)).first()


def motions(conn: Connection, meeting_id: str) -> list[Row[Any]]:
    """All that were not withdrawn, in the order of their making; `tally` is null until one is closed."""
    query = select(motion).where(motion.c.meeting_id == meeting_id, motion.c.withdrawn_at.is_(None))
    return list(conn.execute(query.order_by(motion.c.ord)).all())


def add(conn: Connection, motion_id: str, meeting_id: str, options: Sequence[Option], at: datetime, **values: Any) -> None:
    """A prepared motion: title, rule, method, item, with its options."""
    ord = next_ord(conn, motion, meeting_id)
    conn.execute(insert(motion).values(motion_id=motion_id, meeting_id=meeting_id, ord=ord, prepared_at=at, **values))
    _add_options(conn, motion_id, options)


def change(conn: Connection, motion_id: str, options: Sequence[Option], **values: Any) -> None:
    """Another wording or rule of a motion that is not opened yet."""
    conn.execute(update(motion).where(motion.c.motion_id == motion_id).values(**values))
    conn.execute(remove(motion_option).where(motion_option.c.motion_id == motion_id))
    _add_options(conn, motion_id, options)


def set_values(conn: Connection, motion_id: str, **values: Any) -> None:
    conn.execute(update(motion).where(motion.c.motion_id == motion_id).values(**values))


def close(conn: Connection, motion_id: str, result: Tally, at: datetime) -> None:
    set_values(conn, motion_id, closed_at=at, tally=result.as_data())


def _add_options(conn: Connection, motion_id: str, options: Sequence[Option]) -> None:
    conn.execute(insert(motion_option), [
        {"motion_id": motion_id, "ord": place, **option.as_data()} for place, option in enumerate(options, start=1)])


def options(conn: Connection, motion_ids: Iterable[str]) -> dict[str, tuple[Option, ...]]:
    """Motion → what may be chosen, in its order."""
    found: dict[str, tuple[Option, ...]] = {}
    query = select(motion_option).where(motion_option.c.motion_id.in_(list(motion_ids)))
    for row in conn.execute(query.order_by(motion_option.c.motion_id, motion_option.c.ord)):
        found[row.motion_id] = (*found.get(row.motion_id, ()), Option(row.choice, row.text, Choice(row.means)))
    return found


def options_of(conn: Connection, motion_id: str) -> tuple[Option, ...]:
    return tuple(Option(row.choice, row.text, Choice(row.means)) for row in conn.execute(_OPTIONS, {"motion": motion_id}))


# --- who may vote ---------------------------------------------------------------------------------------------------


def add_voters(conn: Connection, motion_id: str, electors: Iterable[Voter]) -> None:
    """Before the motion opens; from then on nobody is added."""
    add_rows(conn, voter, [{"motion_id": motion_id, **elector._asdict()} for elector in electors])


def voters(conn: Connection, motion_id: str) -> list[Voter]:
    """In the order of points, then names."""
    query = select(*_VOTER).where(voter.c.motion_id == motion_id).order_by(voter.c.point_id, voter.c.name, voter.c.voter_id)
    return [Voter._make(row) for row in conn.execute(query).all()]


def voter_row(conn: Connection, meeting_id: str, motion_id: str, voter_id: str) -> Row[Any] | None:
    """The voter with its point's code and name and, if it has voted, its receipt; None for whoever may not vote."""
    return conn.execute(_VOTER_ROW, {"meeting": meeting_id, "motion": motion_id, "voter": voter_id}).first()


def stayed(conn: Connection, motion_id: str, voter_ids: Iterable[str]) -> None:
    """Who of those entitled is there when the vote is closed."""
    add_rows(conn, turnout, [{"motion_id": motion_id, "voter_id": voter_id} for voter_id in voter_ids])


# --- ballots --------------------------------------------------------------------------------------------------------


def add_ballot(conn: Connection, motion_id: str, voter_id: str, choice: str, via: str, receipt: str, at: datetime) -> None:
    conn.execute(_BALLOT, {
        "motion_id": motion_id, "voter_id": voter_id, "choice": choice, "via": via, "receipt": receipt, "cast_at": at})


def choice_of(conn: Connection, motion_id: str, voter_id: str | None) -> str | None:
    """What this voter chose."""
    query = select(ballot.c.choice).where(ballot.c.motion_id == motion_id, ballot.c.voter_id == voter_id)
    return conn.execute(query).scalar()


def votes(conn: Connection, motion_id: str) -> list[tuple[str, str]]:
    """(voter_id, choice), ordered by voter: nothing of who came first."""
    query = select(ballot.c.voter_id, ballot.c.choice).where(ballot.c.motion_id == motion_id)
    return [tuple(row) for row in conn.execute(query.order_by(ballot.c.voter_id)).all()]


def counts(conn: Connection, motion_id: str) -> dict[str, int]:
    """Choice → votes given for it."""
    query = select(ballot.c.choice, func.sum(voter.c.weight)).select_from(voter.join(ballot, _OWN))
    query = query.where(voter.c.motion_id == motion_id).group_by(ballot.c.choice)
    return {choice: int(weight) for choice, weight in conn.execute(query).all()}


def present(conn: Connection, motion_id: str) -> int:
    """Votes of those there at the opening or at the closing, and of all who voted."""
    here = (turnout.c.motion_id == voter.c.motion_id) & (turnout.c.voter_id == voter.c.voter_id)
    there = voter.c.present | ballot.c.voter_id.is_not(None) | turnout.c.voter_id.is_not(None)
    query = select(func.sum(voter.c.weight * there.cast(Integer)))
    query = query.select_from(voter.outerjoin(ballot, _OWN).outerjoin(turnout, here)).where(voter.c.motion_id == motion_id)
    return int(conn.execute(query).scalar() or 0)


def by_point(conn: Connection, motion_id: str) -> dict[int, tuple[int, int]]:
    """Point → (how many of it have voted, how many may): never what they chose."""
    query = select(voter.c.point_id, func.count(ballot.c.voter_id), func.count()).select_from(voter.outerjoin(ballot, _OWN))
    query = query.where(voter.c.motion_id == motion_id).group_by(voter.c.point_id).order_by(voter.c.point_id)
    return {point: (int(cast), int(may)) for point, cast, may in conn.execute(query).all()}


def named(conn: Connection, motion_id: str) -> list[Row[Any]]:
    """Every voter with choice, via and receipt (null: no ballot), present at the opening and at the closing."""
    here = (turnout.c.motion_id == voter.c.motion_id) & (turnout.c.voter_id == voter.c.voter_id)
    query = select(*_VOTER, ballot.c.choice, ballot.c.via, ballot.c.receipt, ballot.c.cast_at, turnout.c.voter_id.label("stayed"))
    query = query.select_from(voter.outerjoin(ballot, _OWN).outerjoin(turnout, here)).where(voter.c.motion_id == motion_id)
    return list(conn.execute(query.order_by(voter.c.point_id, voter.c.name, voter.c.voter_id)).all())


def own(conn: Connection, meeting_id: str, point_id: int, person_id: str | None = None) -> list[Row[Any]]:
    """The motions that a point, or one person, may or might vote on, the newest first: their own ballots, or none yet.

    For a point: its own ballots and those of the persons at it.  Slips are answered elsewhere, by a person's own link alone.
    """
    joined = motion.join(voter, voter.c.motion_id == motion.c.motion_id).outerjoin(ballot, _OWN).outerjoin(motion_option, _CHOSEN)
    whose = voter.c.person_id == person_id if person_id else voter.c.point_id == point_id
    query = select(motion.c.motion_id, motion.c.title, motion.c.opened_at, motion.c.closed_at, voter.c.voter_id, voter.c.person_id,
                   voter.c.name, voter.c.weight, ballot.c.choice, ballot.c.receipt, ballot.c.cast_at, motion_option.c.text,
                   motion.c.method, motion.c.due_at).select_from(joined)
    query = query.where(motion.c.meeting_id == meeting_id, motion.c.opened_at.is_not(None), motion.c.method != Method.SLIP.value, whose)
    return list(conn.execute(query.order_by(motion.c.ord.desc(), voter.c.name, voter.c.voter_id)).all())


def by_receipt(conn: Connection, meeting_id: str, receipt: str) -> Row[Any] | None:
    """The ballot of this receipt in this meeting."""
    joined = ballot.join(motion, motion.c.motion_id == ballot.c.motion_id).join(voter, _OWN).join(motion_option, _CHOSEN)
    query = select(motion.c.motion_id, motion.c.title, voter.c.name, ballot.c.choice, ballot.c.receipt, ballot.c.cast_at,
                   motion.c.closed_at, motion.c.method, motion_option.c.text).select_from(joined)
    return conn.execute(query.where(motion.c.meeting_id == meeting_id, ballot.c.receipt == receipt)).first()


# --- counts of hands ------------------------------------------------------------------------------------------------


def add_count(
    conn: Connection, motion_id: str, counts: Mapping[str, int], chair: str | None, by: str, name: str, at: datetime,
) -> int:
    """Its number; what was entered before stays, and no longer counts."""
    n = 1 + (conn.execute(select(func.max(hand_count.c.n)).where(hand_count.c.motion_id == motion_id)).scalar() or 0)
    conn.execute(insert(hand_count).values(
        motion_id=motion_id, n=n, counts=dict(counts), chair=chair, entered_by=by, entered_name=name, entered_at=at))
    return n


def last_count(conn: Connection, motion_id: str) -> Row[Any] | None:
    query = select(hand_count).where(hand_count.c.motion_id == motion_id).order_by(hand_count.c.n.desc()).limit(1)
    return conn.execute(query).first()


def witness(conn: Connection, motion_id: str, n: int, by: str, name: str, at: datetime) -> None:
    conn.execute(update(hand_count).where(hand_count.c.motion_id == motion_id, hand_count.c.n == n).values(
        witness=by, witness_name=name, witnessed_at=at))
