"""The search for a time in which all can: right beside the plain way of asking everybody about every time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Invalid, TooLarge
from scheduler.search import Candidate, Found, Stretch, Taken, members, search

DAY = [Stretch(0, 40)]
A, B, C = 1, 2, 4


def test_all_are_free_between_two_bookings() -> None:
    assert search([Taken(0, 10, A), Taken(20, 40, B)], DAY, 5, step=1) == Found([Stretch(10, 20)], [Candidate(0, A), Candidate(5, A)])


def test_what_only_touches_is_not_in_the_way() -> None:
    assert search([Taken(0, 10, A), Taken(15, 40, A)], DAY, 5, step=1).free == [Stretch(10, 15)]
    assert search([Taken(0, 10, A), Taken(14, 40, A)], DAY, 5, step=1).free == []


def test_where_nobody_can_the_fewest_are_missing_and_are_named() -> None:
    found = search([Taken(0, 40, A), Taken(0, 20, B | C), Taken(30, 40, C)], DAY, 5, step=5, most=2)
    assert found == Found([], [Candidate(20, A), Candidate(25, A)])


def test_a_short_meeting_is_not_promised_the_time_between_two_looks() -> None:
    assert search([Taken(10, 15, A)], DAY, 10, step=15).free == [Stretch(0, 10), Stretch(15, 25), Stretch(30, 40)]
    assert search([], [Stretch(0, 40), Stretch(41, 60)], 10, step=15).free[-1] == Stretch(41, 51)


def test_what_misses_somebody_is_offered_only_before_the_first_time_in_which_all_can() -> None:
    found = search([Taken(0, 20, A)], DAY, 10, step=5)
    assert found == Found([Stretch(20, 40)], [Candidate(0, A), Candidate(10, A)])


def test_one_who_is_taken_twice_in_a_time_is_missing_once() -> None:
    found = search([Taken(0, 3, A), Taken(4, 40, A), Taken(0, 2, B)], DAY, 8, step=8, most=9)
    assert [candidate.missing.bit_count() for candidate in found.best] == [1, 1, 1, 1, 2]


def test_nobody_taken_everything_is_free_and_windows_stay_apart() -> None:
    assert search([], [Stretch(0, 40), Stretch(100, 120)], 10, step=5).free == [Stretch(0, 40), Stretch(100, 120)]
    assert search([], [Stretch(0, 9)], 10).free == [] and search([], [], 10) == Found([], [])


@pytest.mark.parametrize(("windows", "length", "code", "error"), [
    (DAY, 0, "search.length", Invalid), (DAY, -5, "search.length", Invalid), ([Stretch(5, 5)], 1, "search.window", Invalid),
    ([Stretch(0, 10), Stretch(5, 20)], 1, "search.window", Invalid), ([Stretch(0, 10**9)], 1, "search.too_long", TooLarge),
])
def test_a_senseless_question_is_refused(windows: list[Stretch], length: int, code: str, error: type) -> None:
    with pytest.raises(error) as refused:
        search([], windows, length, step=1)
    assert refused.value.code == code


takens = st.lists(st.builds(lambda start, size, who: Taken(start, start + size, who),
                            st.integers(-10, 90), st.integers(1, 30), st.integers(1, 15)), max_size=14)
edges = st.lists(st.integers(0, 100), min_size=2, max_size=6, unique=True).map(sorted)


@given(takens, edges, st.integers(1, 20), st.integers(1, 7))
def test_it_says_what_asking_everybody_about_every_time_says(rows: list[Taken], edges: list[int], length: int, step: int) -> None:
    windows = [Stretch(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    starts = [start for window in windows for start in range(window.start, window.end - length + 1, step)]
    missing = {start: {bit for row in rows if row.start < start + length and start < row.end for bit in members(row.who)}
               for start in starts}
    found = search(rows, windows, length, step=step, most=3)
    free = [start for start in starts if not missing[start]]
    assert set(free) == {
        start for start in starts for stretch in found.free if stretch.start <= start and start + length <= stretch.end}
    sooner = {start: who for start, who in missing.items() if not free or start + length <= free[0]}
    assert bool(found.best) == bool(sooner)
    for candidate in found.best:
        assert set(members(candidate.missing)) == sooner[candidate.start]
    if found.best:
        assert found.best[0].missing.bit_count() == min(map(len, sooner.values()))
        assert found.best == sorted(found.best, key=lambda one: (one.missing.bit_count(), one.start))
        assert all(abs(a.start - b.start) >= length for a in found.best for b in found.best if a is not b)
