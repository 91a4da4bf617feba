"""One receiver behind a line that carries next to nothing, or only small packets, or that reads nothing at all: the others notice
nothing of it.  A real worker; the line is a cable of our own into another network namespace."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from media.errors import BadPacket
from tests.media.server import StreamClient
from tests.media.storm import Guest, Meeting, held_worker, meeting
from tests.support.elsewhere import inside
from tests.support.line import Line, run

Held = tuple[Path, int, int]


class Deaf(Guest, StreamClient):
    """Receives over TCP, until it stops to read."""

    kind = StreamClient.kind

    def __init__(self, port: int) -> None:
        Guest.__init__(self, port)  # its next of kin is StreamClient

    def close(self) -> None:
        with contextlib.suppress(BadPacket, OSError):
            super().close()


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with Line.laid() as laid:
        yield laid


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory, line: Line) -> Iterator[Held]:
    with held_worker(tmp_path_factory.mktemp("narrow"), "--advertise", f"127.0.0.1,{line.here}") as running:
        yield running


async def far_watcher(place: Meeting, line: Line) -> Guest:
    """Connected from the far end of the cable."""
    with inside(line.namespace):
        guest = Guest(place.port, line.here)
    return await place.watcher("far", guest=guest)


async def delays(good: Guest, near: list[Guest], seconds: float) -> list[float]:
    """Seconds on the way of what all near ones got while the good one spoke."""
    for watcher in near:
        watcher.seen.clear()
    await good.speak("good", seconds, rate=60)
    async with asyncio.timeout(5):
        while any(max(watcher.seen.get("good", {0: 0.0})) < good.count for watcher in near):
            good.send(good.picture("good", key=True))
            await asyncio.sleep(0.02)
    assert all(watcher.loss("good") <= 0.005 for watcher in near)
    return sorted(delay for watcher in near for delay in watcher.seen["good"].values())


async def compare(held: Held, slow: bool, line: Line, seconds: float, share: float, turns: int = 1) -> None:
    """The same minutes with and without the slow one, in turn; the delay of the others grows by no more than 5 ms."""
    async with meeting(held) as place:
        good = await place.publisher("good")
        near = [await place.watcher(f"n{number}") for number in range(3)]
        without, with_it = [], []
        for _ in range(turns):
            line.free()
            without += await delays(good, near, seconds)
            if slow:
                far = await far_watcher(place, line)
                line.rate(64)
            else:
                far = await place.watcher("far", guest=Deaf(place.port))
                asyncio.get_running_loop().remove_reader(far.sock)
            with_it += await delays(good, near, seconds)
            await place.client.close(f"{place.room}-s-far")
            place.events = [(at, event) for at, event in place.events if event["session"] != f"{place.room}-s-far"]
        at = int(share * (min(len(without), len(with_it)) - 1))
        assert sorted(with_it)[at] <= sorted(without)[at] + 0.005


@pytest.mark.netns
@pytest.mark.parametrize("slow", [True, False], ids=["64 kbit/s", "reads nothing"])
async def test_a_slow_receiver_changes_nothing_for_others(held: Held, line: Line, slow: bool) -> None:
    await compare(held, slow, line, 1.2, 0.5)


@pytest.mark.netns
@pytest.mark.long
@pytest.mark.parametrize("slow", [True, False], ids=["64 kbit/s", "reads nothing"])
async def test_soak_a_slow_receiver_and_the_hundredth_of_others(held: Held, line: Line, slow: bool) -> None:
    await compare(held, slow, line, 10.0, 0.99, turns=6)


@pytest.mark.netns
async def test_a_receiver_behind_a_line_of_small_packets_gets_all_of_a_large_picture(held: Held, line: Line) -> None:
    line.free()
    run("ip", "link", "set", line._near, "mtu", "1280")
    try:
        async with meeting(held) as place:
            good, near = await place.publisher("good"), await place.watcher("near")
            far = await far_watcher(place, line)
            async with asyncio.timeout(10):
                while not all(guest.seen.get("good") for guest in (near, far)):
                    good.send(good.picture("good", key=True))
                    await asyncio.sleep(0.02)
            for number in range(60):
                good.send(good.picture("good", number % 20 == 0, size=1400))
                if number % 10 == 9:
                    await asyncio.sleep(0.01)
            async with asyncio.timeout(10):
                while not all(max(guest.seen["good"]) == good.count for guest in (near, far)):
                    await asyncio.sleep(0.01)
            assert near.loss("good") == far.loss("good") == 0 and far.unreadable == 0
            assert (await place.counters())["send_errors"] == 0
    finally:
        run("ip", "link", "set", line._near, "mtu", "1500")
