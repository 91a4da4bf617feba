"""What the media server carries, and what meetings ask of it, in packets a second.  Pure.

A meeting costs its points × (50 for each sound + 72 for each picture that is sent to one): the sounds of those who speak at
once, and the picture on the stage.  Meetings at one time add up.  What nobody measured is assumed; an assumption is shown and
refuses nobody, like the door of the relay itself (`media/admission.py`).  Called by `capacity_store` and the booking page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from meetings.errors import Conflict
from scheduler.slots import Slot

PER_SOUND: Final = 50
PER_PICTURE: Final = 72
SOUNDS: Final = 3
PICTURES: Final = 1
ASSUMED: Final = 20_000
"""Packets a second of one core that nobody measured."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What this installation carries, all its workers together, and how many sounds and pictures a point is reckoned with."""

    packets_per_s: int
    measured: bool
    sounds: int = SOUNDS
    pictures: int = PICTURES

    @staticmethod
    def assumed(cores: int) -> Limit:
        return Limit(ASSUMED * max(1, cores), False)

    def cost(self, points: int) -> int:
        """Packets a second of a meeting of so many points."""
        return points * (PER_SOUND * self.sounds + PER_PICTURE * self.pictures)


@dataclass(frozen=True, slots=True)
class Load:
    """A meeting that is booked: when, and for how many points."""

    meeting_id: str
    slot: Slot
    points: int


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The arithmetic of one booking.  `others`: packets a second of the meetings at the busiest moment of its time."""

    limit: Limit
    points: int
    wanted: int
    others: int

    @property
    def fits(self) -> bool:
        return self.wanted + self.others <= self.limit.packets_per_s

    @property
    def near(self) -> bool:
        """Half of it and more: worth a line on the page."""
        return 2 * (self.wanted + self.others) > self.limit.packets_per_s

    def as_params(self) -> dict[str, int | bool]:
        """As the params of an error or of a sentence."""
        return {
            "points": self.points, "sounds": self.limit.sounds, "pictures": self.limit.pictures, "wanted": self.wanted,
            "others": self.others, "limit": self.limit.packets_per_s, "measured": self.limit.measured,
        }

    def check(self) -> None:
        """Raises Conflict("capacity.full", points, sounds, pictures, wanted, others, limit, measured)."""
        if self.limit.measured and not self.fits:
            raise Conflict("capacity.full", **self.as_params())


def reckon(limit: Limit, points: int, slot: Slot, loads: Iterable[Load]) -> Reckoning:
    """What the booking asks, beside what the other meetings ask at the busiest moment within its slot."""
    return Reckoning(limit, points, limit.cost(points), peak(limit, slot, loads))


def peak(limit: Limit, slot: Slot, loads: Iterable[Load]) -> int:
    """The most that the meetings ask at any moment of the slot."""
    touching = [load for load in loads if load.slot.overlaps(slot)]
    # The load only ever rises at the start of the slot or where a meeting begins.
    moments = {slot.start, *(load.slot.start for load in touching if load.slot.start > slot.start)}
    return max(sum(limit.cost(load.points) for load in touching if load.slot.start <= at < load.slot.end) for at in moments)


def full(limit: Limit, points: int, window: Slot, loads: Iterable[Load]) -> list[Slot]:
    """The stretches of the window in which a meeting of so many points would not fit, in order; none where nothing was measured."""
    if not limit.measured:
        return []
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
