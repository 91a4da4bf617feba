"""Lịch họp, by day: points as rows, folded by the tree; what is not yours shows its time and unit, not its name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action, Subject
from meetings.store import unit_store
from meetings.units import UnitTree
from scheduler import points as point_store
from scheduler import service as booking
from scheduler.booking import NamedBooking, Point
from scheduler.slots import Slot
from web import audience_tree, places
from web.audience_tree import Group, Leaf
from web.container import container
from web.guard import allow
from web.i18n import _
from web.pages import page
from web.timeline import Grid, Lane

router = APIRouter(prefix="/meetings", tags=["meetings"], default_response_class=HTMLResponse)
MANY_UNITS = 1000


@dataclass(frozen=True, slots=True)
class Rows:
    """One fold of the day: its lanes, and the folds inside it."""

    name: str
    total: int
    busy: int
    lanes: tuple[Lane, ...]
    folds: tuple[Rows, ...]


def around(tree: UnitTree, subject: Subject) -> UnitTree:
    """The whole tree, or where it is a country, the province of the one who looks."""
    if len(tree) <= MANY_UNITS or not subject.unit_path or subject.unit_path[0] not in tree:
        return tree
    return UnitTree(tree.subtree(subject.unit_path[0]), tree.on)


@router.get("/day")
def day(request: Request, on: str = "", q: str = "", free: str = "",
        subject: Subject = Depends(allow(Action.POINT_READ))) -> Response:
    found = container(request)
    today = found.when.today(found.clock.now())
    chosen = found.when.parse_day(on) if on else today
    start, end = found.when.day_bounds(chosen)
    with found.db.read() as conn:
        tree = around(places.tree(conn, chosen), subject)
        points = [point for point in point_store.all_points(conn) if point.unit_id in tree]
        taken = booking.bookings(conn, [point.point_id for point in points], Slot(start, end), subject)
        busy = frozenset(one.point_id for one in taken)
        branches = audience_tree.branches(tree, unit_store.levels(conn), points, busy, q)
    grid = Grid.around(chosen, [one.slot for one in taken], found.when)
    by_point: dict[int, list[NamedBooking]] = {}
    for one in taken:
        by_point.setdefault(one.point_id, []).append(one)
    rows = _rows("", branches, grid, by_point, everything=bool(free or q))
    return page(
        request, "meetings/day.html", place="meetings", on=chosen, grid=grid, rows=rows, q=q, free=bool(free), today=today,
        before=chosen - timedelta(days=1), after=chosen + timedelta(days=1), busy=len(busy), total=len(points),
    )


def _rows(
    name: str, branches: list[Leaf | Group], grid: Grid, taken: dict[int, list[NamedBooking]], *, everything: bool
) -> Rows:
    leaves = [branch for branch in branches if isinstance(branch, Leaf) and not branch.hidden]
    groups = [branch for branch in branches if isinstance(branch, Group) and not branch.hidden]
    lanes = tuple(_lane(leaf.point, grid, taken) for leaf in leaves if everything or leaf.chosen)
    folds = tuple(_rows(group.name, [*group.leaves, *group.groups], grid, taken, everything=everything)
                  for group in groups)
    return Rows(name, len(leaves) + sum(fold.total for fold in folds),
                sum(leaf.chosen for leaf in leaves) + sum(fold.busy for fold in folds), lanes,
                tuple(fold for fold in folds if everything or fold.busy))


def _lane(point: Point, grid: Grid, taken: dict[int, list[NamedBooking]]) -> Lane:
    bars = [
        grid.bar(one.slot, "busy", one.meeting_title or _("Bận ({unit})", unit=one.unit), point.name,
                 f"/meetings/{one.meeting_id}" if one.meeting_id else None)
        for one in taken.get(point.point_id, ())
    ]
    return Lane(point.name, point.code, tuple(bars))
