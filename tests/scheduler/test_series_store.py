"""Series as stored: every occurrence booked or every obstacle named; edits and splits keep rule, rows and bookings in step."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, func, select, text, update

from meetings import service as meetings
from meetings.errors import Conflict, MeetingError, NotFound, Stale
from meetings.meeting import State
from meetings.store.database import Database
from meetings.store.tables import meeting as meeting_table
from meetings.store.unit_tables import unit_version
from scheduler import claims, readings, series_store, service, store
from scheduler.series import Series, wall_of
from scheduler.series_store import Change, Repeat, Scope
from scheduler.series_table import series as series_table
from scheduler.series_table import series_meeting
from scheduler.slots import Slot
from tests.meetings.test_races import wait_until_blocked
from tests.scheduler.conftest import Office, Province
from tests.scheduler.test_requests import cascade

HANOI = "Asia/Ho_Chi_Minh"
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
MONDAY = datetime(2026, 3, 9, 1, tzinfo=UTC)  # 08:00 in Ha Noi


def made(db: Database, province: Province, at: datetime, rule: str = "FREQ=WEEKLY;COUNT=4", points: int = 3, **more: object) -> list[str]:
    """Ids of the meetings of a new series of the province, in their order."""
    office = province.office("22")
    first = office.draft(db, MONDAY, hours=2)
    with db.write() as conn:
        stored = series_store.create(conn, first, rule, HANOI, [one.point_id for one in province.points[:points]],
                                     office.secretary, at, **more)  # type: ignore[arg-type]
    return ids(db, stored.series_id)


def ids(db: Database, series_id: str) -> list[str]:
    with db.read() as conn:
        return [row.meeting_id for row in series_store.members(conn, series_id)]


def starts(db: Database, meeting_ids: list[str]) -> list[datetime]:
    with db.read() as conn:
        return [meetings.get(conn, one).start for one in meeting_ids]


def in_step(conn: Connection, points: int = 2) -> None:
    """What must hold of all series at any time."""
    booked = dict(conn.execute(select(store.booking.c.meeting_id, func.count()).where(
        store.booking.c.state == "confirmed").group_by(store.booking.c.meeting_id)).all())
    for row in conn.execute(select(series_table)).all():
        stored = series_store.get(conn, row.series_id)
        rows = series_store.members(conn, row.series_id)
        live = [datetime.fromisoformat(one.key) for one in rows if one.state != "cancelled"]
        if stored.ended_at is not None:
            assert not live
            continue
        assert live == [one.key for one in stored.series.occurrences()]
        assert all(booked.get(one.meeting_id) == points for one in rows if one.state != "cancelled")
        assert not any(booked.get(one.meeting_id) for one in rows if one.state == "cancelled")


def test_every_occurrence_is_a_meeting_with_all_its_points(db: Database, province: Province, at: datetime) -> None:
    found = made(db, province, at)
    assert starts(db, found) == [MONDAY + timedelta(weeks=n) for n in range(4)]
    with db.read() as conn:
        assert {meetings.get(conn, one).state for one in found} == {State.CONVENED}
        assert [len(service.points_of_meeting(conn, one)) for one in found] == [3] * 4
        place = series_store.of_meeting(conn, found[2])
        assert place is not None and (place.number, place.total) == (3, 4)
        assert series_store.of_meeting(conn, "none") is None


def test_a_series_in_a_zone_with_summer_time_keeps_its_hour(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    first = office.draft(db, datetime(2026, 3, 27, 8, tzinfo=UTC), hours=1)  # 09:00 in Berlin
    with db.write() as conn:
        stored = series_store.create(conn, first, "FREQ=DAILY;COUNT=4", "Europe/Berlin", [province.points[0].point_id],
                                     office.secretary, at)
    assert [one.hour for one in starts(db, ids(db, stored.series_id))] == [8, 8, 7, 7]


def test_all_that_is_in_the_way_is_named_at_once_and_nothing_is_booked(db: Database, province: Province, at: datetime) -> None:
    office, point = province.office("22"), province.points[0].point_id
    for week in (1, 3):
        other = office.draft(db, MONDAY + timedelta(weeks=week), hours=1, title=f"Họp {week}")
        with db.write() as conn:
            service.book(conn, other, [point], office.secretary, at)
    with pytest.raises(Conflict) as refused:
        made(db, province, at)
    named = refused.value.params["occurrences"]
    assert refused.value.code == "series.blocked" and refused.value.params["total"] == 4
    assert [one["key"] for one in named] == ["2026-03-16T08:00:00", "2026-03-30T08:00:00"]
    assert [one["error"].params["conflicts"][0]["meeting_title"] for one in named] == ["Họp 1", "Họp 3"]
    with db.read() as conn:
        assert conn.execute(select(func.count()).select_from(series_table)).scalar_one() == 0
        assert conn.execute(select(func.count()).select_from(meeting_table)).scalar_one() == 3, "two others and the draft"
    left_out = frozenset(datetime.fromisoformat(one["key"]) for one in named)
    assert starts(db, made(db, province, at, leave_out=left_out)) == [MONDAY, MONDAY + timedelta(weeks=2)]


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_what_is_in_the_way_of_many_dates_is_asked_once(db: Database, province: Province, at: datetime) -> None:
    office, points = province.office("22"), [one.point_id for one in province.points[:3]]
    for week, some in ((0, points[:2]), (2, points[1:]), (9, points)):
        other = office.draft(db, MONDAY + week * WEEK, hours=1, title=f"Họp {week}")
        with db.write() as conn:
            service.book(conn, other, some, office.secretary, at)
    slots = [Slot(MONDAY + n * WEEK + half * HOUR / 2, MONDAY + n * WEEK + 2 * HOUR) for n in range(4) for half in (0, 3)]
    with db.read() as conn:
        each = [readings.conflicts(conn, points, slot, by=office.secretary) for slot in slots]
        asked: list[str] = []
        event.listen(conn, "before_cursor_execute", lambda _c, _cursor, statement, *_more: asked.append(statement))
        assert readings.conflicts_at(conn, points, slots, office.secretary) == each and [len(one) for one in each] == [2, 0, 0, 0, 2, 0, 0, 0]
    assert sum("FROM booking" in statement for statement in asked) == 2, "what holds them, and what that is called"


def test_the_first_date_may_be_left_out(db: Database, province: Province, at: datetime) -> None:
    assert starts(db, made(db, province, at, leave_out=frozenset({datetime(2026, 3, 9, 8)})))[0] == MONDAY + timedelta(weeks=1)


def test_a_unit_that_ends_within_the_series_is_in_the_way_of_the_dates_after(db: Database, province: Province, at: datetime) -> None:
    with db.write() as conn:
        conn.execute(update(unit_version).where(unit_version.c.unit_id == province.points[0].unit_id).values(valid_to=date(2026, 3, 20)))
    with pytest.raises(Conflict) as refused:
        made(db, province, at)
    assert [one["error"].code for one in refused.value.params["occurrences"]] == ["booking.unit_ended"] * 2


def test_one_is_moved_and_keeps_its_place(db: Database, province: Province, at: datetime) -> None:
    found, office = made(db, province, at), province.office("22")
    slot = Slot(MONDAY + timedelta(days=8, hours=6), MONDAY + timedelta(days=8, hours=8))
    with db.write() as conn:
        series_store.edit(conn, found[1], Scope.ONE, Change({"title": "Họp bù"}, slot), office.secretary, at)
    with db.write() as conn:  # all move an hour; what was put elsewhere by hand stays there
        wanted = Slot(MONDAY + HOUR, MONDAY + 3 * HOUR)
        assert series_store.edit(conn, found[0], Scope.ALL, Change(slot=wanted), office.secretary, at) == 4
    assert starts(db, found) == [MONDAY + HOUR, slot.start, *(MONDAY + HOUR + timedelta(weeks=n) for n in (2, 3))]
    with db.read() as conn:
        place = series_store.of_meeting(conn, found[1])
        assert place is not None and place.key == datetime(2026, 3, 16, 9)
        assert meetings.get(conn, found[1]).title == "Họp bù" != meetings.get(conn, found[2]).title


def test_this_and_the_following_split_the_series(db: Database, province: Province, at: datetime) -> None:
    found, office = made(db, province, at), province.office("22")
    slot = Slot(MONDAY + timedelta(weeks=2, hours=-0.5), MONDAY + timedelta(weeks=2, hours=2.5))
    with db.write() as conn:
        assert series_store.edit(conn, found[2], Scope.FOLLOWING, Change({"place": "Phòng 3"}, slot), office.secretary, at) == 2
    assert [one.minute for one in starts(db, found)] == [0, 0, 30, 30]
    with db.read() as conn:
        before, after = series_store.of_meeting(conn, found[0]), series_store.of_meeting(conn, found[2])
        assert before is not None and after is not None
        assert (before.total, after.total) == (2, 2) and after.stored.split_from == before.stored.series_id
        assert after.stored.series.length == 3 * HOUR


def test_what_has_begun_stays_as_it_was(db: Database, province: Province, at: datetime) -> None:
    found, office = made(db, province, at), province.office("22")
    with db.write() as conn:
        conn.execute(update(meeting_table).where(meeting_table.c.meeting_id == found[0]).values(state="open", opened_at=MONDAY))
    with db.write() as conn:
        assert series_store.edit(conn, found[3], Scope.ALL, Change({"title": "Tên mới"}), office.secretary, at) == 3
    with db.read() as conn:
        assert [meetings.get(conn, one).title for one in found] == ["Giao ban tuần", *["Tên mới"] * 3]
        assert series_store.of_meeting(conn, found[0]).total == 1  # type: ignore[union-attr]


def test_points_of_all_change_together_or_not_at_all(db: Database, province: Province, at: datetime) -> None:
    found, office = made(db, province, at), province.office("22")
    other = office.draft(db, MONDAY + timedelta(weeks=3), hours=1)
    taken = province.points[9].point_id
    with db.write() as conn:
        service.book(conn, other, [taken], office.secretary, at)
    with pytest.raises(Conflict) as refused, db.write() as conn:
        series_store.edit(conn, found[1], Scope.FOLLOWING, Change(points=[taken]), office.secretary, at)
    assert [one["key"] for one in refused.value.params["occurrences"]] == ["2026-03-30T08:00:00"]
    with db.write() as conn:
        series_store.edit(conn, found[1], Scope.FOLLOWING, Change(points=[province.points[5].point_id]), office.secretary, at)
    with db.read() as conn:
        assert [len(service.points_of_meeting(conn, one)) for one in found] == [3, 1, 1, 1]


def test_another_day_takes_the_following_along_and_an_old_form_is_refused(db: Database, province: Province, at: datetime) -> None:
    found, office = made(db, province, at), province.office("22")
    second = Slot(MONDAY + timedelta(days=9), MONDAY + timedelta(days=9, hours=2))  # from Monday to Wednesday
    with db.write() as conn:
        assert series_store.edit(conn, found[1], Scope.FOLLOWING, Change(slot=second, was=Slot(MONDAY + WEEK, MONDAY + WEEK + 2 * HOUR)),
                                 office.secretary, at) == 3
    assert starts(db, found) == [MONDAY, *(MONDAY + n * WEEK + timedelta(days=2) for n in (1, 2, 3))]
    with db.write() as conn:  # a week later, into the days of one another
        series_store.edit(conn, found[1], Scope.ALL, Change(slot=Slot(second.start + WEEK, second.end + WEEK)), office.secretary, at)
    assert starts(db, found) == [MONDAY, *(MONDAY + n * WEEK + timedelta(days=2) for n in (2, 3, 4))]
    for change, code in ((Change({"title": "B"}), r"series\.changed"), (Change({"title": "B"}, was=second), r"series\.changed")):
        with pytest.raises(Stale, match=code), db.write() as conn:
            series_store.edit(conn, found[1], Scope.ALL, change, office.secretary, at, version=None if change.was else 1)
    with db.write() as conn:
        series_store.edit(conn, found[0], Scope.ALL, Change({"title": "A"}), office.secretary, at)


def repeat(rule: str, start: datetime, leave_out: frozenset[datetime] | None = None, hours: int = 2) -> Change:
    return Change(repeat=Repeat(rule, start, hours * HOUR, "Đổi quy tắc", leave_out))


def test_cancelling_one_the_following_and_all(db: Database, province: Province, at: datetime) -> None:
    found, office = made(db, province, at, "FREQ=DAILY;COUNT=6", points=2), province.office("22")

    def states() -> str:
        with db.read() as conn:
            in_step(conn)
            return "".join(meetings.get(conn, one).state.value[1] for one in found)  # convened, cancelled

    for which, scope, left in ((1, Scope.ONE, "oaoooo"), (4, Scope.FOLLOWING, "oaooaa"), (3, Scope.ALL, "aaaaaa")):
        with db.write() as conn:
            series_store.cancel(conn, found[which], scope, "Hoãn", office.secretary, at)
        assert states() == left


def test_strangers_change_no_series(db: Database, province: Province, at: datetime) -> None:
    found, stranger = made(db, province, at), province.office("207").secretary
    for attempt in (
        lambda conn: series_store.edit(conn, found[0], Scope.ALL, Change({"title": "X"}), stranger, at),
        lambda conn: series_store.edit(conn, found[0], Scope.ALL, repeat("FREQ=DAILY;COUNT=2", datetime(2026, 3, 9, 8)), stranger, at),
        lambda conn: series_store.cancel(conn, found[0], Scope.ALL, "X", stranger, at),
    ):
        with pytest.raises(NotFound), db.write() as conn:
            attempt(conn)


class _Over(Exception):
    pass


RULES = ("FREQ=DAILY;COUNT=4", "FREQ=WEEKLY;COUNT=3", "FREQ=WEEKLY;BYDAY=MO,TU,FR;COUNT=5", "FREQ=MONTHLY;COUNT=3",
         "FREQ=WEEKLY;INTERVAL=2;UNTIL=")
REFUSED = ("series.other_day", "series.blocked", "booking.overlap", "booking.past")
STEPS = st.lists(st.tuples(
    st.integers(0, 9), st.sampled_from(list(Scope)), st.sampled_from(["hour", "length", "title", "move", "cancel", "day", "rule"]), st.integers(1, 5),
), max_size=6)


def another(rule: str, wall: datetime, leave_out: bool) -> Change:
    """The rule from the first day on that it gives, without its second date where some are left out."""
    while "BYDAY" in rule and wall.strftime("%a")[:2].upper() not in rule:
        wall += timedelta(days=1)
    rule += f"{wall + 5 * WEEK:%Y%m%d}" if rule.endswith("=") else ""
    keys = Series(rule, wall, HANOI, HOUR).keys()
    return repeat(rule, wall, frozenset(keys[1:2]) if leave_out and len(keys) > 1 else None, hours=1)


def all_members(conn: Connection) -> list[str]:
    """The meetings of all series by time."""
    mine = select(series_meeting.c.meeting_id).join(meeting_table, meeting_table.c.meeting_id == series_meeting.c.meeting_id)
    return list(conn.execute(mine.order_by(meeting_table.c.starts_at, series_meeting.c.key)).scalars())


def in_its_slot(conn: Connection, by_hand: set[str]) -> None:
    """Every date is one meeting, at the time of the rule unless somebody put it elsewhere; nothing is doubled or lost."""
    links = conn.execute(select(series_meeting)).all()
    assert len(links) == conn.execute(select(func.count()).where(meeting_table.c.state != "draft")).scalar_one(), "each in one series"
    for series_id in {one.series_id for one in links}:
        slots = {one.key.isoformat(): one.slot for one in series_store.get(conn, series_id).series.occurrences()}
        for row in series_store.members(conn, series_id):
            if row.state != "cancelled" and row.meeting_id not in by_hand:
                assert slots[row.key] == Slot(row.starts_at, row.ends_at)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=10, deadline=None)
@given(st.sampled_from(["FREQ=DAILY;COUNT=5", "FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20260402", "FREQ=MONTHLY;BYDAY=2MO;COUNT=4"]), STEPS)
def test_whatever_is_done_rule_rows_and_bookings_stay_in_step(
    field: tuple[Database, Province], at: datetime, rule: str, steps: list[tuple[int, Scope, str, int]]
) -> None:
    db, province = field
    office = province.office("22")
    first = office.draft(db, MONDAY, hours=2)
    with pytest.raises(_Over), db.write() as conn:
        begun = series_store.create(conn, first, rule, HANOI, [one.point_id for one in province.points[:2]], office.secretary, at)
        found = [row.meeting_id for row in series_store.members(conn, begun.series_id)]
        by_hand = set[str]()
        for which, scope, what, by in steps:
            mine = found[which % len(found)]
            own = meetings.get(conn, mine)
            if own.state is State.CANCELLED:
                continue
            days = {wall_of(meetings.get(conn, one).start, HANOI).date() for one in found}
            later = {"hour": timedelta(minutes=7 * by), "day": timedelta(days=by - 3), "move": timedelta(minutes=10 * by)}.get(what, timedelta(0))
            longer = timedelta(minutes=7 * by) if what == "length" else timedelta(0)
            slot = Slot(own.start + later, own.end + later + longer)
            change = Change({"title": f"Lần {by}"}) if what == "title" else Change(slot=slot)
            if what == "rule":
                scope = Scope.FOLLOWING if scope is Scope.ONE else scope
                change = another(RULES[by - 1], series_store.of_meeting(conn, mine).key, by % 2 == 0)  # type: ignore[union-attr]
            try:
                with conn.begin_nested():
                    if what == "cancel":
                        series_store.cancel(conn, mine, scope, "Hoãn", office.secretary, at)
                    else:
                        series_store.edit(conn, mine, Scope.ONE if what == "move" else scope, change, office.secretary, at)
            except MeetingError as refused:
                assert what not in ("cancel", "title") and refused.code in REFUSED
                continue
            by_hand |= {mine} if what == "move" or scope is Scope.ONE or mine in by_hand else set()
            if what not in ("day", "rule"):
                assert days == {wall_of(meetings.get(conn, one).start, HANOI).date() for one in found}, "none of these changes a day"
            in_step(conn)
            in_its_slot(conn, by_hand)
            found = all_members(conn)
        raise _Over


def test_other_hours_keep_the_days_and_the_exceptions() -> None:
    left_out = datetime(2026, 3, 10, 8)
    for rule in ("FREQ=DAILY;COUNT=4", "FREQ=DAILY;UNTIL=20260312T010000Z", "FREQ=DAILY;UNTIL=20260312"):
        given_ = Series(rule, datetime(2026, 3, 9, 8), HANOI, HOUR, frozenset({left_out}))
        for clock in (time(0), time(7), time(23, 30)):
            moved = given_.at_hour(clock, 2 * HOUR)
            assert [one.key for one in moved.occurrences()] == [datetime.combine(one.key, clock) for one in given_.occurrences()]


@pytest.mark.parametrize("db", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_two_series_of_one_point_wait_for_each_other_and_in_no_circle(db: Database, province: Province, at: datetime) -> None:
    """The one begins as a draft that waits for the point which the other takes: each needs the point and that draft."""
    waits, request = cascade(db, province, at)
    point, owner = request.request.point_ids[0], province.office("203")
    taker = owner.draft(db, at + timedelta(days=3))
    ends: dict[str, object] = {}

    def create(name: str, meeting_id: str, office: Office, points: list[int]) -> None:
        try:
            with db.write() as conn:
                conn.execute(text(f"SET LOCAL application_name = '{name}'"))
                ends[name] = series_store.create(conn, meeting_id, "FREQ=WEEKLY;COUNT=2", HANOI, points, office.secretary, at)
        except MeetingError as error:
            ends[name] = error

    takes = threading.Thread(target=create, args=("takes", taker, owner, [point]))
    asks = threading.Thread(target=create, args=("asks", waits, province.office("202"), [province.point("202").point_id, point]))
    with db.write() as conn:
        claims.lock(conn, [point])  # until both stand in the queue for the point, the taker before the asker
        for name, thread in (("takes", takes), ("asks", asks)):
            thread.start()
            wait_until_blocked(db, name)
    takes.join(30)
    asks.join(30)
    assert isinstance(ends["takes"], series_store.Stored)
    assert getattr(ends["asks"], "code", "") == "series.blocked", "told by whom, and not broken off by the database"


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_draft_that_waits_takes_its_requests_along_when_its_first_date_is_left_out(db: Database, province: Province, at: datetime) -> None:
    waits, request = cascade(db, province, at)
    with db.write() as conn:
        first = meetings.get(conn, waits)
        key = wall_of(first.start, HANOI)
        series_store.create(conn, waits, "FREQ=WEEKLY;COUNT=3", HANOI, [province.point("202").point_id, request.request.point_ids[0]],
                            province.office("202").secretary, at, leave_out=frozenset({key}))
    with db.read() as conn:
        moved = meetings.get(conn, waits)
        b = store.booking.c
        live = set(conn.execute(select(b.starts_at).where(b.meeting_id == waits, b.state.in_(("pending", "confirmed")))).scalars())
    assert moved.start == first.start + timedelta(weeks=1) and live == {moved.start}
