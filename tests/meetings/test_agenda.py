"""The programme: one item at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.agenda import AgendaItem, followed, go, number, planned, rewritten
from meetings.errors import Conflict, Invalid, NotFound
from meetings.meeting import AgendaLine

ITEMS = number([AgendaLine("Khai mạc", "Văn phòng"), AgendaLine("Báo cáo"), AgendaLine("Kết luận")])


def running(items: tuple[AgendaItem, ...], item: int, at: datetime) -> list[AgendaItem]:
    return [replace(entry, started_at=at) if entry.item == item else entry for entry in items]


def test_lines_are_numbered_from_one() -> None:
    assert [(entry.item, entry.title, entry.presenter) for entry in ITEMS] == [
        (1, "Khai mạc", "Văn phòng"), (2, "Báo cáo", ""), (3, "Kết luận", "")]


def test_the_first_item_starts_and_nothing_ends() -> None:
    step = go(ITEMS, 1)
    assert (step.end, step.start) == (None, ITEMS[0])


def test_going_on_ends_the_running_item_and_going_back_is_allowed(at: datetime) -> None:
    items = running(ITEMS, 2, at)
    assert go(items, 3).end == items[1]
    assert go(items, 1).start == ITEMS[0]
    assert go(items, None) .start is None


def test_mistakes_are_named(at: datetime) -> None:
    with pytest.raises(NotFound, match=r"agenda\.unknown"):
        go(ITEMS, 4)
    with pytest.raises(Conflict, match=r"agenda\.running"):
        go(running(ITEMS, 2, at), 2)
    with pytest.raises(Conflict, match=r"agenda\.idle"):
        go(ITEMS, None)
    with pytest.raises(Invalid, match=r"agenda\.too_long"):
        number([AgendaLine("x")] * 501)
    with pytest.raises(Invalid, match=r"text\.empty"):
        number([AgendaLine(" ")])


def test_planned_hours_follow_from_the_minutes_as_far_as_they_are_known() -> None:
    start = datetime(2026, 3, 5, 1, tzinfo=UTC)
    items = number([AgendaLine("Một", minutes=20), AgendaLine("Hai"), AgendaLine("Ba", minutes=5)])
    assert planned(items, start) == {1: (start, start + timedelta(minutes=20)), 2: (start + timedelta(minutes=20), None)}
    assert planned(number([AgendaLine("Một"), AgendaLine("Hai")]), start) == {}
    running = replace(items[0], started_at=start)
    assert running.due_at == start + timedelta(minutes=20) and items[1].due_at is None
    for minutes in (0, -1, 1441):
        with pytest.raises(Invalid, match=r"agenda\.minutes"):
            number([AgendaLine("Một", minutes=minutes)])
    assert followed(items, number([AgendaLine("Hai"), AgendaLine("Ba"), AgendaLine("Ba")])) == {1: None, 2: 1, 3: 3}


def test_what_was_begun_keeps_number_title_and_times_while_all_else_may_change(at: datetime) -> None:
    items = [replace(ITEMS[0], started_at=at, ended_at=at), *ITEMS[1:]]
    made = rewritten(items, [AgendaLine("Khai mạc", "Chủ tịch", 5), AgendaLine("Ý kiến"), AgendaLine("Kết luận"), AgendaLine("Báo cáo", "", 20)], {1})
    assert [(one.item, one.title, one.started_at, one.minutes) for one in made] == [
        (1, "Khai mạc", at, 5), (2, "Ý kiến", None, None), (3, "Kết luận", None, None), (4, "Báo cáo", None, 20)]
    assert made[0].presenter == "Chủ tịch" and made[0].ended_at == at
    for lines in ([AgendaLine("Mới"), AgendaLine("Khai mạc")], [AgendaLine("Khai mạc.")], []):
        with pytest.raises(Conflict, match=r"agenda\.begun") as refused:
            rewritten(items, lines, {1})
        assert refused.value.params == {"item": 1, "title": "Khai mạc"}


@given(st.lists(st.sampled_from("ABCDE"), max_size=8), st.lists(st.sampled_from("ABCDE"), max_size=8), st.sets(st.integers(1, 8)))
def test_whatever_is_written_the_record_names_what_was_begun_by_its_number(before: list[str], after: list[str], bound: set[int]) -> None:
    begun = datetime(2026, 11, 1, tzinfo=UTC)
    items = [replace(one, started_at=begun) if one.item in bound else one for one in number([AgendaLine(title) for title in before])]
    keep = all(item.item <= len(after) and after[item.item - 1] == item.title for item in items if item.item in bound)
    try:
        made = rewritten(items, [AgendaLine(title) for title in after], bound)
    except Conflict:
        assert not keep
        return
    assert keep and [one.title for one in made] == after and [one.item for one in made] == list(range(1, len(after) + 1))
    assert {(one.item, one.title) for one in made if one.started_at} == {(one.item, one.title) for one in items if one.started_at}
