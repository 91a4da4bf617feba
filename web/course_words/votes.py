"""What the line in time says of motions, ballots and counts of hands.  Never what somebody chose: the minutes tell that, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.course_words.area import Area
from web.i18n import N_, _, ngettext
from web.voting_words import CHOICES


def _prepared(data: Mapping[str, Any], _point: str) -> str:
    return _("Chuẩn bị nội dung biểu quyết “{title}”", title=data["title"])


def _opened(data: Mapping[str, Any], _point: str) -> str:
    if data.get("method") == "slip":
        return ngettext("Gửi phiếu lấy ý kiến “{title}” cho {n} đại biểu", "Opinion slips on “{title}” sent to {n} persons",
                        data["voters"], title=data["title"])
    said = _("Mở biểu quyết “{title}”: {present}/{entitled} có mặt", title=data["title"], present=data["present"], entitled=data["entitled"])
    return _("{opened}, giơ tay", opened=said) if data.get("method") == "hands" else said


def _cast(data: Mapping[str, Any], point: str) -> str:
    if data.get("via") == "slip":
        return _("{name} ({point}) trả lời phiếu lấy ý kiến", name=data.get("name") or "", point=point) if data.get("person") \
            else _("{point} trả lời phiếu lấy ý kiến", point=point)
    return _("{name} ({point}) biểu quyết", name=data["name"], point=point) if data.get("person") else _("{point} biểu quyết", point=point)


_RESULTS = {  # whether by slips: of the usual answers, of options of one's own
    False: (N_("Kết quả biểu quyết “{title}”: {yes} tán thành, {no} không tán thành, {none} không biểu quyết / {entitled}"),
            N_("Kết quả biểu quyết “{title}”: {cast}/{entitled} phiếu")),
    True: (N_("Kết quả lấy ý kiến “{title}”: {yes} tán thành, {no} không tán thành, {none} ý kiến khác / {entitled}"),
           N_("Kết quả lấy ý kiến “{title}”: {cast}/{entitled} phiếu")),
}


def _closed(data: Mapping[str, Any], _point: str) -> str:
    counts = data["counts"]
    usual, parts = _RESULTS[data.get("method") == "slip"]
    if set(counts) == set(CHOICES):
        said = _(usual, title=data["title"], yes=counts["for"], no=counts["against"], none=counts["abstain"], entitled=data["entitled"])
    else:
        said = _(parts, title=data["title"], cast=sum(counts.values()), entitled=data["entitled"])
    return f"{said} · {_('thông qua') if data['passed'] else _('không thông qua')}"


AREA = Area(
    tell={
        "motion.prepared": _prepared,
        "motion.revised": lambda d, p: _("Sửa nội dung biểu quyết “{title}”", title=d["title"]),
        "motion.withdrawn": lambda d, p: _("Rút nội dung biểu quyết “{title}”", title=d["title"]),
        "motion.opened": _opened,
        "motion.voters": lambda d, p: ngettext("Chốt danh sách {n} nơi hoặc người được biểu quyết", "{n} voters written down", len(d["voters"])),
        "motion.present": lambda d, p: ngettext("Chốt {n} nơi hoặc người có mặt khi khóa biểu quyết", "{n} voters present at the closing",
                                                len(d["voters"])),
        "ballot.cast": _cast,
        "count.entered": lambda d, p: _("Ghi kết quả đếm tay lần {n}", n=d["n"]),
        "count.witnessed": lambda d, p: _("Chứng kiến kết quả đếm tay lần {n}, do {name} ghi", n=d["n"], name=d["entered_by"]),
        "motion.closed": _closed,
        "slip.reminded": lambda d, p: ngettext("Nhắc trả lời phiếu lấy ý kiến “{title}”: {n} người chưa trả lời",
                                               "Reminder of the opinion slips on “{title}”: {n} silent", d["silent"], title=d["title"]),
        "slip.extended": lambda d, p: _("Lùi hạn trả lời phiếu lấy ý kiến “{title}”", title=d["title"]),
    },
    runs={"ballot.cast": (N_("{n} phiếu biểu quyết"), "{n} ballots")},
    minor=frozenset({"ballot.cast", "motion.voters", "motion.present"}),
    record=frozenset({"motion.prepared", "motion.revised", "motion.withdrawn"}),
)
