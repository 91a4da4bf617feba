"""What those who run the installation look at: the relay's counters as JSON, and the outbox as a page with its one button.

Decides nothing about meetings; the button only asks for another try.
"""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Subject, decide
from meetings.admission import BENCH_PREFIX
from meetings.errors import NotFound
from scheduler import outbox
from web import outbox_page, quality
from web.container import container
from web.crew import Away
from web.guard import allow
from web.legible import number
from web.pages import done, page

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


@router.get("/outbox", dependencies=[Depends(allow(Action.OUTBOX_KEEP))], response_class=HTMLResponse)
def outgoing(request: Request) -> Response:
    """Hộp thư đi: what waits and what failed."""
    found = container(request)
    with found.db.read() as conn:
        view = outbox_page.view(conn, found.clock.now())
    return page(request, "admin/outbox.html", place="admin", tab="outbox", view=view, shown=outbox_page.SHOWN)


@router.post("/outbox/retry", dependencies=[Depends(allow(Action.OUTBOX_KEEP))], response_class=HTMLResponse)
def retry(request: Request) -> Response:
    """`item`, maybe many: tried again now."""
    found, form = container(request), request.state.form
    wanted = [one for text in form.getlist("item") if (one := number(str(text))) is not None]
    with found.db.write() as conn:
        n = sum(outbox.again(conn, item_id, found.clock.now()) for item_id in wanted)
    return done("/admin/outbox", "again", n)


def _may_read(conn: Connection, subject: Subject, room: str) -> bool:
    """Whether this technician may know of the room: benches are nobody's, meetings their readers'."""
    if room.startswith(BENCH_PREFIX):
        return True
    try:
        meeting = service.get(conn, room)
    except NotFound:
        return False
    return decide(subject, Action.MEETING_READ, service.resource_of(conn, meeting)).allowed
