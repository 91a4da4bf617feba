"""Biểu quyết: the tab of a meeting's votes, preparing them, and what the console does with them.

Rules are those of `meetings.balloting`, `motions` and `hand_counts`.  Every change is told to the room.  How an open vote stands is
shown to nobody, not to those who conduct it either; a count of hands to those alone who may witness it.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Subject
from meetings.errors import NotFound
from meetings.hand_counts import count_enter, count_witness
from meetings.store import meeting_store, vote_store
from meetings.voting import Method
from scheduler import roll_call
from web import views, votes_view
from web.conducting import CONDUCTOR, Work, carried, said_in
from web.container import container
from web.errors import explain, status_of, wants_json
from web.guard import allow
from web.legible import number
from web.pages import done
from web.routes.meetings import _page as meeting_page
from web.vote_form import counts_of, draft_of, hall_of, said_of
from web.voting_words import NO_SECRET, PRESETS_SAID, choice_said

router = APIRouter(prefix="/meetings/{meeting_id}", tags=["votes"], default_response_class=HTMLResponse)


READ = [Depends(allow(Action.DOCUMENT_READ, views.meeting))]  # who voted how is no business of the line
PREPARE = Depends(allow(Action.MOTION_PREPARE, views.meeting))
WITNESS = Depends(allow(Action.MOTION_WITNESS, views.meeting))


async def do(
    request: Request, meeting_id: str, work: Work, name: str = "done", tab: dict[str, Any] | None = None, form: str = "new", to: str = "votes",
) -> Response:
    """One transaction, then the news.  JSON `{name: result}` for scripts; a form comes back to the tab, with what was refused.

    `tab`: what was typed into this `form` (new; slip; a prepared motion's id; of slips to join a vote: "slip-" and the vote's id).
    `to`: where a form that worked leads, below the meeting; `{}` there is the result.
    """
    return await carried(
        request, meeting_id, work,
        lambda error: _show(request, status_of(error), error=explain(error), said=tab or {}, form=form),
        lambda result: JSONResponse({name: True if result is None else result}) if wants_json(request)
        else done(f"/meetings/{meeting_id}/{to.format(result)}"))


# --- the tab -------------------------------------------------------------------------------------------------------


@router.get("/votes", dependencies=READ)
def votes(request: Request, meeting_id: str, receipt: str = "") -> Response:
    """`receipt`: find the ballot that has it."""
    return _show(request, sought=receipt.strip().upper()[:40])


def _show(
    request: Request, status: int = 200, *, error: str = "", said: dict[str, Any] | None = None, form: str = "", sought: str = "",
) -> HTMLResponse:
    meeting_id = request.path_params["meeting_id"]
    with container(request).db.read() as conn:
        listed = votes_view.votes(conn, meeting_id)
        agenda = meeting_store.agenda_of(conn, meeting_id)
        ballot = vote_store.by_receipt(conn, meeting_id, sought) if sought else None
    worded = {vote.motion_id: said_of(vote.row, vote.options) for vote in listed if vote.standing == "prepared"}
    typed = {**worded, **({form: said} if said else {})}
    return meeting_page(request, "votes", status, votes=listed, agenda=agenda, error=error, typed=typed, form=form, sought=sought, ballot=ballot,
                        joined={vote.joins for vote in listed},
                        presets=PRESETS_SAID, choice_said=choice_said, no_secret=NO_SECRET, own_id=request.state.subject.user_id)


@router.post("/votes")
async def prepare(request: Request, meeting_id: str, by: Subject = PREPARE) -> Response:
    """A motion to be voted on later: see `web.vote_form` for the fields."""
    said, now = await said_in(request), container(request).clock.now()
    return await do(request, meeting_id, lambda conn: service.motion_prepare(conn, meeting_id, draft_of(said), by, now), "motion", said)


@router.post("/votes/{motion}")
async def revise(request: Request, meeting_id: str, motion: str, by: Subject = PREPARE) -> Response:
    """The same fields, for a motion whose vote is not open yet."""
    said, now = await said_in(request), container(request).clock.now()
    return await do(request, meeting_id, lambda conn: service.motion_revise(conn, of_meeting(conn, meeting_id, motion), draft_of(said), by, now),
                    tab=said, form=motion)


@router.post("/votes/{motion}/withdraw")
async def withdraw(request: Request, meeting_id: str, motion: str, by: Subject = PREPARE) -> Response:
    now = container(request).clock.now()
    return await do(request, meeting_id, lambda conn: service.motion_withdraw(conn, of_meeting(conn, meeting_id, motion), by, now))


@router.post("/votes/{motion}/witness")
async def witness(request: Request, meeting_id: str, motion: str, by: Subject = WITNESS) -> Response:
    """{n}: the count of hands that was shown is what this second person has counted too."""
    said, now = await said_in(request), container(request).clock.now()
    n = number(str(said.get("n", ""))) or 0
    return await do(request, meeting_id, lambda conn: count_witness(conn, of_meeting(conn, meeting_id, motion), n, by, now))


# --- the console ---------------------------------------------------------------------------------------------------


@router.get("/conduct/motions")
def motions(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{prepared: [{id, title, rule, method}], count: {n, counts, by, own, witness} of the vote by hands that is open}."""
    with container(request).db.read() as conn:
        listed = votes_view.votes(conn, meeting_id, names=False)
    prepared = [{"id": vote.motion_id, "title": vote.title, "rule": vote.rule_said, "method": vote.row.method}
                for vote in listed if vote.standing == "prepared" and vote.row.method != Method.SLIP]
    count = next((vote.count for vote in listed if vote.standing == "open" and vote.count is not None), None)
    return JSONResponse({"prepared": prepared, "count": {
        "n": count.n, "counts": count.counts, "by": count.entered_name, "own": count.entered_by == by.user_id, "witness": count.witness_name,
    } if count is not None else None})


