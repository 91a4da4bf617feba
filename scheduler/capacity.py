"""What the media server carries, and what meetings ask of it, in packets a second.  Pure.

A meeting costs its points × (50 for each sound + 72 for each picture that reaches one).  One of each is reckoned: whoever has
the floor is seen and heard, the others are silent, and silence is not sent (decision 0022).  Meetings at one time add up.
What nobody measured is assumed, and refuses like what was measured.  Called by `capacity_store` and the booking page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from meetings.errors import Conflict
from scheduler.slots import Slot

PER_SOUND: Final = 50
PER_PICTURE: Final = 72
SOUNDS: Final = 1
PICTURES: Final = 1
MOST_SOUNDS: Final = 4  # that the relay gives one receiver
MOST_PICTURES: Final = 5  # that a page shows
ASSUMED: Final = 20_000
"""Packets a second of one core that nobody measured."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What this installation carries, all its workers together, and how many sounds and pictures a point is reckoned with.

    `declared`: an administrator said the number, whatever was measured.
    """

    packets_per_s: int
    measured: bool
    sounds: int = SOUNDS
    pictures: int = PICTURES
    declared: bool = False

    @staticmethod
    def assumed(cores: int) -> Limit:
        return Limit(ASSUMED * max(1, cores), False)

    def cost(self, points: int) -> int:
        """Packets a second of a meeting of so many points."""
        return points * self.per_point

    @property
    def per_point(self) -> int:
        return PER_SOUND * self.sounds + PER_PICTURE * self.pictures


@dataclass(frozen=True, slots=True)
class Load:
    """A meeting that is booked: when, and for how many points."""

    meeting_id: str
    slot: Slot
    points: int


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The arithmetic of one booking.  `beside`: the meetings at the busiest moment of its time."""

    limit: Limit
    points: int
    beside: tuple[Load, ...] = ()

    @property
    def wanted(self) -> int:
        """Packets a second."""
        return self.limit.cost(self.points)

    @property
    def others(self) -> int:
        """Packets a second of the meetings beside it."""
        return sum(self.limit.cost(load.points) for load in self.beside)

    @property
    def fits(self) -> bool:
        return self.wanted + self.others <= self.limit.packets_per_s

    @property
    def near(self) -> bool:
        """Half of it and more: worth a line on the page."""
        return 2 * (self.wanted + self.others) > self.limit.packets_per_s

    @property
    def room(self) -> int:
        """How many points there is room for."""
        return max(0, self.limit.packets_per_s - self.others) // self.limit.per_point

    def as_params(self) -> dict[str, Any]:
        """As the params of an error or of a sentence."""
        return {
            "points": self.points, "sounds": self.limit.sounds, "pictures": self.limit.pictures, "wanted": self.wanted,
            "others": self.others, "limit": self.limit.packets_per_s, "measured": self.limit.measured,
            "declared": self.limit.declared, "room": self.room,
            "meetings": [{"start": load.slot.start, "end": load.slot.end, "points": load.points} for load in self.beside],
        }

    def check(self) -> None:
        """Raises Conflict("capacity.full", points, sounds, pictures, wanted, others, limit, measured, declared, room, meetings)."""
        if not self.fits:
            raise Conflict("capacity.full", **self.as_params())


def reckon(limit: Limit, points: int, slot: Slot, loads: Iterable[Load]) -> Reckoning:
    """What the booking asks, beside what the other meetings ask at the busiest moment within its slot."""
    return Reckoning(limit, points, busiest(slot, loads))


def busiest(slot: Slot, loads: Iterable[Load]) -> tuple[Load, ...]:
    """The meetings at the moment of the slot in which they have the most points together, the earliest such moment."""
    touching = [load for load in loads if load.slot.overlaps(slot)]
    # The load only ever rises at the start of the slot or where a meeting begins.
    moments = sorted({slot.start, *(load.slot.start for load in touching if load.slot.start > slot.start)})
    at_once = [tuple(load for load in touching if load.slot.start <= at < load.slot.end) for at in moments]
    return max(at_once, key=lambda found: sum(load.points for load in found))


def full(limit: Limit, points: int, window: Slot, loads: Iterable[Load]) -> list[Slot]:
    """The stretches of the window in which a meeting of so many points would not fit, in order."""
    changes = {window.start: 0, window.end: 0}  # how the load changes at each moment of the window
    for load in loads:
        if load.slot.overlaps(window):
            start, end = max(load.slot.start, window.start), min(load.slot.end, window.end)
            changes[start] = changes.get(start, 0) + limit.cost(load.points)
            changes[end] = changes.get(end, 0) - limit.cost(load.points)
    edges = sorted(changes)
    sums = accumulate(changes[edge] for edge in edges)
    return [Slot(start, end) for start, end, others in zip(edges, edges[1:], sums, strict=False)
            if limit.cost(points) + others > limit.packets_per_s]
