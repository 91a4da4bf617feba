"""One conference of a whole province to measure in: a server of its own, points with media, points that only signal, pages.

Used by tests/journeys/test_province_room.py.  Everything comes in by links over HTTP, as people do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page

from web.rehearsal import stage
from web.rehearsal.crowd import Points
from web.rehearsal.journey import Journey
from web.roomdelta import after

LISTENED = """
window.seen = [];
addEventListener("DOMContentLoaded", () => {
  const look = (name, node) => node && new MutationObserver(() => window.seen.push([name, Date.now(), node.textContent]))
    .observe(node, { childList: true, characterData: true, subtree: true, attributes: true });
  look("floor", document.getElementById("announce"));
  look("count", document.getElementById("count"));
  look("queue", document.getElementById("queue"));
});
"""
"""Notes when the page shows something else, by the clock of this machine."""


@dataclass(slots=True)
class Signal:
    """A point that only hears the news: what it was told, when, and how many bytes a change had."""

    code: str
    state: dict[str, Any] = field(default_factory=dict)
    told: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    largest: int = 0

    async def listen(self, http: httpx.AsyncClient, secret: str) -> None:
        with contextlib.suppress(httpx.TransportError):
            async with http.stream("GET", f"/j/{secret}/events", timeout=None) as answer:
                name = ""
                async for line in answer.aiter_lines():
                    if line.startswith("event: "):
                        name = line[7:]
                    elif line.startswith("data: ") and name in ("state", "change"):
                        self._hear(name, line[6:])

    def _hear(self, name: str, text: str) -> None:
        data = json.loads(text)
        if name == "state":
            self.state = {"points": {}, **data}
            return
        self.largest = max(self.largest, len(text))
        self.state = after(self.state, data["parts"])
        self.told.append((time.time(), data["parts"]))


@dataclass(slots=True)
class Hall:
    """The conference: who is in it, and the way to conduct it."""

    journey: Journey
    main: str
    signals: list[Signal]
    points: Points
    http: httpx.AsyncClient

    async def conduct(self, what: str, **values: Any) -> float:
        """The chair does it; when it was asked for, in seconds of the clock."""
        chair = await self.journey.person("chair")
        at = time.time()
        await chair.post(f"/meetings/{self.journey.meeting_id}/conduct/{what}", **values)
        return at

    async def hand(self, code: str, up: bool) -> float:
        at = time.time()
        (await self.http.post(f"/j/{self.journey.secrets[code]}/hand", json={"up": up})).raise_for_status()
        return at

    async def page(self, browser: Browser, code: str, *, chair: bool = False) -> Page:
        """A page of this point in the room; the chair's with the console."""
        context = await browser.new_context(locale="vi-VN", viewport={"width": 1280, "height": 800}, permissions=["camera", "microphone"])
        if chair:
            known = (await self.journey.person("chair"))._http.cookies
            await context.add_cookies([{"name": name, "value": value, "url": self.journey.stage.base_url} for name, value in known.items()])
        page = await context.new_page()
        await page.add_init_script(LISTENED)
        await page.goto(f"{self.journey.stage.base_url}/j/{self.journey.secrets[code]}/room")
        return page


@contextlib.asynccontextmanager
async def conference(folder: Path, count: int, media: int, real: int) -> AsyncIterator[Hall]:
    """`count` points booked and opened; `media` of them send and receive, `real` are kept for browsers (the chair's among them),
    all others hear the news alone."""
    journey = Journey(await stage.start(folder, "quang-ninh-2020"), count, folder)
    http = httpx.AsyncClient(base_url=journey.stage.base_url, timeout=60, limits=httpx.Limits(max_connections=None),
                             headers={"accept": "application/json"})
    listening: list[asyncio.Task[None]] = []
    points = None
    try:
        await journey.book()
        chair = await journey.person("chair")
        await chair.post(f"/meetings/{journey.meeting_id}/conduct/open")
        secret = (await chair.get(f"/meetings/{journey.meeting_id}/conduct")).url.path.rpartition("/")[2]
        main = next(code for code, known in journey.secrets.items() if known == secret)
        others = [code for code in journey.secrets if code != main]
        sending, quiet = others[:media], others[media + real - 1:]
        points = Points(journey.stage.base_url, journey.meeting_id, {code: journey.secrets[code] for code in sending}, sending[:3])
        await points.join()
        signals = [Signal(code) for code in quiet]
        listening = [asyncio.create_task(one.listen(http, journey.secrets[one.code])) for one in signals]
        yield Hall(journey, main, signals, points, http)
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        if points is not None:
            await points.leave()
        await http.aclose()
        await journey.close()
        await stage.stop(journey.stage)


def tasks_of(trace: list[dict[str, Any]]) -> Iterator[float]:
    """CPU milliseconds of every task of the pages' main threads."""
    main = {(one["pid"], one["tid"]) for one in trace if one.get("name") == "thread_name" and one["args"]["name"] == "CrRendererMain"}
    for one in trace:
        if one.get("ph") == "X" and one["name"].endswith("RunTask") and (one["pid"], one["tid"]) in main:
            yield one.get("tdur", 0) / 1000
