"""The invitation stands in the layout of form 1.7 and is measured in working days."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from meetings.errors import Invalid
from minutes.draft import facts_from_events
from minutes.invitation import Repetition, invitation_model, notice_days, notice_is_short
from minutes.model import DocumentModel, Items, KeyValue, Paragraph
from tests.minutes.ledgers import Ledger, whole_meeting

ISSUED = datetime(2026, 3, 5, 3, 0, tzinfo=UTC)


def invited(count: int = 12, **changes: object) -> DocumentModel:
    log = Ledger().create(**changes).book(count)
    return invitation_model(facts_from_events(log.events), ISSUED, 3)


def words(model: DocumentModel) -> dict[str, str]:
    return {b.block_id: b.value if isinstance(b, KeyValue) else b.text
            for b in model.blocks if isinstance(b, KeyValue | Paragraph)}


def test_form_1_7_has_number_place_and_date_and_one_signer_for_the_committee() -> None:
    model = invited(unit={"id": "1", "name": "Xã Ba Chẽ", "parent_name": "Tỉnh Quảng Ninh", "path": []},
                    chair={"id": "c", "name": "ThS. Vũ Nam", "title": "Phó Chủ tịch UBND xã"})
    assert (model.title, model.header.symbol, model.header.number) == ("GIẤY MỜI", "GM-UBND", 3)
    assert model.header.place_date == "Ba Chẽ, ngày 05 tháng 3 năm 2026"
    signature, = model.signatures
    assert signature.lines == ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH") and signature.name == "Vũ Nam"
    assert model.recipients == ("Như trên;", "Lưu: VT.")


@pytest.mark.parametrize(("title", "lines"), [
    ("Giám đốc", ("GIÁM ĐỐC",)), ("Phó Giám đốc Sở Y tế", ("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC")),
    ("Phó Chủ tịch UBND tỉnh", ("PHÓ CHỦ TỊCH UBND TỈNH",)), ("Chánh Văn phòng", ("CHÁNH VĂN PHÒNG",)),
])
def test_a_department_invites_from_its_province_and_signs_with_the_posts_it_has(
    title: str, lines: tuple[str, ...]
) -> None:
    model = invited(unit={"id": "1", "name": "Sở Y tế", "parent_name": "Tỉnh Quảng Ninh", "path": []},
                    chair={"id": "c", "name": "Vũ Nam", "title": title})
    assert model.header.place_date == "Quảng Ninh, ngày 05 tháng 3 năm 2026"
    assert model.signatures[0].lines == lines


def test_a_long_name_of_a_body_does_not_stand_before_the_date() -> None:
    name = "Ban Quản lý dự án " + "đầu tư xây dựng " * 8
    model = invited(unit={"id": "1", "name": name, "parent_name": "Sở Xây dựng", "path": []})
    assert model.header.place_date == "ngày 05 tháng 3 năm 2026"


def test_it_says_who_is_invited_to_what_when_and_where() -> None:
    said = words(invited(2))
    assert said["invite"] == "Ủy ban nhân dân tỉnh Quảng Ninh trân trọng kính mời: Xã Ba Chẽ 1; Xã Ba Chẽ 2."
    assert said["attend"] == "Hội nghị trực tuyến về chuyển đổi số"
    assert said["time"] == "từ 08 giờ 00 phút đến 11 giờ 30 phút, ngày 24 tháng 11 năm 2026"
    assert said["chair"] == "TS. Trần Thị Bình, Chủ tịch UBND tỉnh" and said["end"].endswith("./.")


def test_there_is_no_line_of_addressees_as_in_a_letter() -> None:
    assert "Kính gửi" not in invited().to_json().decode()


def test_many_guests_are_counted_in_the_text_and_named_in_the_appendix() -> None:
    model = invited(239)
    assert words(model)["invite"].endswith(
        "239 điểm cầu theo danh sách kèm theo (1 điểm cầu cấp tỉnh; 13 điểm cầu cấp huyện; "
        "48 điểm cầu cơ quan cấp tỉnh; 177 điểm cầu cấp xã).")
    assert len(model.appendices[0].blocks[0].rows) == 239 and not invited(20).appendices


def test_the_agenda_is_numbered_and_left_out_when_empty() -> None:
    assert [b.items for b in invited().blocks if isinstance(b, Items)] == [("Khai mạc – Chủ tọa", "Thảo luận")]
    assert not any(isinstance(b, Items) for b in invited(agenda=[]).blocks)


def test_a_meeting_over_two_days_names_both() -> None:
    facts = replace(facts_from_events(whole_meeting()), end=datetime(2026, 11, 25, 3, 0, tzinfo=UTC))
    said = words(invitation_model(facts, ISSUED))["time"]
    assert said.startswith("từ 08 giờ 00 phút, ngày 24 tháng 11 năm 2026 đến 10 giờ")


def test_a_title_in_capitals_keeps_them_inside_the_summary() -> None:
    assert invited(title="HĐND họp").summary == "Dự HĐND họp" and invited().summary.startswith("Dự hội nghị")


def test_a_title_beyond_the_limit_is_refused() -> None:
    with pytest.raises(Invalid):
        invited(title="x" * 501)


def test_an_invitation_of_thursday_for_monday_is_too_short() -> None:
    assert notice_days(date(2026, 3, 5), date(2026, 3, 9)) == 2
    assert notice_is_short(date(2026, 3, 5), date(2026, 3, 9))
    assert not notice_is_short(date(2026, 3, 5), date(2026, 3, 10))


@pytest.mark.parametrize(("rule", "said"), [
    ("FREQ=WEEKLY;COUNT=2;BYDAY=MO,TH", "hằng tuần, vào Thứ Hai và Thứ Năm"),
    ("FREQ=MONTHLY;COUNT=2;BYDAY=2MO", "hằng tháng, vào Thứ Hai thứ hai của tháng"),
    ("FREQ=MONTHLY;COUNT=2;BYMONTHDAY=9", "hằng tháng, vào ngày 09"),
    ("FREQ=MONTHLY;COUNT=2;BYMONTHDAY=-1", "hằng tháng"),
    ("FREQ=MONTHLY;COUNT=2;BYMONTHDAY=9,23", "hằng tháng"),
    ("FREQ=MONTHLY;COUNT=2;BYDAY=5MO", "hằng tháng"),
    ("FREQ=MONTHLY;COUNT=2;BYDAY=MO,TU;BYSETPOS=-1", "hằng tháng"),
])
def test_a_rule_is_said_in_words_that_are_true_of_it(rule: str, said: str) -> None:
    start = datetime(2026, 3, 9, 1, tzinfo=UTC)
    assert Repetition(rule, ((start, start),)).words() == said
