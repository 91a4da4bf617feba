"""How often somebody may do something: counted in the database, so that several processes share one count.

`count` is called inside a write transaction: it admits one more or raises TooMany, and what is refused is not counted.
Limits and windows stand in `limits.py`.  Called by sign-in, downloads and the check of signatures.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from web import store

_COUNTING = 0x74727973  # "trys": the advisory lock under which tries are counted


class TooMany(Exception):
    """Too many tries; `retry_after` seconds until the next may succeed."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


def one_by_one(conn: Connection) -> None:
    """Tries at the same moment count one after the other, so many at once are not a way around."""
    if conn.dialect.name == "postgresql":  # SQLite has one writer anyway
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _COUNTING})


def check(conn: Connection, bucket: str, most: int, window: timedelta, at: datetime) -> None:
    """Raises TooMany when `bucket` holds `most` tries of the last `window`."""
    if store.count_attempts(conn, bucket, at - window) >= most:
        raise TooMany(int(window.total_seconds()))


def count(conn: Connection, bucket: str, most: int, window: timedelta, at: datetime) -> None:
    """One more in `bucket`, or TooMany."""
    one_by_one(conn)
    check(conn, bucket, most, window, at)
    store.add_attempt(conn, bucket, at, window)
