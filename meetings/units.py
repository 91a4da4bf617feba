"""Administrative units: levels as data, units versioned in time, their tree on one day and their successors.

Pure.  It never reads a clock, a file or a database and never knows a country's levels by name: whoever calls says which
day is meant and hands in the rows.  Called by `meetings.store.unit_store` (which loads them), the importer, the
scheduler (audiences) and every page that shows a unit.

A unit is known by a surrogate id.  The Statistics Office's codes are attributes, not keys: since 2025-07-01 more than
half of the communes bear a code that belonged to another commune (code 06979 was Xã Đạp Thanh, now it is Xã Kỳ Thượng).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from meetings.errors import NotFound


@dataclass(frozen=True, slots=True)
class Level:
    """A level of government.  `rank` grows downwards; `retired_on` is the first day without it (None = in use).

    `code_digits` is the length of its Statistics Office codes (province 2, district 3, commune 5, zeros kept);
    None means that the level has no such codes (bodies of a province bear codes of our own).
    """

    level_id: str
    rank: int
    name_vi: str
    name_en: str
    retired_on: date | None = None
    code_digits: int | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """One version of a unit, true from `valid_from` up to but not including `valid_to` (None = still true).

    `parent_id` names the unit above by its surrogate; `source` and `as_of` say who says so and as of when, because
    the published lists disagree.  `lat`/`lon` are degrees of a centre point, both or neither.
    """

    unit_id: str
    name: str
    type: str
    level: str
    parent_id: str | None
    gso_code: str
    organ_id: str | None
    valid_from: date
    valid_to: date | None
    lat: float | None
    lon: float | None
    source: str
    as_of: str
    illustrative: bool = False

    def valid(self, on: date) -> bool:
        """Whether this version is the true one on that day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


@dataclass(frozen=True, slots=True)
class Succession:
    """From `on`, the area of `from_id` is `to_id`'s: its `whole`, a `part`, or `unknown` (then `to_id` is None)."""

    from_id: str
    to_id: str | None
    share: str
    on: date


@dataclass(frozen=True, slots=True)
class Heir:
    """A unit that holds the `whole` or a `part` of another's area on some day; `unknown` where no list says."""

    unit_id: str | None
    share: str


