"""Writes that come at once are kept in few transactions; one that is refused takes nobody with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from meetings.errors import Closed, Unavailable
from meetings.store.database import Database
from web.together import MOST, Together


class Counted(Database):
    """Counts its transactions; the first waits until it may go on."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.turns, self.go_on, self.broken = 0, threading.Event(), False

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self.turns += 1
        assert self.go_on.wait(10)
        if self.broken:
            raise Unavailable("storage.busy")
        with super().write() as conn:
            yield conn


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Counted]:
    made = Counted(f"sqlite:///{tmp_path / 'x.db'}")
    made.go_on.set()
    with made.write() as conn:
        conn.execute(text("CREATE TABLE kept (n INTEGER)"))
    made.go_on.clear()
    made.turns = 0
    yield made
    made.close()


def put(n: int, error: Exception | None = None) -> object:
    def work(conn: Connection) -> int:
        conn.execute(text("INSERT INTO kept VALUES (:n)"), {"n": n})
        if error is not None:
            raise error
        return n

    return work


def kept(db: Database) -> list[int]:
    with db.read() as conn:
        return sorted(conn.execute(text("SELECT n FROM kept")).scalars())


async def test_what_waits_shares_a_transaction_and_one_that_is_refused_leaves_nothing_of_itself_alone(db: Counted) -> None:
    row = Together(db)
    works = [put(n, Closed("linetest.over") if n == 5 else None) for n in range(MOST + 8)]
    asked = [asyncio.create_task(row.keep("m", work)) for work in works]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    db.go_on.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [one for one in answers if not isinstance(one, Exception)] == [n for n in range(MOST + 8) if n != 5]
    assert isinstance(answers[5], Closed) and kept(db) == [n for n in range(MOST + 8) if n != 5]
    assert db.turns == 2


async def test_a_transaction_is_about_one_meeting(db: Counted) -> None:
    row = Together(db)
    asked = [asyncio.create_task(row.keep("ab"[n % 2], put(n))) for n in range(6)]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    db.go_on.set()
    assert await asyncio.gather(*asked) == list(range(6)) and db.turns == 2


async def test_when_the_database_is_away_all_are_told_and_the_next_are_kept(db: Counted) -> None:
    row, db.broken = Together(db), True
    asked = [asyncio.create_task(row.keep("m", put(n))) for n in range(3)]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    db.go_on.set()
    assert [type(one) for one in await asyncio.gather(*asked, return_exceptions=True)] == [Unavailable] * 3
    db.broken = False
    assert await row.keep("m", put(9)) == 9 and kept(db) == [9]  # type: ignore[arg-type]


async def test_whoever_goes_away_while_waiting_holds_nobody_up(db: Counted) -> None:
    row = Together(db)
    gone, stays = (asyncio.create_task(row.keep("m", put(n))) for n in range(2))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    gone.cancel()
    db.go_on.set()
    assert await stays == 1
    await asyncio.gather(gone, return_exceptions=True)
    assert gone.cancelled() and await row.keep("m", put(9)) == 9  # type: ignore[arg-type]
