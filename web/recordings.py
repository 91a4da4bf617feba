"""Keeps a recorder going for every recording that runs, and says of each that ended what its files are.

What runs is what the database says (`meetings/recordings.py`): after a restart the recordings of before go on, the gap told.
One a server, on its loop; decides nothing about who may record.  `wake` after a start or stop makes it look at once; while
anything is recorded it looks every second.  Called by `web/app.py` and the routes of recordings.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from anyio import to_thread

from media.record_recover import recover
from media.record_store import MANIFEST
from media.record_words import CLOSED, DISK_ERROR, DISK_FULL, NO_RELAY, PAUSED, RESTART
from meetings import recordings
from meetings.errors import MeetingError
from meetings.recording import Kept, Recording
from meetings.store import recording_store
from meetings.store.database import Database
from web.recording import OK, Recorder, folder_of, has_relay, remove

log = logging.getLogger("web.recordings")

LOOK = 1.0  # seconds between two looks at what shall run
AGAIN = 1.0  # seconds until a recorder goes on whose room or relay went away while the recording runs
PASSING = frozenset({NO_RELAY, CLOSED})
"""Why a recorder ends although its recording goes on: the relay comes back, and the room with it."""
BROKEN = {DISK_FULL: DISK_FULL, DISK_ERROR: DISK_ERROR}

Changed = Callable[[str], None]


class Recordings:
    """See the module.  `changed(meeting_id)` is told when a recording ended by itself."""

    def __init__(self, db: Database, data: Path, socket: Path, clock: Callable[[], datetime], changed: Changed) -> None:
        self._db, self._data, self._socket, self._clock, self._changed = db, data, socket, clock, changed
        self._going: dict[str, tuple[Recorder, asyncio.Task[None]]] = {}
        self._paused: set[str] = set()  # those of this process that stopped for a pause of their meeting
        self._status: dict[str, dict[str, Any]] = {}
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    # --- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """From inside the running loop."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._look(), name="recordings")

    async def stop(self) -> None:
        """Every recorder writes what it has and ends; the recordings go on when the server comes back."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        going = list(self._going.values())
        for recorder, _task in going:
            recorder.stop()
        await asyncio.gather(*(task for _recorder, task in going), return_exceptions=True)
        self._loop = None

    def wake(self) -> None:
        """Something was started, stopped or deleted.  From any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just been closed
                self._loop.call_soon_threadsafe(self._wake.set)

    def status(self, recording_id: str) -> dict[str, Any] | None:
        """What its recorder said last: seconds, tracks, bytes, gaps, full; None while none has joined the room."""
        return self._status.get(recording_id)

    # --- what shall run ----------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        while True:
            busy = True
            try:
                busy = await self._once()
            except Exception:  # a database that is away, say: what records goes on recording
                log.exception("recordings")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK if busy else None):
                    await self._wake.wait()
            self._wake.clear()

    async def _once(self) -> bool:
        """False when nothing is recorded and nothing is left to be said: nobody needs to look again until `wake`."""
        wanted, unkept = await to_thread.run_sync(self._read)
        self._paused |= {one.recording_id for one in wanted if one.paused_at is not None}
        running = {one.recording_id: one for one in wanted if one.paused_at is None}
        for recording_id, (recorder, _task) in self._going.items():
            if recording_id not in running:
                recorder.stop()
        for recording_id, one in running.items():
            if recording_id not in self._going and has_relay(self._socket):
                self._begin(one)
        for one in unkept:
            if one.recording_id not in self._going:
                await to_thread.run_sync(self._settle, one)
        return bool(wanted or unkept or self._going)

    def _read(self) -> tuple[list[Recording], list[Recording]]:
        with self._db.read() as conn:
            return recording_store.running(conn), recording_store.unkept(conn)

    # --- one recorder ------------------------------------------------------------------------------------------------

    def _begin(self, one: Recording) -> None:
        after = PAUSED if one.recording_id in self._paused else RESTART
        self._paused.discard(one.recording_id)
        recorder = Recorder(self._socket, one.meeting_id, self._folder(one), after=after)
        since = None if after == PAUSED else _broken_off(self._folder(one))
        task = asyncio.create_task(self._record(one, recorder, since), name=f"recording {one.recording_id}")
        self._going[one.recording_id] = recorder, task

    async def _record(self, one: Recording, recorder: Recorder, since: datetime | None) -> None:
        """Until it is to stop, or can do no more.  `since`: an earlier server's recorder broke off then."""
        said: dict[str, Any] = {}
        told = asyncio.Event()

        def tell(line: dict[str, Any]) -> None:
            said.update(line)
            if line["event"] in ("joined", "status"):
                self._status[one.recording_id] = line
                told.set()

        gap = asyncio.create_task(self._tell_gap(one, since, told)) if since else None
        try:
            while True:
                code = await recorder.run(tell)
                if recorder.stopped:
                    break
                if code != OK or said.get("reason") not in PASSING:
                    reason = BROKEN.get(str(said.get("reason")), "failed")
                    log.warning("recording %s of %s ended: %s", one.recording_id, one.meeting_id, reason)
                    await to_thread.run_sync(self._write, recordings.broke, one.recording_id, reason)
                    self._changed(one.meeting_id)
                    break
                await asyncio.sleep(AGAIN)
        finally:
            if gap is not None:
                gap.cancel()
            self._status.pop(one.recording_id, None)
            self._going.pop(one.recording_id, None)
            self._wake.set()

    async def _tell_gap(self, one: Recording, since: datetime, told: asyncio.Event) -> None:
        """Once the recorder is back in the room, the record says for how long nobody recorded."""
        await told.wait()
        await to_thread.run_sync(self._write, recordings.resumed, one.recording_id, since)

    def _write(self, work: Callable[..., object], *arguments: object) -> None:
        """One use case, in a transaction of its own.  Blocking."""
        with self._db.write() as conn:
            work(conn, *arguments, self._clock())

    def _folder(self, one: Recording) -> Path:
        return folder_of(self._data, one.meeting_id) / one.folder

    # --- afterwards --------------------------------------------------------------------------------------------------

    def _settle(self, one: Recording) -> None:
        """What its files are goes into the record; not while somebody still writes them.  Blocking."""
        try:
            what = facts(self._folder(one))
        except OSError as error:  # tried again; the others need not wait for it
            log.warning("files of recording %s: %s", one.recording_id, error)
            return
        if what is not None:
            self._write(recordings.kept, one.recording_id, what)


