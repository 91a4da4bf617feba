"""The queue of single files: one recording after another is made into one file, by a process of its own (`web/composing.py`).

Gives way to meetings: while points are in rooms and the machine is busy, it waits.  One a server, on its loop; what waits
stands in the database and outlives a restart.  `wake` after somebody asked.  Called by `web/app.py` and the routes of recordings.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from anyio import to_thread

from meetings import recordings, service
from meetings.admission import SCREEN
from meetings.errors import MeetingError
from meetings.recording import Recording
from meetings.store import recording_store, seat_store
from meetings.store.database import Database
from meetings.store.recording_store import Composition
from web.bootstrap import ROOT
from web.i18n import _
from web.recording import folder_of

log = logging.getLogger("web.composer")

LOOK = 5.0  # seconds between two looks while something waits
BUSY = 0.75  # of each core, over the last minute


def gives_way(load: float, cores: int, live: bool) -> bool:
    """Whether a file has to wait: somebody is in a room, and the machine has little left.  Pure."""
    return live and load > BUSY * cores


def file_of(data: Path, found: Recording, form: str) -> Path:
    """Where the single file of a recording lies."""
    return folder_of(data, found.meeting_id) / f"{found.folder}.{form}"


class Composer:
    """See the module."""

    def __init__(self, db: Database, data: Path, clock: Callable[[], datetime]) -> None:
        self._db, self._data, self._clock = db, data, clock
        self._progress: dict[tuple[str, str], int] = {}
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """From inside the running loop."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._work(), name="composer")

    async def stop(self) -> None:
        """What is being made is begun anew after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._loop = None

    def wake(self) -> None:
        """A file was asked for.  From any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake.set)

    def progress(self, recording_id: str, form: str) -> int | None:
        """Percent; None while nothing is being made of it."""
        return self._progress.get((recording_id, form))

    async def _work(self) -> None:
        await self._guarded(to_thread.run_sync(self._requeue))
        while True:
            waiting = await self._guarded(self._next())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK if waiting else None):
                    await self._wake.wait()
            self._wake.clear()

    async def _guarded(self, work: Awaitable[bool | None]) -> bool:
        """What the work answers; True when it failed, so that it is tried again."""
        try:
            return bool(await work)
        except Exception:  # one bad recording, or a database that is away, must not end the queue
            log.exception("composer")
            return True

    async def _next(self) -> bool:
        """Everything that waits, one after the other; True when something still waits for its turn."""
        while (task := await to_thread.run_sync(self._take)) is not None:
            one, found, names = task
            key = one.recording_id, one.format
            self._progress[key] = 0
            try:
                said = await self._make(one, found, names)
                await to_thread.run_sync(self._done, one, found, said)
            finally:
                del self._progress[key]
        return await to_thread.run_sync(self._waits)

    async def _make(self, one: Composition, found: Recording, names: dict[str, str]) -> dict[str, Any]:
        """What the process said at its end."""
        out = file_of(self._data, found, one.format).resolve()
        task = {"folder": str(out.parent / found.folder), "out": str(out), "format": one.format, "names": names}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "web.composing", cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            start_new_session=True)
        assert process.stdin is not None and process.stdout is not None
        last: dict[str, Any] = {}
        try:
            process.stdin.write(json.dumps(task).encode() + b"\n")
            async for line in process.stdout:
                last = json.loads(line)
                if last["event"] == "progress":
                    self._progress[one.recording_id, one.format] = min(99, 100 * last["done"] // last["total"])
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
                out.with_name(f".{out.name}.part").unlink(missing_ok=True)
        return last if last.get("event") == "ended" else {"reason": last.get("reason", "killed")}

    # --- the database, from threads ----------------------------------------------------------------------------------

    def _requeue(self) -> None:
        with self._db.write() as conn:
            recording_store.requeue(conn)

    def _waits(self) -> bool:
        with self._db.read() as conn:
            return recording_store.next_composition(conn) is not None

    def _take(self) -> tuple[Composition, Recording, dict[str, str]] | None:
        """The next one, if the machine has time for it."""
        with self._db.read() as conn:
            if recording_store.next_composition(conn) is None:
                return None
            live = bool(seat_store.present_anywhere(conn))
        if gives_way(os.getloadavg()[0], os.cpu_count() or 1, live):
            return None
        with self._db.write() as conn:
            one = recording_store.next_composition(conn)
            if one is None:
                return None
            found = recording_store.load(conn, one.recording_id)
            if found.deleted_at is not None:
                recording_store.put_composition(conn, one.recording_id, one.format, state="failed", problem="deleted", ended_at=self._clock())
                return None
            recording_store.put_composition(conn, one.recording_id, one.format, state="working")
            points = {link.code: link.name for link in service.links(conn, found.meeting_id)}
            return one, found, points | {code + SCREEN: _("Màn hình của {name}", name=name) for code, name in points.items()}

    def _done(self, one: Composition, found: Recording, said: dict[str, Any]) -> None:
        at, problem = self._clock(), str(said.get("reason", ""))
        if not problem:
            try:
                with self._db.write() as conn:
                    recordings.composed(conn, one.recording_id, one.format, said["bytes"], said["sha256"], at)
                return
            except MeetingError as error:  # deleted meanwhile
                problem = error.code
                file_of(self._data, found, one.format).unlink(missing_ok=True)
        log.warning("no %s of recording %s: %s", one.format, one.recording_id, problem)
        with self._db.write() as conn:
            recording_store.put_composition(conn, one.recording_id, one.format, state="failed", problem=problem[:200], ended_at=at)
