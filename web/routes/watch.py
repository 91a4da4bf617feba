"""The technician's wall while a meeting is on: how every point stands, why, whom to phone, and pictures of the page that is looked at.

Pictures come by a watcher's session: it receives and is no point, so nobody's presence, stage or sound changes by it.  Such a
session lasts as long as the news of its page, which are judged again at every beat: whoever may no longer watch sees no more.
A technician of some of the points has a wall of these, in words: pictures are for those who may watch the whole meeting.
"""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Resource, Subject
from meetings.admission import TicketRole
from meetings.errors import Invalid, NotFound, Unavailable
from meetings.meeting import ROOM_OPEN
from meetings.store import seat_store
from scheduler import line_table
from web import csrf, readiness, session, views, watching
from web.container import Container, container
from web.feed import BEAT_FRAME, Listener, frame
from web.guard import allow
from web.i18n import language, speak
from web.pages import page, static
from web.routes.by_link import fields
from web.routes.events import HEADERS
from web.turn import ice_servers, user_of

router = APIRouter(prefix="/meetings/{meeting_id}", tags=["watch"], default_response_class=HTMLResponse)


def of_some(request: Request, conn: Connection) -> Resource:
    """The meeting; for whoever tends some of its points, one of these."""
    whole = views.meeting(request, conn)
    return readiness.seen_of(container(request), conn, request.state.subject, request.state.meeting, whole, Action.ROOM_WATCH)


WATCH = Depends(allow(Action.ROOM_WATCH, views.meeting))
WATCH_SOME = Depends(allow(Action.ROOM_WATCH, of_some))
WATCHER: Final = re.compile(r"[0-9a-f]{16}")
PICTURES: Final = 16     # slots of a wall, all of the smallest layer
GATHER: Final = 0.3      # seconds in which changes wait for each other
LOOK: Final = 2.0        # seconds between two looks when nothing is told: lines of receivers are told to their own pages only
TICKET: Final = 15      # seconds in which a ticket is used or void: before the look that ends whoever is alone
ALONE: Final = 20.0      # seconds a watcher's session may go on without its page's news: a page that reconnects needs less
THROUGH: Final = (b"event: slots", b"event: media", b"event: replaced")  # what a wall is told of its own session


def name_of(watcher: str) -> str:
    """The media name of a wall: no code of a point begins so.  Raises Invalid."""
    if not WATCHER.fullmatch(watcher):
        raise Invalid("bad_request", field="watcher")
    return f"~{watcher}"


@router.get("/wall")
def wall(request: Request, meeting_id: str, by: Subject = WATCH_SOME) -> Response:
    """The page; what it shows comes by its news."""
    found = container(request)
    with found.db.read() as conn:
        meeting = service.get(conn, meeting_id)
        seats = readiness.seen_by(found, conn, by, meeting, Action.ROOM_WATCH)
        whole = views.may(conn, by, Action.ROOM_WATCH, meeting)
        told = line_table.told(conn, [seat.point_id for seat in seats])
    data = {
        "base": f"/meetings/{meeting_id}", "open": meeting.state in ROOM_OPEN, "room": meeting_id, "watcher": secrets.token_hex(8), "lang": language(),
        "zone": found.settings.zone, "sprite": static("icons/sprite.svg"), "csrf": csrf.token(request), "words": watching.words(),
        "points": {seat.code: seat.name for seat in seats}, "pictures": PICTURES if whole else 0, "icons": watching.ICONS, "helped": watching.HELPED,
        "phones": {seat.code: _phone(told.get(seat.point_id, {})) for seat in seats},
    }
    return page(
        request, "room/wall.html", title=meeting.title, data=data, icons=watching.ICONS,
        stands=[(one.value, watching.WORDS[one]) for one in watching.Stands], after=f"/meetings/{meeting_id}" if whole else f"/meetings/{meeting_id}/readiness",
    )


def _phone(told: dict[str, Any]) -> list[str]:
    """[whom, number] to call about a point's line."""
    who = "technician" if told.get("technician_phone") else "deputy"
    return [str(told.get(f"{who}_name") or ""), str(told.get(f"{who}_phone") or "")]


@router.post("/watch/tickets")
async def tickets(request: Request, meeting_id: str, by: Subject = WATCH) -> Response:
    """{watcher} → {subscribe, ice}: one ticket to receive, for a page that hears the wall's news under the same name."""
    found, now = container(request), container(request).clock.now()
    name = name_of(str((await fields(request)).get("watcher", "")))
    beside, role = f"~{by.user_id}", TicketRole.SUBSCRIBE.value  # names of pages are free, so accounts are counted
    found.hub.seats.count(meeting_id, beside, role, now)

    def mint() -> str:
        with found.db.write() as conn:
            return service.mint(conn, meeting_id, role, name, ttl=TICKET, at=now, device=beside)

    ticket, settings = await to_thread.run_sync(mint), found.settings
    end_if_alone(found, meeting_id, name)
    ice = ice_servers(settings.turn_urls, settings.turn_secret.get_secret_value(), user_of(name, now), now)
    return JSONResponse({"subscribe": ticket, "ice": ice})


