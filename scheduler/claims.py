"""Rows of the calendar: takes, confirms, moves and gives back bookings; whoever is second learns who was first.

The points are locked in one order, so nobody waits in a circle; what would slip past is refused by the constraint
`booking_overlap`, and both ways it is the same Conflict.  Decides nothing about who may: `service` and `requests` have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Executable, String, literal, select
from sqlalchemy.exc import IntegrityError

from meetings import service as meetings
from meetings.access import Subject
from meetings.errors import Conflict, Invalid
from meetings.meeting import CHANGEABLE, TRANSITIONS, Meeting, PointRef, check_length
from meetings.store import meeting_store, seat_store, unit_store
from meetings.store.among import among
from meetings.store.bulk import add_rows
from meetings.store.base import UtcDateTime
from meetings.store.triggers import violated
from meetings.units import UnitTree
from scheduler import invitations, readings, request_store, store
from scheduler.booking import NamedBooking, Point
from scheduler.points import check_open, points_by_id
from scheduler.readings import conflicts, live_points, points_of_meeting
from scheduler.slots import Slot, civil_day

_b = store.booking.c
SHOWN = 5  # points named in an error that is not about each of them


def coming(start: datetime, end: datetime, at: datetime) -> Slot:
    """The slot, which has not passed.  Raises Invalid("booking.past" | "meeting.end_before_start" | "meeting.too_long")."""
    check_length(start, end)
    slot = Slot(start, end)
    if slot.end <= at:
        raise Invalid("booking.past", field="end", end=slot.end)
    return slot


def lock(conn: Connection, point_ids: Collection[int]) -> None:
    """Who books the same points waits here.  SQLite has one writer."""
    if conn.dialect.name != "postgresql":
        return
    mine = select(store.point.c.point_id).where(among(store.point.c.point_id, point_ids)).order_by(store.point.c.point_id)
    conn.execute(mine.with_for_update(key_share=True))


def hold(conn: Connection, meeting_id: str, point_ids: Collection[int], slot: Slot, also: Collection[str] = ()) -> Meeting:
    """Locks the points, then the meeting and whatever else may be changed with it, each kind in one order; the meeting.

    Everything that books goes this way, so nobody waits in a circle: the points first, then the meetings that wait for a
    yes to one of them at that time, and those named in `also`.
    """
    lock(conn, point_ids)
    others = request_store.meetings_waiting(conn, point_ids, slot)
    return meeting_store.lock_all(conn, {meeting_id, *others, *also})[meeting_id]


def hold_whole(conn: Connection, meeting_id: str, point_ids: Collection[int] = (), to: Slot | None = None) -> Meeting:
    """The meeting, locked with all its points before it is compared with what somebody looked at and then booked or moved.

    Locking the meeting alone first would wait in a circle with whoever holds the points.  `point_ids`: those wanted beside.
    """
    first = meeting_store.load(conn, meeting_id)
    live = live_points(conn, meeting_id)
    return hold(conn, meeting_id, {*point_ids, *live}, to or Slot(first.start, first.end))


def check_free(conn: Connection, point_ids: Collection[int], slot: Slot, meeting_id: str, by: Subject) -> None:
    """Raises Conflict("booking.overlap")."""
    if taken(conn, point_ids, slot, meeting_id):
        raise overlap(conflicts(conn, point_ids, slot, except_meeting=meeting_id, by=by))


def taken(conn: Connection, point_ids: Collection[int], slot: Slot, meeting_id: str) -> set[int]:
    """Those of the points that something else holds at that time."""
    return {one.point_id for one in readings.calendar(conn, point_ids, slot).clashes(point_ids, slot, meeting_id)}


def overlap(found: Sequence[NamedBooking]) -> Conflict:
    return Conflict("booking.overlap", conflicts=[booking.as_param() for booking in found])


def take(
    conn: Connection, meeting_id: str, point_ids: Collection[int], slot: Slot, by: Subject, at: datetime,
    asked: Mapping[int, str] | None = None,
) -> None:
    """Books the points; `asked`: point → request, those are pending.  One statement whatever their number."""
    pending = asked or {}
    columns = ["meeting_id", "point_id", "starts_at", "ends_at", "state", "booked_at", "booked_by"]
    direct = sorted(set(point_ids) - pending.keys())
    if direct:
        rows = select(
            literal(meeting_id), store.point.c.point_id, literal(slot.start, UtcDateTime),
            literal(slot.end, UtcDateTime), literal("confirmed"), literal(at, UtcDateTime),
            literal(by.user_id, String(36)),
        ).where(among(store.point.c.point_id, direct)).order_by(store.point.c.point_id)
        guarded(conn, store.booking.insert().from_select(columns, rows), direct, slot, meeting_id, by)
    waiting = [
        {"meeting_id": meeting_id, "point_id": point_id, "starts_at": slot.start, "ends_at": slot.end, "state": "pending",
         "booked_at": at, "booked_by": by.user_id, "request_id": request_id}
        for point_id, request_id in sorted(pending.items())
    ]
    add_rows(conn, store.booking, waiting)


def confirm(conn: Connection, request_id: str, point_ids: Collection[int], slot: Slot, meeting_id: str, by: Subject) -> None:
    """What was pending under the request holds its point from now on.  Raises Conflict("booking.overlap")."""
    mine = (_b.request_id == request_id) & (_b.state == "pending")
    guarded(conn, store.booking.update().where(mine).values(state="confirmed"), point_ids, slot, meeting_id, by)


def put_off(conn: Connection, request_ids: Collection[str], slot: Slot) -> None:
    """What is booked or waits under these requests waits for another time now."""
    if request_ids:
        mine = _b.request_id.in_(sorted(request_ids)) & _b.state.in_(("pending", "confirmed"))
        conn.execute(store.booking.update().where(mine).values(state="pending", starts_at=slot.start, ends_at=slot.end))


def guarded(
    conn: Connection, statement: Executable, point_ids: Collection[int], slot: Slot, meeting_id: str, by: Subject
) -> None:
    """Runs the statement; what the database refuses becomes the same Conflict that the rule gives: booked, or closed."""
    try:
        with conn.begin_nested():
            conn.execute(statement)
    except IntegrityError as error:
        if violated(error, "booking_closed"):
            check_open(conn, point_ids, slot)
        if not violated(error, "booking_overlap"):
            raise
        raise overlap(conflicts(conn, point_ids, slot, except_meeting=meeting_id, by=by)) from error


def give_back(conn: Connection, meeting_id: str, point_ids: Collection[int], at: datetime, why: str = "given_back") -> None:
    """why: given_back, declined, lapsed, displaced, overtaken."""
    if not point_ids:
        return
    mine = (_b.meeting_id == meeting_id) & _b.state.in_(("pending", "confirmed")) & among(_b.point_id, point_ids)
    conn.execute(store.booking.update().where(mine).values(state="released", why=why, released_at=at))


def refs(conn: Connection, meeting: Meeting, points: Sequence[Point], tree: UnitTree | None = None) -> list[PointRef]:
    """The points as the record names them, with the level their units have on the meeting's day, and the name, where a point
    bears that of its unit.

    Raises Invalid("booking.unit_ended") for a unit that is none on that day.
    """
    tree = tree or unit_store.tree(conn, civil_day(meeting.start))
    if ended := [point.name for point in points if point.unit_id not in tree]:
        raise Invalid("booking.unit_ended", field="audience", points=ended[:SHOWN], count=len(ended), on=tree.on)
    other = {point.unit_id for point in points if tree.get(point.unit_id).name != point.name}
    borne = unit_store.names(conn, other) if other else {}
    return [
        PointRef(point.point_id, point.code, unit.name if point.name in borne.get(unit.unit_id, ()) else point.name, unit.unit_id, unit.level)
        for point, unit in ((point, tree.get(point.unit_id)) for point in points)
    ]


def seat(
    conn: Connection, meeting: Meeting, by: Subject | None, at: datetime, first: Sequence[int] = (), tree: UnitTree | None = None,
) -> None:
    """Seats for what is confirmed, and for what is asked for once more and had one; `first`: the order of those that are new.

    Who has a seat keeps it under the name it was given; none is taken away once the meeting has opened, and an ended one stays
    as it was.  Called after every change of a meeting's points or time, so those invited learn of it here.
    """
    invitations.announce(conn, meeting.meeting_id, at)
    if not TRANSITIONS[meeting.state]:
        return
    have = {seat.point_id: seat for seat in seat_store.seats(conn, meeting.meeting_id)}
    confirmed = set(points_of_meeting(conn, meeting.meeting_id))
    wanted = confirmed | (have.keys() & set(points_of_meeting(conn, meeting.meeting_id, "pending")))
    if gone := have.keys() - wanted:
        # Who left traces in the record stays in it.
        wanted |= gone if meeting.state not in CHANGEABLE else set(seat_store.in_use(conn, meeting.meeting_id, sorted(gone)))
    if wanted == have.keys():
        return
    known = {seat.point_id: PointRef(seat.point_id, seat.code, seat.name, seat.unit, seat.level) for seat in have.values()}
    if fresh := wanted - have.keys():
        known |= {ref.point_id: ref for ref in refs(conn, meeting, list(points_by_id(conn, fresh).values()), tree)}
    order = [point_id for point_id in first if point_id in wanted]
    order += sorted(wanted - set(order), key=lambda point_id: known[point_id].code)
    meetings.seats_follow(conn, meeting.meeting_id, [known[point_id] for point_id in order], by, at)
