"""How many receivers one core carries, and what joining and feedback cost: the other questions `web bench` asks.

Same peers, same server, other intervals. Called by `web bench capacity`, `web bench joins`, `web bench feedback` and tests.
"""
from __future__ import annotations

import asyncio
import datetime
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media.bench_load import messages_per_second
from media.bench_run import Load, Measured, OwnServer, Run, mean_packet, place
from media.bench_worker import worker_process
from media.errors import Gone
from media.limits import TRANSPORT_WIDE_PEERS

SCHEMA = 1
SLOWEST_MS = 20.0         # delay that 99 of 100 packets must not exceed
FIRST, MOST = 100, 1000   # receivers to begin with; a room takes no more than about a thousand
GROWTH, FINENESS = 1.6, 0.05
TRIES = 2                 # an interval a neighbour spoilt is measured once more
EARLIER = 100             # receivers that were there before the others join


def cpu_model() -> str:
    """What the processor calls itself."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


async def capacity(seconds: float = 4.0, *, most: int = MOST, told: Callable[[int, Measured, bool], None] = lambda *_: None
                   ) -> dict[str, Any]:
    """The document `capacity.json`: the largest load that one worker on one core carried without loss and in time.

    `told(receivers, measured, held)` hears of every step. Raises: as `bench.measure`; Gone when not even one receiver
    was served in time.
    """
    with place(most + 200) as cores:
        async with worker_process(core=cores.server) as worker:
            run = Run([OwnServer(worker)], Load(0))
            try:
                await run.begin()
                count, held = await _search(run, seconds, most, told)
            finally:
                await run.close()
    rate = held.relayed / held.seconds
    return {"schema": SCHEMA, "measured_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "cpu_model": cpu_model(), "workers": 1, "packets_per_s": round(rate),
            "bits_per_s": round(rate * mean_packet() * 8), "receivers": count, "delay_ms_p99": held.delays[1],
            "core_percent": round(held.used.total / held.seconds * 100, 1), "limited_by": _limit(held)}


def _limit(held: Measured) -> str:
    return "core" if held.used.total / held.seconds > 0.8 else "delay"


async def _search(run: Run, seconds: float, most: int, told: Callable[[int, Measured, bool], None]) -> tuple[int, Measured]:
    good: tuple[int, Measured] | None = None
    bad, wanted = most + 1, min(FIRST, most)
    while True:
        measured, held = await _attempt(run, wanted, seconds)
        told(wanted, measured, held)
        if held:
            good = wanted, measured
        else:
            bad = wanted
        low = good[0] if good else 0
        if good is not None and (low >= most or bad - low <= max(1, FINENESS * low)):
            return good
        if good is None and wanted == 1:
            raise Gone("bench.busy")  # the machine has other things to do: a figure from now would turn everybody away
        wanted = min(most, int(low * GROWTH)) if bad > most else max(1, (low + bad) // 2)


async def _attempt(run: Run, receivers: int, seconds: float) -> tuple[Measured, bool]:
    run.speak(False)
    await run.resize(receivers)
    for _ in range(TRIES):
        measured = await run.relay(seconds)
        held = measured.lost == 0 and measured.delays[1] <= SLOWEST_MS
        if held:
            break
    return measured, held


@dataclass(frozen=True, slots=True)
class Joins:
    """Many at once while media runs. `first_ms`: from the offer to the first packet of every slot."""

    joins: int
    earlier: int
    failed: int
    first_ms_p50: float
    first_ms_p95: float
    first_ms_max: float
    join_cpu_ms: float
    delay_ms_p999: float
    delay_ms_p999_before: float
    took_ms: float
    load_average: float


async def joins(count: int = 239, *, earlier: int = EARLIER) -> Joins:
    """So many join in the same moment, `earlier` are there and listen. Raises: as `bench.measure`."""
    with place(count + earlier + 100) as cores:
        async with worker_process(core=cores.server) as worker:
            run = Run([OwnServer(worker)], Load(count + earlier))
            try:
                await run.begin()
                await run.join(earlier)
                quiet = await run.relay(2.0)
                run.speak()
                await asyncio.sleep(1.0)
                return await _storm(run, count, earlier, quiet)
            finally:
                await run.close()


async def _storm(run: Run, count: int, earlier: int, quiet: Measured) -> Joins:
    ruler = run.ruler
    del ruler.delays[:]
    ruler.since, ruler.until = time.time_ns(), 1 << 62
    veterans, failed = run.receivers, 0
    used, relayed, start = run.used().total, run.received(), time.monotonic()
    began = asyncio.get_running_loop().time()
    try:
        new = await run.join(count, at_once=count)
    except* Exception:
        new = [gauge for gauge in run.receivers[earlier:] if gauge.join_seconds is not None]
        failed = count - len(new)
    while any(gauge.begun_at is None for gauge in new) and time.monotonic() - start < 10:
        await asyncio.sleep(0.02)
    took = time.monotonic() - start
    spent = run.used().total - used - (run.received() - relayed) * quiet.cost / 1e6
    ruler.until = time.time_ns()
    silent = [gauge for gauge in new if gauge.begun_at is None]
    firsts = sorted((gauge.begun_at - began) * 1e3 for gauge in new if gauge.begun_at is not None) or [0.0]
    median, most, longest = (round(firsts[int(share * (len(firsts) - 1))], 1) for share in (0.5, 0.95, 1.0))
    return Joins(count, len(veterans), failed + len(silent), median, most, longest, round(spent / count * 1e3, 2), round(ruler.delay_ms(0.999), 2),
                 quiet.delays[2], round(took * 1e3, 1), round(os.getloadavg()[0], 2))


@dataclass(frozen=True, slots=True)
class Feedback:
    """What receivers' reports cost, in points of one core. `remb`: RR and REMB, five datagrams a second from each."""

    receivers: int
    remb_points: float
    remb_us_per_datagram: float
    twcc_receivers: int
    twcc_agreed: bool
    twcc_points: float
    twcc_us_per_datagram: float
    load_average: float


