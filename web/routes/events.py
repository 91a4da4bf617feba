"""The meeting's news as server-sent events: for a point's page (with its slots) and for signed-in readers.

The whole state comes first, so a page that was away needs no replay.  Sends nothing that the hub does not say.
A stream lasts for hours, so who listens is judged again at every heartbeat: a reader who signed out, was locked or lost a
role hears no more, and whoever conducts the meeting from this page does not idle out of the session while it is on.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from meetings import service
from meetings.access import Action, Subject, decide
from meetings.errors import NotFound, Unavailable
from meetings.meeting import Meeting, State
from web import session, views
from web.container import Container, container
from web.feed import Listener
from web.guard import allow
from web.hub import Hub
from web.routes.join import by_link, seat_of, seated_meeting

router = APIRouter(tags=["events"])

HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}  # the second: proxies must not collect
LOBBY = timedelta(hours=1)  # before the start the chair may already sit and wait, docs/protocol.md

Judge = Callable[[], bool]


@router.get("/j/{secret}/events")
async def of_point(
    request: Request, secret: str, subject: Subject = Depends(allow(Action.MEETING_JOIN, seated_meeting, who=by_link))
) -> StreamingResponse:
    """state, change, slots, replaced, media, beat."""
    found, seat = container(request), seat_of(subject)
    token = session.token_of(found, request)
    listener = found.hub.feed.listen(seat.meeting_id, seat.code)
    return stream(found.hub, listener, (lambda: _keep_conductor(found, token, listener)) if token else None)


@router.get("/meetings/{meeting_id}/events")
async def of_meeting(
    request: Request, meeting_id: str, subject: Subject = Depends(allow(Action.DOCUMENT_READ, views.meeting))
) -> StreamingResponse:
    """state, change, media, beat.  The state names documents and conclusions, so it takes the right to read them."""
    found = container(request)
    token = session.token_of(found, request)
    listener = found.hub.feed.listen(meeting_id, None)
    return stream(found.hub, listener, lambda: _keep_reader(found, token, listener))


def of_desk(found: Container, listener: Listener, token: str | None) -> StreamingResponse:
    """The same for a console that also receives: what is meant for the name of its own media session reaches it too.  It ends, and
    that session with it, for whoever no longer conducts, also where the news may still be read."""
    return stream(found.hub, listener, lambda: _keep_reader(found, token, listener) and listener.conducts)


def _keep_conductor(found: Container, token: str, listener: Listener) -> bool:
    """Who conducts a meeting that is on is at work, also through a speech of an hour: the session stays awake.
    The link alone entitles to the news, whatever becomes of the session."""
    meeting = may_still(found, token, listener.room, Action.MEETING_CONDUCT)
    listener.conducts = meeting is not None
    if meeting is not None and is_on(meeting, found.clock.now()):
        session.person(found, token)
    return True


def _keep_reader(found: Container, token: str | None, listener: Listener) -> bool:
    """A reader hears what a reader may; whoever conducts also hears what is meant for conductors."""
    if token is None or may_still(found, token, listener.room, Action.DOCUMENT_READ) is None:
        return False
    listener.conducts = may_still(found, token, listener.room, Action.MEETING_CONDUCT) is not None
    return True


def may_still(found: Container, token: str, meeting_id: str, action: Action) -> Meeting | None:
    """The meeting, if the session is alive and its person may still do that to it."""
    known = session.person(found, token, touch=False)
    if known is None or known[0].must_change:
        return None
    with found.db.read() as conn:
        try:
            meeting = service.get(conn, meeting_id)
        except NotFound:
            return None
        allowed = decide(known[1], action, service.resource_of(conn, meeting)).allowed
    return meeting if allowed else None


def is_on(meeting: Meeting, now: datetime) -> bool:
    """Open, in a pause, or about to begin: while the chair waits in the lobby nobody is away either."""
    if meeting.state is State.CONVENED:
        return meeting.start - LOBBY <= now < meeting.end
    return meeting.state in (State.OPEN, State.SUSPENDED)


def stream(hub: Hub, listener: Listener, judge: Judge | None) -> StreamingResponse:
    return StreamingResponse(_news(hub, listener, judge), media_type="text/event-stream", headers=HEADERS)


async def _news(hub: Hub, listener: Listener, judge: Judge | None) -> AsyncIterator[bytes]:
    """Listens before it reads the state: what changes in between is told twice rather than never."""
    beat = hub.feed.beat
    try:
        # Not all at the same instant when the server comes back.
        yield b"retry: %d\n\n" % random.randint(1500, 4000)
        if judge is not None and not await _still(judge):
            return
        yield b"".join(await hub.news(listener.room, listener.code, conducts=listener.conducts))
        judged = time.monotonic()
        async for data in listener.stream(beat):
            if judge is not None and time.monotonic() - judged >= beat:  # also where news never leaves room for a beat
                if not await _still(judge):
                    return
                judged = time.monotonic()
            yield data
    finally:
        hub.feed.leave(listener)


async def _still(judge: Judge) -> bool:
    try:
        return await to_thread.run_sync(judge)
    except Unavailable:
        return True  # the database is away: what the relay tells needs none, and the next beat asks again
