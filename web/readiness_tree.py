"""How the lines of a province stand, folded by the tree and on a map: what the wall draws of the rows it is given.  Reads nothing.

A unit with others below it is a fold that counts what is in it; who has trouble comes first and stands open.  On the map each
point has its mark where its unit lies; whoever has no place there is counted, and stands in the tree beside it as all do.
Called by web/routes/readiness.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduler.readiness import RANK, Verdict
from web import point_map
from web.point_map import Place, PointMap
from web.readiness import Row, counts

MANY_ROWS = 40  # units of one level beside others: a fold of their own
OPEN_ROWS = 40  # so few points need no folding


@dataclass(frozen=True, slots=True)
class Fold:
    """A unit with the points under it, or many of one level; `counted` has every verdict."""

    name: str
    rows: tuple[Row, ...]
    folds: tuple[Fold, ...]
    counted: Mapping[str, int]
    open: bool

    @property
    def total(self) -> int:
        return sum(self.counted.values())

    @property
    def bar(self) -> list[tuple[str, int, int]]:
        """(verdict, from, how many), the worst first: one bar of all points."""
        parts, begin = [], 0
        for verdict, count in self.counted.items():
            parts.append((verdict, begin, count))
            begin += count
        return parts

    @property
    def rank(self) -> tuple[int, int, str]:
        """The worst point decides, then how many are as bad as it."""
        worst = next((verdict for verdict in Verdict if self.counted[verdict.value]), Verdict.READY)
        return RANK[worst], -self.counted[worst.value], self.name


def folded(found: Sequence[Row], levels: Mapping[str, str]) -> Fold:
    """All rows under one nameless fold.  `levels`: what a level is called, by its id."""
    heads = {unit.unit_id for row in found for unit in row.chain[:-1]}
    rows: dict[str, list[Row]] = {}
    names: dict[str, str] = {"": ""}
    below: dict[str, list[str]] = {}
    for row in found:
        chain = row.chain if row.chain and row.chain[-1].unit_id in heads else row.chain[:-1]
        above = ""
        for unit in chain:
            if unit.unit_id not in names:
                names[unit.unit_id] = unit.name
                below.setdefault(above, []).append(unit.unit_id)
            above = unit.unit_id
        rows.setdefault(above, []).append(row)
    return _fold("", names, below, rows, levels, few=len(found) <= OPEN_ROWS)


def _fold(
    unit_id: str, names: Mapping[str, str], below: Mapping[str, list[str]], rows: Mapping[str, list[Row]], levels: Mapping[str, str],
    *, few: bool,
) -> Fold:
    inner = [_fold(child, names, below, rows, levels, few=few) for child in below.get(unit_id, ())]
    own = rows.get(unit_id, [])
    if unit_id and not own and len(inner) == 1:
        return inner[0]  # a step of the tree at which nothing divides
    sizes = Counter(row.chain[-1].level for row in own if row.chain)
    for level, size in sizes.items():
        if size > MANY_ROWS and (inner or len(sizes) > 1):
            inner.append(_made(levels.get(level, level), [row for row in own if row.chain and row.chain[-1].level == level], [], few))
            own = [row for row in own if not row.chain or row.chain[-1].level != level]
    return _made(names[unit_id], own, inner, few)


def _made(name: str, rows: Sequence[Row], folds: Sequence[Fold], few: bool) -> Fold:
    counted = Counter(counts(rows))
    for one in folds:
        counted.update(one.counted)
    ordered = {verdict.value: counted[verdict.value] for verdict in Verdict}
    return Fold(name, tuple(sorted(rows, key=lambda row: row.rank)), tuple(sorted(folds, key=lambda fold: fold.rank)), ordered,
                few or ordered[Verdict.FAILED.value] > 0)


@dataclass(frozen=True, slots=True)
class Sketch:
    """The map: `marks` by their rows' keys, names of units that have others below them, and how many points have no place."""

    frame: PointMap
    marks: Mapping[str, Place]
    names: Mapping[str, Place]
    placeless: int


def sketch(found: Sequence[Row]) -> Sketch:
    known = {row.key: (unit.lat, unit.lon) for row in found for unit in row.chain[-1:] if unit.lat is not None and unit.lon is not None}
    frame = point_map.fitted(known)
    heads = {unit.unit_id: unit for row in found for unit in row.chain[1:-1]}
    names = {unit.name: (unit.lat, unit.lon) for unit in heads.values() if unit.lat is not None and unit.lon is not None}
    return Sketch(frame, frame.places, point_map.written(frame, names), len(found) - len(known))
