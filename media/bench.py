"""Measures the relay as its receivers see it: CPU per relayed packet, loss, delay; beside it a plain `sendto` and, if wished,
Janus with the same load.

Never trusts the relay's own counters. Called by `web bench sfu` and by tests. One publisher sends a picture of 600 kbit/s in
bursts of four packets and a sound, 122 packets a second; several send 150 each: the traffic of docs/benchmarks.md.
"""
from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from media.bench_janus import janus
from media.bench_run import Load, Measured, OwnServer, Place, Run, Server, bench_clip, mean_packet, place
from media.bench_sendto import Yardstick
from media.bench_worker import worker_process

__all__ = ["BenchResult", "Load", "bench_clip", "measure"]


@dataclass(frozen=True, slots=True)
class BenchResult:
    """One run. Times in the units of their names; `cores` is what the process may use; `ratio` = CPU / sendto.

    `sendto_us` is the price in a tight loop, everything in cache; `sendto_paced_us` in small bursts, as a relay sends.
    `loss` is a share of all packets, `join_cpu_ms` what one join cost the workers, without media under way.
    """

    receivers: int
    publishers: int
    workers: int
    feedback: str
    seconds: float
    cpu_us_per_packet: float
    user_us: float
    sys_us: float
    sendto_us: float
    ratio: float
    sendto_paced_us: float
    relayed_pps: int
    packets_relayed: int
    packets_lost: int
    loss: float
    forged: int
    delay_ms_p50: float
    delay_ms_p99: float
    delay_ms_p999: float
    worker_core_percent: float
    rss_mib: float
    join_ms_p95: float
    join_cpu_ms: float
    sendto_sent: int
    sendto_drained: int
    raised_priority: bool
    load_average: float
    cores: int
    kernel: str
    python: str
    janus_cpu_us_per_packet: float | None = None
    janus_loss: float | None = None
    janus_delay_ms_p99: float | None = None
    janus_ratio: float | None = None


async def measure(receivers: int, seconds: float = 10.0, *, load: Load | None = None, workers: int = 1,
                  against_janus: bool = False) -> BenchResult:
    """One whole run: servers on one core, publishers and receivers on another, `sendto` before and after on the servers'.

    Several workers share the receivers, each with publishers of its own. Raises: MediaError or TimeoutError when a peer
    cannot join, OSError when the machine refuses a socket or Janus is not there.
    """
    wanted = load or Load(receivers)
    with place(receivers + 4 * workers + 100) as cores, \
            Yardstick(mean_packet(wanted.pictures), core=cores.server, drain_core=cores.load) as yardstick:
        yardstick.measure()
        async with AsyncExitStack() as stack:
            servers = [OwnServer(await stack.enter_async_context(worker_process(core=core)))
                       for core in _cores(cores, workers)]
            run, ours = await _relayed(servers, wanted, seconds)
        yardstick.measure()
        theirs = None
        if against_janus:
            async with janus(core=cores.server) as server:
                theirs = (await _relayed([server], wanted, seconds))[1]
            yardstick.measure()
    return _result(wanted, run, ours, yardstick, cores, theirs)


def _cores(cores: Place, workers: int) -> list[int | None]:
    """One for each worker; the load keeps its own for itself as long as there is another."""
    free = [core for core in cores.all if core != cores.load] or [cores.server]
    return [free[number % len(free)] for number in range(workers)]


async def _relayed(servers: Sequence[Server], load: Load, seconds: float) -> tuple[Run, Measured]:
    run = Run(servers, load)
    try:
        await run.begin()
        await run.join(load.receivers)
        return run, await run.relay(seconds)
    finally:
        await run.close()


def _result(load: Load, run: Run, ours: Measured, yardstick: Yardstick, cores: Place, theirs: Measured | None) -> BenchResult:
    cost = ours.cost
    steps = ours.used.user + ours.used.system or 1.0
    joins = sorted(receiver.join_seconds or 0.0 for receiver in run.receivers)
    janus_cost = theirs.cost if theirs is not None else None
    return BenchResult(
        receivers=len(run.receivers), publishers=load.publishers, workers=len(run.halls), feedback=load.feedback,
        seconds=round(ours.seconds, 3), cpu_us_per_packet=round(cost, 2), user_us=round(cost * ours.used.user / steps, 2),
        sys_us=round(cost * ours.used.system / steps, 2), sendto_us=round(yardstick.microseconds, 2),
        ratio=round(cost / yardstick.microseconds, 2), sendto_paced_us=round(yardstick.paced_microseconds, 2),
        relayed_pps=round(ours.relayed / ours.seconds), packets_relayed=ours.relayed, packets_lost=ours.lost,
        loss=round(ours.lost / ours.sent, 6) if ours.sent else 0.0, forged=run.ruler.forged,
        delay_ms_p50=ours.delays[0], delay_ms_p99=ours.delays[1], delay_ms_p999=ours.delays[2],
        worker_core_percent=round(ours.used.total / ours.seconds * 100, 1), rss_mib=round(ours.rss_mib, 1),
        join_ms_p95=round(joins[int(len(joins) * 0.95)] * 1e3, 1), join_cpu_ms=round(run.join_cpu_ms, 2),
        sendto_sent=yardstick.sent, sendto_drained=yardstick.drained, raised_priority=cores.raised,
        load_average=round(os.getloadavg()[0], 2), cores=len(os.sched_getaffinity(0)),
        kernel=platform.release(), python=platform.python_version(),
        janus_cpu_us_per_packet=round(janus_cost, 2) if janus_cost is not None else None,
        janus_loss=round(theirs.lost / theirs.sent, 6) if theirs is not None and theirs.sent else None,
        janus_delay_ms_p99=theirs.delays[1] if theirs is not None else None,
        janus_ratio=round(cost / janus_cost, 2) if janus_cost else None)
