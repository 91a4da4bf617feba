"""The search for a time in which all can: right beside the plain way of asking everybody about every time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Invalid, TooLarge
from scheduler.search import Candidate, Found, Stretch, Taken, search

DAY = [Stretch(0, 40)]


def test_all_are_free_between_two_bookings() -> None:
    assert search([Taken(1, 0, 10), Taken(2, 20, 40)], DAY, 5, step=1) == Found([Stretch(10, 20)], [])


def test_what_only_touches_is_not_in_the_way() -> None:
    assert search([Taken(1, 0, 10), Taken(1, 15, 40)], DAY, 5, step=1).free == [Stretch(10, 15)]
    assert search([Taken(1, 0, 10), Taken(1, 14, 40)], DAY, 5, step=1).free == []


def test_where_nobody_can_the_fewest_are_missing_and_are_named() -> None:
    found = search([Taken(1, 0, 40), Taken(2, 0, 20), Taken(3, 0, 20), Taken(3, 30, 40)], DAY, 5, step=5, most=2)
    assert found == Found([], [Candidate(20, (1,)), Candidate(25, (1,))])


def test_a_short_meeting_is_not_promised_the_time_between_two_looks() -> None:
    assert search([Taken(1, 10, 15)], DAY, 10, step=15).free == [Stretch(0, 10), Stretch(15, 25), Stretch(30, 40)]
    assert search([], [Stretch(0, 40), Stretch(41, 60)], 10, step=15).free[-1] == Stretch(41, 51)


def test_one_who_is_taken_twice_in_a_time_is_missing_once() -> None:
    found = search([Taken(1, 0, 3), Taken(1, 4, 40), Taken(2, 0, 2)], DAY, 8, step=8, most=9)
    assert [len(candidate.missing) for candidate in found.best] == [1, 1, 1, 1, 2]


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


takens = st.lists(st.builds(lambda who, start, size: Taken(who, start, start + size),
                            st.integers(1, 4), st.integers(-10, 90), st.integers(1, 30)), max_size=14)
edges = st.lists(st.integers(0, 100), min_size=2, max_size=6, unique=True).map(sorted)


@given(takens, edges, st.integers(1, 20), st.integers(1, 7))
def test_it_says_what_asking_everybody_about_every_time_says(rows: list[Taken], edges: list[int], length: int, step: int) -> None:
    windows = [Stretch(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    starts = [start for window in windows for start in range(window.start, window.end - length + 1, step)]
    missing = {start: {row.who for row in rows if row.start < start + length and start < row.end} for start in starts}
    found = search(rows, windows, length, step=step, most=3)
    assert {start for start in starts if not missing[start]} == {
        start for start in starts for stretch in found.free if stretch.start <= start and start + length <= stretch.end}
    for stretch in found.free:
        assert all(any(window.start <= second < window.end for window in windows) for second in range(*stretch))
        assert not any(row.start < stretch.end and stretch.start < row.end for row in rows), "a meeting fits anywhere in it"
    assert bool(found.best) == (bool(starts) and all(missing.values()))
    for candidate in found.best:
        assert set(candidate.missing) == missing[candidate.start]
    if found.best:
        assert len(found.best[0].missing) == min(map(len, missing.values()))
        assert found.best == sorted(found.best, key=lambda one: (len(one.missing), one.start))
        assert all(abs(a.start - b.start) >= length for a in found.best for b in found.best if a is not b)
