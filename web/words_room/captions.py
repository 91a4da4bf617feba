"""Sentences of captions, for whoever reads them and for whoever types them."""

from __future__ import annotations

from web.i18n import _


def words() -> dict[str, str]:
    return {
        "typing_speaks": _("Đang phát biểu: {name}"),
        "typing_off": _("Gõ phụ đề được khi cuộc họp đang diễn ra."),
        "typing_correct": _("Sửa lại"),
        "typing_withdraw": _("Rút lại"),
        "typing_correcting": _("Đang sửa dòng cuối. Enter để lưu, Esc để thôi."),
    }
