"""What becomes of the dates of a series when its rule, its days or its hour change.

Of another rule the day decides, then the order: a date whose day is still one of the rule stays on it; between two that stay, the
first of the others takes the first day that is new, the second the second.  Who finds none is cancelled, and what nobody took is
a new date.  Of another day or hour every date goes along in its order.  A date that is left out goes like the others and stays
left out.  Pure.  Called by `series_store` and by the page that changes a rule.
"""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from scheduler.series import Occurrence, Series
from scheduler.slots import Slot


@dataclass(frozen=True, slots=True)
class Repeat:
    """The rule from now on; `start` is its first date on the wall.

    `leave_out`: names of dates by this rule; None: what was left out stays so, wherever its date goes.  `reason` is told of the
    dates that are cancelled.
    """

    rule: str
    start: datetime
    length: timedelta
    reason: str
    leave_out: frozenset[datetime] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A series as it is to be; `goes`: from the name that a date had to the one it has then, of all that have one."""

    was: Series
    series: Series
    goes: Mapping[datetime, datetime]
    _slots: Mapping[datetime, Slot] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_slots", {one.key: one.slot for one in self.series.occurrences()})

    def slot(self, key: datetime) -> Slot | None:
        """When the date of this old name takes place by the rule; None: it is cancelled."""
        return self._slots.get(self.goes[key]) if key in self.goes else None

    def fresh(self, held: Collection[datetime]) -> list[Occurrence]:
        """Dates that none of those with these old names takes."""
        taken = {self.goes[key] for key in held if key in self.goes}
        return [Occurrence(key, slot) for key, slot in self._slots.items() if key not in taken]


def stay(series: Series) -> Turn:
    """As it is."""
    return Turn(series, series, {key: key for key in series.keys()})


def moved(series: Series, clock: time, length: timedelta, was: date, to: date) -> Turn:
    """At another hour and for another length; where `was` and `to` differ, what is on the one day goes to the other.

    Raises Invalid("series.other_day") as `Series.on_day`, and as `Series` does.
    """
    wanted = series.at_hour(clock, length)
    if was != to:
        wanted = wanted.on_day(was, to)
    return Turn(series, wanted, dict(zip(series.keys(), wanted.keys(), strict=True)))


def anew(series: Series, repeat: Repeat) -> Turn:
    """By another rule.  Raises as `Series` does."""
    bare = Series(repeat.rule, repeat.start, series.zone, repeat.length)
    given = bare.keys()
    goes = follow(series.keys(), given)
    kept = {goes[key] for key in series.excluded if key in goes} if repeat.leave_out is None else repeat.leave_out & set(given)
    return Turn(series, Series(bare.rule, bare.start, bare.zone, bare.length, frozenset(kept)), goes)


def follow(old: Sequence[datetime], new: Sequence[datetime]) -> dict[datetime, datetime]:
    """Where each of the old dates goes among the new ones, both in order and no two of a day; the order is kept."""
    by_day = {key.date(): key for key in new}
    goes = {key: by_day[key.date()] for key in old if key.date() in by_day}
    stays = sorted(key.date() for key in goes)

    def between(keys: Sequence[datetime]) -> dict[int, list[datetime]]:
        found: dict[int, list[datetime]] = defaultdict(list)
        for key in keys:
            place = bisect(stays, key.date())
            if not place or stays[place - 1] != key.date():
                found[place].append(key)
        return found

    free = between(new)
    for place, keys in between(old).items():
        goes |= dict(zip(keys, free.get(place, ()), strict=False))
    return goes
