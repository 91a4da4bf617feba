"""How fast somebody may ask: a bucket for each, filled again as time goes.  In this process's memory, because a
row for every question would make each reading a writing; several processes each count their own.  Reads no clock.

Called by `tokens.who` for each token, before anything is looked up, and by the room for what one point does there.
"""

from __future__ import annotations

from datetime import datetime
from threading import Lock

from web.limits import API_AT_ONCE, API_PER_SECOND
from web.rates import TooMany

MOST = 10_000  # buckets kept; the oldest go first, which only makes somebody's bucket full again


class Pace:
    """`take` admits one more question of `who`, or raises TooMany."""

    def __init__(self, at_once: int = API_AT_ONCE, per_second: float = API_PER_SECOND) -> None:
        self._at_once, self._per_second = float(at_once), per_second
        self._left: dict[str, tuple[float, datetime]] = {}
        self._lock = Lock()

    def take(self, who: str, at: datetime) -> None:
        with self._lock:
            left, since = self._left.pop(who, (self._at_once, at))
            left = min(self._at_once, left + max(0.0, (at - since).total_seconds()) * self._per_second)
            allowed = left >= 1
            self._left[who] = (left - 1 if allowed else left, max(at, since))
            while len(self._left) > MOST:
                del self._left[next(iter(self._left))]
        if not allowed:
            raise TooMany(max(1, round((1 - left) / self._per_second)))
