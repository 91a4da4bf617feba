"""Another rule for a series: dates that stay keep their meetings, others come or are cancelled, all of it or nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from meetings import service as meetings
from meetings.errors import Conflict, Invalid, MeetingError
from meetings.store.database import Database
from meetings.store.tables import meeting as meeting_table
from scheduler import series_store, service
from scheduler.series import wall_of
from scheduler.series_store import Change, Scope
from scheduler.slots import Slot
from tests.scheduler.conftest import Province
from tests.scheduler.test_series_store import HANOI, HOUR, MONDAY, WEEK, in_step, made, repeat, starts


def told(db: Database, meeting_id: str) -> list[tuple[str, str]]:
    """Of the whole series of this meeting: day and state by name."""
    with db.read() as conn:
        place = series_store.of_meeting(conn, meeting_id)
        assert place is not None
        in_step(conn, points=3)
        return [(f"{wall_of(row.starts_at, HANOI):%d.%m %H}", row.state) for row in series_store.members(conn, place.stored.series_id)]


def test_a_longer_rule_adds_meetings_like_the_others_and_a_shorter_one_cancels(db: Database, province: Province, at: datetime) -> None:
    found, office = made(db, province, at), province.office("22")
    with db.write() as conn:
        series_store.edit(conn, found[0], Scope.ALL, Change({"title": "Giao ban"}), office.secretary, at)
        assert series_store.edit(conn, found[1], Scope.ALL, repeat("FREQ=WEEKLY;COUNT=6", datetime(2026, 3, 9, 8)), office.secretary, at) == 6
    with db.read() as conn:
        place = series_store.of_meeting(conn, found[0])
        assert place is not None and place.total == 6 and place.stored.split_from is None
        rows = series_store.members(conn, place.stored.series_id)
        assert [row.meeting_id for row in rows][:4] == found and {row.title for row in rows} == {"Giao ban"}
        assert {len(service.points_of_meeting(conn, row.meeting_id)) for row in rows} == {3}
    with db.write() as conn:
        series_store.edit(conn, found[2], Scope.FOLLOWING, repeat("FREQ=WEEKLY;UNTIL=20260330", datetime(2026, 3, 23, 8)), office.secretary, at)
    assert told(db, found[0]) == [("09.03 08", "convened"), ("16.03 08", "convened")]
    assert told(db, found[3]) == [("23.03 08", "convened"), ("30.03 08", "convened"), ("06.04 08", "cancelled"), ("13.04 08", "cancelled")]


def test_other_weekdays_keep_the_meetings_whose_day_stays(db: Database, province: Province, at: datetime) -> None:
    found, office = made(db, province, at), province.office("22")
    with db.write() as conn:
        series_store.cancel(conn, found[1], Scope.ONE, "Bão", office.secretary, at)
        own = meetings.get(conn, found[3])
        series_store.edit(conn, found[3], Scope.ONE, Change(slot=Slot(own.start + 26 * HOUR, own.end + 26 * HOUR)), office.secretary, at)
    apart = own.start + 26 * HOUR
    with db.write() as conn:
        series_store.edit(conn, found[0], Scope.ALL, repeat("FREQ=WEEKLY;BYDAY=MO,FR;COUNT=7", datetime(2026, 3, 9, 8)), office.secretary, at)
    assert starts(db, [found[0], found[2], found[3]]) == [MONDAY, MONDAY + 2 * WEEK, apart], "the day stays, and what was put elsewhere"
    assert told(db, found[0])[1:3] == [("13.03 08", "convened"), ("16.03 08", "cancelled")]
    with db.write() as conn:  # the date that was cancelled is wanted after all, and the one before it not
        whole = repeat("FREQ=WEEKLY;BYDAY=MO,FR;COUNT=7", datetime(2026, 3, 9, 8), frozenset({datetime(2026, 3, 13, 8)}))
        series_store.edit(conn, found[0], Scope.ALL, whole, office.secretary, at)
    assert told(db, found[0])[1:4] == [("13.03 08", "cancelled"), ("16.03 08", "convened"), ("16.03 08", "cancelled")]


def test_what_has_begun_keeps_its_day_and_is_told_where_it_is_in_the_way(db: Database, province: Province, at: datetime) -> None:
    found, office = made(db, province, at), province.office("22")
    held = update(meeting_table).where(meeting_table.c.meeting_id == found[1]).values(state="open", opened_at=MONDAY)
    with db.write() as conn:
        conn.execute(held)
        with pytest.raises(Conflict, match=r"series\.begun"):
            series_store.edit(conn, found[0], Scope.ALL, repeat("FREQ=DAILY;COUNT=9", datetime(2026, 3, 9, 8)), office.secretary, at)
    now = MONDAY + WEEK + HOUR  # the first one was never opened, and has passed
    with db.write() as conn:
        passed = {"starts_at": MONDAY - WEEK, "ends_at": MONDAY - WEEK + HOUR}
        conn.execute(update(meeting_table).where(meeting_table.c.meeting_id == found[0]).values(passed))
        series_store.edit(conn, found[3], Scope.ALL, repeat("FREQ=WEEKLY;BYDAY=TH;COUNT=2", datetime(2026, 3, 26, 8)), office.secretary, now)
    assert starts(db, found) == [MONDAY - WEEK, MONDAY + WEEK, *(MONDAY + n * WEEK + timedelta(days=3) for n in (2, 3))]
    with db.read() as conn:
        assert series_store.of_meeting(conn, found[1]).total == 2  # type: ignore[union-attr]


def test_a_rule_in_the_way_of_others_names_every_date_and_changes_nothing(db: Database, province: Province, at: datetime) -> None:
    found, office = made(db, province, at), province.office("22")
    other = office.draft(db, datetime(2026, 3, 18, 1, tzinfo=UTC), hours=1)
    with db.write() as conn:
        service.book(conn, other, [province.points[0].point_id], office.secretary, at)
    before = told(db, found[0])
    days = "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=8"
    with pytest.raises(Conflict, match=r"series\.blocked") as refused, db.write() as conn:
        series_store.edit(conn, found[0], Scope.ALL, repeat(days, datetime(2026, 3, 9, 8)), office.secretary, at)
    assert [one["key"] for one in refused.value.params["occurrences"]] == ["2026-03-18T08:00:00"] and told(db, found[0]) == before
    with db.write() as conn:
        rest = repeat(days, datetime(2026, 3, 9, 8), frozenset({datetime(2026, 3, 18, 8)}))
        series_store.edit(conn, found[0], Scope.ALL, rest, office.secretary, at)
    assert len(told(db, found[0])) == 7
    for wrong, code in (("FREQ=DAILY;COUNT=367", "series.too_many"), ("FREQ=DAILY", "series.endless"), ("FREQ=DAILY;COUNT=3", "series.blocked")):
        with pytest.raises(MeetingError) as never, db.write() as conn:  # the last begins in the past
            series_store.edit(conn, found[0], Scope.ALL, repeat(wrong, datetime(2026, 3, 2, 8)), office.secretary, at)
        assert never.value.code == code
    with pytest.raises(Invalid, match=r"series\.unknown"), db.write() as conn:
        series_store.edit(conn, found[0], Scope.ONE, repeat(days, datetime(2026, 3, 9, 8)), office.secretary, at)
