"""/meetings/{id}/series and /losses: the other dates of a meeting that comes again, its rule, and what a higher level took from it.

A series is made with its first meeting (`repeat`) and changed through any of them (`scope`); its rule is changed here.  A loss is
answered once: another time with all points, or on without them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.errors import NotFound
from meetings.meeting import State
from scheduler import claims, displacing, series_store
from scheduler import points as point_store
from scheduler.displacing import Loss
from scheduler.series import wall_of
from scheduler.series_store import Repeat, Scope
from web import convening, repeating, views
from web.api import answers, body
from web.api.contract import contract
from web.api.paging import Cursor, Limit, part
from web.api.shapes import Listed, Out
from web.api.shapes_lines import AnswerIn, LossOut, OccurrenceOut, show_loss
from web.api.shapes_meetings import SeriesRuleIn, SeriesRuleOut, show_rule
from web.api.tokens import who
from web.container import container
from web.guard import allow

router = APIRouter(prefix="/api/v1/meetings/{meeting_id}", tags=["meetings"])
Later = Annotated[Literal[Scope.FOLLOWING, Scope.ALL], Query(description="How far it reaches: this and the following dates, or all to come.")]
BOOK = allow(Action.MEETING_BOOK, views.meeting, who=who)


@router.get("/series", **contract("listSeries", Listed[OccurrenceOut], listed=True))
def series(
    request: Request, meeting_id: str, limit: Limit = 100, cursor: Cursor = "",
    subject: Subject = Depends(allow(Action.MEETING_READ, views.meeting, who=who)),
) -> Response:
    """Every meeting of the series that this one is of, cancelled ones too; of one that stands alone nothing."""
    with container(request).db.read() as conn:
        place = series_store.of_meeting(conn, meeting_id)
        rows = series_store.members(conn, place.stored.series_id) if place else []
    lines = [OccurrenceOut(number=number, meeting=row.meeting_id, start=row.starts_at, end=row.ends_at, state=State(row.state))
             for number, row in enumerate(rows, 1)]
    return answers.listed(request, part(lines, lambda one: (one.number,), limit, cursor), lambda one: one)


@router.get("/series/rule", **contract("getSeriesRule", SeriesRuleOut))
def rule(request: Request, meeting_id: str, subject: Subject = Depends(allow(Action.MEETING_READ, views.meeting, who=who))) -> Response:
    """By which rule the meeting comes again; of one that stands alone every field is null."""
    with container(request).db.read() as conn:
        return answers.show(request, show_rule(series_store.of_meeting(conn, meeting_id)))


@router.put("/series/rule", **contract("changeSeriesRule", SeriesRuleOut, 409, 412, 413, 415))
def change_rule(
    request: Request, meeting_id: str, subject: Subject = Depends(allow(Action.MEETING_EDIT, views.meeting, who=who)),
    wanted: SeriesRuleIn = Depends(body.of(SeriesRuleIn)), scope: Later = Scope.FOLLOWING,
) -> Response:
    """Another rule for this and the following dates, or all to come.  A date whose day is still one of the rule keeps its meeting; between
    two that do, the others follow in their order; whoever finds no date is cancelled, and new dates are booked with this meeting's points."""
    zone = container(request).when.zone.key

    def look(conn: Connection) -> Out:
        return show_rule(series_store.hold(conn, meeting_id))

    def work(conn: Connection, now: datetime) -> None:
        left_out = None if wanted.leave_out is None else frozenset(wall_of(start, zone) for start in wanted.leave_out)
        change = Repeat(wanted.rule, wall_of(wanted.start, zone), wanted.end - wanted.start, wanted.reason, left_out)
        repeating.repeat(conn, meeting_id, scope, change, subject, now, hurry=wanted.reason if "reason" in wanted.model_fields_set else "")

    done = answers.changed(request, look, work)
    container(request).hub.changed(meeting_id)
    return done


@router.get("/losses", **contract("listLosses", Listed[LossOut], listed=True))
def losses(request: Request, meeting_id: str, limit: Limit = 100, cursor: Cursor = "", subject: Subject = Depends(BOOK)) -> Response:
    """What the meeting lost and has not answered yet."""
    with container(request).db.read() as conn:
        lines = [_show(conn, loss) for loss in displacing.losses(conn, meeting_id)]
    return answers.listed(request, part(lines, lambda one: (one.id,), limit, cursor), lambda one: one)


@router.post("/losses/{loss_id}/answer", **contract("answerLoss", LossOut, 409, 412, 413, 415))
def answer(
    request: Request, meeting_id: str, loss_id: str, subject: Subject = Depends(BOOK), wanted: AnswerIn = Depends(body.of(AnswerIn)),
) -> Response:
    """The proposed time with all points, or on without them; the answer is the loss as it was."""

    def look(conn: Connection) -> Out:
        seen = _loss(conn, meeting_id, loss_id)
        claims.hold_whole(conn, meeting_id, seen.point_ids, seen.proposed)
        return _show(conn, _loss(conn, meeting_id, loss_id))

    def work(conn: Connection, now: datetime) -> Out:
        last = _show(conn, _loss(conn, meeting_id, loss_id))
        if wanted.answer == "rebook":
            convening.rebook(conn, meeting_id, loss_id, subject, now, wanted.reason)
        else:
            displacing.answer(conn, loss_id, now)
        return last

    done = answers.changed(request, look, work)
    container(request).hub.changed(meeting_id)
    return done


def _loss(conn: Connection, meeting_id: str, loss_id: str) -> Loss:
    """Raises NotFound("not_found") for another meeting's, or one that was answered."""
    for loss in displacing.losses(conn, meeting_id):
        if loss.displacement_id == loss_id:
            return loss
    raise NotFound("not_found")


def _show(conn: Connection, loss: Loss) -> LossOut:
    points = point_store.points_by_id(conn, loss.point_ids)
    return show_loss(loss, {point_id: point.code for point_id, point in points.items()})
