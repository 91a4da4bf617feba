"""The document model: bounded, clean, and the same after a round trip through its canonical JSON."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Invalid
from minutes.model import (
    Column,
    DocumentModel,
    Header,
    Heading,
    Items,
    KeyValue,
    Note,
    Origin,
    Paragraph,
    Signature,
    Source,
    Table,
    clean,
)

SOURCE = Source("m", 3, "0" * 64, "2026-11-24T02:40:00.000000Z")


def small(summary: str = "Họp", text: str = "Kết thúc./.", **changes: object) -> DocumentModel:
    model = DocumentModel(
        kind="minutes", header=Header("", ("ỦY BAN NHÂN DÂN", "XÃ BA CHẼ"), "BB-UBND", 7), title="BIÊN BẢN",
        summary=summary,
        blocks=(KeyValue("start", "Bắt đầu", "08 giờ", Origin.LEDGER), Heading("h", "Nội dung", 2),
                Items("i", ("một", "hai"), True),
                Table("t", (Column("A", 50), Column("B", 50)), (("nhóm",), ("1", "2"))),
                Paragraph("end", text)),
        signatures=(Signature("secretary", ("THƯ KÝ",), "A"), Signature("chair", ("CHỦ TỌA",), "B")),
        recipients=("Lưu: VT.",), source=SOURCE, note=Note("https://example.vn/v/1", "AB-1"),
    )
    return replace(model, **changes)


def test_the_model_survives_its_json_and_keeps_its_name() -> None:
    model = small()
    again = DocumentModel.from_json(model.to_json())
    assert again == model and again.sha256 == model.sha256 and len(model.sha256) == 64
    assert small(text="Khác./.").sha256 != model.sha256


def test_a_subject_of_501_characters_is_refused_and_one_of_500_is_not() -> None:
    assert len(small(summary="x" * 500).summary) == 500
    with pytest.raises(Invalid) as caught:
        small(summary="x" * 501)
    assert caught.value.code == "document.too_long"
    assert caught.value.params == {"field": "summary", "limit": 500, "length": 501}


@pytest.mark.parametrize(
    "text", ["a\u202eb", "a\x00b", "a\u200bb", "e\u0301", "a  b", " a", "a\ud800b", "a\ufeffb", "a\tb"])
def test_text_that_could_read_otherwise_than_it_looks_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        small(text=text)
    assert caught.value.code == "document.character"


def test_clean_makes_nfc_and_drops_what_cannot_be_seen() -> None:
    assert clean("Uy\u0309 \u202eban\u0000  nhân\tdân\u200b\u00a0x") == "Uỷ ban nhân dân x"
    assert clean("một\r\n\r\n hai \n") == "một hai"
    assert clean("một\r\n\r\n hai \u2028 ba", lines=True) == "một\nhai\nba"


@given(st.text())
def test_clean_text_is_always_accepted_and_clean_again(text: str) -> None:
    once = clean(text, lines=True)
    assert clean(once, lines=True) == once
    small(text=once[:1000] if clean(once[:1000], lines=True) == once[:1000] else "x")


@pytest.mark.parametrize("change", [
    {"title": ""}, {"summary": ""}, {"blocks": (Paragraph("a", "x"), Paragraph("a", "y"))},
    {"blocks": (Paragraph("", "x"),)},
    {"blocks": (Table("t", (Column("A", 50), Column("B", 50), Column("C", 1)), (("1", "2"),)),)},
    {"header": Header("", ("A",), "BB", 0)}, {"source": replace(SOURCE, at="2026-11-24T02:40:00")},
])
def test_a_model_that_makes_no_document_is_refused(change: dict) -> None:
    with pytest.raises(Invalid):
        small(**change)


def test_too_many_blocks_or_too_much_text_are_refused() -> None:
    with pytest.raises(Invalid):
        small(blocks=tuple(Paragraph(f"p{n}", "x") for n in range(10_001)))
    with pytest.raises(Invalid):
        small(blocks=tuple(Paragraph(f"p{n}", "x" * 200_000) for n in range(21)))


@pytest.mark.parametrize("data", [
    b"", b"null", b"[]", b"{}", b"\xff", b'"x"', b"[" * 100_000,
    json.dumps({**json.loads(small().to_json()), "extra": 1}).encode(),
    json.dumps({**json.loads(small().to_json()), "summary": 5}).encode(),
    json.dumps({**json.loads(small().to_json()), "blocks": [{"type": "script", "text": "x"}]}).encode(),
    json.dumps({**json.loads(small().to_json()), "blocks": [5]}).encode(),
    json.dumps({**json.loads(small().to_json()), "test": 1}).encode(),
])
def test_json_that_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        DocumentModel.from_json(data)
