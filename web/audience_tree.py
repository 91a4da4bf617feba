"""The tree of points as the booking page shows it: groups by level and subtree, each with "chosen of all"; and by place, for
points of others, which are looked for by name.

Pure: it is given the units, the points and what is chosen.  It decides nothing about who may be invited.  What is
chosen is always the plain list of points; groups only tick and untick many at once (`apply_groups`), so what the page
shows is exactly what will be booked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from meetings.units import Level, Sought, Unit, UnitTree
from scheduler.audience import Rule, mains
from scheduler.booking import Point
from web.i18n import SOURCE, _, language

MANY_KINDS = 3
OUTSIDE = "|"


@dataclass(slots=True)
class Leaf:
    """One point with its checkbox; `above` is said where the tree does not show it.

    `room`: a further point of its unit, ticked by itself alone: neither groups nor rules mean it.
    """

    point: Point
    chosen: bool
    hidden: bool = False
    above: str = ""
    room: bool = False


@dataclass(slots=True)
class Group:
    """Points of one level under one unit.  `key` is `unit|level`."""

    key: str
    name: str
    leaves: list[Leaf] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    hidden: bool = False
    open: bool = False

    def all_leaves(self) -> list[Leaf]:
        return [*self.leaves, *(leaf for group in self.groups for leaf in group.all_leaves())]

    @property
    def meant(self) -> frozenset[int]:
        """The points that the group's box stands for: one of each unit."""
        return frozenset(leaf.point.point_id for leaf in self.all_leaves() if not leaf.room)

    @property
    def total(self) -> int:
        return len(self.meant)

    @property
    def chosen(self) -> int:
        return sum(leaf.chosen for leaf in self.all_leaves() if not leaf.room)


def branches(
    tree: UnitTree, levels: Sequence[Level], points: Iterable[Point], chosen: frozenset[int], query: str = ""
) -> list[Leaf | Group]:
    """For each root: its own points, then one group for each level below it, split by parent where there are several.
    Points of no unit in the tree come last, in a group of their own."""
    by_unit = _by_unit(tree, points)
    found: list[Leaf | Group] = []
    roots = tree.roots()
    for root in roots:
        own: list[Leaf | Group] = [*_leaves([root], by_unit, chosen)]
        own += [group for level in levels if (group := _level_group(tree, root, level, by_unit, chosen)) is not None]
        if len(roots) == 1:
            found += own
        else:
            found.append(Group(
                f"{root.unit_id}|", root.name, [leaf for leaf in own if isinstance(leaf, Leaf)],
                [group for group in own if isinstance(group, Group)],
            ))
    if outside := [Leaf(point, point.point_id in chosen)
                   for unit_id, own in by_unit.items() if unit_id not in tree for point, _room in own]:
        found.append(Group(OUTSIDE, _("Ngoài phạm vi triệu tập"), outside))
    _filter(found, query)
    return found


Owned = Mapping[str, list[tuple[Point, bool]]]
"""Unit → its points, the main one first, each with whether it is a further room."""


def _by_unit(tree: UnitTree, points: Iterable[Point]) -> Owned:
    every, found = list(points), dict[str, list[tuple[Point, bool]]]()
    main = mains(every, tree.on)
    for point in every:
        found.setdefault(point.unit_id, []).append((point, main.get(point.unit_id, point) is not point))
    return {unit_id: sorted(own, key=lambda one: (one[1], one[0].point_id)) for unit_id, own in found.items()}


def _leaves(units: Iterable[Unit], by_unit: Owned, chosen: frozenset[int]) -> list[Leaf]:
    return [Leaf(point, point.point_id in chosen, above=unit.name if room else "", room=room)
            for unit in units for point, room in by_unit.get(unit.unit_id, ())]


def _level_group(
    tree: UnitTree, root: Unit, level: Level, by_unit: Owned, chosen: frozenset[int]
) -> Group | None:
    units = [unit for unit in tree.subtree(root.unit_id, level.level_id) if unit.unit_id != root.unit_id]
    if not units:
        return None
    group = Group(f"{root.unit_id}|{level.level_id}", _("Mọi {kinds}", kinds=kinds(level, units)))
    parents: dict[str | None, list[Unit]] = {}
    for unit in units:
        parents.setdefault(unit.parent_id, []).append(unit)
    for parent_id, children in parents.items():
        if parent_id == root.unit_id or parent_id is None or parent_id not in tree:
            group.leaves += _leaves(children, by_unit, chosen)
        else:
            group.groups.append(Group(
                f"{parent_id}|{level.level_id}", tree.get(parent_id).name, _leaves(children, by_unit, chosen)))
    return group if group.total else None