def fold(text: str) -> str:
    """Lower case without accents, đ as d, single blanks: what a search compares."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).split())


class Sought:
    """The words of a search, whatever the accents; of a longer one only the first.  Nothing sought is in every text."""

    MOST = 200  # characters, and a tenth as many words

    def __init__(self, query: str) -> None:
        self._words = fold(query[:self.MOST]).split()[:self.MOST // 10]

    def __bool__(self) -> bool:
        return bool(self._words)

    def within(self, *texts: str) -> bool:
        """Whether every word stands in one of the texts."""
        if not self._words:
            return True
        folded = fold(" ".join(texts))
        return all(word in folded for word in self._words)


class UnitTree:
    """The units true on one day.  A unit whose parent is not among them counts as a root."""

    def __init__(self, units: Iterable[Unit], on: date) -> None:
        self.on = on
        self._units = {unit.unit_id: unit for unit in units if unit.valid(on)}
        self._children: dict[str | None, list[Unit]] = {}
        for unit in sorted(self._units.values(), key=lambda unit: (unit.gso_code, unit.name)):
            above = unit.parent_id if unit.parent_id in self._units else None
            self._children.setdefault(above, []).append(unit)
        self._folded: dict[str, str] | None = None

    def __len__(self) -> int:
        return len(self._units)

    def __iter__(self) -> Iterator[Unit]:
        """All units, every parent before its children."""
        for root in self.roots():
            yield from self.subtree(root.unit_id)

    def __contains__(self, unit_id: object) -> bool:
        return unit_id in self._units

    def get(self, unit_id: str) -> Unit:
        """Raises: NotFound("unit.unknown") for an id that is no unit on this day."""
        try:
            return self._units[unit_id]
        except KeyError:
            raise NotFound("unit.unknown", unit=unit_id) from None

    def path(self, unit_id: str) -> tuple[str, ...]:
        """Ids from the root down to the unit itself."""
        steps = [self.get(unit_id)]
        while (above := steps[-1].parent_id) in self._units and above not in {step.unit_id for step in steps}:
            steps.append(self._units[above])  # the second condition ends a ring that a broken import might have left
        return tuple(step.unit_id for step in reversed(steps))

    def children(self, unit_id: str) -> list[Unit]:
        """Direct children, by code."""
        return list(self._children.get(self.get(unit_id).unit_id, ()))

    def roots(self) -> list[Unit]:
        """Units without a parent on this day, by code."""
        return list(self._children.get(None, ()))

    def subtree(self, unit_id: str, level: str | None = None) -> list[Unit]:
        """The unit and everything below it, parents first; only the units of `level` where one is named."""
        found, open_ = [], [self.get(unit_id)]
        while open_:
            unit = open_.pop()
            found.append(unit)
            open_.extend(reversed(self._children.get(unit.unit_id, ())))
        return found if level is None else [unit for unit in found if unit.level == level]

    def within(self, unit_id: str, ancestor: str) -> bool:
        """Whether the unit is the ancestor itself or lies below it."""
        return ancestor in self.path(unit_id)

    def search(self, text: str) -> list[Unit]:
        """Units whose name or code contains every word, whatever the accents; names that begin with the text first."""
        if self._folded is None:
            self._folded = {unit.unit_id: f"{fold(unit.name)} {fold(unit.gso_code)}" for unit in self._units.values()}
        wanted = fold(text)
        words = wanted.split()
        if not words:
            return []
        hits = [key for key, folded in self._folded.items() if all(word in folded for word in words)]
        return sorted((self._units[key] for key in hits), key=lambda unit: self._rank_hit(unit, wanted))

    def by_code(self, code: str) -> Unit | None:
        """The unit that bears this code on this day."""
        return next((unit for unit in self._units.values() if unit.gso_code == code), None)

    def _rank_hit(self, unit: Unit, wanted: str) -> tuple[bool, bool, str, str]:
        folded = self._folded[unit.unit_id] if self._folded else ""
        bare = folded.removeprefix(fold(unit.type)).strip()
        return not bare.startswith(wanted), wanted not in folded, folded, unit.gso_code


class Lineage:
    """Who came after whom.  Follows the chain of successions, through as many reforms as lie before the day asked."""

    def __init__(self, successions: Iterable[Succession]) -> None:
        self._after: dict[str, list[Succession]] = {}
        self._before: dict[str, list[Succession]] = {}
        for step in successions:
            self._after.setdefault(step.from_id, []).append(step)
            if step.to_id is not None:
                self._before.setdefault(step.to_id, []).append(step)

    def successors(self, unit_id: str, on: date) -> list[Heir]:
        """The units that hold the unit's area on `on`; itself, whole, while nothing has succeeded it.

        The share is `whole` only if every step of the chain is; an heir reached by several ways is named once.
        """
        return self._follow(unit_id, on, "whole", frozenset())

    def predecessors(self, unit_id: str) -> list[Succession]:
        """The direct steps that led to the unit, for a page that says out of what it was made."""
        return list(self._before.get(unit_id, ()))

    def _follow(self, unit_id: str, on: date, share: str, seen: frozenset[str]) -> list[Heir]:
        steps = [step for step in self._after.get(unit_id, ()) if step.on <= on]
        if not steps or unit_id in seen:
            return [Heir(unit_id, share)]
        heirs: dict[str | None, Heir] = {}
        for step in steps:
            if step.to_id is None:
                heirs.setdefault(None, Heir(None, "unknown"))
                continue
            onward = share if step.share == "whole" else "part"
            for heir in self._follow(step.to_id, on, onward, seen | {unit_id}):
                heirs.setdefault(heir.unit_id, heir)
        return list(heirs.values())
