"""A point casts its ballot, and those of persons at it who have no device of their own; and finds them again with their receipts."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Subject
from meetings.errors import NotFound
from meetings.store import vote_store
from web import own_votes
from web.container import container
from web.errors import wants_json
from web.routes.by_link import done, fields, link, unhurried
from web.routes.join import seat_of

router = APIRouter(prefix="/j", tags=["room"])


@router.post("/{secret}/vote")
async def vote(request: Request, secret: str, subject: Subject = link(Action.MOTION_VOTE)) -> Response:
    """{motion, choice, voter?} → {receipt}: the one ballot of the point, or of a person at it (`voter`)."""
    found, seat, body = container(request), seat_of(subject), await fields(request)
    motion, choice, voter = str(body.get("motion", "")), str(body.get("choice", "")), str(body.get("voter") or seat.point_id)
    via = "room" if wants_json(request) else "plain"
    unhurried(found, seat)

    def work(conn: Connection) -> str:
        if vote_store.meeting_of(conn, motion) != seat.meeting_id:  # one transaction is about one meeting
            raise NotFound("motion.unknown")
        return service.cast(conn, motion, voter, choice, subject, found.clock.now(), via)

    receipt = await found.ballots.keep(seat.meeting_id, work)
    found.hub.changed(seat.meeting_id)
    return done(request, secret, "vote", {"receipt": receipt})


@router.get("/{secret}/ballots")
async def ballots(request: Request, secret: str, subject: Subject = link(Action.MOTION_VOTE)) -> Response:
    """Motion → [{voter, name, title, open, choice, text, receipt}] of this point, in every vote of the meeting."""
    found, seat = container(request), seat_of(subject)

    def read() -> object:
        with found.db.read() as conn:
            return own_votes.of(conn, seat.meeting_id, seat.point_id)

    return JSONResponse(await to_thread.run_sync(read))
