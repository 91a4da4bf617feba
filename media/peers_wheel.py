"""One timer for everything hundreds of synthetic peers have to do at some time.

Never holds more than one timer of the event loop: what is due within one grain is done in one go, so that a process
with 239 publishers wakes 200 times a second and not 15 000 times. Made by media/peers_peer.py; called by all
media/peers_*.py and media/recorder.py.
"""
from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

Task = Callable[[float], None]


class Wheel:
    """Calls each task once, at its time or up to `grain` seconds later, with the time of the event loop."""

    def __init__(self, grain: float = 0.005) -> None:
        self._loop = asyncio.get_running_loop()
        self._grain = grain
        self._heap: list[tuple[float, int, Task]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def now(self) -> float:
        """The clock of this wheel, seconds."""
        return self._loop.time()

    def at(self, when: float, task: Task) -> None:
        """Have `task(now)` called at `when`. One that repeats asks again; one no longer wanted does nothing."""
        heapq.heappush(self._heap, (when, next(self._order), task))
        self._arm(self.now)

    def _arm(self, now: float) -> None:
        if not self._heap:
            return
        when = max(self._heap[0][0], now)
        if self._timer is not None:
            if self._timer.when() <= when + self._grain:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._turn)

    def _turn(self) -> None:
        now = self.now
        # Until the end of this turn the timer counts as set: tasks that ask again must not each set one.
        due = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heapq.heappop(self._heap)[2])
        for task in due:
            try:
                task(now)
            except Exception as error:  # one peer's trouble must not stop the others
                self._loop.call_exception_handler({"message": "a task of the wheel failed", "exception": error})
        self._timer = None
        if self._heap:
            self._timer = self._loop.call_at(max(self._heap[0][0], now + self._grain), self._turn)
