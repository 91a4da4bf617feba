"""Check-in: who may say what of whom and when; the ledger tells it; the database refuses what cannot be."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from meetings import checkin, people, service
from meetings.access import PersonRef, Subject
from meetings.checkin import Known, Standing
from meetings.errors import Closed, Conflict, Invalid, MeetingError, NotAllowed, NotFound
from meetings.ids import new_id
from meetings.meeting import PointRef
from meetings.people import How, There, Wanted
from meetings.store import ledger_store, people_store, tables
from meetings.store.database import Connection, Database
from meetings.store.people_table import head_count
from tests.support.factories import ADMIN, CHAIR, OFFICER, POINTS, SECRETARY, STRANGER, convened, opened, seat_of

AN = Known("", 3, "Lê An", "Chủ tịch")


def known(at: datetime, base: Known = AN) -> Known:
    return base._replace(person_id=new_id(at))


def of(meeting_id: str, who: Known, point: PointRef = POINTS[2]) -> Subject:
    return Subject(name=who.name, person=PersonRef(meeting_id, who.person_id, point.point_id, point.code, who.name, "l"))


def say(conn: Connection, meeting_id: str, who: Known, to: Wanted, by: Subject, at: datetime, reason: str = "") -> bool:
    return checkin.check(conn, meeting_id, who, to, by, at, how=How.TAP, reason=reason)


def told(conn: Connection, meeting_id: str) -> list[tuple[str, object]]:
    return [(event.kind, event.data.get("late", event.data.get("reason")))
            for event in ledger_store.events(conn, meeting_id) if event.kind.startswith("person.")]


def test_a_person_comes_leaves_and_comes_again_and_the_ledger_tells_it(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id, who = opened(conn, at), known(at)
        by = of(meeting_id, who)
        assert say(conn, meeting_id, who, Wanted.PRESENT, by, at + timedelta(minutes=9))
        assert not say(conn, meeting_id, who, Wanted.PRESENT, SECRETARY, at + timedelta(minutes=10)), "said already"
        assert [one.name for one in people_store.present_persons(conn, meeting_id)] == ["Lê An"]
        say(conn, meeting_id, who, Wanted.LEFT, by, at + timedelta(minutes=20))
        assert people_store.present_persons(conn, meeting_id) == []
        say(conn, meeting_id, who, Wanted.PRESENT, seat_of(meeting_id, POINTS[2]), at + timedelta(minutes=30))
        say(conn, meeting_id, who, Wanted.ABSENT, CHAIR, at + timedelta(minutes=31), " ốm ")
        assert told(conn, meeting_id) == [("person.present", True), ("person.left", None), ("person.present", True), ("person.absent", "ốm")]
        first = next(event for event in ledger_store.events(conn, meeting_id) if event.kind == "person.present")
    assert first.point == {"id": 3, "code": "06970", "name": POINTS[2].name}
    assert first.data == {"person": who.person_id, "name": "Lê An", "post": "Chủ tịch", "how": "tap", "late": True}
    assert first.actor == {"user": None, "name": "Lê An", "person": who.person_id}


def test_who_may_say_it(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id, who = opened(conn, at), known(at)
        other, away = known(at), seat_of(meeting_id, POINTS[1])
        for by in (away, of(meeting_id, other), STRANGER, ADMIN, of("another", who), Subject()):
            with pytest.raises((NotAllowed, NotFound)):
                say(conn, meeting_id, who, Wanted.PRESENT, by, at)
            with pytest.raises((NotAllowed, NotFound)):
                checkin.count(conn, meeting_id, 3, 4, by, at)
        with pytest.raises((NotAllowed, NotFound)):
            checkin.count(conn, meeting_id, 3, 4, of(meeting_id, who), at)
        for by in (CHAIR, SECRETARY, OFFICER, seat_of(meeting_id, POINTS[2])):
            assert checkin.count(conn, meeting_id, 3, len(by.name), by, at)
            assert say(conn, meeting_id, known(at), Wanted.PRESENT, by, at)
        with pytest.raises((NotAllowed, NotFound)):
            say(conn, meeting_id, known(at)._replace(point_id=4), Wanted.PRESENT, OFFICER, at)
        with pytest.raises(NotAllowed):
            checkin.roll(conn, meeting_id, "asked", [], seat_of(meeting_id, POINTS[0]), at)


def test_the_roll_is_open_from_an_hour_before_the_start_until_the_end(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id, who = convened(conn, at), known(at)
        start = service.get(conn, meeting_id).start
        for act in (lambda at: say(conn, meeting_id, who, Wanted.PRESENT, SECRETARY, at),
                    lambda at: checkin.count(conn, meeting_id, 3, 7, SECRETARY, at)):
            with pytest.raises(Closed, match=r"roll\.time"):
                act(start - people.EARLY - timedelta(seconds=1))
            assert act(start - people.EARLY)
        service.open(conn, meeting_id, by=CHAIR, at=start)
        service.close(conn, meeting_id, by=CHAIR, at=start)
        with pytest.raises(Closed, match=r"meeting\.concluded"):
            say(conn, meeting_id, who, Wanted.LEFT, SECRETARY, start)


def test_heads_are_counted_and_the_last_counting_counts(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        seat = seat_of(meeting_id, POINTS[2])
        assert checkin.count(conn, meeting_id, 3, 12, seat, at) and checkin.count(conn, meeting_id, 3, 11, seat, at)
        assert not checkin.count(conn, meeting_id, 3, 11, seat, at)
        assert people_store.heads(conn, meeting_id) == {3: 11}
        for wrong in (-1, people.HEADS_MOST + 1):
            with pytest.raises(Invalid, match=r"heads\.number"):
                checkin.count(conn, meeting_id, 3, wrong, seat, at)
        counted = [event.data["heads"] for event in ledger_store.events(conn, meeting_id) if event.kind == "heads.counted"]
    assert counted == [12, 11]


def test_a_point_where_heads_were_counted_stays_booked(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        checkin.count(conn, meeting_id, 3, 2, SECRETARY, service.get(conn, meeting_id).start)
        with pytest.raises(Conflict, match=r"seat\.used"):
            service.seats_set(conn, meeting_id, POINTS[:1], by=SECRETARY, at=at)


def test_a_roll_of_a_province_is_pages_of_the_ledger(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.seat_leave(conn, meeting_id, 2, "gone", at)
        checkin.count(conn, meeting_id, 3, 12, SECRETARY, at)
        everybody = [Standing(f"p{n}", 1 + n % 5, f"Người {n}", "", There.LATE if n % 3 else There.EXPECTED) for n in range(401)]
        assert [checkin.roll(conn, meeting_id, why, everybody, CHAIR, at) for why in ("opened", "asked")] == [1, 2]
        events = [event for event in ledger_store.events(conn, meeting_id) if event.kind.startswith("roll.")]
        rolls = people_store.rolls(conn, meeting_id)
    assert [event.kind for event in events] == ["roll.called", "roll.page", "roll.page", "roll.page"] * 2
    assert events[0].data == {"roll": 1, "why": "opened", "points": [5, 4], "persons": [401, 267], "heads": 12, "pages": 3}
    assert [len(event.data["people"]) for event in events[1:4]] == [200, 200, 1]
    assert events[1].data["people"][0] == {"id": "p0", "name": "Người 0", "post": "", "point": "22", "state": "expected"}
    assert [row.data["why"] for row in rolls] == ["opened", "asked"]


@pytest.mark.parametrize("values", [
    {"state": "present"}, {"state": "gone"}, {"present": True}, {"state": "excused"}, {"reason": "ốm"},
    {"state": "left", "present": True, "left": 0}, {"state": "left", "present": True, "came": 1, "left": 0},
    {"state": "late", "present": True, "came": 0, "left": 1},
])
def test_the_database_refuses_a_person_whose_parts_disagree(db: Database, at: datetime, values: dict[str, object]) -> None:
    wrong = {name: value for name, value in values.items() if name not in ("came", "left")}
    wrong |= {f"{name}_at": at + timedelta(minutes=values[name]) for name in ("came", "left") if name in values}  # type: ignore[arg-type]
    row = {"delegate_id": "d", "point_id": 3, "ord": 1, "name": "A", "post": "", "present": False, "recorded_at": at, "state": "absent", "seq": 1}
    with db.write() as conn:
        meeting_id = opened(conn, at)
    with pytest.raises(IntegrityError, match="delegate_state"), db.write() as conn:
        conn.execute(insert(tables.delegate).values(**{**row, **wrong}, meeting_id=meeting_id))
    with db.write() as conn:
        conn.execute(insert(tables.delegate).values(**row, meeting_id=meeting_id))
    with pytest.raises(IntegrityError, match="delegate_state"), db.write() as conn:
        conn.execute(update(tables.delegate).values(**wrong))


def test_a_counting_is_never_changed(db: Database, at: datetime) -> None:
    with db.write() as conn:
        checkin.count(conn, opened(conn, at), 3, 12, SECRETARY, at)
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(update(head_count).values(heads=13))


def test_a_person_of_one_point_is_not_recorded_at_another(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id, who = opened(conn, at), known(at)
        say(conn, meeting_id, who, Wanted.PRESENT, SECRETARY, at)
        with pytest.raises(Conflict, match=r"person\.elsewhere"):
            say(conn, meeting_id, who._replace(point_id=4), Wanted.PRESENT, SECRETARY, at)
        for name, post in (("", ""), ("x" * 51, ""), ("A", "x" * 101), ("A\u202e", "")):
            with pytest.raises(MeetingError):
                say(conn, meeting_id, known(at)._replace(name=name, post=post), Wanted.PRESENT, SECRETARY, at)
