"""The page that all see: turned by whoever conducts or has the floor, told at once, acknowledged by every point that drew it.

A turn is one event of the record and one direct news `page`, sent at commit; pages of the room fetch the picture themselves.
`reading` tells the presenter how many points have drawn it.  Rules: `meetings/presenting.py`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from meetings import presenting
from meetings.access import Action, Subject
from meetings.presenting import Shown
from web import views
from web.container import Container, container
from web.feed import CONDUCTORS, Point
from web.guard import allow
from web.parts.papers import as_shown
from web.routes.by_link import done, fields, link, unhurried
from web.routes.join import seat_of
from web.routes.reading import meeting_of, whole, whose

router = APIRouter(tags=["papers"])

SOON = 0.2  # seconds in which acknowledgements are gathered: 239 come within one
CONDUCTOR = Depends(allow(Action.DOCUMENT_PRESENT, views.meeting))


@router.post("/meetings/{meeting_id}/conduct/show")
async def show_by_conductor(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{document, page}"""
    return JSONResponse(await _show(request, by, None))


@router.post("/meetings/{meeting_id}/conduct/hide")
async def hide_by_conductor(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    await _hide(request, by)
    return JSONResponse({"done": True})


@router.post("/j/{secret}/show")
async def show(request: Request, secret: str, by: Subject = link(Action.DOCUMENT_PRESENT)) -> Response:
    """{document, page}, by the point that has the floor."""
    unhurried(container(request), seat_of(by))
    return JSONResponse(await _show(request, by, seat_of(by).code))


@router.post("/j/{secret}/hide")
async def hide(request: Request, secret: str, by: Subject = link(Action.DOCUMENT_PRESENT)) -> Response:
    unhurried(container(request), seat_of(by))
    await _hide(request, by)
    return done(request, secret, "hidden", {"done": True})


@router.post("/j/{secret}/papers/{document_id}/drawn")
async def drawn(request: Request, secret: str, document_id: str, subject: Subject = link(Action.DOCUMENT_READ)) -> Response:
    """{page}: this point's page has drawn it."""
    found, seat, body = container(request), seat_of(subject), await fields(request)
    found.paper_pace.take(f"drawn {seat.meeting_id} {seat.point_id}", found.clock.now())
    if found.drawn.drawn(seat.meeting_id, seat.code, document_id, whole(body.get("page"))):
        _tell_soon(found, seat.meeting_id)
    return Response(status_code=204)


async def _show(request: Request, by: Subject, code: str | None) -> dict[str, Any]:
    found, meeting_id, body = container(request), meeting_of(request, by), await fields(request)
    document, page = str(body.get("document", "")), whole(body.get("page"))

    def run() -> Shown:
        with found.db.write() as conn:
            return presenting.show(conn, meeting_id, document, page, whose(request, by), found.clock.now())

    shown = await to_thread.run_sync(run)
    told = as_shown(shown, code if shown.point_id is not None else None)
    found.hub.tell(meeting_id, "page", told)
    found.drawn.turned(meeting_id, document, page, told["by"])
    found.hub.changed(meeting_id)
    _tell_soon(found, meeting_id)
    await found.press.warm()
    return told


async def _hide(request: Request, by: Subject) -> None:
    found, meeting_id = container(request), meeting_of(request, by)

    def run() -> None:
        with found.db.write() as conn:
            presenting.hide(conn, meeting_id, whose(request, by), found.clock.now())

    await to_thread.run_sync(run)
    found.drawn.hidden(meeting_id)
    found.hub.tell(meeting_id, "page", None)
    found.hub.changed(meeting_id)


def _tell_soon(found: Container, meeting_id: str) -> None:
    """To conductors and to the point that turns the pages; once for all who acknowledge within a moment."""
    if meeting_id in found.drawn.due:
        return
    found.drawn.due.add(meeting_id)
    asyncio.get_running_loop().call_later(SOON, _tell, found, meeting_id)


def _tell(found: Container, meeting_id: str) -> None:
    found.drawn.due.discard(meeting_id)
    said = found.drawn.told(meeting_id, found.hub.feed.codes(meeting_id))
    if said is None:
        return
    found.hub.tell(meeting_id, "reading", said, CONDUCTORS)
    if (code := found.drawn.presenter(meeting_id)) is not None:
        found.hub.tell(meeting_id, "reading", said, Point(code))
