"""What the first page of a file says, and what happens to files that are handed in."""

from __future__ import annotations

import io
import zipfile

import pikepdf
import pytest
import typst
from docx import Document
from hypothesis import given
from hypothesis import strategies as st

from meetings.documents import check_upload, secret_mark
from meetings.errors import Invalid
from tests.meetings.test_documents import INNOCENT
from tests.web.conftest import ManualClock
from web import firstpage, uploads
from web.container import Container
from web.errors import explain

KEY = b"k" * 32


def pdf(body: str) -> bytes:
    return typst.compile(f'#set text(font: "Liberation Serif", lang: "vi")\n{body}'.encode())


def docx(*lines: str, header: str = "") -> bytes:
    document = Document()
    if header:
        document.sections[0].header.paragraphs[0].text = header
    for text in lines:
        document.add_paragraph(text)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def office(part: str, xml: str | bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("ppt/presentation.xml", "<p/>")
        archive.writestr("xl/workbook.xml", "<w/>")
        archive.writestr(part, xml)
    return file.getvalue()


@pytest.mark.parametrize("mark", ["MẬT", "TỐI MẬT", "TUYỆT MẬT"])
def test_a_stamp_is_found_in_every_kind_of_file(mark: str) -> None:
    slide = f'<s xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:p><a:r><a:t>{mark}</a:t></a:r></a:p></s>'
    cells = f'<s xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>{mark}</t></si></s>'
    files = {
        "a.pdf": pdf(f"#align(right)[#box(stroke: 1pt, inset: 4pt)[*{mark}*]]\nKính gửi: các sở"),
        "a.docx": docx("ỦY BAN NHÂN DÂN", mark, "Kính gửi"),
        "b.docx": docx("Kính gửi", header=mark),
        "a.pptx": office("ppt/slides/slide1.xml", slide),
        "a.xlsx": office("xl/sharedStrings.xml", cells),
    }
    for name, data in files.items():
        assert secret_mark(firstpage.text_of(name, data)) == mark, name


def locked(body: str, user: str) -> bytes:
    """A PDF whose owner forbids things; with an empty `user` every viewer opens it all the same."""
    with pikepdf.open(io.BytesIO(pdf(body))) as file:
        out = io.BytesIO()
        file.save(out, encryption=pikepdf.Encryption(owner="chủ", user=user, allow=pikepdf.Permissions(extract=False)))
    return out.getvalue()


def test_a_stamp_in_a_pdf_that_only_forbids_printing_is_found() -> None:
    assert secret_mark(firstpage.text_of("a.pdf", locked("TỐI MẬT\n\nKính gửi", ""))) == "TỐI MẬT"
    assert secret_mark(firstpage.text_of("a.pdf", locked("BẢO MẬT THÔNG TIN", ""))) is None


def test_a_pdf_that_needs_a_password_is_refused_in_words_of_its_own() -> None:
    with pytest.raises(Invalid) as refused:
        firstpage.text_of("a.pdf", locked("Kính gửi", "mở"))
    assert refused.value.code == "document.locked"
    assert "mật khẩu" in explain(refused.value) and "a.pdf" in explain(refused.value)


def test_a_stamp_that_was_put_onto_the_page_as_a_note_is_found() -> None:
    with pikepdf.open(io.BytesIO(pdf("Kính gửi các sở"))) as file, pikepdf.open(io.BytesIO(pdf("TUYỆT MẬT"))) as stamp:
        look = file.copy_foreign(stamp.pages[0].as_form_xobject())
        note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Stamp, Rect=[100, 700, 300, 740],
                                  AP=pikepdf.Dictionary(N=look))
        broken = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Stamp, AP=pikepdf.Dictionary())
        file.pages[0].Annots = file.make_indirect(pikepdf.Array([file.make_indirect(one) for one in (broken, note)]))
        out = io.BytesIO()
        file.save(out)
    assert firstpage.text_of("a.pdf", out.getvalue()).splitlines() == ["Kính gửi các sở", "TUYỆT MẬT"]


