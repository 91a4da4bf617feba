"""Telling: once for each occasion and each of those told, never before it is due, and taken back in time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from meetings.store.database import Database
from scheduler import notices, outbox
from scheduler.outbox_table import outbox as table

HOUR = timedelta(hours=1)
MEETING = "00000000-0000-7000-8000-000000000001"


def rows(db: Database) -> list[tuple[str, datetime, str, dict[str, object]]]:
    with db.read() as conn:
        return [tuple(row) for row in conn.execute(select(table.c.kind, table.c.due_at, table.c.state, table.c.payload)
                                                   .order_by(table.c.item_id))]


def test_what_happened_is_told_once_to_each(db: Database, at: datetime) -> None:
    with db.write() as conn:
        assert notices.tell(conn, "request.asked", MEETING, {"unit": "u1"}, at, deadline=at + HOUR, point="QN 1")
        assert not notices.tell(conn, "request.asked", MEETING, {"unit": "u1"}, at + HOUR, deadline=at + HOUR, point="QN 1")
        assert notices.tell(conn, "request.asked", MEETING, {"unit": "u2"}, at, deadline=at + HOUR, point="QN 1")
        assert notices.tell(conn, "request.asked", MEETING, {"unit": "u1"}, at, deadline=at + 2 * HOUR, point="QN 1")
    [first, *_rest] = rows(db)
    assert len(rows(db)) == 3 and first[:3] == ("notice", at, "waiting")
    assert first[3]["what"] == "request.asked" and first[3]["to"] == {"unit": "u1"} and first[3]["meeting_id"] == MEETING
    assert first[3]["params"] == {"deadline": (at + HOUR).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "point": "QN 1"}


def test_the_callers_mark_tells_occasions_apart_whatever_the_words(db: Database, at: datetime) -> None:
    with db.write() as conn:
        assert notices.tell(conn, "request.due", MEETING, {"user": "p"}, at, key="7:1", left=3)
        assert not notices.tell(conn, "request.due", MEETING, {"user": "p"}, at, key="7:1", left=2)
        assert notices.tell(conn, "request.due", MEETING, {"user": "p"}, at, key="7:2", left=3)


def test_what_is_not_so_any_more_is_taken_back_by_its_mark_or_all_of_it(db: Database, at: datetime) -> None:
    with db.write() as conn:
        for mark in ("1", "2", "3"):
            notices.tell(conn, "request.due", MEETING, {"unit": "u"}, at, due=at + HOUR, key=mark)
        notices.tell(conn, "request.overdue", MEETING, {"unit": "u"}, at, due=at + HOUR, key="1")
        assert notices.withdraw(conn, "request.due", MEETING, at, key="1") == 1
        assert notices.withdraw(conn, "request.due", MEETING, at) == 2
    assert [row[2] for row in rows(db)] == ["cancelled"] * 3 + ["waiting"]
    got = list[outbox.Item]()
    assert outbox.work(db, "w", got.append, lambda: at) == 0 and outbox.work(db, "w", got.append, lambda: at + HOUR) == 1


def test_a_name_that_would_reach_into_anothers_keys_is_refused(db: Database, at: datetime) -> None:
    with db.write() as conn, pytest.raises(ValueError):
        notices.tell(conn, "request:due", MEETING, {"unit": "u"}, at)
