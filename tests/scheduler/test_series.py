"""Series of meetings: the wall clock is kept, the bounds hold, a split loses and adds nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Invalid, MeetingError, NotFound
from scheduler.series import MOST, Series

HOUR = timedelta(hours=1)
HANOI = "Asia/Ho_Chi_Minh"
MONDAY = datetime(2026, 11, 30, 8, 0)


def walls(series: Series) -> list[datetime]:
    return [occurrence.key for occurrence in series.occurrences()]


def test_every_monday_at_eight_in_ha_noi() -> None:
    found = Series("FREQ=WEEKLY;COUNT=3", MONDAY, HANOI, HOUR).occurrences()
    assert [one.slot.start for one in found] == [datetime(2026, 11, day, 1, tzinfo=UTC) for day in (30,)] + [
        datetime(2026, 12, day, 1, tzinfo=UTC) for day in (7, 14)]
    assert {one.slot.length for one in found} == {HOUR}


def test_the_wall_clock_is_kept_where_clocks_change() -> None:
    found = Series("FREQ=DAILY;COUNT=3", datetime(2026, 3, 28, 9), "Europe/Berlin", HOUR).occurrences()
    assert [one.slot.start.hour for one in found] == [8, 7, 7], "summer time begins in the night to the 29th"
    skipped = Series("FREQ=DAILY;COUNT=2", datetime(2026, 3, 28, 2, 30), "Europe/Berlin", HOUR).occurrences()
    assert [one.slot.start for one in skipped] == [datetime(2026, 3, day, 1, 30, tzinfo=UTC) for day in (28, 29)], (
        "half past two does not exist on the 29th: read with the offset before (RFC 5545 section 3.3.5)")
    twice = Series("FREQ=DAILY;COUNT=2", datetime(2026, 10, 24, 2, 30), "Europe/Berlin", HOUR).occurrences()
    assert [one.slot.start.hour for one in twice] == [0, 0], "the first of the two half past twos"


def test_until_is_a_moment_where_clocks_change_too() -> None:
    autumn = Series("FREQ=DAILY;UNTIL=20261025T010000Z", datetime(2026, 10, 24, 2, 30), "Europe/Berlin", HOUR)
    assert len(walls(autumn)) == 2, "half past two is half past midnight in Greenwich"
    spring = Series("FREQ=DAILY;UNTIL=20260329T010000Z", datetime(2026, 3, 28, 2, 30), "Europe/Berlin", HOUR)
    assert len(walls(spring)) == 1
    before, after = Series("FREQ=DAILY;COUNT=5", datetime(2026, 3, 27, 2, 30), "Europe/Berlin", HOUR).split(datetime(2026, 3, 29, 2, 30))
    assert before is not None and [wall.day for wall in walls(before)] == [27, 28] and [wall.day for wall in walls(after)] == [29, 30, 31]


def test_fractions_of_a_second_are_left_out() -> None:
    assert walls(Series("FREQ=DAILY;COUNT=1", MONDAY.replace(microsecond=5), HANOI, HOUR)) == [MONDAY]


def test_a_leap_day_comes_when_there_is_one_and_the_last_day_of_months_is_found() -> None:
    leap = Series("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=3", datetime(2024, 2, 29, 9), HANOI, HOUR)
    assert [wall.year for wall in walls(leap)] == [2024, 2028, 2032]
    last = Series("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=4", datetime(2026, 11, 30, 9), HANOI, HOUR)
    assert [(wall.month, wall.day) for wall in walls(last)] == [(11, 30), (12, 31), (1, 31), (2, 28)]
    second = Series("FREQ=MONTHLY;BYDAY=2TU;COUNT=3", datetime(2026, 12, 8, 9), HANOI, HOUR)
    assert [(wall.month, wall.day) for wall in walls(second)] == [(12, 8), (1, 12), (2, 9)]


@pytest.mark.parametrize(("until", "days"), [
    ("20261202", 3), ("20261202T010000Z", 3), ("20261202T005959Z", 2), ("20261202T080000", 3), ("20261202T075959", 2),
])
def test_until_is_the_last_moment_that_counts(until: str, days: int) -> None:
    assert len(walls(Series(f"FREQ=DAILY;UNTIL={until}", MONDAY, HANOI, HOUR))) == days


@pytest.mark.parametrize(("rule", "code"), [
    ("FREQ=DAILY", "series.endless"), ("FREQ=DAILY;COUNT=2;UNTIL=20261202", "series.endless"),
    ("FREQ=SECONDLY;COUNT=2", "series.rule"), ("COUNT=2", "series.rule"), ("", "series.rule"), ("FREQ", "series.rule"),
    ("FREQ=DAILY;COUNT=0", "series.rule"), ("FREQ=DAILY;COUNT=-1", "series.rule"), ("FREQ=DAILY;COUNT=x", "series.rule"),
    ("FREQ=DAILY;COUNT=2;COUNT=3", "series.rule"), ("FREQ=DAILY;COUNT=2;BYHOUR=9", "series.rule"),
    ("FREQ=WEEKLY;COUNT=2;BYDAY=XX", "series.rule"), ("FREQ=MONTHLY;COUNT=2;BYDAY=0MO", "series.rule"),
    ("FREQ=MONTHLY;COUNT=2;BYDAY=99MO", "series.rule"), ("FREQ=MONTHLY;COUNT=2;BYMONTHDAY=32", "series.rule"),
    ("FREQ=DAILY;UNTIL=soon", "series.rule"), ("FREQ=DAILY;COUNT=2;INTERVAL=0", "series.rule"),
    ("FREQ=DAILY;COUNT=2;X=" + "y" * 500, "series.rule"), ("FREQ=DAILY;COUNT=367", "series.too_many"),
    ("FREQ=DAILY;UNTIL=20271231", "series.too_many"), ("FREQ=DAILY;COUNT=100000000000", "series.too_many"),
    ("FREQ=YEARLY;COUNT=30", "series.far"), ("FREQ=YEARLY;UNTIL=20990101", "series.far"),
    ("FREQ=DAILY;UNTIL=20200101", "series.start"), ("FREQ=WEEKLY;COUNT=2;BYDAY=TU", "series.start"),
    ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=2", "series.start"), ("FREQ=DAILY;UNTIL=99991231T235959Z", "series.too_many"),
    ("FREQ=YEARLY;UNTIL=99991231T235959Z", "series.far"), ("FREQ=DAILY;UNTIL=00010101T000000", "series.rule"),
    ("FREQ=DAILY;UNTIL=2026120", "series.rule"), ("FREQ=DAILY;UNTIL=20261301", "series.rule"), ("FREQ=DAILY;COUNT=1_0", "series.rule"),
    ("FREQ=DAILY;COUNT=\uff13", "series.rule"), ("FREQ=DAILY;COUNT=3;BYDAY=1MO", "series.rule"),
    ("FREQ=WEEKLY;COUNT=3;BYDAY=1MO", "series.rule"), ("FREQ=WEEKLY;COUNT=3;WKST=1MO", "series.rule"),
    ("FREQ=MONTHLY;COUNT=3;BYSETPOS=1", "series.rule"),
])
def test_a_rule_that_is_wrong_endless_or_too_long_is_refused(rule: str, code: str) -> None:
    with pytest.raises(MeetingError) as refused:
        Series(rule, MONDAY, HANOI, HOUR)
    assert refused.value.code == code and refused.value.params["field"] in ("rule", "start")


def test_the_longest_series_there_is() -> None:
    assert len(walls(Series(f"FREQ=DAILY;COUNT={MOST}", MONDAY, HANOI, HOUR))) == MOST


def test_zone_length_and_start_are_checked() -> None:
    for code, zone, start, length in (
        ("series.zone", "Nowhere/Else", MONDAY, HOUR), ("series.zone", "../etc/passwd", MONDAY, HOUR),
        ("series.zone", "", MONDAY, HOUR), ("series.zone", "localtime", MONDAY, HOUR), ("series.length", HANOI, MONDAY, 32 * 24 * HOUR), ("series.length", HANOI, MONDAY, timedelta(0)),
        ("series.start", HANOI, MONDAY.replace(tzinfo=UTC), HOUR), ("series.start", HANOI, MONDAY.replace(year=9998), HOUR),
    ):
        with pytest.raises(Invalid) as refused:
            Series("FREQ=DAILY;COUNT=2", start, zone, length)
        assert refused.value.code == code


def test_what_is_left_out_stays_out_and_the_last_one_cannot_be() -> None:
    series = Series("FREQ=DAILY;COUNT=2", MONDAY, HANOI, HOUR)
    one = series.without(MONDAY)
    assert walls(one) == [MONDAY + timedelta(days=1)]
    with pytest.raises(NotFound):
        one.without(MONDAY)
    with pytest.raises(Invalid) as refused:
        one.without(MONDAY + timedelta(days=1))
    assert refused.value.code == "series.empty"


rules = st.builds(
    lambda freq, interval, count: f"FREQ={freq};INTERVAL={interval};COUNT={count}",
    st.sampled_from(["DAILY", "WEEKLY"]), st.integers(1, 4), st.integers(2, 40),
)
zones = st.sampled_from([HANOI, "Europe/Berlin", "America/New_York", "Pacific/Apia"])
CHANGES = ((3, 8), (3, 29), (10, 25), (11, 1))   # days of 2026 on which clocks change in Berlin or New York
starts = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(microsecond=0, fold=0)),
    st.builds(lambda day, before, half: datetime(2026, *day) - timedelta(days=before) + half * timedelta(minutes=30),
              st.sampled_from(CHANGES), st.integers(0, 5), st.integers(0, 8)),
)


@given(rules, zones, starts, st.data())
def test_a_split_loses_and_adds_nothing(rule: str, zone: str, start: datetime, data: st.DataObject) -> None:
    series = Series(rule, start, zone, HOUR)
    for key in data.draw(st.lists(st.sampled_from(walls(series)), unique=True, max_size=3)):
        if len(walls(series)) > 1 and key in walls(series):
            series = series.without(key)
    key = data.draw(st.sampled_from(walls(series)))
    before, after = series.split(key)
    assert (walls(before) if before else []) + walls(after) == walls(series)
    assert walls(after)[0] == key
    slots = [one.slot for one in series.occurrences()]
    assert slots == [one.slot for part in (before, after) if part for one in part.occurrences()]


@given(rules, zones, starts)
def test_occurrences_rise_and_do_not_repeat(rule: str, zone: str, start: datetime) -> None:
    found = Series(rule, start, zone, HOUR).occurrences()
    assert all(a.key < b.key and a.slot.start < b.slot.start for a, b in zip(found, found[1:], strict=False))


def test_a_rule_is_kept_in_one_way_of_writing() -> None:
    written = Series(" rrule:freq=weekly;count=2;byday=mo ", MONDAY, HANOI, HOUR)
    assert written.rule == "FREQ=WEEKLY;COUNT=2;BYDAY=MO" and written == Series(written.rule, MONDAY, HANOI, HOUR)
