"""Letters as they are sent: the invitation with its text, its calendar entry and the document; and plain notices.

The Message-ID is made of the item's key: whoever gets a letter twice can tell.  Builds, never sends.  Called by `delivery`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scheduler.calendar_mail import CANCEL, Entry, Party, itip
from web.i18n import _, language
from web.mailer import Letter
from web.when import When

_templates = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates" / "mail"), autoescape=True,
                         undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_templates.globals["_"] = _
PRODUCT = "Điểm Cầu"
PDF = ("application", "pdf")


def message_id(key: str, sender: str) -> str:
    """For ever the same for one item, however often and by whomever it is sent."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{sender.rpartition('@')[2]}>"


def notice(key: str, sender: Party, to: Party, subject: str, text: str, at: datetime) -> Letter:
    message = _message(key, sender, to, subject, at)
    message.set_content(text, charset="utf-8")
    return _letter(message, sender, to)


def invitation(
    key: str, sender: Party, to: Party, entry: Entry, when: When, *, method: str, chair: str, unit: str, answer: str,
    document: tuple[str, bytes] | None, at: datetime,
) -> Letter:
    """`answer`: the personal address where this person says whether they come.  `document`: the invitation (name, PDF)."""
    subject, lead, closing = _words(entry, method)
    facts = [(_("Thời gian"), when.span(entry.start, entry.end)), (_("Địa điểm"), entry.place), (_("Chủ trì"), chair)]
    cancelled = method == CANCEL
    message = _message(key, sender, to, subject, at)
    lines = [lead, "", entry.title, *(f"{name}: {value}" for name, value in facts), ""]
    if not cancelled:
        lines += [f"{_('Xác nhận tham dự hoặc báo vắng')}: {answer}", f"{_('Trang cuộc họp')}: {entry.address}", ""]
    message.set_content("\n".join([*lines, closing, "", unit, ""]), charset="utf-8")
    message.add_alternative(_templates.get_template("invitation.html").render(
        lang=language(), subject=subject, title=entry.title, lead=lead, facts=facts, unit=unit, closing=closing,
        answer="" if cancelled else answer), subtype="html", charset="utf-8")
    calendar = itip(entry, method, sender, to)
    message.add_alternative(calendar.decode(), subtype="calendar", charset="utf-8", params={"method": method})
    message.add_attachment(calendar, maintype="application", subtype="ics", filename="cuoc-hop.ics")
    if document and not cancelled:
        message.add_attachment(document[1], maintype=PDF[0], subtype=PDF[1], filename=document[0])
    return _letter(message, sender, to)


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


def _message(key: str, sender: Party, to: Party, subject: str, at: datetime) -> EmailMessage:
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = _address(sender)
    message["To"] = _address(to)
    message["Subject"] = _one_line(subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(key, sender.address)
    message["Auto-Submitted"] = "auto-generated"
    return message


def _address(who: Party) -> Address:
    return Address(_one_line(who.name), addr_spec=who.address)


def _one_line(text: str) -> str:
    """Nothing that people type begins a header of its own."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()[:200]


def _letter(message: EmailMessage, sender: Party, to: Party) -> Letter:
    return Letter(sender.address, to.address, message.as_bytes())
