"""Writes that wait for the database: in order, until it takes them; what can never be written holds up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from meetings.errors import Closed, Unavailable
from meetings.store.database import Database
from web import records
from web.records import Records


class Away:
    """A database that does not answer for the first `times` transactions."""

    def __init__(self, db: Database, times: int) -> None:
        self._db = db
        self.times = times

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.times:
            self.times -= 1
            raise Unavailable("storage.busy")
        with self._db.write() as conn:
            yield conn


def refuse(_conn: Any) -> None:
    raise Closed("meeting.concluded", title="T")


def stumble(_conn: Any) -> None:
    raise KeyError("a mistake of ours")


async def test_writes_come_in_order_and_what_is_refused_or_broken_is_passed_over(sqlite_db: Database) -> None:
    done: list[int] = []
    told: list[str] = []
    queue = Records(sqlite_db, told.append)
    queue.add(lambda conn: done.append(conn.execute(text("SELECT 1")).scalar_one()), "a")
    queue.add(refuse)
    queue.add(stumble, "b")
    queue.add(lambda _conn: done.append(2), "c")
    assert await queue.flush() and not len(queue)
    assert done == [1, 2] and told == ["a", "b", "c"], "what a page shows is read anew also after a refusal"


async def test_nothing_is_lost_while_the_database_is_away(sqlite_db: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(records, "RETRY", 0.01)
    done: list[int] = []
    all_done = asyncio.Event()
    queue = Records(Away(sqlite_db, 3), lambda room: all_done.set() if room == "last" else None)  # type: ignore[arg-type]
    queue.add(lambda _conn: done.append(1))
    assert not await queue.flush() and done == []
    queue.start()
    queue.add(lambda _conn: done.append(2), "last")
    await asyncio.wait_for(all_done.wait(), 10)
    assert done == [1, 2]
    await queue.stop()


async def test_stopping_tries_once_more_and_does_not_wait_for_a_database_that_is_gone(sqlite_db: Database) -> None:
    done: list[int] = []
    queue = Records(Away(sqlite_db, 1_000_000), lambda _room: None)  # type: ignore[arg-type]
    queue.start()
    queue.add(lambda _conn: done.append(1))
    async with asyncio.timeout(10):
        await queue.stop()
    assert done == [] and len(queue) == 1
