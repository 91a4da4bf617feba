"""What was sent under each transport-wide number: when, and how much.

One row of numbers for the whole worker: a packet has the same number for everybody who receives it, and numbers that a
receiver never got are not looked at (draft-holmer-rmcat-transport-wide-cc-extensions-01).  Pure; bounded by its size.
Written by ``media/fanout.py``, read by ``media/reports.py``.
"""

from __future__ import annotations

from array import array
from typing import Final

from media.limits import HISTORY

_CYCLE: Final = 1 << 16


class History:
    """The last ``size`` numbers (at most 2^15, a power of two)."""

    __slots__ = ("_times", "_octets", "_mask", "_next")

    def __init__(self, size: int = HISTORY) -> None:
        self._mask, self._next = size - 1, 0
        self._times, self._octets = array("d", bytes(8 * size)), array("L", bytes(8 * size))

    def note(self, now: float, octets: int) -> int:
        """A packet of ``octets``, as its line sees them (payload and ``limits.OVERHEAD``), leaves at ``now`` (monotonic seconds); returns its number (16 bit)."""
        number, at = self._next & _CYCLE - 1, self._next & self._mask
        self._times[at], self._octets[at] = now, octets
        self._next += 1
        return number

    def sent(self, number: int) -> tuple[float, int] | None:
        """(time sent, octets) of the newest packet with this 16-bit number; None when it is too old or never was."""
        back = (self._next - 1 - number) & _CYCLE - 1
        if back > self._mask or back >= self._next:
            return None
        at = number & self._mask
        return self._times[at], self._octets[at]
