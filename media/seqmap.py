"""Continuous sequence numbers and timestamps of one outgoing stream, whatever source fills it.

A receiver must see one stream that never jumps back: over a change of source, over a silenced stretch, over a restart of
the source.  While a source runs, both numbers differ from the source's by constants, so that the fan-out adds two
integers and knows nothing else.  Earlier stretches are remembered to answer a NACK that comes late.

Pure; ``now`` is an argument (monotonic seconds).  Called by ``media/stream.py``.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, NamedTuple, TypeVar

Source = TypeVar("Source")
_REMEMBERED: Final = 8


class Stretch(NamedTuple, Generic[Source]):
    """Outgoing packets from ``first`` on came from ``source``; outgoing = incoming + delta."""

    first: int
    source: Source
    delta: int
    ts_delta: int


class SeqMap(Generic[Source]):
    """``delta`` and ``ts_delta`` are what the fan-out adds; ``base`` is the first incoming number of the stretch."""

    __slots__ = ("delta", "ts_delta", "base", "_next", "_last_ts", "_last_at", "_stretches")

    def __init__(self, first_seq: int, first_ts: int) -> None:
        """``first_seq`` must be below 2^15: above, a loss after the wrap makes the SRTP roll-over counter ambiguous."""
        self.delta = self.ts_delta = self.base = 0
        self._next, self._last_ts, self._last_at = first_seq, first_ts, -1.0
        self._stretches: deque[Stretch[Source]] = deque(maxlen=_REMEMBERED)

    @property
    def first(self) -> int:
        """The first outgoing number of the newest stretch."""
        return self.base + self.delta

    @property
    def last(self) -> int:
        """The newest outgoing number of the stretches that ended."""
        return self._next - 1

    def begin(self, source: Source, ext: int, timestamp: int, now: float, clock: int, same: bool) -> None:
        """The next outgoing packet is incoming ``ext`` of ``source``.

        ``same`` source as before: its own timestamps go on (time passed while it was silent).  Another one: the time
        that passed here is added, at ``clock`` ticks a second.
        """
        self.base = ext
        self.delta = self._next - ext
        if not same:
            passed = max(1, round((now - self._last_at) * clock)) if self._last_at >= 0 else 0
            self.ts_delta = (self._last_ts + passed - timestamp) & 0xFFFFFFFF
        self._stretches.append(Stretch(self._next, source, self.delta, self.ts_delta))

    def end(self, ext: int, timestamp: int, at: float) -> None:
        """The stretch is over; its newest packet was incoming ``ext`` with ``timestamp``, seen at ``at``."""
        if ext < self.base:
            return  # nothing was sent of it
        self._next = ext + self.delta + 1
        self._last_ts = (timestamp + self.ts_delta) & 0xFFFFFFFF
        self._last_at = at

    def find(self, seq: int, newest: int) -> tuple[Stretch[Source], int] | None:
        """The stretch and incoming number behind outgoing ``seq`` (16 bit), not newer than outgoing ``newest``."""
        out = newest - ((newest - seq) & 0xFFFF)
        for stretch in reversed(self._stretches):
            if out >= stretch.first:
                return stretch, out - stretch.delta
        return None
