"""The stored ledger: append-only on both databases, gap-free under real concurrent writers."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import IntegrityError, StatementError

from meetings.ledger import GENESIS, link_event, verify_chain
from meetings.store.database import Database
from meetings.store.ledger_store import append, events, head, last_seq
from meetings.store.tables import event
from tests.support import factories

ROOT = Path(__file__).resolve().parents[2]


def test_what_was_appended_is_read_back_exactly(db: Database, at: datetime) -> None:
    data = {"title": "Họp “khẩn” \\ \u2028 😀", "n": 2**53 - 1, "list": [None, True, {}], "empty": ""}
    with db.write() as conn:
        added = append(conn, None, "user.added", at, factories.ADMIN, data=data)
    with db.read() as conn:
        [found] = events(conn, None)
    assert found == added
    assert found.actor == {"user": "u-admin", "name": "Đỗ Quản Trị"}
    assert verify_chain([found]) is None


def test_each_meeting_and_the_audit_have_chains_of_their_own(db: Database, at: datetime) -> None:
    with db.write() as conn:
        one, two = factories.draft(conn, at), factories.draft(conn, at)
        for _ in range(3):
            append(conn, one, "point.left", at)
            append(conn, None, "signin.ok", at)
    with db.read() as conn:
        assert [e.seq for e in events(conn, one)] == [1, 2, 3, 4]
        assert [e.seq for e in events(conn, two)] == [1]
        assert [e.seq for e in events(conn, None)] == [1, 2, 3]
        assert [e.seq for e in events(conn, one, after=2, limit=1)] == [3]
        assert last_seq(conn, one) == 4
        assert last_seq(conn, "nothing") == 0
        assert head(conn, "nothing") is None


def test_an_event_is_never_changed_nor_removed(db: Database, at: datetime) -> None:
    with db.write() as conn:
        append(conn, None, "signin.ok", at)
    for statement in (update(event).values(kind="signin.failed"), delete(event)):
        with pytest.raises(IntegrityError, match="event_append_only"), db.write() as conn:
            conn.execute(statement)
    with db.read() as conn:
        assert [e.kind for e in events(conn, None)] == ["signin.ok"]


@pytest.mark.postgres
def test_the_table_of_events_is_never_emptied(postgres_db: Database, at: datetime) -> None:
    with postgres_db.write() as conn:
        append(conn, None, "signin.ok", at)
    with pytest.raises(IntegrityError, match="event_append_only"), postgres_db.write() as conn:
        conn.execute(text("TRUNCATE event"))


@pytest.mark.parametrize(("seq", "prev"), [(3, "good"), (1, "good"), (2, GENESIS), (2, "e" * 64)])
def test_the_database_refuses_an_event_that_does_not_continue_the_chain(
    db: Database, at: datetime, seq: int, prev: str,
) -> None:
    with db.write() as conn:
        first = append(conn, None, "signin.ok", at)
    prev = first.hash if prev == "good" else prev
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(insert(event).values(meeting_id=None, seq=seq, at=at, kind="x", data={}, prev_hash=prev,
                                          hash="0" * 64))


def test_a_time_without_a_zone_never_reaches_the_store(db: Database, at: datetime) -> None:
    naive = at.replace(tzinfo=None)
    with pytest.raises((ValueError, StatementError), match="zone"), db.write() as conn:
        conn.execute(insert(event).values(seq=1, at=naive, kind="x", data={}, prev_hash=GENESIS, hash="0" * 64))


def test_threads_writing_one_chain_leave_no_gap(db: Database, at: datetime) -> None:
    writers, each = 6, 15
    with db.write() as conn:
        meeting_id = factories.draft(conn, at)
    barrier, failures = threading.Barrier(writers), []

    def work(number: int) -> None:
        barrier.wait()
        try:
            for index in range(each):
                with db.write() as conn:
                    append(conn, meeting_id, "hand.raised", at, data={"writer": number, "n": index})
                    append(conn, None, "signin.ok", at, data={"writer": number})
        except Exception as error:  # noqa: BLE001 - reported by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    with db.read() as conn:
        chain, audit = events(conn, meeting_id), events(conn, None)
    assert [e.seq for e in chain] == list(range(1, writers * each + 2))
    assert [e.seq for e in audit] == list(range(1, writers * each + 1))
    assert verify_chain(chain) is None
    assert verify_chain(audit) is None


def test_processes_writing_one_chain_leave_no_gap(db: Database, at: datetime) -> None:
    workers, each = 2, 30
    with db.write() as conn:
        meeting_id = factories.draft(conn, at)
    command = [sys.executable, "-m", "tests.support.append_many", db.url, meeting_id, str(each)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) for _ in range(workers)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=90)
    assert [process.returncode for process in processes] == [0] * workers
    with db.read() as conn:
        chain = events(conn, meeting_id)
    assert len(chain) == workers * each + 1
    assert verify_chain(chain) is None


def test_a_writer_that_skips_the_lock_is_stopped_by_the_database(db: Database, at: datetime) -> None:
    """Two transactions build the same next event; the second one to arrive is refused, none is lost silently."""
    with db.write() as conn:
        meeting_id = factories.draft(conn, at)
    with db.read() as conn:
        last = head(conn, meeting_id)
    rivals = [link_event(last, meeting_id, kind, at) for kind in ("hand.raised", "hand.lowered")]
    outcomes = []
    for rival in rivals:
        try:
            with db.write() as conn:
                conn.execute(insert(event).values(
                    meeting_id=meeting_id, seq=rival.seq, at=at, kind=rival.kind, data={}, prev_hash=rival.prev_hash,
                    hash=rival.hash))
            outcomes.append("stored")
        except IntegrityError:
            outcomes.append("refused")
    assert outcomes == ["stored", "refused"]
