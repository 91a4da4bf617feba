"""Who is meant by "all communes under …", on the meeting's date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest

from meetings.errors import Invalid, NotFound
from meetings.store import unit_store
from meetings.store.database import Database
from meetings.store.datasets import REFORM
from scheduler import points
from scheduler.audience import Audience, Difference, Rule, difference
from scheduler.booking import Point
from tests.scheduler.conftest import Province

LAST_DAY = date(2025, 6, 30)


@pytest.fixture
def land(sqlite_db: Database, at: datetime, settle_in: Callable[..., Province]) -> Province:
    return settle_in(sqlite_db, at)


def meant(
    land: Province, *rules: tuple[str, str | None], added: tuple[str, ...] = (), removed: tuple[str, ...] = ()
) -> list[Point]:
    ids = {point.code: point.point_id for point in land.points}
    audience = Audience(
        tuple((land.unit(code).unit_id, level) for code, level in rules),
        frozenset(ids[code] for code in added), frozenset(ids[code] for code in removed),
    )
    return audience.resolve(land.tree, land.points, land.tree.on)


def test_the_whole_province_is_239_points(land: Province) -> None:
    assert len(meant(land, ("22", None))) == 239


@pytest.mark.parametrize(("level", "count"), [("province", 1), ("district", 13), ("commune", 177), ("body", 48)])
def test_a_level_of_a_subtree(land: Province, level: str, count: int) -> None:
    assert len(meant(land, ("22", level))) == count


def test_communes_of_one_district_only(land: Province) -> None:
    communes = meant(land, ("202", "commune"))
    assert {point.code for point in communes} == {point.code for point in land.under("202", "commune")}
    assert len(communes) == 8


def test_rules_add_up_points_come_once_and_removal_wins(land: Province) -> None:
    rules = ("202", None), ("202", "commune"), ("22", "province")
    chosen = meant(land, *rules, added=("SB01", "193"), removed=("202", "SB01"))
    codes = [point.code for point in chosen]
    assert len(codes) == len(set(codes)) == 8 + 1 + 1
    assert "SB01" not in codes and "202" not in codes


def test_the_order_is_the_tree_from_the_top(land: Province) -> None:
    codes = [point.code for point in meant(land, ("22", None))]
    assert codes[0] == "22"
    assert codes.index("202") < codes.index("06970") < codes.index("203")


def test_the_meeting_day_decides_which_units_are_meant(
    sqlite_db: Database, at: datetime, settle_in: Callable[..., Province]
) -> None:
    settle_in(sqlite_db, at, "quang-ninh-2025")
    with sqlite_db.write() as conn:
        old, new = unit_store.tree(conn, LAST_DAY), unit_store.tree(conn, REFORM)
        points.ensure_points(conn, old)
        everywhere = points.all_points(conn)
    province = new.by_code("22")
    assert province is not None
    audience = Audience(((province.unit_id, "commune"),))
    assert len(audience.resolve(old, everywhere, LAST_DAY)) == 177
    assert len(audience.resolve(new, everywhere, REFORM)) == 54
    assert len(Audience(((province.unit_id, "district"),)).resolve(new, everywhere, REFORM)) == 0


def test_an_unknown_unit_or_point_is_refused(land: Province) -> None:
    with pytest.raises(NotFound) as refused:
        Audience((("nowhere", None),)).resolve(land.tree, land.points, land.tree.on)
    assert refused.value.code == "unit.unknown"
    with pytest.raises(NotFound) as refused:
        Audience((), frozenset({99999})).resolve(land.tree, land.points, land.tree.on)
    assert (refused.value.code, refused.value.params["points"]) == ("point.unknown", [99999])


def test_the_tree_of_another_day_is_refused(land: Province) -> None:
    with pytest.raises(Invalid) as refused:
        Audience().resolve(land.tree, land.points, LAST_DAY)
    assert refused.value.code == "audience.day"


def test_a_difference_is_the_same_in_whatever_order_the_points_come() -> None:
    """A database gives rows in any order; one that is told once must not look like another."""
    booked = {3: "Ba", 1: "Một", 2: "Hai", 5: "Năm"}
    meant = [Point(7, "7", "Bảy", "u7"), Point(2, "2", "Hai", "u2"), Point(6, "6", "Sáu", "u6"), Point(1, "1", "Một", "u1")]
    units = {number: f"u{number}" for number in range(1, 8)}
    called = {1: "Một mới", 2: "Hai mới", 3: "Ba mới"}
    one = difference({1, 2, 3, 5}, booked, meant, units, called)
    assert one == difference([5, 3, 2, 1], dict(reversed(booked.items())), meant[::-1], units, called)
    assert [point for point, *_names in (*one.added, *one.removed, *one.renamed)] == [6, 7, 3, 5, 1, 2]


def test_only_units_make_a_difference() -> None:
    units = {1: "a", 2: "b", 3: "b", 4: "c", 5: "d"}
    meant = [Point(number, str(number), str(number), units[number]) for number in (1, 2, 3, 4)]
    found = difference({1, 2, 5}, {1: "1", 9: "9"}, meant, {**units, 9: "z"}, {})
    assert found == Difference(added=((4, "4"),)), "not another room of a unit, not who answered no, not who is in no rule"


def test_a_rule_says_what_somebody_decided_and_its_groups_are_those_of_its_day() -> None:
    rule = Rule((("u", None),), ("g",), frozenset({1}), frozenset({2}))
    assert rule.decided({2, 3}, {1}) == Rule((("u", None),), ("g",), frozenset({2, 3}), frozenset({1}))
    assert rule.settled({"g": (4, 5), "h": (6,)}).added == {1, 4, 5}


def test_what_both_say_of_a_difference_and_less_what_is_settled() -> None:
    one = Difference(((1, "A"), (2, "B")), ((3, "C"),), ((4, "D", "E"),))
    assert one.only(Difference(((2, "B"),), (), ((4, "D", "F"),))) == Difference(((2, "B"),))
    assert one.without({1, 3}) == Difference(((2, "B"),), (), ((4, "D", "E"),))
