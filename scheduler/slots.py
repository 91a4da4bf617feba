"""Stretches of time: half-open slots and the gaps between them.  Pure; knows neither points nor meetings.

Called by `scheduler.booking` and `scheduler.service`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from meetings.meeting import check_times

CIVIL = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""The zone in which units begin and end: a reform comes at midnight in Ha Noi, not in Greenwich.  No summer time."""


def civil_day(instant: datetime) -> date:
    """The calendar day of an instant where the units are."""
    return instant.astimezone(CIVIL).date()


@dataclass(frozen=True, slots=True)
class Slot:
    """From `start` up to but not including `end`, in UTC: meetings that touch do not collide.

    Raises Invalid("meeting.no_zone") for a time without a zone, Invalid("meeting.end_before_start") for an empty slot.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        check_times(self.start, self.end)
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: Slot) -> bool:
        """Whether the two have an instant in common."""
        return self.start < other.end and other.start < self.end


def working_hours(day: date, opens: time, closes: time, zone: tzinfo) -> Slot:
    """A day's working hours where people are, as a slot in UTC."""
    return Slot(datetime.combine(day, opens, zone), datetime.combine(day, closes, zone))


def gaps(taken: Iterable[Slot], window: Slot, length: timedelta) -> list[Slot]:
    """The stretches of the window that touch no taken slot and last at least `length`, in order."""
    free, reached = [], window.start
    for slot in sorted(taken, key=lambda slot: slot.start):
        if slot.end <= window.start or slot.start >= window.end:
            continue
        if slot.start - reached >= length and slot.start > reached:
            free.append(Slot(reached, slot.start))
        reached = max(reached, slot.end)
    if window.end - reached >= length and window.end > reached:
        free.append(Slot(reached, window.end))
    return free
