"""How full a receiver's line is, from when its packets left here and arrived there (after draft-ietf-rmcat-gcc-02).

Packets that left together are a group; its delay is that of its fastest packet, so that a key frame's own length counts
for nothing and only a queue that was there before does.  The trend of these delays against an adaptive threshold tells
a growing queue, their minimum over a moment a standing one.  Pure; never decides a rate.  Called by ``media/bwe.py``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Literal

from media.twcc import WRAP, Feedback

Usage = Literal["normal", "over", "under"]
Sent = Callable[[int], tuple[float, int] | None]

_GROUP: Final = 0.005        # packets sent within this time are one group
_WINDOW: Final = 0.5         # of the trend
_MOMENT: Final = 0.25        # a queue that never empties within it is a standing one
_INSTANT, _ENOUGH = 0.09, 6000   # seconds and octets that tell the rate of a full line
_FEWEST: Final = 8           # groups, for a trend to mean anything
MOST_GROUPS: Final = 512     # kept; an honest window holds a hundred
MOST_MESSAGES: Final = 512
_BASE: Final = 15.0          # the empty line's delay is the least of this time and as much before
_SMALL: Final = 0.012        # a queue shorter than this is none
_SUDDEN: Final = 0.08        # one as long as this, for an instant, on a steep rise is overuse already
_STANDING: Final = 0.12      # one as long as this is overuse even when it grows no more: it is full ...
_PATIENCE: Final = 4.0       # ... unless it stays for so long whatever we do: then the way itself became longer
_FIRST, _LEAST, _MOST = 0.0125, 0.010, 0.6   # of the threshold, seconds of rise in a window
_K_UP, _K_DOWN = 8.7, 39.0   # a second; k_u and k_d of the draft for a threshold in seconds
_OUTLIER: Final = 0.015      # what lies further above the threshold does not move it
_JUMP: Final = 10.0          # a receiver's clock does not jump so far: it began anew


class Delay:
    """``usage``; ``queue`` in seconds; ``acked`` bit/s that arrived over the last half second, ``fresh`` just now.

    Both rates are -1 until enough has come.  ``trend`` is the rise of the queue in a window, seconds.  ``newest`` is when the
    newest packet of the last message left: it arrived before the message was written, so that no queue is longer than the
    time since.  ``ways`` grows when the way itself is found to have become longer.
    """

    __slots__ = ("usage", "queue", "acked", "fresh", "trend", "newest", "ways", "_threshold", "_samples", "_arrived", "_octets", "_group",
                 "_least", "_base", "_base_before", "_base_at", "_last", "_turn", "_message", "_updated", "_over",
                 "_full_since")

    def __init__(self) -> None:
        self.usage: Usage = "normal"
        self._threshold = _FIRST
        self._turn = 0.0   # what the wraps of the reference time come to
        self._last = -1.0  # newest arrival
        self._message = -1
        self.newest, self.ways = -1.0, 0
        self._begin()

    def _begin(self) -> None:
        self.queue, self.acked, self.fresh, self.trend = 0.0, -1.0, -1.0, 0.0
        self._samples: deque[tuple[float, float]] = deque(maxlen=MOST_GROUPS)   # arrival and delay of each
        self._arrived: deque[tuple[float, int]] = deque()     # newest arrival and octets of each message
        self._octets = 0
        self._group, self._least = -1.0, (0.0, 0.0)
        self._base = self._base_before = float("inf")
        self._base_at = self._updated = self._full_since = -1.0
        self._over = 0
        self.usage = "normal"

    def hear(self, feedback: Feedback, sent: Sent) -> None:
        """One message.  ``sent`` tells of a 16-bit number when (seconds, our clock) and with how many octets it left."""
        group, least, octets, last, newest = self._group, self._least, 0, self._last, -1.0
        turn = self._turn_of(feedback)
        add = self._samples.append
        for number, at in feedback.packets:
            if at is None or (known := sent(number)) is None:
                continue
            left, size = known
            octets += size
            newest = max(newest, left)
            at += turn
            if at > last:
                last = at
            delay = at - left
            if left - group > _GROUP:
                if group >= 0:
                    add(least)
                group, least = left, (at, delay)
            elif left >= group and delay < least[1]:
                least = (at, delay)
        self._group, self._least = group, least
        if feedback.message != self._message + 1 & 0xFF:
            self._arrived.clear()  # a message was lost: what it told of would look as if it had not arrived
            self._octets = 0
        self._message = feedback.message
        self.newest = newest
        if octets:
            self._last = last
            self._arrived.append((last, octets))
            self._octets += octets
            self._measure(last)
            self._judge(last)

    def _turn_of(self, feedback: Feedback) -> float:
        first = next((at for _, at in feedback.packets if at is not None), None)
        if first is None:
            return self._turn
        if self._last >= 0:
            at = first + self._turn
            if at < self._last - WRAP / 2:
                self._turn += WRAP
                at += WRAP
            if abs(at - self._last) > _JUMP:
                self._begin()
                self._last = at
        return self._turn

    def _measure(self, last: float) -> None:
        arrived = self._arrived
        while len(arrived) > 2 and (last - arrived[0][0] > _WINDOW + 0.1 or len(arrived) > MOST_MESSAGES):
            self._octets -= arrived.popleft()[1]
        first, early = arrived[0]
        if last - first >= _MOMENT:
            self.acked = (self._octets - early) * 8 / (last - first)
        if last - first >= _INSTANT:
            recent, start = 0, last
            for at, octets in reversed(arrived):
                start = at
                if last - at >= _MOMENT or (last - at >= _INSTANT and recent >= _ENOUGH):
                    break
                recent += octets
            self.fresh = recent * 8 / (last - start)

    def _judge(self, last: float) -> None:
        samples = self._samples
        while samples and last - samples[0][0] > _WINDOW:
            samples.popleft()
        if not samples:
            return
        lowest = min(samples, key=_delay_of)[1]
        if last - self._base_at > _BASE:
            self._base_before, self._base, self._base_at = self._base, lowest, last
        self._base = min(self._base, lowest)
        base = min(self._base, self._base_before)
        self.queue = max(0.0, min([delay for at, delay in samples if last - at <= _MOMENT], default=lowest) - base)
        self.trend = _slope(samples) * _WINDOW if len(samples) >= _FEWEST else 0.0
        self._adapt(last)
        full = self.queue > _STANDING and self.trend > -_SMALL
        if not full:
            self._full_since = -1.0
        elif self._full_since < 0:
            self._full_since = last
        elif last - self._full_since > _PATIENCE:
            self._base = self._base_before = lowest
            self._full_since = -1.0
            self.ways += 1
        growing = self.trend > self._threshold and self.queue > _SMALL
        self._over = self._over + 1 if growing or full else 0
        sudden = self.trend > 4 * self._threshold and (
            min([delay for at, delay in samples if last - at <= _INSTANT], default=lowest) - base > _SUDDEN
        )
        if self._over >= 2 or sudden:
            self.usage = "over"
        else:
            self.usage = "under" if self.trend < -self._threshold and self.queue > _SMALL else "normal"

    def _adapt(self, last: float) -> None:
        passed = min(last - self._updated, 0.1) if self._updated >= 0 else 0.0
        self._updated = last
        size = abs(self.trend)
        if size < self._threshold + _OUTLIER:
            pull = (_K_DOWN if size < self._threshold else _K_UP) * passed
            self._threshold += min(1.0, pull) * (size - self._threshold)
            self._threshold = min(_MOST, max(_LEAST, self._threshold))


def _delay_of(sample: tuple[float, float]) -> float:
    return sample[1]


def _slope(samples: deque[tuple[float, float]]) -> float:
    """Least squares: by how many seconds the delay grows in one."""
    count = len(samples)
    start = samples[0][0]
    times = [at - start for at, _ in samples]
    delays = [delay for _, delay in samples]
    mean = sum(times) / count
    below = sum([time * time for time in times]) - count * mean * mean
    if below <= 1e-9:
        return 0.0
    return (sum([time * delay for time, delay in zip(times, delays, strict=True)]) - mean * sum(delays)) / below
