"""Điểm danh: the registered delegates of a point, all ticked; untick who is not there, press once.

By the meeting's chair and secretary for every point, with its counts; by whoever holds a point's link for that point alone.
What is counted, and that nobody is counted twice, is decided by `scheduler.roll_call`.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings import service
from meetings.access import Action
from meetings.errors import Invalid, MeetingError
from meetings.people import roll_open
from meetings.units import Sought
from scheduler import roll_call
from web import views
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.legible import number
from web.pages import done, page
from web.paging import PageNumber, part
from web.routes.join import by_link, seated_meeting

router = APIRouter(tags=["meetings"], default_response_class=HTMLResponse)
HERE, LINK = "/meetings/{meeting_id}/roll", "/j/{secret}/roll"
ALL = [Depends(allow(Action.MEETING_CONDUCT, views.meeting))]
SEATED = [Depends(allow(Action.MEETING_JOIN, seated_meeting, who=by_link))]


@router.get(HERE, dependencies=ALL)
def listing(request: Request, meeting_id: str, q: str = "", show: str = "", number: PageNumber = 1) -> Response:
    return _show(request, meeting_id, q=q, show=show, place=number)


@router.post(HERE, dependencies=ALL)
def call(request: Request, meeting_id: str) -> Response:
    """`point`; `shown`: the entries of the form; `present`: those of them that are there."""
    point = number(str(request.state.form.get("point", "")))
    if point is None:
        raise Invalid("delegate.point", field="point")
    return _call(request, meeting_id, point)


@router.get(LINK, dependencies=SEATED)
def of_card(request: Request, secret: str) -> Response:
    return _show(request, request.state.subject.seat.meeting_id)


@router.post(LINK, dependencies=SEATED)
def call_by_card(request: Request, secret: str) -> Response:
    """The same for the point of the link."""
    seat = request.state.subject.seat
    return _call(request, seat.meeting_id, seat.point_id)


def _call(request: Request, meeting_id: str, point: int) -> Response:
    found, form = container(request), request.state.form
    shown, present = ({str(one) for one in form.getlist(name)} for name in ("shown", "present"))
    try:
        with found.db.write() as conn:
            n = roll_call.call(conn, meeting_id, point, shown, present, request.state.subject, found.clock.now())
    except MeetingError as error:
        return _show(request, meeting_id, status_of(error), said=explain(error))
    return done(request.url.path, "roll", n)


def _show(request: Request, meeting_id: str, status: int = 200, *, said: str = "", q: str = "", show: str = "", place: int = 1) -> HTMLResponse:
    found, subject = container(request), request.state.subject
    sought = Sought(q)
    with found.db.read() as conn:
        meeting = service.get(conn, meeting_id)
        rolls = roll_call.rolls(conn, meeting_id, subject.seat.point_id if subject.seat else None)
    shown = [roll for roll in rolls if sought.within(roll.seat.name, roll.seat.code)
             and (show != "waiting" or roll.waiting)]
    sums: dict[str, Any] = {name: sum(getattr(roll, name) for roll in rolls) for name in ("present", "left", "absent", "waiting")}
    return page(
        request, "meetings/roll_link.html" if subject.seat else "meetings/roll.html", status, place="meetings", meeting=meeting,
        part=part(shown, place), sums=sums, points=len(rolls), called=sum(1 for roll in rolls if roll.people and not roll.waiting),
        q=q, show=show, said=said, live=roll_open(meeting, found.clock.now()), registration=str(request.url.path).removesuffix("/roll"),
    )
