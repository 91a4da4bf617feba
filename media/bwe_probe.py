"""When to send more than there is to send, to learn whether a receiver's line carries it.

A line that carries 500 kbit/s of pictures without effort says nothing of the next layer: before that is shown, empty
packets fill up to its rate for a moment, a cluster.  Pure; decides times and rates only, never sends.  Called by
``media/bwe.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from media.twcc import Feedback

_FIRST_WAIT: Final = 1.0
_NEXT_WAIT: Final = 0.3       # after a cluster that went well
_FAILED_WAIT: Final = 4.0     # after the first that failed; doubles ...
_LONGEST_WAIT: Final = 12.0   # ... up to this
_MORE: Final = 1.1           # times what is wanted: what arrives is a little less than what is offered
_LEAST: Final = 12_000        # bit/s added; with less a cluster says nothing
_HEAD_START: Final = 0.08     # of a cluster that is not counted: a token bucket lets it pass faster than it can go on
_WEAK, _GENTLE = 150_000, 0.15   # below so many bit/s there is sound alone: no more queue than this after the first
_CAREFUL, _BOLD = 0.12, 0.3   # seconds of queue one may cause after one that failed, after one that passed


class Prober:
    """One cluster at a time.  ``pending``: it runs or its verdict is awaited; then ``passed`` or ``failed``.

    ``before`` is the estimate it began with, ``target`` its whole rate, ``extra`` what it adds; all in bit/s.
    """

    __slots__ = ("ends_at", "before", "target", "extra", "pending", "_began_at", "_wait", "_next_at", "_passes", "_octets",
                 "_left", "_arrived")

    def __init__(self, now: float) -> None:
        self.ends_at = self._began_at = -1e9
        self.before = self.target = self.extra = 0
        self.pending = False
        self._wait, self._passes = _FAILED_WAIT, 0
        self._next_at = now + _FIRST_WAIT
        self._clear()

    def _clear(self) -> None:
        self._octets = 0
        self._left = self._arrived = (float("inf"), -float("inf"))   # first and last of the cluster

    def running(self, now: float) -> bool:
        """Whether a cluster is being sent."""
        return self.pending and now < self.ends_at

    def may_start(self, now: float) -> bool:
        """Whether the pause after the last one is over."""
        return not self.pending and now >= self._next_at

    def start(self, now: float, estimate: int, wanted: int, sending: int, length: float) -> int:
        """Begins a cluster of ``length`` seconds that fills up the media being sent; returns the bit/s to add."""
        step = _CAREFUL if not self._passes else _GENTLE if estimate < _WEAK and self._passes < 2 else _BOLD
        target = int(min(_MORE * wanted, estimate * (1 + step / length)))
        extra = max(target - sending, _LEAST)
        self._began_at, self.ends_at = now, now + length
        self.before, self.target, self.extra, self.pending = estimate, target, extra, True
        self._clear()
        return extra

    def hear(self, feedback: Feedback, sent: Callable[[int], tuple[float, int] | None]) -> bool:
        """Counts what of the cluster has arrived; whether something sent after it has, so that no more will come."""
        began, ends, over = self._began_at + _HEAD_START, self.ends_at, False
        (left_first, left_last), (first, last) = self._left, self._arrived
        for number, at in feedback.packets:
            if at is None or (known := sent(number)) is None:
                continue
            left, octets = known
            if left >= ends:
                over = True
            elif left >= began:
                if first <= last:
                    self._octets += octets  # the first one only sets the clock
                left_first, left_last = min(left_first, left), max(left_last, left)
                first, last = min(first, at), max(last, at)
        self._left, self._arrived = (left_first, left_last), (first, last)
        return over

    def measured(self) -> tuple[float, float] | None:
        """bit/s offered and arrived in the cluster, or None when too little came to tell."""
        (left_first, left_last), (first, last) = self._left, self._arrived
        if last - first < 0.3 * (self.ends_at - self._began_at - _HEAD_START) or left_last <= left_first:
            return None
        return self._octets * 8 / (left_last - left_first), self._octets * 8 / (last - first)

    def passed(self, now: float) -> None:
        """The line carried it."""
        self.pending = False
        self._wait = _FAILED_WAIT
        self._passes += 1
        self._next_at = now + _NEXT_WAIT

    def failed(self, now: float) -> None:
        """It did not: the next one is smaller and comes later and later."""
        self.pending = False
        self._passes = 0
        self._next_at = now + self._wait
        self._wait = min(_LONGEST_WAIT, 2 * self._wait)

    def cancel(self, now: float, seconds: float) -> None:
        """No cluster for so long, no verdict on one under way, and the next one careful."""
        self.pending, self._passes = False, 0
        self._next_at = max(self._next_at, now + seconds)

    def rest(self, now: float, seconds: float) -> None:
        """The line had enough just now: no cluster for so long, and one under way failed."""
        if self.pending:
            self.failed(now)
        self._next_at = max(self._next_at, now + seconds)
