"""Use cases of motions before their vote: preparing, wording anew, withdrawing.  Never opens one (`balloting` does).

A motion may be prepared as soon as the meeting is drafted, by those who prepare it.  The agenda item is its number at the time;
what stands under that number when the vote opens is what the minutes tell it under.  A motion follows its item when the programme
is written anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meetings.access import Action, Subject
from meetings.errors import Closed, Conflict, Invalid, NotFound
from meetings.ids import new_id
from meetings.meeting import Meeting
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store, vote_store
from meetings.store.database import Connection
from meetings.store.vote_store import MotionRow
from meetings.texts import line
from meetings.voting import USUAL, Method, Option, Rule


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be voted on, among which options, how and by which rule; `item` is the agenda item it belongs to."""

    title: str
    rule: Rule
    options: tuple[Option, ...] = USUAL
    method: Method = Method.ELECTRONIC
    item: int | None = None

    def as_values(self) -> dict[str, Any]:
        return {"title": line(self.title, "motion", 500), "rule": self.rule.as_data(), "method": self.method.value, "item": self.item}

    def as_data(self) -> dict[str, Any]:
        return {**self.as_values(), "options": [option.as_data() for option in self.options]}


def motion_prepare(conn: Connection, meeting_id: str, draft: Draft, by: Subject, at: datetime) -> str:
    """Its id.  Raises Invalid("text.…" | "motion.item"), Conflict("motion.by_slip"), Closed for a meeting that has ended."""
    _preparing(conn, meeting_id, by)
    _check_method(draft)
    return put(conn, meeting_id, draft, by, at)


def put(conn: Connection, meeting_id: str, draft: Draft, by: Subject, at: datetime, told: bool = True) -> str:
    """Part of `motion_prepare` and of opening one that was not prepared, which is told by its opening."""
    _check_item(conn, meeting_id, draft.item)
    values, motion_id = draft.as_values(), new_id(at)
    vote_store.add(conn, motion_id, meeting_id, draft.options, at, **values)
    if told:
        ledger_store.append(conn, meeting_id, "motion.prepared", at, by, data={"motion": motion_id, **draft.as_data()})
    return motion_id


def motion_revise(conn: Connection, motion_id: str, draft: Draft, by: Subject, at: datetime) -> None:
    """Another wording, rule or options, as long as the vote is not opened.  Raises Closed("motion.opened")."""
    motion = _prepared(conn, motion_id, by)
    _check_item(conn, motion.meeting_id, draft.item)
    _check_method(draft)
    values = draft.as_values()
    vote_store.change(conn, motion_id, draft.options, **values)
    ledger_store.append(conn, motion.meeting_id, "motion.revised", at, by, data={"motion": motion_id, **draft.as_data()})


def motion_withdraw(conn: Connection, motion_id: str, by: Subject, at: datetime) -> None:
    """It is not voted on; the ledger keeps what it was.  Raises Closed("motion.opened")."""
    motion = _prepared(conn, motion_id, by)
    vote_store.set_values(conn, motion_id, withdrawn_at=at)
    ledger_store.append(conn, motion.meeting_id, "motion.withdrawn", at, by, data={"motion": motion_id, "title": motion.title})


def follow(conn: Connection, meeting_id: str, moved: Mapping[int, int | None], by: Subject, at: datetime) -> None:
    """Part of writing the programme anew: motions that are not voted on yet go where their items went (`agenda.followed`)."""
    waiting = [motion for motion in vote_store.motions(conn, meeting_id)
               if motion.opened_at is None and motion.item is not None and moved.get(motion.item) != motion.item]
    options = vote_store.options(conn, [motion.motion_id for motion in waiting])
    for motion in waiting:
        item = moved.get(motion.item)
        vote_store.set_values(conn, motion.motion_id, item=item)
        draft = Draft(motion.title, Rule.from_data(motion.rule), options[motion.motion_id], Method(motion.method), item)
        ledger_store.append(conn, meeting_id, "motion.revised", at, by, data={"motion": motion.motion_id, **draft.as_data()})


def _prepared(conn: Connection, motion_id: str, by: Subject) -> MotionRow:
    _preparing(conn, vote_store.meeting_of(conn, motion_id), by)
    motion = vote_store.load(conn, motion_id)
    if motion.withdrawn_at is not None:
        raise NotFound("motion.unknown")
    if motion.opened_at is not None:
        raise Closed("motion.opened", title=motion.title)
    return motion


def _preparing(conn: Connection, meeting_id: str, by: Subject) -> Meeting:
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MOTION_PREPARE)
    meeting.check_alive()
    return meeting


def _check_method(draft: Draft) -> None:
    """Slips are asked for and sent in one go (`slips.send`)."""
    if draft.method is Method.SLIP:
        raise Conflict("motion.by_slip", title=draft.title)


def _check_item(conn: Connection, meeting_id: str, item: int | None) -> None:
    if item is not None and not any(line.item == item for line in meeting_store.agenda_of(conn, meeting_id)):
        raise Invalid("motion.item", field="item", item=item)
