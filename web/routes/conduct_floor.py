"""Who speaks: the floor, the queue and the times, one POST each, for chair and secretary.  Rules live in `meetings.speaking`.

The clock is read within the transaction, so that whoever waited for somebody else's decision comes after it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import Connection

from meetings import service, speaking, speech
from meetings.access import Subject
from meetings.speech import Times
from meetings.store import seat_store
from web.conducting import CONDUCTOR, conducted, number_of, point_of, said_in
from web.container import container
from web.feed import Person, Point, To

router = APIRouter(prefix="/meetings/{meeting_id}/conduct", tags=["conduct"], default_response_class=HTMLResponse)

Act = Callable[[Connection, datetime], Any]


async def _now(request: Request, meeting_id: str, act: Act, name: str = "done") -> Response:
    clock = container(request).clock
    return await conducted(request, meeting_id, lambda conn: act(conn, clock.now()), name)


@router.post("/floor")
async def floor(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{entry} of the queue, or {code, kind?} of a point; {seconds?} instead of the rule.  Neither takes the floor back."""
    said = await said_in(request)
    limit = speech.seconds(said.get("seconds"))
    kind = speech.kind_of(said.get("kind") or speech.Kind.CONTRIBUTION)
    if said.get("entry") not in (None, ""):
        entry = number_of(said["entry"], "entry")
        return await _now(request, meeting_id, lambda conn, at: speaking.floor_call(conn, meeting_id, entry, by, at, limit))

    def act(conn: Connection, at: datetime) -> None:
        point_id = point_of(conn, meeting_id, str(said["code"])) if said.get("code") else None
        service.floor_give(conn, meeting_id, point_id, by, at, kind, limit)

    return await _now(request, meeting_id, act)


@router.post("/floor/limit")
async def floor_limit(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{seconds}: another length for this turn, counted from its beginning; nothing: no limit."""
    limit = speech.seconds((await said_in(request)).get("seconds"))
    return await _now(request, meeting_id, lambda conn, at: speaking.floor_limit(conn, meeting_id, limit, by, at))


@router.post("/hand")
async def lower_hand(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{entry}, or {code} for all contributions of a point: out of the queue, without a reason."""
    said = await said_in(request)
    if said.get("entry") not in (None, ""):
        entry = number_of(said["entry"], "entry")
        return await _now(request, meeting_id, lambda conn, at: speaking.withdraw(conn, meeting_id, entry, by, at))

    def act(conn: Connection, at: datetime) -> None:
        service.hand(conn, meeting_id, point_of(conn, meeting_id, str(said.get("code"))), False, by, at)

    return await _now(request, meeting_id, act)


@router.get("/queue")
def queue(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> JSONResponse:
    """entry → {person, note} of those who wait, where they are: what chair and secretary read and the news do not carry."""
    with container(request).db.read() as conn:
        waiting = service.state(conn, meeting_id).queue
    return JSONResponse({str(one.entry): {"person": one.person, "note": one.note} for one in waiting if one.person or one.note})


@router.post("/queue/order")
async def order(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{entry, before}: put it before another, nothing: at the end."""
    said = await said_in(request)
    entry = number_of(said.get("entry"), "entry")
    before = number_of(said["before"], "before") if said.get("before") not in (None, "") else None
    return await _now(request, meeting_id, lambda conn, at: speaking.order(conn, meeting_id, entry, before, by, at))


@router.post("/queue/decline")
async def decline(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{entry, reason}: it is not given the floor; whoever asked reads why."""
    said = await said_in(request)
    entry, reason = number_of(said.get("entry"), "entry"), str(said.get("reason", ""))
    to: list[To] = []

    def act(conn: Connection, at: datetime) -> None:
        one = speaking.decline(conn, meeting_id, entry, reason, by, at)
        to.append(Person(one.person_id) if one.person_id else Point(seat_store.one(conn, meeting_id, one.point_id).code))

    answer = await _now(request, meeting_id, act)
    container(request).hub.tell(meeting_id, "declined", {"entry": entry}, to[0])
    return answer


@router.post("/queue/clear")
async def clear(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """→ {lowered}: nobody waits any more."""
    return await _now(request, meeting_id, lambda conn, at: speaking.lower_all(conn, meeting_id, by, at), "lowered")


@router.post("/times")
async def times(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{speech_s, aside_s, unit_s, bell_s}: seconds, each nothing for no limit."""
    rule = Times.checked(**await said_in(request))
    return await _now(request, meeting_id, lambda conn, at: speaking.times_set(conn, meeting_id, rule, by, at))
