"""The page behind a point's join link or QR card, and how a link becomes a subject for every route under /j/.

A link's secret is the whole key: whoever holds it sits in that point's seat, so these routes ask for no account and, on
posts, for no form token (there is no cookie that another site could abuse).
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Resource, SeatRef, Subject
from meetings.meeting import State
from meetings.people import roll_open
from meetings.store import recording_store, seat_store
from web import doorwords
from web.container import Container, container
from web.guard import allow
from web.i18n import _, language
from web.pages import page, static
from web.roomwords import join_words

router = APIRouter(prefix="/j", tags=["join"], default_response_class=HTMLResponse)


def by_link(found: Container, request: Request) -> Subject:
    """Who comes with the link in the path.  Raises NotFound("link.unknown" | "link.revoked"), Closed."""
    with found.db.read() as conn:
        seat = service.link_open(conn, found.keys.links, request.path_params["secret"])
        name = seat_store.one(conn, seat.meeting_id, seat.point_id).name
    request.state.seat = seat
    return Subject(name=name, seat=seat)


def seated_meeting(request: Request, conn: Connection) -> Resource:
    """The meeting of the link in the path."""
    return service.resource_of(conn, service.get(conn, request.state.seat.meeting_id))


def seat_of(subject: Subject) -> SeatRef:
    assert subject.seat is not None, "routes under /j/ are reached by link only"
    return subject.seat


@router.get("/{secret}")
def join(
    request: Request, secret: str, subject: Subject = Depends(allow(Action.MEETING_JOIN, seated_meeting, who=by_link))
) -> Response:
    """Look at yourself, hear yourself, go in."""
    found, seat = container(request), seat_of(subject)
    with found.db.read() as conn:
        meeting = service.get(conn, seat.meeting_id)
        line = doorwords.last_verdict(conn, seat.point_id, found.clock.now())
        recording = next(iter(recording_store.running(conn, seat.meeting_id)), None)
    lobby = None
    if meeting.state is State.CONVENED:
        lobby = _(
            "Cuộc họp chưa khai mạc, dự kiến {start}. Bạn vào trước được để thử hình và tiếng.",
            start=found.when.moment(meeting.start),
        )
    data = {
        "base": f"/j/{secret}", "words": {**join_words(), **doorwords.words()}, "points": {}, "sprite": static("icons/sprite.svg"), "lang": language(),
        "line": {**line, "at": found.when.moment(line["at"])} if line else None,
    }
    return page(
        request, "join/join.html", title=meeting.title, when_text=found.when.span(meeting.start, meeting.end),
        point_name=subject.name, lobby=lobby, recording=recording, live=roll_open(meeting, found.clock.now()),
        busy=found.hub.held(seat.meeting_id, seat.code), data=data,
    )
