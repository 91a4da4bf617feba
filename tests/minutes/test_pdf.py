"""The PDF: standard, embedded fonts, its model attached, signature boxes where the form wants them, text as text."""

import re
import subprocess
from collections import Counter
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from meetings.errors import Invalid
from minutes.draft import facts_from_events, minutes_model
from minutes.editing import apply_edits
from minutes.invitation import invitation_model
from minutes.model import DocumentModel, Paragraph, replace_blocks
from minutes.pdf import FieldBox, render_pdf
from tests.minutes.ledgers import HOSTILE, Ledger, whole_meeting

URL = "https://hop.example.vn/verify/ABCD-EFGH"


def model_of(count: int = 12, **options: object) -> DocumentModel:
    options = {"number": 7, "verify_url": URL, "code": "AB", **options}
    return minutes_model(facts_from_events(whole_meeting(count)), **options)


def text_of(data: bytes, tmp_path: Path, *options: str) -> str:
    path = tmp_path / "x.pdf"
    path.write_bytes(data)
    return subprocess.run(["pdftotext", *options, str(path), "-"], check=True, capture_output=True).stdout.decode()


def boxes(fields: list[FieldBox]) -> dict[str, FieldBox]:
    return {field.role: field for field in fields}


def test_it_is_tagged_pdf_a_3b_in_vietnamese_with_the_model_attached() -> None:
    model = model_of()
    with pikepdf.open(BytesIO(render_pdf(model).data)) as pdf:
        with pdf.open_metadata() as meta:
            assert meta.pdfa_status == "3B"
            assert meta["dc:title"].startswith("BIÊN BẢN")
        assert str(pdf.Root.Lang).startswith("vi") and bool(pdf.Root.MarkInfo.Marked)
        assert pdf.Root.OutputIntents[0].S == "/GTS_PDFA1" and "/AcroForm" not in pdf.Root
        attached = pdf.attachments["document.json"]
        assert DocumentModel.from_json(attached.get_file().read_bytes()) == model
        assert attached.obj.AFRelationship == "/Source"
        assert pdf.docinfo["/Keywords"] == model.sha256


