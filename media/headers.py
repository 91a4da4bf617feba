"""RTP headers of many receivers at once: one packet's, each with that receiver's own numbers.

Adding two numbers for each of hundreds of receivers is a loop of several hundred interpreted steps, and those are most of
what a relay in Python costs.  Here the numbers of all receivers lie side by side in one large integer, so that one addition
serves them all.  Pure; knows nothing of sockets and keys.  Called by ``media/fanout.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

WORDS: Final = 3  # an RTP header without CSRC and extension, in 32-bit words (RFC 3550 section 5.1)
_VERSION: Final = 0x8000


class Numbers(NamedTuple):
    """What one receiver's packets differ by from the source's.  Deltas are added modulo 2^16 and 2^32."""

    payload_type: int
    delta: int
    ts_delta: int
    ssrc: int


class Headers:
    """The numbers of ``count`` receivers, in their order."""

    __slots__ = ("count", "_ones", "_low", "_heads", "_deltas", "_wide_ones", "_wide_low", "_ts_deltas", "_ssrcs")

    def __init__(self, receivers: Iterable[Numbers]) -> None:
        numbers = list(receivers)
        self.count = len(numbers)
        self._ones = _lanes([1] * self.count, 4)
        self._low = self._ones * 0xFFFF
        self._heads = _lanes([(_VERSION | one.payload_type) << 16 for one in numbers], 4)
        self._deltas = _lanes([one.delta & 0xFFFF for one in numbers], 4)
        # A timestamp fills its 32 bits: lanes twice as wide take up what an addition carries.
        self._wide_ones = _lanes([1] * self.count, 8)
        self._wide_low = self._wide_ones * 0xFFFFFFFF
        self._ts_deltas = _lanes([one.ts_delta & 0xFFFFFFFF for one in numbers], 8)
        self._ssrcs = memoryview(b"".join([one.ssrc.to_bytes(4, "big") for one in numbers])).cast("I")

    def words(self, ext: int, timestamp: int, marker: int) -> tuple[memoryview, memoryview, memoryview]:
        """The first, second and third word of every receiver's header, ready to be copied as they are.

        ``ext`` is the source's (extended) sequence number, ``marker`` 0 or 0x80: its place in the second byte.
        """
        numbers = self._deltas + (ext & 0xFFFF) * self._ones & self._low
        first = numbers + self._heads + (marker << 16) * self._ones
        times = self._ts_deltas + (timestamp & 0xFFFFFFFF) * self._wide_ones & self._wide_low
        return (memoryview(first.to_bytes(4 * self.count, "big")).cast("I"),
                memoryview(times.to_bytes(8 * self.count, "big")).cast("I")[1::2], self._ssrcs)


def _lanes(values: list[int], width: int) -> int:
    """``values`` side by side, ``width`` bytes each, the first one most significant."""
    return int.from_bytes(b"".join([value.to_bytes(width, "big") for value in values]), "big")
