"""The metronome ticks, survives a chore that fails, and falls silent when stopped."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.ticker import Ticker

NOW = datetime(2026, 3, 5, tzinfo=UTC)


def test_a_tick_runs_every_chore_with_the_time_of_the_clock() -> None:
    seen: list[tuple[str, datetime]] = []
    ticker = Ticker(
        {"tickets": lambda now: seen.append(("tickets", now)), "sessions": lambda now: seen.append(("sessions", now))},
        clock=lambda: NOW, every=timedelta(hours=1),
    )
    ticker.tick()
    assert seen == [("tickets", NOW), ("sessions", NOW)]


def test_a_chore_that_fails_is_logged_and_keeps_nobody_else_from_running(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[datetime] = []

    def broken(now: datetime) -> None:
        raise OSError("disk away")

    ticker = Ticker({"broken": broken, "well": seen.append}, clock=lambda: NOW, every=timedelta(hours=1))
    with caplog.at_level(logging.ERROR, "scheduler.ticker"):
        ticker.tick()
    assert seen == [NOW]
    assert "chore broken failed" in caplog.text and "disk away" in caplog.text


def test_it_ticks_by_itself_until_it_is_stopped() -> None:
    ticks = threading.Semaphore(0)
    names: set[str] = set()

    def chore(_now: datetime) -> None:
        names.add(threading.current_thread().name)
        ticks.release()

    ticker = Ticker({"count": chore}, clock=lambda: NOW, every=timedelta(milliseconds=20))
    ticker.start()
    try:
        assert all(ticks.acquire(timeout=10) for _ in range(3))
    finally:
        ticker.stop()
    assert threading.current_thread().name not in names
    while ticks.acquire(blocking=False):
        pass
    assert not ticks.acquire(timeout=0.2), "nothing runs after stop()"
