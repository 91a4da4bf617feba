"""Whose yes the points of a booking take, as the form and the confirmation say it: who is asked, for what, until when.

The rule is `approval.route`; requests that were sent say it themselves.  Reads only, decides nothing.  Called by
`booking_view` and the booking routes with an open connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from meetings.units import UnitTree
from scheduler import approval, policies, request_store, requests
from scheduler.booking import Point
from scheduler.points import points_by_id
from scheduler.readings import live_points
from scheduler.slots import Slot, civil_day
from web import places
from web.i18n import _


@dataclass(frozen=True, slots=True)
class Asking:
    """Points of one owner.  `asked` is whose turn it is, `sent` whether it was asked already."""

    owner: str
    asked: str
    points: tuple[Point, ...]
    deadline: datetime
    sent: bool = False


def of_form(
    conn: Connection, unit_id: str, chosen: Sequence[Point], slot: Slot, now: datetime, own_meeting: str | None = None,
) -> list[Asking]:
    """What waits already, the earliest deadline first, then what booking these points would ask for."""
    waiting = of_meeting(conn, own_meeting, slot) if own_meeting else []
    held = set(live_points(conn, own_meeting)) if own_meeting else set[int]()
    wanted = {point.point_id for point in chosen}
    kept = [one for one in waiting if wanted & {point.point_id for point in one.points}]
    if unit_id == "" or slot.start <= now:
        return kept
    tree, policy = places.tree(conn, civil_day(slot.start)), policies.current(conn)
    convenor = convening_unit(conn, tree, unit_id)
    owners: dict[str, list[Point]] = {}
    for point in chosen:
        if point.point_id not in held and point.unit_id in tree:
            owners.setdefault(point.unit_id, []).append(point)
    for owner, points in owners.items():
        if way := convenor and approval.route(tree, convenor, owner, policy):
            deadline = policy.deadline(tree.get(way[0]).level, now, slot.start, approval.after(tree, way[0], convenor) is None)
            kept.append(Asking(tree.get(owner).name, tree.get(way[0]).name, tuple(points), deadline))
    return kept


def of_meeting(conn: Connection, meeting_id: str, slot: Slot) -> list[Asking]:
    """What was asked for the meeting and has no end yet, the earliest deadline first."""
    tree = places.tree(conn, civil_day(slot.start))
    stored = [one.request for one in request_store.of_meeting(conn, meeting_id) if one.request.is_open]
    points = points_by_id(conn, {point_id for one in stored for point_id in one.point_ids})
    return [Asking(_name(tree, one.owner), _name(tree, one.asked), tuple(points[point_id] for point_id in one.point_ids), one.deadline, True)
            for one in sorted(stored, key=lambda one: one.deadline)]


def needing(conn: Connection, within: UnitTree, points: Iterable[Point], unit_id: str) -> frozenset[int]:
    """Points of the own subtree that take a yes all the same, because their level wants to be asked."""
    policy = policies.current(conn)
    if not policy.confirms or unit_id == "":
        return frozenset()
    own = convening_unit(conn, places.tree(conn, within.on), unit_id)
    return frozenset(point.point_id for point in points
                     if point.unit_id in within and point.unit_id != own and within.get(point.unit_id).level in policy.confirms)


def convening_unit(conn: Connection, tree: UnitTree, unit_id: str) -> str:
    """Who acts: a body acts for the unit it belongs to; "" for a unit that is none on that day."""
    return approval.acting(tree, unit_id, requests.territorial(conn)).unit_id if unit_id in tree else ""


def _name(tree: UnitTree, unit_id: str) -> str:
    return tree.get(unit_id).name if unit_id in tree else _("đơn vị đã kết thúc")
