"""Use cases of booking: book all points of a meeting in one action, move them, give them back, show who has what.

Each takes the open transaction first.  A booking is all or nothing, and the meeting is convened in the same
transaction.  Two secretaries may press the button at the same moment: the points are locked in one order, and the
constraint `booking_overlap` refuses whatever would slip past; both ways the loser learns who was first.
Called by the web; sends nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, Executable, String, literal, select
from sqlalchemy.exc import IntegrityError

from meetings import service as meetings
from meetings.access import Action, Subject
from meetings.errors import Conflict, Invalid, NotAllowed
from meetings.ledger import stamp
from meetings.meeting import Meeting, PointRef, State
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store, unit_store
from meetings.store.base import UtcDateTime
from meetings.store.triggers import violated
from meetings.units import UnitTree
from scheduler import readings, store
from scheduler.approval import acting
from scheduler.booking import NamedBooking, Point
from scheduler.points import chunks, points_by_id
from scheduler.readings import bookings, conflicts, free_slots, points_of_meeting
from scheduler.slots import Slot, civil_day, gaps, working_hours

__all__ = [
    "book", "bookings", "cancel", "conflicts", "free_slots", "gaps", "move", "points_of_meeting", "release",
    "working_hours",
]

_LIVE = store.booking.c.state == "confirmed"
_SHOWN = 5  # points named in an error that is not about each of them


def book(conn: Connection, meeting_id: str, point_ids: Sequence[int], by: Subject, at: datetime) -> int:
    """Makes exactly these points the meeting's, for the meeting's time, and convenes a draft; returns their number.

    Calling it again with other points adds and gives back.  Raises Conflict("booking.overlap", conflicts=[{point,
    code, name, start, end, unit, meeting, meeting_title}, …]) naming everything in the way; meeting and title are None
    where `by` may not read that meeting.  NotFound("point.unknown"), Invalid("booking.nobody" | "booking.past"),
    NotAllowed("booking.outside") for points outside the convening unit's subtree, Closed.
    """
    meeting = _own(conn, meeting_id, by, Action.MEETING_BOOK)
    meeting.check_state(State.DRAFT, State.CONVENED)
    slot = _coming(meeting.start, meeting.end, at)
    wanted = list(dict.fromkeys(point_ids))
    if not wanted:
        raise Invalid("booking.nobody", field="audience")
    points = points_by_id(conn, wanted)
    refs = _refs(conn, meeting, [points[point_id] for point_id in wanted])
    held = set(points_of_meeting(conn, meeting_id))
    _take(conn, meeting_id, sorted(points.keys() - held), slot, by, at)
    _give_back(conn, meeting_id, held - points.keys(), at)
    meetings.seats_set(conn, meeting_id, refs, by, at)
    if meeting.state is State.DRAFT:
        meetings.convene(conn, meeting_id, by, at)
    return len(wanted)


def move(conn: Connection, meeting_id: str, start: datetime, end: datetime, by: Subject, at: datetime) -> Meeting:
    """Another time for the meeting and all its points, or none of it.  Seats, join links and cards stay good.

    Raises Conflict("booking.overlap", …) like `book`, Invalid("meeting.end_before_start" | "booking.past"), Closed.
    """
    meeting = _own(conn, meeting_id, by, Action.MEETING_EDIT)
    meeting.check_state(State.DRAFT, State.CONVENED)
    slot = _coming(start, end, at)
    held = points_of_meeting(conn, meeting_id)
    if not held:
        return meetings.change(conn, meeting_id, by, at, start=slot.start, end=slot.end)
    _check_scope(conn, meeting, points_by_id(conn, held).values(), unit_store.tree(conn, civil_day(slot.start)))
    _lock(conn, held)
    _check_free(conn, held, slot, meeting_id, by)
    mine = store.booking.update().where(store.booking.c.meeting_id == meeting_id, _LIVE)
    _guarded(conn, mine.values(starts_at=slot.start, ends_at=slot.end), held, slot, meeting_id, by)
    # meetings.change refuses new times while points are booked; here they move with it, in this transaction.
    meeting_store.save(conn, meeting_id, starts_at=slot.start, ends_at=slot.end)
    ledger_store.append(conn, meeting_id, "meeting.changed", at, by,
                        data={"start": stamp(slot.start), "end": stamp(slot.end)})
    return meetings.get(conn, meeting_id)


def release(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> int:
    """Gives the meeting's points back; returns how many.

    After a concluded meeting only the rest of its time is given back: that it took place stays in the calendar.
    """
    meeting = _own(conn, meeting_id, by, Action.MEETING_EDIT)
    if meeting.state in (State.OPEN, State.SUSPENDED):
        meeting.check_state(State.CONCLUDED)
    return _release(conn, meeting, by, at)


def cancel(conn: Connection, meeting_id: str, reason: str, by: Subject, at: datetime) -> None:
    """Cancels the meeting and gives its points back.  Raises like `meetings.service.cancel`."""
    meetings.cancel(conn, meeting_id, reason, by, at)
    _release(conn, meetings.get(conn, meeting_id), by, at)


# --- steps ---------------------------------------------------------------------------------------------------------


def _own(conn: Connection, meeting_id: str, by: Subject, action: Action) -> Meeting:
    """The meeting, locked before any point is: every booking locks in this order, so none waits in a circle."""
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, action)
    return meeting


def _coming(start: datetime, end: datetime, at: datetime) -> Slot:
    slot = Slot(start, end)
    if slot.end <= at:
        raise Invalid("booking.past", field="end", end=slot.end)
    return slot


def _refs(conn: Connection, meeting: Meeting, points: Sequence[Point]) -> list[PointRef]:
    """The points as the record names them, with the level their units have on the meeting's day."""
    tree = unit_store.tree(conn, civil_day(meeting.start))
    _check_scope(conn, meeting, points, tree)
    return [
        PointRef(point.point_id, point.code, point.name, point.unit_id, tree.get(point.unit_id).level)
        for point in points
    ]


