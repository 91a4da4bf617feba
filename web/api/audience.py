"""An audience as a program names it (units, levels, codes) → the points it means on the meeting's day.

Whose yes a point takes is the use case's matter.  Nothing is booked here.  Called by `meetings.py` and `freeslots.py` with an open connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from meetings.errors import Invalid, NotFound
from meetings.meeting import State
from meetings.store import unit_store
from meetings.units import UnitTree
from scheduler import audience_store, series_store
from scheduler import points as point_store
from scheduler.audience import Rule
from scheduler.booking import Point
from scheduler.series_store import Scope
from web import places, store
from web.api.problem import for_field, wrong
from web.api.shapes_meetings import AudienceIn
from web.errors import explain

NAMED = 20
AHEAD = (State.DRAFT.value, State.CONVENED.value)


@dataclass(frozen=True, slots=True)
class Meant:
    """The points of a day, and the rule that means them."""

    points: tuple[Point, ...]
    rule: Rule

    @property
    def ids(self) -> list[int]:
        return [point.point_id for point in self.points]


def resolve(conn: Connection, wanted: AudienceIn, on: date, unit_id: str | None) -> Meant:
    """The points meant, in the order of the tree; `unit_id` is whose named groups are meant.

    Raises Refused (units, groups, codes that are none or closed by then, each named), Invalid("booking.nobody") where nobody is meant.
    """
    tree, every = places.tree(conn, on), point_store.all_points(conn)
    ids = {point.code: point.point_id for point in every}
    shut = {point.code: point.closed_from for point in every if not point.open_on(on)}
    groups = {group.group_id: group.points for group in audience_store.groups(conn, unit_id)} if unit_id else {}
    _check(wanted, ids, shut, tree, groups)
    rule = Rule(
        tuple((part.unit, part.level) for part in wanted.rules), tuple(wanted.groups),
        frozenset(ids[code] for code in wanted.add), frozenset(ids[code] for code in wanted.remove),
    )
    if ended := [point.name for point in every if point.point_id in rule.added and point.unit_id not in tree]:
        raise Invalid("booking.unit_ended", field="audience", points=ended[:NAMED], count=len(ended), on=on)
    found = tuple(rule.meant(tree, every, unit_store.lineage(conn), groups))
    if not found:
        raise Invalid("booking.nobody", field="audience")
    return Meant(found, rule)


def _check(wanted: AudienceIn, ids: Mapping[str, int], shut: Mapping[str, date | None], tree: UnitTree, groups: Mapping[str, object]) -> None:
    """Raises Refused naming what is none."""
    errors = [
        for_field(f"/audience/{part}/{place}", "point.unknown", explain(NotFound("point.unknown")))
        for part in ("add", "remove") for place, code in enumerate(getattr(wanted, part)) if code not in ids
    ]
    errors += [
        for_field(f"/audience/add/{place}", "point.closed", explain(Invalid("point.closed", value=code, day=str(shut[code]))))
        for place, code in enumerate(wanted.add) if code in shut
    ]
    errors += [
        for_field(f"/audience/rules/{place}/unit", "unit.unknown", explain(NotFound("unit.unknown")))
        for place, rule in enumerate(wanted.rules) if rule.unit not in tree
    ]
    errors += [
        for_field(f"/audience/groups/{place}", "group.unknown", explain(NotFound("group.unknown")))
        for place, group in enumerate(wanted.groups) if group not in groups
    ]
    if errors:
        raise wrong(errors[:NAMED])


def keep(conn: Connection, meeting_id: str, scope: Scope, meant: Meant, at: datetime) -> None:
    """Keeps by which rule the points were chosen, so that a merger of units is noticed."""
    place = series_store.of_meeting(conn, meeting_id) if scope is not Scope.ONE else None
    rows = series_store.members(conn, place.stored.series_id) if place else []
    ids = {meeting_id, *(row.meeting_id for row in rows if row.state in AHEAD)}
    audience_store.keep(conn, ids, meant.rule, meant.ids, at)


def main_point(conn: Connection, points: Sequence[Point], chair_id: str, unit_id: str) -> int | None:
    """Where the chair sits: the point of the chair's unit, else of the convening unit, else the highest one."""
    for wanted in (store.get_account(conn, chair_id).unit_id, unit_id):
        for point in points:
            if point.unit_id == wanted:
                return point.point_id
    return points[0].point_id if points else None
