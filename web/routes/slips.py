"""Phiếu lấy ý kiến, for those who conduct: sent from the tab of votes, followed, reminded of, given more time.

Who has answered is shown here; what they answered, to nobody before the end.  Rules are those of `meetings.slips`; who is asked and what
is sent finds `scheduler.slip_rounds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings.access import Subject
from meetings.errors import Invalid
from scheduler import slip_rounds
from scheduler.slip_rounds import Whom
from web import slips_view
from web.conducting import CONDUCTOR, carried, said_in
from web.container import Container, container
from web.errors import explain, status_of, wants_json
from web.pages import done
from web.routes.meetings import _page as meeting_page
from web.routes.vote import do, of_meeting
from web.vote_form import slip_of

router = APIRouter(prefix="/meetings/{meeting_id}/slips", tags=["votes"], default_response_class=HTMLResponse)


@router.post("")
async def send(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{title, whom: absent | all, due_day, due_clock} and what `web.vote_form` reads of a rule; or {joins, due_day, due_clock}: the question
    of a vote of the meeting, to those who were not there, counted with it → {motion}."""
    said, found = await said_in(request), container(request)
    joins, now = str(said.get("joins") or ""), container(request).clock.now()

    def work(conn: Connection) -> str:
        draft, whom = (None, Whom.ABSENT) if joins else (slip_of(said), _whom(said))
        return slip_rounds.send(conn, meeting_id, draft, whom, _due(found, said), by, now, joins or None)

    return await do(request, meeting_id, work, "motion", said, f"slip-{joins}" if joins else "slip", "slips/{}")


@router.get("/{motion}")
def show(request: Request, meeting_id: str, motion: str, by: Subject = CONDUCTOR) -> Response:
    """Who has answered, who has not and how they are reached; the result once it is there."""
    return _show(request, meeting_id, motion)


@router.post("/{motion}/remind")
async def remind(request: Request, meeting_id: str, motion: str, by: Subject = CONDUCTOR) -> Response:
    """Whoever has not answered gets the link again, at most once an hour."""
    now = container(request).clock.now()
    return await _act(request, meeting_id, motion, {}, "slip_reminded", lambda conn: slip_rounds.remind(
        conn, of_meeting(conn, meeting_id, motion), by, now))


@router.post("/{motion}/extend")
async def extend(request: Request, meeting_id: str, motion: str, by: Subject = CONDUCTOR) -> Response:
    """{due_day, due_clock}: a later deadline."""
    said, found = await said_in(request), container(request)
    now = found.clock.now()
    return await _act(request, meeting_id, motion, said, "slip_extended", lambda conn: slip_rounds.extend(
        conn, of_meeting(conn, meeting_id, motion), _due(found, said), by, now))


async def _act(request: Request, meeting_id: str, motion: str, said: Mapping[str, Any], notice: str, work: Any) -> Response:
    """Back to the page, with what was refused."""
    return await carried(
        request, meeting_id, work,
        lambda error: _show(request, meeting_id, motion, status_of(error), error=explain(error), said=said),
        lambda result: Response(status_code=204) if wants_json(request) else done(f"/meetings/{meeting_id}/slips/{motion}", notice, result))


def _show(
    request: Request, meeting_id: str, motion: str, status: int = 200, *, error: str = "", said: Mapping[str, Any] | None = None,
) -> HTMLResponse:
    found = container(request)
    with found.db.read() as conn:
        slip = slips_view.of_sender(found, conn, meeting_id, of_meeting(conn, meeting_id, motion), found.clock.now())
    return meeting_page(request, "slip", status, slip=slip, error=error, said=said or {})


def _whom(said: Mapping[str, Any]) -> Whom:
    text = str(said.get("whom") or Whom.ABSENT)
    if text not in set(Whom):
        raise Invalid("bad_request", field="whom")
    return Whom(text)


def _due(found: Container, said: Mapping[str, Any]) -> datetime:
    return found.when.parse(str(said.get("due_day", "")), str(said.get("due_clock", "")), "due_clock")
