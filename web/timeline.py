"""Bookings of a day as bars on a grid of quarter hours.  Pure: places are class names (see css/timeline.css), because
the pages allow no inline style.  Called by the booking page, the day view and a point's page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduler.slots import Slot
from web.when import When

QUARTER = timedelta(minutes=15)
OFFICE = (7, 18)
WHOLE = (0, 24)


@dataclass(frozen=True, slots=True)
class Bar:
    """`place` are the two classes of its ends; `kind` is want, clash, busy, pend (waits for a yes) or live."""

    place: str
    kind: str
    text: str
    title: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """One row: a point and what it has that day."""

    name: str
    code: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The hours a day's picture shows: office hours, or the whole day when something lies outside them."""

    on: date
    first: int
    last: int
    when: When

    @classmethod
    def around(cls, on: date, slots: Iterable[Slot], when: When) -> Grid:
        midnight, _next = when.day_bounds(on)
        opens, closes = (midnight + timedelta(hours=hour) for hour in OFFICE)
        inside = all(slot.start >= opens and slot.end <= closes for slot in slots)
        return cls(on, *(OFFICE if inside else WHOLE), when)

    @property
    def span(self) -> str:
        return "office" if (self.first, self.last) == OFFICE else "whole"

    @property
    def hours(self) -> Sequence[int]:
        return range(self.first, self.last) if self.span == "office" else range(self.first, self.last, 2)

    def place(self, start: datetime, end: datetime) -> str:
        """Classes of the first and last grid line, rounded outwards to quarters and cut at the edges."""
        midnight, _next = self.when.day_bounds(self.on)
        zero = midnight + timedelta(hours=self.first)
        most = (self.last - self.first) * 4
        begin = min(max(0, (start - zero) // QUARTER), most - 1)
        finish = min(max(begin + 1, -((zero - end) // QUARTER)), most)
        return f"f{begin} t{finish}"

    def bar(self, slot: Slot, kind: str, text: str, who: str, link: str | None = None) -> Bar:
        hours = self.when.hours(slot.start, slot.end)
        return Bar(self.place(slot.start, slot.end), kind, text, f"{who}: {hours}" + (f", {text}" if text else ""), link)