def end_if_alone(found: Container, meeting_id: str, name: str) -> None:
    """Looks again in a while: a watcher whose page hears no news is told to go."""
    def look() -> None:
        if not found.hub.feed.hears(meeting_id, name):
            found.hub.drop(found.hub.sessions_of(meeting_id, name))

    asyncio.get_running_loop().call_later(ALONE, look)


@router.get("/wall/events", dependencies=[WATCH_SOME])
async def events(request: Request, meeting_id: str, watcher: str) -> StreamingResponse:
    """`points` [{code, stands, why, picture, silenced, floor, chair, hand} | {code, gone}]: all first, then what changed; `slots`,
    `media` of the wall's own session; `over`; `beat`."""
    found, token = container(request), session.token_of(container(request), request)
    listener = found.hub.feed.listen(meeting_id, name_of(watcher))
    return StreamingResponse(_news(found, listener, token, language()), media_type="text/event-stream", headers=HEADERS)


async def _news(found: Container, listener: Listener, token: str | None, spoken: str) -> AsyncIterator[bytes]:
    """Looks when something was told to the room, and every two seconds; judges its reader again at every beat."""
    room, name, beat = listener.room, listener.code or "", found.hub.feed.beat
    seen: dict[str, dict[str, Any]] = {}
    mine: frozenset[str] | None = frozenset()
    judged = said = time.monotonic()
    try:
        yield b"retry: %d\n\n" % random.randint(1500, 4000)
        for known in found.hub.own_slots(room, name):
            yield known
        first = True
        while True:
            if time.monotonic() - judged >= beat or first:
                mine = await to_thread.run_sync(_seen, found, token, room, mine)
                if mine is None:
                    found.hub.drop(found.hub.sessions_of(room, name))
                    return
                judged = time.monotonic()
            try:
                on, now = await to_thread.run_sync(_look, found, room, spoken, mine)
            except NotFound:
                return
            except Unavailable:
                on, now = True, seen
            if not on:
                yield frame("over", {})
                return
            if told := watching.changed(seen, now):
                yield frame("points", told)
            elif time.monotonic() - said >= beat:
                yield BEAT_FRAME
            said, seen, first = (time.monotonic() if told else said), now, False
            async for data in _through(listener):
                yield data
            if listener.dropped:
                return
    finally:
        found.hub.feed.leave(listener)
        end_if_alone(found, room, name)


async def _through(listener: Listener) -> AsyncIterator[bytes]:
    """What is meant for this wall, until it is time to look again: a moment after anything was told, two seconds after nothing."""
    until = time.monotonic() + LOOK
    while (left := until - time.monotonic()) > 0:
        try:
            data = await asyncio.wait_for(listener.queue.get(), left)
        except TimeoutError:
            return
        if data is None:
            return
        if data.startswith(THROUGH):
            yield data
        else:
            until = min(until, time.monotonic() + GATHER)


def _seen(found: Container, token: str | None, meeting_id: str, before: frozenset[str] | None) -> frozenset[str] | None:
    """Codes of the points that the reader of this session may watch now; None: of no point any more."""
    try:
        known = None if token is None else session.person(found, token, touch=False)
        if known is None or known[0].must_change:
            return None
        with found.db.read() as conn:
            seats = readiness.seen_by(found, conn, known[1], service.get(conn, meeting_id), Action.ROOM_WATCH)
        return frozenset(seat.code for seat in seats) or None
    except NotFound:
        return None
    except Unavailable:
        return before  # the database is away: what is told then needs none, and the next beat asks again


def _look(found: Container, meeting_id: str, spoken: str, mine: frozenset[str]) -> tuple[bool, dict[str, dict[str, Any]]]:
    """Whether the room is still there, and the row of each of these points now.  Raises NotFound, Unavailable."""
    speak(spoken)
    hub = found.hub
    with found.db.read() as conn:
        state = service.state(conn, meeting_id)
        came = {stay.point_id for stay in seat_store.presences(conn, meeting_id)}
    rows = watching.rows(state, came, hub.away(meeting_id), hub.lines.troubles(meeting_id), hub.lines.pictures(meeting_id))
    return state.meeting.state in ROOM_OPEN, {code: row for code, row in rows.items() if code in mine}
