"""The search of free slots on rows, on both databases: it says what asking every point about every time says, and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from meetings.access import Role, Subject
from meetings.errors import Invalid, TooLarge
from meetings.store.database import Database
from scheduler import calendar_rows, freetime, service, store
from scheduler.freetime import Ask
from scheduler.slots import Slot
from scheduler.workdays import WorkingDays
from tests.scheduler.conftest import Province

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MONDAY = date(2026, 3, 9)
QUARTER = timedelta(minutes=15)
STRANGER = Subject("u-x", "Người lạ", "", None, (), frozenset({Role.SECRETARY}))


def local(day: int, clock: str) -> datetime:
    """So many days after the Monday, at that time in Ha Noi."""
    return datetime.combine(MONDAY + timedelta(days=day), time.fromisoformat(clock), ZONE).astimezone(UTC)


def slot(day: int, start: str, end: str) -> Slot:
    return Slot(local(day, start), local(day, end))


def working(days: int = 5, now: datetime | None = None, first: date = MONDAY) -> list[Slot]:
    return freetime.windows(first, days, time(7, 30), time(17), ZONE, WorkingDays(), now or local(-30, "00:00"))


@contextmanager
def trying(db: Database) -> Iterator[Connection]:
    """Rows for one look; nothing of them is kept."""
    with db.read() as conn:
        yield conn
        conn.rollback()


def put(conn: Connection, point_id: int, slot: Slot, state: str = "confirmed", meeting_id: str | None = None) -> None:
    """A row as it stands in the calendar; what led to it is not asked here."""
    values: dict[str, Any] = {"point_id": point_id, "starts_at": slot.start, "ends_at": slot.end, "state": state,
                              "booked_at": slot.start, "meeting_id": meeting_id}
    if state == "blocked":
        values |= {"meeting_id": None, "note": "Sửa máy lạnh"}
    if state == "released":
        values |= {"released_at": slot.start, "why": "given_back"}
    if state == "pending":
        values["request_id"] = "r-1"
    conn.execute(store.booking.insert().values(**values))


def request(conn: Connection, meeting_id: str, convenor: str, owner: str) -> None:
    """The request that all pending rows of a test wait for."""
    at = local(-3, "08:00")
    conn.execute(store.approval.insert().values(
        request_id="r-1", meeting_id=meeting_id, convenor=convenor, owner=owner, point_ids=[1], starts_at=at,
        ends_at=at + timedelta(hours=1), route=[owner], asked=owner, asked_at=at, deadline=at + timedelta(days=1), step=0,
        standing="asked", round=1, reason="", version=1))


@pytest.fixture
def meeting_id(db: Database, province: Province) -> str:
    """A meeting of the province in whose name rows are put."""
    return province.office("22").draft(db, local(-1, "08:00"), title="Họp kín")


moments = st.integers(0, 5 * 96)
sizes = st.integers(1, 20)
rows = st.lists(st.tuples(st.integers(0, 3), moments, sizes, st.sampled_from(["confirmed", "confirmed", "blocked", "pending", "released"])),
                max_size=30)
HOURS = [None, {"mon": [["08:00", "11:00"]], "tue": [["07:00", "18:00"]], "wed": [["00:00", "24:00"]]}, {}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(rows=rows, hours=st.lists(st.sampled_from(HOURS), min_size=4, max_size=4), length=st.integers(1, 16), offset=st.integers(0, 899))
def test_it_says_what_asking_every_point_about_every_time_says(
    db: Database, province: Province, meeting_id: str, rows: list[tuple[int, int, int, str]], hours: list[Any], length: int, offset: int,
) -> None:
    ids = [point.point_id for point in province.points[:4]]
    taken: dict[int, list[Slot]] = {point_id: [] for point_id in ids}
    with trying(db) as conn:
        request(conn, meeting_id, province.unit("22").unit_id, province.points[1].unit_id)
        mine: set[int] = set()
        for place, quarter, size, state in rows:
            start = local(0, "00:00") + quarter * QUARTER + timedelta(seconds=offset, milliseconds=offset)
            wanted = Slot(start, start + size * QUARTER)
            if state in ("confirmed", "blocked") and any(one.overlaps(wanted) for one in taken[ids[place]]):
                continue
            if state == "confirmed" and ids[place] in mine or state == "pending" and ids[place] in mine:
                continue  # one live row of a meeting at each point
            mine |= {ids[place]} if state in ("confirmed", "pending") else set()
            put(conn, ids[place], wanted, state, meeting_id)
            taken[ids[place]] += [wanted] if state in ("confirmed", "blocked") else []
        for point_id, told in zip(ids, hours, strict=True):
            conn.execute(store.point.update().where(store.point.c.point_id == point_id).values(hours=told))
        answer = freetime.find(conn, Ask(ids, length * QUARTER, working()), STRANGER)
    closed = dict(zip(ids, hours, strict=True))
    begins = [window.start + n * QUARTER for window in working() for n in range(38) if window.start + (n + length) * QUARTER <= window.end]
    missing = {begin: {point_id for point_id in ids if any(one.overlaps(Slot(begin, begin + length * QUARTER)) for one in taken[point_id])
                       or _shut(closed[point_id], begin, begin + length * QUARTER)} for begin in begins}
    free = [begin for begin in begins if not missing[begin]]
    told = [begin for begin in begins if any(one.start <= begin and begin + length * QUARTER <= one.end for one in answer.free)]
    assert told == free
    assert bool(answer.next) == bool(free) and (not free or answer.next.start in free)
    fewest = [len(missing[begin]) for begin in begins if not free or begin + length * QUARTER <= free[0]]
    assert [len(one.missing) for one in answer.best][:1] == sorted(fewest)[:1]
    for one in answer.best:
        assert set(one.missing) == missing[one.slot.start]
        assert {reason.point_id for reason in one.reasons} == missing[one.slot.start]


def _shut(hours: Any, start: datetime, end: datetime) -> bool:
    """Minute by minute: whether some of it lies outside the hours."""
    if hours is None:
        return False
    for n in range(int((end - start) / QUARTER)):
        at = (start + n * QUARTER).astimezone(ZONE)
        spans = hours.get(freetime.WEEK[at.weekday()], [])
        if not any(opens <= at.strftime("%H:%M") < closes for opens, closes in spans):
            return True
    return False


def test_who_is_in_the_way_is_told_and_the_title_only_to_those_who_may_read_it(db: Database, province: Province, at: datetime) -> None:
    office, point = province.office("22"), province.points[5]
    held = office.draft(db, local(0, "07:30"), hours=9.5, title="Họp kín của tỉnh")
    with db.write() as conn:
        service.book(conn, held, [point.point_id], office.secretary, at)
        put(conn, province.points[6].point_id, slot(0, "07:30", "17:00"), "blocked")
    ask = Ask([point.point_id, province.points[6].point_id], timedelta(hours=2), working(1))
    with db.read() as conn:
        known = freetime.find(conn, ask, office.secretary)
        strange = freetime.find(conn, ask, STRANGER)
    assert known.free == () and known.next is None
    first = {reason.kind: reason for reason in known.best[0].reasons}
    assert first["booked"].meeting and first["booked"].meeting.title == "Họp kín của tỉnh" and first["booked"].slot == slot(0, "07:30", "17:00")
    assert first["blocked"].note == "Sửa máy lạnh" and first["blocked"].meeting is None
    masked = {reason.kind: reason for reason in strange.best[0].reasons}["booked"].meeting
    assert masked and (masked.title, masked.meeting_id, masked.chair) == ("", "", "") and masked.unit == "Tỉnh Quảng Ninh"


def test_what_waits_for_a_yes_and_the_chairs_other_meeting_are_shown_and_stand_in_nobodys_way(
    db: Database, province: Province, meeting_id: str, at: datetime
) -> None:
    office, point = province.office("22"), province.points[5]
    other = office.draft(db, local(0, "07:30"), hours=1, title="Tiếp công dân")
    with db.write() as conn:
        service.book(conn, other, [province.points[9].point_id], office.secretary, at)
    with trying(db) as conn:
        request(conn, meeting_id, province.unit("22").unit_id, point.unit_id)
        put(conn, point.point_id, slot(0, "07:30", "17:00"), "pending", meeting_id)
        answer = freetime.find(conn, Ask([point.point_id], timedelta(hours=2), working(1), people=["chair"]), office.secretary)
    assert answer.free == (slot(0, "07:30", "17:00"),)
    choice = answer.choices[0]
    assert choice.slot == slot(0, "08:30", "10:30"), "the half hour at which the chair is back"
    assert [reason.kind for reason in choice.pending] == ["pending"] and choice.people == ()
    with db.read() as conn:
        day = freetime.find(conn, Ask([point.point_id], timedelta(hours=9), working(1), people=["chair"]), office.secretary)
    assert [(reason.name, reason.meeting and reason.meeting.title) for reason in day.choices[0].people] == [("Phạm Minh Hải", "Tiếp công dân")]


def test_a_full_server_stands_in_the_way_and_a_moved_meeting_not_in_its_own(db: Database, province: Province, at: datetime) -> None:
    office, ids = province.office("22"), [point.point_id for point in province.points[:3]]
    held = office.draft(db, local(0, "08:00"), hours=9)
    with db.write() as conn:
        service.book(conn, held, ids, office.secretary, at)
    full = [slot(0, "07:30", "12:00")]
    with db.read() as conn:
        moved = freetime.find(conn, Ask(ids, timedelta(hours=2), working(1), full=full, except_meeting=held), office.secretary)
        blocked = freetime.find(conn, Ask(ids, timedelta(hours=2), working(1), full=[slot(0, "07:30", "17:00")], except_meeting=held),
                                office.secretary)
    assert moved.free == (slot(0, "12:00", "17:00"),)
    assert blocked.free == () and [reason.kind for reason in blocked.best[0].reasons] == ["full"] and blocked.best[0].missing == ()


def test_a_long_maintenance_that_began_long_ago_is_seen(db: Database, province: Province) -> None:
    point = province.points[3]
    with trying(db) as conn:
        put(conn, point.point_id, Slot(local(-60, "00:00"), local(3, "12:00")), "blocked")
        answer = freetime.find(conn, Ask([point.point_id], timedelta(hours=1), working(5)), STRANGER)
    assert answer.next == slot(3, "12:00", "13:00") and len(answer.best) == 3


def test_only_working_days_and_nothing_before_now() -> None:
    tet = freetime.windows(date(2026, 2, 13), 12, time(7, 30), time(17), ZONE, WorkingDays(), local(-60, "00:00"))
    assert [window.start.astimezone(ZONE).date() for window in tet] == [date(2026, 2, 13), date(2026, 2, 23), date(2026, 2, 24)]
    later = working(1, now=local(0, "08:07"))
    assert later == [slot(0, "08:15", "17:00")] and working(1, now=local(0, "16:59")) == []
    asked = freetime.windows(date(2026, 3, 8), 1, time(7, 30), time(17), ZONE, WorkingDays(), local(-60, "00:00"), always=[date(2026, 3, 8)])
    assert len(asked) == 1, "the day somebody chose counts, Sunday or not"


@pytest.mark.parametrize(("length", "days", "code", "error"), [
    (timedelta(0), 5, "search.length", Invalid), (timedelta(hours=-1), 5, "search.length", Invalid), (QUARTER, 1500, "search.too_long", TooLarge),
])
def test_a_senseless_question_is_refused(db: Database, length: timedelta, days: int, code: str, error: type) -> None:
    with db.read() as conn, pytest.raises(error) as refused:
        freetime.find(conn, Ask([1], length, working(days)), STRANGER)
    assert refused.value.code == code


def test_nobody_asked_and_no_window_is_an_answer_too(db: Database) -> None:
    with db.read() as conn:
        assert freetime.find(conn, Ask([], timedelta(hours=1), working(1)), STRANGER).free == (slot(0, "07:30", "17:00"),)
        assert freetime.find(conn, Ask([1], timedelta(hours=1), []), STRANGER) == freetime.Answer()


def test_a_week_of_rows_says_who_may_read_and_move_what(db: Database, province: Province, meeting_id: str, at: datetime) -> None:
    office, ids = province.office("22"), [point.point_id for point in province.points[:3]]
    held = office.draft(db, local(0, "08:00"))
    with db.write() as conn:
        service.book(conn, held, ids[:2], office.secretary, at)
    with trying(db) as conn:
        request(conn, meeting_id, province.unit("22").unit_id, province.points[1].unit_id)
        put(conn, ids[1], slot(0, "08:00", "09:00"), "pending", meeting_id)
        put(conn, ids[2], slot(-1, "22:00", "23:00"), "blocked")
        mine = calendar_rows.entries(conn, ids, Slot(local(0, "00:00"), local(7, "00:00")), office.secretary)
        theirs = calendar_rows.entries(conn, ids, Slot(local(-1, "22:30"), local(0, "08:30")), STRANGER)
    assert [(entry.point_id, entry.state) for entry in mine] == [(ids[0], "confirmed"), (ids[1], "confirmed"), (ids[1], "pending")]
    assert all(entry.meeting and entry.meeting.movable and entry.meeting.title for entry in mine)
    assert [(entry.point_id, entry.state) for entry in theirs] == [*((e.point_id, e.state) for e in mine), (ids[2], "blocked")]
    assert not any(entry.meeting and (entry.meeting.movable or entry.meeting.title) for entry in theirs) and theirs[-1].note
