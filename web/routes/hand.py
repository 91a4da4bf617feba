"""A point asks to speak, or no longer does; before the meeting opens too."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from meetings import service, speaking, speech
from meetings.access import Action, Subject
from meetings.speech import Kind
from web.container import container
from web.legible import number
from web.routes.by_link import done, fields, link, unhurried
from web.routes.join import seat_of

router = APIRouter(prefix="/j", tags=["room"])


@router.post("/{secret}/hand")
async def hand(request: Request, secret: str, subject: Subject = link(Action.HAND_RAISE)) -> Response:
    """{up, kind?, item?, note?}: put the point into the queue of speakers; {up: false, entry?}: take it, or this entry, out.

    → {up, entry?}.  kind: contribution (none said), order, question.
    """
    found, seat, body = container(request), seat_of(subject), await fields(request)
    up = bool(body.get("up"))
    unhurried(found, seat)

    def work() -> Any:
        with found.db.write() as conn:
            return raised(conn, seat.meeting_id, seat.point_id, body, subject, found.clock.now())

    entry = await to_thread.run_sync(work)
    found.hub.changed(seat.meeting_id)
    return done(request, secret, "hand", {"up": up, **({"entry": entry} if entry is not None else {})})


@router.get("/{secret}/hand/{entry}")
def answered(request: Request, secret: str, entry: str, subject: Subject = link(Action.MEETING_JOIN)) -> JSONResponse:
    """{standing, kind, reason}: what became of an entry of this point; the news `declined` asks the page to read it."""
    with container(request).db.read() as conn:
        return JSONResponse(speaking.answered(conn, seat_of(subject).meeting_id, number(entry) or 0, subject))


def raised(conn: Connection, meeting_id: str, point_id: int, body: dict[str, Any], by: Subject, at: Any) -> int | None:
    """What a form or a script asks for in the name of a point or of a person behind it; the entry, where one was asked for.

    Called here and for personal links.
    """
    if not body.get("up"):
        entry = number(str(body.get("entry") or ""))
        if entry is None:
            service.hand(conn, meeting_id, point_id, False, by, at)
        else:
            speaking.withdraw(conn, meeting_id, entry, by, at)
        return None
    kind = speech.kind_of(body.get("kind") or Kind.CONTRIBUTION)
    return speaking.ask(conn, meeting_id, point_id, kind, by, at, number(str(body.get("item") or "")), str(body.get("note") or ""))
