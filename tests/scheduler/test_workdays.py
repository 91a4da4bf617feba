"""Working days of Viet Nam: lunar holidays, swapped days, the office's own days, notices and deadlines."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Invalid
from scheduler.workdays import CONCLUSION_DAYS, NOTICE_DAYS, WorkingDays

VIETNAM = WorkingDays()
days = st.dates(date(2024, 1, 1), date(2029, 12, 31))


@pytest.mark.parametrize("day", [
    date(2026, 1, 1), date(2026, 2, 17), date(2025, 4, 7), date(2026, 4, 27), date(2026, 4, 30), date(2026, 5, 1), date(2026, 9, 2),
    date(2027, 2, 8), date(2026, 8, 31),
])
def test_holidays_lunar_ones_and_days_given_instead_are_no_working_days_though_of_the_week(day: date) -> None:
    assert day.weekday() < 5 and not VIETNAM.works(day)


def test_weekends_are_free_but_for_a_saturday_that_was_swapped() -> None:
    assert not VIETNAM.works(date(2026, 11, 28)) and not VIETNAM.works(date(2026, 11, 29))
    assert date(2026, 8, 22).weekday() == 5 and VIETNAM.works(date(2026, 8, 22))


def test_a_holiday_has_a_name_in_both_languages() -> None:
    tet = date(2026, 2, 17)
    assert "Tết" in VIETNAM.name(tet) and "Lunar" in WorkingDays(language="en").name(tet)
    assert VIETNAM.name(date(2026, 11, 27)) == ""


def test_what_the_office_says_wins() -> None:
    own = WorkingDays({date(2026, 11, 28): True, date(2026, 11, 27): False})
    assert own.works(date(2026, 11, 28)) and not own.works(date(2026, 11, 27))
    assert own.after(date(2026, 11, 26), 1) == date(2026, 11, 28)


def test_three_working_days_of_notice_are_counted_over_the_weekend_and_over_tet() -> None:
    assert NOTICE_DAYS == 3 and CONCLUSION_DAYS == 5
    monday = date(2026, 11, 30)
    assert VIETNAM.before(monday, 3) == date(2026, 11, 25)
    assert not VIETNAM.is_short_notice(date(2026, 11, 25), monday) and VIETNAM.is_short_notice(date(2026, 11, 26), monday)
    after_tet = next(day for day in (date(2026, 2, 17) + timedelta(days=n) for n in range(20)) if VIETNAM.works(day))
    assert VIETNAM.before(after_tet, 1) < date(2026, 2, 16), "no working day in between"
    assert VIETNAM.after(date(2026, 11, 27), CONCLUSION_DAYS) == date(2026, 12, 4)


THURSDAY, FRIDAY, MONDAY, FAR = date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 20)


@pytest.mark.parametrize(("day", "before", "said", "asks"), [
    (FRIDAY, None, None, True), (FAR, None, None, False), (date(2026, 3, 10), None, None, False),
    (FRIDAY, FAR, None, True), (MONDAY, FRIDAY, None, False), (FRIDAY, FRIDAY, None, False), (FRIDAY, MONDAY, None, True),
    (FRIDAY, FAR, THURSDAY, False), (MONDAY, None, THURSDAY, False), (FRIDAY, FAR, date(2026, 2, 2), True),
])
def test_a_reason_is_asked_where_people_learn_too_late_of_an_earlier_day_and_know_none_yet(
    day: date, before: date | None, said: date | None, asks: bool
) -> None:
    assert VIETNAM.asks_why(THURSDAY, day, before, said) is asks


@given(days, days, days, days)
def test_no_reason_is_asked_in_good_time_nor_for_a_later_day_nor_twice(told: date, day: date, before: date, said: date) -> None:
    asked = VIETNAM.asks_why(told, day, before, said)
    assert asked == (VIETNAM.is_short_notice(told, day) and day < before and not VIETNAM.is_short_notice(said, day))
    assert not VIETNAM.asks_why(told, day, None, told)


def test_a_calendar_without_working_days_ends_with_words() -> None:
    never = WorkingDays({date(2026, 1, 1) + timedelta(days=n): False for n in range(900)})
    with pytest.raises(Invalid) as refused:
        never.after(date(2026, 1, 1), 1)
    assert refused.value.code == "workdays.none"


@given(days, st.integers(1, 12))
def test_forth_and_back_is_the_same_working_day(day: date, count: int) -> None:
    there = VIETNAM.after(day, count)
    assert there > day and VIETNAM.works(there)
    assert sum(VIETNAM.works(day + timedelta(days=n + 1)) for n in range((there - day).days)) == count
    if VIETNAM.works(day):
        assert VIETNAM.before(there, count) == day
