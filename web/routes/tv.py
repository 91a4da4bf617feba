"""A point's televisions: pages that show the meeting and need no hand, on one screen or on two.

A television receives beside the device that holds the point's place: it takes that place from nobody, makes the point present to
nobody, and plays the sound only while no other device of the point is in the room.  Its link is the point's own.
"""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from meetings import service
from meetings.access import Action, Subject
from meetings.admission import TicketRole
from web.container import container
from web.i18n import language
from web.pages import page, static
from web.parts.look import iso
from web.roomwords import room_words
from web.routes.by_link import link
from web.routes.join import seat_of
from web.turn import ice_servers, user_of

router = APIRouter(prefix="/j", tags=["room"], default_response_class=HTMLResponse)

SLOTS = {"": {"audio": 4, "video": 2, "more": 3}, "1": {"audio": 4, "video": 2, "more": 0}, "2": {"audio": 0, "video": 0, "more": 9}}
"""By screen: the only one, the first of two (the large picture), the second (all others in pages)."""


@router.get("/{secret}/tv")
def television(request: Request, secret: str, screen: str = "", subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """The page; `screen` 1 or 2 where two televisions stand side by side."""
    found, seat = container(request), seat_of(subject)
    view, chosen = found.hub.view(seat.meeting_id), screen if screen in SLOTS else ""
    sections = dict(view.sections)
    data = {
        "base": f"/j/{secret}", "room": seat.meeting_id, "code": seat.code, "lang": language(), "zone": found.settings.zone,
        "sprite": static("icons/sprite.svg"), "points": sections.pop("points"), "state": {"at": iso(view.at), **sections},
        "words": room_words(), "slots": SLOTS[chosen], "screen": chosen,
    }
    return page(request, "room/tv.html", title=view.state.meeting.title, point_name=subject.name, data=data, screen=chosen)


@router.post("/{secret}/screen/tickets")
async def tickets(request: Request, secret: str, subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """→ {subscribe, ice}: one ticket to receive beside the point's own device; void with the point's link."""
    found, seat = container(request), seat_of(subject)
    now, settings, role = found.clock.now(), found.settings, TicketRole.SUBSCRIBE.value
    beside = f"{seat.code} tv"  # counted apart from the tickets of the point's own device
    found.hub.seats.count(seat.meeting_id, beside, role, now)

    def mint() -> str:
        with found.db.write() as conn:
            return service.mint(conn, seat.meeting_id, role, seat.code, link_id=seat.link_id, at=now, device=beside)

    ticket = await to_thread.run_sync(mint)
    ice = ice_servers(settings.turn_urls, settings.turn_secret.get_secret_value(), user_of(seat.code, now), now)
    return JSONResponse({"subscribe": ticket, "ice": ice})