async def feedback(receivers: int = 238, seconds: float = 6.0) -> Feedback:
    """REMB: against nothing at all, no media under way. Transport-wide: against reports alone, with media.

    Transport-wide feedback is asked for by small workers only, so that it is measured with so many.
    """
    few = min(receivers, TRANSPORT_WIDE_PEERS - 4)
    with place(receivers + 200) as cores:
        nothing, _ = await _feedback_share(cores.server, receivers, "none", seconds, media=False)
        remb, _ = await _feedback_share(cores.server, receivers, "remb", seconds, media=False)
        reports, _ = await _feedback_share(cores.server, few, "rr", seconds, media=True)
        twcc, sent = await _feedback_share(cores.server, few, "twcc", seconds, media=True)
    every = receivers * messages_per_second("remb")
    points = max(0.0, (twcc - reports) * 100)
    return Feedback(receivers, round((remb - nothing) * 100, 2), round((remb - nothing) / every * 1e6, 1), few, sent > 0,
                    round(points, 2), round(points * 1e4 / sent, 1) if sent else 0.0, round(os.getloadavg()[0], 2))


async def _feedback_share(core: int | None, receivers: int, kind: str, seconds: float, *, media: bool) -> tuple[float, float]:
    """(share of the core, transport-wide messages a second)."""
    async with worker_process(core=core) as worker:
        run = Run([OwnServer(worker)], Load(receivers, feedback=kind))
        try:
            await run.begin()
            await run.join(receivers)
            await run.relay(1.0)       # who has received nothing reports nothing
            before, start = sum(gauge.feedback_sent for gauge in run.receivers), time.monotonic()
            if media:
                measured = await run.relay(seconds)
                # Per packet, so that a burst more or less in the interval does not count.
                share = measured.cost * run.rate() / 1e6
            else:
                used = run.used().total
                await asyncio.sleep(seconds)
                share = (run.used().total - used) / (time.monotonic() - start)
            sent = sum(gauge.feedback_sent for gauge in run.receivers) - before
            return share, sent / (time.monotonic() - start)
        finally:
            await run.close()
