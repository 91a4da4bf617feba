"""What every route of the console does alike: its fields, one transaction, then the news.  Called by the routes of the console.

Decides nothing: who may is the guard's and the use case's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anyio import to_thread
from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy import Connection

from meetings import papers
from meetings.access import Action
from meetings.captions import LIMIT
from meetings.errors import Invalid, MeetingError, NotFound
from meetings.store import seat_store
from web import views
from web.container import Container, container
from web.errors import wants_json
from web.guard import allow
from web.routes.by_link import fields
from web.voting_words import PRESETS_SAID

CONDUCTOR = Depends(allow(Action.MEETING_CONDUCT, views.meeting))
Work = Callable[[Connection], Any]


async def conducted(request: Request, meeting_id: str, work: Work, name: str = "done") -> Response:
    """One transaction, then the news.  JSON `{name: result}` for scripts, back to the meeting for plain forms."""
    found = container(request)
    result = await to_thread.run_sync(_written, found, work)
    found.hub.changed(meeting_id)
    found.recordings.wake()  # a recording pauses with its meeting
    return answer(request, meeting_id, {name: True if result is None else result})


async def carried(
    request: Request, meeting_id: str, work: Work, again: Callable[[MeetingError], Response], then: Callable[[Any], Response],
) -> Response:
    """As `conducted`, for a form: `then(result)` answers; what was refused comes back on the form's own page, `again(error)`, in a
    thread.  Scripts get the refusal itself."""
    found = container(request)
    try:
        result = await to_thread.run_sync(_written, found, work)
    except MeetingError as error:
        if wants_json(request):
            raise
        return await to_thread.run_sync(again, error)
    found.hub.changed(meeting_id)
    return then(result)


def _written(found: Container, work: Work) -> Any:
    with found.db.write() as conn:
        return work(conn)


def answer(request: Request, meeting_id: str, data: dict[str, Any]) -> Response:
    return JSONResponse(data) if wants_json(request) else RedirectResponse(f"/meetings/{meeting_id}", 303)


async def said_in(request: Request) -> dict[str, Any]:
    """The fields of this request: the guard has read a form already, JSON is still to be read."""
    form = request.state.form
    return {name: value for name, value in form.items() if isinstance(value, str)} if form else await fields(request)


def console_data(conn: Connection, meeting_id: str) -> dict[str, Any]:
    """What a page with the console wants at once and no news repeat: the rules of votes, how long a line of captions is, how many papers wait."""
    return {"presets": PRESETS_SAID, "line_limit": LIMIT, "offered": len(papers.documents(conn, meeting_id, "offered"))}


def number_of(value: Any, field: str) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise Invalid("bad_request", field=field) from None
    if not 0 <= number < 2**31:
        raise Invalid("bad_request", field=field)
    return number


def point_of(conn: Connection, meeting_id: str, code: str) -> int:
    for seat in seat_store.seats(conn, meeting_id):
        if seat.code == code:
            return seat.point_id
    raise NotFound("seat.unknown", point=code)
