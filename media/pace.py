"""Spreads packets sent again, so that a burst of them never fills a weak line's queue.

Media itself is not paced: it leaves as it comes.  Pure: ``now`` is an argument; never holds a packet, it only says whether
one may go now.  Called by ``media/member.py``.
"""

from __future__ import annotations

from typing import Final

_DEPTH: Final = 0.02       # seconds of its rate that may go at once ...
_LEAST_DEPTH: Final = 2600   # ... but always two full packets, in octets


class Pacer:
    """A token bucket for one receiver; ``rate`` in bit/s may be changed at any time."""

    __slots__ = ("rate", "_tokens", "_at")

    def __init__(self, rate: int, now: float) -> None:
        self.rate = rate
        self._tokens, self._at = float(_LEAST_DEPTH), now

    def take(self, octets: int, now: float) -> bool:
        """Whether a packet of ``octets`` may go now; if so it is taken off."""
        depth = max(_LEAST_DEPTH, self.rate * _DEPTH / 8)
        self._tokens = min(depth, self._tokens + max(0.0, now - self._at) * self.rate / 8)
        self._at = now
        if self._tokens < octets:
            return False
        self._tokens -= octets
        return True
