"""Who is to attend: rules by subtree and level, named groups, points added and points removed.  Pure.

Resolved on the meeting's date, never earlier: "all communes under the province" means those that exist on that day.  A rule
means one point of each unit, its main one; further rooms are added by name, and a closed one is nobody's.  A rule that was kept
outlives units: where one has ended, those that came after it are meant.  Called by the pages that choose an audience, by
`audience_store` and by `rehearse`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from meetings.errors import Invalid, NotFound
from meetings.units import Lineage, UnitTree
from scheduler.booking import Point


def mains(points: Iterable[Point], on: date) -> dict[str, Point]:
    """Unit → the point that rules mean: of those it has open on that day the first that was made."""
    found: dict[str, Point] = {}
    for point in points:
        if point.open_on(on) and (point.unit_id not in found or point.point_id < found[point.unit_id].point_id):
            found[point.unit_id] = point
    return found


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

        `tree` must be the tree of the day `on`.  A point that is closed on that day, or whose unit does not exist then, is in
        no rule, and cannot be added.  Raises NotFound("unit.unknown" | "point.unknown"), Invalid("audience.day").
        """
        if tree.on != on:
            raise Invalid("audience.day", field="audience", on=on, tree=tree.on)
        wanted = {unit.unit_id for unit_id, level in self.rules for unit in tree.subtree(unit_id, level)}
        living = {point.point_id: point for point in points if point.unit_id in tree and point.open_on(on)}
        main = {point.point_id for unit_id, point in mains(living.values(), on).items() if unit_id in wanted}
        if unknown := self.points_added - living.keys():
            raise NotFound("point.unknown", points=sorted(unknown))
        order = {unit.unit_id: place for place, unit in enumerate(tree)}
        chosen = [living[point_id] for point_id in (main | self.points_added) - self.points_removed]
        return sorted(chosen, key=lambda point: (order[point.unit_id], point.code))


@dataclass(frozen=True, slots=True)
class Rule:
    """An audience as it is kept with a meeting.  `groups` are named groups by id; `removed` win over everything."""

    parts: tuple[tuple[str, str | None], ...] = ()
    groups: tuple[str, ...] = ()
    added: frozenset[int] = frozenset()
    removed: frozenset[int] = frozenset()

    def as_data(self) -> dict[str, Any]:
        return {"parts": [list(part) for part in self.parts], "groups": list(self.groups), "added": sorted(self.added),
                "removed": sorted(self.removed)}

    @staticmethod
    def of_data(data: Mapping[str, Any]) -> Rule:
        return Rule(tuple((unit, level) for unit, level in data["parts"]), tuple(data["groups"]), frozenset(data["added"]),
                    frozenset(data["removed"]))

    def meant(
        self, tree: UnitTree, points: Iterable[Point], lineage: Lineage, groups: Mapping[str, Iterable[int]],
        former: Callable[[str, str | None], Iterable[str]] = lambda _unit, _level: (),
    ) -> list[Point]:
        """The points meant on the tree's day, in its order; groups that are no more and points that are closed mean nobody.

        `former`: the units of a level that stood below one that ended, on its last day.  Where nobody came after a unit (a level
        was abolished), those that came after them are meant.
        """
        every = {point.point_id: point for point in points}
        first = mains(every.values(), tree.on)

        def alive(unit_id: str) -> list[str]:
            heirs = [unit_id] if unit_id in tree else [heir.unit_id for heir in lineage.successors(unit_id, tree.on)]
            return [heir for heir in heirs if heir is not None and heir in tree]

        named = [point_id for group in self.groups for point_id in groups.get(group, ())]
        added: set[int] = set()
        for point in (every[point_id] for point_id in {*named, *self.added} & every.keys()):
            if point.unit_id not in tree:
                added |= {first[heir].point_id for heir in alive(point.unit_id) if heir in first}
            elif point.open_on(tree.on):
                added.add(point.point_id)
        parts = tuple((heir, level) for unit_id, level in self.parts
                      for heir in alive(unit_id) or [one for below in former(unit_id, level) for one in alive(below)])
        return Audience(parts, frozenset(added), self.removed).resolve(tree, every.values(), tree.on)


@dataclass(frozen=True, slots=True)
class Difference:
    """What an audience would lose and gain, and whose name is another now.  Points with the names they have."""

    added: tuple[tuple[int, str], ...] = ()
    removed: tuple[tuple[int, str], ...] = ()
    renamed: tuple[tuple[int, str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.renamed)

    def as_data(self) -> dict[str, Any]:
        return {"added": [list(one) for one in self.added], "removed": [list(one) for one in self.removed],
                "renamed": [list(one) for one in self.renamed]}

    @staticmethod
    def of_data(data: Mapping[str, Any]) -> Difference:
        return Difference(*(tuple(tuple(one) for one in data[name]) for name in ("added", "removed", "renamed")))


def difference(booked: Mapping[int, str], meant: Iterable[Point]) -> Difference:
    """Between the points that are booked, under the names of their seats, and those that the rule means now.

    In the order of the points, however they come: what was told once is compared with what is found again.
    """
    wanted = dict(sorted((point.point_id, point.name) for point in meant))
    held = dict(sorted(booked.items()))
    return Difference(
        tuple((point_id, name) for point_id, name in wanted.items() if point_id not in held),
        tuple((point_id, name) for point_id, name in held.items() if point_id not in wanted),
        tuple((point_id, name, wanted[point_id]) for point_id, name in held.items() if point_id in wanted and wanted[point_id] != name),
    )
