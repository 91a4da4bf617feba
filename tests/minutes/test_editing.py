"""A clerk changes sentences; a machine fact that a person changed stays marked; tables stand as the ledger has them."""

import pytest

from meetings.errors import Invalid
from minutes.draft import facts_from_events, minutes_model
from minutes.editing import apply_edits, changes, outside, sections, with_number
from minutes.model import DocumentModel, Items
from tests.minutes.ledgers import whole_meeting


@pytest.fixture
def model() -> DocumentModel:
    return minutes_model(facts_from_events(whole_meeting()))


def test_every_section_has_a_label_and_can_be_edited(model: DocumentModel) -> None:
    found = sections(model)
    assert len(found) > 10 and all(section.label for section in found)
    for section in found:
        edited = apply_edits(model, {section.block_id: "Chữ khác"})
        assert [s.text.removesuffix("./.") for s in sections(edited) if s.block_id == section.block_id] == ["Chữ khác"]


def test_a_changed_machine_fact_keeps_its_first_text_until_it_is_put_back(model: DocumentModel) -> None:
    first = next(s.text for s in sections(model) if s.block_id == "attendance")
    once = apply_edits(model, {"attendance": "10/12 điểm cầu."})
    twice = apply_edits(once, {"attendance": "9/12 điểm cầu."})
    assert [(s.block_id, s.text, s.original) for s in changes(twice)] == [("attendance", "9/12 điểm cầu.", first)]
    assert apply_edits(twice, {"attendance": first}) == model


def test_the_clerks_own_words_leave_no_mark_and_may_be_emptied(model: DocumentModel) -> None:
    edited = apply_edits(model, {"opinions-2": "Xã: đồng ý.\n\n  Sở: đề nghị bổ sung. "})
    assert changes(edited) == []
    assert [s.text for s in sections(edited) if s.block_id == "opinions-2"] == ["Xã: đồng ý.\nSở: đề nghị bổ sung."]
    assert apply_edits(edited, {"opinions-2": " "}) == model


def test_a_list_takes_one_item_a_line(model: DocumentModel) -> None:
    edited = apply_edits(model, {"conclusions": "một\nhai\nba"})
    assert [b.items for b in edited.blocks if isinstance(b, Items) and b.ordered] == [("một", "hai", "ba")]


def test_subject_and_recipients_are_edited_as_well(model: DocumentModel) -> None:
    edited = apply_edits(model, {"summary": "Hội nghị\nchuyển đổi số ", "recipients": "Như trên;\n\nLưu: VT."})
    assert (edited.summary, edited.recipients) == ("Hội nghị chuyển đổi số", ("Như trên;", "Lưu: VT."))
    assert edited.blocks == model.blocks and changes(edited) == []
    assert [section.text for section in outside(edited)] == [edited.summary, "Như trên;\nLưu: VT."]


def test_no_block_takes_the_name_of_a_place_outside_the_body(model: DocumentModel) -> None:
    assert not {section.block_id for section in outside(model)} & {block.block_id for block in model.blocks}


def test_the_end_mark_cannot_be_lost(model: DocumentModel) -> None:
    assert apply_edits(model, {"end": "Cuộc họp kết thúc."}).blocks[-1].text == "Cuộc họp kết thúc./."


@pytest.mark.parametrize(("edits", "code"), [
    ({"nothing": "x"}, "document.block_unknown"), ({"vote-counts-m1": "x"}, "document.block_fixed"),
    ({"content": "x"}, "document.block_fixed"), ({"attendance-list": "x"}, "document.block_fixed"),
    ({"ballots-m1-for": "x"}, "document.block_fixed"), ({"attendance": "  "}, "document.block_empty"),
    ({"opinions-1": "được 😀"}, "document.glyph"), ({"opinions-1": "x" * 20_001}, "document.too_long"),
    ({"opinions-1": "tốt", "nothing": "x"}, "document.block_unknown"),
    ({"summary": " "}, "document.empty"), ({"summary": "x" * 501}, "document.too_long"),
    ({"recipients": " \n "}, "document.no_recipients"), ({"recipients": "Nơi 😀"}, "document.glyph"),
])
def test_an_edit_that_cannot_stand_names_its_block(model: DocumentModel, edits: dict[str, str], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        apply_edits(model, edits)
    assert caught.value.code == code and caught.value.params["field"] in edits


def test_a_character_that_cannot_be_printed_is_named(model: DocumentModel) -> None:
    with pytest.raises(Invalid) as caught:
        apply_edits(model, {"opinions-1": "họ tên 李"})
    assert caught.value.params["char"] == "李" and caught.value.params["unicode"] == "U+674E"


def test_the_number_comes_into_the_edited_text(model: DocumentModel) -> None:
    edited = apply_edits(model, {"opinions-1": "Thêm."})
    numbered = with_number(edited, 7, "BB-UBND")
    assert numbered.header.number == 7 and numbered.blocks == edited.blocks
