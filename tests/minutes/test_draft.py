"""Minutes drafted from the ledger stand in the layout of form 1.9 and say what happened."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from meetings.voting import Rule, tally
from minutes.docx import render_docx
from minutes.draft import facts_from_events, minutes_model
from minutes.facts import Elector, VoteFact
from minutes.glyphs import BLANK
from minutes.invitation import invitation_model
from minutes.model import DocumentModel, Items, KeyValue, Table
from minutes.pdf import render_pdf
from minutes.votes import appendices, name_of, rule_text
from tests.minutes.ledgers import HOSTILE, OPENING, RULE, Ledger, whole_meeting


def drafted(count: int = 12, **options: object) -> DocumentModel:
    return minutes_model(facts_from_events(whole_meeting(count)), **options)


def said(model: DocumentModel) -> dict[str, str]:
    """Block id → its words."""
    words = {}
    for block in model.body():
        if isinstance(block, KeyValue):
            words[block.block_id] = f"{block.key}: {block.value}"
        elif isinstance(block, Items):
            words[block.block_id] = "\n".join(block.items)
        elif isinstance(block, Table):
            words[block.block_id] = "\n".join(" | ".join(row) for row in block.rows)
        else:
            words[block.block_id] = block.text
    return words


def test_form_1_9_has_no_place_and_date_secretary_left_and_chair_right() -> None:
    model = drafted(number=7)
    assert model.header.place_date == "" and model.header.issuer == ("ỦY BAN NHÂN DÂN", "TỈNH QUẢNG NINH")
    assert (model.title, model.header.number, model.header.symbol) == ("BIÊN BẢN", 7, "BB-UBND")
    assert [(s.role, s.lines, s.name) for s in model.signatures] == [
        ("secretary", ("THƯ KÝ",), "Nguyễn Văn An"), ("chair", ("CHỦ TỌA",), "Trần Thị Bình")]
    assert model.recipients[-1] == "Lưu: VT, Hồ sơ."


def test_the_parts_stand_in_the_order_of_the_form() -> None:
    ids = [block.block_id for block in drafted().blocks]
    wanted = ["start", "place", "attendance", "chair", "secretary", "content", "item-1", "item-2", "vote-m1",
              "conclusions", "end"]
    assert [ids.index(name) for name in wanted] == sorted(ids.index(name) for name in wanted)
    assert ids[-1] == "end"


def test_opening_and_closing_are_told_in_vietnamese_time() -> None:
    words = said(drafted())
    assert words["start"] == "Thời gian bắt đầu: 08 giờ 00 phút, ngày 24 tháng 11 năm 2026"
    assert words["end"] == "Cuộc họp kết thúc vào 09 giờ 40 phút, ngày 24 tháng 11 năm 2026./."
    assert words["pauses"] == "Cuộc họp tạm dừng từ 09 giờ 00 phút đến 09 giờ 10 phút."


def test_attendance_is_counted_and_the_absent_are_named() -> None:
    words = said(drafted())
    assert words["attendance"].startswith("Thành phần tham dự: 11/12 điểm cầu tham dự (cấp tỉnh 1/1; cấp xã 10/11).")
    assert "1 điểm cầu vào muộn; 1 điểm cầu rời sớm." in words["attendance"]
    assert words["absent"] == "Điểm cầu vắng mặt: Xã Ba Chẽ 6."
    assert words["delegates"] == "Phạm Văn Cường, Phó Chủ tịch UBND xã – Xã Ba Chẽ 3"


def test_the_list_of_points_gives_times_and_remarks() -> None:
    rows = said(drafted())["attendance-list"].split("\n")
    assert rows[0] == "Cấp tỉnh: 1/1 điểm cầu tham dự" and rows[2] == "Cấp xã: 10/11 điểm cầu tham dự"
    assert rows[3] == "2 | Xã Ba Chẽ 2 | 00002 | 08:00–08:50; 08:55–09:40 | "
    assert rows[6] == "5 | Xã Ba Chẽ 5 | 00005 | 08:12–09:40 | Vào muộn"
    assert rows[7] == "6 | Xã Ba Chẽ 6 | 00006 |  | Vắng mặt"
    assert rows[9] == "8 | Xã Ba Chẽ 8 | 00008 | 08:00–09:20 | Rời sớm"


def test_a_vote_is_told_with_rule_quorum_counts_shares_and_result() -> None:
    words = said(drafted())
    assert words["vote-rule-m1"] == (
        "Có quyền biểu quyết 12 điểm cầu; có mặt 11 (91,7%), đủ số cần có là 8 (2/3 tổng số). "
        "Thông qua khi số tán thành quá 1/2 tổng số điểm cầu có quyền biểu quyết.")
    assert words["vote-counts-m1"].split("\n") == [
        "Tán thành | 8 | 66,7% | 72,7%", "Không tán thành | 1 | 8,3% | 9,1%", "Không biểu quyết | 1 | 8,3% | 9,1%",
        "Không bỏ phiếu | 2 | 16,7% | –"]
    assert words["vote-result-m1"] == "Kết quả: nội dung trên được thông qua."
    assert words["ballots-m1-against"] == "Không tán thành (1): Xã Ba Chẽ 3."


@pytest.mark.parametrize("majority, base, words", [
    ("1/2", "all", "quá 1/2 tổng số điểm cầu có quyền biểu quyết."),
    ("2/3", "all", "đạt từ 2/3 tổng số điểm cầu có quyền biểu quyết trở lên."),
    ("3/4", "present", "đạt từ 3/4 số điểm cầu có mặt trở lên."),
    ("1", "cast", "bằng số phiếu đã bỏ."),
])
def test_the_rule_in_words_says_what_the_count_does(majority: str, base: str, words: str) -> None:
    """At exactly the share: the sentence about the rule and the one about the result must not contradict."""
    rule = Rule.from_data({"quorum": "0", "majority": majority, "base": base})
    passed = tally(rule, 12, 12, {"for": int(rule.majority * 12), "against": int((1 - rule.majority) * 12)}).passed
    assert passed is ("quá" not in words)
    text = rule_text(VoteFact("m", "T", rule.as_data(), 12, 12, 0, OPENING, passed=passed))
    assert text.endswith(f"có mặt 12 (100%). Thông qua khi số tán thành {words}")


@pytest.mark.parametrize("quorum, words", [("0", ""), ("2/3", ", đủ số cần có là 8 (2/3 tổng số)"),
                                           ("1", ", đủ số cần có là 8 (tổng số)")])
def test_a_quorum_is_told_where_one_was_asked(quorum: str, words: str) -> None:
    vote = VoteFact("m", "T", {"quorum": quorum, "majority": "2/3", "base": "all"}, 12, 12, 8, OPENING)
    assert f"(100%){words}. Thông qua" in rule_text(vote)


def test_a_lost_vote_and_an_unfinished_one_are_told_as_such() -> None:
    log = Ledger().create().book(3).add("meeting.opened", 0).vote("a", 5, {1: "against"}, passed=False)
    log.add("motion.opened", 20, motion="b", title="Khác", rule=RULE, options=[], entitled=3, present=1,
            quorum_needed=2)
    words = said(minutes_model(facts_from_events(log.add("meeting.closed", 60).events)))
    assert words["vote-result-a"] == "Kết quả: nội dung trên không được thông qua."
    assert "không đủ số cần có là 2" in words["vote-rule-b"] and "không có kết quả" in words["vote-result-b"]
    assert "vote-counts-b" not in words


def test_a_question_and_the_person_who_put_it_are_named() -> None:
    log = Ledger().create().book(2).add("meeting.opened", 0)
    log.add("floor.given", 10, log.point(2), kind="question", person={"id": "p", "name": "Lò Thị Mai"}).add("meeting.closed", 60)
    words = said(minutes_model(facts_from_events(log.events)))
    assert words["floors-other"] == "Phát biểu: Lò Thị Mai, Xã Ba Chẽ 2 (câu hỏi, 08:10–09:00)."


def test_floor_times_stand_under_their_agenda_item() -> None:
    words = said(drafted())
    assert words["floors-2"] == "Phát biểu: Xã Ba Chẽ 2 (08:06–08:16); Xã Ba Chẽ 3 (08:16–08:20)."
    assert words["times-1"] == "Trình bày: Chủ tọa. Tiến hành từ 08 giờ 01 phút đến 08 giờ 05 phút."


def test_a_meeting_in_which_nothing_was_conducted_still_has_minutes() -> None:
    log = Ledger().create(agenda=[], place="").book(1).add("meeting.opened", 0).add("meeting.closed", 1)
    words = said(minutes_model(facts_from_events(log.events)))
    assert words["place"] == "Địa điểm: Tỉnh Quảng Ninh" and words["other"] == "Diễn biến"
    assert words["attendance"].startswith("Thành phần tham dự: 0/1 điểm cầu tham dự.")


def test_an_item_never_reached_says_so() -> None:
    log = Ledger().create().book(1).add("meeting.opened", 0).add("meeting.closed", 1)
    assert said(minutes_model(facts_from_events(log.events)))["times-2"] == "Không tiến hành tại cuộc họp này."


def test_the_whole_province_fits_with_its_four_levels() -> None:
    model = drafted(239)
    words = said(model)
    assert words["attendance"].startswith(
        "Thành phần tham dự: 238/239 điểm cầu tham dự "
        "(cấp tỉnh 1/1; cơ quan cấp tỉnh 48/48; cấp huyện 12/13; cấp xã 177/177).")
    assert len(words["attendance-list"].split("\n")) == 239 + 4
    assert DocumentModel.from_json(model.to_json()) == model


def test_many_absent_points_and_delegates_move_to_the_appendices() -> None:
    log = Ledger().create().book(30)
    for n in range(25):
        log.add("delegate.recorded", 1, log.point(1), delegate=str(n), name=f"Phạm A{n}", post="", present=n > 0)
    model = minutes_model(facts_from_events(log.add("meeting.opened", 0).add("meeting.closed", 9).events))
    words = said(model)
    assert words["absent"] == "Điểm cầu vắng mặt: 30 điểm cầu, ghi tại Phụ lục."
    assert "delegates" not in words and words["delegate-list"].startswith("1 | Phạm A0 |  | Xã Ba Chẽ 1 | Vắng mặt")
    assert [a.title for a in model.appendices] == ["THÀNH PHẦN THAM DỰ", "ĐẠI BIỂU DỰ HỌP"]


def test_text_of_the_ledger_stays_text_and_invisible_characters_go() -> None:
    log = Ledger().create(f"{HOSTILE} \u202egiả\u0000 mạo 😀").book(1, HOSTILE + " {}").add("meeting.opened", 0)
    log.add("conclusion.written", 1, ord=1, text="một\nhai\u200b").add("meeting.closed", 2)
    model = minutes_model(facts_from_events(log.events))
    assert model.summary == f"{HOSTILE} giả mạo {BLANK}"
    assert said(model)["conclusions"] == "một hai"


def test_the_same_events_give_the_same_document() -> None:
    assert drafted().sha256 == drafted().sha256


def test_the_source_names_the_last_event_told() -> None:
    events = whole_meeting()
    source = drafted().source
    assert (source.seq, source.hash) == (events[-1].seq, events[-1].hash)


def test_an_issuer_that_differs_from_the_unit_is_printed_in_the_head() -> None:
    unit = {"id": "SB11", "name": "Sở Nội vụ", "parent_name": "Tỉnh Quảng Ninh", "path": []}
    assert minutes_model(facts_from_events(Ledger().create(unit=unit).events)).header.parent == "UBND TỈNH QUẢNG NINH"
    named = {**unit, "issuer": "Ủy ban nhân dân tỉnh Quảng Ninh"}
    head = minutes_model(facts_from_events(Ledger().create(unit=named).events)).header
    assert (head.parent, head.issuer, head.symbol) == ("", ("ỦY BAN NHÂN DÂN", "TỈNH QUẢNG NINH"), "BB-UBND")


TEXT = st.text(max_size=60)


def stored(text: str) -> str:
    """Text as the ledger can hold it: valid UTF-8."""
    return text.encode("utf-8", "ignore").decode()


LEDGERS = st.fixed_dictionaries({
    **{name: TEXT for name in ("title", "place", "name", "post", "unit", "point", "item")},
    "words": st.lists(TEXT, max_size=4)})


def drafts(said: dict) -> tuple[DocumentModel, DocumentModel]:
    """Minutes and invitation of a meeting in which these words were typed."""
    words = {key: stored(text) for key, text in said.items() if key != "words"}
    person = {"id": "x", "name": words["name"], "title": words["post"]}
    log = Ledger().create(
        words["title"], place=words["place"], chair=person, secretary=person,
        unit={"id": "u", "name": words["unit"], "parent_name": words["unit"]},
        agenda=[{"item": 1, "title": words["item"], "presenter": words["name"]}])
    log.book(2, "{}").add("meeting.opened", 0)
    for ord, text in enumerate(said["words"], start=1):
        log.add("conclusion.written", 1, ord=ord, text=stored(text))
    log.add("delegate.recorded", 2, {"id": 1, "code": "1", "name": words["point"]}, delegate="d", name=words["name"],
            post=words["post"], present=True)
    facts = facts_from_events(log.add("meeting.closed", 9).events)
    return minutes_model(facts), invitation_model(facts, OPENING)


def typed(*texts: str) -> dict:
    names = ("title", "place", "name", "post", "unit", "point", "item")
    return {**dict(zip(names, texts, strict=True)), "words": texts}


@given(LEDGERS)
@example(typed("\u200b", "", "", "", "", "", ""))
@example(typed("=", "\u0338", "\u0301", "ΐ", "ΐ ﬁ", "\u0338", "a\nb\u2028"))
def test_whatever_people_typed_minutes_and_invitation_can_be_drafted(said: dict) -> None:
    for model in drafts(said):
        assert DocumentModel.from_json(model.to_json()) == model


@given(LEDGERS)
@settings(max_examples=8)
@example(typed("\u200b", "", "", "", "", "", ""))
@example(typed("=", "\u0338", "\u0301", "ΐ", "ΐ ﬁ", "\u0338", "a\nb\u2028"))
def test_whatever_people_typed_minutes_and_invitation_can_be_printed(said: dict) -> None:
    for model in drafts(said):
        assert render_docx(model).startswith(b"PK") and render_pdf(model).data.startswith(b"%PDF")


@pytest.mark.parametrize(("passed", "joined", "said"), [
    (None, False, "Gửi phiếu cho 9 đại biểu. "), (True, False, "Gửi phiếu cho 9 đại biểu; trả lời 7. "),
    (True, True, "Gửi phiếu cho 9 đại biểu; gộp với biểu quyết tại cuộc họp: 30 phiếu, có mặt hoặc trả lời 7. "),
])
def test_slips_are_told_as_what_they_are(passed: bool | None, joined: bool, said: str) -> None:
    rule = Rule(Fraction(0), Fraction(1, 2), "entitled", over="persons")
    vote = VoteFact("m", "T", rule.as_data(), 30, 7, 0, OPENING, passed=passed, method="slip", voters=9, joined=joined)
    assert rule_text(vote) == said + "Thông qua khi số tán thành quá 1/2 tổng số đại biểu có quyền biểu quyết."
    assert name_of(vote, "abstain") == "Ý kiến khác"


def test_who_answered_slips_is_an_appendix_once_they_have_ended() -> None:
    rule = Rule(Fraction(0), Fraction(1, 2), "entitled", over="persons").as_data()
    asked = (Elector("1", "204", "Lê An", 1, False), Elector("2", "204", "Vũ Bình", 1, False))
    runs = VoteFact("m", "Quy chế", rule, 2, 0, 0, OPENING, method="slip", voters=2, electors=asked)
    facts = facts_from_events(Ledger().create().book(2).add("meeting.opened", 0).add("meeting.closed", 9).events)
    told = [list(appendices(replace(facts, votes=(replace(runs, passed=passed),)))) for passed in (None, False)]
    assert told[0] == [], "no heading over nothing"
    (ended,) = told[1]
    assert ended.title == "KẾT QUẢ BIỂU QUYẾT CỦA TỪNG ĐẠI BIỂU"
    assert [block.text for block in ended.blocks] == ["Quy chế", "Không trả lời phiếu (2): Lê An; Vũ Bình."]
