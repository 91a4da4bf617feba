"""The room of one point and what the point does there: tickets for its media, raising a hand, voting, reading papers.

Chair and secretary reach their console in the same page: when the browser also carries their session, the page gets the
console and its form token; what the console does are the routes of `conduct.py`.
"""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from sqlalchemy import Connection

from meetings import papers, service
from meetings.access import Action, SeatRef, Subject, decide
from meetings.admission import TicketRole
from meetings.errors import Invalid
from meetings.store import vote_store
from web import csrf, legible, quality, roomview, session
from web.container import Container, container
from web.crew import Away
from web.errors import wants_json
from web.guard import allow
from web.i18n import _, language
from web.pages import page, static
from web.roomwords import room_words
from web.routes.join import by_link, seat_of, seated_meeting
from web.turn import ice_servers, user_of

router = APIRouter(prefix="/j", tags=["room"], default_response_class=HTMLResponse)

SLOTS = {"audio": 4, "video": 5}
MODES = ("main", "takeover", "companion")
SHOWN_INLINE = ("application/pdf", "image/png", "image/jpeg", "text/plain")


def link(action: Action) -> Any:
    """Reached by a point's link; see join.py for why posts need no form token."""
    return Depends(allow(action, seated_meeting, who=by_link, bearer=True))


async def fields(request: Request) -> dict[str, Any]:
    """A JSON object or a form, as the page's script or a plain form sends it."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            data = await request.json()
        except (ValueError, RecursionError):
            raise Invalid("bad_request") from None
        if not isinstance(data, dict):
            raise Invalid("bad_request")
        legible.check(data.values())
        return data
    form = await legible.form(request, 0, 20)
    return {name: value for name, value in form.items() if isinstance(value, str)}


@router.get("/{secret}/room")
def room(request: Request, secret: str, mode: str = "main", subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """The page itself.  `mode`: main, takeover (said once, on joining) or companion (papers and votes only)."""
    found, seat = container(request), seat_of(subject)
    state, news = found.hub.view(seat.meeting_id)
    conducting = _conducts(found, request, state)
    with found.db.read() as conn:
        ballots = _own_ballots(conn, state, seat)
    data = {
        "base": f"/j/{secret}", "room": seat.meeting_id, "code": seat.code, "lang": language(),
        "zone": found.settings.zone, "sprite": static("icons/sprite.svg"), "points": roomview.names(state),
        "state": news, "words": room_words(), "mode": mode if mode in MODES else "main", "entitled": True,
        "conduct": f"/meetings/{seat.meeting_id}/conduct" if conducting else None,
        "csrf": csrf.token(request) if conducting else None, "slots": SLOTS, "ballots": ballots,
    }
    done = {"hand": _("Đã ghi nhận."), "vote": _("Đã ghi nhận phiếu của điểm cầu.")}
    return page(
        request, "room/room.html", title=state.meeting.title, point_name=subject.name, data=data,
        hand_up=any(one.code == seat.code for one in state.hands), message=done.get(request.query_params.get("done", "")),
        after=f"/meetings/{seat.meeting_id}" if conducting else f"/j/{secret}",
    )


@router.get("/{secret}/quality")
async def line_quality(request: Request, secret: str, subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """How it goes with this point's own media sessions, in words of the reader's language.  Empty while the relay is away."""
    found, seat = container(request), seat_of(subject)
    try:
        stats = await found.hub.stats(seat.meeting_id)
    except Away:
        return JSONResponse({"sessions": []})
    return JSONResponse({"sessions": quality.of_point(stats, seat.meeting_id, seat.code)})


def _ice(found: Container, seat: SeatRef) -> list[dict[str, Any]]:
    settings, now = found.settings, found.clock.now()
    return ice_servers(settings.turn_urls, settings.turn_secret.get_secret_value(), user_of(seat.code, now), now)


def _conducts(found: Container, request: Request, state: service.RoomState) -> bool:
    person = session.of_request(found, request)
    return decide(person, Action.MEETING_CONDUCT, state.meeting.resource()).allowed


def _own_ballots(conn: Connection, state: service.RoomState, seat: SeatRef) -> dict[str, dict[str, str]]:
    """The point's own ballot in the vote that is open: a page that is loaded again still shows its receipt."""
    if state.motion is None:
        return {}
    motion = state.motion.motion_id
    return {
        motion: {"choice": ballot.choice, "receipt": ballot.receipt}
        for ballot in vote_store.ballots(conn, motion) if ballot.point_id == seat.point_id
    }


