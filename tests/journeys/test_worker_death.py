"""A relay process is killed under eighteen synthetic sessions and both of a real Chromium: all have media again soon."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page

from tests.journeys.visitors import Visitor
from tests.support.deaths import PACE, crowded, described
from tests.support.installation import Installation, soon

pytestmark = pytest.mark.browser

# The ids of the page's two sessions, and whether both are connected and a picture is decoded on the second.
LOOK = """async () => {
  const { up, down } = window.diemcau.pcs;
  if (up?.connectionState !== "connected" || down?.connectionState !== "connected") return null;
  for (const report of (await down.getStats()).values()) {
    if (report.type === "inbound-rtp" && report.kind === "video" && report.framesDecoded > 0) return true;
  }
  return null;
}"""
MARK = "() => { window.before = window.diemcau.pcs; window.before = { up: window.before.up, down: window.before.down }; }"
FRESH = "() => window.diemcau.pcs.up !== window.before.up && window.diemcau.pcs.down !== window.before.down"


def watching(page: Page) -> Callable[[float], Awaitable[float]]:
    """Seconds until the page decodes a picture of a session made after the kill."""
    async def again(killed: float) -> float:
        async def back() -> bool:
            return bool(await page.evaluate(FRESH)) and bool(await page.evaluate(LOOK))
        await soon(back, 30)
        return time.monotonic() - killed
    return again


async def _die(chromium: Browser, installation: Installation, times: int) -> list[float]:
    workers = installation.found.hub.crew.workers
    rooms = [installation.room(opened=True) for _ in range(2)]
    await soon(lambda: workers.spare, 60)
    visitor = await Visitor.arrive(chromium, f"{installation.url}/j/{rooms[0].links['204']}", "204", 700, 130)
    async with crowded(installation, rooms, frozenset({(rooms[0].meeting_id, "204")})) as crowd:
        assert crowd.expected == 18
        for number in range(times):
            await asyncio.sleep(PACE if number else 0)
            await soon(lambda: workers.spare, 60)
            await crowd.settled()
            await soon(lambda: visitor.page.evaluate(LOOK), 30)
            await visitor.page.evaluate(MARK)
            print(described(await crowd.kill(workers.pids[0], watching(visitor.page))))
    await visitor.leave()
    return crowd.seconds


async def test_a_browser_and_eighteen_sessions_have_media_again_after_a_kill(
    chromium: Browser, installation: Installation
) -> None:
    seconds = await _die(chromium, installation, 1)
    assert len(seconds) == 19 and max(seconds) <= 3.0, described(seconds)


@pytest.mark.long
async def test_ten_kills_and_the_distribution(chromium: Browser, installation: Installation) -> None:
    seconds = await _die(chromium, installation, 10)
    print(described(seconds))
    assert statistics.median(seconds) <= 1.5 and sorted(seconds)[int(0.99 * len(seconds))] <= 3.0, described(seconds)
