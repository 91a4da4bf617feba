"""The database opens, migrates, commits, rolls back, keeps its promises about times and full disks."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from meetings.errors import Unavailable
from meetings.store import database
from meetings.store.database import Database
from meetings.store.ledger_store import append, events
from meetings.store.tables import event
from tests.support import factories


def test_what_a_block_wrote_is_gone_when_it_raises(db: Database, at: datetime) -> None:
    with pytest.raises(RuntimeError), db.write() as conn:
        append(conn, None, "signin.ok", at)
        raise RuntimeError
    with db.read() as conn:
        assert events(conn, None) == []


def test_nothing_written_in_a_read_block_is_kept(db: Database, at: datetime) -> None:
    with db.read() as conn:
        append(conn, None, "signin.ok", at)
    with db.read() as conn:
        assert events(conn, None) == []


def test_migrating_again_changes_nothing(db: Database) -> None:
    with db.read() as conn:
        before = conn.execute(text("SELECT version_num FROM alembic_version")).all()
    db.migrate()
    with db.read() as conn:
        assert conn.execute(text("SELECT version_num FROM alembic_version")).all() == before


@pytest.mark.parametrize("place", range(8))
def test_starts_at_the_same_moment_migrate_once(tmp_path: Path, place: int) -> None:
    """Six at once and eight times over: a new file's change to WAL mode is a moment that one pair in a few dozen meets."""
    databases = [Database(f"sqlite:///{tmp_path}/new{place}.db") for _ in range(6)]
    gate, failures = threading.Barrier(len(databases)), list[BaseException]()

    def start(database: Database) -> None:
        gate.wait(60)
        try:
            database.migrate()
        except BaseException as error:  # noqa: BLE001 - reported by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=start, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with databases[0].read() as conn:
        assert len(conn.execute(text("SELECT version_num FROM alembic_version")).all()) == 1
    for one in databases:
        one.close()
    assert not failures


def test_a_time_comes_back_as_the_same_instant_in_utc(db: Database, at: datetime) -> None:
    odd = (at + timedelta(microseconds=1)).astimezone(timezone(timedelta(hours=7)))
    with db.write() as conn:
        append(conn, None, "signin.ok", odd)
    with db.read() as conn:
        found = conn.execute(event.select()).one().at
    assert found == odd
    assert found.utcoffset() == timedelta(0)


def test_a_reader_does_not_wait_for_a_writer(db: Database, at: datetime) -> None:
    with db.write() as writing:
        append(writing, None, "signin.ok", at)
        with db.read() as reading:
            assert events(reading, None) == []


def test_an_acknowledged_write_is_asked_to_survive_power_loss(sqlite_db: Database) -> None:
    with sqlite_db.write() as conn:
        assert conn.execute(text("PRAGMA synchronous")).scalar() == 2
        assert conn.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert conn.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_what_may_be_done_again_does_not_wait_for_the_disk_and_is_there_for_everybody(db: Database, at: datetime) -> None:
    with db.note() as conn:
        append(conn, None, "signin.ok", at)
        setting = "SHOW synchronous_commit" if db.dialect == "postgresql" else "PRAGMA synchronous"
        assert conn.execute(text(setting)).scalar() in (1, "off")
    with pytest.raises(RuntimeError), db.note() as conn:
        append(conn, None, "signin.ok", at)
        raise RuntimeError
    with db.read() as conn:
        assert len(events(conn, None)) == 1
    with db.write() as conn:
        assert conn.execute(text(setting)).scalar() in (2, "on")


def test_a_full_disk_is_said_clearly_and_loses_nothing(sqlite_db: Database, at: datetime) -> None:
    """SQLite's own page limit raises the very error that a full disk does."""
    with sqlite_db.write() as conn:
        meeting_id = factories.draft(conn, at)
        pages = conn.execute(text("PRAGMA page_count")).scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(Unavailable) as refused, sqlite_db.write() as conn:
        for _ in range(200):
            append(conn, meeting_id, "conclusion.written", at, data={"ord": 1, "text": "x" * 4000})
    assert refused.value.code == "storage.full"
    with sqlite_db.read() as conn:
        assert [e.kind for e in events(conn, meeting_id)] == ["meeting.created"]
        assert conn.execute(text("PRAGMA integrity_check")).scalar() == "ok"


@pytest.mark.parametrize("process", ["another", "this"])
def test_a_lock_that_somebody_else_keeps_is_the_machines_fault(
    sqlite_db: Database, at: datetime, monkeypatch: pytest.MonkeyPatch, process: str
) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 20)
    other = Database(sqlite_db.url) if process == "another" else sqlite_db
    with sqlite_db.write() as holding:
        append(holding, None, "signin.ok", at)
        with pytest.raises(Unavailable) as refused, other.write():
            pass
    assert refused.value.code == "storage.busy"
    with other.write() as conn:
        append(conn, None, "signin.ok", at)
    other.close()


def test_writers_of_one_process_wait_for_each_other_and_not_for_a_clock(sqlite_db: Database, at: datetime) -> None:
    """SQLite would look again at moments of its own, later and later ones."""
    asked, order = threading.Barrier(2), []

    def second() -> None:
        asked.wait()
        with sqlite_db.note() as conn:
            order.append("second")
            append(conn, None, "signin.ok", at)

    waiting = threading.Thread(target=second)
    waiting.start()
    with sqlite_db.write() as conn:
        asked.wait()
        append(conn, None, "signin.ok", at)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"] and not waiting.is_alive()


@pytest.mark.parametrize("how", ["read", "write"])
def test_a_database_that_is_away_is_said_so(how: str) -> None:
    away = Database("postgresql+psycopg://nobody@/nothing?host=/nonexistent")
    with pytest.raises(Unavailable) as refused, getattr(away, how)():
        pass
    assert refused.value.code == "storage.busy"


def test_our_own_mistakes_are_not_called_the_machines(db: Database) -> None:
    for block in (db.read, db.write):
        with pytest.raises(DBAPIError), block() as conn:
            conn.execute(text("SELECT nothing FROM nowhere"))


@pytest.mark.postgres
def test_a_server_that_ends_our_connection_is_the_machines_fault(postgres_db: Database) -> None:
    with pytest.raises(Unavailable) as refused, postgres_db.read() as conn:
        mine = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with postgres_db.read() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        conn.execute(text("SELECT 1"))
    assert refused.value.code == "storage.busy"
    with postgres_db.read() as conn:
        assert conn.execute(text("SELECT 1")).scalar() == 1


def test_an_unknown_kind_of_database_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="mysql"):
        Database("mysql://nobody@nowhere/x")
