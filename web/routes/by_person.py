"""How a personal link becomes a subject for every route under /p/: somebody behind a point, on a device of the own.

The secret is the whole key, as of a point's link: no account, no cookie, so posts need no form token.  Holds no route.  Used by
person.py, chat.py, handing_in.py and by whatever else a person may do alone.
"""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, PersonRef, Resource, Subject
from scheduler import person_links
from web.container import Container
from web.errors import wants_json
from web.guard import allow


def by_person(found: Container, request: Request) -> Subject:
    """Who comes with the link in the path.  Raises NotFound("link.unknown" | "link.revoked"), Closed.  Leaves `request.state.caller`."""
    return _visitor(found, request, after=False)


def by_person_after(found: Container, request: Request) -> Subject:
    """The same, also when the meeting is over."""
    return _visitor(found, request, after=True)


def _visitor(found: Container, request: Request, after: bool) -> Subject:
    with found.db.read() as conn:
        visit = person_links.open(conn, found.keys.persons, request.path_params["secret"], after=after)
    request.state.caller = visit
    return Subject(name=visit.ref.name, title=visit.person.post, person=visit.ref)


def own_meeting(request: Request, conn: Connection) -> Resource:
    """The meeting of the link in the path."""
    return service.resource_of(conn, request.state.caller.meeting)


def person(action: Action, *, after: bool = False) -> Any:
    """after: the page opens also when the meeting is over."""
    return Depends(allow(action, own_meeting, who=by_person_after if after else by_person, bearer=True))


def person_of(subject: Subject) -> PersonRef:
    assert subject.person is not None, "routes under /p/ are reached by a personal link only"
    return subject.person


def own_page(request: Request, secret: str, what: str, data: dict[str, Any]) -> Response:
    """Back to the page, which says `what`; a script gets the data."""
    return JSONResponse(data) if wants_json(request) else RedirectResponse(f"/p/{secret}?done={what}", 303)


def unhurried(found: Container, ref: PersonRef) -> None:
    """Raises TooMany: whoever holds a link could otherwise fill the record."""
    found.room_pace.take(f"{ref.meeting_id} {ref.person_id}", found.clock.now())
