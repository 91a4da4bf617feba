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
_HALF: Final = 1 << 31
_FARTHEST: Final = 3600  # seconds a report may move times forward before it is not believed


class Stretch(NamedTuple, Generic[Source]):
    """Outgoing packets from ``first`` on came from ``source``; outgoing = incoming + delta."""

    first: int
    source: Source
    delta: int
    ts_delta: int
    picture_deltas: tuple[int, int] = (0, 0)  # of VP8 picture id and TL0PICIDX


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

    def begin(
        self, source: Source, ext: int, timestamp: int, now: float, clock: int, expected: int | None,
        picture_deltas: tuple[int, int] = (0, 0),
    ) -> Stretch[Source]:
        """The next outgoing packet is incoming ``ext`` of ``source``.

        ``expected`` is the timestamp it should leave with, when source and predecessor share a clock.  Otherwise (None) the
        time that passed here is added, at ``clock`` ticks a second.  Times never go back.
        """
        self.base = ext
        self.delta = self._next - ext
        ahead = (expected - self._last_ts + _HALF) % (2 * _HALF) - _HALF if expected is not None else 0
        if self._last_at < 0:
            out = self._last_ts if expected is None else expected
        elif expected is not None and 0 < ahead < _FARTHEST * clock:
            out = expected
        elif expected is not None and -clock < ahead <= 0:
            out = self._last_ts + max(1, clock // 1000)  # the same instant, shown already
        else:
            out = self._last_ts + max(1, round((now - self._last_at) * clock))
        self.ts_delta = (out - timestamp) & 0xFFFFFFFF
        self._stretches.append(Stretch(self._next, source, self.delta, self.ts_delta, picture_deltas))
        return self._stretches[-1]

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
