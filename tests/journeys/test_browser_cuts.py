"""The line of a point breaks without a word and is whole again, with a real Chromium: the same seat, soon, once.

The browser sits at the far end of a `Farline`, whose cuts neither end is told of.  Time is counted from the moment the line is whole
until packets arrive again, at the point from the chair and at the chair from the point.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from meetings.store import ledger_store
from tests.journeys.conftest import FAR_ARGUMENTS, at_near_end
from tests.journeys.visitors import Visitor
from tests.support.farline import Farline
from tests.support.installation import Installation, Room, soon

pytestmark = [pytest.mark.browser, pytest.mark.netns]

BACK = 2.0      # seconds, for nineteen of twenty
SIGN = 2.0      # within which the microphone's sign knows that the line is dead
BUSY = 2.0      # so many times more where the machine has much else to do, as in short runs
# When packets of the other point came, in milliseconds of this machine's clock.
WATCH = """() => {
  window.came = [];
  let before = 0, of = null;
  setInterval(async () => {
    const pc = window.diemcau?.pcs.down;
    if (!pc) return;
    let now = 0;
    for (const one of (await pc.getStats()).values()) if (one.type === "inbound-rtp") now += one.packetsReceived;
    if (of === pc && now > before) window.came.push(Date.now());
    [before, of] = [now, pc];
  }, 50);
}"""
# When parts of the page's coming were there, in milliseconds of this machine's clock: its text, its scripts, a ticket, an answer.
PARTS = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const end = (part) => performance.getEntriesByType("resource").filter(({ name }) => name.includes(part)).at(-1)?.responseEnd ?? 0;
  return [page.responseEnd, page.domContentLoadedEventEnd, end("/tickets"), end("/whep")].map((at) => Math.round(performance.timeOrigin + at));
}"""
# Every word of the microphone's sign, with its time.
SIGNS = """() => {
  window.signs = [];
  const sign = document.getElementById("voice");
  new MutationObserver(() => window.signs.push([Date.now(), sign.dataset.key])).observe(sign, { attributes: true });
}"""
# When the words "is reconnecting" came to the page of another point, and when they went.
OTHERS = """() => {
  window.told = [];
  const place = document.querySelector("main");
  let before = false;
  new MutationObserver(() => {
    const now = place.textContent.includes("Mất đường truyền, đang nối lại");
    if (now !== before) window.told.push([Date.now(), now]);
    before = now;
  }).observe(place, { subtree: true, childList: true, characterData: true });
}"""


@dataclass
class Pair:
    """The chair near the server, and a point far away, in one meeting."""

    line: Farline
    installation: Installation
    room: Room
    chair: Visitor
    point: Visitor
    gaps: list[float] = field(default_factory=list)
    signs: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)

    async def cut(self, seconds: float) -> None:
        """The line is dead for so long; notes after how long it was as before, and when the sign knew."""
        began = time.time()
        self.line.cut()
        await asyncio.sleep(seconds)
        self.line.mend()
        whole = time.time()
        for visitor in (self.point, self.chair):
            await soon(lambda: _came(visitor, whole), 40)
            self.gaps.append(await _came(visitor, whole) or 0)
        await soon(self.settled, 20)
        if seconds > SIGN:
            doubted = [at for at, key in await self.point.page.evaluate("window.signs") if key not in ("mic_on", "mic_floor")]
            told = [at for at, so in await self.chair.page.evaluate("window.told") if so]
            for times, found in ((doubted, self.signs), (told, self.others)):
                found.append(next((at / 1000 - began for at in times if at / 1000 >= began), float("inf")))

    async def settled(self) -> bool:
        """Each point is there once, sends once and receives once; both hear that the microphone is on."""
        sessions = await asyncio.to_thread(self.installation.call, self._sessions())
        once = sorted((one["name"], one["role"]) for one in sessions) == [
            (code, role) for code in ("204", "22") for role in ("publish", "subscribe")]
        return once and await self.point.page.evaluate("document.getElementById('voice').dataset.key") == "mic_on"

    async def _sessions(self) -> list[dict[str, Any]]:
        stats = await self.installation.found.hub.stats(self.room.meeting_id)
        found: list[dict[str, Any]] = stats["rooms"][self.room.meeting_id]["sessions"]
        return found

    def stays(self, code: str) -> list[tuple[str, float]]:
        """(kind, at) of that point's comings and goings."""
        with self.installation.found.db.read() as conn:
            events = ledger_store.events(conn, self.room.meeting_id)
        return [(event.kind, event.at.timestamp()) for event in events if event.point and event.point["code"] == code]


