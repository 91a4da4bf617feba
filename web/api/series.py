"""/meetings/{id}/series and /losses: the other dates of a meeting that comes again, and what a higher level took from it.

A series is made with its first meeting (`repeat`) and changed through any of them (`scope`); here it is only shown.  A loss is
answered once: another time with all points, or on without them.
"""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.errors import NotFound
from meetings.meeting import State
from scheduler import claims, displacing, series_store
from scheduler import points as point_store
from scheduler import service as booking
from scheduler.displacing import Loss
from web import views
from web.api import answers, body
from web.api.contract import contract
from web.api.paging import Cursor, Limit, part
from web.api.shapes import Listed, Out
from web.api.shapes_lines import AnswerIn, LossOut, OccurrenceOut, show_loss
from web.api.tokens import who
from web.container import container
from web.guard import allow

router = APIRouter(prefix="/api/v1/meetings/{meeting_id}", tags=["meetings"])
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
            booking.rebook(conn, loss_id, subject, now)
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
