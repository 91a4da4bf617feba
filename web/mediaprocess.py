"""One worker as a process of its own, with a connected client: started, asked whether it still answers, ended.

Every process starts as a spare that listens nowhere; `workers.py` gives it the port of a worker.  It never starts anything
again by itself and interprets no media event.  Called by `workers.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from media.control import WORKER_ENVIRONMENT, MediaClient
from media.errors import Gone, MediaError

log = logging.getLogger("web.media")

CONNECT = 60.0  # seconds a new process has to open its socket; one that ends before is noticed at once
PULSE = 2.0  # seconds between two questions how the worker is
MISSES = 2  # questions in a row without an answer, after which it is killed
NEEDED = frozenset({"pin"})  # operations; a relay without this one would not know either who is quiet, and let them be heard
NO_ROOM = ""  # no room has this name: what is answered are the worker's own counters
SOCKET = "media.sock"
SOCKET_LIMIT = 100  # bytes; sun_path holds 108 with its terminator

ROOT = Path(__file__).parent.parent  # where `python -m media` finds its package, whatever the working directory is


def socket_path(data: Path) -> Path:
    """Where the workers' sockets of this data directory are: inside it, or, if that path is too long for a unix socket, in a
    folder of the system's for temporary files whose name follows from it.  So whoever knows the data finds the workers.

    Raises: PermissionError where somebody else has taken that folder's name.
    """
    path = data.resolve() / SOCKET
    if len(os.fsencode(path)) <= SOCKET_LIMIT - 4:  # a number is added to the name
        return path
    name = hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:24]
    folder = Path(tempfile.gettempdir()) / f"diemcau-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    known = folder.lstat()
    if not stat.S_ISDIR(known.st_mode) or known.st_uid != os.getuid() or known.st_mode & 0o077:
        raise PermissionError(f"{folder} is not ours alone: the relay's sockets may not lie there")
    return folder / SOCKET


class OldProtocol(Exception):
    """The worker at this socket speaks another version of the control protocol than we do."""


class MediaProcess:
    """One process.  `start` once, then `client`; `end` always."""

    def __init__(self, socket: Path, advertise: Sequence[str], *, spawn: bool = True) -> None:
        """Without `spawn` somebody else runs the worker, and we only connect."""
        self._socket, self._advertise, self._spawn = socket, advertise, spawn
        self._process: asyncio.subprocess.Process | None = None
        self._client: MediaClient | None = None
        self.port = 0
        self.misses = 0

    @property
    def pid(self) -> int | None:
        """Process id while it runs; None afterwards, or when somebody else runs it."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def client(self) -> MediaClient:
        """Raises: Gone before `start`."""
        if self._client is None:
            raise Gone("worker.gone")
        return self._client

    async def start(self) -> None:
        """Starts the process and says hello.  Raises: OSError, TimeoutError, Gone, OldProtocol."""
        if self._spawn:
            self._socket.unlink(missing_ok=True)
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "media", "--spare", "--socket", str(self._socket),
                "--advertise", ",".join(self._advertise), "--parent", str(os.getpid()),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, cwd=ROOT,
                env={**os.environ, **WORKER_ENVIRONMENT},
            )
        self._client = await self._connect()
        try:
            told = await self._client.hello()
            if not NEEDED.issubset(told.get("capabilities", ())):
                raise MediaError("control.op")
            self.port = int(told["port"])
        except Gone:
            raise
        except MediaError as error:
            raise OldProtocol(
                f"the relay at {self._socket} is of another release than the pages ({error.code}): install the same release "
                f"of both and start them again"
            ) from error

    async def _connect(self) -> MediaClient:
        async with asyncio.timeout(CONNECT):
            while True:
                if self._process is not None and self._process.returncode is not None:
                    raise ConnectionError(f"ended with {self._process.returncode} before it answered")
                try:
                    return await MediaClient.connect(self._socket)
                except Gone:
                    await asyncio.sleep(0.05)  # the socket appears when the worker is ready; there is no event to await

    async def watch(self, measured: Callable[[dict[str, Any]], None]) -> None:
        """A worker that hangs keeps its socket open and looks alive: it is asked, and killed when it stays silent.
        `measured` is told what it answers."""
        while self.misses < MISSES:
            try:
                measured(await self.client.stats(NO_ROOM))
                self.misses = 0
            except Gone:
                self.misses += 1
            except MediaError:  # an answer, whatever it says
                self.misses = 0
            await asyncio.sleep(PULSE)
        log.error("a media worker does not answer; it is killed")
        self.kill()
        await self.client.aclose()  # and if somebody else runs it: hang up

    def kill(self) -> None:
        """A stopped process heeds nothing less."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def end(self) -> None:
        """Hangs up; a worker ends by itself then, and one that hangs is told, then made to.  Its port is free afterwards."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
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
