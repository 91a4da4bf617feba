"""Who is to attend: rules by subtree and level, named groups, points added and points removed.  Pure.

Resolved on the meeting's date, never earlier: "all communes under the province" means those that exist on that day.  A rule
means one point of each unit, its main one; further rooms are added by name, and a closed one is nobody's.  A rule that was kept
outlives units: where one has ended, those that came after it are meant.  What people decided about single points since stands
in the rule, so that a merger is told from it.  Called by the pages that choose an audience, by `audience_rows`,
`audience_store` and by `rehearse`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
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

    def settled(self, groups: Mapping[str, Iterable[int]]) -> Rule:
        """As it is kept: its groups are those who are in them now.  Who joins one later was not invited by it."""
        members = {point_id for group in self.groups for point_id in groups.get(group, ())}
        return replace(self, added=self.added | members)

    def decided(self, added: Iterable[int], removed: Iterable[int]) -> Rule:
        """After somebody added these points to the meeting, or took those out of it."""
        more, less = frozenset(added), frozenset(removed)
        return replace(self, added=(self.added - less) | more, removed=(self.removed - more) | less)

    def meant(
        self, tree: UnitTree, points: Iterable[Point], lineage: Lineage, groups: Mapping[str, Iterable[int]],
        former: Callable[[str, str | None], Iterable[str]] = lambda _unit, _level: (),
    ) -> list[Point]:
        """The points meant on the tree's day, in its order; groups that are no more and points that are closed mean nobody.

        `former`: the units of a level that stood below one that ended, on its last day.  Where nobody came after a unit (a level
        was abolished), those that came after them are meant.
        """
        every = {point.point_id: point for point in points}
        added = _followed(self.settled(groups).added, every, tree, lineage)
        open_ = frozenset(point_id for point_id in added if every[point_id].open_on(tree.on))
        parts = tuple((heir, level) for unit_id, level in self.parts
                      for heir in _alive(unit_id, tree, lineage)
                      or [one for below in former(unit_id, level) for one in _alive(below, tree, lineage)])
        return Audience(parts, open_, self.removed).resolve(tree, every.values(), tree.on)

    def taken_over(self, tree: UnitTree, points: Iterable[Point], lineage: Lineage) -> Rule:
        """After a merger was applied: points that were added and have ended gave their place to those that came after them."""
        return replace(self, added=_followed(self.added, {point.point_id: point for point in points}, tree, lineage))


def _followed(point_ids: Iterable[int], points: Mapping[int, Point], tree: UnitTree, lineage: Lineage) -> frozenset[int]:
    """The points, or where a unit has ended the main ones of those that came after it."""
    wanted = points.keys() & set(point_ids)
    ended = {points[point_id].unit_id for point_id in wanted if points[point_id].unit_id not in tree}
    first = mains(points.values(), tree.on) if ended else {}
    after = {first[heir].point_id for unit_id in ended for heir in _alive(unit_id, tree, lineage) if heir in first}
    return frozenset({point_id for point_id in wanted if points[point_id].unit_id in tree} | after)


def _alive(unit_id: str, tree: UnitTree, lineage: Lineage) -> list[str]:
    """The unit, or those that came after it."""
    heirs = [unit_id] if unit_id in tree else [heir.unit_id for heir in lineage.successors(unit_id, tree.on)]
    return [heir for heir in heirs if heir is not None and heir in tree]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a merger takes from an audience, what it adds, and whose name is another now.  Points with the names they have."""

    added: tuple[tuple[int, str], ...] = ()
    removed: tuple[tuple[int, str], ...] = ()
    renamed: tuple[tuple[int, str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.renamed)

    def only(self, other: Difference) -> Difference:
        """What both say."""
        return Difference(*(tuple(one for one in mine if one in theirs) for mine, theirs in zip(self._parts, other._parts, strict=True)))

    def without(self, point_ids: Collection[int]) -> Difference:
        """Less what is said of these points."""
        return Difference(*(tuple(one for one in part if one[0] not in point_ids) for part in self._parts))

    @property
    def _parts(self) -> tuple[tuple[Any, ...], ...]:
        return self.added, self.removed, self.renamed

    def as_data(self) -> dict[str, Any]:
        return {"added": [list(one) for one in self.added], "removed": [list(one) for one in self.removed],
                "renamed": [list(one) for one in self.renamed]}

    @staticmethod
    def of_data(data: Mapping[str, Any]) -> Difference:
        return Difference(*(tuple(tuple(one) for one in data[name]) for name in ("added", "removed", "renamed")))


def difference(
    known: Collection[int], booked: Mapping[int, str], meant: Iterable[Point], units: Mapping[int, str], called: Mapping[int, str],
) -> Difference:
    """What became of an audience because units did.

    `known`: points that the rule has meant, or of which somebody decided, whatever was answered; `booked`: those that the
    meeting has, under the names of their seats; `units`: the unit of each point; `called`: what a unit's point is called on
    the day.  Compared by units: another room of a unit that was meant is no news.  In the order of the points, however they
    come: what was told once is compared with what is found again.
    """
    wanted = sorted(meant, key=lambda point: point.point_id)
    now, before, held = {point.unit_id for point in wanted}, {units[point_id] for point_id in known}, sorted(booked.items())
    return Difference(
        tuple((point.point_id, point.name) for point in wanted if point.unit_id not in before),
        tuple((point_id, name) for point_id, name in held if point_id in known and units[point_id] not in now),
        tuple((point_id, name, called[point_id]) for point_id, name in held
              if units[point_id] in now and called.get(point_id, name) != name),
    )
