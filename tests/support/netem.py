"""A bad line in virtual time: loss, bursts of loss, delay, jitter, reordering, duplicates, a rate with a bounded queue.

Sans-IO and seeded: `send` takes a datagram, `due` gives what has arrived by `now`, `next_at` says when to look again.  The
same object stands between two parts of a test or, fed by two sockets, between two processes.  Holds no tests.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Burst:
    """Gilbert and Elliott: in the good state `good` of the packets are lost, in the bad one `bad`.

    `worsen` and `recover` are the chances to change the state with each packet.
    """

    worsen: float
    recover: float
    bad: float = 1.0
    good: float = 0.0

    @property
    def mean(self) -> float:
        """The share lost in the long run."""
        ill = self.worsen / (self.worsen + self.recover)
        return ill * self.bad + (1 - ill) * self.good


WIFI_LOSSY = Burst(worsen=1 / 40, recover=1 / 2)  # forty packets between bursts of two, as str0m's tests have it: 4.8 %
WIFI_BAD = Burst(worsen=0.0105, recover=0.2)      # as much loss in bursts of five


class Netem:
    """One direction of a line.  `rate` (bit/s, None: unlimited) and `loss` may be changed while it runs."""

    def __init__(
        self,
        seed: int,
        *,
        loss: float = 0.0,
        burst: Burst | None = None,
        delay: float = 0.0,
        jitter: float = 0.0,
        reorder: float = 0.0,
        duplicate: float = 0.0,
        rate: float | None = None,
        queue: float = 0.3,
        bucket: int = 3000,
        keep_order: bool = True,
    ) -> None:
        """`queue` is the longest time a packet may wait for the rate (beyond it the packet is dropped), `bucket` the octets
        that pass at once after a pause.  `reorder` is the share sent past those before it; jitter alone overtakes only
        without `keep_order`.
        """
        self.loss, self.burst, self.delay, self.jitter = loss, burst, delay, jitter
        self.reorder, self.duplicate = reorder, duplicate
        self.rate, self.queue, self.bucket = rate, queue, bucket
        self.keep_order = keep_order
        self.sent = self.lost = self.dropped = 0   # `lost` on the way, `dropped` by the full queue
        self.waited = 0.0                          # of the newest packet, for the rate alone
        self._random = random.Random(seed)
        self._ill = False
        self._free_at = -1e9                       # when the last bit of all so far has left the queue
        self._newest = 0.0
        self._flying: list[tuple[float, int, Any]] = []
        self._number = 0

    def send(self, packet: Any, octets: int, now: float) -> None:
        """`octets` is what it weighs on the line, headers included."""
        self.sent += 1
        if self._lose():
            self.lost += 1
            return
        left = now
        if self.rate is not None:
            burst = self.bucket * 8 / self.rate
            free_at = max(self._free_at, now - burst)
            if free_at - now > self.queue:
                self.dropped += 1
                return
            self._free_at = free_at + octets * 8 / self.rate
            left = max(now, self._free_at)
        self.waited = left - now
        at = left + self.delay
        if self.jitter:
            at += self._random.random() * self.jitter
        if self.reorder and self._random.random() < self.reorder:
            at = left + self.delay / 2
        elif self.keep_order:
            at = self._newest = max(at, self._newest)
        self._fly(packet, at)
        if self.duplicate and self._random.random() < self.duplicate:
            self._fly(packet, at)

    def _lose(self) -> bool:
        if self.burst is not None:
            change = self.burst.recover if self._ill else self.burst.worsen
            if self._random.random() < change:
                self._ill = not self._ill
            chance = self.burst.bad if self._ill else self.burst.good
            if self._random.random() < chance:
                return True
        return self.loss > 0 and self._random.random() < self.loss

    def _fly(self, packet: Any, at: float) -> None:
        self._number += 1
        heapq.heappush(self._flying, (at, self._number, packet))

    def backlog(self, now: float) -> float:
        """Seconds a packet sent now would wait for the rate."""
        return max(0.0, self._free_at - now)

    @property
    def next_at(self) -> float | None:
        """When the next packet arrives, or None when none is under way."""
        return self._flying[0][0] if self._flying else None

    def due(self, now: float) -> list[tuple[float, Any]]:
        """(time of arrival, packet) of all that have arrived by `now`, in order."""
        arrived = []
        while self._flying and self._flying[0][0] <= now:
            at, _, packet = heapq.heappop(self._flying)
            arrived.append((at, packet))
        return arrived
