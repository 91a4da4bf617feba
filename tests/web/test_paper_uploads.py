"""What is handed in as a PDF is looked through before a byte of it is kept; what acts by itself is refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from meetings.errors import Invalid
from meetings.pages import MOST, Look
from tests.support.sheets import acting, pdf, photograph
from tests.web.test_uploads import docx
from web import uploads
from web.container import Container
from web.errors import explain
from web.pageimages import Press


@contextmanager
def nothing_kept(found: Container) -> Iterator[None]:
    yield
    assert [path for path in (found.settings.data / "blobs").rglob("*") if path.is_file()] == []


def test_pages_are_counted_and_pictures_are_one(found: Container) -> None:
    kept = [uploads.keep(found, name, data).pages for name, data in (
        ("a.pdf", pdf(3)), ("own.pdf", acting("own minutes")), ("b.jpg", photograph()), ("c.docx", docx("x")), ("d.txt", b"x"))]
    assert kept == [3, 1, 1, None, None]
    again = uploads.redeem(b"k", uploads.receipt(b"k", uploads.keep(found, "a.pdf", pdf(3))))
    assert again is not None and again.pages == 3


@pytest.mark.parametrize(("data", "word"), [
    (acting("script"), "JavaScript"), (acting("launch"), "mở chương trình"), (acting("attachment"), "đính kèm"), (acting("form"), "XFA"),
    (acting("opening"), "khi mở"), (b"%PDF-1.7 nothing", "Không đọc được"),
], ids=["script", "launch", "attachment", "form", "opening", "unreadable"])
def test_what_is_refused_says_why_and_leaves_nothing(found: Container, data: bytes, word: str) -> None:
    with nothing_kept(found), pytest.raises(Invalid) as refused:
        uploads.keep(found, "Báo cáo.pdf", data)
    assert word in explain(refused.value) and "Báo cáo.pdf" in explain(refused.value)


def test_more_pages_than_anybody_reads_are_refused(found: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Press, "look", lambda self, data: Look(MOST + 1))
    with nothing_kept(found), pytest.raises(Invalid, match=r"document\.pages") as refused:
        uploads.keep(found, "a.pdf", pdf(1))
    assert "5001" in explain(refused.value) and "5000" in explain(refused.value)


def test_a_stamp_is_found_before_anything_else(found: Container) -> None:
    with nothing_kept(found), pytest.raises(Invalid, match=r"document\.secret"):
        uploads.keep(found, "a.docx", docx("TỐI MẬT"))
