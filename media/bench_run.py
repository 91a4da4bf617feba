"""One run of a benchmark: publishers, cheap receivers, a server to measure, an interval. Which server does not matter.

Never prints and never judges. Called by media/bench.py and bench_capacity.py.
"""
from __future__ import annotations

import asyncio
import gc
import os
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from media.bench_load import Gauge, Ruler
from media.bench_worker import Meter, Used, Worker
from media.mmread import Inbox
from media.peers import Crowd, Publisher
from media.peers_clip import Clip

PICTURE_PACKETS, PICTURE_PACKET, SOUND_PACKET = 4, 1060, 100    # of one picture, bytes of RTP, bytes of RTP
ALONE_FPS, TOGETHER_FPS = 18, 25       # pictures a second of one publisher, of each of several
_HEADER = 20             # of our RTP packets, with the mid extension
_DESCRIPTOR = 4          # VP8 payload descriptor
_AUTHENTICATION = 16     # SRTP tag
WARM_UP, QUIET = 1.0, 1.5      # seconds before the measured interval with and without media: until then all slots are given
SETTLE, LONGEST_SETTLE = 0.5, 5.0    # seconds without a packet after which none is under way; and at most
JOINS_AT_ONCE = 32
LOOKS = 64               # sockets looked into between two turns of the event loop
PRIORITY = -10                 # nice value of server and peers during a run, where permitted


def bench_clip(fps: int = ALONE_FPS) -> Clip:
    """Something of the right sizes that calls itself VP8, one key frame a second; nobody decodes it."""
    size = PICTURE_PACKETS * (PICTURE_PACKET - _HEADER - _DESCRIPTOR)
    key = b"\x10\x00\x00\x9d\x01\x2a"
    pictures = [key + bytes(size - len(key))] + [b"\x11" + bytes(size - 1)] * (fps - 1)
    return Clip(tuple(pictures), (bytes(SOUND_PACKET - _HEADER),) * 50, fps)


def mean_packet(fps: int = ALONE_FPS) -> int:
    """Octets of UDP payload, on average."""
    pictures = fps * PICTURE_PACKETS
    return round((pictures * PICTURE_PACKET + 50 * SOUND_PACKET) / (pictures + 50)) + _AUTHENTICATION


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of the server."""

    receivers: int
    publishers: int = 1
    audio_only: bool = False
    feedback: str = "rr"
    fps: int = 0               # 0: what belongs to the number of publishers

    @property
    def pictures(self) -> int:
        """Pictures a second of each publisher."""
        return 0 if self.audio_only else self.fps or (ALONE_FPS if self.publishers == 1 else TOGETHER_FPS)


class Server(Protocol):
    """What takes publishers and receivers and is measured."""

    meter: Meter

    async def publish(self, publisher: Publisher) -> None:
        """Lets it in."""

    async def watch(self, gauge: Gauge, publishers: list[str]) -> None:
        """Lets it in; it shall receive all of `publishers`."""

    async def close_room(self) -> None:
        """Everybody out."""


class OwnServer:
    """A worker of ours."""

    def __init__(self, worker: Worker, room: str = "") -> None:
        self.worker, self.meter, self._room = worker, worker.meter, room or f"bench-{os.getpid()}"

    async def publish(self, publisher: Publisher) -> None:
        await publisher.connect(self.worker.publishing(self._room, publisher.name))

    async def watch(self, gauge: Gauge, publishers: list[str]) -> None:
        await gauge.connect(self.worker.watching(self._room, gauge.name, publishers))

    async def close_room(self) -> None:
        await self.worker.client.close_room(self._room)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one interval of `seconds` showed. `lost`: of `sent`, the packets of the whole time sound and picture were on."""

    seconds: float
    used: Used
    relayed: int
    sent: int
    lost: int
    delays: list[float]        # ms: p50, p99, p999
    rss_mib: float

    @property
    def cost(self) -> float:
        """Microseconds of processor time for one relayed packet."""
        return self.used.total / self.relayed * 1e6 if self.relayed else 0.0


@dataclass(slots=True)
class _Hall:
    """One server with its publishers and receivers."""

    server: Server
    publishers: list[Publisher]
    receivers: list[Gauge]

    def expected(self) -> int:
        """What its receivers should have got of everything sent so far."""
        return sum(publisher.stats.packets for publisher in self.publishers) * len(self.receivers)


