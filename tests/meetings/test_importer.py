"""CSV lists of units: what is accepted, and every way a row is refused with its line and reason."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings import importer
from meetings.errors import Invalid, MeetingError, TooLarge
from meetings.importer import parse_levels, parse_succession, parse_units
from meetings.store.datasets import DATA
from meetings.units import Unit

LEVELS = parse_levels((DATA / "levels.csv").read_bytes())
HEADER = "gso_code,level,type,name,parent_code,lat,lon,source,as_of"
PROVINCE = "22,province,tỉnh,Tỉnh Quảng Ninh,,21.2643,107.2236,test,2020"
DISTRICT = "202,district,huyện,Huyện Ba Chẽ,22,,,test,2020"
COMMUNE = "06979,commune,xã,Xã Đạp Thanh,202,21.2,107.1,test,2020"
SUCCESSION = "old_code,old_name,old_district,new_code,new_name,share"


def file(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"


def refusal(text: str | bytes) -> dict[str, object]:
    with pytest.raises(Invalid) as refused:
        parse_units(text, LEVELS)
    assert refused.value.code == "units.row"
    params = refused.value.params
    assert params["reason"].removeprefix("row.") in importer.REASONS
    return params


def test_rows_become_units_with_their_codes_as_text() -> None:
    parsed = parse_units(file(PROVINCE, DISTRICT, COMMUNE), LEVELS)
    row = parsed.rows[2]
    assert (row.line, row.gso_code, row.name, row.parent_code) == (4, "06979", "Xã Đạp Thanh", "202")
    assert (row.lat, row.lon, row.valid_from, row.valid_to) == (21.2, 107.1, date(2020, 1, 1), None)
    assert parsed.rows[1].lat is None


def test_optional_columns_are_read() -> None:
    text = file(
        PROVINCE + ",2019-05-01,2025-07-01,H49,0", DISTRICT + ",2019-05-01,,H49.12.AB,1",
        header=HEADER + ",valid_from,valid_to,organ_id,illustrative",
    )
    province, district = parse_units(text, LEVELS).rows
    assert (province.valid_from, province.valid_to, province.organ_id) == (date(2019, 5, 1), date(2025, 7, 1), "H49")
    assert not province.illustrative and district.illustrative


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault() -> None:
    text = file(PROVINCE, DISTRICT).replace("\n", "\r\n")
    assert len(parse_units(b"\xef\xbb\xbf" + text.encode(), LEVELS).rows) == 2


def test_names_are_normalised_to_composed_letters() -> None:
    row = parse_units(unicodedata.normalize("NFD", file(PROVINCE)), LEVELS).rows[0]
    assert row.name == unicodedata.normalize("NFC", "Tỉnh Quảng Ninh")


def test_children_may_stand_before_their_parents() -> None:
    assert len(parse_units(file(COMMUNE, DISTRICT, PROVINCE), LEVELS).rows) == 3


def test_a_parent_may_be_one_that_is_stored_already() -> None:
    begin = date(2019, 1, 1)
    stored = Unit("u", "Tỉnh Quảng Ninh", "tỉnh", "province", None, "22", None, begin, None, None, None, "x", "2019")
    assert len(parse_units(file(DISTRICT), LEVELS, [stored]).rows) == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("202,county,huyện,Huyện Ba Chẽ,22,,,test,2020", "level_unknown"),
        ("202,district,huyện,,22,,,test,2020", "name_missing"),
        ("202,district,,Huyện Ba Chẽ,22,,,test,2020", "type_missing"),
        ("202,district,huyện,Huyện Ba Chẽ,22,,,,2020", "source_missing"),
        ("202,district,huyện,Huyện\x07 Ba Chẽ,22,,,test,2020", "text"),
        (f"202,district,huyện,{'x' * 201},22,,,test,2020", "text"),
        ("2,district,huyện,Huyện Ba Chẽ,22,,,test,2020", "code_padding"),
        ("00202,district,huyện,Huyện Ba Chẽ,22,,,test,2020", "code_padding"),
        ("6979,commune,xã,Xã Đạp Thanh,22,,,test,2020", "code_padding"),
        ("2O2,district,huyện,Huyện Ba Chẽ,22,,,test,2020", "code_shape"),
        ("٢٠٢,district,huyện,Huyện Ba Chẽ,22,,,test,2020", "code_shape"),
        ("01,body,sở,Sở Nội vụ,22,,,test,2020", "code_shape"),
        ("22,province,tỉnh,Tỉnh Khác,,,,test,2020", "code_twice"),
        ("202,district,huyện,Huyện Ba Chẽ,,,,test,2020", "parent_missing"),
        ("202,district,huyện,Huyện Ba Chẽ,99,,,test,2020", "parent_unknown"),
        ("23,province,tỉnh,Tỉnh Con,22,,,test,2020", "parent_level"),
        ("202,district,huyện,Huyện Ba Chẽ,22,,,test,20-01-01", "date"),
        ("202,district,huyện,Huyện Ba Chẽ,22,,,test,2020-02-30", "date"),
        ("202,district,huyện,Huyện Ba Chẽ,22,91,107,test,2020", "coordinates"),
        ("202,district,huyện,Huyện Ba Chẽ,22,21,180.5,test,2020", "coordinates"),
        ("202,district,huyện,Huyện Ba Chẽ,22,nan,107,test,2020", "coordinates"),
        ("202,district,huyện,Huyện Ba Chẽ,22,21,,test,2020", "coordinates"),
        ("202,district,huyện,Huyện Ba Chẽ,22,north,east,test,2020", "coordinates"),
        ("202,district,huyện,Huyện Ba Chẽ,22,,test,2020", "columns"),
        ('202,district,huyện,"Huyện" Ba Chẽ,22,,,test,2020', "csv"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_reason(bad: str, reason: str) -> None:
    params = refusal(file(PROVINCE, bad))
    assert (params["line"], params["reason"]) == (3, f"row.{reason}")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("2020-13-01,,", "date"), ("01/07/2025,,", "date"), ("20250701,,", "date"), (",2025-7-1,", "date"),
        ("2025-07-01,2025-07-01,", "validity"), ("2025-07-01,2025-06-30,", "validity"), (",2020-01-01,", "validity"),
        (",,h49", "organ_id"), (",,H4", "organ_id"), (",,H49.", "organ_id"), (",,H49..12", "organ_id"),
        (",,H49.12-3", "organ_id"), (",,H49." + "1" * 32, "organ_id"), (",,000.00.H49", "organ_id"),
    ],
)
def test_bad_validity_and_organ_ids_are_refused(cells: str, reason: str) -> None:
    params = refusal(file(PROVINCE + "," + cells, header=HEADER + ",valid_from,valid_to,organ_id"))
    assert (params["line"], params["reason"]) == (2, f"row.{reason}")


@pytest.mark.parametrize("organ_id", ["H49", "H49.12.34", "G09.01", "H55.242", "000.00.00.H49", "H49." + "1" * 31])
def test_both_generations_of_organ_ids_are_accepted(organ_id: str) -> None:
    row = parse_units(file(f"{PROVINCE},{organ_id}", header=HEADER + ",organ_id"), LEVELS).rows[0]
    assert row.organ_id == organ_id


def test_a_ring_of_parents_is_refused_on_every_line_of_it() -> None:
    params = refusal(file(
        PROVINCE, "00001,commune,xã,Xã Một,00002,,,t,2020", "00002,commune,xã,Xã Hai,00003,,,t,2020",
        "00003,commune,xã,Xã Ba,00001,,,t,2020", "00004,commune,xã,Xã Bốn,00004,,,t,2020",
    ))
    assert [(row["line"], row["reason"]) for row in params["rows"]] == [(n, "row.cycle") for n in (3, 4, 5, 6)]


def test_one_code_may_name_two_units_one_after_the_other() -> None:
    header = HEADER + ",valid_from,valid_to"
    rows = (PROVINCE + ",2019-01-01,", "06979,commune,xã,Xã Đạp Thanh,22,,,t,2020,,2025-07-01",
            "06979,commune,xã,Xã Kỳ Thượng,22,,,t,2025,2025-07-01,")
    assert len(parse_units(file(*rows, header=header), LEVELS).rows) == 3
    overlap = rows[2].replace("2025-07-01,", "2025-06-30,")
    params = refusal(file(*rows[:2], overlap, header=header))
    assert (params["line"], params["reason"]) == (4, "row.code_twice")


def test_all_bad_rows_are_reported_up_to_twenty() -> None:
    bad = [f"{number},commune,xã,Xã {number},22,,,t,2020" for number in range(30)]
    params = refusal(file(PROVINCE, *bad))
    assert params["total"] == 30
    assert [row["line"] for row in params["rows"]] == list(range(3, 23))


@pytest.mark.parametrize(
    ("header", "reason"),
    [(HEADER.replace("name,", ""), "column_missing"), (HEADER + ",valid_form", "column_unknown"),
     (HEADER + ",name", "columns")],
)
def test_columns_must_be_the_known_ones(header: str, reason: str) -> None:
    assert refusal(file(PROVINCE, header=header))["reason"] == f"row.{reason}"


@pytest.mark.parametrize("text", ["", "\n\n", HEADER])
def test_a_file_without_rows_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_units(text, LEVELS)
    assert refused.value.code == "units.empty"


def test_text_that_is_not_utf8_is_refused_by_line() -> None:
    with pytest.raises(Invalid) as refused:
        parse_units(file(PROVINCE).encode() + b"202,district,huy\xea", LEVELS)
    assert (refused.value.code, refused.value.params["line"]) == ("units.encoding", 3)


def test_a_file_beyond_the_limits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge) as refused:
        parse_units(b"x" * (importer.MAX_BYTES + 1), LEVELS)
    assert refused.value.code == "units.too_large"
    monkeypatch.setattr(importer, "MAX_ROWS", 1)
    with pytest.raises(TooLarge) as refused:
        parse_units(file(PROVINCE, DISTRICT), LEVELS)
    assert refused.value.code == "units.too_many"


def test_a_row_over_several_lines_is_named_by_its_first() -> None:
    params = refusal(file(PROVINCE, '202,district,huyện,"Huyện\nBa Chẽ",22,,,t,2020', COMMUNE))
    assert (params["line"], params["reason"]) == (3, "row.text")


@pytest.mark.parametrize(
    ("rows", "line", "reason"),
    [
        (("06979,a,,06979,b,most",), 2, "share"),
        (("06979,a,,06979,b,whole", "06979,a,,06985,c,part"), 3, "share"),
        (("06979,a,,06979,b,whole", "06979,a,,06985,c,whole"), 3, "share"),
        (("06979,a,,06979,b,part", "06979,a,,06979,b,part"), 3, "succession_twice"),
        (("06979,a,,,,whole",), 2, "share"),
        (("06979,a,,06979,b,unknown",), 2, "share"),
    ],
)
def test_bad_successions_are_refused(rows: tuple[str, ...], line: int, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_succession(file(*rows, header=SUCCESSION))
    assert refused.value.code == "succession.row"
    assert (refused.value.params["line"], refused.value.params["reason"]) == (line, f"row.{reason}")


def test_a_unit_may_be_divided_and_a_successor_may_be_unknown() -> None:
    rows = parse_succession(file("1,a,,2,b,part", "1,a,,3,c,part", "4,d,,,,unknown", header=SUCCESSION))
    assert [row.share for row in rows] == ["part", "part", "unknown"]


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_no_input_makes_the_parser_fall(text: str | bytes) -> None:
    for parse in (lambda: parse_units(text, LEVELS), lambda: parse_succession(text), lambda: parse_levels(text)):
        try:
            parse()
        except MeetingError:
            pass


CELLS = ["22", "202", "06979", "province", "district", "commune", "body", "SB1", "x", "", "2020", "2020-01-01", "1"]


@given(st.lists(st.lists(st.sampled_from(CELLS), min_size=9, max_size=9), max_size=8))
def test_whatever_is_accepted_has_sound_parents(rows: list[list[str]]) -> None:
    try:
        parsed = parse_units(file(*(",".join(row) for row in rows)), LEVELS)
    except MeetingError:
        return
    codes = {row.gso_code for row in parsed.rows}
    assert all(row.parent_code in codes for row in parsed.rows if row.parent_code)
    assert all(row.parent_code or row.level == "province" for row in parsed.rows)
