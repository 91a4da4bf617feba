"""Meetings and bookings as blocks on a grid of hours, days as columns or rows.  Pure: it is given what is shown.

Places are class names (css/timeline.css), because the pages allow no inline style.  Called by `calendar_view`; it decides nothing
about who may see or move what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache

from scheduler.booking import Point
from scheduler.slots import Slot
from web.timeline import OFFICE, WHOLE, Grid
from web.when import When

DAYS = 7
QUARTERS = 96  # of the longest day a grid shows
MANY_ROWS = 40  # small units of one kind that make a fold of their own
MOST_SIDE = 6  # meetings at one time that are drawn beside each other


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar; `holiday` is its name, `off` that offices are closed."""

    on: date
    holiday: str
    off: bool
    today: bool


@dataclass(frozen=True, slots=True)
class Span:
    """The days a page shows and the hours of each: those of the office, or all where something lies outside them."""

    days: tuple[Day, ...]
    grids: tuple[Grid, ...]

    @classmethod
    def of(cls, days: Sequence[Day], slots: Iterable[Slot], when: When) -> Span:
        first, last = OFFICE
        opens = [when.day_bounds(day.on)[0] + timedelta(hours=first) for day in days]
        closes = [when.day_bounds(day.on)[0] + timedelta(hours=last) for day in days]
        begin, end = when.day_bounds(days[0].on)[0], when.day_bounds(days[-1].on)[1]
        inside = all(any(opening <= max(slot.start, begin) and min(slot.end, end) <= closing
                         for opening, closing in zip(opens, closes, strict=True)) for slot in set(slots))
        hours = OFFICE if inside else WHOLE
        return cls(tuple(days), tuple(Grid(day.on, *hours, when) for day in days))

    @property
    def hours(self) -> str:
        return self.grids[0].span

    @property
    def first(self) -> int:
        return self.grids[0].first

    @property
    def last(self) -> int:
        return self.grids[0].last

    def pieces(self, slot: Slot) -> list[tuple[int, str]]:
        """(day from 0, classes of its place) for each day of the span that the slot touches."""
        found = []
        for number, grid in enumerate(self.grids):
            begin, end = grid.when.day_bounds(grid.on)
            if slot.start < end and slot.end > begin:
                found.append((number, grid.place(slot.start, slot.end)))
        return found


@dataclass(slots=True)
class Mark:
    """One bar of a lane.  `ref` is the number of its entry in the list below the lanes."""

    place: str
    kind: str
    ref: int
    text: str = ""
    movable: bool = False

    @property
    def classes(self) -> str:
        return f"cb {self.kind} {self.place}{' mv' if self.movable else ''}"


@dataclass(slots=True)
class Row:
    """A point and what it has, day by day."""

    name: str
    code: str
    days: dict[int, list[Mark]] = field(default_factory=dict)


@dataclass(slots=True)
class Fold:
    """A unit with its points; folded it is one lane that shows when how many of them are taken."""

    name: str
    rows: list[Row] = field(default_factory=list)
    folds: list[Fold] = field(default_factory=list)
    total: int = 0
    busy: int = 0
    sums: dict[int, list[Mark]] = field(default_factory=dict)
    open: bool = False


@dataclass(frozen=True, slots=True)
class Under:
    """A unit as the folds need it: `kind` is what its level is called."""

    unit_id: str
    name: str
    kind: str


def folds(points: Mapping[str, Sequence[Point]], children: Mapping[str, Sequence[Under]], unit: Under, rows: Mapping[int, Row]) -> Fold:
    """The unit with its own points, those of units that have none below them, and a fold for each other.

    `points`: unit → its points; `children`: unit → those right below it.  Many small units become a fold by their level.
    """
    found = Fold(unit.name, _own(points, unit, rows))
    small: dict[str, list[Row]] = {}
    for child in children.get(unit.unit_id, ()):
        if children.get(child.unit_id):
            inner = folds(points, children, child, rows)
            found.folds += [inner] if inner.total else []
        else:
            small.setdefault(child.kind, []).extend(_own(points, child, rows))
    for kind, inside in small.items():
        if len(inside) > MANY_ROWS and (found.folds or len(small) > 1):
            found.folds.insert(0, Fold(kind, inside))
            _sum(found.folds[0])
        else:
            found.rows += inside
    _sum(found)
    return found