class Run:
    """The peers of one run; several servers share the receivers, each has publishers of its own."""

    def __init__(self, servers: Sequence[Server], load: Load) -> None:
        self.load, self.ruler, self.crowd = load, Ruler(), Crowd()
        self.join_cpu_ms = 0.0
        self._inbox = Inbox(timed=True)
        clip = bench_clip(load.pictures or ALONE_FPS)
        self.halls = [_Hall(server, [self.crowd.publisher(f"speaker-{number}", clip) for number in range(load.publishers)], [])
                      for server in servers]
        for publisher in self.publishers:
            publisher.stamp = self.ruler.stamp
        self.speak(False)

    @property
    def publishers(self) -> list[Publisher]:
        """Of all servers."""
        return [publisher for hall in self.halls for publisher in hall.publishers]

    @property
    def receivers(self) -> list[Gauge]:
        """Of all servers."""
        return [gauge for hall in self.halls for gauge in hall.receivers]

    def used(self) -> Used:
        """Processor time of all servers so far."""
        used = [hall.server.meter.used() for hall in self.halls]
        return Used(*(sum(parts) for parts in zip(*used, strict=True)))

    def speak(self, on: bool = True) -> None:
        """Sound and picture of all publishers on or off."""
        for publisher in self.publishers:
            publisher.mute("audio", not on)
            publisher.mute("video", not on or self.load.audio_only)

    async def begin(self) -> None:
        """The publishers join, silently."""
        for hall in self.halls:
            for publisher in hall.publishers:
                await hall.server.publish(publisher)

    async def join(self, count: int, at_once: int = JOINS_AT_ONCE) -> list[Gauge]:
        """So many more receivers."""
        kinds = (self.load.publishers, 0 if self.load.audio_only else self.load.publishers)
        gate, used, new = asyncio.Semaphore(at_once), self.used().total, []

        async def watch(hall: _Hall, gauge: Gauge) -> None:
            async with gate:
                await hall.server.watch(gauge, [publisher.name for publisher in hall.publishers])

        async with asyncio.TaskGroup() as group:
            for number in range(count):
                hall = self.halls[number % len(self.halls)]
                gauge = Gauge(self.crowd, f"receiver-{len(hall.receivers)}", self.ruler, self._inbox, slots=kinds,
                              feedback=self.load.feedback)
                hall.receivers.append(gauge)
                new.append(gauge)
                group.create_task(watch(hall, gauge))
        self.join_cpu_ms = (self.used().total - used) / count * 1e3
        return new

    async def resize(self, count: int) -> None:
        """So many receivers on the first server, whoever joined last leaves first."""
        hall = self.halls[0]
        while len(hall.receivers) > count:
            await hall.receivers.pop().close()
        if len(hall.receivers) < count:
            await self.join(count - len(hall.receivers))

    def rate(self) -> float:
        """Packets a second all receivers get while everybody speaks."""
        one = 50 + self.load.pictures * PICTURE_PACKETS
        return sum(one * len(hall.publishers) * len(hall.receivers) for hall in self.halls)

    def received(self) -> int:
        """Packets of all receivers so far."""
        return sum(gauge.received for gauge in self.receivers)

    def expected(self) -> int:
        """Packets they should have got, had they been there from the beginning."""
        return sum(hall.expected() for hall in self.halls)

    async def relay(self, seconds: float) -> Measured:
        """Sound and picture on, a second to warm up, the interval, off again."""
        ruler = self.ruler
        self.speak(False)
        await asyncio.sleep(QUIET)
        received, expected = self.received(), self.expected()
        self.speak()
        await asyncio.sleep(WARM_UP)
        gc.collect()
        gc.freeze()          # a collection in the middle of the run would be measured as the server's delay
        del ruler.delays[:]
        used, relayed, start = self.used(), self.received(), time.monotonic()
        ruler.since, ruler.until = time.time_ns(), 1 << 62
        await awake(seconds, self.receivers)
        ruler.until = time.time_ns()
        spent = Used(*(end - begin for end, begin in zip(self.used(), used, strict=True)))
        took, relayed = time.monotonic() - start, self.received() - relayed
        self.speak(False)
        await self._settle()
        gc.unfreeze()
        sent = self.expected() - expected
        return Measured(took, spent, relayed, sent, sent - (self.received() - received),
                        [round(ruler.delay_ms(share), 2) for share in (0.5, 0.99, 0.999)],
                        sum(hall.server.meter.rss_mib() for hall in self.halls))

    async def _settle(self) -> None:
        """Until nothing has come any more for a while: on a busy machine what is under way takes its time."""
        last, end = -1, time.monotonic() + LONGEST_SETTLE
        while last != (last := self.received()) and time.monotonic() < end:
            await asyncio.sleep(SETTLE)

    async def close(self) -> None:
        """Everybody out."""
        for peer in (*self.publishers, *self.receivers):
            await peer.close()
        for hall in self.halls:
            await hall.server.close_room()


async def awake(seconds: float, receivers: Sequence[Gauge] = ()) -> None:
    """Lets time pass without ever sleeping, and looks into every socket in turn without being told: the process that drains
    the yardstick's socket never sleeps in its tight loop either. On a real network nobody pays for waking whom he sends to,
    and on this machine neither side shall."""
    reads = [gauge.read for gauge in receivers]
    for gauge in receivers:
        gauge.wait(False)
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for at in range(0, len(reads), LOOKS):      # publishers must not wait until all have been looked into
                for read in reads[at : at + LOOKS]:
                    read()
                await asyncio.sleep(0)
            if not reads:
                await asyncio.sleep(0)
    finally:
        for gauge in receivers:
            gauge.wait(True)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run takes place: the cores of server and load, None where there is nothing to choose."""

    server: int | None
    load: int | None
    all: list[int]
    raised: bool


@contextmanager
def place(files: int) -> Iterator[Place]:
    """This process on its core, with raised priority where permitted, and room for so many sockets; all undone after."""
    own_cores, own_priority = os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0)
    ordered = sorted(own_cores)
    server, load = (ordered[0], ordered[1]) if len(ordered) > 1 else (None, None)
    _allow_files(files)
    if load is not None:
        os.sched_setaffinity(0, {load})
    try:
        yield Place(server, load, ordered, _raise_priority())
    finally:
        os.sched_setaffinity(0, own_cores)
        if os.getpriority(os.PRIO_PROCESS, 0) != own_priority:
            os.setpriority(os.PRIO_PROCESS, 0, own_priority)


def _raise_priority() -> bool:
    """Neighbours should disturb the run as little as we are allowed to ask for. Processes started later inherit it."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    except PermissionError:
        return False
    return True


def _allow_files(count: int) -> None:
    """One socket per peer: raise the soft limit where the hard one allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        top = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (top, hard))
