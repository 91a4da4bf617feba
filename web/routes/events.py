"""The meeting's news as server-sent events: for a point's page (with its slots) and for signed-in readers.

The whole state comes first, so a page that was away needs no replay.  Sends nothing that `roomview` does not say.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from meetings.access import Action, Subject
from web import views
from web.container import container
from web.feed import Listener
from web.guard import allow
from web.hub import Hub
from web.routes.join import by_link, seat_of, seated_meeting

router = APIRouter(tags=["events"])

HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}  # the second: proxies must not collect


@router.get("/j/{secret}/events")
async def of_point(
    request: Request, secret: str, subject: Subject = Depends(allow(Action.MEETING_JOIN, seated_meeting, who=by_link))
) -> StreamingResponse:
    """state, slots, replaced, media, beat."""
    seat = seat_of(subject)
    return _stream(container(request).hub, seat.meeting_id, seat.code)


@router.get("/meetings/{meeting_id}/events")
async def of_meeting(
    request: Request, meeting_id: str, subject: Subject = Depends(allow(Action.DOCUMENT_READ, views.meeting))
) -> StreamingResponse:
    """state, media, beat.  The state names documents and conclusions, so it takes the right to read them."""
    return _stream(container(request).hub, meeting_id, None)


def _stream(hub: Hub, room: str, code: str | None) -> StreamingResponse:
    return StreamingResponse(_news(hub, hub.feed.listen(room, code)), media_type="text/event-stream", headers=HEADERS)


async def _news(hub: Hub, listener: Listener) -> AsyncIterator[bytes]:
    """Listens before it reads the state: what changes in between is told twice rather than never."""
    try:
        yield b"retry: 2000\n\n" + b"".join(await hub.news(listener.room, listener.code))
        async for data in listener.stream():
            yield data
    finally:
        hub.feed.leave(listener)
