"""Reads and writes opinion slips beside their motions, voters and ballots (`vote_store`).  Decides nothing; called by `slips`, by who
finds those to be asked, and by what shows slips."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select

from meetings.store.slip_table import slip_answer, slip_join, slip_reminder
from meetings.store.vote_table import ballot, motion, motion_option, turnout, voter
from meetings.voting import Method

SlipRow = Row[Any]
"""A slip as whoever is asked sees it, or as whoever sent it does."""
_OWN = (ballot.c.motion_id == voter.c.motion_id) & (ballot.c.voter_id == voter.c.voter_id)
_SAID = (slip_answer.c.motion_id == voter.c.motion_id) & (slip_answer.c.voter_id == voter.c.voter_id)
_CHOSEN = (motion_option.c.motion_id == ballot.c.motion_id) & (motion_option.c.choice == ballot.c.choice)


def join(conn: Connection, motion_id: str, joins: str) -> None:
    """Before the slips are sent: they are counted with that vote."""
    conn.execute(insert(slip_join).values(motion_id=motion_id, joins=joins))


def joined(conn: Connection, meeting_id: str) -> dict[str, str]:
    """Slips → the vote that they are counted with, of one meeting."""
    query = select(slip_join.c.motion_id, slip_join.c.joins).join(motion, motion.c.motion_id == slip_join.c.motion_id)
    return {row.motion_id: row.joins for row in conn.execute(query.where(motion.c.meeting_id == meeting_id))}


def joined_to(conn: Connection, motion_id: str) -> str | None:
    return conn.execute(select(slip_join.c.joins).where(slip_join.c.motion_id == motion_id)).scalar()


def added(conn: Connection, motion_id: str, joins: str) -> int:
    """Votes of those asked who were not entitled in the vote that the slips are counted with."""
    before = select(voter.c.voter_id).where(voter.c.motion_id == joins)
    query = select(func.sum(voter.c.weight)).where(voter.c.motion_id == motion_id, voter.c.voter_id.not_in(before))
    return int(conn.execute(query).scalar() or 0)


def missing(conn: Connection, motion_id: str) -> set[str]:
    """Of a vote's voters those who were not there, at its opening nor at its end, and have no ballot."""
    here = (turnout.c.motion_id == voter.c.motion_id) & (turnout.c.voter_id == voter.c.voter_id)
    query = select(voter.c.voter_id).select_from(voter.outerjoin(ballot, _OWN).outerjoin(turnout, here))
    query = query.where(voter.c.motion_id == motion_id, ~voter.c.present, ballot.c.voter_id.is_(None), turnout.c.voter_id.is_(None))
    return set(conn.execute(query).scalars())


def add_answer(conn: Connection, motion_id: str, voter_id: str, person_id: str, name: str, opinion: str) -> None:
    """Beside the ballot, which is there already."""
    conn.execute(insert(slip_answer).values(motion_id=motion_id, voter_id=voter_id, person_id=person_id, name=name, opinion=opinion))


def silent(conn: Connection, motion_id: str) -> int:
    """How many have not answered."""
    query = select(func.count()).select_from(voter.outerjoin(ballot, _OWN))
    return conn.execute(query.where(voter.c.motion_id == motion_id, ballot.c.voter_id.is_(None))).scalar_one()


def slips(conn: Connection, motion_id: str) -> list[SlipRow]:
    """Everybody who is asked, with the answer: cast_at, choice, opinion, by; null where there is none yet."""
    query = select(voter.c.voter_id, voter.c.point_id, voter.c.person_id, voter.c.name, voter.c.weight, ballot.c.cast_at, ballot.c.choice,
                   slip_answer.c.opinion, slip_answer.c.name.label("by"))
    query = query.select_from(voter.outerjoin(ballot, _OWN).outerjoin(slip_answer, _SAID)).where(voter.c.motion_id == motion_id)
    return list(conn.execute(query.order_by(voter.c.point_id, voter.c.name, voter.c.voter_id)).all())


def of_person(conn: Connection, meeting_id: str, voter_ids: Collection[str], point_id: int) -> list[SlipRow]:
    """The slips sent to somebody (under any of these ids) or to the point, the newest first, with the answer if there is one."""
    query = select(motion.c.motion_id, motion.c.title, motion.c.due_at, motion.c.closed_at, voter.c.voter_id, voter.c.person_id, voter.c.name,
                   voter.c.weight, ballot.c.choice, motion_option.c.text, ballot.c.receipt, ballot.c.cast_at, slip_answer.c.opinion,
                   slip_answer.c.name.label("by"), slip_answer.c.person_id.label("by_person"))
    joined = motion.join(voter, voter.c.motion_id == motion.c.motion_id).outerjoin(ballot, _OWN).outerjoin(slip_answer, _SAID)
    query = query.select_from(joined.outerjoin(motion_option, _CHOSEN))
    whose = or_(voter.c.voter_id.in_(sorted(voter_ids)), voter.c.person_id.is_(None) & (voter.c.point_id == point_id))
    query = query.where(motion.c.meeting_id == meeting_id, motion.c.method == Method.SLIP.value, motion.c.opened_at.is_not(None), whose)
    return list(conn.execute(query.order_by(motion.c.ord.desc())).all())


def add_reminder(conn: Connection, motion_id: str, silent: int, at: datetime) -> int:
    """Its number."""
    n = len(reminders(conn, motion_id)) + 1
    conn.execute(insert(slip_reminder).values(motion_id=motion_id, n=n, silent=silent, sent_at=at))
    return n


def reminders(conn: Connection, motion_id: str) -> list[Row[Any]]:
    """(n, silent, sent_at), the first first."""
    return list(conn.execute(select(slip_reminder).where(slip_reminder.c.motion_id == motion_id).order_by(slip_reminder.c.n)).all())
