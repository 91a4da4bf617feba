"""Measures the relay as its receivers see it: CPU per relayed packet, loss, delay; beside it a plain `sendto`.

Never trusts the relay's own counters: every packet carries the publisher's number and time under SRTP and is counted
after decryption. Called by `web bench sfu` and by tests. One publisher sends a picture of 600 kbit/s in bursts of four
packets and a sound, 122 packets a second, the traffic of the comparison in docs/benchmarks.md.
"""
from __future__ import annotations

import asyncio
import gc
import os
import platform
import resource
import time
from array import array
from dataclasses import dataclass
from struct import Struct

from media.bench_sendto import Yardstick
from media.bench_worker import Worker, worker_process
from media.peers import Crowd, Publisher, Subscriber
from media.peers_clip import Clip

FPS, PICTURE_PACKETS, PICTURE_PACKET, SOUND_PACKET = 18, 4, 1060, 100    # a second, -, bytes of RTP, bytes of RTP
_HEADER = 20             # of our RTP packets, with the mid extension
_DESCRIPTOR = 4          # VP8 payload descriptor
_AUTHENTICATION = 16     # SRTP tag
MEAN_PACKET = round((FPS * PICTURE_PACKETS * PICTURE_PACKET + 50 * SOUND_PACKET) / (FPS * PICTURE_PACKETS + 50)
                    ) + _AUTHENTICATION
WARM_UP, SETTLE = 1.0, 0.5     # seconds before and after the measured interval
JOINS_AT_ONCE = 32
PRIORITY = -10                 # nice value of worker and peers during a run, where permitted
_STAMP = Struct("!qI")         # monotonic nanoseconds, number of the packet


@dataclass(frozen=True, slots=True)
class BenchResult:
    """One run. Times in the units of their names; `cores` is what the process may use; `ratio` = CPU / sendto.

    `sendto_us` is the price in a tight loop, everything in cache; `sendto_paced_us` in small bursts, as a relay sends.
    """

    receivers: int
    seconds: float
    cpu_us_per_packet: float
    sendto_us: float
    ratio: float
    sendto_paced_us: float
    packets_relayed: int
    packets_lost: int
    delay_ms_p50: float
    delay_ms_p99: float
    worker_core_percent: float
    join_ms_p95: float
    sendto_sent: int
    sendto_drained: int
    raised_priority: bool
    load_average: float
    cores: int
    kernel: str
    python: str


def bench_clip() -> Clip:
    """Something of the right sizes that calls itself VP8, one key frame a second; nobody decodes it."""
    size = PICTURE_PACKETS * (PICTURE_PACKET - _HEADER - _DESCRIPTOR)
    key = b"\x10\x00\x00\x9d\x01\x2a"
    pictures = [key + bytes(size - len(key))] + [b"\x11" + bytes(size - 1)] * (FPS - 1)
    return Clip(tuple(pictures), (bytes(SOUND_PACKET - _HEADER),) * 50, FPS)


class Ruler:
    """Numbers every packet at the publisher and looks for the numbers at each receiver."""

    def __init__(self) -> None:
        self.sent = 0
        self.first, self.end = 1 << 32, 1 << 32      # numbers of the measured interval
        self.delays = array("d")
        self.counts: list[int] = []

    def stamp(self, packet: bytes) -> bytes:
        """The packet with time and number in place of its last bytes."""
        self.sent += 1
        return packet[:-_STAMP.size] + _STAMP.pack(time.monotonic_ns(), self.sent)

    def attach(self, receiver: Subscriber) -> None:
        """Count what this receiver gets."""
        place = len(self.counts)
        self.counts.append(0)
        counts, delays, unpack = self.counts, self.delays, _STAMP.unpack_from

        def count(packet: bytes, now: float) -> None:
            sent_at, number = unpack(packet, len(packet) - _STAMP.size)
            if self.first <= number < self.end:
                counts[place] += 1
                delays.append(time.monotonic_ns() - sent_at)
        receiver.on_packet = count

    def delay_ms(self, share: float) -> float:
        """The delay that this share of all packets did not exceed, from `send` to decrypted at the receiver."""
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6 if ordered else 0.0