@router.post("/conduct/motion")
async def motion_open(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{motion}: open the vote that was prepared; or the fields of `web.vote_form`: open one at once."""
    said, now = await said_in(request), container(request).clock.now()

    def work(conn: Connection) -> str:
        roll_call.noted(conn, meeting_id, "motion", by, now)
        if chosen := str(said.get("motion") or ""):
            service.motion_start(conn, of_meeting(conn, meeting_id, chosen), by, now, hall_of(said))
            return chosen
        draft = draft_of(said)
        return service.motion_open(conn, meeting_id, draft.title, draft.rule, by, now, options=draft.options, method=draft.method,
                                   item=draft.item, hall=hall_of(said))

    return await do(request, meeting_id, work, "motion")


@router.post("/conduct/motion/count")
async def motion_count(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{count-<choice>: votes, chair}: what was counted of the vote by hands that is open."""
    said, now = await said_in(request), container(request).clock.now()
    return await do(request, meeting_id, lambda conn: count_enter(
        conn, _running(conn, meeting_id), counts_of(said), by, now, str(said.get("chair") or "") or None), "n")


@router.post("/conduct/motion/close")
async def motion_close(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """Close the vote that is open and state its result."""
    now = container(request).clock.now()
    return await do(request, meeting_id, lambda conn: service.motion_close(conn, _running(conn, meeting_id), by, now).as_data(), "result")


def of_meeting(conn: Connection, meeting_id: str, motion: str) -> str:
    """The motion, if it is one of this meeting: that is what the guard has asked about."""
    if vote_store.meeting_of(conn, motion) != meeting_id:
        raise NotFound("motion.unknown")
    return motion


def _running(conn: Connection, meeting_id: str) -> str:
    running = vote_store.open_motion(conn, meeting_id)
    if running is None:
        raise NotFound("motion.unknown")
    return running.motion_id
