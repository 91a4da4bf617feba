"""A point changes its network in the middle of a meeting, with a real Chromium: media come back soon, in the same sessions.

`port`: a NAT on the way forgets its flows.  `address`: the computer's own address goes away and is another one; Chromium on
Linux looks at its addresses only every two seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import statistics
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.journeys.conftest import FAR_ARGUMENTS, at_near_end
from tests.journeys.test_firewall import HUES, TONES
from tests.journeys.visitors import Visitor, nothing_arrives
from tests.support.installation import Installation, Room, soon
from tests.support.line import Line
from tests.support.nat import Nat

pytestmark = [pytest.mark.browser, pytest.mark.netns]

# Seconds for half of them; on cores that have nothing else to do it is about 1.5 and 2.2.
BACK = {"port": 2.5, "address": 3.5}
AT_MOST = 5.0
CHANGES = {"port": 3, "address": 1}
# When packets of the other point came, in milliseconds of this machine's clock.
WATCH = """() => {
  window.came = [];
  let before = 0;
  setInterval(async () => {
    const pc = window.diemcau.pcs.down;
    if (!pc) return;
    let now = 0;
    for (const one of (await pc.getStats()).values()) if (one.type === "inbound-rtp") now += one.packetsReceived;
    if (now > before) window.came.push(Date.now());
    before = now;
  }, 50);
}"""


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", 0))
        number: int = sock.getsockname()[1]
        return number


@contextlib.asynccontextmanager
async def two_in_a_room(line: Line, folder: Path, outer: str, port: int) -> AsyncIterator[tuple[Installation, Room, list[Visitor]]]:
    """They hear each other; the relay's port is told to be at `outer`."""
    with at_near_end(line, folder, advertise=(outer,), media_port=port, media_spare=False) as installation:
        async with line.chromium(folder, FAR_ARGUMENTS) as browser:
            room = installation.room(opened=True)
            visitors = [
                await Visitor.arrive(browser, f"{installation.url}/j/{room.links[code]}", code, hz, HUES[code], ignore_https_errors=True)
                for code, hz in TONES.items()]
            for visitor in visitors:
                await soon(lambda: heard(visitor), 20)
                await visitor.page.evaluate(WATCH)
            yield installation, room, visitors
            for visitor in visitors:
                await visitor.leave()


async def heard(visitor: Visitor) -> bool:
    """Whether the other point's sound is coming in."""
    (other,) = set(TONES) - {visitor.code}
    return not await nothing_arrives(visitor, other, 0.5)


async def sessions(installation: Installation, room: Room) -> set[str]:
    stats = await asyncio.to_thread(installation.call, installation.found.hub.stats(room.meeting_id))
    return {one["session"] for one in stats["rooms"][room.meeting_id]["sessions"]}


async def silence(visitor: Visitor, at: float) -> float:
    """Seconds from `at` until packets came again; what was on its way then does not count."""
    came: list[int] = await visitor.page.evaluate("window.came")
    return next((one / 1000 - at for one in came if one / 1000 > at + 0.3), float("inf"))


async def came_back(visitor: Visitor, at: float) -> bool:
    return await silence(visitor, at) < float("inf")


@pytest.mark.parametrize("how", ["port", pytest.param("address", marks=pytest.mark.long)])
async def test_media_are_back_soon_after_the_network_changed_and_the_sessions_are_the_same(how: str, tmp_path: Path) -> None:
    with Line.laid() as line, contextlib.ExitStack() as stack:
        port, outer = free_port(), line.here
        change: Callable[[], object] = line.move
        if how == "port":
            nat = stack.enter_context(Nat.running(line, port))
            outer, change = nat.outer, nat.change
        async with two_in_a_room(line, tmp_path, outer, port) as (installation, room, visitors):
            before = await sessions(installation, room)
            gaps: list[float] = []
            for _ in range(CHANGES[how]):
                at = time.time()
                change()
                for visitor in visitors:
                    await soon(lambda: came_back(visitor, at), 20)
                    await soon(lambda: heard(visitor), 20)
                gaps += [await silence(visitor, at) for visitor in visitors]
            assert await sessions(installation, room) == before
    assert statistics.median(gaps) <= BACK[how] and max(gaps) <= AT_MOST, gaps
    print(f"{how}: sound was back after {', '.join(f'{gap:.1f}' for gap in sorted(gaps))} s")