def _own(points: Mapping[str, Sequence[Point]], unit: Under, rows: Mapping[int, Row]) -> list[Row]:
    return [rows[point.point_id] for point in points.get(unit.unit_id, ()) if point.point_id in rows]


def _sum(fold: Fold) -> None:
    """How many points are taken in each quarter, drawn as one bar as long as something is; apart, where points only wait for a yes."""
    inside = [*fold.rows, *(row for inner in fold.folds for row in _all(inner))]
    fold.total, fold.busy = len(inside), sum(bool(row.days) for row in inside)
    days: dict[int, tuple[list[int], list[int]]] = {}
    for number, row in enumerate(inside):
        for day, marks in row.days.items():
            taken, waits = days.setdefault(day, ([0] * QUARTERS, [0] * QUARTERS))
            for mark in marks:
                quarters = waits if mark.kind == "pend" else taken
                for quarter in range(*_ends(mark.place)):
                    quarters[quarter] |= 1 << number  # a set of points as one number: a province has thousands of bars
    fold.sums = {day: _sums(taken, waits) for day, (taken, waits) in days.items()}


def _sums(taken: Sequence[int], waits: Sequence[int]) -> list[Mark]:
    """What is taken, and between it what only waits."""
    only = [0 if held else waiting.bit_count() for held, waiting in zip(taken, waits, strict=True)]
    return [*_bars([held.bit_count() for held in taken], "sum"), *_bars(only, "sum pend")]


@lru_cache(maxsize=QUARTERS * QUARTERS)
def _ends(place: str) -> tuple[int, int]:
    """"f8 t16" → the quarters 8 up to 16."""
    begin, end = place.split()
    return int(begin[1:]), int(end[1:])


def _all(fold: Fold) -> list[Row]:
    return [*fold.rows, *(row for inner in fold.folds for row in _all(inner))]


def _bars(counts: Sequence[int], kind: str) -> list[Mark]:
    """One bar for each stretch of quarters in which something is, with the most that are taken at once."""
    found: list[Mark] = []
    begin = 0
    for end in range(1, len(counts) + 1):
        if end == len(counts) or not counts[end] or not counts[begin]:
            if counts[begin]:
                most = max(counts[begin:end])
                found.append(Mark(f"f{begin} t{end}", kind, most, str(most)))
            begin = end
    return found


@dataclass(frozen=True, slots=True)
class Block:
    """A meeting on somebody's own calendar, in one day.  `side` of `sides`: where several are at one time."""

    place: str
    side: int
    meeting_id: str
    title: str
    hours: str
    about: str
    kind: str
    word: str
    icon: str
    start: str
    end: str
    movable: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class DayLane:
    """One day of the week with its blocks; `sides` lanes are needed."""

    day: Day
    blocks: tuple[Block, ...]
    sides: int


def sides(slots: Sequence[tuple[datetime, datetime]]) -> list[int]:
    """For each slot, by time, the first lane that is free: no two in one lane meet."""
    free: list[datetime] = []
    found = []
    for start, end in slots:
        place = next((number for number, until in enumerate(free) if until <= start), len(free))
        if place == len(free):
            free.append(end)
        else:
            free[place] = end
        found.append(min(place, MOST_SIDE - 1))
    return found


def week_of(on: date) -> date:
    """The Monday of its week."""
    return on - timedelta(days=on.weekday())


def month_days(on: date) -> list[date]:
    """The weeks that touch the month of `on`, Monday first."""
    first = week_of(on.replace(day=1))
    following = (on.replace(day=28) + timedelta(days=4)).replace(day=1)
    weeks = (following - first + timedelta(days=6)).days // 7
    return [first + timedelta(days=n) for n in range(weeks * 7)]


def month_after(on: date, by: int) -> date:
    """The first of the month so many months on."""
    months = on.year * 12 + on.month - 1 + by
    return date(months // 12, months % 12 + 1, 1)
