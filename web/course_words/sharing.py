"""Sentences of screens that were shared, and of the interpreter into sign language."""

from __future__ import annotations

from web.course_words.area import Area
from web.i18n import N_, _

_WHY = {
    "own": N_("{point} dừng chia sẻ màn hình"),
    "chair": N_("Chủ tọa dừng màn hình {point} đang chia sẻ"),
    "other": N_("Màn hình của {point} nhường chỗ cho màn hình khác"),
    "floor": N_("{point} hết lượt phát biểu: dừng chia sẻ màn hình"),
    "muted": N_("{point} bị tắt tiếng: dừng chia sẻ màn hình"),
    "pause": N_("Tạm nghỉ: {point} dừng chia sẻ màn hình"),
    "left": N_("{point} rời phòng họp: dừng chia sẻ màn hình"),
    "lost": N_("Mất tín hiệu màn hình của {point}: dừng chia sẻ"),
    "closed": N_("Kết thúc họp: {point} dừng chia sẻ màn hình"),
}

AREA = Area(
    tell={
        "screen.shared": lambda d, p: _("{point} chia sẻ màn hình", point=p),
        "screen.ended": lambda d, p: _(_WHY.get(d["why"], _WHY["own"]), point=p),
        "screen.allowed": lambda d, p: _("Cho {point} chia sẻ màn hình", point=p) if p else _("Thôi cho chia sẻ màn hình ngoài lượt phát biểu"),
        "sign.set": lambda d, p: _("{point} phiên dịch ngôn ngữ ký hiệu", point=p) if p else _("Thôi phiên dịch ngôn ngữ ký hiệu"),
    },
)