async def measure(receivers: int, seconds: float = 10.0) -> BenchResult:
    """One whole run: worker on one core, publisher and receivers on another, `sendto` before and after on the worker's.

    Raises: MediaError or TimeoutError when a peer cannot join, OSError when the machine refuses a socket.
    """
    own_cores, own_priority = os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0)
    worker_core, peer_core = _two_cores(own_cores)
    _allow_files(receivers + 100)
    if peer_core is not None:
        os.sched_setaffinity(0, {peer_core})
    raised = _raise_priority()
    try:
        with Yardstick(MEAN_PACKET, core=worker_core, drain_core=peer_core) as yardstick:
            async with worker_process(core=worker_core) as worker:
                yardstick.measure()
                run = await _Run.join(worker, receivers)
                try:
                    used, took = await run.relay(seconds)
                    yardstick.measure()
                finally:
                    await run.close()
    finally:
        os.sched_setaffinity(0, own_cores)
        if os.getpriority(os.PRIO_PROCESS, 0) != own_priority:
            os.setpriority(os.PRIO_PROCESS, 0, own_priority)
    return _result(run, yardstick, used, took, raised)


@dataclass(slots=True)
class _Run:
    """The peers of one run."""

    worker: Worker
    publisher: Publisher
    receivers: list[Subscriber]
    ruler: Ruler

    @staticmethod
    async def join(worker: Worker, count: int) -> _Run:
        crowd, ruler = Crowd(), Ruler()
        run = _Run(worker, crowd.publisher("speaker", bench_clip()),
                   [crowd.subscriber(f"receiver-{number}") for number in range(count)], ruler)
        run.publisher.stamp = ruler.stamp
        gate = asyncio.Semaphore(JOINS_AT_ONCE)

        async def watch(receiver: Subscriber) -> None:
            ruler.attach(receiver)
            async with gate:
                await receiver.connect(worker.watching(_room(), receiver.name))

        try:
            await run.publisher.connect(worker.publishing(_room(), "speaker"))
            async with asyncio.TaskGroup() as group:
                for receiver in run.receivers:
                    group.create_task(watch(receiver))
        except BaseException:
            await run.close()
            raise
        return run

    async def relay(self, seconds: float) -> tuple[float, float]:
        """Let it run; returns the worker's CPU seconds and the wall seconds of the measured interval."""
        await asyncio.sleep(WARM_UP)
        gc.collect()
        gc.freeze()          # a collection in the middle of the run would be measured as the relay's delay
        ruler = self.ruler
        used, start = self.worker.cpu_seconds(), time.monotonic()
        ruler.first = ruler.sent + 1
        await _awake(seconds)
        ruler.end = ruler.sent + 1
        used, took = self.worker.cpu_seconds() - used, time.monotonic() - start
        self.publisher.mute("audio")
        self.publisher.mute("video")
        await asyncio.sleep(SETTLE)
        gc.unfreeze()
        return used, took

    async def close(self) -> None:
        for peer in (self.publisher, *self.receivers):
            await peer.close()
        await self.worker.client.close_room(_room())


async def _awake(seconds: float) -> None:
    """Lets time pass without ever sleeping, as the process that drains the yardstick's socket never sleeps in its tight
    loop: on a real network nobody pays for waking whom he sends to, and on this machine neither side shall."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await asyncio.sleep(0)


def _room() -> str:
    return f"bench-{os.getpid()}"


def _result(run: _Run, yardstick: Yardstick, used: float, took: float, raised: bool) -> BenchResult:
    ruler = run.ruler
    relayed, expected = sum(ruler.counts), (ruler.end - ruler.first) * len(run.receivers)
    cost = used / relayed * 1e6 if relayed else 0.0
    joins = sorted(receiver.join_seconds or 0.0 for receiver in run.receivers)
    return BenchResult(
        receivers=len(run.receivers), seconds=round(took, 3), cpu_us_per_packet=round(cost, 2),
        sendto_us=round(yardstick.microseconds, 2), ratio=round(cost / yardstick.microseconds, 2),
        sendto_paced_us=round(yardstick.paced_microseconds, 2),
        packets_relayed=relayed, packets_lost=expected - relayed,
        delay_ms_p50=round(ruler.delay_ms(0.5), 2), delay_ms_p99=round(ruler.delay_ms(0.99), 2),
        worker_core_percent=round(used / took * 100, 1), join_ms_p95=round(joins[int(len(joins) * 0.95)] * 1e3, 1),
        sendto_sent=yardstick.sent, sendto_drained=yardstick.drained, raised_priority=raised,
        load_average=round(os.getloadavg()[0], 2), cores=len(os.sched_getaffinity(0)),
        kernel=platform.release(), python=platform.python_version())


def _two_cores(allowed: set[int]) -> tuple[int | None, int | None]:
    """(core of the worker, core of the peers); None where there is nothing to choose."""
    ordered = sorted(allowed)
    return (ordered[0], ordered[1]) if len(ordered) > 1 else (None, None)


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
