"""One database: SQLite file or PostgreSQL.  Opens, migrates, hands out transactions.  Knows no table.

Every use case takes an open connection, so one request is one transaction across packages:

    with db.write() as conn:
        service.open(conn, meeting_id, by=subject, at=now)

Writers on SQLite start with BEGIN IMMEDIATE: they queue for the one write lock instead of failing at their first
write.  Those of one process queue before it: SQLite's own waiting is a sleep of up to a tenth of a second, whoever comes in
between goes first.  Readers use an engine of their own with a plain BEGIN and never wait (WAL).  Safe to use from many threads;
within a write no other is begun.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from meetings.errors import Unavailable

BUSY_MS = 20_000
"""How long a SQLite writer waits for the lock.  Writes take milliseconds; this is for a stalled disk."""

MIGRATIONS = Path(__file__).parent / "migrations"
"""A revision's file is named after its id, and ids are in order; a test holds this."""

_PG_DISK_FULL = "53100"
_MIGRATION_LOCK = 0x6469656D  # "diem": two processes starting together migrate one after the other.


class Database:
    """`Database("sqlite:////path/x.db")` or `Database("postgresql+psycopg://…")`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.dialect = make_url(url).get_backend_name()
        self._turn = threading.Lock()
        if self.dialect == "sqlite":
            self._writer = _sqlite_engine(url, "BEGIN IMMEDIATE")
            self._noter = _sqlite_engine(url, "BEGIN IMMEDIATE", synchronous="NORMAL")
            self._reader = _sqlite_engine(url, "BEGIN")
        elif self.dialect == "postgresql":
            self._writer = self._reader = self._noter = create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
        else:
            raise ValueError(f"no support for {self.dialect}: use sqlite or postgresql+psycopg")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises Unavailable("storage.full" | "storage.busy"), like `read`, when the machine is at fault.
        """
        with _blaming_the_machine(), self._in_turn(), self._writer.begin() as conn:
            yield conn

    @contextmanager
    def note(self) -> Iterator[Connection]:
        """As `write`, for what may be done again: it survives the death of any process, but a loss of power may take it.

        Nothing is ever half there, and nothing that `write` acknowledged goes with it.  The disk is not waited for.
        """
        with _blaming_the_machine(), self._in_turn(), self._noter.begin() as conn:
            if self.dialect == "postgresql":
                conn.execute(text("SET LOCAL synchronous_commit TO OFF"))
            yield conn

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """The writers of this process, one after the other, where the database knows but one at a time."""
        if self.dialect != "sqlite":
            yield
            return
        if not self._turn.acquire(timeout=BUSY_MS / 1000):
            raise Unavailable("storage.busy")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view where the database offers it; nothing written here is kept."""
        with _blaming_the_machine(), self._reader.connect() as conn:
            yield conn

    def migrate(self) -> None:
        """Bring the schema to the newest revision.  Safe to call at every start and from two processes at once."""
        if self._is_newest():
            return
        from alembic import command  # imported here: it costs a third of a second that most commands do not need
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        with self.write() as conn:
            if self.dialect == "postgresql":
                conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            config.attributes["connection"] = conn
            command.upgrade(config, "head")

    def _is_newest(self) -> bool:
        """Whether the stored revision is the newest file's: most starts need not load the migration tool."""
        with self.read() as conn:
            if not inspect(conn).has_table("alembic_version"):
                return False
            stored = conn.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
        return stored == [max(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))]

    def close(self) -> None:
        """Close all pooled connections; the object may not be used afterwards."""
        for engine in (self._writer, self._noter, self._reader):
            engine.dispose()


def _sqlite_engine(url: str, begin: str, synchronous: str = "FULL") -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_MS / 1000})

    @event.listens_for(engine, "connect")
    def _on_connect(dbapi_connection: Any, _record: Any) -> None:
        # Without this the sqlite3 module would open transactions of its own, and late.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        # FULL: an acknowledged write survives power loss (invariant I4), not only a crash.
        for pragma in (f"synchronous={synchronous}", "foreign_keys=ON", "trusted_schema=OFF"):
            cursor.execute(f"PRAGMA {pragma}")
        _keep_a_log(cursor)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(conn: Connection) -> None:
        conn.exec_driver_sql(begin)

    return engine


def _keep_a_log(cursor: sqlite3.Cursor) -> None:
    """WAL, so that readers never wait.  A new file changes its mode once, and SQLite fails at once instead of waiting
    when two first starts meet there (its busy handler is not asked): the waiting is done here.

    Raises: sqlite3.OperationalError when the file stays locked for BUSY_MS.
    """
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.005)


@contextmanager
def _blaming_the_machine() -> Iterator[None]:
    """A full disk, a lock that is held too long, a server that is away become Unavailable; our own mistakes stay."""
    try:
        yield
    except (DBAPIError, PoolExhausted) as error:
        if code := _trouble(error):
            raise Unavailable(code) from error
        raise


_SQLITE_AWAY = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
})


def _trouble(error: DBAPIError | PoolExhausted) -> str | None:
    """None when the statement is at fault: SQLite calls that an operational error too, PostgreSQL never does."""
    if isinstance(error, PoolExhausted) or error.connection_invalidated:
        return "storage.busy"
    if not isinstance(error, OperationalError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        code = (getattr(error.orig, "sqlite_errorcode", None) or 0) & 0xFF
        return "storage.full" if code == sqlite3.SQLITE_FULL else "storage.busy" if code in _SQLITE_AWAY else None
    return "storage.full" if getattr(error.orig, "sqlstate", None) == _PG_DISK_FULL else "storage.busy"
