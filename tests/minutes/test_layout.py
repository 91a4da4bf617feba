"""Golden vectors of Decree 30/2020/NĐ-CP: how dates, numbers, names and terms are written."""

from datetime import UTC, date, datetime

import pytest

from minutes import layout


@pytest.mark.parametrize(("value", "expected"), [
    (date(2026, 2, 5), "Ba Chẽ, ngày 05 tháng 02 năm 2026"),
    (date(2026, 3, 5), "Ba Chẽ, ngày 05 tháng 3 năm 2026"),
    (date(2026, 11, 12), "Ba Chẽ, ngày 12 tháng 11 năm 2026"),
    (date(2019, 6, 29), "Ba Chẽ, ngày 29 tháng 6 năm 2019"),
    (date(2026, 1, 1), "Ba Chẽ, ngày 01 tháng 01 năm 2026"),
])
def test_place_and_date_pad_days_below_ten_and_only_the_first_two_months(value: date, expected: str) -> None:
    assert layout.place_date("Ba Chẽ", value) == expected


@pytest.mark.parametrize(("number", "symbol", "expected"), [
    (7, "BB-UBND", "Số: 07/BB-UBND"), (112, "BB-UBND", "Số: 112/BB-UBND"), (1, "GM-UBND", "Số: 01/GM-UBND"),
    (431, "BB-UBND", "Số: 431/BB-UBND"),
])
def test_number_and_symbol(number: int, symbol: str, expected: str) -> None:
    assert layout.document_number(number, symbol) == expected


def test_a_number_not_reserved_yet_leaves_a_blank_that_does_not_collapse() -> None:
    text = layout.document_number(None, "BB-UBND")
    assert text.split() == ["Số:", "/BB-UBND"] and text.count("\u00a0") == 6


def test_times_are_those_of_vietnam() -> None:
    at = datetime(2026, 2, 4, 18, 5, 27, tzinfo=UTC)
    assert layout.moment(at) == "01 giờ 05 phút, ngày 05 tháng 02 năm 2026"
    assert layout.short_clock(at) == "01:05"
    assert layout.signing_time(datetime(2026, 2, 5, 7, 3, 27, tzinfo=UTC)) == "05-02-2026 14:03:27 +07:00"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        layout.clock(datetime(2026, 2, 5))


@pytest.mark.parametrize(("name", "expected"), [
    ("TS. Trần Thị Bình", "Trần Thị Bình"), ("ThS. Lê Hoa", "Lê Hoa"), ("PGS.TS. Nguyễn An", "Nguyễn An"),
    ("PGS, TS Nguyễn An", "Nguyễn An"), ("Tiến sĩ Nguyễn An", "Nguyễn An"), ("  Nguyễn An ", "Nguyễn An"),
    ("Tsằn A Sám", "Tsằn A Sám"), ("Ksor Phước", "Ksor Phước"), ("BSCKII. Hà Vy", "Hà Vy"),
    ("Giáo Văn Sĩ", "Giáo Văn Sĩ"),
])
def test_names_under_signatures_carry_no_academic_title(name: str, expected: str) -> None:
    assert layout.plain_name(name) == expected


