"""Runs the media worker as a process of its own and keeps one connected client to it.

A worker that dies is started again, at once the first time and with growing pauses after that; one that hangs is killed
first.  It never gives up and never takes the web down with it.  It interprets no media event: `hub.py` is told of the new client and of the loss.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from media.control import WORKER_ENVIRONMENT, MediaClient
from media.errors import Gone, MediaError

log = logging.getLogger("web.media")

PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)  # seconds before each restart in a row; the last repeats
STEADY = 30.0  # a worker that lived this long starts the row anew
CONNECT = 15.0  # seconds a new worker has to open its socket
PULSE = 2.0  # seconds between two questions whether the worker still answers
MISSES = 2  # questions in a row without an answer, after which it is killed
NO_ROOM = ""  # no room has this name: what is answered are the worker's own counters
SOCKET_LIMIT = 100  # bytes; sun_path holds 108 with its terminator

ROOT = Path(__file__).parent.parent  # where `python -m media` finds its package, whatever the working directory is

Connected = Callable[[MediaClient], Awaitable[None]]


def socket_path(data: Path) -> Path:
    """A place for the worker's socket: the data directory, or the system's for temporary files if that path is too long
    for a unix socket."""
    path = data.resolve() / "media.sock"
    if len(os.fsencode(path)) <= SOCKET_LIMIT:
        return path
    return Path(tempfile.mkdtemp(prefix="diemcau-")) / "media.sock"


class MediaProcess:
    """One supervised worker.  `serve(client)` runs while a worker answers and returns when the connection ends."""

    def __init__(self, socket: Path, port: int, advertise: Sequence[str], serve: Connected, *, spawn: bool = True) -> None:
        self._socket = socket
        self._arguments = ("--port", str(port), "--advertise", ",".join(advertise), "--parent", str(os.getpid()))
        self._serve = serve
        self._spawn = spawn
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.restarts = -1  # the first start is none
        self.misses = 0

    @property
    def pid(self) -> int | None:
        """Process id of the running worker; None between two, or when somebody else runs it."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def start(self) -> None:
        self._task = asyncio.create_task(self._supervise(), name="media-supervisor")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._end()

    async def _supervise(self) -> None:
        failures = 0
        while True:
            started = time.monotonic()
            try:
                await self._life()
            except (OSError, TimeoutError, Gone) as error:
                log.warning("media worker: %s", error or type(error).__name__)
            except Exception:  # whatever broke beside the worker, the next one must come
                log.exception("media worker")
            await self._end()
            if time.monotonic() - started > STEADY:
                failures = 0
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1

    async def _life(self) -> None:
        """Starts a worker, serves its connection until it ends."""
        if self._spawn:
            self._socket.unlink(missing_ok=True)
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "media", "--socket", str(self._socket), *self._arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, cwd=ROOT,
                env={**os.environ, **WORKER_ENVIRONMENT},
            )
        self.restarts += 1
        client = await self._connect()
        self.misses = 0
        watch = asyncio.create_task(self._watch(client), name="media-pulse")
        try:
            await self._serve(client)
        finally:
            watch.cancel()
            await client.aclose()

    async def _watch(self, client: MediaClient) -> None:
        """A worker that hangs keeps its socket open and looks alive: it is asked, and killed when it stays silent."""
        while self.misses < MISSES:
            await asyncio.sleep(PULSE)
            try:
                await client.stats(NO_ROOM)
                self.misses = 0
            except Gone:
                self.misses += 1
            except MediaError:  # an answer, whatever it says
                self.misses = 0
        log.error("media worker does not answer; it is killed")
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()  # a stopped process heeds nothing less
        await client.aclose()  # and if somebody else runs it: hang up

    async def _connect(self) -> MediaClient:
        async with asyncio.timeout(CONNECT):
            while True:
                if self._process is not None and self._process.returncode is not None:
                    raise ConnectionError(f"ended with {self._process.returncode} before it answered")
                try:
                    return await MediaClient.connect(self._socket)
                except Gone:
                    await asyncio.sleep(0.05)  # the socket appears when the worker is ready; there is no event to await

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        # A worker ends by itself when its controller hangs up; one that hangs is told, then made to.
        for push in (None, process.terminate, process.kill):
            if push is not None:
                with contextlib.suppress(ProcessLookupError):
                    push()
            try:
                async with asyncio.timeout(2):
                    await process.wait()
                return
            except TimeoutError:
                continue
