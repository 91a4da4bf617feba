"""Kills a relay process under live points and measures when each session has media again.

Two full rooms of synthetic points, which are told of the death by the news of their page as a browser is.  Used by
tests/web/test_worker_death.py and tests/journeys/test_worker_death.py.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from media.peers import Exchange, HangUp, Peer, Subscriber
from media.peers_points import Alarm, Role, SyntheticPoint, run_points
from tests.support.installation import Installation, Room, soon
from web.doors import Door

PACE = 7.0  # seconds between two deaths: a point gets ten tickets a minute for each role
LONGEST = 60.0  # seconds until everybody must have come in, or back


@dataclass
class Crowded:
    """Rooms full of synthetic points."""

    alarm: Alarm
    expected: int
    seconds: list[float] = field(default_factory=list)

    def live(self, but: frozenset[Peer] = frozenset()) -> dict[Peer, float]:
        """Sessions that have media, with the instant of the first of it; without those in `but`."""
        found = {}
        for peer in self.alarm.peers:
            if peer in but:
                continue
            if isinstance(peer, Subscriber):
                first = [slot.first_packet_at for slot in peer.slots() if slot.first_packet_at is not None]
                if first:
                    found[peer] = min(first)
            else:
                found[peer] = time.monotonic()
        return found

    async def settled(self) -> None:
        """Everybody is in and receives."""
        await soon(lambda: len(self.live()) == self.expected, LONGEST)

    async def kill(self, pid: int, beside: Callable[[float], Awaitable[float]] | None = None) -> list[float]:
        """Seconds after a kill -9 until each session has media again; `beside(killed_at)` tells of one more."""
        await self.settled()
        before = frozenset(self.alarm.peers)
        killed = time.monotonic()
        other = asyncio.create_task(beside(killed)) if beside is not None else None
        os.kill(pid, signal.SIGKILL)
        back: dict[Peer, float] = {}
        while len(back) < self.expected:
            for peer, at in self.live(before).items():
                back.setdefault(peer, at)
            assert time.monotonic() - killed < LONGEST, f"{len(back)} of {self.expected} came back"
            await asyncio.sleep(0.01)
        took = sorted([at - killed for at in back.values()] + ([await other] if other is not None else []))
        self.seconds += took
        return took


@asynccontextmanager
async def crowded(installation: Installation, rooms: list[Room], but: frozenset[tuple[str, str]] = frozenset()) -> AsyncIterator[Crowded]:
    """All points of the rooms are joined, without those in `but` (room, code)."""
    stop, alarm = asyncio.Event(), Alarm()
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        base_url=installation.url, timeout=20, limits=limits, headers={"accept": "application/json"}
    ) as http:
        doors = {
            f"{room.meeting_id}/{code}": Door(http, room.meeting_id, secret, f"synthetic-{code}")
            for room in rooms for code, secret in room.links.items() if (room.meeting_id, code) not in but
        }

        def door(point: SyntheticPoint, role: Role) -> tuple[Exchange, HangUp]:
            return doors[point.name].session(role)

        points = [SyntheticPoint(name, "A", 0) for name in doors]  # one picture for all: encoding takes its time
        tasks = [asyncio.create_task(one.listen(alarm.ring, stop)) for one in doors.values()]
        playing = asyncio.create_task(run_points(points, door, stop, alarm=alarm))
        try:
            yield Crowded(alarm, 2 * len(points))
        finally:
            stop.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(playing, *tasks, return_exceptions=True)


def described(seconds: list[float]) -> str:
    """The distribution in one line."""
    ordered = sorted(seconds)
    at = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))]  # noqa: E731
    return (f"{len(ordered)} sessions, media again after s: p50 {statistics.median(ordered):.2f}, p90 {at(0.9):.2f}, "
            f"p99 {at(0.99):.2f}, worst {ordered[-1]:.2f}")