@pytest.mark.parametrize(("small", "shown"), [("Tối mật", None), ("Mật", None), ("Tối mật", "caps"), ("Mật", "smallCaps")])
def test_a_mark_in_small_letters_counts_where_word_shows_capitals(small: str, shown: str | None) -> None:
    document = Document()
    run = document.add_paragraph().add_run(small)
    run.font.all_caps = shown == "caps" or None
    run.font.small_caps = shown == "smallCaps" or None
    file = io.BytesIO()
    document.save(file)
    assert secret_mark(firstpage.text_of("a.docx", file.getvalue())) == (small.upper() if shown else None)


@pytest.mark.parametrize("body", [
    "#grid(columns: (1fr, 2fr))[MẬT][#align(center)[Hạ Long, ngày 3 tháng 2 năm 2026]]",
    "#grid(columns: (2fr, 1fr))[#align(center)[ỦY BAN NHÂN DÂN TỈNH]][#align(right)[MẬT]]",
    "#grid(columns: (1fr, 1fr))[#set text(tracking: 4pt)\n*MẬT*][Số: 12/KH-UBND]",
    "#place(dx: 10cm, dy: 1mm)[*MẬT*] #text(size: 13pt)[Số: 12/KH-UBND]",
    "#rotate(-15deg, reflow: true)[#box(stroke: red, inset: 3pt)[MẬT]] Kính gửi các sở",
    "#rotate(90deg, reflow: true)[MẬT]\n\nKính gửi các sở",
    "#stack(dir: ltr, spacing: 6pt)[M][Ậ][T]\n\nKính gửi",
    "#place(dx: 0.3pt)[*MẬT*] *MẬT*",
])
def test_a_stamp_beside_or_across_other_text_stands_alone(body: str) -> None:
    assert secret_mark(firstpage.text_of("a.pdf", pdf(body))) == "MẬT"


def test_a_stamp_at_a_tab_or_a_wide_blank_stands_alone() -> None:
    for text in ("MẬT\tHạ Long, ngày 3 tháng 2", "Số: 12\t\tMẬT", "MẬT        Hạ Long", "1.\tTUYỆT MẬT\t2."):
        assert secret_mark(firstpage.text_of("a.docx", docx(text))), text
        with pytest.raises(Invalid, match="document.secret"):
            check_upload("a.txt", text.encode(), "")


SHEET = '<s xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row>{}</row></sheetData></s>'


@pytest.mark.parametrize("cell", [
    '<c t="inlineStr"><is><t>MẬT</t></is></c>', '<c t="inlineStr"><is><r><t>M</t></r><r><t>ẬT</t></r></is></c>',
    '<c t="str"><f>"M"&amp;"ẬT"</f><v>MẬT</v></c>',
])
def test_a_stamp_that_stands_in_the_sheet_itself_is_found(cell: str) -> None:
    assert secret_mark(firstpage.text_of("a.xlsx", office("xl/worksheets/sheet1.xml", SHEET.format(cell)))) == "MẬT"
    innocent = SHEET.format('<c t="inlineStr"><is><t>BẢO MẬT</t></is></c><c><v>3</v></c>')
    assert secret_mark(firstpage.text_of("a.xlsx", office("xl/worksheets/sheet1.xml", innocent))) is None


def test_a_stamp_in_the_printed_margin_of_a_sheet_is_found() -> None:
    margin = SHEET.format("").replace("</s>", "<headerFooter><oddHeader>{}</oddHeader></headerFooter></s>")
    for text in ("&amp;CMẬT", '&amp;LSố: 12&amp;R&amp;"Times New Roman,Bold"&amp;14&amp;KFF0000MẬT', "&amp;LUBND&amp;CMẬT&amp;R&amp;P/&amp;N"):
        assert secret_mark(firstpage.text_of("a.xlsx", office("xl/worksheets/sheet1.xml", margin.format(text)))) == "MẬT", text
    innocent = margin.format("&amp;CBẢO MẬT&amp;RMẬT ĐỘ")
    assert secret_mark(firstpage.text_of("a.xlsx", office("xl/worksheets/sheet1.xml", innocent))) is None


