"""Sentences of what stands in every meeting's record: its life, points, votes, conclusions, papers, minutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.course_words.area import Area, Teller
from web.i18n import N_, _, ngettext
from web.words import LEAVE_REASONS, LINE_VERDICTS, ROLES, SIGN_ROLES, STANDINGS

RUNS: dict[str, tuple[str, str]] = {
    "point.joined": (N_("{n} điểm cầu vào họp"), "{n} points joined"),
    "point.left": (N_("{n} điểm cầu rời họp"), "{n} points left"),
    "delegate.registered": (N_("Đăng ký {n} đại biểu"), "{n} delegates registered"),
    "delegate.recorded": (N_("Ghi {n} đại biểu"), "{n} delegates recorded"),
    "line.tested": (N_("{n} lần kiểm tra đường truyền"), "{n} line tests"),
}
MINOR = frozenset({"point.joined", "point.left", "delegate.recorded", "delegate.registered", "delegate.withdrawn", "line.tested"})


def _request(data: Mapping[str, Any]) -> str:
    said = f"{data['name']}: {_(STANDINGS[data['standing']])}"
    return f"{said} ({data['reason']})" if data["reason"] not in ("", "overtaken") else said


def _displaced(data: Mapping[str, Any]) -> str:
    return ngettext("{unit} lấy giờ {n} điểm cầu của {other}: {reason}", "{unit} took {n} points of {other}: {reason}",
                    len(data["points"]), unit=data["unit"], other=data["other"], reason=data["reason"])


def _line_tested(verdict: str, point: str) -> str:
    return _("{point} kiểm tra đường truyền: {verdict}", point=point, verdict=_(verdict))


_TELL: dict[str, Teller] = {
    "meeting.created": lambda d, p: _("Soạn cuộc họp “{title}”", title=d["title"]),
    "meeting.changed": lambda d, p: (_("Sửa chương trình: {n} mục", n=len(d["agenda"])) if d.keys() == {"agenda"} else _("Sửa thông tin cuộc họp")),
    "meeting.booked": lambda d, p: ngettext("Đã đặt {n} điểm cầu", "Booked {n} points", d["count"]),
    "request.asked": lambda d, p: ngettext("Đề nghị {n} đơn vị xác nhận điểm cầu", "Asked {n} units for points", len(d["requests"])),
    "request.changed": lambda d, p: _request(d),
    "booking.displaced": lambda d, p: _displaced(d),
    "meeting.convened": lambda d, p: _("Xác nhận cuộc họp"),
    "meeting.hurried": lambda d, p: _("Mời gấp: {reason}", reason=d["reason"]),
    "delegate.registered": lambda d, p: _("{point}: đăng ký đại biểu {name}", point=p, name=d["name"]),
    "delegate.withdrawn": lambda d, p: _("{point}: {name} không dự, {reason}", point=p, name=d["name"], reason=d["reason"]),
    "delegates.loaded": lambda d, p: ngettext("Nạp danh sách {n} đại biểu", "Loaded {n} delegates", d["count"]),
    "delegates.deadline": lambda d, p: _("Đặt hạn đăng ký đại biểu"),
    "invitation.numbered": lambda d, p: _("Cấp số giấy mời {number}/{symbol}", number=f"{d['number']:02d}", symbol=d["symbol"]),
    "meeting.cancelled": lambda d, p: _("Hủy cuộc họp: {reason}", reason=d["reason"]),
    "meeting.opened": lambda d, p: _("Khai mạc"),
    "meeting.suspended": lambda d, p: _("Tạm dừng"),
    "meeting.resumed": lambda d, p: _("Họp tiếp"),
    "meeting.closed": lambda d, p: _("Bế mạc, {present}/{booked} điểm cầu có mặt", present=d["present"], booked=d["booked"]),
    "agenda.started": lambda d, p: _("Bắt đầu mục {item}: {title}", item=d["item"], title=d["title"]),
    "agenda.ended": lambda d, p: _("Xong mục {item}", item=d["item"]),
    "point.joined": lambda d, p: _("{point} vào họp", point=p),
    "point.left": lambda d, p: _("{point} rời họp ({reason})", point=p, reason=_(LEAVE_REASONS.get(d["reason"], d["reason"]))),
    "conclusion.written": lambda d, p: _("Kết luận {ord}: {text}", ord=d["ord"], text=d["text"]),
    "conclusion.removed": lambda d, p: _("Bỏ kết luận {ord}", ord=d["ord"]),
    "document.added": lambda d, p: _("Thêm tài liệu {name}", name=d["name"]),
    "delegate.recorded": lambda d, p: (_("{point}: đại biểu {name} có mặt", point=p, name=d["name"]) if d["present"]
                                       else _("{point}: đại biểu {name} vắng mặt", point=p, name=d["name"])),
    "line.tested": lambda d, p: _line_tested(LINE_VERDICTS[d["verdict"]], p),
    "minutes.drafted": lambda d, p: _("Lập dự thảo biên bản, bản {version}", version=d["version"]),
    "minutes.numbered": lambda d, p: _("Cấp số {number}/{symbol}", number=d["number"], symbol=d["symbol"]),
    "number.voided": lambda d, p: _("Hủy số {number}: {reason}", number=d["number"], reason=d["reason"]),
    "minutes.signed": lambda d, p: _("Ký biên bản: {role}", role=_(SIGN_ROLES.get(d["role"], d["role"]))),
    "minutes.refused": lambda d, p: _("Từ chối ký biên bản: {reason}", reason=d["reason"]),
    "minutes.withdrawn": lambda d, p: _("Văn thư thu hồi biên bản: {reason}", reason=d["reason"]),
    "post.reassigned": lambda d, p: _("{post}: chuyển từ {before} sang {after}", post=_(ROLES.get(d["post"], d["post"])),
                                      before=d["from"]["name"], after=d["to"]["name"]),
    "minutes.sealed": lambda d, p: _("Đóng dấu biên bản"),
    "minutes.issued": lambda d, p: _("Phát hành biên bản số {number}/{symbol}", number=d["number"], symbol=d["symbol"]),
    "packet.built": lambda d, p: _("Đóng gói hồ sơ cuộc họp"),
    "packet.released": lambda d, p: _("Hồ sơ được tải về: {to}", to=d["to"]),
    "link.revoked": lambda d, p: _("Thu hồi đường dẫn của {point}", point=p),
    "link.renewed": lambda d, p: _("Cấp đường dẫn mới cho {point}", point=p),
    "release.granted": lambda d, p: _("Cấp đường dẫn tải hồ sơ cho đại biểu"),
    "release.revoked": lambda d, p: _("Thu hồi đường dẫn tải hồ sơ của đại biểu"),
}

AREA = Area(
    tell=_TELL, runs=RUNS, minor=MINOR,
    papers=frozenset(kind for kind in _TELL if kind.startswith(("document.", "conclusion."))),
    record=frozenset(kind for kind in _TELL if kind.startswith(("minutes.", "number.", "packet.", "post.", "release."))),
)