@router.post("/{secret}/tickets")
async def tickets(request: Request, secret: str, subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """{roles?, device?, mode?} → {publish, subscribe, ice}: one ticket for each role asked for (both by default), and
    where to pass when UDP is blocked: `iceServers` with credentials that are as short-lived as tickets.

    Answers 409 `point.busy` while another device of the point has live media, unless mode is "takeover": then the other
    device's sessions and unused tickets end.
    """
    found, seat, body = container(request), seat_of(subject), await fields(request)
    roles = body.get("roles") or [role.value for role in TicketRole]
    if not isinstance(roles, list) or not all(role in [known.value for known in TicketRole] for role in roles):
        raise Invalid("bad_request", field="roles")
    now, room, seats, device = found.clock.now(), seat.meeting_id, found.hub.seats, str(body.get("device", ""))[:80]
    for role in roles:
        seats.count(room, seat.code, role, now)

    def mint(taken: bool) -> tuple[list[str], dict[str, str]]:
        with found.db.write() as conn:
            gone = service.seat_taken(conn, seat.link_id, now) if taken else []
            return gone, {
                role: service.mint(conn, room, role, seat.code, seat.point_id, seat.link_id, at=now) for role in roles
            }

    async with seats.turn(room, seat.code):
        live, over = seat.code in found.hub.live(room), body.get("mode") == "takeover"
        taken = seats.asks(room, seat.code, device, live=live, over=over)
        gone, minted = await to_thread.run_sync(mint, taken)
        seats.take(room, seat.code, device)
    await found.hub.replace(gone)
    return JSONResponse({**minted, "ice": _ice(found, seat)})


@router.post("/{secret}/hand")
async def hand(request: Request, secret: str, subject: Subject = link(Action.HAND_RAISE)) -> Response:
    """{up}: put the point into the queue of speakers, or take it out."""
    found, seat, body = container(request), seat_of(subject), await fields(request)
    up = bool(body.get("up"))
    _unhurried(found, seat)

    def work() -> None:
        with found.db.write() as conn:
            service.hand(conn, seat.meeting_id, seat.point_id, up, subject, found.clock.now())

    await to_thread.run_sync(work)
    found.hub.changed(seat.meeting_id)
    return _done(request, secret, "hand", {"up": up})


@router.post("/{secret}/vote")
async def vote(request: Request, secret: str, subject: Subject = link(Action.MOTION_VOTE)) -> Response:
    """{motion, choice} → {receipt}: the point's one ballot."""
    found, seat, body = container(request), seat_of(subject), await fields(request)
    motion, choice = str(body.get("motion", "")), str(body.get("choice", ""))
    _unhurried(found, seat)

    def work() -> str:
        with found.db.write() as conn:
            return service.cast(conn, motion, seat.point_id, choice, subject, found.clock.now())

    receipt = await to_thread.run_sync(work)
    found.hub.changed(seat.meeting_id)
    return _done(request, secret, "vote", {"receipt": receipt})


def _unhurried(found: Container, seat: SeatRef) -> None:
    """Raises TooMany: whoever holds a printed link could otherwise fill the record."""
    found.room_pace.take(f"{seat.meeting_id} {seat.point_id}", found.clock.now())


def _done(request: Request, secret: str, what: str, data: dict[str, Any]) -> Response:
    if wants_json(request):
        return JSONResponse(data)
    return RedirectResponse(f"/j/{secret}/room?done={what}", 303)


@router.get("/{secret}/documents/{document_id}")
def document(
    request: Request, secret: str, document_id: str, subject: Subject = link(Action.DOCUMENT_READ)
) -> Response:
    """A document of the meeting; what browsers can show opens beside the room."""
    found, seat = container(request), seat_of(subject)
    with found.db.read() as conn:
        one = papers.document(conn, seat.meeting_id, document_id)
    inline = one.media_type in SHOWN_INLINE
    return FileResponse(
        found.blobs.path(one.sha256), media_type=one.media_type, filename=one.name,
        content_disposition_type="inline" if inline else "attachment",
    )
