"""239 points in one room: how soon a change of the floor or of the queue is on every screen, and what it costs a browser."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.support.installation import soon
from tests.support.province_room import Hall, conference, tasks_of

pytestmark = [pytest.mark.browser, pytest.mark.long]

POINTS, MEDIA, REAL, ROUNDS = 239, 20, 3, 20
BAR_MS, TASK_MS, CHANGE_BYTES = 500, 100, 2048
CATEGORIES = ["toplevel", "__metadata"]


def p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


async def on_pages(pages: list[Page], name: str, since: float) -> list[float]:
    """Milliseconds from `since` until each page showed a change of this kind."""
    async def one(page: Page) -> float:
        found = await soon(lambda: page.evaluate(
            "([name, since]) => window.seen.filter(([kind, at]) => kind === name && at >= since)[0]?.[1]", [name, since * 1000]), 10)
        return float(found) - since * 1000

    return list(await asyncio.gather(*(one(page) for page in pages)))


async def at_signals(hall: Hall, section: str, since: float) -> list[float]:
    """The same for the points that only hear the news."""
    await soon(lambda: all(one.heard(section, since) for one in hall.signals), 10)
    return [(next(at for at, parts in one.told if at >= since and section in parts) - since) * 1000 for one in hall.signals]


async def test_a_change_is_on_every_screen_of_a_province_at_once_and_costs_a_browser_little(chromium: Browser, tmp_path: Path) -> None:
    async with conference(tmp_path / "data", POINTS, MEDIA, REAL) as hall:
        others = [code for code in hall.journey.secrets if code != hall.main]
        pages = [await hall.page(chromium, hall.main, chair=True), *[await hall.page(chromium, code) for code in others[MEDIA:MEDIA + REAL - 1]]]
        for page in pages:
            await soon(lambda page=page: page.evaluate("window.diemcau?.pcs.down?.connectionState === 'connected'"), 30)
        await soon(lambda: all(one.state for one in hall.signals), 30)
        await chromium.start_tracing(categories=CATEGORIES)
        floors: list[float] = []
        queues: list[float] = []
        seen: list[float] = []      # of both, on the pages of real browsers alone
        for number in range(ROUNDS):
            since = await hall.conduct("floor", code=others[number % 3])
            seen += (screens := await on_pages(pages, "floor", since))
            floors += screens + await at_signals(hall, "floor", since)
            since = await hall.hand(others[3 + number % 10], up=number < 10)
            seen += (screens := await on_pages(pages, "queue", since))
            queues += screens + await at_signals(hall, "queue", since)
        tasks = sorted(tasks_of(json.loads(await chromium.stop_tracing())["traceEvents"]))
        largest = max(one.largest for one in hall.signals)
        print(f"{POINTS} points, {len(pages)} browsers, {MEDIA} with media, {len(hall.signals)} hear the news: floor p95 {p95(floors):.0f} ms, "
              f"queue p95 {p95(queues):.0f} ms (bar {BAR_MS}; on the browsers alone median {sorted(seen)[len(seen) // 2]:.0f}, p95 {p95(seen):.0f}); longest task {tasks[-1]:.0f} ms of CPU (bar {TASK_MS}) of {len(tasks)}; "
              f"largest change {largest} bytes, whole state {len(json.dumps(hall.signals[0].state))}")
        assert p95(floors) <= BAR_MS and p95(queues) <= BAR_MS
        assert len(tasks) > 1000 and tasks[-1] <= TASK_MS
        assert largest <= CHANGE_BYTES, "no change carries the whole roster"
