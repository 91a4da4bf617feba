"""The rule itself: no two live bookings of a point overlap, and what is in the way is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Conflict
from scheduler.booking import Booking, Calendar, NamedBooking
from scheduler.slots import Slot

ZERO = datetime(2026, 3, 9, tzinfo=UTC)


def slot(start: float, end: float) -> Slot:
    return Slot(ZERO + start * timedelta(hours=1), ZERO + end * timedelta(hours=1))


def test_an_overlap_is_refused_and_named() -> None:
    calendar = Calendar()
    calendar.book("first", [1, 2, 3], slot(8, 10))
    with pytest.raises(Conflict) as refused:
        calendar.book("second", [3, 4], slot(9, 11))
    assert refused.value.code == "booking.overlap"
    assert refused.value.params["conflicts"] == [Booking("first", 3, slot(8, 10))]
    assert calendar.of("second") == []


def test_points_are_free_again_when_the_meeting_touches_or_is_released() -> None:
    calendar = Calendar()
    calendar.book("first", [1], slot(8, 10))
    calendar.book("second", [1], slot(10, 11))
    assert calendar.release("first") == 1
    calendar.book("third", [1], slot(8, 10))
    assert {booking.meeting_id for booking in calendar.taken} == {"second", "third"}


def test_a_meeting_is_never_in_its_own_way() -> None:
    calendar = Calendar()
    calendar.book("first", [1, 2], slot(8, 10))
    assert [booking.slot for booking in calendar.move("first", slot(9, 11))] == [slot(9, 11)] * 2
    calendar.book("first", [2, 3], slot(9, 11))
    assert [booking.point_id for booking in calendar.of("first")] == [2, 3]


def test_a_refused_move_leaves_everything_as_it_was() -> None:
    calendar = Calendar()
    calendar.book("first", [1, 2], slot(8, 10))
    calendar.book("second", [2], slot(10, 12))
    with pytest.raises(Conflict):
        calendar.move("first", slot(9, 11))
    assert [booking.slot for booking in calendar.of("first")] == [slot(8, 10)] * 2


def test_a_masked_booking_keeps_time_and_unit_only() -> None:
    named = NamedBooking(1, "06970", "Xã Ba Chẽ", slot(8, 10), "Huyện Ba Chẽ", "m", "Kỷ luật cán bộ")
    shown = named.masked().as_param()
    assert (shown["unit"], shown["start"], shown["meeting"], shown["meeting_title"]) == (
        "Huyện Ba Chẽ", slot(8, 10).start, None, None)
    assert named.as_param()["meeting_title"] == "Kỷ luật cán bộ"


STEPS = st.lists(st.tuples(
    st.sampled_from(["book", "move", "release"]), st.integers(0, 4), st.frozensets(st.integers(0, 5), min_size=1),
    st.integers(0, 20), st.integers(1, 8),
), max_size=40)


@given(STEPS)
def test_no_sequence_of_steps_leads_to_an_overlap(steps: list[tuple[str, int, frozenset[int], int, int]]) -> None:
    calendar = Calendar()
    for verb, meeting, points, start, length in steps:
        before = list(calendar.taken)
        when = slot(start, start + length)
        try:
            if verb == "book":
                calendar.book(str(meeting), sorted(points), when)
            elif verb == "move":
                calendar.move(str(meeting), when)
            else:
                calendar.release(str(meeting))
        except Conflict as refused:
            assert calendar.taken == before
            assert refused.params["conflicts"]
        for place, one in enumerate(calendar.taken):
            for other in calendar.taken[place + 1:]:
                assert one.point_id != other.point_id or not one.slot.overlaps(other.slot)
