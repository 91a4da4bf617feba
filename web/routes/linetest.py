"""The test of a point's line before a meeting: the page behind a test link, tickets for its sessions, bytes, the result.

A test link is the whole key to one point's test and to nothing else: no account, no form token, and what it opens are rooms of
the relay that belong to this one test.  Never judges: scheduler/readiness.py does; never shows how others stand.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse
from sqlalchemy import Connection
from starlette.types import Receive, Scope, Send

from meetings import service
from meetings.access import Action, Resource, Subject
from meetings.admission import BENCH_PREFIX
from meetings.errors import Invalid, Unavailable
from meetings.meeting import Meeting
from scheduler import line_tests, times_store
from scheduler.line_tests import Standing, Test
from scheduler.readiness import Measured, packets_needed
from web import readiness_words
from web.container import Container, container
from web.guard import allow
from web.i18n import language
from web.limits import KIB, MIB
from web.linetest_words import linetest_words
from web.pages import page, static
from web.routes.join import by_link, seat_of, seated_meeting
from web.routes.by_link import fields
from web.turn import ice_servers, user_of

router = APIRouter(tags=["linetest"], default_response_class=HTMLResponse)

ROLES = {"udp": "subscribe", "tcp": "subscribe", "relay": "subscribe", "up": "publish", "down": "subscribe"}
"""What a session of the test is for, and the role of its ticket."""
RUN = re.compile(r"[a-z0-9]{1,16}")
BYTES, CHUNK = 4 * MIB, 4 * KIB  # small parts: a narrow line shows each of them
AT_ONCE = 16  # downloads; more would measure each other
LONGEST = 45.0  # seconds of one: the page waits 20 for its first byte and reads for 8 at most


def by_test(found: Container, request: Request) -> Subject:
    """Who comes with the test link in the path.  Raises NotFound("linetest.unknown"), Closed."""
    with found.db.read() as conn:
        test, seat = line_tests.by_secret(conn, request.path_params["secret"], found.clock.now())
    request.state.test, request.state.seat = test, seat
    return Subject(name=test.seat.name, seat=seat)


def _tested_meeting(request: Request, _conn: Connection) -> Resource:
    """As it was read with the link: a province tests at once, and who attends is not asked of a seat."""
    meeting: Meeting = _test(request).meeting
    return meeting.resource()


TESTER = Depends(allow(Action.LINETEST_RUN, _tested_meeting, who=by_test, bearer=True))


@router.post("/j/{secret}/test")
def from_card(
    request: Request, secret: str,
    subject: Subject = Depends(allow(Action.LINETEST_RUN, seated_meeting, who=by_link, bearer=True)),
) -> Response:
    """From the point's join card to its test, at any time until the meeting ends."""
    found, seat = container(request), seat_of(subject)
    with found.db.write() as conn:
        text = line_tests.extra(conn, found.keys.tests, seat.meeting_id, seat.point_id, found.clock.now())
    return RedirectResponse(f"/t/{text}", 303)


@router.get("/t/{secret}")
def show(request: Request, secret: str, subject: Subject = TESTER) -> Response:
    """Allow camera and microphone, press one button."""
    found, meeting = container(request), _test(request).meeting
    with found.db.read() as conn:
        limits = times_store.policy(conn, found.settings.line_policy).limits
    data = {
        "base": f"/t/{secret}", "words": linetest_words(), "points": {}, "sprite": static("icons/sprite.svg"), "lang": language(),
        "packets": packets_needed(limits.loss_weak),
        "relay": bool(_ice(found, seat_of(subject).code)),
    }
    return page(request, "linetest/test.html", title=meeting.title, when_text=found.when.span(meeting.start, meeting.end),
                point_name=subject.name, data=data)


@router.post("/t/{secret}/tickets")
async def ticket(request: Request, secret: str, subject: Subject = TESTER) -> Response:
    """{for: udp | tcp | relay | up | down, run} → {room, token, ice}: one session of one run of the test, in a room of its own."""
    found, test, body = container(request), _test(request), await fields(request)
    role, run = ROLES.get(str(body.get("for"))), str(body.get("run", ""))
    if role is None or not RUN.fullmatch(run):
        raise Invalid("bad_request", field="for")
    now = found.clock.now()
    found.test_pace.take(f"{test.test_id} {body['for']}", now)
    room = f"{BENCH_PREFIX}line-{hashlib.sha256(f'{test.test_id} {run}'.encode()).hexdigest()[:32]}"

    def mint() -> str:
        with found.db.write() as conn:
            return service.mint(conn, room, role, body["for"] if role == "subscribe" else "line", at=now)

    token = await to_thread.run_sync(mint)
    return JSONResponse({"room": room, "token": token, "ice": _ice(found, seat_of(subject).code)})


class Download(StreamingResponse):
    """Holds its test's place among the downloads from the answer to its end, whichever way it ends; never longer than a test."""

    def __init__(self, places: set[str], test_id: str) -> None:
        super().__init__(self._parts(), media_type="application/octet-stream", headers={"content-encoding": "identity"})
        self._places, self._test_id = places, test_id
        places.add(test_id)

    @staticmethod
    async def _parts() -> AsyncIterator[bytes]:
        chunk = os.urandom(CHUNK)
        for _part in range(BYTES // CHUNK):
            yield chunk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(LONGEST):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            pass  # who reads no further keeps others from testing: the connection ends here
        finally:
            self._places.discard(self._test_id)


@router.get("/t/{secret}/bytes", response_class=StreamingResponse)
async def incompressible(request: Request, secret: str, subject: Subject = TESTER) -> Response:
    """As many bytes as the line takes until the page has seen enough, 4 MiB at most.  503 while too many do the same, or the same test."""
    found, test_id = container(request), _test(request).test_id
    found.test_pace.take(f"{test_id} bytes", found.clock.now())
    if test_id in found.downloads or len(found.downloads) >= AT_ONCE:
        raise Unavailable("linetest.queue")
    return Download(found.downloads, test_id)


@router.post("/t/{secret}/results")
async def result(request: Request, secret: str, subject: Subject = TESTER) -> Response:
    """What the page measured (scheduler/readiness.Measured as JSON) → {verdict, word, head, reasons: [{code, text, advice}]}."""
    found, test, body = container(request), _test(request), await fields(request)
    measured, now = Measured.read(body), found.clock.now()
    found.test_pace.take(f"{test.test_id} result", now)

    def keep(conn: Connection) -> Standing:
        return line_tests.record(conn, test, measured, times_store.policy(conn, found.settings.line_policy), now)

    standing = await found.results.keep(test.meeting_id, keep)
    found.walls.publish(test.meeting_id, standing)
    return JSONResponse({**readiness_words.answer(standing), "figures": readiness_words.figures(measured), "at": found.when.clock(now)})


def _test(request: Request) -> Test:
    test: Test = request.state.test
    return test


def _ice(found: Container, code: str) -> list[dict[str, Any]]:
    settings, now = found.settings, found.clock.now()
    return ice_servers(settings.turn_urls, settings.turn_secret.get_secret_value(), user_of(code, now), now)
