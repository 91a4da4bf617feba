"""Half-open slots and the gaps between them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Invalid
from scheduler.slots import CIVIL, Slot, civil_day, gaps, working_hours

ZERO = datetime(2026, 3, 9, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def slot(start: float, end: float) -> Slot:
    return Slot(ZERO + start * timedelta(hours=1), ZERO + end * timedelta(hours=1))


def test_meetings_that_touch_do_not_overlap() -> None:
    assert not slot(8, 10).overlaps(slot(10, 11))
    assert not slot(10, 11).overlaps(slot(8, 10))
    assert slot(8, 10).overlaps(slot(9, 9.5))
    assert slot(9, 9.5).overlaps(slot(8, 10))


@pytest.mark.parametrize("hours", [0, -1])
def test_a_slot_ends_after_it_starts(hours: float) -> None:
    with pytest.raises(Invalid) as refused:
        slot(8, 8 + hours)
    assert (refused.value.code, refused.value.params["field"]) == ("meeting.end_before_start", "end")


def test_a_slot_needs_a_zone() -> None:
    with pytest.raises(Invalid) as refused:
        Slot(ZERO, ZERO.replace(tzinfo=None) + timedelta(hours=1))
    assert refused.value.code == "meeting.no_zone"


def test_times_of_any_zone_are_kept_in_utc() -> None:
    local = Slot(datetime(2026, 3, 9, 8, tzinfo=CIVIL), datetime(2026, 3, 9, 10, tzinfo=CIVIL))
    assert local == slot(1, 3)
    assert local.start.tzinfo is UTC


def test_the_day_of_a_reform_begins_at_midnight_in_ha_noi() -> None:
    assert civil_day(datetime(2025, 6, 30, 16, 59, tzinfo=UTC)) == date(2025, 6, 30)
    assert civil_day(datetime(2025, 6, 30, 17, 0, tzinfo=UTC)) == date(2025, 7, 1)


def test_working_hours_are_local() -> None:
    hours = working_hours(date(2026, 3, 9), time(7, 30), time(17), timezone(timedelta(hours=7)))
    assert hours == slot(0.5, 10)


def test_gaps_are_what_is_left_of_the_window() -> None:
    taken = [slot(9, 10), slot(9.5, 11), slot(7, 8.25), slot(15, 18), slot(20, 21)]
    assert gaps(taken, slot(8, 16), timedelta(minutes=30)) == [slot(8.25, 9), slot(11, 15)]
    assert gaps(taken, slot(8, 16), timedelta(hours=1)) == [slot(11, 15)]
    assert gaps([], slot(8, 16), timedelta(hours=8)) == [slot(8, 16)]
    assert gaps([slot(0, 24)], slot(8, 16), QUARTER) == []


@given(st.lists(st.tuples(st.integers(0, 95), st.integers(1, 20)), max_size=12), st.integers(1, 12))
def test_every_gap_is_free_long_enough_and_none_is_missed(taken: list[tuple[int, int]], length: int) -> None:
    slots = [Slot(ZERO + start * QUARTER, ZERO + (start + size) * QUARTER) for start, size in taken]
    window = Slot(ZERO + 20 * QUARTER, ZERO + 80 * QUARTER)
    found = gaps(slots, window, length * QUARTER)
    for gap in found:
        assert gap.length >= length * QUARTER
        assert window.start <= gap.start and gap.end <= window.end
        assert not any(gap.overlaps(other) for other in slots)
    for start in range(20, 81 - length):  # every meeting that would fit lies in one of the gaps
        meeting = Slot(ZERO + start * QUARTER, ZERO + (start + length) * QUARTER)
        fits = not any(meeting.overlaps(other) for other in slots)
        assert fits == any(gap.start <= meeting.start and meeting.end <= gap.end for gap in found)
