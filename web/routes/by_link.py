"""What the routes under a point's link share: who asks, what was sent, how often, and how it is answered.

Holds no route.  Used by room.py, tickets.py, hand.py, ballot.py, chat.py, conduct_voice.py, papers_by_link.py, linetest.py and conduct.py.
"""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from meetings.access import Action, SeatRef
from meetings.errors import Invalid
from web import legible
from web.container import Container
from web.errors import wants_json
from web.guard import allow
from web.routes.join import by_link, seated_meeting


def link(action: Action) -> Any:
    """Reached by a point's link; see join.py for why posts need no form token."""
    return Depends(allow(action, seated_meeting, who=by_link, bearer=True))


async def fields(request: Request) -> dict[str, Any]:
    """A JSON object or a form, as the page's script or a plain form sends it."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            data = await request.json()
        except (ValueError, RecursionError):
            raise Invalid("bad_request") from None
        if not isinstance(data, dict):
            raise Invalid("bad_request")
        legible.check(data.values())
        return data
    form = await legible.form(request, 0, 20)
    return {name: value for name, value in form.items() if isinstance(value, str)}


def unhurried(found: Container, seat: SeatRef) -> None:
    """Raises TooMany: whoever holds a printed link could otherwise fill the record."""
    found.room_pace.take(f"{seat.meeting_id} {seat.point_id}", found.clock.now())


def done(request: Request, secret: str, what: str, data: dict[str, Any]) -> Response:
    if wants_json(request):
        return JSONResponse(data)
    place = "plain" if request.query_params.get("back") == "plain" else "room"
    return RedirectResponse(f"/j/{secret}/{place}?done={what}", 303)
