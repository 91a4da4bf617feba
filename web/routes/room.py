"""The room of one point: its page, the state for a page that missed a change, how its line goes.

Chair and secretary reach their console in the same page: when the browser also carries their session, the page gets the
console and its form token; what the console does are the routes of `conduct.py`.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from meetings import service
from meetings.access import Action, Subject, decide
from web import csrf, own_votes, quality, session
from web.conducting import console_data
from web.container import Container, container
from web.crew import Away
from web.i18n import _, language
from web.pages import page, static
from web.parts.look import iso
from web.roomwords import room_words
from web.routes.by_link import link
from web.routes.join import seat_of

router = APIRouter(prefix="/j", tags=["room"], default_response_class=HTMLResponse)

SLOTS = {"audio": 4, "video": 5, "more": 4}
"""Places that a page offers; `more` are for pages of the gallery, and nothing is sent to them while it is closed."""
MODES = ("main", "takeover", "companion")


@router.get("/{secret}/room")
def room(request: Request, secret: str, mode: str = "main", subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """The page itself.  `mode`: main, takeover (said once, on joining) or companion (papers and votes only)."""
    found, seat = container(request), seat_of(subject)
    view = found.hub.view(seat.meeting_id)
    state, sections = view.state, dict(view.sections)
    conducting = _conducts(found, request, state)
    with found.db.read() as conn:
        ballots = own_votes.of(conn, seat.meeting_id, seat.point_id)
        console = console_data(conn, seat.meeting_id) if conducting else {}
    data = {
        "base": f"/j/{secret}", "room": seat.meeting_id, "code": seat.code, "lang": language(),
        "zone": found.settings.zone, "sprite": static("icons/sprite.svg"), "points": sections.pop("points"),
        "state": {"at": iso(view.at), **sections}, "words": room_words(), "mode": mode if mode in MODES else "main", "entitled": True,
        "conduct": f"/meetings/{seat.meeting_id}/conduct" if conducting else None,
        "csrf": csrf.token(request) if conducting else None, "slots": SLOTS, "ballots": ballots, **console,
    }
    done = {"hand": _("Đã ghi nhận."), "vote": _("Đã ghi nhận phiếu của điểm cầu."), "paper": _("Đã gửi tài liệu cho thư ký.")}
    return page(
        request, "room/room.html", title=state.meeting.title, point_name=subject.name, data=data,
        hand_up=any(one["code"] == seat.code and not one.keys() & {"kind", "person"} for one in sections["queue"].values()), message=done.get(request.query_params.get("done", "")),
        after=f"/meetings/{seat.meeting_id}" if conducting else f"/j/{secret}",
    )


@router.get("/{secret}/state")
async def state(request: Request, secret: str, subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """Every section of the room as open pages know it, with its version; for a page that missed a change."""
    return JSONResponse(await container(request).hub.newsroom.whole(seat_of(subject).meeting_id))


@router.get("/{secret}/quality")
async def line_quality(request: Request, secret: str, subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """How it goes with this point's own media sessions, in words of the reader's language.  Empty while the relay is away."""
    found, seat = container(request), seat_of(subject)
    try:
        stats = await found.hub.stats(seat.meeting_id)
    except Away:
        return JSONResponse({"sessions": []})
    return JSONResponse({"sessions": quality.of_point(stats, seat.meeting_id, seat.code)})


def _conducts(found: Container, request: Request, state: service.RoomState) -> bool:
    person = session.of_request(found, request)
    return decide(person, Action.MEETING_CONDUCT, state.meeting.resource()).allowed