@pytest.mark.parametrize("title", INNOCENT)
def test_an_innocent_title_is_not_taken_for_a_stamp(title: str) -> None:
    half = len(title.split()) // 2
    first, rest = " ".join(title.split()[:half]), " ".join(title.split()[half:])
    for body in (f"= {title}\nchữ *MẬT* đậm trong câu", f"{first} *{rest}* của *{first}* {rest}",
                 f"#set text(tracking: 5pt, size: 14pt)\n{first} *{rest}* 2026"):
        assert secret_mark(firstpage.text_of("a.pdf", pdf(body))) is None, body
    assert secret_mark(firstpage.text_of("a.docx", docx(title))) is None


def test_what_is_broken_on_a_page_hides_nothing_that_stands_elsewhere() -> None:
    with pikepdf.open(io.BytesIO(pdf("TỐI MẬT\n\n#text(font: \"DejaVu Sans Mono\")[Kính gửi các sở]"))) as file:
        fonts = file.pages[0].Resources.Font
        assert len(fonts) == 2
        fonts[sorted(fonts.keys())[-1]].DescendantFonts = pikepdf.Array()
        out = io.BytesIO()
        file.save(out)
    assert secret_mark(firstpage.text_of("a.pdf", out.getvalue())) == "TỐI MẬT"


def test_only_the_first_page_counts() -> None:
    data = pdf("Trang một\n#pagebreak()\nTUYỆT MẬT")
    assert firstpage.text_of("a.pdf", data).strip() == "Trang một"


DOCUMENT = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:p><w:t>{}</w:t></w:p></w:document>'


@pytest.mark.parametrize("declared", [
    '<!DOCTYPE d [<!ENTITY a "MẬT">]>', '<!DOCTYPE d SYSTEM "http://elsewhere.example/d.dtd">', "<!-- a --><!DOCTYPE d>",
    '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "_rels/.rels"])
def test_an_office_file_with_a_dtd_is_refused(declared: str, encoding: str, part: str) -> None:
    words = "&a;" if "ENTITY" in declared else "Kính gửi"
    xml = f'<?xml version="1.0" encoding="{encoding}"?>{declared}{DOCUMENT.format(words)}'
    with pytest.raises(Invalid) as refused:
        firstpage.text_of("a.docx", office(part, xml.encode(encoding)))
    assert refused.value.code == "document.composed" and "a.docx" in explain(refused.value)


@given(st.binary(max_size=400), st.sampled_from(["a.pdf", "a.docx", "a.xlsx", "a.pptx", "a.png"]))
def test_no_file_however_broken_stops_the_reader(data: bytes, name: str) -> None:
    assert isinstance(firstpage.text_of(name, b"%PDF-1.7\n" + data if name.endswith("pdf") else data), str)


@given(st.data())
def test_a_damaged_pdf_is_read_as_far_as_it_goes(data: st.DataObject) -> None:
    whole = bytearray(PDF)
    for _n in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(firstpage.text_of("a.pdf", bytes(whole)), str)


PDF = pdf("Một trang")


async def test_a_file_is_kept_by_content_and_its_receipt_is_ours_alone(found: Container, clock: ManualClock) -> None:
    file = uploads.keep(found, r"C:\thu muc\Báo cáo.txt", "Số liệu".encode())
    assert file.name == "Báo cáo.txt" and found.blobs.exists(file.sha256)
    receipt = uploads.receipt(KEY, file)
    assert uploads.redeem(KEY, receipt) == file
    assert uploads.redeem(b"x" * 32, receipt) is None and uploads.redeem(KEY, receipt[:-1]) is None


async def test_a_secret_file_never_reaches_the_store(found: Container) -> None:
    with pytest.raises(Invalid, match="document.secret"):
        uploads.keep(found, "a.docx", docx("TỐI MẬT"))
    assert not [path for path in (found.settings.data / "blobs").rglob("*") if path.is_file()]
