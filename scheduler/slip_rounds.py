"""Who is asked by opinion slips, and what is sent to them when: one item of the outbox for each round, one for the reminder that comes
by itself, one for the deadline, in the transaction of what they belong to.

Persons are asked by the roll of the meeting: all of it, or those who did not come; of a vote of the meeting those who were not there.
Where points vote, any person of the point's roll answers for it, once.  Sends nothing (`web.slip_letters` does); called by the pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, select

from meetings import polling, slips
from meetings.access import Subject
from meetings.errors import Conflict
from meetings.ledger import stamp
from meetings.motions import Draft
from meetings.people import CAME
from meetings.store import meeting_store, seat_store, slip_store, vote_store
from meetings.store.vote_store import Voter
from meetings.voting import Rule
from scheduler import notices, outbox, roll_call
from scheduler.delegate_table import delegate_entry
from scheduler.roll_call import Person, Roll

SEND: Final = "slip.send"
REMIND: Final = "slip.remind"
END: Final = "slip.end"
ENDED: Final = "slip.ended"
"""Kinds of items, and of the notice that the result is there."""
_NAMED = 10


class Whom(StrEnum):
    """Who is asked, where the slips stand by themselves."""

    ABSENT = "absent"
    ALL = "all"


def send(
    conn: Connection, meeting_id: str, draft: Draft | None, whom: Whom, due: datetime, by: Subject, at: datetime, joins: str | None = None,
) -> str:
    """Ask; the motion's id.  joins: the vote of the meeting whose question, rule and options these are, and with which they are counted.

    Raises Conflict("slip.nobody_there") for points of which nobody is known, and as `slips.send`.
    """
    slips.conducted(conn, meeting_id, by)
    if joins:
        draft = slips.like(conn, slips.to_join(conn, meeting_id, joins))
    assert draft is not None, "a question, or the vote that has it"
    whole = roll_call.rolls(conn, meeting_id)
    voters = _missing(conn, whole, draft.rule, joins) if joins else _asked(conn, meeting_id, whole, draft.rule, whom)
    motion_id = slips.send(conn, meeting_id, draft, voters, due, by, at, joins)
    outbox.put(conn, f"slip:{motion_id}:send", SEND, at, _payload(meeting_id, motion_id, due))
    _plan(conn, meeting_id, motion_id, at, due)
    return motion_id


def _asked(conn: Connection, meeting_id: str, whole: list[Roll], rule: Rule, whom: Whom) -> list[Voter]:
    if rule.over == "persons":
        people = [(roll, one) for roll in whole for one in roll.everybody if whom is Whom.ALL or one.state not in CAME]
        return _persons(people, rule)
    came = {stay.point_id for stay in seat_store.presences(conn, meeting_id)}
    asked = [roll for roll in whole if whom is Whom.ALL or roll.seat.point_id not in came]
    empty = [roll.seat.name for roll in asked if not roll.everybody and rule.votes_of(roll.seat.code)]
    if empty:
        raise Conflict("slip.nobody_there", points=", ".join(empty[:_NAMED]) + ("…" if len(empty) > _NAMED else ""))
    return _points(asked, rule)


def _missing(conn: Connection, whole: list[Roll], rule: Rule, joins: str) -> list[Voter]:
    """Those who were not there when the vote was taken; points only where somebody may answer for them."""
    if rule.over == "points":
        away = slip_store.missing(conn, joins)
        return _points([roll for roll in whole if str(roll.seat.point_id) in away and roll.everybody], rule)
    there = {voter.voter_id for voter in vote_store.voters(conn, joins)}
    return _persons([(roll, one) for roll in whole for one in roll.everybody if not there & {one.person_id, one.link_id}], rule)


def _points(rolls: Iterable[Roll], rule: Rule) -> list[Voter]:
    found = [Voter(str(roll.seat.point_id), roll.seat.point_id, None, roll.seat.name, rule.votes_of(roll.seat.code), False) for roll in rolls]
    return [one for one in found if one.weight]


def _persons(people: Iterable[tuple[Roll, Person]], rule: Rule) -> list[Voter]:
    found = [Voter(one.person_id, roll.seat.point_id, one.person_id, one.name, rule.votes_of(roll.seat.code, one.person_id), False)
             for roll, one in people]
    return [one for one in found if one.weight]


def answer(conn: Connection, motion_id: str, choice: str, text: str, by: Subject, at: datetime) -> str:
    """As `slips.answer`; whoever sent the slips hears of the result if this was the last of them."""
    receipt = slips.answer(conn, motion_id, choice, text, by, at)
    if vote_store.load(conn, motion_id).closed_at is not None:
        tell(conn, motion_id, at)
    return receipt


def remind(conn: Connection, motion_id: str, by: Subject, at: datetime) -> int:
    """As `slips.remind`; it is sent."""
    n = slips.remind(conn, motion_id, by, at)
    motion = vote_store.load(conn, motion_id)
    outbox.put(conn, f"slip:{motion_id}:remind:{n}", SEND, at, {**_payload(motion.meeting_id, motion_id, motion.due_at), "round": n})
    return n


def extend(conn: Connection, motion_id: str, due: datetime, by: Subject, at: datetime) -> None:
    """As `slips.extend`; what was planned for the earlier deadline finds nothing to do then."""
    slips.extend(conn, motion_id, due, by, at)
    _plan(conn, vote_store.meeting_of(conn, motion_id), motion_id, at, due)


def end(conn: Connection, motion_id: str, at: datetime) -> bool:
    """At the deadline: the result, and that it is there.  Whether it was stated now."""
    if slips.end(conn, motion_id, at) is None:
        return False
    tell(conn, motion_id, at)
    return True


def tell(conn: Connection, motion_id: str, at: datetime) -> None:
    """Chair and secretary of the meeting hear that the result is there."""
    motion = vote_store.load(conn, motion_id)
    meeting = meeting_store.load(conn, motion.meeting_id)
    for user_id in sorted({meeting.signers["secretary"], meeting.signers["chair"]}):
        notices.tell(conn, ENDED, motion.meeting_id, {"user": user_id}, at, key=motion_id, motion=motion_id, title=motion.title)


def phones(conn: Connection, meeting_id: str) -> dict[str, str]:
    """Registration → the telephone that was named for it."""
    e = delegate_entry.c
    return {row.entry_id: row.phone for row in conn.execute(select(e.entry_id, e.phone).where(e.meeting_id == meeting_id, e.phone != ""))}


def _plan(conn: Connection, meeting_id: str, motion_id: str, at: datetime, due: datetime) -> None:
    payload, of = _payload(meeting_id, motion_id, due), stamp(due)
    outbox.put(conn, f"slip:{motion_id}:soon:{of}", REMIND, polling.reminded_at(at, due), payload)
    outbox.put(conn, f"slip:{motion_id}:end:{of}", END, due, {"meeting_id": meeting_id, "motion": motion_id})


def _payload(meeting_id: str, motion_id: str, due: datetime) -> dict[str, str]:
    return {"meeting_id": meeting_id, "motion": motion_id, "until": stamp(due)}
