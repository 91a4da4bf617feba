"""Lịch họp: the list, the day with points as rows; and the page of one meeting with its tabs, cards and documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import quote

import segno
from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from sqlalchemy import Connection

from meetings import agenda as programme
from meetings import margins, service
from meetings.access import Action, Subject
from meetings.errors import Invalid, MeetingError
from meetings.meeting import State
from meetings.papers import document as one_document
from meetings.papers import documents as documents_of
from meetings.store import seat_store, unit_store
from meetings.store.seat_store import Seat
from meetings.units import Sought
from scheduler import audience_store, series_store
from scheduler.series_store import Scope
from web import convening, guests, legible, line_news, places, uploads, views
from web.container import container
from web.errors import explain
from web.guard import allow
from web.pages import done, may, page
from web.paging import PageNumber, part
from web.when import When

router = APIRouter(prefix="/meetings", tags=["meetings"], default_response_class=HTMLResponse)
PointId = Annotated[int, Path(ge=1, le=legible.MOST)]
READ = Depends(allow(Action.MEETING_READ, views.meeting))

PERIODS: dict[str, tuple[int, int]] = {"coming": (0, 120), "past": (-400, 0), "all": (-400, 400)}


@router.get("")
def listing(
    request: Request, period: str = "coming", state: str = "", q: str = "", number: PageNumber = 1,
    subject: Subject = Depends(allow(Action.SELF)),
) -> Response:
    """The list; every filter and the page are in the address.  What comes, soonest first; all else, newest first."""
    found = container(request)
    today = found.when.today(found.clock.now())
    first, last = PERIODS.get(period, PERIODS["coming"])
    after = found.when.day_bounds(today + timedelta(days=first))[0]
    before = found.when.day_bounds(today + timedelta(days=last))[0]
    states = (State(state),) if state in set(State) else None
    sought = Sought(q)
    with found.db.read() as conn:
        tree = places.tree(conn, today)
        seen = views.visible(
            conn, subject, tree, after=after, before=before, states=states, newest_first=period in ("past", "all"))
        shown = part([meeting for meeting in seen if sought.within(meeting.title, meeting.unit.name, meeting.chair.name)], number)
        rows = views.rows(found, conn, subject, shown.items)
    return page(request, "meetings/list.html", place="meetings", days=_by_day(rows, found.when), part=shown,
                period=period if period in PERIODS else "coming", state=state, q=q, states=list(State))


def _by_day(rows: list[views.Row], when: When) -> list[tuple[date, list[views.Row]]]:
    days: dict[date, list[views.Row]] = {}
    for row in rows:
        days.setdefault(when.local(row.meeting.start).date(), []).append(row)
    return list(days.items())


def _page(request: Request, tab: str, status: int = 200, **values: Any) -> HTMLResponse:
    found, meeting, subject = container(request), request.state.meeting, request.state.subject
    resource = request.state.resource
    with found.db.read() as conn:
        row = views.row(found, conn, subject, meeting, resource)
        counts = {"audience": row.booked, "documents": len(service.documents(conn, meeting.meeting_id))}
        action = views.next_action(conn, subject, meeting, resource, row.enter)
    return page(
        request, f"meetings/{tab}.html", status, place="meetings", meeting=meeting, row=row, tab=tab, counts=counts,
        resource=resource, action=action, **values,
    )


@router.get("/{meeting_id}", dependencies=[READ])
def overview(request: Request, meeting_id: str) -> Response:
    return front(request, meeting_id)


def front(request: Request, meeting_id: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The first tab; `values`: what was typed in one of its forms, and what is wrong with it."""
    found = container(request)
    with found.db.read() as conn:
        state = service.state(conn, meeting_id)
        levels = _by_level(conn, state.seats)
        series, change = series_store.of_meeting(conn, meeting_id), audience_store.change_of(conn, meeting_id)
        lines = line_news.counted_before(conn, request.state.meeting) if _sees_lines(request) else ()
    return _page(request, "overview", status, room=state, levels=levels, series=series, change=change, lines=lines, **values)


def _sees_lines(request: Request) -> bool:
    return may(request.state.subject, "readiness.read", request.state.resource)


def _by_level(conn: Connection, seats: Sequence[Seat]) -> list[tuple[str, int]]:
    """How many points of each level, the highest first."""
    counted = Counter(seat.level for seat in seats)
    return [(places.level_name(level), counted[level.level_id]) for level in unit_store.levels(conn)
            if counted[level.level_id]]


@router.get("/{meeting_id}/audience", dependencies=[READ])
def audience(request: Request, meeting_id: str, q: str = "", show: str = "") -> Response:
    found, subject = container(request), request.state.subject
    sought = Sought(q)
    with found.db.read() as conn:
        seats = seat_store.seats(conn, meeting_id)
        links = {link.point_id: link for link in service.links(conn, meeting_id)}
        delegates = service.delegates(conn, meeting_id)
        names = {seat.point_id: seat.name for seat in seats}
        lines = line_news.before_start(conn, request.state.meeting) if _sees_lines(request) else {}
        answers = guests.answers(conn, meeting_id, names) if may(subject, "meeting.edit", request.state.resource) else None
    present = sum(seat.joined_at is not None for seat in seats)
    shown = [seat for seat in seats if sought.within(seat.name, seat.code)
             and (show != "present" or seat.joined_at) and (show != "absent" or not seat.joined_at)]
    ended = request.state.meeting.state in (State.CONCLUDED, State.CANCELLED)
    return _page(
        request, "audience", seats=shown, total=len(seats), present=present, q=q, show=show, ended=ended,
        links=links if may(subject, "link.revoke", request.state.resource) and not ended else {},
        cards=may(subject, "link.read", request.state.resource) and not ended,
        registering=bool(seats) and not ended and may(subject, "delegate.register", replace(request.state.resource, kind="delegates")),
        delegates=delegates, point_names=names, answers=answers, lines=lines if any(one.tried_at for one in lines.values()) else {},
        recording=bool(seats) and not ended and may(subject, "meeting.conduct", request.state.resource),
    )