def test_only_our_fonts_are_used_and_all_are_embedded(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(render_pdf(model_of()).data)
    listed = subprocess.run(["pdffonts", str(tmp_path / "x.pdf")], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in listed.splitlines()[2:]]
    assert rows and all("LiberationSerif" in row[0] and row[-5:-2] == ["yes", "yes", "yes"] for row in rows)


def test_the_same_model_gives_the_same_bytes() -> None:
    assert render_pdf(model_of()).data == render_pdf(model_of()).data


def test_four_fields_in_the_order_of_signing_secretary_left_chair_right() -> None:
    rendered = render_pdf(model_of())
    assert [field.role for field in rendered.fields] == ["initials", "secretary", "chair", "agency"]
    found = boxes(rendered.fields)
    secretary, chair, agency, initials = (found[role] for role in ("secretary", "chair", "agency", "initials"))
    middle = (85.04 + 538.58) / 2                                      # of the text, in points
    assert secretary.x1 < middle < chair.x0 and secretary.y0 == chair.y0
    assert initials.y0 > chair.y1 and initials.page <= chair.page == agency.page == secretary.page
    assert all(85 <= f.x0 < f.x1 <= 539 and 56 <= f.y0 < f.y1 <= 786 for f in rendered.fields)


def test_the_seal_covers_a_third_of_the_chairs_signature_on_its_left() -> None:
    found = boxes(render_pdf(model_of()).fields)
    chair, agency = found["chair"], found["agency"]
    assert (agency.x1 - chair.x0) / (chair.x1 - chair.x0) == pytest.approx(1 / 3, abs=0.01)
    assert agency.x0 < chair.x0 and agency.y1 >= chair.y1
    assert agency.x0 > found["secretary"].x1                            # the secretary's mark stays clear


def test_the_fields_lie_between_the_words_they_belong_to(tmp_path: Path) -> None:
    rendered = render_pdf(model_of())
    chair = boxes(rendered.fields)["chair"]
    (tmp_path / "x.pdf").write_bytes(rendered.data)

    def words(y0: float, y1: float) -> str:
        """Text in the chair's column between two heights."""
        area = ["-x", str(int(chair.x0)), "-W", str(int(chair.x1 - chair.x0)), "-y", str(int(841.89 - y1)),
                "-H", str(int(y1 - y0))]
        page = str(chair.page + 1)
        command = ["pdftotext", "-f", page, "-l", page, *area, str(tmp_path / "x.pdf"), "-"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert words(chair.y0 + 2, chair.y1 - 2) == ""
    assert words(chair.y1, chair.y1 + 40) == "CHỦ TỌA"
    assert "Trần Thị Bình" in words(chair.y0 - 60, chair.y0)


def test_the_page_says_form_number_test_and_verification(tmp_path: Path) -> None:
    text = " ".join(text_of(render_pdf(model_of()).data, tmp_path).split())
    for words in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "ỦY BAN NHÂN DÂN",
                  "Số: 07/BB-UBND",
                  "VĂN BẢN DÙNG CHỮ KÝ THỬ NGHIỆM", URL, "Mã kiểm tra văn bản: AB", "ngày 24 tháng 11 năm 2026./."):
        assert words in text
    plain = text_of(render_pdf(model_of(test=False, verify_url="", number=None)).data, tmp_path)
    assert "THỬ NGHIỆM" not in plain and "Mã kiểm tra" not in plain and "07/BB" not in plain


def test_page_numbers_start_on_page_two_and_again_in_each_appendix(tmp_path: Path) -> None:
    data = render_pdf(model_of(239)).data
    top = text_of(data, tmp_path, "-x", "0", "-y", "0", "-W", "595", "-H", "55").split("\f")[:-1]
    numbers = [page.strip() for page in top]
    first_of_list = numbers.index("", 1)
    assert numbers[:2] == ["", "2"] and numbers[first_of_list:first_of_list + 4] == ["", "2", "3", "4"]
    assert numbers.count("") == 3                                      # body, list of points, ballots


def test_hostile_text_is_printed_and_never_read(tmp_path: Path) -> None:
    log = Ledger().create(HOSTILE, place=HOSTILE).book(1, HOSTILE + " {}").add("meeting.opened", 0)
    log.add("conclusion.written", 1, ord=1, text=f"- {HOSTILE}").add("meeting.closed", 2)
    printed = "".join(text_of(render_pdf(minutes_model(facts_from_events(log.events))).data, tmp_path).split())
    assert printed.count("".join(HOSTILE.split())) == 3                # subject, place, conclusion; the list wraps it


def test_a_character_the_fonts_lack_is_named_instead_of_printed_as_a_box() -> None:
    model = model_of()
    with pytest.raises(Invalid) as caught:
        render_pdf(replace_blocks(model, (Paragraph("end", "Họ 李./."),)))
    assert caught.value.code == "document.glyph" and caught.value.params["char"] == "李"


@pytest.mark.parametrize("blocks", [(), (Paragraph("end", ""),)])
def test_a_body_without_its_last_sentence_is_refused(blocks: tuple) -> None:
    with pytest.raises(Invalid):
        render_pdf(replace_blocks(model_of(), blocks))


def test_a_word_longer_than_a_line_stays_on_the_page(tmp_path: Path) -> None:
    model = apply_edits(model_of(), {"opinions-1": "A" * 400})
    (tmp_path / "x.pdf").write_bytes(render_pdf(model).data)
    command = ["pdftotext", "-bbox", str(tmp_path / "x.pdf"), "-"]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    edges = [float(part.split('"')[1]) for line in found.stdout.splitlines() if "<word" in line
             for part in line.split() if part.startswith("xMax")]
    assert max(edges) < 541
    # Breaking takes nothing away and puts no hyphen in.
    assert "A" * 400 in re.sub(r"[\s\u200b]", "", text_of(render_pdf(model).data, tmp_path))


def test_a_body_of_any_length_keeps_the_signatures_together() -> None:
    for lines in range(0, 40, 6):
        model = apply_edits(model_of(), {"opinions-1": "\n".join(["Ý kiến."] * lines) or " "})
        found = boxes(render_pdf(model).fields)
        assert found["secretary"].page == found["chair"].page == found["agency"].page
        assert len(found) == 4 and all(field.y0 > 50 for field in found.values())


def test_the_invitation_has_the_three_fields_of_one_signer_and_its_agency() -> None:
    facts = facts_from_events(whole_meeting()[:3])
    fields = render_pdf(invitation_model(facts, datetime(2026, 11, 19, tzinfo=UTC), 3)).fields
    assert Counter(field.role for field in fields) == {"initials": 1, "chair": 1, "agency": 1}