def facts(folder: Path) -> Kept | None:
    """What a finished recording consists of; None while its recorder lives.  What a dead one left is finished.  Blocking."""
    try:
        manifest = recover(folder)
        if manifest is None:
            return None
        digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # nothing was ever recorded
        return Kept(0, 0, 0, 0, None)
    length = datetime.fromisoformat(manifest["ended"]) - datetime.fromisoformat(manifest["started"])
    gaps = len(manifest["gaps"]) + sum(len(track["gaps"]) for track in manifest["tracks"])
    return Kept(round(length.total_seconds()), len(manifest["tracks"]), gaps, manifest["counters"]["bytes"], digest)


def erase(db: Database, data: Path, at: datetime) -> None:
    """Removes the files of what was deleted, and says so in the record.  Blocking; what fails is tried at the next call."""
    with db.read() as conn:
        todo = recording_store.unerased(conn)
        busy = {one.recording_id for one in recording_store.compositions(conn, [found.recording_id for found in todo]) if one.state == "working"}
    for found in todo:
        if found.recording_id in busy:
            continue  # a file is just being made of it: it would come back
        try:
            files, size = remove(data, found.meeting_id, found.folder)
            with db.write() as conn:
                recordings.erased(conn, found.recording_id, files, size, at)
        except (OSError, ValueError, MeetingError) as error:
            log.warning("files of recording %s are still there: %s", found.recording_id, error)


def chore(db: Database, data: Path, at: datetime) -> None:
    """Part of housekeeping: what was kept for as long as was said goes, and the files of what was deleted."""
    with db.write() as conn:
        recordings.delete_overdue(conn, at)
    erase(db, data, at)


def _broken_off(folder: Path) -> datetime | None:
    """When an earlier recorder wrote last in this folder; None where none ever did."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        return datetime.fromisoformat(manifest["ended"] or manifest["updated"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