def by_place(tree: UnitTree, points: Iterable[Point], chosen: frozenset[int], query: str = "") -> list[Leaf | Group]:
    """Each unit that has units below it as a group of its own points and theirs; a single root is not folded."""
    by_unit = _by_unit(tree, points)

    def below(unit: Unit) -> list[Leaf | Group]:
        own: list[Leaf | Group] = [*_leaves([unit], by_unit, chosen)]
        for child in tree.children(unit.unit_id):
            inside = below(child)
            own += [_place(child, inside)] if len(inside) > 1 else inside
        return own

    roots = tree.roots()
    found = below(roots[0]) if len(roots) == 1 else [_place(root, inside) for root in roots if (inside := below(root))]
    _filter(found, query)
    return found


def _place(unit: Unit, inside: Sequence[Leaf | Group]) -> Group:
    return Group(f"{unit.unit_id}|*", unit.name, [one for one in inside if isinstance(one, Leaf)],
                 [one for one in inside if isinstance(one, Group)])


def flat(tree: UnitTree, points: Iterable[Point], chosen: frozenset[int], query: str, most: int) -> list[Leaf]:
    """Where there are too many to show: what is chosen, and the first that the search means, each with the unit above it."""
    every, sought = list(points), Sought(query)
    main = mains(every, tree.on)
    found: list[Leaf] = []
    for point in every:
        hit = bool(sought) and sought.within(point.name)
        if point.point_id in chosen or (hit and len(found) < most):
            room = main.get(point.unit_id, point) is not point
            above = point.unit_id if room else tree.get(point.unit_id).parent_id
            found.append(Leaf(point, point.point_id in chosen, above=tree.get(above).name if above in tree else "", room=room))
    return found


def kinds(level: Level, units: Iterable[Unit]) -> str:
    """What the units of a level are called: "xã, phường, thị trấn"; the level's own name where there are many kinds."""
    if language() != SOURCE:
        return _(level.name_en).lower()
    found = [kind for kind, _n in Counter(unit.type for unit in units).most_common()]
    return ", ".join(found) if len(found) <= MANY_KINDS else level.name_vi[:1].lower() + level.name_vi[1:]


def _filter(branches_: Iterable[Leaf | Group], query: str) -> bool:
    """Hides what the search does not mean; hidden boxes stay in the form, so nothing chosen is lost."""
    sought = Sought(query)
    some = False
    for branch in branches_:
        if isinstance(branch, Leaf):
            branch.hidden = not sought.within(branch.point.name, branch.above)
            some |= not branch.hidden
            continue
        meant = bool(sought) and sought.within(branch.name)
        inside = _filter([*branch.leaves, *branch.groups], "" if meant else query)
        branch.hidden = not inside
        branch.open = bool(sought) and inside
        some |= inside
    return some


def apply_groups(
    branches_: Iterable[Leaf | Group], chosen: frozenset[int], ticked: frozenset[str], was: frozenset[str]
) -> frozenset[int]:
    """What is chosen after the group boxes that were changed: newly ticked = all of it, newly unticked = none of it.

    `was` are the groups that stood ticked when the page was made.  Inner groups come after outer ones.  Further rooms are
    ticked by hand alone, and go with their group.
    """
    result = set(chosen)
    for branch in branches_:
        if isinstance(branch, Leaf):
            continue
        if branch.key in ticked - was:
            result |= branch.meant
        elif branch.key in was - ticked:
            result -= {leaf.point.point_id for leaf in branch.all_leaves()}
        result = set(apply_groups(branch.groups, frozenset(result), ticked, was))
    return frozenset(result)


NEARLY = 0.9
"""A group of which at least this share is chosen is meant as a whole, less the points left out."""


def rule_of(branches_: Iterable[Leaf | Group], chosen: frozenset[int], named: Mapping[str, frozenset[int]]) -> Rule:
    """The rule that says what is chosen: whole groups as such, so that units which come later are meant too; the rest, and
    further rooms, by name.

    `named` are the named groups that were picked; one that is not chosen as a whole any more is no part of the rule.
    """
    picked = {key: points for key, points in named.items() if points and points <= chosen}
    rest = chosen - frozenset().union(*picked.values())
    parts: list[tuple[str, str | None]] = []
    removed: set[int] = set()

    def look(items: Iterable[Leaf | Group]) -> None:
        nonlocal rest
        for item in items:
            if isinstance(item, Leaf):
                continue
            ids = item.meant
            left_out = ids - chosen
            if item.key == OUTSIDE or len(ids) < 2 or (left_out and len(ids & chosen) < NEARLY * len(ids)):
                look(item.groups)
                continue
            unit, _bar, level = item.key.partition("|")
            parts.append((unit, level or None))
            removed.update(left_out)
            rest -= ids

    look(branches_)
    return Rule(tuple(parts), tuple(sorted(picked)), rest, frozenset(removed))
