"""Use cases of a meeting's life: draft, change, convene, open, suspend, resume, close, cancel; and what stands now.

Each takes the open write transaction first, checks who asks (`permit`), locks the meeting, changes the tables and
appends what happened to the ledger, all in that one transaction.  The other use cases live beside this module and are
re-exported here: `conduct` (agenda, conclusions), `balloting` (votes), `motions` (before their vote), `speaking` (floor and hands; the
rest of it is called there), `seats` (booked points, presence, delegates),
`entry` (links, tickets), `papers` (documents).  Called by the scheduler and the web; starts nothing, sends nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from meetings import agenda as programme
from meetings import captioning, muting, recordings, sharing
from meetings.access import Action, Resource, Subject, require
from meetings.agenda import AgendaItem
from meetings.balloting import cast, motion_close, motion_open, motion_start
from meetings.conduct import (
    agenda_go,
    conclusion_remove,
    conclusion_write,
    end_running_item,
    replan,
)
from meetings.entry import (
    end_session,
    interrupted,
    link_open,
    link_renew,
    link_revoke,
    links,
    mint,
    redeem,
    seat_taken,
    session_of,
    sessions_clear,
    tickets_purge,
)
from meetings.errors import Conflict, Invalid
from meetings.ids import new_id
from meetings.ledger import stamp
from meetings.meeting import AgendaLine, Meeting, NewMeeting, Person, State, check_leaders, check_length, check_signers
from meetings.motions import motion_prepare, motion_revise, motion_withdraw
from meetings.papers import document_add, documents
from meetings.permit import permit, resource_of
from meetings.seats import (
    delegate_add,
    delegate_present,
    delegates,
    seat_join,
    seat_leave,
    seats_clear,
    seats_follow,
    seats_rename,
    seats_set,
)
from meetings.speaking import clock_start, clock_stop, end_floor, floor_give, hand
from meetings.state import RoomState, state
from meetings.store import ledger_store, meeting_store, seat_store, speech_store, vote_store
from meetings.store.database import Connection
from meetings.store.meeting_store import find
from meetings.texts import line

__all__ = [
    "AgendaLine", "Meeting", "NewMeeting", "Person", "RoomState", "State",
    "agenda_go", "cancel", "cast", "change", "close", "conclusion_remove", "conclusion_write", "convene", "create",
    "delegate_add", "delegate_present", "delegates", "document_add", "documents", "end_session", "find", "floor_give",
    "get", "hand", "link_open", "link_renew", "link_revoke", "links", "mint", "motion_close", "motion_open",
    "motion_prepare", "motion_revise", "motion_start", "motion_withdraw", "open",
    "redeem", "resource_of", "resume", "seat_join", "seat_leave", "seat_taken", "seats_clear", "seats_follow", "seats_rename", "seats_set",
    "session_of",
    "interrupted", "sessions_clear", "state", "suspend", "tickets_purge",
]

_POSTS = ("chair", "secretary", "division_head", "clerk")
_CHANGEABLE = {"title", "place", "kind", "main_point_id", "start", "end", "agenda", "leaders", *_POSTS}


def create(conn: Connection, new: NewMeeting, by: Subject, at: datetime) -> Meeting:
    """Draft a meeting of `new.unit`.  Raises Invalid (text, times), NotFound for those who may not."""
    require(by, Action.MEETING_CREATE, Resource("meeting", new.unit.path))
    new = _clean(new)
    check_length(new.start, new.end)
    items = programme.number(new.agenda)
    meeting_id = new_id(at)
    meeting_store.add(conn, meeting_id, new, at)
    meeting_store.set_agenda(conn, meeting_id, items)
    ledger_store.append(conn, meeting_id, "meeting.created", at, by, data=_created(new, items))
    return meeting_store.load(conn, meeting_id)


def get(conn: Connection, meeting_id: str) -> Meeting:
    """Raises NotFound("not_found")."""
    return meeting_store.load(conn, meeting_id)


def change(conn: Connection, meeting_id: str, by: Subject, at: datetime, **changes: Any) -> Meeting:
    """Change a meeting before it opens: title, place, kind, start, end, main_point_id, agenda, leaders, or one of the posts.

    Once points are booked the times stay: raises Conflict("meeting.booked"); release the booking first.
    """
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise TypeError(f"a meeting has no changeable {sorted(unknown)}")
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_EDIT)
    meeting.check_state(State.DRAFT, State.CONVENED)
    if {"start", "end"} & changes.keys() and seat_store.counts(conn, meeting_id)[0]:
        raise Conflict("meeting.booked", title=meeting.title)
    wanted = _clean(replace(_as_new(meeting), **changes))
    check_length(wanted.start, wanted.end)
    shown: dict[str, Any] = {}
    if "agenda" in changes:
        items = programme.number(wanted.agenda)
        replan(conn, meeting_id, meeting_store.agenda_of(conn, meeting_id), items, by, at)
        shown["agenda"] = programme.as_data(items)
    meeting_store.save(conn, meeting_id, title=wanted.title, kind=wanted.kind, place=wanted.place,
                       starts_at=wanted.start, ends_at=wanted.end, main_point_id=wanted.main_point_id,
                       **meeting_store.people_values({post: getattr(wanted, post) for post in _POSTS}))
    if "leaders" in changes:
        meeting_store.set_leaders(conn, meeting_id, wanted.leaders)
    shown |= {name: _shown(getattr(wanted, name)) for name in sorted(changes.keys() - {"agenda"})}
    ledger_store.append(conn, meeting_id, "meeting.changed", at, by, data=shown)
    sharing.settle(conn, meeting, by, at)
    return meeting_store.load(conn, meeting_id)


def convene(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """DRAFT → CONVENED, once points are booked.  Raises Conflict("meeting.no_points")."""
    meeting = _for_move(conn, meeting_id, by, Action.MEETING_BOOK, State.CONVENED)
    if not seat_store.counts(conn, meeting_id)[0]:
        raise Conflict("meeting.no_points", title=meeting.title)
    _move(conn, meeting_id, State.CONVENED, "meeting.convened", by, at)


def open(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:  # noqa: A001 - the domain's word
    """CONVENED → OPEN.  A suspended meeting is resumed, not opened: Conflict("meeting.state")."""
    meeting = _for_move(conn, meeting_id, by, Action.MEETING_CONDUCT, State.OPEN)
    meeting.check_state(State.CONVENED)
    _move(conn, meeting_id, State.OPEN, "meeting.opened", by, at, opened_at=at)
    muting.at_opening(conn, meeting, by, at)


def suspend(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """OPEN → SUSPENDED.  The room and the seats stay as they are; the clock of who speaks stands until it goes on."""
    meeting = _for_move(conn, meeting_id, by, Action.MEETING_CONDUCT, State.SUSPENDED)
    recordings.follow(conn, meeting_id, State.SUSPENDED, by, at)
    _move(conn, meeting_id, State.SUSPENDED, "meeting.suspended", by, at)
    clock_stop(conn, meeting_id, at)
    sharing.settle(conn, meeting, by, at)


def resume(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """SUSPENDED → OPEN."""
    meeting = _for_move(conn, meeting_id, by, Action.MEETING_CONDUCT, State.OPEN)
    meeting.check_state(State.SUSPENDED)
    _move(conn, meeting_id, State.OPEN, "meeting.resumed", by, at)
    recordings.follow(conn, meeting_id, State.OPEN, by, at)
    clock_start(conn, meeting_id, at)


def close(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """OPEN or SUSPENDED → CONCLUDED, for ever.  Ends the running item, the floor, and every stay.

    Raises Conflict("motion.open") while a vote is open: its result must be stated by the chair, not by an accident.
    Stays that last to the end have no point.left of their own: they end with meeting.closed.
    """
    meeting = _for_move(conn, meeting_id, by, Action.MEETING_CONDUCT, State.CONCLUDED)
    if motion := vote_store.open_motion(conn, meeting_id):
        raise Conflict("motion.open", title=motion.title)
    end_running_item(conn, meeting_id, by, at)
    end_floor(conn, meeting_id, by, at)
    sharing.stop(conn, meeting_id, by, at)
    recordings.follow(conn, meeting_id, State.CONCLUDED, by, at)
    captioning.finish(conn, meeting_id, by, at)
    booked, present = seat_store.counts(conn, meeting_id)
    seat_store.leave_all(conn, meeting_id, "closed", at)
    assert meeting.opened_at is not None, "a meeting is concluded only after it was open"
    _move(conn, meeting_id, State.CONCLUDED, "meeting.closed", by, at,
          data={"present": present, "booked": booked}, closed_at=at)


def cancel(conn: Connection, meeting_id: str, reason: str, by: Subject, at: datetime) -> None:
    """DRAFT or CONVENED → CANCELLED.  The caller releases the bookings (scheduler.service.release) beside this."""
    reason = line(reason, "reason", 500)
    _for_move(conn, meeting_id, by, Action.MEETING_EDIT, State.CANCELLED)
    sharing.stop(conn, meeting_id, by, at)
    seat_store.leave_all(conn, meeting_id, "closed", at)
    speech_store.lapse(conn, meeting_id, at)
    _move(conn, meeting_id, State.CANCELLED, "meeting.cancelled", by, at, data={"reason": reason})


def _for_move(conn: Connection, meeting_id: str, by: Subject, action: Action, to: State) -> Meeting:
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, action)
    meeting.check_move(to)
    return meeting


def _move(conn: Connection, meeting_id: str, to: State, kind: str, by: Subject, at: datetime,
          data: dict[str, Any] | None = None, **columns: Any) -> None:
    meeting_store.save(conn, meeting_id, state=to.value, **columns)
    ledger_store.append(conn, meeting_id, kind, at, by, data=data)


def _clean(new: NewMeeting) -> NewMeeting:
    if not new.unit.id:
        raise Invalid("unit.unknown", field="unit")
    check_signers(new.chair, new.secretary, new.division_head)
    check_leaders(new.leaders)
    return replace(new, leaders=tuple(_clean_person(person, "leader") for person in new.leaders), title=line(new.title, "title", 500), place=line(new.place, "place", 500, empty=True),
                   kind=line(new.kind, "kind", 40),
                   **{post: _clean_person(getattr(new, post), post) for post in _POSTS})


def _clean_person(person: Person, field: str) -> Person:
    if not person.user_id:
        raise Invalid("text.empty", field=field)
    return Person(person.user_id, line(person.name, field, 100), line(person.title, field, 200, empty=True))


def _as_new(meeting: Meeting) -> NewMeeting:
    return NewMeeting(meeting.title, meeting.unit, meeting.start, meeting.end, meeting.chair, meeting.secretary,
                      meeting.division_head, meeting.clerk, meeting.main_point_id, (), meeting.kind, meeting.place, meeting.leaders)


def _created(new: NewMeeting, items: Sequence[AgendaItem]) -> dict[str, Any]:
    people: dict[str, Any] = {post: getattr(new, post).as_data() for post in _POSTS}
    if new.leaders:
        people["leaders"] = _shown(new.leaders)
    return {"title": new.title, "kind": new.kind, "place": new.place, "start": stamp(new.start), "end": stamp(new.end),
            "unit": new.unit.as_data(), "agenda": programme.as_data(items), **people}


def _shown(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, tuple):
        return [person.as_data() for person in value]
    return value.as_data() if isinstance(value, Person) else value
