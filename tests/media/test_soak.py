"""Hours in minutes against a real worker: members come, go and vanish while media runs, and nothing of them stays behind.

The long form takes half an hour with fifty peers; the short one is the same with a dozen for some seconds.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from media import control
from media.limits import PEER_SILENCE
from tests.media.storm import Guest, Meeting, held_worker, meeting

Held = tuple[Path, int, int]
CHECK_EVERY = 4.0  # seconds; a silent member is gone after ten


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    with held_worker(tmp_path_factory.mktemp("soak")) as running:
        yield running


@dataclass
class Soak:
    """What a run saw: joins, vanished members, and (seconds, MiB) of the worker's memory now and then."""

    joins: int = 0
    vanished: int = 0
    failed: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)

    def slope(self) -> float:
        """MiB an hour over the later half."""
        half = self.memory[len(self.memory) // 2 :]
        times, sizes = [at for at, _ in half], [size for _, size in half]
        mean, level = sum(times) / len(times), sum(sizes) / len(sizes)
        below = sum((at - mean) ** 2 for at in times)
        return 3600 * sum((at - mean) * (size - level) for at, size in half) / below if below else 0.0


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


async def idle(place: Meeting, within: float) -> dict[str, Any]:
    """Everybody has left."""
    async with asyncio.timeout(within):
        while (stats := await place.client.stats())["peers"]:
            await asyncio.sleep(0.2)
    return stats


async def soak(held: Held, peers: int, seconds: float, pause: float, silent: float = 0.33) -> Soak:
    """So many peers for so long, one of them replaced every ``pause`` seconds, this share of those without a word."""
    chance, seen = random.Random(1), Soak()
    async with meeting(held) as place:
        before, fds = await idle(place, 30), descriptors(held[2])
        started = time.monotonic()
        guests: dict[str, tuple[Guest, asyncio.Task[None]]] = {}

        async def join() -> None:
            seen.joins += 1
            number = seen.joins
            name = f"g{number}"
            speaks = number % 8 == 1
            try:
                guest = await (place.publisher(name) if speaks else place.watcher(name, 1 + number % 3))
            except (TimeoutError, OSError) as error:
                seen.failed.append(repr(error))
                return
            guests[name] = guest, asyncio.create_task(live(guest, name, speaks))

        async def live(guest: Guest, name: str, speaks: bool) -> None:
            while True:
                await guest.check()
                if speaks:
                    await guest.speak(name, CHECK_EVERY, rate=25)
                else:
                    await asyncio.sleep(CHECK_EVERY)

        async def leave(name: str) -> None:
            guest, task = guests.pop(name)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if chance.random() < silent:
                seen.vanished += 1
                guest.mute()
            guest.close()
            place.guests.remove(guest)

        for _ in range(peers):
            await join()
        while (passed := time.monotonic() - started) < seconds:
            await asyncio.sleep(pause)
            if guests:
                await leave(chance.choice(list(guests)))
            await join()
            stats = await place.client.stats()
            seen.memory.append((passed, stats["rss_bytes"] / (1 << 20)))
            assert stats["peers"] <= peers + seen.vanished
            place.events.clear()
        for name in list(guests):
            await leave(name)
        after = await idle(place, 3 * PEER_SILENCE)
        assert not after["rooms"] and after["counters"]["faults"] == before["counters"]["faults"]
        assert descriptors(held[2]) == fds and after["threads"] == before["threads"]
        assert after["tasks"] <= before["tasks"], "a task of somebody who left goes on"
    return seen


async def test_a_dozen_come_and_go_and_leave_nothing_behind(held: Held) -> None:
    seen = await soak(held, 12, 4.0, 0.2, 0.0)
    assert not seen.failed and seen.joins > 15


@pytest.mark.long
async def test_soak_for_half_an_hour_with_fifty(held: Held) -> None:
    seen = await soak(held, 50, 1800.0, 1.0)
    assert not seen.failed and seen.joins > 500 and seen.vanished > 100
    assert seen.slope() < 8.0, f"{seen.slope():.1f} MiB an hour: {seen.memory[:: len(seen.memory) // 20]}"


async def storm_of_joins(held: Held, count: int) -> dict[str, float]:
    """So many at once while one speaks; seconds until all see it, and what a join costs the worker."""
    async with meeting(held) as place:
        good, first = await place.publisher("good"), await place.watcher("first")
        speaking = asyncio.create_task(good.speak("good", 60.0, rate=50))
        async with asyncio.timeout(10):
            while not first.seen.get("good"):
                await asyncio.sleep(0.01)
        before, started = await place.client.stats(), time.monotonic()
        watchers = await asyncio.gather(*[place.watcher(f"w{number}") for number in range(count)])
        async with asyncio.timeout(20):
            while not all(watcher.seen.get("good") for watcher in watchers):
                await asyncio.sleep(0.01)
        after, passed = await place.client.stats(), time.monotonic() - started
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        assert first.loss("good") <= 0.005 and place.downs() == []
        return {
            "seconds": passed, "cpu_ms": 1000 * (after["cpu_s"] - before["cpu_s"]) / count,
            "kib": (after["rss_bytes"] - before["rss_bytes"]) / 1024 / count, "delay_ms": 1000 * first.delay("good", 1.0),
        }


async def test_sixty_join_at_once_while_media_runs(held: Held) -> None:
    told = await storm_of_joins(held, 60)
    assert told["cpu_ms"] < 12 and told["kib"] < 512, told


@pytest.mark.long
async def test_soak_a_province_joins_at_once(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "CALL_TIME", 30.0)  # two hundred clients shake hands in this very process
    told = await storm_of_joins(held, 239)
    assert told["cpu_ms"] < 6 and told["kib"] < 512, told
