"""A point asks to speak, or no longer does."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from meetings import service
from meetings.access import Action, Subject
from web.container import container
from web.routes.by_link import done, fields, link, unhurried
from web.routes.join import seat_of

router = APIRouter(prefix="/j", tags=["room"])


@router.post("/{secret}/hand")
async def hand(request: Request, secret: str, subject: Subject = link(Action.HAND_RAISE)) -> Response:
    """{up}: put the point into the queue of speakers, or take it out."""
    found, seat, body = container(request), seat_of(subject), await fields(request)
    up = bool(body.get("up"))
    unhurried(found, seat)

    def work() -> None:
        with found.db.write() as conn:
            service.hand(conn, seat.meeting_id, seat.point_id, up, subject, found.clock.now())

    await to_thread.run_sync(work)
    found.hub.changed(seat.meeting_id)
    return done(request, secret, "hand", {"up": up})
