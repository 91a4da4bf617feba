"""Uploads: the content must be what the name says, and a state-secret mark stops it."""

from __future__ import annotations

import io
import unicodedata
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings import documents
from meetings.documents import check_upload, secret_mark
from meetings.errors import Invalid, TooLarge

PDF, PNG, JPEG = b"%PDF-1.7\n...", b"\x89PNG\r\n\x1a\n....", b"\xff\xd8\xff\xe0...."

# Titles and lines in which the word stands, and which are no mark.
INNOCENT = (
    "BẢO MẬT THÔNG TIN", "KẾ HOẠCH BẢO MẬT", "AN TOÀN VÀ BẢO MẬT", "MẬT ĐỘ DÂN SỐ NĂM 2026", "MẬT ONG RỪNG BA CHẼ",
    "HỘI NGHỊ VỀ MẬT MÃ DÂN SỰ", "CÔNG TÁC BẢO VỆ BÍ MẬT NHÀ NƯỚC", "Mật", "mật", "Tối mật", "QUY CHẾ BẢO MẬT",
    "DANH MỤC BÍ MẬT", "CHÙA MẬT", "ĐƯỜNG MẬT", "KHÔNG MẬT", "MẬT KHẨU", "ĐỘ MẬT: KHÔNG", "BÍ MẬT",
    "TUYÊN TRUYỀN BẢO MẬT", "MAT", "CAM KẾT BẢO MẬT THÔNG TIN", "TỐI ƯU MẬT ĐỘ",
)


def office(part: str, *more: str, body: bytes = b"<x/>") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", part, *more):
            archive.writestr(name, body)
    return buffer.getvalue()


GOOD = {
    "a.pdf": PDF, "a.PDF": PDF, "a.png": PNG, "a.jpg": JPEG, "a.jpeg": JPEG, "a.txt": "Nội dung\n".encode(),
    "a.docx": office("word/document.xml"), "a.xlsx": office("xl/workbook.xml"),
    "a.pptx": office("ppt/presentation.xml"),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_what_it_says_is_taken(name: str) -> None:
    assert check_upload(name, GOOD[name], "Báo cáo") == documents.TYPES[name.rpartition(".")[2].lower()]


@pytest.mark.parametrize(("name", "data"), [
    ("a.exe", b"MZ"), ("a", PDF), ("a.pdf", b"MZ\x90"), ("a.pdf", PNG), ("a.png", PDF), ("a.jpg", PNG),
    ("a.pdf.html", PDF), ("a.html", b"<script>"), ("a.svg", b"<svg/>"), ("a.doc", b"\xd0\xcf\x11\xe0"),
    ("a.docx", b"PK\x03\x04 not a zip"), ("a.docx", office("xl/workbook.xml")), ("a.docx", PDF),
    ("a.docm", office("word/document.xml")), ("a.docx", office("word/document.xml", "word/vbaProject.bin")),
    ("a.txt", b"\xff\xfe\x00"), ("a.txt", b"a\x00b"), ("a.zip", office("word/document.xml")),
])
def test_anything_else_is_refused_with_what_is_allowed(name: str, data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        check_upload(name, data, "")
    assert refused.value.code == "document.type"
    assert refused.value.params["allowed"] == ["docx", "jpg", "pdf", "png", "pptx", "txt", "xlsx"]


def test_a_bomb_is_no_document() -> None:
    bomb = office("word/document.xml", body=b"\0" * 40_000_000)
    assert len(bomb) < 200_000
    with pytest.raises(Invalid, match=r"document\.type"):
        check_upload("a.docx", bomb, "")


def test_nothing_and_too_much_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid, match=r"document\.empty"):
        check_upload("a.pdf", b"", "")
    monkeypatch.setattr(documents, "MAX_BYTES", 8)
    with pytest.raises(TooLarge) as refused:
        check_upload("a.pdf", b"%PDF-1.7\n", "")
    assert (refused.value.code, refused.value.params["size"]) == ("document.too_large", 9)


@pytest.mark.parametrize("line", [
    "MẬT", "TỐI MẬT", "TUYỆT MẬT", "  MẬT  ", "[MẬT]", "* TUYỆT MẬT *", "│ TỐI MẬT │", "TỐI   MẬT", "TỐI\u00a0MẬT",
    "M Ậ T", "T Ố I  M Ậ T", "MẬT\u200b", "M\u00adẬT", unicodedata.normalize("NFD", "TUYỆT MẬT"),
])
@pytest.mark.parametrize("page", ["{}", "UBND TỈNH\n{}\nBÁO CÁO", "CỘNG HÒA\r\n{}\r\n", "x\u2028{}\u2028y", "a\f{}"])
def test_a_mark_on_a_line_of_its_own_stops_the_upload(line: str, page: str) -> None:
    assert secret_mark(page.format(line)) in documents.MARKS
    with pytest.raises(Invalid) as refused:
        check_upload("a.pdf", PDF, page.format(line))
    assert refused.value.code == "document.secret"


@pytest.mark.parametrize("title", INNOCENT)
def test_an_innocent_title_passes(title: str) -> None:
    assert check_upload("a.pdf", PDF, f"UBND TỈNH\n{title}\nNăm 2026") == "application/pdf"


def test_a_text_file_is_read_whatever_the_caller_extracted() -> None:
    with pytest.raises(Invalid, match=r"document\.secret"):
        check_upload("a.txt", "\ufeffMẬT\nnội dung".encode(), "")


@given(st.text(), st.sampled_from(documents.MARKS), st.text())
def test_a_mark_line_is_found_in_any_text(before: str, mark: str, after: str) -> None:
    assert secret_mark(f"{before}\n{mark}\n{after}") is not None


@given(st.binary(max_size=300), st.sampled_from(sorted(documents.TYPES)))
def test_random_bytes_are_taken_or_refused_and_nothing_else(data: bytes, suffix: str) -> None:
    for content in (data, b"PK\x03\x04" + data):
        try:
            check_upload(f"a.{suffix}", content, "")
        except Invalid as refused:
            assert refused.code in {"document.empty", "document.type", "document.secret"}