@router.get("/{meeting_id}/agenda", dependencies=[READ])
def agenda(request: Request, meeting_id: str) -> Response:
    with container(request).db.read() as conn:
        state = service.state(conn, meeting_id)
    return _page(request, "agenda", room=state, hours=programme.planned(state.agenda, state.meeting.start))


@router.get("/{meeting_id}/documents", dependencies=[READ])
def documents(request: Request, meeting_id: str) -> Response:
    return documents_tab(request, meeting_id)


def documents_tab(request: Request, meeting_id: str, status: int = 200, problems: tuple[str, ...] = ()) -> HTMLResponse:
    """Papers that are in; for whoever keeps them also those that wait."""
    subject, resource = request.state.subject, request.state.resource
    readable, keeps = may(subject, "document.read", resource), may(subject, "document.add", resource)
    with container(request).db.read() as conn:
        listed = service.documents(conn, meeting_id) if readable else []
        waiting = documents_of(conn, meeting_id, "offered") if keeps else []
        names = {seat.point_id: seat.name for seat in seat_store.seats(conn, meeting_id)} if waiting else {}
        changed = margins.marks(conn, meeting_id, subject)[1] if readable else set()
    return _page(request, "documents", status, documents=listed, readable=readable, problems=problems, waiting=waiting,
                 point_names=names, changed=changed)


@router.post("/{meeting_id}/documents", dependencies=[Depends(allow(Action.DOCUMENT_ADD, views.meeting))])
def adddocuments_tab(request: Request, meeting_id: str) -> Response:
    """Checks every file first; all that are good enter the record, the others are named with their reason."""
    found, subject = container(request), request.state.subject
    good, problems = uploads.receive(found, request.state.form.getlist("document"))
    if not good and not problems:
        problems = [explain(Invalid("document.none", field="document"))]
    for file in good:
        try:
            with found.db.write() as conn:
                uploads.add(conn, meeting_id, file, subject, found.clock.now())
        except MeetingError as error:
            problems.append(f"{file.name}: {explain(error)}")
        else:
            found.hub.changed(meeting_id)  # the room may be full already
    if problems:
        return documents_tab(request, meeting_id, 422, tuple(problems))
    return done(f"/meetings/{meeting_id}/documents", "document")


@router.get("/{meeting_id}/documents/{document_id}",
            dependencies=[Depends(allow(Action.DOCUMENT_READ, views.meeting))], response_class=FileResponse)
def download(request: Request, meeting_id: str, document_id: str) -> Response:
    """The file itself, always as a download: a browser never runs what somebody uploaded."""
    found = container(request)
    with found.db.read() as conn:
        paper = one_document(conn, meeting_id, document_id)
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(paper.name)}"}
    return FileResponse(found.blobs.path(paper.sha256), media_type=paper.media_type, headers=headers)


@router.get("/{meeting_id}/cards", dependencies=[Depends(allow(Action.LINK_READ, views.meeting))])
def cards(request: Request, meeting_id: str, q: str = "") -> Response:
    """One card a point with its QR code, to print and hang up."""
    found, meeting = container(request), request.state.meeting
    sought = Sought(q)
    with found.db.read() as conn:
        links = [link for link in service.links(conn, meeting_id)
                 if not link.revoked and sought.within(link.name)]
    made = [(link, address, qr(address)) for link in links for address in [views.link_address(found, link)]]
    return page(request, "meetings/cards.html", place="meetings", meeting=meeting, cards=made, q=q)


def qr(address: str) -> str:
    """An SVG of the address: only paths, no style, so that it passes the content policy."""
    return str(segno.make(address, error="m", micro=False).svg_inline(scale=1, border=2, omitsize=True))


@router.post("/{meeting_id}/links/{point_id}/renew",
             dependencies=[Depends(allow(Action.LINK_REVOKE, views.meeting))])
def renew_link(request: Request, meeting_id: str, point_id: PointId) -> Response:
    """The old link opens nothing any more; a new card is there at once."""
    found, now = container(request), container(request).clock.now()
    with found.db.write() as conn:
        sessions = service.link_revoke(conn, meeting_id, point_id, request.state.subject, now)
        link = service.link_renew(conn, meeting_id, point_id, request.state.subject, now)
    found.hub.drop(sessions)
    found.hub.revoked(meeting_id, link.code)
    _changed(request, meeting_id)
    return done(f"/meetings/{meeting_id}/audience", "revoked")


@router.post("/{meeting_id}/cancel", dependencies=[Depends(allow(Action.MEETING_EDIT, views.meeting))])
def cancel(request: Request, meeting_id: str) -> Response:
    """`reason`; in a series `scope` and the `version` the form was made from."""
    sent = request.state.form
    found, now = container(request), container(request).clock.now()
    try:
        with found.db.write() as conn:
            n = series_store.cancel(conn, meeting_id, Scope.of(sent.get("scope")), str(sent.get("reason", "")), request.state.subject,
                                    now, version=legible.number(str(sent.get("version", ""))), acts=convening)
    except Invalid as error:
        return front(request, meeting_id, 422, cancel_error=explain(error))
    _changed(request, meeting_id)
    return done(f"/meetings/{meeting_id}", "cancelled" if n == 1 else "cancelled_many", n)


def _changed(request: Request, meeting_id: str) -> None:
    container(request).hub.changed(meeting_id)


