"""Tìm giờ trống: when all of an audience can, and sooner times that miss the fewest, with who and why.

A page of its own with everything asked in the address; each time leads into the booking form.  Reads only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.errors import Invalid, MeetingError
from meetings.meeting import MAX_LEADERS
from scheduler import points as point_store
from scheduler.audience import mains
from web import booking_view, calendar_free
from web.calendar_free import AHEAD, CLOSES, MOST_AHEAD, OPENS
from web.container import Container, container
from web.errors import explain, status_of
from web.guard import allow
from web.legible import number
from web.pages import page

router = APIRouter(prefix="/meetings", tags=["calendar"], default_response_class=HTMLResponse)
LENGTHS = (30, 60, 90, 120, 150, 180, 240, 480)


@dataclass(frozen=True, slots=True)
class Asked:
    """The address as typed; what is missing has its usual value."""

    points: str = ""
    length: str = "120"
    on: str = ""
    days: str = str(AHEAD)
    opens: str = OPENS.strftime("%H:%M")
    closes: str = CLOSES.strftime("%H:%M")
    chair: str = ""
    every: str = ""


@router.get("/free")
def free(request: Request, subject: Subject = Depends(allow(Action.MEETING_CREATE))) -> Response:
    found, now = container(request), container(request).clock.now()
    typed = Asked(**{name: request.query_params[name][:4000] for name in Asked.__slots__ if name in request.query_params})
    values: dict[str, Any] = {"answer": None, "names": {}, "error": None}
    status, leaders = 200, request.query_params.getlist("leader")[:MAX_LEADERS]
    with found.db.read() as conn:
        accounts = booking_view.people(conn, subject, found.when.today(now))
        within = booking_view.scope(conn, subject.unit_id, found.when.today(now))
        own = mains(within.points, within.tree.on)
        ids = calendar_free.read(typed.points) or [point.point_id for point in within.points if own.get(point.unit_id) is point]
        ids = list(point_store.points_by_id(conn, ids))
        try:
            _opens, closes = _hours(typed)
            typed = replace(typed, on=typed.on or calendar_free.first_day(conn, found.when, now, closes, bool(typed.every)).isoformat())
            asked = _asked(conn, found, typed, ids, leaders)
            values["answer"] = calendar_free.find(conn, asked, subject)
            values["names"] = {point.point_id: point.name for point in point_store.points_by_id(conn, ids).values()}
            values["length"] = asked.length
        except MeetingError as error:
            values["error"], status = explain(error, request), status_of(error)
    return page(
        request, "calendar/free.html", status, place="meetings", typed=typed, count=len(ids), lengths=LENGTHS, told=calendar_free.told,
        points=calendar_free.written(ids), chairs=[account for account, _unit in accounts],
        leaders=[(account.user_id, account.name) for account, _unit in accounts if account.user_id in leaders], **values)


def _asked(conn: Connection, found: Container, typed: Asked, points: list[int], leaders: Sequence[str]) -> Any:
    """Raises Invalid("time.date" | "time.clock" | "search.length"), TooLarge("search.too_long")."""
    now = found.clock.now()
    first = found.when.parse_day(typed.on)
    length, days = number(typed.length), number(typed.days)
    if length is None or days is None:
        raise Invalid("search.length", field="length")
    opens, closes = _hours(typed)
    return calendar_free.ask(
        conn, found.when, points, timedelta(minutes=length), first, now, days=min(days, MOST_AHEAD), opens=opens, closes=closes,
        people=[one for one in (typed.chair, *leaders) if one], every=bool(typed.every))


def _hours(typed: Asked) -> tuple[time, time]:
    """Raises Invalid("time.clock")."""
    try:
        opens, closes = (time.fromisoformat(text).replace(tzinfo=None) for text in (typed.opens, typed.closes))
    except ValueError:
        raise Invalid("time.clock", field="opens") from None
    return opens, closes
