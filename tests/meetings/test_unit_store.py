"""The shipped sets of units and foreign files in both databases: counts, versions, successors, all or nothing."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

import pytest

from meetings.errors import Invalid, NotFound
from meetings.importer import parse_succession, parse_units
from meetings.store import datasets, unit_store
from meetings.store.database import Database
from meetings.store.datasets import DATA, REFORM, load_dataset
from meetings.store.unit_store import Loaded
from meetings.units import Heir, Unit, UnitTree

LAST_DAY = date(2025, 6, 30)
HEADER = "gso_code,level,type,name,parent_code,lat,lon,source,as_of,valid_from,valid_to,organ_id\n"
SUCCESSION = "old_code,old_name,old_district,new_code,new_name,share\n"
# Communes of 2020 that had merged before the list of successions begins.
FORGOTTEN = {"06682", "06718", "06802", "06991", "07072", "07087"}


def load(db: Database, at: datetime, rows: str, succession: str = "", header: str = HEADER) -> Loaded:
    with db.write() as conn:
        datasets.load_levels(conn)
        parsed = parse_units(header + rows, unit_store.levels(conn), unit_store.units(conn))
        steps = parse_succession(SUCCESSION + succession) if succession else ()
        return unit_store.load(conn, parsed, at, steps)


def ship(db: Database, name: str, at: datetime) -> Loaded:
    with db.write() as conn:
        return load_dataset(conn, name, at)


def tree(db: Database, on: date) -> UnitTree:
    with db.read() as conn:
        return unit_store.tree(conn, on)


def by_level(found: UnitTree) -> dict[str, int]:
    return dict(Counter(unit.level for unit in found))


def one(found: UnitTree, code: str) -> Unit:
    unit = found.by_code(code)
    assert unit is not None
    return unit


def test_quang_ninh_of_2020_has_239_units_that_are_true_today(db: Database, at: datetime) -> None:
    assert ship(db, "quang-ninh-2020", at) == Loaded(added=239, ended=0, unchanged=0, successions=0)
    today = tree(db, at.date())
    assert by_level(today) == {"province": 1, "district": 13, "commune": 177, "body": 48}
    assert all(unit.valid_to is None for unit in today)
    assert {unit.level for unit in today if unit.illustrative} == {"body"}
    assert sum(unit.lat is None for unit in today if unit.level == "commune") == 6


def test_a_second_load_changes_nothing(db: Database, at: datetime) -> None:
    for name in datasets.NAMES:
        ship(db, name, at)
        with db.read() as conn:
            before = unit_store.units(conn), unit_store.successions(conn)
        again = ship(db, name, at)
        assert (again.added, again.ended, again.successions) == (0, 0, 0)
        with db.read() as conn:
            assert (unit_store.units(conn), unit_store.successions(conn)) == before


def test_the_reform_of_2025_replaces_districts_and_communes_and_leaves_the_province(db: Database, at: datetime) -> None:
    ship(db, "quang-ninh-2025", at)
    old, new = tree(db, LAST_DAY), tree(db, REFORM)
    assert by_level(old) == {"province": 1, "district": 13, "commune": 177, "body": 48}
    assert by_level(new) == {"province": 1, "commune": 54, "body": 48}
    province = one(new, "22")
    assert province == one(old, "22"), "the province goes on: one surrogate, one version"
    assert all(unit.valid_to == REFORM for unit in old if unit.level in ("district", "commune"))
    assert all(unit.parent_id == province.unit_id for unit in new if unit.level == "commune")
    assert not {unit.unit_id for unit in old} & {unit.unit_id for unit in new if unit.level == "commune"}


def test_a_reused_code_is_another_unit(db: Database, at: datetime) -> None:
    ship(db, "quang-ninh-2025", at)
    old, new = one(tree(db, LAST_DAY), "06979"), one(tree(db, REFORM), "06979")
    assert (old.name, new.name) == ("Xã Đạp Thanh", "Xã Kỳ Thượng")
    with db.read() as conn:
        lineage = unit_store.lineage(conn)
    assert lineage.successors(old.unit_id, REFORM) == [Heir(new.unit_id, "whole")]


def test_successors_are_whole_part_or_unknown(db: Database, at: datetime) -> None:
    ship(db, "quang-ninh-2025", at)
    old, new = tree(db, LAST_DAY), tree(db, REFORM)
    with db.read() as conn:
        lineage, steps = unit_store.lineage(conn), unit_store.successions(conn)
    assert Counter(step.share for step in steps) == {"whole": 159, "part": 25, "unknown": 6}
    assert {old.get(step.from_id).gso_code for step in steps if step.share == "unknown"} == FORGOTTEN
    assert all(step.to_id is None for step in steps if step.share == "unknown")
    hai_lang = {new.get(heir.unit_id or "").gso_code for heir in lineage.successors(one(old, "06886").unit_id, REFORM)}
    assert hai_lang == {"06799", "06886", "06970"}
    communes = old.subtree(one(old, "22").unit_id, "commune")
    assert all(step.from_id in {unit.unit_id for unit in communes} for step in steps)
    assert {unit.unit_id for unit in communes} == {step.from_id for step in steps}


def test_loading_2025_over_a_running_2020_is_the_same_reform(db: Database, at: datetime) -> None:
    ship(db, "quang-ninh-2020", at)
    before = tree(db, at.date())
    ship(db, "quang-ninh-2025", at)
    assert {unit.unit_id for unit in tree(db, LAST_DAY)} == {unit.unit_id for unit in before}
    assert by_level(tree(db, at.date())) == {"province": 1, "commune": 54, "body": 48}


def test_the_whole_country_loads(db: Database, at: datetime) -> None:
    ship(db, "vietnam-2025", at)
    today = tree(db, at.date())
    assert by_level(today) == {"province": 34, "commune": 3321}
    assert Counter(unit.type for unit in today if unit.level == "commune") == {"xã": 2621, "phường": 687, "đặc khu": 13}


def test_an_unknown_set_is_refused_by_name(sqlite_db: Database, at: datetime) -> None:
    with pytest.raises(NotFound) as refused:
        ship(sqlite_db, "atlantis", at)
    assert refused.value.code == "dataset.unknown"


def test_levels_follow_their_file_and_keep_what_units_use(db: Database, at: datetime) -> None:
    ship(db, "quang-ninh-2020", at)
    with db.read() as conn:
        levels = {level.level_id: level for level in unit_store.levels(conn)}
    assert [level for level in levels] == ["province", "district", "commune", "body"]
    assert levels["district"].retired_on == REFORM
    assert levels["commune"].code_digits == 5


ANOTHER = (
    "25,province,tỉnh,Tỉnh Phú Thọ,,21.3,105.2,t,2020,2019-01-01,,H44\n"
    "227,district,thành phố,Thành phố Việt Trì,25,,,t,2020,2019-01-01,,\n"
    "07888,commune,phường,Phường Dữu Lâu,227,,,t,2020,2019-01-01,,\n"
    "07889,commune,phường,Phường Vân Cơ,227,,,t,2020,2019-01-01,,\n"
)
REFORMED = (
    "25,province,tỉnh,Tỉnh Phú Thọ,,,,t,2025-07-01,,,\n"
    "07888,commune,phường,Phường Việt Trì,25,,,t,2025-07-01,,,\n"
)


def test_another_province_and_its_reform_load_from_files(db: Database, at: datetime) -> None:
    assert load(db, at, ANOTHER).added == 4
    done = load(db, at, REFORMED, "07888,Phường Dữu Lâu,,07888,Phường Việt Trì,whole\n")
    assert done == Loaded(added=1, ended=3, unchanged=1, successions=2)
    old, new = tree(db, LAST_DAY), tree(db, REFORM)
    assert by_level(old) == {"province": 1, "district": 1, "commune": 2}
    assert by_level(new) == {"province": 1, "commune": 1}
    with db.read() as conn:
        lineage = unit_store.lineage(conn)
    assert lineage.successors(one(old, "07889").unit_id, REFORM) == [Heir(None, "unknown")]
    assert one(new, "22" if new.by_code("22") else "25").organ_id == "H44"


def test_both_generations_may_stand_in_one_file(db: Database, at: datetime) -> None:
    lasting = "Phường Dữu Lâu,227,,,t,2020,2019-01-01,"
    older = ANOTHER.replace(lasting, lasting + "2025-07-01")
    done = load(db, at, older + REFORMED.splitlines(keepends=True)[1], "07888,,,07888,Phường Việt Trì,whole\n"
                "07889,,,07888,Phường Việt Trì,whole\n")
    assert (done.added, done.ended, done.successions) == (5, 0, 2)
    assert by_level(tree(db, REFORM)) == {"province": 1, "commune": 1}


def test_a_code_taken_by_a_living_unit_is_refused_and_nothing_is_loaded(db: Database, at: datetime) -> None:
    load(db, at, ANOTHER)
    with db.read() as conn:
        before = unit_store.units(conn)
    with pytest.raises(Invalid) as refused:
        load(db, at, "07890,commune,xã,Xã Mới,227,,,t,2025-07-01,,,\n"
                     "07888,commune,phường,Phường Khác,227,,,t,2025-07-01,,,\n")
    params = refused.value.params
    assert (params["line"], params["reason"], params["total"]) == (3, "row.code_taken", 1)
    with db.read() as conn:
        assert unit_store.units(conn) == before


@pytest.mark.parametrize(
    ("succession", "line", "reason"),
    [
        ("07888,,,07999,Xã Không,whole\n", 2, "new_unknown"),
        ("07888,,,07888,Phường Khác,whole\n", 2, "new_name"),
        ("07888,,,07888,Phường Việt Trì,whole\n00001,,,07888,Phường Việt Trì,whole\n", 3, "old_unknown"),
    ],
)
def test_unknown_codes_in_a_succession_refuse_everything(
    sqlite_db: Database, at: datetime, succession: str, line: int, reason: str
) -> None:
    load(sqlite_db, at, ANOTHER)
    with pytest.raises(Invalid) as refused:
        load(sqlite_db, at, REFORMED, succession)
    assert (refused.value.params["line"], refused.value.params["reason"]) == (line, f"row.{reason}")
    assert by_level(tree(sqlite_db, REFORM)) == {"province": 1, "district": 1, "commune": 2}


def test_a_row_under_a_parent_that_ends_with_the_same_import_is_refused(sqlite_db: Database, at: datetime) -> None:
    load(sqlite_db, at, ANOTHER)
    with pytest.raises(Invalid) as refused:
        load(sqlite_db, at, REFORMED + "07890,commune,xã,Xã Mồ Côi,227,,,t,2025-07-01,,,\n",
             "07888,,,07888,Phường Việt Trì,whole\n")
    assert (refused.value.params["line"], refused.value.params["reason"]) == (4, "row.parent_unknown")


def test_a_stated_fact_corrects_the_stored_one_and_a_blank_takes_nothing_back(db: Database, at: datetime) -> None:
    load(db, at, ANOTHER)
    load(db, at, "25,province,tỉnh,Tỉnh Phú Thọ,,21.4,105.3,t,2020,2019-01-01,,\n")
    province = one(tree(db, LAST_DAY), "25")
    assert (province.organ_id, province.lat) == ("H44", 21.4)


def test_a_change_that_begins_later_is_a_new_version_of_the_same_unit(db: Database, at: datetime) -> None:
    load(db, at, ANOTHER)
    load(db, at, "25,province,tỉnh,Tỉnh Phú Thọ,,,,t,2025,2025-04-14,,H99\n")
    old, new = one(tree(db, date(2025, 4, 13)), "25"), one(tree(db, date(2025, 4, 14)), "25")
    assert old.unit_id == new.unit_id
    assert (old.organ_id, new.organ_id) == ("H44", "H99")
    with db.read() as conn:
        assert len(unit_store.versions(conn, new.unit_id)) == 2


def test_a_unit_can_be_ended_by_its_file(db: Database, at: datetime) -> None:
    load(db, at, ANOTHER)
    assert load(db, at, "07889,commune,phường,Phường Vân Cơ,227,,,t,2020,2019-01-01,2024-01-01,\n").ended == 1
    assert tree(db, date(2024, 1, 1)).by_code("07889") is None
    assert tree(db, date(2023, 12, 31)).by_code("07889") is not None


def test_shipped_files_are_nfc_and_name_their_source() -> None:
    import unicodedata

    for path in DATA.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        assert unicodedata.is_normalized("NFC", text), path.name
