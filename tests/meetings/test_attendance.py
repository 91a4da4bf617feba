"""Presence intervals and numbers needed."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.attendance import Presence, needed, present_at, stayed

MINUTE = timedelta(minutes=1)


def test_a_stay_is_half_open_and_an_open_one_lasts(at: datetime) -> None:
    stays = [Presence(1, at, at + 10 * MINUTE, "gone"), Presence(1, at + 20 * MINUTE), Presence(2, at + 5 * MINUTE)]
    assert present_at(stays, at) == {1}
    assert present_at(stays, at + 5 * MINUTE) == {1, 2}
    assert present_at(stays, at + 10 * MINUTE) == {2}
    assert present_at(stays, at + 60 * MINUTE) == {1, 2}
    assert present_at(stays, at - MINUTE) == frozenset()


def test_stays_add_up_to_the_instant_asked_for(at: datetime) -> None:
    stays = [Presence(1, at, at + 10 * MINUTE, "gone"), Presence(1, at + 20 * MINUTE), Presence(2, at)]
    assert stayed(stays, 1, at + 30 * MINUTE) == 20 * MINUTE
    assert stayed(stays, 1, at + 5 * MINUTE) == 5 * MINUTE
    assert stayed(stays, 3, at + 5 * MINUTE) == timedelta()


@pytest.mark.parametrize(("quorum", "entitled", "expected"), [
    ("2/3", 239, 160), ("2/3", 3, 2), ("2/3", 4, 3), ("1/2", 5, 3), ("1/2", 4, 2), ("1", 7, 7), ("0", 7, 0),
])
def test_the_number_needed_is_never_rounded_down(quorum: str, entitled: int, expected: int) -> None:
    assert needed(Fraction(quorum), entitled) == expected


@given(st.fractions(0, 1, max_denominator=50), st.integers(0, 5000))
def test_needed_is_the_smallest_number_that_reaches_the_share(quorum: Fraction, entitled: int) -> None:
    number = needed(quorum, entitled)
    assert number >= quorum * entitled
    assert number - 1 < quorum * entitled
