"""The tab Xác nhận of a meeting: what its convenor asked of others, what they offer, what was lost to a higher level.

Here the secretary asks for points outside the own subtree, takes or refuses offers, and convenes with what is confirmed.
"""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.errors import Conflict, Invalid, MeetingError, NotFound
from meetings.meeting import State
from meetings.units import Sought
from scheduler import displacing, request_store, requests, workday_store
from scheduler import points as point_store
from scheduler import service as booking
from scheduler.booking import Point
from web import convening, places, requests_view, views
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.legible import number
from web.pages import done
from web.routes.meetings import _page as meeting_page

router = APIRouter(prefix="/meetings/{meeting_id}", tags=["requests"], default_response_class=HTMLResponse)
READ = Depends(allow(Action.MEETING_READ, views.meeting))
BOOK = Depends(allow(Action.MEETING_BOOK, views.meeting))
HITS = 30


@router.get("/approvals", dependencies=[READ])
def tab(request: Request, meeting_id: str, q: str = "") -> Response:
    return _show(request, meeting_id, q)


def _show(
    request: Request, meeting_id: str, q: str = "", status: int = 200, error: str = "", displace: bool = False, why: str = "",
) -> HTMLResponse:
    """`why`: the form that has to say why people are told so late, by its key in the page."""
    found = container(request)
    form = request.state.form or {}
    with found.db.read() as conn:
        on = found.when.local(request.state.meeting.start).date()
        lines = requests_view.of_meeting(conn, meeting_id, on)
        heard = requests_view.heard(conn, meeting_id, lines)
        lost = requests_view.losses(conn, meeting_id)
        confirmed = list(point_store.points_by_id(conn, booking.points_of_meeting(conn, meeting_id)).values())
        pending = len(booking.points_of_meeting(conn, meeting_id, "pending"))
        hits = _hits(conn, q, on) if q.strip() else []
        draft, late = request.state.meeting.state is State.DRAFT, False
        if draft:
            late = workday_store.asks_why(conn, meeting_id, request.state.meeting.start, found.clock.now())
    return meeting_page(
        request, "approvals", status, lines=lines, hearing=heard, lost=lost, confirmed=len(confirmed), held=confirmed, pending=pending, hits=hits, q=q, error=error,
        displace=displace, reason=str(form.get("reason", "")), chosen=str(form.get("point", "")),
        draft=draft, late=late, why=why, hurry=str(form.get("hurry", "")),
    )


def _why(error: MeetingError, key: str) -> str:
    return key if error.code == "meeting.short_notice" else ""


def _hits(conn: Connection, q: str, on: date) -> list[tuple[Point, str]]:
    tree, sought = places.tree(conn, on), Sought(q)
    found = []
    for point in point_store.all_points(conn):
        if point.unit_id in tree and point.open_on(on) and sought.within(point.name, point.code, tree.get(point.unit_id).name):
            unit = tree.get(point.unit_id)
            above = tree.get(unit.parent_id).name if unit.parent_id in tree else ""
            found.append((point, above if point.name == unit.name else unit.name))
    return found[:HITS]


@router.post("/approvals/ask")
def ask(request: Request, meeting_id: str, subject: Subject = BOOK) -> Response:
    """One point more, `point` (id), asked for where it is not the convenor's; `reason`: take it from a lower level; `hurry`."""
    found, form, now = container(request), request.state.form, container(request).clock.now()
    point, q, hurry = number(str(form.get("point", ""))), str(form.get("q", ""))[:200], str(form.get("hurry", ""))
    try:
        if point is None:
            raise Invalid("point.unknown", field="point")
        with found.db.write() as conn:
            held = {*booking.live_points(conn, meeting_id), point}
            n = convening.book(conn, meeting_id, sorted(held), subject, now, str(form.get("reason", "")).strip(), hurry)
    except MeetingError as error:
        taken = isinstance(error, Conflict) and error.code == "booking.overlap"
        return _show(request, meeting_id, q, status_of(error), explain(error, request), displace=taken or bool(form.get("reason")),
                     why=_why(error, "ask"))
    found.hub.changed(meeting_id)
    return done(f"/meetings/{meeting_id}/approvals", "booked", n)


@router.post("/approvals/{request_id}/{answer}")
def decide(request: Request, meeting_id: str, request_id: str, answer: str, subject: Subject = BOOK) -> Response:
    """`answer`: accept (`hurry`) or insist, to an offer; withdraw: the points are no longer wanted."""
    found, now = container(request), container(request).clock.now()
    try:
        with found.db.write() as conn:
            stored = request_store.load(conn, request_id)
            if stored.request.meeting_id != meeting_id:
                raise NotFound("not_found")
            if answer == "accept":
                convening.accept(conn, request_id, subject, now, str(request.state.form.get("hurry", "")))
            elif answer == "insist":
                requests.insist(conn, request_id, subject, now)
            elif answer == "withdraw":
                booking.forgo(conn, meeting_id, stored.request.point_ids, subject, now)
            else:
                raise Invalid("request.answer", field="answer")
    except NotFound:
        raise
    except MeetingError as error:
        return _show(request, meeting_id, "", status_of(error), explain(error, request), why=_why(error, request_id))
    found.hub.changed(meeting_id)
    return done(f"/meetings/{meeting_id}/approvals", "saved")


@router.post("/convene")
def convene(request: Request, meeting_id: str, subject: Subject = BOOK) -> Response:
    """With the points that are confirmed now; `hurry`."""
    found, now = container(request), container(request).clock.now()
    try:
        with found.db.write() as conn:
            convening.convene(conn, meeting_id, subject, now, str(request.state.form.get("hurry", "")))
    except MeetingError as error:
        return _show(request, meeting_id, "", status_of(error), explain(error, request), why=_why(error, "convene"))
    found.hub.changed(meeting_id)
    return done(f"/meetings/{meeting_id}", "convened")


@router.post("/losses/{displacement_id}/{answer}")
def lost(request: Request, meeting_id: str, displacement_id: str, answer: str, subject: Subject = BOOK) -> Response:
    """`answer`: rebook (the time that was proposed, with all points; `hurry`) or dismiss (it goes on without them)."""
    found, now = container(request), container(request).clock.now()
    try:
        with found.db.write() as conn:
            if displacement_id not in {loss.displacement_id for loss in displacing.losses(conn, meeting_id)}:
                raise NotFound("not_found")
            if answer == "rebook":
                convening.rebook(conn, meeting_id, displacement_id, subject, now, str(request.state.form.get("hurry", "")))
            else:
                displacing.answer(conn, displacement_id, now)
    except NotFound:
        raise
    except MeetingError as error:
        return _show(request, meeting_id, "", status_of(error), explain(error, request), why=_why(error, displacement_id))
    found.hub.changed(meeting_id)
    return done(f"/meetings/{meeting_id}/approvals", "saved")
