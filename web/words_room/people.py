"""Sentences of the panel of people behind a point."""

from __future__ import annotations

from web.i18n import _


def words() -> dict[str, str]:
    return {
        "people_none": _("Điểm cầu chưa đăng ký đại biểu."),
        "people_count": _("{here}/{of} có mặt"),
        "people_heads": _("đếm được {n} người"),
        "people_here": _("{here}/{of} đại biểu có mặt"),
        "people_points": _("{points}/{all} điểm cầu có người"),
        "person_expected": _("Chưa điểm danh"),
        "person_present": _("Có mặt"),
        "person_late": _("Đến muộn {time}"),
        "person_left": _("Đã rời {time}"),
        "person_excused": _("Vắng có lý do"),
        "person_absent": _("Vắng không lý do"),
        "person_phone": _("tự điểm danh"),
        "person_instead": _("Dự thay {name}: {reason}"),
        "do_present": _("Có mặt"),
        "do_left": _("Rời họp"),
        "do_on_time": _("Có mặt từ đầu"),
        "do_absent": _("Vắng không lý do"),
        "do_excused": _("Vắng có lý do"),
        "do_expected": _("Bỏ ghi"),
        "do_more": _("Khác"),
        "do_more_of": _("Ghi khác cho {name}"),
        "do_of": _("{what}: {name}"),
        "do_reason": _("Lý do vắng của {name}"),
        "do_link": _("Thu hồi mã điện thoại"),
        "link_gone": _("Đã thu hồi mã của {name}. In thẻ mới để cấp lại."),
        "roll_done": _("Đã ghi điểm danh lần {n}."),
        "roll_said": _("Lần {n}, {time}: {here}/{of} đại biểu, {points}/{all} điểm cầu"),
    }
