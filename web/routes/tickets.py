"""Tickets for a point's media: who may send and receive, on which device, and where to pass when UDP is blocked."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from meetings import service
from meetings.access import Action, SeatRef, Subject
from meetings.admission import TicketRole
from meetings.errors import Invalid
from web.container import Container, container
from web.limits import SIGN_OF_LIFE
from web.routes.by_link import fields, link, unhurried
from web.routes.join import seat_of
from web.turn import ice_servers, user_of

router = APIRouter(prefix="/j", tags=["room"])


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
                role: service.mint(conn, room, role, seat.code, seat.point_id, seat.link_id, at=now, device=device or None) for role in roles
            }

    async with seats.turn(room, seat.code):
        live, over = seat.code in found.hub.live(room), body.get("mode") == "takeover"
        taken = seats.asks(room, seat.code, device, now, live=live, over=over)
        gone, minted = await to_thread.run_sync(mint, taken)
        seats.take(room, seat.code, device)
    await found.hub.replace(gone)
    return JSONResponse({**minted, "ice": _ice(found, seat)})


@router.post("/{secret}/here", status_code=204)
async def here(request: Request, secret: str, subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """{device}: a page that holds the seat lives, without media; the point is present for 30 s more.  409 `point.busy` while another
    device has the place.  Media of the point make this needless, and supersede it."""
    found, seat, body = container(request), seat_of(subject), await fields(request)
    hub, now, device = found.hub, found.clock.now(), str(body.get("device", ""))[:80]
    unhurried(found, seat)
    async with hub.seats.turn(seat.meeting_id, seat.code):
        live = seat.code in hub.live(seat.meeting_id)
        hub.seats.asks(seat.meeting_id, seat.code, device, now, live=live, over=False)
        if not live:
            hub.seats.take(seat.meeting_id, seat.code, device)
    await hub.signal(seat.meeting_id, seat.code, seat.point_id, SIGN_OF_LIFE, seated=True)
    return Response(status_code=204)


def _ice(found: Container, seat: SeatRef) -> list[dict[str, Any]]:
    settings, now = found.settings, found.clock.now()
    return ice_servers(settings.turn_urls, settings.turn_secret.get_secret_value(), user_of(seat.code, now), now)
