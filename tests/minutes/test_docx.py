"""The DOCX: the same words as the PDF, in the layout of the decree, editable, one language and one font."""

import os
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn

from minutes import docx as renderer
from minutes.docx import render_docx
from minutes.draft import facts_from_events, minutes_model
from minutes.editing import apply_edits
from minutes.invitation import invitation_model
from minutes.model import DocumentModel
from minutes.pdf import render_pdf
from tests.minutes.ledgers import HOSTILE, Ledger, whole_meeting

URL = "https://hop.example.vn/verify/ABCD-EFGH"


def model_of(count: int = 12, **options: object) -> DocumentModel:
    options = {"number": 7, "verify_url": URL, "code": "AB", **options}
    return minutes_model(facts_from_events(whole_meeting(count)), **options)


def invitation_of(count: int) -> DocumentModel:
    facts = facts_from_events(whole_meeting(count)[:3])
    return invitation_model(facts, datetime(2026, 11, 19, tzinfo=UTC), 3, verify_url=URL, code="AB")


def hostile() -> DocumentModel:
    log = Ledger().create(HOSTILE, place=HOSTILE).book(1).add("meeting.opened", 0)
    return minutes_model(facts_from_events(log.add("meeting.closed", 2).events))


def docx_tokens(model: DocumentModel) -> Counter[str]:
    body = docx.Document(BytesIO(render_docx(model))).element.body
    paragraphs = ("".join(t.text or "" for t in p.iter(qn("w:t"))) for p in body.iter(qn("w:p")))
    return Counter(" ".join(paragraphs).split())


def pdf_tokens(model: DocumentModel, tmp_path: Path) -> Counter[str]:
    (tmp_path / "x.pdf").write_bytes(render_pdf(model).data)
    # Page numbers stand in the top margin of 20 mm = 56.7 pt: leave it out.
    command = ["pdftotext", "-x", "0", "-y", "56", "-W", "596", "-H", "790", str(tmp_path / "x.pdf"), "-"]
    return Counter(subprocess.run(command, check=True, capture_output=True).stdout.decode().split())


@pytest.mark.parametrize("make", [
    lambda: model_of(), lambda: model_of(number=None, test=False, verify_url=""), lambda: invitation_of(12),
    lambda: apply_edits(model_of(), {"opinions-2": "Sở Y tế: đồng ý.\nXã: bổ sung.", "attendance": "10/12 điểm cầu."}),
    hostile,
], ids=["minutes", "unnumbered", "invitation", "edited", "hostile"])
def test_both_renderers_print_the_same_words(make, tmp_path: Path) -> None:
    model = make()
    in_docx, in_pdf = docx_tokens(model), pdf_tokens(model, tmp_path)
    assert in_docx == in_pdf and sum(in_docx.values()) > 100


def test_only_repeated_table_heads_tell_the_two_apart_in_a_long_document(tmp_path: Path) -> None:
    model = model_of(239)
    in_docx, in_pdf = docx_tokens(model), pdf_tokens(model, tmp_path)
    assert not in_docx - in_pdf
    assert set(in_pdf - in_docx) == set("TT Điểm cầu Mã Có mặt Ghi chú".split())


def test_page_margins_and_number_from_page_two() -> None:
    document = docx.Document(BytesIO(render_docx(model_of())))
    assert len(document.sections) == 3                                  # body and two appendices
    for section in document.sections:
        assert [round(side.mm) for side in (section.page_width, section.page_height)] == [210, 297]
        margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
        assert [round(m.mm) for m in margins] == [20, 20, 30, 20]
        assert section.different_first_page_header_footer
        assert "PAGE" in "".join(t.text for t in section.header._element.iter(qn("w:instrText")))
    starts = [s._sectPr.find(qn("w:pgNumType")) for s in document.sections]
    assert starts[0] is None and [n.get(qn("w:start")) for n in starts[1:]] == ["1", "1"]


def test_one_font_and_one_language_everywhere() -> None:
    with zipfile.ZipFile(BytesIO(render_docx(model_of()))) as package:
        for name in ("word/document.xml", "word/styles.xml"):
            xml = package.read(name).decode()
            fonts = re.findall(r"<w:rFonts ([^>]*)/>", xml)
            assert fonts and all(re.findall(r'"([^"]*)"', font) == ["Times New Roman"] * 4 for font in fonts)
            assert set(re.findall(r'<w:lang [^>]*w:val="([^"]*)"', xml)) <= {"vi-VN"}
    sizes = {int(size) / 2 for size in re.findall(r'<w:sz w:val="(\d+)"', zip_text(model_of()))}
    assert sizes <= {10, 11, 12, 13, 14}


