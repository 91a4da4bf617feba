"""Who is to attend: rules by subtree and level, points added and points removed.  Pure.

Resolved on the meeting's date, never earlier: "all communes under the province" means those that exist on that day.
Called by the pages that choose an audience and by `rehearse`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from meetings.errors import Invalid, NotFound
from meetings.units import UnitTree
from scheduler.booking import Point


@dataclass(frozen=True, slots=True)
class Audience:
    """`rules`: (unit, level) = the units of that level in the unit's subtree, level None = all of it.

    `points_removed` win over rules and over `points_added`.
    """

    rules: tuple[tuple[str, str | None], ...] = ()
    points_added: frozenset[int] = frozenset()
    points_removed: frozenset[int] = frozenset()

    def resolve(self, tree: UnitTree, points: Iterable[Point], on: date) -> list[Point]:
        """The points meant, each once, in the order of the tree (province, its districts with their communes, …).

        `tree` must be the tree of the day `on`.  A point whose unit does not exist on that day is in no rule, and
        cannot be added.  Raises NotFound("unit.unknown" | "point.unknown"), Invalid("audience.day").
        """
        if tree.on != on:
            raise Invalid("audience.day", field="audience", on=on, tree=tree.on)
        wanted = {unit.unit_id for unit_id, level in self.rules for unit in tree.subtree(unit_id, level)}
        living = {point.point_id: point for point in points if point.unit_id in tree}
        if unknown := self.points_added - living.keys():
            raise NotFound("point.unknown", points=sorted(unknown))
        order = {unit.unit_id: place for place, unit in enumerate(tree)}
        chosen = [
            point for point in living.values()
            if (point.unit_id in wanted or point.point_id in self.points_added)
            and point.point_id not in self.points_removed
        ]
        return sorted(chosen, key=lambda point: (order[point.unit_id], point.code))
