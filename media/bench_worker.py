"""A media worker process of one's own, for as long as a benchmark or a test needs it.

Never used by the product at run time (web supervises its worker itself). Called by media/bench.py and tests.
"""
from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from media.control import WORKER_ENVIRONMENT, MediaClient
from media.errors import Gone
from media.peers import Exchange

START_TIME = 20.0      # seconds a worker may take on a busy machine until it listens
_ROOT = Path(__file__).resolve().parent.parent


class Used(NamedTuple):
    """Seconds of processor time: `total` to the nanosecond, `user` and `system` in steps of 10 ms."""

    total: float
    user: float
    system: float


@dataclass(frozen=True, slots=True)
class Meter:
    """What a process uses, all its threads together, as the kernel counts it (proc(5))."""

    pid: int

    def used(self) -> Used:
        """So far."""
        total = 0
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(OSError):         # a thread may end while we look
                total += int((thread / "schedstat").read_text().split()[0])
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        tick = os.sysconf("SC_CLK_TCK")
        user, system = int(fields[11]) / tick, int(fields[12]) / tick
        return Used(total / 1e9 or user + system, user, system)

    def rss_mib(self) -> float:
        """Memory resident now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


@dataclass(frozen=True, slots=True)
class Worker:
    """A running worker: its control client, its process, its UDP port and its control socket."""

    client: MediaClient
    pid: int
    port: int
    socket: Path

    def publishing(self, room: str, name: str) -> Exchange:
        """The exchange of a publisher of this name; the location it returns is the session id."""
        async def exchange(offer: str) -> tuple[str, str]:
            session = os.urandom(8).hex()
            return await self.client.publish(room, session, name, offer), session
        return exchange

    def watching(self, room: str, name: str, publishers: list[str] | None = None) -> Exchange:
        """The exchange of a subscriber of this name."""
        async def exchange(offer: str) -> tuple[str, str]:
            session = os.urandom(8).hex()
            return await self.client.subscribe(room, session, name, offer, publishers), session
        return exchange

    async def hang_up(self, session: str) -> None:
        """What DELETE does over HTTP."""
        await self.client.close(session)

    @property
    def meter(self) -> Meter:
        """What it uses of the machine."""
        return Meter(self.pid)


@asynccontextmanager
async def worker_process(*, core: int | None = None, port: int = 0) -> AsyncIterator[Worker]:
    """Start `python -m media`, pinned to `core` if given; end it with the block. Raises: Gone if it cannot start."""
    with tempfile.TemporaryDirectory(prefix="diemcau-") as directory:
        path = Path(directory) / "control"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "media", "--socket", str(path), "--port", str(port), "--parent", str(os.getpid()),
            cwd=_ROOT, stdout=asyncio.subprocess.PIPE, env={**os.environ, **WORKER_ENVIRONMENT})
        client: MediaClient | None = None
        try:
            if core is not None:
                os.sched_setaffinity(process.pid, {core})
            listening = await _ready(process)
            client = await MediaClient.connect(path)
            yield Worker(client, process.pid, listening, path)
        finally:
            if client is not None:
                await client.aclose()
            await _end(process)


async def _ready(process: asyncio.subprocess.Process) -> int:
    """The port of the line "ready PORT"."""
    if process.stdout is None:
        raise Gone("worker.start")
    async with asyncio.timeout(START_TIME):
        words = (await process.stdout.readline()).split()
    if len(words) != 2 or words[0] != b"ready":
        raise Gone("worker.start")
    return int(words[1])


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(5):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
