"""Letters as they are sent: the invitation with its text, its calendar entry and the document; and plain notices.

The Message-ID is made of the item's key: whoever gets a letter twice can tell.  Builds, never sends.  Called by `delivery`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scheduler.calendar_mail import CANCEL, REQUEST, Entry, Party, itip
from web.i18n import _, language, ngettext
from web.mailer import Letter
from web.when import When

_templates = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates" / "mail"), autoescape=True,
                         undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_templates.globals["_"] = _
PRODUCT = "Điểm Cầu"
LISTED = 12  # dates of a series named in a letter; the document has them all


def message_id(key: str, sender: str) -> str:
    """For ever the same for one item, however often and by whomever it is sent."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{sender.rpartition('@')[2]}>"


def notice(key: str, sender: Party, to: Party, subject: str, text: str, at: datetime) -> Letter:
    return _letter(key, sender, to, subject, at, _part("text/plain; charset=utf-8", text.encode()))


@dataclass(frozen=True, slots=True)
class Told:
    """Of a series: its dates in words and one by one; whether the letter is about one of them, whether it is the first letter."""

    words: str
    dates: tuple[tuple[datetime, datetime], ...]
    one: bool
    first: bool


def invitation(
    key: str, sender: Party, to: Party, entries: Sequence[Entry], when: When, *, method: str, chair: str, unit: str, answer: str,
    document: tuple[str, bytes] | None, at: datetime, series: Told | None = None,
) -> Letter:
    """`answer`: the personal address where this person says whether they come.  `document`: the invitation (name, PDF).

    `entries`: the meeting, or the series with what is different in it.
    """
    entry, cancelled = entries[0], method == CANCEL
    subject, lead, closing = _words(entry, method) if series is None else _words_of(entry, method, series, when)
    time = when.span(entry.start, entry.end) if series is None or series.one else series.words
    facts = [(_("Thời gian"), time), (_("Địa điểm"), entry.place), (_("Chủ trì"), chair)]
    if series is not None and not series.one and not cancelled and len(series.dates) > 1:
        facts.insert(1, (_("Các buổi"), _listed(series, when)))
    lines = [lead, "", entry.title, *(f"{name}: {value}" for name, value in facts), ""]
    if not cancelled:
        lines += [f"{_('Xác nhận tham dự hoặc báo vắng')}: {answer}", f"{_('Trang cuộc họp')}: {entry.address}", ""]
    text = "\n".join([*lines, closing, "", unit, ""])
    page = _templates.get_template("invitation.html").render(
        lang=language(), subject=subject, title=entry.title, lead=lead, facts=facts, unit=unit, closing=closing,
        answer="" if cancelled else answer)
    calendar = itip(entries, method, sender, to)
    said = _many("alternative", key, [
        _part("text/plain; charset=utf-8", text.encode()), _part("text/html; charset=utf-8", page.encode()),
        _part(f"text/calendar; charset=utf-8; method={method}", calendar)])
    attached = [_part("application/ics", calendar, "cuoc-hop.ics")]
    if document and not cancelled:
        attached.append(_document(*document))
    return _letter(key, sender, to, subject, at, _many("mixed", key, [said, *attached]))


@lru_cache(maxsize=8)
def _document(name: str, data: bytes) -> bytes:
    """The document as a part, encoded once for all who get it."""
    return _part("application/pdf", data, name)


def _words(entry: Entry, method: str) -> Sequence[str]:
    """(subject, first sentence, last sentence)."""
    if method == CANCEL and entry.cancelled:
        return _("Hủy họp: {title}", title=entry.title), _("Cuộc họp này đã hủy."), _("Không cần làm gì thêm.")
    if method == CANCEL:
        return (_("Thôi mời họp: {title}", title=entry.title), _("Thành phần cuộc họp đã thay đổi; bạn không còn trong danh sách mời."),
                _("Không cần làm gì thêm."))
    closing = _("Giấy mời ở tệp đính kèm. Nếu giờ họp đổi, bạn nhận một thư mới và lịch của bạn tự cập nhật.")
    if entry.sequence:
        return (_("Thay đổi lịch họp: {title}", title=entry.title), _("Cuộc họp có thay đổi. Thông tin đúng là dưới đây."), closing)
    return _("Giấy mời họp: {title}", title=entry.title), _("Trân trọng kính mời dự họp."), closing


