"""The console without a seat: chair or secretary conducts from a desk of their own, wherever the chair's point is.

The same page and scripts as the room of a point, but nothing is sent and no seat is taken: when the chair's point drops, the
secretary goes on.  What it does are the routes of `conduct*.py`; its news are those of `/meetings/{id}/events`.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from meetings.access import Subject
from web import csrf
from web.conducting import CONDUCTOR
from web.container import container
from web.i18n import language
from web.pages import page, static
from web.parts.look import iso
from web.roomwords import room_words

router = APIRouter(tags=["conduct"], default_response_class=HTMLResponse)


@router.get("/meetings/{meeting_id}/console")
def console(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """Everything of the console; of the room what is read."""
    found = container(request)
    view = found.hub.view(meeting_id)
    sections = dict(view.sections)
    data = {
        "base": f"/meetings/{meeting_id}", "room": meeting_id, "code": None, "lang": language(), "zone": found.settings.zone,
        "sprite": static("icons/sprite.svg"), "points": sections.pop("points"), "state": {"at": iso(view.at), **sections},
        "words": room_words(), "mode": "console", "entitled": False, "conduct": f"/meetings/{meeting_id}/conduct",
        "csrf": csrf.token(request), "slots": {"audio": 0, "video": 0}, "ballots": {},
    }
    return page(request, "room/room.html", title=view.state.meeting.title, point_name=by.name, data=data, after=f"/meetings/{meeting_id}")


@router.get("/meetings/{meeting_id}/state")
async def state(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """Every section as open pages know it, with its version; for a console that missed a change."""
    return JSONResponse(await container(request).hub.newsroom.whole(meeting_id))
