"""The signing inbox: what waits for a person is found however many meetings lie behind, the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from meetings import service as meetings
from meetings.access import Subject
from meetings.store.database import Database
from tests.support import factories
from tests.support.factories import CHAIR, CLERK, DIVISION_HEAD, SECRETARY
from tests.support.record import STEPS, Record
from web import minutes_view

PEOPLE = (DIVISION_HEAD, SECRETARY, CHAIR, CLERK)


@pytest.fixture
def small_record(sqlite_db: Database, tmp_path: Path, at: datetime) -> Iterator[Record]:
    yield Record(sqlite_db, tmp_path, at)


def inbox(record: Record, person: Subject) -> list[str]:
    with record.db.read() as conn:
        return [one.href for one in minutes_view.waiting(conn, person)]


def test_at_each_step_it_waits_for_the_one_whose_turn_it_is(small_record: Record) -> None:
    record = small_record
    record.concluded()
    for step in STEPS[:7]:
        record.step(step)
        awaited = record.status().awaited
        for person in PEOPLE:
            theirs = awaited is not None and person.user_id == awaited.user_id
            assert inbox(record, person) == ([f"/meetings/{record.meeting_id}/minutes"] if theirs else []), step


def test_a_refused_round_waits_for_the_clerk_again(small_record: Record) -> None:
    from minutes import service

    record = small_record.run("initials")
    service.refuse(record.db, record.blobs, record.minutes_id, "secretary", "Sai", SECRETARY, record.tick())
    assert inbox(record, SECRETARY) == [] and len(inbox(record, CLERK)) == 1


def test_the_newest_of_very_many_records_is_there_first_and_costs_one_question(small_record: Record) -> None:
    record = small_record.run("draft")
    old = record.meeting_id
    with record.db.write() as conn:
        for _ in range(201):
            meeting_id = factories.convened(conn, record.at, factories.POINTS[:1])
            meetings.open(conn, meeting_id, by=CHAIR, at=record.at)
            meetings.close(conn, meeting_id, by=CHAIR, at=record.at)
    record.meeting_id = record.minutes_id = ""
    record.concluded()
    record.step("draft")
    assert inbox(record, CLERK) == [f"/meetings/{record.meeting_id}/minutes", f"/meetings/{old}/minutes"]
    asked: list[str] = []
    with record.db.read() as conn:
        event.listen(conn, "before_cursor_execute", lambda *a: asked.append(a[2].split()[0]))
        minutes_view.waiting(conn, CLERK)
    assert asked.count("SELECT") == 1
