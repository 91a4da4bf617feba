"""Reads calendars: which bookings and maintenance points have, what stands in the way, where there is room.  Changes nothing.

Names of other units' meetings are shown only to those who may read them; everybody sees the time and the unit, because
that is enough to agree on another hour.  Re-exported by `service`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from meetings import service as meetings
from meetings.access import Action, Subject, decide
from meetings.store.among import among
from meetings.store.tables import meeting
from scheduler import store
from scheduler.booking import Booking, Calendar, NamedBooking
from scheduler.calendar_rows import Moments, holding, pending
from scheduler.slots import Slot, gaps

_b = store.booking.c
_COLUMNS = select(
    _b.booking_id, _b.meeting_id, _b.point_id, _b.starts_at, _b.ends_at, _b.state, _b.note, store.point.c.code, store.point.c.name,
    meeting.c.title, meeting.c.unit,
).join(store.point, _b.point_id == store.point.c.point_id).outerjoin(meeting, _b.meeting_id == meeting.c.meeting_id)


def calendar(conn: Connection, point_ids: Collection[int], window: Slot) -> Calendar:
    """What holds the points in the window; maintenance counts as a meeting without a name."""
    moments = Moments()
    return Calendar([
        Booking(meeting_id or "", point_id, Slot(moments[start], moments[end]))
        for meeting_id, point_id, start, end in holding(conn, "meeting_id, point_id, starts_at, ends_at", point_ids, window)
    ])


def bookings(
    conn: Connection, point_ids: Collection[int], window: Slot, by: Subject | None = None, *, waiting: bool = False,
) -> list[NamedBooking]:
    """What holds the points and touches the window, by time; `waiting`: and what waits for somebody's yes.

    With `by`, titles only of meetings that `by` may read.
    """
    ids = [booking_id for (booking_id,) in holding(conn, "booking_id", point_ids, window)]
    if waiting:
        ids += [booking_id for (booking_id,) in pending(conn, "booking_id", point_ids, window)]
    found = _by_id(conn, ids)
    return found if by is None else masked(conn, found, by)


def conflicts(
    conn: Connection, point_ids: Collection[int], slot: Slot, except_meeting: str | None = None,
    by: Subject | None = None,
) -> list[NamedBooking]:
    """What stands in the way of booking these points: what holds them and overlaps the slot, named, by time."""
    found = [booking for booking in bookings(conn, point_ids, slot) if booking.meeting_id is None or booking.meeting_id != except_meeting]
    return found if by is None else masked(conn, found, by)


def conflicts_at(conn: Connection, point_ids: Collection[int], slots: Sequence[Slot], by: Subject) -> list[list[NamedBooking]]:
    """`conflicts` of each of the slots, asked once for all of them."""
    if not slots:
        return []
    moments, near = Moments(), dict[tuple[datetime, datetime], list[int]]()
    found: list[list[int]] = [[] for _slot in slots]
    whole = Slot(min(slot.start for slot in slots), max(slot.end for slot in slots))
    for booking_id, start, end in holding(conn, "booking_id, starts_at, ends_at", point_ids, whole):
        times = moments[start], moments[end]
        if times not in near:
            near[times] = [place for place, slot in enumerate(slots) if slot.overlaps(Slot(*times))]
        for place in near[times]:
            found[place].append(booking_id)
    named = {row.booking_id: _named(row) for row in conn.execute(
        _COLUMNS.where(among(_b.booking_id, {one for ids in found for one in ids})))} if any(found) else {}
    shown = dict(zip(named, masked(conn, list(named.values()), by), strict=True))
    return [sorted((shown[one] for one in ids), key=lambda booking: (booking.slot.start, booking.code)) for ids in found]


def waiting(
    conn: Connection, point_ids: Collection[int], slot: Slot, by: Subject, except_meeting: str | None = None,
) -> list[NamedBooking]:
    """What waits for a yes to these points in the slot, by time: confirming them for somebody declines it (`requests.overtake`)."""
    ids = [booking_id for (booking_id,) in pending(conn, "booking_id", point_ids, slot, except_meeting)]
    return masked(conn, _by_id(conn, ids), by)


def overtaken(conn: Connection, point_ids: Collection[int], slot: Slot, at: datetime, by: Subject) -> list[NamedBooking]:
    """What waited for these points in the slot until, at that moment, they were confirmed for somebody else."""
    mine = select(_b.booking_id).where(
        _b.state == "released", _b.why == "overtaken", _b.released_at == at, among(_b.point_id, point_ids),
        _b.starts_at < slot.end, _b.ends_at > slot.start)
    return masked(conn, _by_id(conn, list(conn.execute(mine).scalars())), by)


def free_slots(conn: Connection, point_ids: Collection[int], window: Slot, length: timedelta) -> list[Slot]:
    """The stretches of the window (`working_hours` of a day) in which all points are free for at least `length`."""
    return gaps((booking.slot for booking in calendar(conn, point_ids, window).taken), window, length)


def points_of_meeting(conn: Connection, meeting_id: str, state: str = "confirmed") -> list[int]:
    """Ids of the points that are booked for the meeting now; `state` "pending": those that wait for somebody's yes."""
    mine = select(_b.point_id).where(_b.meeting_id == meeting_id, _b.state == state).order_by(_b.point_id)
    return list(conn.execute(mine).scalars())


def live_points(conn: Connection, meeting_id: str) -> list[int]:
    """Ids of all of them: confirmed, and waiting for somebody's yes."""
    mine = select(_b.point_id).where(_b.meeting_id == meeting_id, _b.state.in_(("confirmed", "pending"))).order_by(_b.point_id)
    return list(conn.execute(mine).scalars())


def masked(conn: Connection, found: list[NamedBooking], by: Subject) -> list[NamedBooking]:
    """The same, without the names of meetings that `by` may not read."""
    readable: dict[str, bool] = {}
    for meeting_id in {booking.meeting_id for booking in found if booking.meeting_id}:
        resource = meetings.resource_of(conn, meetings.get(conn, meeting_id))
        readable[meeting_id] = decide(by, Action.MEETING_READ, resource).allowed
    return [booking if readable.get(booking.meeting_id or "") else booking.masked() for booking in found]


def _by_id(conn: Connection, ids: Collection[int]) -> list[NamedBooking]:
    """These rows, named, by time."""
    rows = conn.execute(_COLUMNS.where(among(_b.booking_id, ids))) if ids else ()
    return sorted((_named(row) for row in rows), key=lambda booking: (booking.slot.start, booking.code))


def _named(row: Row[Any]) -> NamedBooking:
    return NamedBooking(
        row.point_id, row.code, row.name, Slot(row.starts_at, row.ends_at), row.unit["name"] if row.unit else "",
        row.meeting_id, row.title, row.state, row.note,
    )
