"""When a point may be booked: a week of hours on the wall where the units are, and what of a slot lies outside it.  Pure.

A point without hours may always be booked; a day without hours is closed.  Called by `points`, the sheet and the form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from meetings.errors import Invalid
from scheduler.slots import CIVIL, Slot, gaps

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST: Final = 6  # stretches of one day
_STRETCH: Final = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-4]):([0-5]\d)", re.ASCII)
_DAY: Final = 24 * 60

Stretch = tuple[int, int]  # minutes after midnight, half-open


@dataclass(frozen=True, slots=True)
class Hours:
    """The stretches of each day, Monday first, each day's in order and apart."""

    week: tuple[tuple[Stretch, ...], ...]

    def as_data(self) -> dict[str, list[list[str]]]:
        """As the table keeps it: {"mon": [["07:00", "18:00"]], …}; closed days are left out."""
        return {name: [[_clock(start), _clock(end)] for start, end in day] for name, day in zip(DAYS, self.week, strict=True) if day}

    def shown(self, weekday: int) -> str:
        """07:00–11:30 13:00–17:00; empty for a closed day."""
        return " ".join(f"{_clock(start)}–{_clock(end)}" for start, end in self.week[weekday])

    def covers(self, slot: Slot) -> bool:
        """Whether every moment of the slot may be booked."""
        first = slot.start.astimezone(CIVIL).date()
        days = (slot.end.astimezone(CIVIL).date() - first).days
        open_ = [stretch for ahead in range(days + 1) for stretch in self._on(first + timedelta(days=ahead))]
        return not gaps(open_, slot, timedelta(0))

    def _on(self, day: date) -> list[Slot]:
        midnight = datetime.combine(day, time(0), CIVIL)
        return [Slot(midnight + timedelta(minutes=start), midnight + timedelta(minutes=end)) for start, end in self.week[day.weekday()]]


def outside(hours: Hours | None, slot: Slot) -> str | None:
    """None where the slot may be booked, else the hours of its first day as people read them (empty: closed that day)."""
    if hours is None or hours.covers(slot):
        return None
    return hours.shown(slot.start.astimezone(CIVIL).weekday())


def of_data(data: Mapping[str, Sequence[Sequence[str]]] | None) -> Hours | None:
    """What the table keeps; None = always."""
    return None if data is None else parse([" ".join("-".join(pair) for pair in data.get(name, ())) for name in DAYS])


def parse(week: Sequence[str]) -> Hours | None:
    """Seven texts, Monday first: "07:00-11:30 13:00-17:00", empty = closed; all empty = always.

    Raises Invalid("point.hours", field=mon…sun, value) for a day that cannot be read.
    """
    if not any(text.strip() for text in week):
        return None
    return Hours(tuple(_day(name, text) for name, text in zip(DAYS, week, strict=True)))


def _day(name: str, text: str) -> tuple[Stretch, ...]:
    found = [(int(one[1]) * 60 + int(one[2]), int(one[3]) * 60 + int(one[4])) for one in _STRETCH.finditer(text)]
    rest = _STRETCH.sub("", text).strip(" ,;\t")
    found.sort()
    apart = all(earlier[1] < later[0] for earlier, later in zip(found, found[1:], strict=False))
    if rest.replace(",", "").replace(";", "").strip() or len(found) > _MOST or not apart or not all(0 <= start < end <= _DAY for start, end in found):
        raise Invalid("point.hours", field=name, value=text.strip()[:60])
    return tuple(found)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
