"""What a technician's programs read: the relay's counters, as JSON.  Decides nothing, changes nothing."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Subject, decide
from meetings.admission import BENCH_PREFIX
from meetings.errors import NotFound
from web import quality
from web.container import container
from web.guard import allow
from web.crew import Away

router = APIRouter(prefix="/admin", tags=["operations"])


@router.get("/media", dependencies=[Depends(allow(Action.OPS))])
async def media(request: Request, room: str | None = None) -> JSONResponse:
    """CPU seconds, memory and counters of the relay, and those of its rooms whose meetings this person may read: of each
    session its numbers, and in words how it goes.

    Only one room when `room` names it.  503 while the relay is away.
    """
    found, subject = container(request), request.state.subject
    try:
        stats = await found.hub.stats(room)
    except Away:
        return JSONResponse({"error": "media.away"}, 503, {"retry-after": "2"})

    def readable() -> set[str]:
        with found.db.read() as conn:
            return {name for name in stats["rooms"] if _may_read(conn, subject, name)}

    known = await to_thread.run_sync(readable)
    stats["rooms"] = {
        name: {**one, "sessions": [{**session, **quality.judged(session)} for session in one["sessions"]]}
        for name, one in stats["rooms"].items() if name in known
    }
    return JSONResponse(stats)


def _may_read(conn: Connection, subject: Subject, room: str) -> bool:
    """Whether this technician may know of the room: benches are nobody's, meetings their readers'."""
    if room.startswith(BENCH_PREFIX):
        return True
    try:
        meeting = service.get(conn, room)
    except NotFound:
        return False
    return decide(subject, Action.MEETING_READ, service.resource_of(conn, meeting)).allowed
