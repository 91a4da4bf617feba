"""The console without a seat: chair or secretary conducts from a desk of their own, wherever the chair's point is.

The same page and scripts as the room of a point, but nothing is sent and no seat is taken: when the chair's point drops, the
secretary goes on.  It sees and hears as a watcher (`watch.py`), who is no point; what it does are the routes of `conduct*.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

from meetings.access import Action, Subject
from web import csrf, session, views
from web.conducting import CONDUCTOR, console_data
from web.container import Container, container
from web.feed import Listener
from web.guard import allow
from web.i18n import language
from web.pages import page, static
from web.parts.look import iso
from web.roomwords import room_words
from web.routes import watch
from web.routes.events import of_desk
from web.routes.room import SLOTS

READER = Depends(allow(Action.DOCUMENT_READ, views.meeting))

router = APIRouter(tags=["conduct"], default_response_class=HTMLResponse)


@router.get("/meetings/{meeting_id}/console")
def console(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """Everything of the console; of the room what is read."""
    found = container(request)
    view = found.hub.view(meeting_id)
    sections = dict(view.sections)
    with found.db.read() as conn:
        console_ = console_data(conn, meeting_id)
    data = {
        "base": f"/meetings/{meeting_id}", "room": meeting_id, "code": None, "lang": language(), "zone": found.settings.zone,
        "sprite": static("icons/sprite.svg"), "points": sections.pop("points"), "state": {"at": iso(view.at), **sections},
        "words": room_words(), "mode": "console", "entitled": False, "conduct": f"/meetings/{meeting_id}/conduct",
        "csrf": csrf.token(request), "slots": SLOTS, "ballots": {},
        "watcher": secrets.token_hex(8), **console_,
    }
    return page(request, "room/room.html", title=view.state.meeting.title, point_name=by.name, data=data, after=f"/meetings/{meeting_id}")


@router.get("/meetings/{meeting_id}/console/events")
async def events(request: Request, meeting_id: str, watcher: str, by: Subject = CONDUCTOR) -> StreamingResponse:
    """state, change, slots, media, beat, as `/meetings/{id}/events`; the watcher's session lasts as long as these news."""
    found = container(request)
    listener = found.hub.feed.listen(meeting_id, watch.name_of(watcher))
    answer = of_desk(found, listener, session.token_of(found, request))
    answer.body_iterator = _to_the_end(found, listener, answer.body_iterator)  # type: ignore[arg-type]  # ours are bytes
    return answer


async def _to_the_end(found: Container, listener: Listener, news: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for data in news:
            yield data
    finally:
        watch.end_if_alone(found, listener.room, listener.code or "")


@router.get("/meetings/{meeting_id}/state")
async def state(request: Request, meeting_id: str, by: Subject = READER) -> Response:
    """Every section as open pages know it, with its version; for a page of a signed-in reader that missed a change."""
    return JSONResponse(await container(request).hub.newsroom.whole(meeting_id))
