"""How the line of a point goes, looked at before it goes in: bytes that do not compress, for the three seconds that the door measures.

The full test is behind its own link (`linetest.py`), with which these share their places: more downloads at once would measure each other.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from meetings.access import Action, Subject
from meetings.errors import Unavailable
from web.container import container
from web.routes.by_link import link
from web.routes.join import seat_of
from web.routes.linetest import AT_ONCE, Download

router = APIRouter(prefix="/j", tags=["join"])


@router.get("/{secret}/bytes", response_class=StreamingResponse)
async def look(request: Request, secret: str, subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """As many bytes as the line takes until the door has seen enough, 4 MiB at most.  503 while too many do the same, or this point."""
    found, seat = container(request), seat_of(subject)
    place = f"door {seat.meeting_id} {seat.point_id}"
    found.test_pace.take(place, found.clock.now())
    if place in found.downloads or len(found.downloads) >= AT_ONCE:
        raise Unavailable("linetest.queue")
    return Download(found.downloads, place)
