"""A point casts its ballot."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from meetings import service
from meetings.access import Action, Subject
from web.container import container
from web.routes.by_link import done, fields, link, unhurried
from web.routes.join import seat_of

router = APIRouter(prefix="/j", tags=["room"])


@router.post("/{secret}/vote")
async def vote(request: Request, secret: str, subject: Subject = link(Action.MOTION_VOTE)) -> Response:
    """{motion, choice} → {receipt}: the point's one ballot."""
    found, seat, body = container(request), seat_of(subject), await fields(request)
    motion, choice = str(body.get("motion", "")), str(body.get("choice", ""))
    unhurried(found, seat)

    def work() -> str:
        with found.db.write() as conn:
            return service.cast(conn, motion, seat.point_id, choice, subject, found.clock.now())

    receipt = await to_thread.run_sync(work)
    found.hub.changed(seat.meeting_id)
    return done(request, secret, "vote", {"receipt": receipt})
