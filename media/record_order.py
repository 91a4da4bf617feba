"""Puts the packets of one slot in order before they are recorded, and says which never came.

Pure; ``now`` is in seconds of any monotonic clock.  Every packet waits for ``HOLD``, so that the news of who stands in
the slot, which comes another way, and what its timestamps mean are always there first; one that is missing is waited for
longer.  Bounded: what is too much goes on early, never into more memory.  Called by ``media/record_slot.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from media.rtp import extend

HOLD: Final = 0.45        # seconds a packet waits for the news of its slot and the first report of its times
PATIENCE: Final = 0.7     # seconds a missing packet is waited for; it is asked for all the time
MOST: Final = 1024        # packets held


class Held(NamedTuple):
    """One packet; ``number`` is its extended sequence number."""

    number: int
    arrived: float
    timestamp: int
    marker: bool
    payload_type: int
    payload: bytes


class Hole(NamedTuple):
    """``lost`` packets before ``number`` never came."""

    number: int
    lost: int


class Order:
    """One stream of numbers."""

    def __init__(self) -> None:
        self.next: int | None = None          # extended number that is due; None until the first one went on
        self.late = 0                         # packets that came twice, or after their place was given up
        self._highest: int | None = None
        self._held: dict[int, Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def number(self, seq: int) -> int:
        """The extended number of a 16-bit one, near the newest seen."""
        return seq if self._highest is None else extend(self._highest, seq)

    @property
    def after(self) -> int:
        """The extended number after the newest seen."""
        return 0 if self._highest is None else self._highest + 1

    def push(self, seq: int, arrived: float, timestamp: int, marker: bool, payload_type: int, payload: bytes) -> None:
        """One packet that has come."""
        number = self.number(seq)
        if number in self._held or self.next is not None and number < self.next:
            self.late += 1
            return
        self._highest = number if self._highest is None else max(self._highest, number)
        self._held[number] = Held(number, arrived, timestamp, marker, payload_type, payload)

    def due(self, now: float, hold: float = HOLD) -> Iterator[Held | Hole]:
        """What goes on now, in order."""
        while self._held:
            crowded = len(self._held) > MOST
            packet = self._held.get(min(self._held) if self.next is None else self.next)
            if packet is None:
                number, due = min(self._held), self.next or 0
                if now - self._held[number].arrived < PATIENCE and not crowded:
                    return
                self.next = number
                yield Hole(number, number - due)
                continue
            if now - packet.arrived < hold and not crowded:
                return
            del self._held[packet.number]
            self.next = packet.number + 1
            yield packet
