"""Which worker a room goes to: the least loaded one by measure, and then always the same.  Pure.

Load is in relayed packets a second.  What was placed a moment ago is not in the measure yet, so it counts as a reservation
until the next measures have had time to see it: ten rooms that open in one instant do not all go to the same worker.
Called by ``web/crew.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

SEEN_AFTER: Final = 6.0    # seconds until a measure (of two seconds, taken every two) surely holds what was placed
ROOM_PACKETS: Final = 500  # a second: what a new room counts for until it is measured; about four points that talk


@dataclass(slots=True)
class Reservations:
    """Packets a second that were promised to a worker lately, by worker: (until when, how many)."""

    _held: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    def add(self, worker: int, packets: float, now: float) -> None:
        """Counts for SEEN_AFTER seconds."""
        self._held.setdefault(worker, []).append((now + SEEN_AFTER, packets))

    def of(self, worker: int, now: float) -> float:
        """What is promised and perhaps not measured yet."""
        held = [one for one in self._held.get(worker, ()) if one[0] > now]
        self._held[worker] = held
        return sum(packets for _until, packets in held)

    def forget(self, worker: int) -> None:
        """The worker died with everything it had promised."""
        self._held.pop(worker, None)


class Placement:
    """Homes of rooms.  ``now`` is monotonic seconds."""

    def __init__(self) -> None:
        self.promised = Reservations()   # to peers that were admitted
        self._expected = Reservations()  # of rooms that were just opened
        self._homes: dict[str, int] = {}

    def home(self, room: str) -> int | None:
        """Where the room is, if it is anywhere."""
        return self._homes.get(room)

    def choose(self, room: str, measured: Mapping[int, float], now: float) -> int | None:
        """The room's home, or the least loaded of the workers ``measured`` (packets a second of those that run), which
        becomes its home.  None when none runs."""
        known = self._homes.get(room)
        if known in measured:
            return known
        if not measured:
            return None
        rooms = list(self._homes.values())
        chosen = min(measured, key=lambda one: (
            measured[one] + self.promised.of(one, now) + self._expected.of(one, now), rooms.count(one), one
        ))
        self._homes[room] = chosen
        self._expected.add(chosen, ROOM_PACKETS, now)
        return chosen

    def forget(self, room: str) -> None:
        """Nobody is in the room any more."""
        self._homes.pop(room, None)

    def move_from(self, worker: int) -> list[str]:
        """The rooms of a worker that is gone lose their home and take another one with the next who comes in."""
        moved = [room for room, home in self._homes.items() if home == worker]
        for room in moved:
            del self._homes[room]
        self.promised.forget(worker)
        self._expected.forget(worker)
        return moved

    def rooms(self, worker: int) -> Collection[str]:
        """Rooms at home there."""
        return [room for room, home in self._homes.items() if home == worker]
