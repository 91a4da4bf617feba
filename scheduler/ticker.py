"""A metronome: calls the housekeeping it was given, at a fixed pace, until it is stopped.  Decides nothing.

APScheduler keeps one interval job in memory and nothing else: what is due lives in tables, so a process that dies
forgets nothing, and two processes may tick side by side (their job store would fire jobs twice).  Made by `web.app`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

log = logging.getLogger(__name__)

logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns of every tick that a long one swallows: that is meant

Chore = Callable[[datetime], object]
"""Does what is due at the given instant.  Must be safe to call again, and to call in two processes at once."""


class Ticker:
    """Runs every chore once per `every`, one after another, in a thread of its own."""

    def __init__(self, chores: Mapping[str, Chore], clock: Callable[[], datetime], every: timedelta) -> None:
        self._chores = dict(chores)
        self._clock = clock
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)}, timezone="UTC",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_job(self.tick, "interval", seconds=every.total_seconds())

    def start(self) -> None:
        """The first tick comes one interval later: a start has enough to do."""
        self._scheduler.start()

    def stop(self) -> None:
        """Waits for a running tick to end.  Afterwards no chore is called any more."""
        self._scheduler.shutdown(wait=True)

    def tick(self) -> None:
        """All chores once, now.  One that fails is logged and does not keep the others from running."""
        now = self._clock()
        for name, chore in self._chores.items():
            try:
                chore(now)
            except Exception:
                log.exception("chore %s failed", name)
