"""Levels, versions, the tree of a day, search without accents, successors through several reforms."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import NotFound
from meetings.units import Heir, Lineage, Succession, Unit, UnitTree, fold

REFORM = date(2025, 7, 1)
BEFORE, AFTER = date(2025, 6, 30), REFORM


def unit(
    key: str, name: str, level: str = "commune", parent: str | None = None, code: str = "",
    start: date = date(2020, 1, 1), end: date | None = None, kind: str = "xã",
) -> Unit:
    return Unit(key, name, kind, level, parent, code or key, None, start, end, None, None, "test", "2020")


UNITS = [
    unit("t", "Tỉnh Quảng Ninh", "province", code="22", kind="tỉnh"),
    unit("h", "Huyện Ba Chẽ", "district", "t", "202", end=REFORM, kind="huyện"),
    unit("a", "Xã Đạp Thanh", parent="h", code="06979", end=REFORM),
    unit("b", "Xã Đồn Đạc", parent="h", code="06988", end=REFORM),
    unit("k", "Xã Kỳ Thượng", parent="t", code="06979", start=REFORM),
    unit("o", "Văn phòng UBND tỉnh", "body", "t", "SB01", kind="văn phòng"),
]


def ids(units: list[Unit]) -> list[str]:
    return [found.unit_id for found in units]


def test_the_day_decides_which_version_of_the_tree_is_seen() -> None:
    old, new = UnitTree(UNITS, BEFORE), UnitTree(UNITS, AFTER)
    assert ids(list(old)) == ["t", "h", "a", "b", "o"]
    assert ids(list(new)) == ["t", "k", "o"]


def test_one_code_names_different_units_before_and_after_the_reform() -> None:
    old, new = UnitTree(UNITS, BEFORE).by_code("06979"), UnitTree(UNITS, AFTER).by_code("06979")
    assert old is not None and new is not None
    assert (old.name, new.name) == ("Xã Đạp Thanh", "Xã Kỳ Thượng")
    assert old.unit_id != new.unit_id


def test_path_subtree_and_within_follow_the_parents() -> None:
    tree = UnitTree(UNITS, BEFORE)
    assert tree.path("a") == ("t", "h", "a")
    assert ids(tree.subtree("h")) == ["h", "a", "b"]
    assert ids(tree.subtree("t", "commune")) == ["a", "b"]
    assert ids(tree.children("t")) == ["h", "o"]
    assert ids(tree.roots()) == ["t"]
    assert tree.within("a", "t") and tree.within("a", "a") and not tree.within("h", "a")


def test_a_unit_whose_parent_is_gone_counts_as_a_root() -> None:
    tree = UnitTree([unit("x", "Xã Lạc", parent="nobody")], BEFORE)
    assert ids(tree.roots()) == ["x"]
    assert tree.path("x") == ("x",)


def test_an_id_unknown_on_that_day_is_refused() -> None:
    with pytest.raises(NotFound) as refused:
        UnitTree(UNITS, AFTER).path("h")
    assert refused.value.code == "unit.unknown"


@pytest.mark.parametrize(
    ("text", "first"),
    [("dap thanh", "a"), ("ĐẠP", "a"), ("đồn đạc", "b"), ("don dac", "b"), ("quang ninh", "t"), ("202", "h"),
     ("thanh dap", "a"), ("ba che", "h")],
)
def test_search_ignores_accents_case_and_order_of_words(text: str, first: str) -> None:
    assert ids(UnitTree(UNITS, BEFORE).search(text))[0] == first


def test_search_finds_composed_and_decomposed_letters_alike() -> None:
    import unicodedata

    tree = UnitTree(UNITS, BEFORE)
    assert ids(tree.search(unicodedata.normalize("NFD", "Đạp Thanh"))) == ["a"]


def test_search_for_nothing_finds_nothing() -> None:
    assert UnitTree(UNITS, BEFORE).search("  ") == []
    assert UnitTree(UNITS, BEFORE).search("hà nội") == []


def test_names_that_begin_with_the_text_come_first() -> None:
    tree = UnitTree([unit("1", "Xã Tân Bình"), unit("2", "Xã Bình Dân")], BEFORE)
    assert ids(tree.search("binh")) == ["2", "1"]


@given(st.text(max_size=40))
def test_folding_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_successors_name_wholes_parts_and_the_unknown() -> None:
    lineage = Lineage([
        Succession("a", "k", "whole", REFORM),
        Succession("b", "k", "part", REFORM), Succession("b", "l", "part", REFORM),
        Succession("c", None, "unknown", REFORM),
    ])
    assert lineage.successors("a", AFTER) == [Heir("k", "whole")]
    assert lineage.successors("b", AFTER) == [Heir("k", "part"), Heir("l", "part")]
    assert lineage.successors("c", AFTER) == [Heir(None, "unknown")]
    assert [step.from_id for step in lineage.predecessors("k")] == ["a", "b"]


def test_before_the_reform_a_unit_is_its_own_successor() -> None:
    lineage = Lineage([Succession("a", "k", "whole", REFORM)])
    assert lineage.successors("a", BEFORE) == [Heir("a", "whole")]
    assert lineage.successors("nowhere", AFTER) == [Heir("nowhere", "whole")]


def test_the_chain_goes_through_several_reforms_and_a_part_stays_a_part() -> None:
    later = date(2030, 1, 1)
    lineage = Lineage([
        Succession("a", "k", "part", REFORM), Succession("a", "l", "part", REFORM),
        Succession("k", "z", "whole", later), Succession("l", "z", "whole", later),
    ])
    assert lineage.successors("a", AFTER) == [Heir("k", "part"), Heir("l", "part")]
    assert lineage.successors("a", later) == [Heir("z", "part")]


def test_a_ring_of_successions_ends() -> None:
    lineage = Lineage([Succession("a", "b", "whole", REFORM), Succession("b", "a", "whole", REFORM)])
    assert lineage.successors("a", AFTER) == [Heir("a", "whole")]


@given(st.dictionaries(st.integers(0, 30), st.integers(0, 30), max_size=30))
def test_every_unit_is_listed_once_whatever_the_parents(parents: dict[int, int]) -> None:
    """Rings included: a path always ends, and no unit is listed twice."""
    units = [unit(str(key), f"Xã {key}", parent=str(above)) for key, above in parents.items()]
    tree = UnitTree(units, BEFORE)
    listed = ids(list(tree))
    assert len(listed) == len(set(listed))
    for found in units:
        assert tree.path(found.unit_id)[-1] == found.unit_id
