"""Điểm cầu: the tree with its tiles, and one point's page with its bookings.  Everybody signed in may look; names of
meetings only for those who may read them.
"""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action, Subject
from meetings.errors import NotFound
from meetings.store import unit_store
from scheduler import points as point_store
from scheduler import service as booking
from scheduler.slots import Slot
from web import audience_tree, places
from web.container import container
from web.guard import allow
from web.pages import page
from web.routes.day import around

router = APIRouter(prefix="/points", tags=["points"], default_response_class=HTMLResponse)
AHEAD = timedelta(days=60)
BACK = timedelta(days=30)


@router.get("")
def tiles(request: Request, q: str = "", subject: Subject = Depends(allow(Action.POINT_READ))) -> Response:
    found = container(request)
    now = found.clock.now()
    today = found.when.today(now)
    start, end = found.when.day_bounds(today)
    with found.db.read() as conn:
        tree = around(places.tree(conn, today), subject)
        points = [point for point in point_store.all_points(conn) if point.unit_id in tree]
        taken = booking.bookings(conn, [point.point_id for point in points], Slot(start, end), subject)
        branches = audience_tree.branches(tree, unit_store.levels(conn), points, frozenset(), q)
        illustrative = {unit.unit_id for unit in tree if unit.illustrative}
    busy_now = {one.point_id: one for one in taken if one.slot.start <= now < one.slot.end}
    later: dict[int, object] = {}
    for one in taken:
        if one.slot.start > now:
            later.setdefault(one.point_id, one)
    return page(request, "points/list.html", place="points", branches=branches, total=len(points), busy=busy_now,
                later=later, q=q, illustrative=illustrative)


@router.get("/{code}")
def one(request: Request, code: str, subject: Subject = Depends(allow(Action.POINT_READ))) -> Response:
    found = container(request)
    now = found.clock.now()
    today = found.when.today(now)
    with found.db.read() as conn:
        try:
            point = point_store.point_by_code(conn, code)
        except NotFound:
            raise NotFound("not_found") from None
        versions = unit_store.versions(conn, point.unit_id)
        unit = next((version for version in versions if version.valid(today)), versions[-1])
        tree = places.tree(conn, today)
        path = [tree.get(unit_id) for unit_id in places.path(conn, point.unit_id, today)]
        levels = {level.level_id: places.level_name(level) for level in unit_store.levels(conn)}
        taken = booking.bookings(conn, [point.point_id], Slot(now - BACK, now + AHEAD), subject)
    return page(
        request, "points/point.html", place="points", point=point, unit=unit, path=path, level=levels.get(unit.level, ""),
        coming=[one for one in taken if one.slot.end > now], past=[one for one in taken if one.slot.end <= now][::-1],
    )
