"""Recordings: by chair and secretary only, one at a time, only while the meeting is open; told, kept, deleted; on both databases."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from meetings import recordings, service
from meetings.access import PersonRef, Subject
from meetings.errors import Conflict, Invalid, MeetingError, NotAllowed, NotFound
from meetings.ids import new_id
from meetings.recording import LONGEST_KEPT, Kept, Recording, Stand
from meetings.store import recording_store, tables
from meetings.store.database import Connection, Database
from meetings.store.ledger_store import events
from meetings.store.recording_table import recording
from tests.meetings.test_races import race
from tests.support.factories import CHAIR, CLERK, OFFICER, POINTS, SECRETARY, STRANGER, TECHNICIAN, convened, opened, seat_of

KEPT = Kept(600, 4, 1, 5_000_000, "a" * 64)
MINUTE = timedelta(minutes=1)


def begin(conn: Connection, meeting_id: str, at: datetime, by: Subject = CHAIR, **changes: Any) -> Recording:
    said = {"purpose": "Soạn biên bản", "notice": "Cuộc họp được ghi hình.", "days": 90, "asks": False, **changes}
    return recordings.start(conn, meeting_id, by=by, at=at, **said)


def told(conn: Connection, meeting_id: str, kind: str = "recording.") -> list[tuple[str, dict[str, Any]]]:
    return [(event.kind.removeprefix("recording."), dict(event.data)) for event in events(conn, meeting_id) if event.kind.startswith(kind)]


def finished(conn: Connection, meeting_id: str, at: datetime) -> Recording:
    found = begin(conn, meeting_id, at)
    recordings.stop(conn, meeting_id, by=CHAIR, at=at + MINUTE)
    recordings.kept(conn, found.recording_id, KEPT, at + MINUTE)
    return found


def test_chair_and_secretary_record_and_nobody_else(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        for other, error in ((CLERK, NotAllowed), (OFFICER, NotAllowed), (TECHNICIAN, NotAllowed), (STRANGER, NotFound),
                             (seat_of(meeting_id, POINTS[0]), NotAllowed)):
            with pytest.raises(error):
                begin(conn, meeting_id, at, by=other)
        found = begin(conn, meeting_id, at, by=SECRETARY)
        with pytest.raises(NotAllowed):
            recordings.stop(conn, meeting_id, by=CLERK, at=at)
        recordings.stop(conn, meeting_id, by=CHAIR, at=at + MINUTE)
        assert recording_store.load(conn, found.recording_id).stand is Stand.ENDING
        assert told(conn, meeting_id) == [
            ("started", {"recording": found.recording_id, "purpose": "Soạn biên bản", "notice": "Cuộc họp được ghi hình.", "asks": False,
                         "keep_until": "2026-06-03T01:00:00.000000Z", "present": 5}),
            ("ended", {"recording": found.recording_id, "reason": "stopped"})]


def test_what_it_is_for_and_for_how_long_is_said_first(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        for changes in ({"purpose": " "}, {"notice": ""}, {"purpose": "x" * 301}, {"days": 0}, {"days": LONGEST_KEPT + 1}):
            with pytest.raises(Invalid):
                begin(conn, meeting_id, at, **changes)
        assert not told(conn, meeting_id)


def test_one_runs_in_a_meeting_and_only_while_it_is_open(db: Database, at: datetime) -> None:
    with db.write() as conn:
        early = convened(conn, at)
        with pytest.raises(Conflict, match=r"meeting\.state"):
            begin(conn, early, at)
        meeting_id = opened(conn, at)
        begin(conn, meeting_id, at)
        with pytest.raises(Conflict, match=r"recording\.running"):
            begin(conn, meeting_id, at)
    row = {"meeting_id": meeting_id, "folder": "f", "purpose": "p", "notice": "n", "asks": False, "keep_until": at + MINUTE,
           "started_by": {}, "started_at": at}
    for other in (meeting_id, early):
        with pytest.raises(IntegrityError), db.write() as conn:
            conn.execute(insert(recording).values(recording_id=new_id(at), **{**row, "meeting_id": other}))


def test_of_eight_who_begin_at_once_one_does(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
    outcomes = race(db, [lambda conn: begin(conn, meeting_id, at)] * 8)
    assert Counter(outcomes) == {"won": 1, "recording.running": 7}


def test_a_pause_of_the_meeting_is_one_of_the_recording(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        found = begin(conn, meeting_id, at)
        service.suspend(conn, meeting_id, by=CHAIR, at=at + MINUTE)
        assert recording_store.load(conn, found.recording_id).stand is Stand.PAUSED
        service.resume(conn, meeting_id, by=CHAIR, at=at + 3 * MINUTE)
        assert recording_store.load(conn, found.recording_id).stand is Stand.RUNNING
        service.close(conn, meeting_id, by=CHAIR, at=at + 4 * MINUTE)
        said = told(conn, meeting_id)
    assert [kind for kind, _ in said] == ["started", "paused", "resumed", "ended"]
    assert said[2][1] == {"recording": found.recording_id, "reason": "meeting", "seconds": 120}
    assert said[3][1]["reason"] == "meeting_closed"


def test_the_database_stops_what_would_record_past_the_meeting(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        found = begin(conn, meeting_id, at)
    own = tables.meeting.c.meeting_id == meeting_id
    for values in ({"state": "suspended"}, {"state": "concluded", "closed_at": at}):
        with pytest.raises(IntegrityError, match="meeting_recorded"), db.write() as conn:
            conn.execute(update(tables.meeting).where(own).values(**values))
    with db.write() as conn:
        service.suspend(conn, meeting_id, by=CHAIR, at=at)
    with pytest.raises(IntegrityError, match="recording_goes_on"), db.write() as conn:
        recording_store.save(conn, found.recording_id, paused_at=None)


def test_what_was_said_of_a_recording_never_changes(db: Database, at: datetime) -> None:
    with db.write() as conn:
        found = finished(conn, opened(conn, at), at)
    for values in ({"purpose": "khác"}, {"keep_until": at + 900 * MINUTE}, {"notice": "x"}, {"ended_at": None, "reason": None}, {"kept_at": None}):
        with pytest.raises(IntegrityError), db.write() as conn:
            recording_store.save(conn, found.recording_id, **values)
    with pytest.raises(IntegrityError, match="recording_stays"), db.write() as conn:
        conn.execute(delete(recording))


def test_whoever_comes_later_is_told_once(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at, POINTS)
        service.seat_leave(conn, meeting_id, 5, "gone", at)
        found = begin(conn, meeting_id, at)
        early, late = seat_of(meeting_id, POINTS[0]), seat_of(meeting_id, POINTS[4])
        assert recordings.told(conn, meeting_id, early, False, at)
        assert recordings.told(conn, meeting_id, late, False, at + MINUTE)
        assert not recordings.told(conn, meeting_id, late, False, at + 2 * MINUTE)
        delegate = Subject(name="Đại biểu", person=PersonRef(meeting_id, "p1", 5, "06976", "Đại biểu", "l"))
        for nobody in (delegate, CHAIR):
            with pytest.raises(NotAllowed):
                recordings.told(conn, meeting_id, nobody, False, at + 2 * MINUTE)
        with pytest.raises(NotFound):
            recordings.told(conn, meeting_id, seat_of("another", POINTS[4]), False, at)
        said = [(event.point["code"], dict(event.data)) for event in events(conn, meeting_id) if event.kind == "recording.told"]
        rows = {one.point_id: (one.late, one.shown_at is not None) for one in recording_store.told(conn, found.recording_id)}
    assert said == [("06976", {"recording": found.recording_id, "late": True, "agreed": False})]
    assert rows == {1: (False, True), 2: (False, False), 3: (False, False), 4: (False, False), 5: (True, True)}


def test_where_few_meet_everybody_says_that_they_know(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        begin(conn, meeting_id, at, asks=True)
        seat = seat_of(meeting_id, POINTS[1])
        assert recordings.told(conn, meeting_id, seat, False, at)
        assert not [one for one in told(conn, meeting_id) if one[0] == "told"], "shown is not agreed"
        assert recordings.told(conn, meeting_id, seat, True, at)
        assert not recordings.told(conn, meeting_id, seat, True, at)
        assert [data["agreed"] for kind, data in told(conn, meeting_id) if kind == "told"] == [True]


def test_its_files_are_given_out_with_a_receipt_and_never_to_a_seat(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        found = begin(conn, meeting_id, at)
        with pytest.raises(Conflict, match=r"recording\.unfinished"):
            recordings.readable(conn, meeting_id, found.recording_id, CHAIR)
        recordings.stop(conn, meeting_id, by=CHAIR, at=at)
        recordings.kept(conn, found.recording_id, KEPT, at)
        recordings.kept(conn, found.recording_id, Kept(0, 0, 0, 0, "b" * 64), at)  # once
        for stranger in (seat_of(meeting_id, POINTS[0]), OFFICER, TECHNICIAN):
            with pytest.raises(MeetingError):
                recordings.released(conn, found.recording_id, "mp4", "c" * 64, stranger, at)
        recordings.released(conn, found.recording_id, "mp4", "c" * 64, CLERK, at)
        assert told(conn, meeting_id)[-2:] == [
            ("kept", {"recording": found.recording_id, "seconds": 600, "tracks": 4, "gaps": 1, "bytes": 5_000_000, "manifest_sha256": "a" * 64}),
            ("released", {"recording": found.recording_id, "file": "mp4", "sha256": "c" * 64, "to": CLERK.name})]
        with pytest.raises(NotFound):
            recordings.readable(conn, opened(conn, at, title="Khác"), found.recording_id, CHAIR)


def test_one_file_is_made_once(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        found = finished(conn, meeting_id, at)
        wanted = meeting_id, found.recording_id
        with pytest.raises(Invalid):
            recordings.compose(conn, *wanted, "avi", CHAIR, at)
        assert recordings.compose(conn, *wanted, "mp4", CHAIR, at)
        assert not recordings.compose(conn, *wanted, "mp4", SECRETARY, at)
        assert recordings.compose(conn, *wanted, "webm", CHAIR, at + MINUTE)
        first = recording_store.next_composition(conn)
        assert first is not None and first.format == "mp4"
        assert [recording_store.ahead(conn, one) for one in recording_store.compositions(conn, [found.recording_id])] == [0, 1]
        recording_store.put_composition(conn, found.recording_id, "mp4", state="failed", problem="x")
        assert recordings.compose(conn, *wanted, "mp4", SECRETARY, at), "once more"
        recordings.composed(conn, found.recording_id, "mp4", 7, "d" * 64, at)
        assert told(conn, meeting_id)[-1] == ("composed", {"recording": found.recording_id, "format": "mp4", "bytes": 7, "sha256": "d" * 64})


def test_the_secretary_deletes_with_a_reason_and_time_does_too(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        first, second = finished(conn, meeting_id, at), finished(conn, meeting_id, at + 2 * MINUTE)
        with pytest.raises(Invalid):
            recordings.delete(conn, meeting_id, first.recording_id, " ", SECRETARY, at)
        with pytest.raises(NotAllowed):
            recordings.delete(conn, meeting_id, first.recording_id, "Không cần nữa", CLERK, at)
        recordings.delete(conn, meeting_id, first.recording_id, "Không cần nữa", SECRETARY, at)
        with pytest.raises(Conflict, match=r"recording\.gone"):
            recordings.readable(conn, meeting_id, first.recording_id, CHAIR)
        assert not recordings.delete_overdue(conn, second.keep_until - MINUTE)
        assert [one.recording_id for one in recordings.delete_overdue(conn, second.keep_until)] == [second.recording_id]
        assert not recordings.delete_overdue(conn, second.keep_until)
        for one in recording_store.unerased(conn):
            recordings.erased(conn, one.recording_id, 5, 99, second.keep_until)
            recordings.erased(conn, one.recording_id, 0, 0, second.keep_until)
        assert not recording_store.unerased(conn)
        said = told(conn, meeting_id)[-4:]
    assert [kind for kind, _ in said] == ["deleted", "deleted", "erased", "erased"]
    assert [data.get("reason") for _, data in said[:2]] == ["Không cần nữa", "retention"]
    assert said[2][1] == {"recording": first.recording_id, "files": 5, "bytes": 99, "manifest_sha256": "a" * 64}


MOVES = ("start", "stop", "suspend", "resume", "close", "broke", "late")


@given(st.lists(st.sampled_from(MOVES), max_size=14))
def test_whatever_is_pressed_nothing_is_recorded_outside_an_open_meeting(template: Database, moves: list[str]) -> None:
    at = datetime(2026, 3, 5, 1, tzinfo=UTC)
    with template.write() as conn:
        meeting_id = opened(conn, at)
        for n, move in enumerate(moves):
            with suppress(MeetingError):
                _press(conn, meeting_id, move, at + (n + 1) * MINUTE)
            state, going = service.get(conn, meeting_id).state.value, recording_store.running(conn, meeting_id)
            assert len(going) <= 1
            assert [one.stand for one in going] in {"open": ([], [Stand.RUNNING]), "suspended": ([], [Stand.PAUSED]), "concluded": ([],)}[state]
        said = [kind for kind, _ in told(conn, meeting_id) if kind in ("started", "ended")]
        assert said == ["started", "ended"] * (len(said) // 2) + ["started"] * (len(said) % 2)


def _press(conn: Connection, meeting_id: str, move: str, at: datetime) -> None:
    if move == "start":
        begin(conn, meeting_id, at)
    elif move == "stop":
        recordings.stop(conn, meeting_id, by=CHAIR, at=at)
    elif move == "broke":
        for one in recording_store.of_meeting(conn, meeting_id):
            recordings.broke(conn, one.recording_id, "disk_full", at)
    elif move == "late":
        recordings.told(conn, meeting_id, seat_of(meeting_id, POINTS[2]), True, at)
    else:
        getattr(service, move)(conn, meeting_id, by=CHAIR, at=at)


@pytest.fixture(scope="module")
def template(sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("moves") / "diemcau.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()