@pytest.mark.parametrize(("collective", "post", "expected"), [
    ("Ủy ban nhân dân", "Phó Chủ tịch", ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")),
    ("Ủy ban nhân dân", "Phó Chủ tịch UBND tỉnh", ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")),
    ("Ủy ban nhân dân", "Chủ tịch UBND tỉnh", ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")),
    ("", "Phó Giám đốc Sở Y tế", ("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC")),
    ("Ủy ban nhân dân", "Chánh Văn phòng", ("TL. CHỦ TỊCH", "CHÁNH VĂN PHÒNG")),
    ("Ủy ban nhân dân", "Phó Chánh Văn phòng", ("TL. CHỦ TỊCH", "KT. CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG")),
    ("", "", ()),
])
def test_lines_of_authority(collective: str, post: str, expected: tuple[str, ...]) -> None:
    assert layout.authority_lines(collective, post) == expected


@pytest.mark.parametrize(("unit", "parent", "expected"), [
    ("Xã Ba Chẽ", "Tỉnh Quảng Ninh", ("", ("ỦY BAN NHÂN DÂN", "XÃ BA CHẼ"))),
    ("Tỉnh Quảng Ninh", "", ("", ("ỦY BAN NHÂN DÂN", "TỈNH QUẢNG NINH"))),
    ("Sở Y tế", "Tỉnh Quảng Ninh", ("UBND TỈNH QUẢNG NINH", ("SỞ Y TẾ",))),
    ("Uỷ ban nhân dân xã Ba Chẽ", "", ("", ("ỦY BAN NHÂN DÂN", "XÃ BA CHẼ"))),
    ("Chi cục Thủy sản", "Sở Nông nghiệp", ("SỞ NÔNG NGHIỆP", ("CHI CỤC THỦY SẢN",))),
])
def test_issuer_lines(unit: str, parent: str, expected: tuple[str, tuple[str, ...]]) -> None:
    assert layout.issuer_lines(unit, parent) == expected


def test_units_named_after_a_number_keep_their_full_name_as_place() -> None:
    assert layout.place_name("Phường Móng Cái 1") == "Phường Móng Cái 1"
    assert layout.place_name("Xã Ba Chẽ") == "Ba Chẽ"
    assert layout.place_name("Phường Nguyễn Du", whole=True) == "Phường Nguyễn Du"


@pytest.mark.parametrize(("unit", "parent", "expected"), [
    ("Sở Y tế", "Tỉnh Quảng Ninh", "Quảng Ninh"), ("Sở Y tế", "Ủy ban nhân dân tỉnh Quảng Ninh", "Quảng Ninh"),
    ("Chi cục Thủy sản", "Sở Nông nghiệp", ""), ("Sở Y tế", "", ""),
    ("Ủy ban nhân dân tỉnh Quảng Ninh", "", "Quảng Ninh"), ("Uỷ ban nhân dân xã Ba Chẽ", "Tỉnh Quảng Ninh", "Ba Chẽ"),
])
def test_a_department_sits_where_the_unit_it_belongs_to_does(unit: str, parent: str, expected: str) -> None:
    assert layout.place_name(unit, parent) == expected


@pytest.mark.parametrize(("unit", "symbol"), [
    ("Tỉnh Quảng Ninh", "UBND"), ("Xã Ba Chẽ", "UBND"), ("Ủy ban nhân dân tỉnh Quảng Ninh", "UBND"), ("Sở Y tế", "SYT"),
    ("Sở Khoa học và Công nghệ", "SKHCN"), ("", "UBND"),
])
def test_symbol_of_an_issuer(unit: str, symbol: str) -> None:
    assert layout.unit_symbol(unit) == symbol


@pytest.mark.parametrize(("part", "whole", "text"), [
    (2, 3, "66,7%"), (1, 3, "33,3%"), (239, 239, "100%"), (0, 5, "0%"), (1, 0, "0%"), (1, 8, "12,5%"), (1, 400, "0,3%"),
])
def test_shares_are_rounded_half_up_with_a_decimal_comma(part: int, whole: int, text: str) -> None:
    assert layout.percent(part, whole) == text


def test_thursday_to_monday_is_two_working_days() -> None:
    assert layout.working_days(date(2026, 3, 5), date(2026, 3, 9)) == 2


def test_a_term_of_five_working_days_skips_weekends_and_holidays() -> None:
    assert layout.add_working_days(date(2026, 4, 24), 5) == date(2026, 5, 6)


def test_holidays_may_be_given_as_data() -> None:
    assert layout.add_working_days(date(2026, 3, 5), 1, off={date(2026, 3, 6)}) == date(2026, 3, 9)
    assert date(2031, 9, 2) in layout.holidays(2031)
