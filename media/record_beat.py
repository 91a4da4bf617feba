"""The beat of a recording: what has come since the last one goes to the disk, then the manifest says so.

The disk works in a thread of its own; while it is slow the loop goes on, and what is too much is dropped with a stated gap.
On a full disk nothing is written until there is room again.  Called by ``media/recorder.py``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final, TypeVar

from media.record_book import Book
from media.record_store import FULL, ROOM, Store
from media.record_track import Track
from media.record_words import DISK_ERROR, DISK_FULL

BEAT: Final = 0.5                 # seconds between the end of one and the beginning of the next
FULL_PATIENCE: Final = 600.0      # seconds a full disk is waited for
log = logging.getLogger(__name__)
Value = TypeVar("Value")


class Beat:
    """``disk`` and ``digests`` are executors with one thread each."""

    def __init__(self, book: Book, store: Store, disk: Executor, digests: Executor, *, room: int = ROOM,
                 patience: float = FULL_PATIENCE) -> None:
        self.fsync_ms = 0.0       # the mean of the last beat
        self._book, self._store, self._disk, self._digests = book, store, disk, digests
        self._room, self._patience = room, patience
        self._loop = asyncio.get_running_loop()
        self._listed = -1         # number of the newest track that the manifest on the disk knows of
        self._failed = False      # the disk did not do what it said: nothing is tried twice
        self._done: set[int] = set()
        self._full_since = 0.0
        self._hashing: set[asyncio.Task[None]] = set()

    async def once(self) -> bool:
        """One beat, never to be cancelled; False when the recording shall end.  Raises: OSError that is no full disk."""
        await self._guarded(self._beat)
        return not self._book.blocked or self._loop.time() - self._full_since < self._patience

    async def last(self) -> bool:
        """After the book has ended: everything is written and hashed; False when it could not be.

        After a failure nothing is made durable that might not be (a second fsync may lie): the next process recovers it.
        """
        try:
            if self._failed:
                await self._in_thread(self._store.write_manifest, self._book.manifest(self._loop.time()))
                return False
            await self._guarded(self._beat)
            await self._guarded(self._beat)        # what the first one closed
            await asyncio.gather(*self._hashing)
            await self._in_thread(self._store.release)
            await self._in_thread(self._store.write_manifest, self._book.manifest(self._loop.time()))
        except OSError as error:
            log.error("recorder.end %s", error)
            return False
        finally:
            self._disk.shutdown(wait=False)
            self._digests.shutdown(wait=False)
        return True

    async def _guarded(self, work: Callable[[], Any]) -> None:
        if self._book.blocked and not await self._in_thread(self._has_room):
            return
        try:
            await work()
            if self._book.blocked:
                self._book.blocked = False
                self._book.again(self._loop.time())
        except OSError as error:
            if error.errno not in FULL:
                self._failed = self._book.blocked = True
                self._unwritten(DISK_ERROR)
                self._book.gap(DISK_ERROR, self._loop.time())
                raise
            await self._full()

    def _has_room(self) -> bool:
        try:
            if self._store.free() < self._room:
                return False
            self._store.reserve()
        except OSError:
            return False
        return True

    async def _full(self) -> None:
        """Nothing of the last beat counts; what is on the disk is whole, and the manifest says why it ends there."""
        log.warning("recorder.full %s", self._store.folder)
        if not self._book.blocked:
            self._full_since = self._loop.time()
        self._book.blocked = True
        self._book.gap(DISK_FULL, self._loop.time())
        self._unwritten(DISK_FULL)
        await self._in_thread(self._store.release)
        try:
            await self._in_thread(self._store.write_manifest, self._book.manifest(self._loop.time()))
        except OSError as error:
            log.warning("recorder.full %s", error)

    def _unwritten(self, reason: str) -> None:
        for track in self._open():
            if not track.closed or track.unkept:
                track.unwritten(reason)

    def _open(self) -> list[Track]:
        return [track for track in self._book.tracks if track.number not in self._done]

    async def _beat(self) -> None:
        if self._listed < 0:
            await self._in_thread(self._store.reserve)
        if self._listed < self._newest():          # every file on the disk is in the manifest before it is there
            await self._manifest()
        work = [(track, track.size, track.take()) for track in self._open() if track.waiting]
        if work:
            await self._in_thread(self._store.append, [(track.file, size, data) for track, size, data in work])
        for track, size, data in work:
            track.kept(size + len(data))
        for track in [track for track in self._open() if track.closed and not track.waiting]:
            await self._close(track)
        await self._manifest()
        self._count()

    async def _manifest(self) -> None:
        known = self._newest()
        await self._in_thread(self._store.write_manifest, self._book.manifest(self._loop.time()))
        self._listed = known

    def _newest(self) -> int:
        return max([track.number for track in self._book.tracks], default=0)

    async def _close(self, track: Track) -> None:
        """No more will come: the file is made complete, and hashed while others go on."""
        if not track.size:
            await self._in_thread(self._store.drop, track.file)
            self._done.add(track.number)
            self._book.forget(track)
            return
        try:
            track.size = await self._in_thread(self._store.finish, track.file, track.size, *track.ending())
        except OSError as error:
            if error.errno not in FULL:
                raise
            track.starts = []                      # no room for an index: it can be played all the same
            track.size = await self._in_thread(self._store.finish, track.file, track.size, *track.ending())
        self._done.add(track.number)
        task = self._loop.create_task(self._hash(track))
        self._hashing.add(task)
        task.add_done_callback(self._hashing.discard)

    async def _hash(self, track: Track) -> None:
        track.sha256 = await self._loop.run_in_executor(self._digests, self._store.digest, track.file)

    def _count(self) -> None:
        measured, self._store.fsync_ms = self._store.fsync_ms, []
        if measured:
            self.fsync_ms = sum(measured) / len(measured)
            counters = self._book.counters
            counters["fsyncs"] += len(measured)
            counters["fsync_ms_max"] = round(max(counters["fsync_ms_max"], *measured), 2)
            counters["fsync_ms_sum"] = round(counters["fsync_ms_sum"] + sum(measured), 2)

    async def _in_thread(self, work: Callable[..., Value], *arguments: Any) -> Value:
        return await self._loop.run_in_executor(self._disk, work, *arguments)
