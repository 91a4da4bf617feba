"""Đăng ký đại biểu: who comes, named before the meeting by the points' own units, by their links, or by the secretary from a file.

A file with bad rows names them and offers to take the others in one go; meanwhile its bytes are kept, and their receipt
travels in the form.  What may be changed, and until when, is decided by `scheduler.delegate_list`.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Resource
from meetings.errors import MeetingError
from meetings.units import Sought
from scheduler import delegate_list, delegate_sheet
from web import uploads, views
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.legible import number
from web.pages import done, may, page
from web.paging import PageNumber, part
from web.routes.join import by_link, seated_meeting

router = APIRouter(tags=["meetings"], default_response_class=HTMLResponse)
HERE, LINK = "/meetings/{meeting_id}/registration", "/j/{secret}/delegates"
BAD = 100


def delegates_of(request: Request, conn: Connection) -> Resource:
    """The meeting with the units that attend it; which points is asked for each."""
    resource = views.meeting(request, conn)
    meeting = service.get(conn, request.path_params["meeting_id"])
    return meeting.resource("delegates", resource.attending_units)


PEOPLE = [Depends(allow(Action.DELEGATE_REGISTER, delegates_of))]
SEATED = [Depends(allow(Action.DELEGATE_REGISTER, seated_meeting, who=by_link))]


@router.get(HERE, dependencies=PEOPLE)
def listing(request: Request, meeting_id: str, q: str = "", number: PageNumber = 1) -> Response:
    return _show(request, meeting_id, q=q, place=number)


@router.get(LINK, dependencies=SEATED)
def by_card(request: Request, secret: str) -> Response:
    """The same for whoever holds a point's link: this point alone."""
    return _show(request, request.state.subject.seat.meeting_id)


@router.post(HERE, dependencies=PEOPLE)
def act(request: Request, meeting_id: str) -> Response:
    return _act(request, meeting_id)


@router.post(LINK, dependencies=SEATED)
def act_by_card(request: Request, secret: str) -> Response:
    return _act(request, request.state.subject.seat.meeting_id)


def _act(request: Request, meeting_id: str) -> Response:
    """`do`: add (point, name, post, phone), replace or withdraw (entry, reason, and the new one), deadline (due_day, due_time)."""
    found, form, subject = container(request), request.state.form, request.state.subject
    now, do = found.clock.now(), str(form.get("do", "add"))
    typed = {name: str(form.get(name, ""))[:600] for name in ("point", "name", "post", "phone", "entry", "reason", "due_day", "due_time")}
    try:
        with found.db.write() as conn:
            if do == "deadline":
                due = found.when.parse(typed["due_day"], typed["due_time"], "due")
                delegate_list.set_deadline(conn, meeting_id, due, subject, now)
            elif do == "withdraw":
                delegate_list.withdraw(conn, typed["entry"], typed["reason"], subject, now)
            else:
                point = subject.seat.point_id if subject.seat else number(typed["point"]) or 0
                wanted = delegate_sheet.entry(point, typed["name"], typed["post"], typed["phone"])
                if do == "replace":
                    delegate_list.replace(conn, typed["entry"], wanted, typed["reason"], subject, now)
                else:
                    delegate_list.register(conn, meeting_id, wanted, subject, now)
    except MeetingError as error:
        return _show(request, meeting_id, status_of(error), {str(error.params.get("field", "name")): explain(error)}, typed)
    return done(request.url.path, "saved")


@router.post(f"{HERE}/sheet", dependencies=[Depends(allow(Action.MEETING_BOOK, views.meeting))])
def load(request: Request, meeting_id: str) -> Response:
    """`file`: a CSV; or `kept`, the receipt of one whose good rows are to be taken without the bad ones."""
    found, form = container(request), request.state.form
    kept = uploads.redeem(found.keys.csrf, str(form.get("kept", "")))
    try:
        data = uploads.sheet(found, form, kept)
        with found.db.write() as conn:
            codes = {seat.code: seat.point_id for seat in service.state(conn, meeting_id).seats}
            good, bad = delegate_sheet.read(data, codes)
            if not bad or kept is not None:
                n = delegate_list.load(conn, meeting_id, good, request.state.subject, found.clock.now())
        if not bad or kept is not None:
            if kept is not None:
                found.aside.remove(kept.sha256)
            return done(f"/meetings/{meeting_id}/registration", "delegates", n)
        receipt = uploads.wait(found, data, "delegates.csv")
    except MeetingError as error:
        return _show(request, meeting_id, status_of(error), {"file": explain(error)})
    return _show(request, meeting_id, 422, bad=[(one.line, one.code, explain(one.error)) for one in bad], good=len(good), receipt=receipt)


def _show(
    request: Request, meeting_id: str, status: int = 200, said: dict[str, str] | None = None, typed: dict[str, str] | None = None, *,
    q: str = "", place: int = 1, bad: list[tuple[int, str, str]] | None = None, good: int = 0, receipt: str = "",
) -> HTMLResponse:
    found, subject = container(request), request.state.subject
    with found.db.read() as conn:
        meeting = service.get(conn, meeting_id)
        seats = delegate_list.points_of(conn, meeting, subject)
        due = delegate_list.deadline(conn, meeting)
        rows: list[Any] = delegate_list.entries(conn, meeting_id, [seat.point_id for seat in seats])
    secretary = may(subject, "meeting.book", meeting.resource())
    names, sought = {seat.point_id: seat.name for seat in seats}, Sought(q)
    shown = [row for row in rows if sought.within(row.name, row.post, names[row.point_id])]
    closed = not secretary and found.clock.now() > due
    blank = {name: "" for name in ("point", "name", "post", "phone", "entry", "reason")}
    due_typed = {"due_day": found.when.form_date(due), "due_time": found.when.clock(due)}
    return page(
        request, "meetings/registration_link.html" if subject.seat else "meetings/registration.html", status, place="meetings",
        meeting=meeting, names=names, part=part(shown, place), total=len(rows), due=due, closed=closed, secretary=secretary, q=q,
        errors=said or {}, typed={**blank, **due_typed, **(typed or {})}, bad=(bad or [])[:BAD], more=max(0, len(bad or []) - BAD),
        good=good, receipt=receipt, points=len({row.point_id for row in rows}),
    )
