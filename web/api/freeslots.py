"""POST /free-slots: when all of an audience can, and sooner times that miss the fewest, with who and why.

A question, though a POST: an audience is too long for an address.  It changes nothing, so it wants neither key nor
version, and a token that only reads may ask.  The answer is that of the page of free times.
"""

from __future__ import annotations

from datetime import time, timedelta

from fastapi import APIRouter, Depends, Request, Response

from meetings import service
from meetings.access import Action, Subject
from meetings.permit import permit
from web import calendar_free
from web.api import answers, audience, body
from web.api.contract import contract
from web.api.shapes_requests import FreeIn, FreeOut, show_free
from web.api.tokens import reader
from web.container import container
from web.guard import allow

router = APIRouter(prefix="/api/v1", tags=["time"])


@router.post("/free-slots", **contract("findFreeSlots", FreeOut, 413, 415, asks=True))
def find(
    request: Request, subject: Subject = Depends(allow(Action.MEETING_CREATE, who=reader)),
    wanted: FreeIn = Depends(body.of(FreeIn)),
) -> Response:
    """When all can, and sooner times that miss the fewest."""
    found, now = container(request), container(request).clock.now()
    opens, closes, every = time.fromisoformat(wanted.opens), time.fromisoformat(wanted.closes), not wanted.working_days
    with found.db.read() as conn:
        if wanted.meeting is not None:
            permit(conn, service.get(conn, wanted.meeting), subject, Action.MEETING_READ)
        first = wanted.on or calendar_free.first_day(conn, found.when, now, closes, every)
        points = audience.resolve(conn, wanted.audience, first, subject.unit_id).points
        asked = calendar_free.ask(
            conn, found.when, [point.point_id for point in points], timedelta(minutes=wanted.minutes), first, now, days=wanted.days,
            opens=opens, closes=closes, every=every,
            people=[one for one in (wanted.chair, *wanted.leaders) if one], own=wanted.meeting)
        answer = calendar_free.find(conn, asked, subject)
    return answers.show(request, show_free(answer, {point.point_id: point.code for point in points}))
