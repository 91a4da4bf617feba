"""The workers of the media server: so many processes, each with its own port, and a spare that takes a dead one's place.

A worker that dies is replaced at once by the spare, which has loaded everything and only needs the port; then a new spare is
started.  Without a spare the worker is started again, with growing pauses.  It never gives up and never takes the web down
with it.  It knows no rooms: `crew.py` is told of each new client and runs for as long as that worker lives.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media.control import MediaClient
from media.errors import Gone, MediaError
from web.mediaprocess import MediaProcess, OldProtocol

log = logging.getLogger("web.media")

PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)  # seconds before each restart in a row; the last repeats
STEADY = 5.0  # a worker that lived this long did not die of its start: the row begins anew
SOCKETS = 1000  # numbers of control sockets before they begin anew

Serve = Callable[[int, MediaClient], Awaitable[None]]
Measured = Callable[[int, dict[str, Any]], None]


def cores() -> int:
    """One worker per core, less one for pages and kernel; at least one."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


@dataclass(slots=True)
class Place:
    """One worker as everybody counts it, whichever process it is just now."""

    index: int
    port: int
    process: MediaProcess | None = None
    restarts: int = -1  # the first start is none

    @property
    def ready(self) -> bool:
        """It is there and answered when it was last asked."""
        return self.process is not None and not self.process.misses


class Workers:
    """`serve(index, client)` runs while that worker answers and returns when the connection ends; `measured(index, stats)`
    hears its counters every PULSE seconds."""

    def __init__(
        self, socket: Path, port: int, advertise: Sequence[str], serve: Serve, measured: Measured, *, count: int = 1,
        spawn: bool = True, spare: bool = True,
    ) -> None:
        """Ports are `port`, `port` + 1, …, or free ones where it is 0.  Without `spawn` somebody else runs the workers."""
        self._socket, self._advertise, self._serve, self._measured = socket, advertise, serve, measured
        self._spawn, self._with_spare = spawn, spare and spawn
        self._numbers = itertools.cycle(range(SOCKETS))
        self._spare: MediaProcess | None = None
        self._want_spare = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.places = [Place(index, port + index if port else 0) for index in range(count)]

    @property
    def restarts(self) -> int:
        """How often a worker was replaced, all together."""
        return sum(max(place.restarts, 0) for place in self.places)

    @property
    def pids(self) -> list[int]:
        """Process ids of the running workers, in their order; the spare comes last."""
        processes = [place.process for place in self.places] + [self._spare]
        return [process.pid for process in processes if process is not None and process.pid is not None]

    @property
    def spare(self) -> bool:
        """Whether one waits."""
        return self._spare is not None

    def start(self) -> None:
        for stale in self._socket.parent.glob(f"{self._socket.stem}-*{self._socket.suffix}") if self._spawn else ():
            stale.unlink(missing_ok=True)  # of workers that were killed
        self._tasks = [
            asyncio.create_task(self._keep(place), name=f"media-worker-{place.index}") for place in self.places
        ]
        if self._with_spare:
            self._tasks.append(asyncio.create_task(self._keep_spare(), name="media-spare"))

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        spare, self._spare = self._spare, None
        if spare is not None:
            await spare.end()

    async def _keep(self, place: Place) -> None:
        failures = 0
        while True:
            started = time.monotonic()
            try:
                await self._life(place)
            except OldProtocol as error:
                log.error("%s", error)
            except (OSError, TimeoutError, Gone, MediaError) as error:
                log.warning("media worker %d: %r", place.index, error)
            except Exception:  # whatever broke beside the worker, the next one must come
                log.exception("media worker %d", place.index)
            if time.monotonic() - started > STEADY:
                failures = 0
            if self._spare is None or failures >= len(PAUSES):  # a spare that is ready takes the place at once
                await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1

    async def _life(self, place: Place) -> None:
        """Makes the spare, or a new process, this worker; serves its connection until it ends."""
        process, self._spare = self._spare, None
        try:
            if process is None:
                process = self._new(place.index)
                await process.start()
            if not process.port:
                process.port = await process.client.listen(place.port)
            place.port, place.process = process.port, process
            place.restarts += 1
            self._want_spare.set()
            measured = functools.partial(self._measured, place.index)
            watch = asyncio.create_task(process.watch(measured), name="media-pulse")
            try:
                await self._serve(place.index, process.client)
            finally:
                watch.cancel()
        finally:
            place.process = None
            if process is not None:
                await process.end()

    def _new(self, index: int | None = None) -> MediaProcess:
        number = next(self._numbers) if self._spawn or index is None else index
        socket = self._socket.with_name(f"{self._socket.stem}-{number}{self._socket.suffix}")
        return MediaProcess(socket, self._advertise, spawn=self._spawn)

    async def _keep_spare(self) -> None:
        """One process waits, as soon as all workers run."""
        failures = 0
        while True:
            self._want_spare.clear()
            if self._spare is None and all(place.process is not None for place in self.places):
                process = self._new()
                try:
                    await process.start()
                except Exception as error:
                    log.warning("spare media worker: %r", error)
                    await process.end()
                    failures += 1
                    await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
                    continue
                except BaseException:
                    await process.end()
                    raise
                self._spare, failures = process, 0
            held = self._spare
            waits = [asyncio.create_task(self._want_spare.wait())]
            if held is not None:
                waits.append(asyncio.create_task(held.client.lost()))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
            if held is not None and self._spare is held and held.client.closed:  # it died before it was needed
                self._spare = None
                await held.end()