def _check_scope(conn: Connection, meeting: Meeting, points: Collection[Point], tree: UnitTree) -> None:
    """A unit convenes its own subtree; a body (a level without territory) acts for the unit it belongs to."""
    if ended := [point.name for point in points if point.unit_id not in tree]:
        raise Invalid("booking.unit_ended", field="audience", points=ended[:_SHOWN], count=len(ended), on=tree.on)
    territorial = {level.level_id for level in unit_store.levels(conn) if level.code_digits is not None}
    convenor = acting(tree, meeting.unit.id, territorial)
    inside = {unit.unit_id for unit in tree.subtree(convenor.unit_id)}
    if outside := [point.name for point in points if point.unit_id not in inside]:
        raise NotAllowed("booking.outside", points=outside[:_SHOWN], count=len(outside), unit=convenor.name)


def _take(
    conn: Connection, meeting_id: str, point_ids: Sequence[int], slot: Slot, by: Subject, at: datetime
) -> None:
    """Books the points; one statement whatever their number (up to 10,000)."""
    _lock(conn, point_ids)
    _check_free(conn, point_ids, slot, meeting_id, by)
    columns = ["meeting_id", "point_id", "starts_at", "ends_at", "state", "booked_at", "booked_by"]
    for chunk in chunks(list(point_ids)):
        rows = select(
            literal(meeting_id), store.point.c.point_id, literal(slot.start, UtcDateTime),
            literal(slot.end, UtcDateTime), literal("confirmed"), literal(at, UtcDateTime),
            literal(by.user_id, String(36)),
        ).where(store.point.c.point_id.in_(chunk)).order_by(store.point.c.point_id)
        _guarded(conn, store.booking.insert().from_select(columns, rows), point_ids, slot, meeting_id, by)


def _lock(conn: Connection, point_ids: Collection[int]) -> None:
    """Who books the same points waits here, in one order, so nobody waits in a circle.  SQLite has one writer."""
    if conn.dialect.name != "postgresql":
        return
    for chunk in chunks(sorted(point_ids)):
        mine = select(store.point.c.point_id).where(store.point.c.point_id.in_(chunk)).order_by(store.point.c.point_id)
        conn.execute(mine.with_for_update(key_share=True))


def _check_free(conn: Connection, point_ids: Collection[int], slot: Slot, meeting_id: str, by: Subject) -> None:
    calendar = readings.calendar(conn, point_ids, slot)
    if calendar.clashes(point_ids, slot, meeting_id):
        raise _overlap(conflicts(conn, point_ids, slot, except_meeting=meeting_id, by=by))


def _guarded(
    conn: Connection, statement: Executable, point_ids: Collection[int], slot: Slot, meeting_id: str, by: Subject
) -> None:
    """Runs the statement; what the database refuses becomes the same Conflict that the rule gives."""
    try:
        with conn.begin_nested():
            conn.execute(statement)
    except IntegrityError as error:
        if not violated(error, "booking_overlap"):
            raise
        raise _overlap(conflicts(conn, point_ids, slot, except_meeting=meeting_id, by=by)) from error


def _overlap(found: Sequence[NamedBooking]) -> Conflict:
    return Conflict("booking.overlap", conflicts=[booking.as_param() for booking in found])


def _release(conn: Connection, meeting: Meeting, by: Subject, at: datetime) -> int:
    held = points_of_meeting(conn, meeting.meeting_id)
    if meeting.state is State.CONCLUDED and meeting.start < at:
        mine = (store.booking.c.meeting_id == meeting.meeting_id) & _LIVE & (store.booking.c.ends_at > at)
        return conn.execute(store.booking.update().where(mine).values(ends_at=at)).rowcount
    _give_back(conn, meeting.meeting_id, held, at)
    if meeting.state in (State.DRAFT, State.CONVENED) and held:
        meetings.seats_set(conn, meeting.meeting_id, [], by, at)
    return len(held)


def _give_back(conn: Connection, meeting_id: str, point_ids: Collection[int], at: datetime) -> None:
    for chunk in chunks(sorted(point_ids)):
        mine = (store.booking.c.meeting_id == meeting_id) & _LIVE & store.booking.c.point_id.in_(chunk)
        conn.execute(store.booking.update().where(mine).values(state="released", why="given_back", released_at=at))
