"""Sentences of papers inside the room: the list, the page that all see, papers handed in."""

from __future__ import annotations

from web import readerwords
from web.i18n import _


def words() -> dict[str, str]:
    return {
        **readerwords.words(),
        "papers_present": _("Trình chiếu"),
        "papers_changed": _("Đã đổi từ khi bạn đọc"),
        "papers_pages": _("{pages} trang"),
        "papers_showing": _("đang chiếu"),
        "slide_by": _("{name} đang trình chiếu"),
        "slide_by_chair": _("Chủ tọa đang trình chiếu"),
        "slide_read": _("Mở để đọc, ghi chú"),
        "slide_hide": _("Thôi trình chiếu"),
        "slide_told": _("Trang {page}: {name}"),
        "slide_drawn": _("Đã hiện ở {drawn}/{of} điểm cầu"),
        "slide_missing": _("Đã hiện ở {drawn}/{of} điểm cầu; còn {names}"),
        "slide_all": _("Đã hiện ở cả {of} điểm cầu"),
        "slide_back": _("Theo trình chiếu"),
        "slide_over": _("Thôi trình chiếu tài liệu"),
        "offer_sent": _("Đã gửi “{name}”. Thư ký nhận rồi mọi người mới đọc được."),
        "offer_photos": _("Gửi {n} ảnh"),
        "offer_photo": _("Ảnh {n}"),
        "offered_one": _("Điểm cầu gửi tài liệu: {n} đang chờ bạn xem"),
    }
