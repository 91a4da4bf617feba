"""Small writes that come at once are kept in one transaction: each waits for the disk once, with the others that wait already.

Each is a savepoint of its own: one that is refused takes nobody with it.  When the transaction itself fails, all are told.
One transaction is about one thing (a meeting), so that it locks that alone and waits in no circle with those who lock several.
Belongs to one event loop.  Called by web/routes/linetest.py for the results of a province, and by those
that take ballots.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from anyio import to_thread
from sqlalchemy import Connection

from meetings.errors import MeetingError
from meetings.store.database import Database

T = TypeVar("T")
Work = Callable[[Connection], Any]
MOST: Final = 32  # in one transaction: the first has to wait for the last


class Together:
    """One row of writers at one database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: deque[tuple[str, Work, asyncio.Future[Any]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, about: str, work: Callable[[Connection], T]) -> T:
        """What `work` returns once it is kept; raises what it raised.  It touches nothing but what it is `about`."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((about, work, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await future

    async def _write(self) -> None:
        try:
            while self._waiting:
                await self._turn(self._next())
        finally:
            self._writing = None

    def _next(self) -> list[tuple[Work, asyncio.Future[Any]]]:
        """The first that waits and, of those about the same thing, as many as one transaction takes.  Looks at no more than it must."""
        about = self._waiting[0][0]
        turn, passed = list[tuple[Work, asyncio.Future[Any]]](), list[tuple[str, Work, asyncio.Future[Any]]]()
        while self._waiting and len(turn) < MOST:
            one = self._waiting.popleft()
            if one[0] == about:
                turn.append(one[1:])
            else:
                passed.append(one)
        self._waiting.extendleft(reversed(passed))
        return turn

    async def _turn(self, turn: Sequence[tuple[Work, asyncio.Future[Any]]]) -> None:
        try:
            outcomes = await to_thread.run_sync(self._all, [work for work, _future in turn])
        except Exception as error:
            outcomes = [error] * len(turn)
        for (_work, future), outcome in zip(turn, outcomes, strict=True):
            if future.done():  # whoever asked has gone
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    def _all(self, works: Sequence[Work]) -> list[Any]:
        outcomes: list[Any] = []
        with self._db.write() as conn:
            for work in works:
                try:
                    with conn.begin_nested():
                        outcomes.append(work(conn))
                except MeetingError as error:
                    outcomes.append(error)
        return outcomes
