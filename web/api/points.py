"""GET /units, /points, /points/{code}, /points/{code}/bookings, /people: what there is to book and who may be named.

Reads only, and shows what the pages of points and the booking form show to the same person.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from meetings.access import Action, Subject
from meetings.errors import Invalid
from meetings.units import Sought
from scheduler import points as point_store
from scheduler import service as booking
from scheduler.slots import Slot
from web import booking_view, places
from web.api.answers import listed, show
from web.api.contract import contract
from web.api.paging import Cursor, Limit, part
from web.api.shapes import Listed, Moment, Text
from web.api.shapes_points import (
    BookingOut,
    PersonOut,
    PointOut,
    UnitOut,
    show_booking,
    show_person,
    show_point,
    show_unit,
)
from web.api.tokens import who
from web.container import container
from web.guard import allow
from web.when import FIRST_YEAR, LAST_YEAR

router = APIRouter(prefix="/api/v1", tags=["points"])
LONGEST = 400  # days of one look at a calendar
AHEAD = timedelta(days=60)

Id = Annotated[Text, Query(max_length=64)]
Words = Annotated[Text, Query(max_length=200, description="Words of name or code; accents do not matter.")]
Day = Annotated[date, Query(ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31))]


@router.get("/units", **contract("listUnits", Listed[UnitOut], listed=True))
def units(
    request: Request, on: Day | None = None, unit: Id = "", level: Id = "", q: Words = "", limit: Limit = 100,
    cursor: Cursor = "", subject: Subject = Depends(allow(Action.UNIT_READ, who=who)),
) -> Response:
    """Units of a day (`on`, default today), below `unit` if given, by code."""
    found = container(request)
    with found.db.read() as conn:
        tree = places.tree(conn, on or found.when.today(found.clock.now()))
        wanted = tree.subtree(unit, level or None) if unit else [one for one in tree if not level or one.level == level]
    sought = Sought(q)
    kept = [one for one in wanted if sought.within(one.name, one.gso_code)]
    kept.sort(key=lambda one: (one.gso_code, one.unit_id))
    return listed(request, part(kept, lambda one: (one.gso_code, one.unit_id), limit, cursor), show_unit)


@router.get("/points", **contract("listPoints", Listed[PointOut], listed=True))
def points(
    request: Request, unit: Id = "", level: Id = "", q: Words = "", limit: Limit = 100, cursor: Cursor = "",
    subject: Subject = Depends(allow(Action.POINT_READ, who=who)),
) -> Response:
    """Points, by code; below `unit`, of one `level`, with the words of `q`."""
    found = container(request)
    sought = Sought(q)
    with found.db.read() as conn:
        tree = places.tree(conn, found.when.today(found.clock.now()))
        below = {one.unit_id for one in tree.subtree(unit)} if unit else None
        levels = {one.unit_id: one.level for one in tree}
        every = point_store.all_points(conn)
    kept = [
        point for point in every
        if (below is None or point.unit_id in below) and (not level or levels.get(point.unit_id) == level)
        and sought.within(point.name, point.code)
    ]
    kept.sort(key=lambda point: point.code)
    return listed(request, part(kept, lambda point: (point.code,), limit, cursor),
                  lambda point: show_point(point, levels.get(point.unit_id)))


@router.get("/points/{code}", **contract("getPoint", PointOut))
def one(request: Request, code: str, subject: Subject = Depends(allow(Action.POINT_READ, who=who))) -> Response:
    """One point."""
    found = container(request)
    with found.db.read() as conn:
        point = point_store.point_by_code(conn, code)
        tree = places.tree(conn, found.when.today(found.clock.now()))
    level = tree.get(point.unit_id).level if point.unit_id in tree else None
    return show(request, show_point(point, level))


@router.get("/points/{code}/bookings", **contract("listBookings", Listed[BookingOut], listed=True))
def bookings(
    request: Request, code: str, since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to")] = None, limit: Limit = 100, cursor: Cursor = "",
    subject: Subject = Depends(allow(Action.POINT_READ, who=who)),
) -> Response:
    """What takes the point's time from `from` (default now) to `to` (default 60 days later), or waits for a yes to it, by start."""
    found = container(request)
    start = since or found.clock.now()
    window = stretch(start, until or start + AHEAD)
    with found.db.read() as conn:
        point = point_store.point_by_code(conn, code)
        taken = booking.bookings(conn, [point.point_id], window, subject, waiting=True)
    seen, lines = Counter[tuple[str, ...]](), []
    for shown in sorted(map(show_booking, taken), key=_place):
        seen[_place(shown)] += 1  # several may wait for the same time, and nothing tells them apart for who may not read them
        lines.append(((*_place(shown), seen[_place(shown)]), shown))
    return listed(request, part(lines, lambda line: line[0], limit, cursor), lambda line: line[1])


def _place(one: BookingOut) -> tuple[str, ...]:
    return one.start.isoformat(), one.end.isoformat(), one.state, one.unit, one.meeting or ""


def stretch(start: object, end: object) -> Slot:
    """A look at a calendar.  Raises Invalid("api.window")."""
    try:
        window = Slot(start, end)  # type: ignore[arg-type]
    except Invalid:
        raise Invalid("api.window", field="to", days=LONGEST) from None
    if window.length > timedelta(days=LONGEST):
        raise Invalid("api.window", field="to", days=LONGEST)
    return window


@router.get("/people", **contract("listPeople", Listed[PersonOut], listed=True))
def people(
    request: Request, q: Words = "", limit: Limit = 100, cursor: Cursor = "",
    subject: Subject = Depends(allow(Action.MEETING_CREATE, who=who)),
) -> Response:
    """Who may chair, keep, head or file a meeting of your unit: the people of the booking form."""
    found = container(request)
    sought = Sought(q)
    with found.db.read() as conn:
        known = booking_view.people(conn, subject, found.when.today(found.clock.now()))
    kept = [(account, unit) for account, unit in known if sought.within(account.name, account.title, unit)]
    kept.sort(key=lambda one: (one[0].name, one[0].user_id))
    return listed(request, part(kept, lambda one: (one[0].name, one[0].user_id), limit, cursor),
                  lambda one: show_person(*one))
