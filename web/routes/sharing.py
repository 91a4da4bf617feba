"""A point's screen beside its camera: announced, given a ticket of its own, ended; let and taken away by whoever conducts.

The screen is a second source of the point (`22#screen`): its session makes nobody present and takes no device's place, so that a
companion, a laptop beside the point's television say, may share.  Rules live in `meetings.sharing`; the relay holds them.
"""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from meetings import service, sharing
from meetings.access import Action, Subject
from meetings.admission import SCREEN, TicketRole
from web.conducting import CONDUCTOR, conducted, point_of, said_in
from web.container import container
from web.routes.by_link import done, link, unhurried
from web.routes.join import seat_of
from web.turn import ice_servers, user_of

router = APIRouter(tags=["conduct"])

CONDUCT = "/meetings/{meeting_id}/conduct"


@router.post("/j/{secret}/share")
async def share(request: Request, secret: str, by: Subject = link(Action.DOCUMENT_PRESENT)) -> Response:
    """→ {shared}: the point's screen is what the room sees from now on.  403 `share.…` for one that may share none, 409
    `share.taken` while another point shares."""
    found, seat = container(request), seat_of(by)
    unhurried(found, seat)

    def work() -> bool:
        with found.db.write() as conn:
            return sharing.begin(conn, seat.meeting_id, by, found.clock.now())

    anew = await to_thread.run_sync(work)
    found.hub.screens.announced(seat.meeting_id, seat.code + SCREEN, seat.point_id, found.clock.now(), anew=anew)
    found.hub.changed(seat.meeting_id)
    return done(request, secret, "share", {"shared": True})


@router.post("/j/{secret}/share/tickets")
async def tickets(request: Request, secret: str, by: Subject = link(Action.DOCUMENT_PRESENT)) -> Response:
    """→ {publish, ice}: one ticket to send the shared screen, void with the point's link.  409 `share.none` when it is not shared."""
    found, seat = container(request), seat_of(by)
    now, settings, name = found.clock.now(), found.settings, seat.code + SCREEN
    found.hub.seats.count(seat.meeting_id, name, TicketRole.PUBLISH.value, now)

    def mint() -> str:
        with found.db.write() as conn:
            sharing.may_send(conn, seat.meeting_id, by)
            return service.mint(conn, seat.meeting_id, TicketRole.PUBLISH.value, name, link_id=seat.link_id, at=now)

    ticket = await to_thread.run_sync(mint)
    ice = ice_servers(settings.turn_urls, settings.turn_secret.get_secret_value(), user_of(seat.code, now), now)
    return JSONResponse({"publish": ticket, "ice": ice})


@router.post("/j/{secret}/share/end")
async def end(request: Request, secret: str, by: Subject = link(Action.DOCUMENT_PRESENT)) -> Response:
    """The point's screen is shared no more."""
    found, seat = container(request), seat_of(by)

    def work() -> bool:
        with found.db.write() as conn:
            return sharing.finish(conn, seat.meeting_id, by, found.clock.now())

    changed = await to_thread.run_sync(work)
    found.hub.changed(seat.meeting_id)
    return done(request, secret, "share", {"changed": changed})


@router.post(f"{CONDUCT}/share")
async def let(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{code}: this one point may share its screen without the floor; nothing: none may."""
    said, now = await said_in(request), container(request).clock.now()
    code: Any = said.get("code")

    def work(conn: Connection) -> bool:
        return sharing.let(conn, meeting_id, point_of(conn, meeting_id, str(code)) if code else None, by, now)

    return await conducted(request, meeting_id, work, "changed")


@router.post(f"{CONDUCT}/share/end")
async def take(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """Whatever screen is shared is taken away."""
    now = container(request).clock.now()
    return await conducted(request, meeting_id, lambda conn: sharing.take(conn, meeting_id, by, now), "changed")