def _words_of(entry: Entry, method: str, series: Told, when: When) -> Sequence[str]:
    """As `_words`, of a series or of one of its dates."""
    if method == REQUEST and (series.first or not series.one):
        closing = _("Giấy mời ở tệp đính kèm, cho mọi buổi. Nếu có buổi thay đổi, bạn nhận một thư và lịch của bạn tự cập nhật.")
        if series.first:
            return _("Giấy mời họp: {title}", title=entry.title), _("Trân trọng kính mời dự chuỗi họp."), closing
        return (_("Thay đổi chuỗi họp: {title}", title=entry.title), _("Chuỗi họp có thay đổi. Các buổi đúng là dưới đây."), closing)
    if not series.one:
        return _words(entry, method)
    date = when.date(entry.start)
    if method == REQUEST:
        return (_("Thay đổi buổi họp ngày {date}: {title}", title=entry.title, date=date),
                _("Một buổi của chuỗi họp có thay đổi. Thông tin đúng của buổi ấy là dưới đây; các buổi khác giữ nguyên."),
                _("Giấy mời của buổi này ở tệp đính kèm; lịch của bạn tự cập nhật."))
    if entry.cancelled:
        return (_("Hủy buổi họp ngày {date}: {title}", title=entry.title, date=date),
                _("Một buổi của chuỗi họp đã hủy; các buổi khác giữ nguyên."), _("Không cần làm gì thêm."))
    return (_("Thôi mời buổi họp ngày {date}: {title}", title=entry.title, date=date),
            _("Bạn không còn trong danh sách mời của một buổi; các buổi khác giữ nguyên."), _("Không cần làm gì thêm."))


def _listed(series: Told, when: When) -> str:
    """The first dates, and how many more there are."""
    shown = [when.span(*one) for one in series.dates[:LISTED]]
    if more := len(series.dates) - len(shown):
        shown.append(ngettext("và {n} buổi nữa", "and {n} more", more))
    return "; ".join(shown)


# --- MIME (RFC 2045, 2047), written straight: a province's letters are made in a second, and one item's are the same bytes ----


def _letter(key: str, sender: Party, to: Party, subject: str, at: datetime, body: bytes) -> Letter:
    head = "\r\n".join((
        f"From: {_address(sender)}", f"To: {_address(to)}", f"Subject: {_encoded(subject)}", f"Date: {format_datetime(at)}",
        f"Message-ID: {message_id(key, sender.address)}", "Auto-Submitted: auto-generated", "MIME-Version: 1.0", ""))
    return Letter(sender.address, to.address, head.encode("ascii") + body)


def _part(kind: str, data: bytes, name: str = "") -> bytes:
    """`name`: an attachment of that name, in ASCII."""
    told = f'\r\nContent-Disposition: attachment; filename="{name}"' if name else ""
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64{told}\r\n\r\n"
    return head.encode("ascii") + base64.encodebytes(data).replace(b"\n", b"\r\n")


def _many(kind: str, key: str, parts: Sequence[bytes]) -> bytes:
    """Base64 has no `=_`, so the mark can stand in no part but one that has its own."""
    mark = f"=_{kind}_{hashlib.sha256(key.encode()).hexdigest()[:24]}".encode("ascii")
    head = f'Content-Type: multipart/{kind}; boundary="{mark.decode()}"\r\n\r\n'.encode("ascii")
    return head + b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + mark + b"--\r\n"


def _address(who: Party) -> str:
    return f"{_encoded(who.name)} <{who.address}>"


def _encoded(text: str) -> str:
    """In encoded words, folded; nothing that people type begins a header of its own."""
    line = "".join(sign if sign.isprintable() else " " for sign in text).strip()[:200]
    return Header(line, "utf-8", maxlinelen=70).encode(linesep="\r\n")
