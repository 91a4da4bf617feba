"""Sentences of the gallery and of the television page."""

from __future__ import annotations

from web.i18n import _


def words() -> dict[str, str]:
    return {
        "page_of": _("Trang {n}/{total}"),
        "tv_sound_elsewhere": _("Tiếng phát ở máy họp của điểm cầu"),
        "tv_waiting": _("Chưa khai mạc"),
        "tv_pause": _("Tạm nghỉ"),
        "tv_over": _("Cuộc họp đã kết thúc"),
        "tv_refused": _("Đường dẫn này không còn dùng được. Hãy liên hệ thư ký cuộc họp."),
        "tv_voting": _("Đang biểu quyết: {title}"),
        "tv_nobody": _("Chưa có điểm cầu nào khác"),
    }