async def _came(visitor: Visitor, at: float) -> float | None:
    """Seconds from `at` until packets came; a packet that was under way does not count."""
    came: list[int] = await visitor.page.evaluate("window.came")
    return next((one / 1000 - at for one in came if one / 1000 > at + 0.02), None)


@contextlib.asynccontextmanager
async def pair(chromium: Browser, folder: Path) -> AsyncIterator[Pair]:
    with Farline.laid() as line, at_near_end(line, folder, media_spare=False) as installation:
        async with line.chromium(folder, FAR_ARGUMENTS) as distant:
            room = installation.room(opened=True)
            chair = await Visitor.arrive(chromium, f"{installation.url}/j/{room.chair}", "22", 440, 10, ignore_https_errors=True)
            point = await Visitor.arrive(
                distant, f"{installation.url}/j/{room.links['204']}", "204", 700, 130, ignore_https_errors=True)
            for visitor in (chair, point):
                await visitor.page.evaluate(WATCH)
            await point.page.evaluate(SIGNS)
            await chair.page.evaluate(OTHERS)
            both = Pair(line, installation, room, chair, point)
            await soon(both.settled, 20)
            yield both
            line.free()
            await point.leave()
            await chair.leave()


def _share(values: list[float], share: float = 0.95) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def test_after_a_cut_a_point_is_back_soon_and_its_sign_said_that_it_was_gone(chromium: Browser, tmp_path: Path) -> None:
    async with pair(chromium, tmp_path) as both:
        for seconds in (0.2, 5, 12):
            await both.cut(seconds)
        kinds = [kind for kind, _at in both.stays("204")]
    print(f"back after {both.gaps}, sign after {both.signs}, others told after {both.others}")
    assert kinds == ["point.joined", "point.left", "point.joined"], "only who was silent for ten seconds has left"
    assert max(both.gaps) <= BACK * BUSY and max(both.signs + both.others) <= SIGN * BUSY


@pytest.mark.long
async def test_cuts_of_all_lengths_and_the_distribution(chromium: Browser, tmp_path: Path) -> None:
    async with pair(chromium, tmp_path) as both:
        found = {}
        for seconds, times in ((0.2, 10), (5, 6), (25, 4), (84, 2)):
            for _ in range(times):
                await both.cut(seconds)
            found[seconds] = [round(gap, 2) for gap in both.gaps[-2 * times:]]
        stays = both.stays("204")
    print(f"back after {found}; p95 {_share(both.gaps):.2f} s; sign after {max(both.signs):.2f} s, others told after {max(both.others):.2f} s at most")
    assert [kind for kind, _ in stays] == ["point.joined", *["point.left", "point.joined"] * 6]
    assert _share(both.gaps) <= BACK and max(both.signs + both.others) <= SIGN


async def test_who_comes_back_again_and_again_is_one_and_is_never_refused(chromium: Browser, tmp_path: Path) -> None:
    await _reload(chromium, tmp_path, 12)  # more than tickets that may be asked for in vain


@pytest.mark.long
async def test_fifty_reconnections_and_the_distribution(chromium: Browser, tmp_path: Path) -> None:
    seconds, parts = await _reload(chromium, tmp_path, 50)
    said = ", ".join(f"{name} {_share(taken, 0.5):.2f} (p95 {_share(taken):.2f})" for name, taken in parts.items())
    print(f"50 reconnections: p50 {_share(seconds, 0.5):.2f} s, p95 {_share(seconds):.2f} s, worst {max(seconds):.2f} s; after {said}")
    assert _share(seconds) <= BACK


async def _reload(chromium: Browser, folder: Path, times: int) -> tuple[list[float], dict[str, list[float]]]:
    """Loads the room so many times; the seconds from asking for the page until packets of the chair came, and until each part of it."""
    async with pair(chromium, folder) as both:
        page, seconds, refused = both.point.page, list[float](), list[int]()
        parts: dict[str, list[float]] = {"text": [], "scripts": [], "ticket": [], "answer": []}
        page.on("response", lambda answer: refused.append(answer.status) if answer.status in (409, 429, 503) else None)
        await page.context.add_init_script(f"({WATCH})()")
        for _ in range(times):
            asked = time.time()
            await page.reload()
            await soon(lambda: _came(both.point, asked), 40)
            seconds.append(await _came(both.point, asked) or 0)
            for times_of, at in zip(parts.values(), await page.evaluate(PARTS), strict=True):
                times_of.append(at / 1000 - asked)
        await soon(both.settled, 20)
        assert refused == []
        kinds = [kind for kind, _at in both.stays("204")]
        assert kinds == ["point.joined", *["point.left", "point.joined"] * (len(kinds) // 2)], "in and out by turns, and in at the end"
    return seconds, parts
