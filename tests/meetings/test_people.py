"""Where a person stands: every step from every state, lateness by the server's clock, quorum over persons and over points."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Conflict, Invalid
from meetings.people import GRACE, HERE, Over, Stay, There, Turnout, Wanted, quorum, step, turnout, wanted

OPENED = datetime(2026, 11, 28, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COMES = st.tuples(st.sampled_from(list(Wanted)), st.integers(-90, 240), st.sampled_from(["", "ốm"]))


def after(*said: tuple[Wanted, int]) -> Stay:
    stay = Stay()
    for to, minutes in said:
        stay = step(stay, to, OPENED + minutes * MINUTE, OPENED)
    return stay


@pytest.mark.parametrize(("minutes", "state"), [(-40, There.PRESENT), (0, There.PRESENT), (5, There.PRESENT), (6, There.LATE)])
def test_late_is_who_first_comes_after_the_grace(minutes: int, state: There) -> None:
    assert after((Wanted.PRESENT, minutes)).state is state


def test_before_the_opening_nobody_is_late_and_who_comes_back_is_what_the_first_coming_was() -> None:
    assert step(Stay(), Wanted.PRESENT, OPENED, None).state is There.PRESENT
    back = after((Wanted.PRESENT, -10), (Wanted.LEFT, 20), (Wanted.PRESENT, 50))
    assert (back.state, back.came_at, back.left_at) == (There.PRESENT, OPENED - 10 * MINUTE, None)
    assert after((Wanted.PRESENT, 30), (Wanted.LEFT, 40), (Wanted.PRESENT, 50)).state is There.LATE


def test_on_time_is_said_of_somebody_whose_coming_was_typed_late() -> None:
    assert after((Wanted.ON_TIME, 60)) == Stay(There.PRESENT, OPENED)
    assert after((Wanted.PRESENT, 60), (Wanted.ON_TIME, 61), (Wanted.LEFT, 62), (Wanted.PRESENT, 63)).state is There.PRESENT


def test_nobody_leaves_who_has_not_come_and_a_slip_is_taken_back() -> None:
    for before in (Stay(), after((Wanted.ABSENT, 0))):
        with pytest.raises(Conflict, match=r"person\.not_here"):
            step(before, Wanted.LEFT, OPENED, OPENED)
    assert after((Wanted.PRESENT, 1), (Wanted.EXPECTED, 2)) == Stay()
    assert step(Stay(), Wanted.ABSENT, OPENED, OPENED, "ốm") == Stay(There.EXCUSED, reason="ốm")
    with pytest.raises(Invalid, match=r"person\.state"):
        wanted("late")


@given(st.lists(COMES, max_size=12))
def test_from_any_state_by_any_word_the_parts_agree(said: list[tuple[Wanted, int, str]]) -> None:
    stay = Stay()
    for to, minutes, reason in said:
        at = OPENED + minutes * MINUTE
        try:
            new = step(stay, to, at, OPENED, reason)
        except Conflict:
            assert to is Wanted.LEFT and stay.came_at is None
            continue
        assert step(new, to, at, OPENED, reason) == new, "said twice is said once"
        assert (new.came_at is not None) == (new.state in HERE | {There.LEFT})
        assert (new.left_at is not None) == (new.state is There.LEFT) and (new.reason is not None) == (new.state is There.EXCUSED)
        assert new.left_at is None or new.came_at is None or new.left_at >= new.came_at
        assert (new.state is There.LATE) == (new.state in HERE and new.came_at is not None and new.came_at > OPENED + GRACE)
        stay = new


@given(st.lists(st.booleans(), max_size=30), st.lists(st.sampled_from(list(There)), max_size=30),
       st.fractions(0, 1, max_denominator=12), st.sampled_from(list(Over)), st.none() | st.integers(0, 60))
def test_a_quorum_is_met_by_at_least_its_part_of_whoever_is_asked(
    points: list[bool], people: list[There], part: Fraction, over: Over, members: int | None,
) -> None:
    counted = turnout(points, people)
    assert counted == Turnout(len(points), points.count(True), len(people), sum(people.count(state) for state in HERE))
    found = quorum(part, over, counted, members)
    assert found.of == max(len(points) if over is Over.POINTS else len(people), members or 0)
    assert found.met == (Fraction(found.here) >= part * found.of)
