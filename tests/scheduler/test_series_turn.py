"""What becomes of dates when a rule changes: nothing is lost or doubled, the order is kept, a day that stays keeps its date."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Invalid
from scheduler import series_turn
from scheduler.series import Series
from scheduler.series_turn import Repeat, follow

HANOI = "Asia/Ho_Chi_Minh"
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 9, 8)


def series(rule: str, *left_out: int, start: datetime = MONDAY) -> Series:
    """`left_out`: places of dates."""
    given_ = Series(rule, start, HANOI, HOUR)
    return Series(rule, start, HANOI, HOUR, frozenset(given_.keys()[place] for place in left_out))


def days(keys: list[datetime]) -> list[str]:
    return [f"{key:%d.%m}" for key in keys]


def goes(old: Series, new: Series) -> str:
    """09.03>10.03 16.03>- …"""
    found = follow(old.keys(), new.keys())
    return " ".join(f"{key:%d.%m}>{f'{found[key]:%d.%m}' if key in found else '-'}" for key in old.keys())


@pytest.mark.parametrize(("old", "new", "start", "told"), [
    ("FREQ=WEEKLY;COUNT=3", "FREQ=WEEKLY;BYDAY=FR;COUNT=3", datetime(2026, 3, 13, 8), "09.03>13.03 16.03>20.03 23.03>27.03"),
    ("FREQ=WEEKLY;COUNT=3", "FREQ=WEEKLY;BYDAY=MO,TH;COUNT=6", MONDAY, "09.03>09.03 16.03>16.03 23.03>23.03"),
    ("FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4", "FREQ=WEEKLY;BYDAY=MO;COUNT=2", MONDAY, "09.03>09.03 12.03>- 16.03>16.03 19.03>-"),
    ("FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4", "FREQ=WEEKLY;BYDAY=MO,FR;COUNT=4", MONDAY, "09.03>09.03 12.03>13.03 16.03>16.03 19.03>20.03"),
    ("FREQ=WEEKLY;COUNT=4", "FREQ=WEEKLY;INTERVAL=2;COUNT=4", MONDAY, "09.03>09.03 16.03>- 23.03>23.03 30.03>06.04"),
    ("FREQ=WEEKLY;COUNT=2", "FREQ=WEEKLY;COUNT=5", MONDAY, "09.03>09.03 16.03>16.03"),
    ("FREQ=DAILY;COUNT=4", "FREQ=DAILY;COUNT=2", MONDAY.replace(hour=15), "09.03>09.03 10.03>10.03 11.03>- 12.03>-"),
    ("FREQ=MONTHLY;BYMONTHDAY=9;COUNT=3", "FREQ=MONTHLY;BYDAY=2TU;COUNT=3", datetime(2026, 3, 10, 8), "09.03>10.03 09.04>14.04 09.05>12.05"),
])
def test_the_day_decides_and_then_the_order(old: str, new: str, start: datetime, told: str) -> None:
    assert goes(series(old), series(new, start=start)) == told


sorted_keys = st.lists(st.integers(0, 60), unique=True).map(lambda given_: [MONDAY + timedelta(days=day) for day in sorted(given_)])


@given(sorted_keys, sorted_keys, st.integers(0, 14))
def test_nobody_is_doubled_the_order_is_kept_and_nobody_waits_before_a_free_day(old: list[datetime], new: list[datetime], hour: int) -> None:
    new = [key.replace(hour=hour) for key in new]
    found = follow(old, new)
    assert set(found) <= set(old) and set(found.values()) <= set(new) and len(set(found.values())) == len(found)
    assert [found[key] for key in old if key in found] == sorted(found.values())
    same = {key.date() for key in old} & {key.date() for key in new}
    assert {key.date() for key in found if found[key].date() == key.date()} == same, "a day that is in both stays"
    def between(keys: list[datetime]) -> set[int]:
        return {sum(day < key.date() for day in same) for key in keys}

    left, free = [key for key in old if key not in found], [key for key in new if key not in found.values()]
    assert not between(left) & between(free), "whoever is left finds no free day between the same two that stay"


def test_what_was_left_out_goes_along_unless_it_is_said_otherwise() -> None:
    old = series("FREQ=WEEKLY;COUNT=4", 1)
    friday = datetime(2026, 3, 13, 9)
    turn = series_turn.anew(old, Repeat("FREQ=WEEKLY;BYDAY=FR;COUNT=5", friday, HOUR, "x"))
    assert days([one.key for one in turn.series.occurrences()]) == ["13.03", "27.03", "03.04", "10.04"]
    assert turn.slot(old.keys()[2]).start.day == 27 and turn.slot(old.keys()[1]) is None  # type: ignore[union-attr]
    assert days([one.key for one in turn.fresh([one.key for one in old.occurrences()])]) == ["10.04"]
    told = series_turn.anew(old, Repeat("FREQ=WEEKLY;BYDAY=FR;COUNT=5", friday, HOUR, "x", frozenset({friday, datetime(2026, 3, 14)})))
    assert days([one.key for one in told.series.occurrences()]) == ["20.03", "27.03", "03.04", "10.04"]
    assert told.slot(MONDAY) is None and days([one.key for one in told.fresh([one.key for one in old.occurrences()])]) == ["20.03", "10.04"]
    with pytest.raises(Invalid, match=r"series\.empty"):
        series_turn.anew(old, Repeat("FREQ=DAILY;COUNT=1", friday, HOUR, "x", frozenset({friday})))


@pytest.mark.parametrize(("rule", "was", "to", "told"), [
    ("FREQ=DAILY;COUNT=3", 9, date(2026, 3, 11), "11.03 12.03 13.03"),
    ("FREQ=WEEKLY;COUNT=3", 16, date(2026, 3, 18), "11.03 18.03 25.03"),
    ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20260323", 16, date(2026, 3, 24), "17.03 24.03 31.03"),
    ("FREQ=WEEKLY;BYDAY=MO;COUNT=2", 9, date(2026, 3, 8), "08.03 15.03"),
    ("FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4", 12, date(2026, 3, 13), "09.03 13.03 16.03 20.03"),
    ("FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4", 9, date(2026, 3, 10), "10.03 12.03 17.03 19.03"),
    ("FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4", 9, date(2026, 3, 16), "16.03 19.03 23.03 26.03"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=3", 23, date(2026, 3, 30), "16.03 30.03 13.04"),
    ("FREQ=MONTHLY;BYMONTHDAY=9;COUNT=3", 9, date(2026, 3, 31), "31.03 30.04 31.05"),
    ("FREQ=MONTHLY;COUNT=3", 9, date(2026, 3, 10), "10.03 10.04 10.05"),
    ("FREQ=MONTHLY;BYDAY=2MO;COUNT=3", 9, date(2026, 3, 20), "20.03 17.04 15.05"),
    ("FREQ=MONTHLY;BYDAY=2MO;COUNT=2", 9, date(2026, 4, 1), "01.04 06.05"),
])
def test_a_day_that_is_put_elsewhere_takes_the_others_along(rule: str, was: int, to: date, told: str) -> None:
    old = series(rule)
    turned = old.on_day(date(2026, 3, was), to)
    assert " ".join(days(turned.keys())) == told
    left_out = Series(old.rule, old.start, old.zone, old.length, frozenset({old.keys()[1]})).on_day(date(2026, 3, was), to)
    assert left_out.excluded == {turned.keys()[1]}


@pytest.mark.parametrize(("rule", "was", "to"), [
    ("FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4", 9, date(2026, 3, 12)), ("FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4", 9, date(2026, 3, 13)),
    ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=4", 9, date(2026, 3, 11)), ("FREQ=WEEKLY;COUNT=3", 10, date(2026, 3, 11)),
    ("FREQ=MONTHLY;BYDAY=2MO,4MO;COUNT=3", 9, date(2026, 3, 10)), ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=9;COUNT=2", 9, date(2026, 3, 10)),
])
def test_where_the_rule_does_not_say_how_the_others_go_it_is_refused(rule: str, was: int, to: date) -> None:
    with pytest.raises(Invalid, match=r"series\.other_day"):
        series(rule).on_day(date(2026, 3, was), to)


@given(st.sampled_from(["FREQ=DAILY;COUNT=5", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6", "FREQ=MONTHLY;BYDAY=2MO;COUNT=4", "FREQ=MONTHLY;COUNT=4"]),
       st.integers(0, 3), st.integers(-9, 9), st.times().map(lambda at: at.replace(microsecond=0)))
def test_another_day_keeps_their_number_and_order(rule: str, place: int, by: int, clock: time) -> None:
    old = series(rule)
    was = old.keys()[place].date()
    try:
        turn = series_turn.moved(old, clock, 2 * HOUR, was, was + timedelta(days=by))
    except Invalid as refused:
        assert refused.code == "series.other_day"
        return
    assert list(turn.goes) == old.keys() and list(turn.goes.values()) == turn.series.keys()
    assert turn.goes[old.keys()[place]] == datetime.combine(was + timedelta(days=by), clock)
    assert not turn.fresh(old.keys()) and all(turn.slot(key) for key in old.keys())