def zip_text(model: DocumentModel) -> str:
    with zipfile.ZipFile(BytesIO(render_docx(model))) as package:
        return package.read("word/document.xml").decode()


def test_every_table_has_the_same_widths_for_word_and_libreoffice() -> None:
    tables = docx.Document(BytesIO(render_docx(model_of()))).element.body.findall(qn("w:tbl"))
    assert len(tables) == 5                      # head, vote, signatures, verification, list of points
    for table in tables:
        grid = [int(c.get(qn("w:w"))) for c in table.iter(qn("w:gridCol"))]
        for row in table.findall(qn("w:tr")):
            cells = row.findall(qn("w:tc"))
            spans = [c.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}") for c in cells]
            widths = [int(c.find(f"{qn('w:tcPr')}/{qn('w:tcW')}").get(qn("w:w"))) for c in cells]
            assert sum(widths) == sum(grid)
            if not any(span is not None for span in spans):
                assert widths == grid
        assert sum(grid) <= round(160 * 1440 / 25.4)


def test_the_head_row_of_a_list_repeats_and_rows_do_not_break() -> None:
    tables = docx.Document(BytesIO(render_docx(model_of(239)))).element.body.findall(qn("w:tbl"))
    rows = tables[-1].findall(qn("w:tr"))
    assert len(rows) == 1 + 4 + 239
    assert rows[0].find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
    assert all(row.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is not None for row in rows)


def test_the_file_names_the_model_it_was_made_from() -> None:
    model = model_of()
    with zipfile.ZipFile(BytesIO(render_docx(model))) as package:
        custom = package.read("docProps/custom.xml").decode()
        assert f'name="{renderer.PROPERTY}"' in custom and model.sha256 in custom
        assert "custom-properties" in package.read("_rels/.rels").decode()
    core = docx.Document(BytesIO(render_docx(model))).core_properties
    assert (core.title, core.language, core.author) == ("BIÊN BẢN", "vi-VN", "ỦY BAN NHÂN DÂN TỈNH QUẢNG NINH")


def test_the_same_model_gives_the_same_bytes() -> None:
    assert render_docx(model_of()) == render_docx(model_of())


def test_hostile_text_is_text_and_makes_no_field_and_no_outer_reference() -> None:
    data = render_docx(hostile())
    text = "\n".join(p.text for p in docx.Document(BytesIO(data)).paragraphs)
    assert text.count(HOSTILE) == 2
    with zipfile.ZipFile(BytesIO(data)) as package:
        assert "instrText" not in package.read("word/document.xml").decode()
        for name in package.namelist():
            assert not name.endswith(".bin") and "vba" not in name.lower()
            if name.endswith(".rels"):
                assert 'TargetMode="External"' not in package.read(name).decode()


def test_headings_are_headings_for_those_who_navigate_by_them() -> None:
    document = docx.Document(BytesIO(render_docx(model_of())))
    named = {p.text: p.style.name for p in document.paragraphs if p.style.name.startswith("Heading")}
    assert named["BIÊN BẢN"] == "Heading 1" and named["1. Khai mạc"] == "Heading 3"


if SOFFICE := shutil.which("soffice"):          # an extra reader where it is installed; the product never needs it

    @pytest.mark.long
    def test_libreoffice_reads_it_as_the_pdf_reads(tmp_path: Path) -> None:
        model = model_of()
        (tmp_path / "x.docx").write_bytes(render_docx(model))
        command = [str(SOFFICE), "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to",
                   "pdf", "--outdir", str(tmp_path / "out"), str(tmp_path / "x.docx")]
        # Our own fonts, as wide as Times New Roman: with others a line may break inside a word, after a dash.
        fonts = Path(renderer.__file__).parent / "fonts"
        (tmp_path / "fonts.conf").write_text(
            f"<fontconfig><dir>{fonts}</dir><cachedir>{tmp_path}/cache</cachedir></fontconfig>")
        environment = {**os.environ, "FONTCONFIG_FILE": str(tmp_path / "fonts.conf")}
        subprocess.run(command, check=True, capture_output=True, timeout=120, env=environment)
        area = ["-x", "0", "-y", "56", "-W", "596", "-H", "790"]
        command = ["pdftotext", *area, str(tmp_path / "out" / "x.pdf"), "-"]
        read = subprocess.run(command, check=True, capture_output=True).stdout.decode()
        assert Counter(read.split()) == pdf_tokens(model, tmp_path)
