"""Letters are read by others as they were meant, whatever people call their meetings and themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from scheduler.calendar_mail import CANCEL, REQUEST, Entry, Party
from web import letters
from web.mailer import Letter
from web.when import When

START = datetime(2026, 3, 5, 1, tzinfo=UTC)
OFFICE = Party("vp@qn.vn", "UBND tỉnh Quảng Ninh")


def read(letter: Letter) -> EmailMessage:
    assert all(len(line) <= 998 for line in letter.data.split(b"\r\n")) and b"\n" not in letter.data.replace(b"\r\n", b"")
    return message_from_bytes(letter.data, policy=policy.default)  # type: ignore[return-value]


def invite(title: str, name: str, method: str = REQUEST, key: str = "k") -> Letter:
    entry = Entry("01900000-0000-7000-8000-000000000001", title, START, START + timedelta(hours=2), "Hội trường", 0, START,
                  cancelled=method == CANCEL)
    return letters.invitation(
        key, OFFICE, Party("a@b.vn", name), [entry], When(ZoneInfo("Asia/Ho_Chi_Minh")), method=method, chair="Hải", unit="UBND",
        answer="https://x.vn/r/abc", document=("giay-moi.pdf", b"%PDF-" + bytes(range(256)) * 3), at=START)


@given(st.text(max_size=300), st.text(max_size=60))
def test_no_title_and_no_name_breaks_a_letter(title: str, name: str) -> None:
    message = read(invite(title, name))
    assert set(message.keys()) == {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
    assert message["To"].addresses[0].addr_spec == "a@b.vn" and len(message["To"].addresses) == 1
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics", "application/pdf"]


def test_what_is_written_is_what_is_read() -> None:
    message = read(invite("Giao ban tuần: 1, 2; “ba”", 'Hoàng Văn Sơn, "xã"'))
    assert message["Subject"] == "Giấy mời họp: Giao ban tuần: 1, 2; “ba”"
    assert str(message["From"].addresses[0].display_name) == "UBND tỉnh Quảng Ninh"
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and page is not None
    assert "Thứ Năm 05/03, 08:00–10:00" in text.get_content() and "https://x.vn/r/abc" in text.get_content()
    assert 'href="https://x.vn/r/abc"' in page.get_content()
    [pdf] = [part for part in message.walk() if part.get_content_type() == "application/pdf"]
    assert pdf.get_content() == b"%PDF-" + bytes(range(256)) * 3 and pdf.get_filename() == "giay-moi.pdf"


def test_markup_in_a_title_stays_a_title() -> None:
    page = read(invite("<script>alert(1)</script>", "x")).get_body(("html",))
    assert page is not None and "<script>" not in page.get_content()


def test_a_cancellation_offers_nothing_to_press() -> None:
    message = read(invite("Giao ban", "x", CANCEL))
    assert message["Subject"] == "Hủy họp: Giao ban" and "abc" not in str(message.get_body(("plain",)))
    assert "application/pdf" not in [part.get_content_type() for part in message.walk()]


def test_one_item_is_one_letter_to_the_byte_and_another_is_another() -> None:
    assert invite("x", "y") == invite("x", "y")
    first, other = read(invite("x", "y")), read(invite("x", "y", key="k2"))
    assert first["Message-ID"] != other["Message-ID"] and first["Message-ID"].endswith("@qn.vn>")
