"""The tree of points: groups by level and subtree, counts, search, group boxes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.units import Level, Unit, UnitTree
from scheduler.booking import Point
from web.audience_tree import Group, Leaf, apply_groups, branches
from web.i18n import speak

LEVELS = [Level("province", 1, "Cấp tỉnh", "Province"), Level("district", 2, "Cấp huyện", "District"),
          Level("commune", 3, "Cấp xã", "Commune"), Level("body", 4, "Cơ quan cấp tỉnh", "Provincial body")]
ON = date(2026, 3, 5)


def unit(key: str, name: str, kind: str, level: str, parent: str | None) -> Unit:
    return Unit(key, name, kind, level, parent, key, None, date(2020, 1, 1), None, None, None, "test", "2020")


UNITS = [
    unit("t", "Tỉnh Quảng Ninh", "tỉnh", "province", None),
    unit("h1", "Huyện Ba Chẽ", "huyện", "district", "t"), unit("h2", "Thị xã Quảng Yên", "thị xã", "district", "t"),
    unit("x1", "Xã Đồn Đạc", "xã", "commune", "h1"), unit("x2", "Xã Đạp Thanh", "xã", "commune", "h1"),
    unit("x3", "Phường Yên Giang", "phường", "commune", "h2"),
    unit("s1", "Sở Y tế", "sở", "body", "t"), unit("s2", "Ban Dân tộc", "ban", "body", "t"),
    unit("s3", "Đoàn A", "đoàn thể", "body", "t"), unit("s4", "Trung tâm B", "trung tâm", "body", "t"),
]
TREE = UnitTree(UNITS, ON)
POINTS = [Point(n, each.gso_code, each.name, each.unit_id) for n, each in enumerate(UNITS, start=1)]


@pytest.fixture(autouse=True)
def _vietnamese() -> None:
    speak("vi")


def groups(found: list[Leaf | Group]) -> dict[str, Group]:
    named: dict[str, Group] = {}
    for branch in found:
        if isinstance(branch, Group):
            named[branch.key] = branch
            named.update(groups(list(branch.groups)))
    return named


def test_levels_become_groups_named_by_what_their_units_are_called() -> None:
    found = branches(TREE, LEVELS, POINTS, frozenset())
    assert isinstance(found[0], Leaf) and found[0].point.name == "Tỉnh Quảng Ninh"
    assert [branch.name for branch in found[1:] if isinstance(branch, Group)] == [
        "Mọi huyện, thị xã", "Mọi xã, phường", "Mọi cơ quan cấp tỉnh"]


def test_communes_are_grouped_by_their_district() -> None:
    named = groups(branches(TREE, LEVELS, POINTS, frozenset({4})))
    assert [group.name for group in named["t|commune"].groups] == ["Huyện Ba Chẽ", "Thị xã Quảng Yên"]
    assert (named["t|commune"].chosen, named["t|commune"].total) == (1, 3)
    assert (named["h1|commune"].chosen, named["h1|commune"].total) == (1, 2)


def test_a_search_knows_no_accents_and_a_group_that_is_meant_shows_all_of_it() -> None:
    named = groups(branches(TREE, LEVELS, POINTS, frozenset(), "don dac"))
    assert [leaf.hidden for leaf in named["h1|commune"].leaves] == [False, True]
    assert named["t|district"].hidden and not named["t|commune"].hidden and named["h1|commune"].open
    named = groups(branches(TREE, LEVELS, POINTS, frozenset(), "huyện ba chẽ"))
    assert [leaf.hidden for leaf in named["h1|commune"].leaves] == [False, False]


def test_ticking_a_group_takes_all_and_unticking_gives_all_back() -> None:
    found = branches(TREE, LEVELS, POINTS, frozenset())
    ticked = apply_groups(found, frozenset({1}), frozenset({"t|commune"}), frozenset())
    assert ticked == {1, 4, 5, 6}
    assert apply_groups(found, ticked, frozenset(), frozenset({"t|commune"})) == {1}


def test_an_inner_group_wins_over_the_outer_one() -> None:
    found = branches(TREE, LEVELS, POINTS, frozenset())
    was = frozenset({"h1|commune"})
    assert apply_groups(found, frozenset({4, 5}), frozenset({"t|commune"}), was) == {6}


@given(st.frozensets(st.integers(1, 10)))
def test_boxes_that_did_not_change_change_nothing(chosen: frozenset[int]) -> None:
    found = branches(TREE, LEVELS, POINTS, chosen)
    full = frozenset(key for key, group in groups(found).items() if group.chosen == group.total)
    assert apply_groups(found, chosen, full, full) == chosen


def test_a_country_is_folded_by_its_provinces() -> None:
    two = UnitTree([*UNITS, unit("b", "Tỉnh Khác", "tỉnh", "province", None)], ON)
    points = [*POINTS, Point(99, "b", "Tỉnh Khác", "b")]
    found = branches(two, LEVELS, points, frozenset())
    assert {branch.name for branch in found if isinstance(branch, Group)} == {"Tỉnh Quảng Ninh", "Tỉnh Khác"}
