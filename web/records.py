"""What the hub still has to write into the record: joins, leaves and ends of sessions, in the order in which they happened.

Peers come and go whether or not the database is there just now.  Each write is a transaction of its own and is kept until
the database has taken it; what the record refuses (a meeting that has closed meanwhile) is logged and forgotten.  It decides
nothing and reads no clock: every write carries its own instant.  Called by `hub.py`, from one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from anyio import to_thread

from meetings.errors import MeetingError, Unavailable
from meetings.store.database import Database

log = logging.getLogger("web.records")

RETRY = 1.0  # seconds until a write is tried again

Write = Callable[[Any], object]


class Records:
    """One queue of writes.  `written(room)` hears of every change of a room's presence that the record has taken."""

    def __init__(self, db: Database, written: Callable[[str], None]) -> None:
        self._db = db
        self._written = written
        self._waiting: deque[tuple[Write, str | None]] = deque()
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="hub-records")

    async def stop(self) -> None:
        """Tries once more what waits.  What the database still does not take, the next start puts right."""
        task, self._task = self._task, None
        self._wake.set()
        if task is not None:
            await task
        await self.flush()

    def add(self, work: Write, room: str | None = None) -> None:
        """`work(conn)` is done soon, after everything added before; then `room` has news, if one is named."""
        self._waiting.append((work, room))
        self._wake.set()

    async def flush(self) -> bool:
        """Everything added so far is written when this returns True; False when the database is away."""
        async with self._turn:
            while self._waiting:
                work, room = self._waiting[0]
                try:
                    await to_thread.run_sync(self._transaction, work)
                except Unavailable as error:  # the database is away, locked or full: the same write works later
                    log.warning("%d writes wait for the database: %s", len(self._waiting), error)
                    return False
                except MeetingError as error:
                    log.info("not recorded: %s", error)
                except Exception:  # a write that can never succeed must not hold up all others
                    log.exception("not recorded")
                self._waiting.popleft()
                if room is not None:
                    self._written(room)
        return True

    def _transaction(self, work: Write) -> None:
        with self._db.write() as conn:
            work(conn)

    async def _run(self) -> None:
        while self._task is not None:
            await self._wake.wait()
            self._wake.clear()
            while not await self.flush() and self._task is not None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), RETRY)
                self._wake.clear()
