"""POST /points, PATCH /points/{code}: another room of a unit, its name, and from which day it takes no bookings.

The use cases of the pages of points, for those who look after them.
"""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.errors import Invalid
from scheduler import points as point_store
from scheduler import rooms
from web import places
from web.api import answers, body
from web.api.contract import contract
from web.api.shapes import Out
from web.api.shapes_points import PointIn, PointOut, PointPatch, show_point
from web.api.tokens import who
from web.container import container
from web.guard import allow
from web.routes.point_sheet import own
from web.routes.points import of_code

router = APIRouter(prefix="/api/v1/points", tags=["points"])


@router.post("", **contract("createPoint", PointOut, 409, 413, 415, status=201))
def create(
    request: Request, subject: Subject = Depends(allow(Action.POINT_EDIT, own, who=who)),
    wanted: PointIn = Depends(body.of(PointIn)),
) -> Response:
    """Another point of a unit that you look after; its code is given to it."""
    now = container(request).clock.now()

    def work(conn: Connection) -> tuple[Out, str]:
        [made] = rooms.make(conn, [rooms.Room(wanted.unit, wanted.name)], subject, now)
        return _shown(request, conn, made.code), f"{request.url.path}/{made.code}"

    answer, _new = answers.once(request, subject, work)
    return answer


@router.patch("/{code}", **contract("changePoint", PointOut, 409, 412, 413, 415))
def change(
    request: Request, code: str, subject: Subject = Depends(allow(Action.POINT_EDIT, of_code, who=who)),
    wanted: PointPatch = Depends(body.of(PointPatch)),
) -> Response:
    """Another name; closed from a day on, or open again.  A point that is booked after that day is not closed: 409 with `conflicts`."""
    point, sent = request.state.kept.point, wanted.model_fields_set
    if not sent:
        raise Invalid("api.nothing")

    def look(conn: Connection) -> Out:
        rooms.hold(conn, {point.unit_id})
        return _shown(request, conn, code)

    def work(conn: Connection, now: datetime) -> None:
        if "name" in sent:
            rooms.rename(conn, point.point_id, wanted.name, subject, now)
        if wanted.closed_from is not None:
            rooms.close(conn, point.point_id, wanted.closed_from, subject, now)
        elif "closed_from" in sent:
            rooms.reopen(conn, point.point_id, subject, now)

    return answers.changed(request, look, work)


def _shown(request: Request, conn: Connection, code: str) -> PointOut:
    """As GET /points/{code} shows it."""
    found = container(request)
    point, tree = point_store.point_by_code(conn, code), places.tree(conn, found.when.today(found.clock.now()))
    return show_point(point, tree.get(point.unit_id).level if point.unit_id in tree else None)
