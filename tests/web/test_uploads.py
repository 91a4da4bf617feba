"""What the first page of a file says, and what happens to files that are handed in."""

from __future__ import annotations

import io
import zipfile

import pytest
import typst
from docx import Document
from hypothesis import given
from hypothesis import strategies as st

from meetings.documents import secret_mark
from meetings.errors import Invalid
from tests.web.conftest import ManualClock
from web import firstpage, uploads
from web.container import Container

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


def office(part: str, xml: str) -> bytes:
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


@pytest.mark.parametrize("innocent", ["BẢO MẬT THÔNG TIN", "mật độ dân số", "Kế hoạch bảo đảm BÍ MẬT nhà nước", "MẬT ONG"])
def test_an_innocent_title_is_not_taken_for_a_stamp(innocent: str) -> None:
    assert secret_mark(firstpage.text_of("a.pdf", pdf(f"= {innocent}\nchữ *MẬT* đậm trong câu"))) is None
    assert secret_mark(firstpage.text_of("a.docx", docx(innocent))) is None


def test_only_the_first_page_counts() -> None:
    data = pdf("Trang một\n#pagebreak()\nTUYỆT MẬT")
    assert firstpage.text_of("a.pdf", data).strip() == "Trang một"


def test_an_entity_in_the_xml_is_not_followed() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:p><a:t>&a;</a:t></a:p></x>'
    assert "root" not in firstpage.text_of("a.pptx", office("ppt/slides/slide1.xml", bomb))


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
