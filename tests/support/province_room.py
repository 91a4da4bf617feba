"""One conference of a whole province to measure in: a server of its own, points with media, points that only signal, pages.

Used by tests/journeys/test_province_room.py.  Everything comes in by links over HTTP, as people do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page

from web.rehearsal import stage
from web.rehearsal.crowd import Points
from web.rehearsal.journey import Journey
from web.roomdelta import after

FIRST = -10  # nice value
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


class Signal(asyncio.Protocol):
    """A point that only hears the news: what it was told, when, and how many bytes a change had.

    It notes when bytes came and reads them once it is asked: 216 of these share a core with what is measured.  HTTP/1.0, so that
    the answer is the news and nothing else."""

    def __init__(self, code: str, secret: str) -> None:
        self.code = code
        self.largest = 0
        self._secret = secret
        self._came: list[tuple[float, bytes]] = []
        self._rest = b""
        self._state: dict[str, Any] = {}
        self._told: list[tuple[float, dict[str, Any]]] = []
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(f"GET /j/{self._secret}/events HTTP/1.0\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self._came.append((time.time(), data))

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def state(self) -> dict[str, Any]:
        """As the point knows it now; empty before it was told."""
        self._read()
        return self._state

    @property
    def told(self) -> list[tuple[float, dict[str, Any]]]:
        """Changes: when they came, in seconds of the clock, and their parts."""
        self._read()
        return self._told

    def heard(self, section: str, since: float) -> bool:
        """Whether a change of this section has come since then.  Asked often while others are still being told: bytes that do not name
        it are not read, and a name that two pieces share is found with the next."""
        mark = f'"{section}":'.encode()
        if any(mark in data for _at, data in self._came) or len(self._came) > 1:
            self._read()
        return any(at >= since and section in parts for at, parts in self._told)

    def _read(self) -> None:
        for at, data in self._came:
            *events, self._rest = (self._rest + data).split(b"\n\n")
            for event in events:
                name, _, text = event.rpartition(b"event: ")[2].partition(b"\ndata: ")
                if name in (b"state", b"change"):
                    self._hear(name.decode(), text, at)
        self._came.clear()

    def _hear(self, name: str, text: bytes, at: float) -> None:
        data = json.loads(text)
        if name == "state":
            self._state = {"points": {}, **data}
            return
        self.largest = max(self.largest, len(text))
        self._state = after(self._state, data["parts"])
        self._told.append((at, data["parts"]))


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


def _before_browsers(process: int) -> None:
    """The server has a machine of its own in service, and each browser one: here the server and who listens come before what draws
    and encodes pictures on the same cores, where the system allows it."""
    for pid in (process, *stage.children(process)):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(PermissionError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), FIRST)


@contextlib.asynccontextmanager
async def conference(folder: Path, count: int, media: int, real: int) -> AsyncIterator[Hall]:
    """`count` points booked and opened; `media` of them send and receive, `real` are kept for browsers (the chair's among them),
    all others hear the news alone."""
    journey = Journey(await stage.start(folder, "quang-ninh-2020"), count, folder)
    _before_browsers(journey.stage.process.pid)
    _before_browsers(os.getpid())
    http = httpx.AsyncClient(base_url=journey.stage.base_url, timeout=60, limits=httpx.Limits(max_connections=None),
                             headers={"accept": "application/json"})
    signals: list[Signal] = []
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
        address = httpx.URL(journey.stage.base_url)
        for code in quiet:
            signals.append(Signal(code, journey.secrets[code]))
            await asyncio.get_running_loop().create_connection(lambda: signals[-1], "127.0.0.1", address.port)
        yield Hall(journey, main, signals, points, http)
    finally:
        for one in signals:
            one.leave()
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
