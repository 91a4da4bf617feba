"""Sentences of the queue of speakers, the clocks and the bell."""

from __future__ import annotations

from web.i18n import _


def words() -> dict[str, str]:
    return {
        "time_left": _("còn {time}"),
        "time_over": _("quá giờ {time}"),
        "clock_stands": _("đồng hồ dừng"),
        "waits_to_go_on": _("{name} tạm dừng, sẽ nói tiếp"),
        "unit_used": _("đơn vị đã dùng {used}/{total}"),
        "bell_soon": _("Sắp hết giờ phát biểu."),
        "bell_end": _("Hết giờ phát biểu."),
        "bell_end_mine": _("Bạn đã hết giờ phát biểu."),
        "minutes": _("{n} phút dự kiến"),
        "minutes_left": _("còn {n} phút nữa"),
        "minutes_over": _("quá {n} phút"),
        "kind_order": _("Ý kiến về thủ tục"),
        "kind_question": _("Câu hỏi cho người đang phát biểu"),
        "about_item": _("mục {n}"),
        "no_item": _("Không theo mục"),
        "queue_asked": _("Đã đăng ký."),
        "declined": _("Chủ tọa chưa mời bạn: {reason}"),
        "you_are_next": _("Tiếp theo là bạn. Hãy chuẩn bị."),
        "more_about": _("Việc khác với {name}"),
        "move_up": _("Lên"),
        "move_down": _("Xuống"),
        "decline": _("Chưa mời"),
        "decline_reason": _("Lý do chưa mời"),
        "lower_all": _("Hạ tay tất cả"),
        "lower_all_sure": _("Bấm lần nữa để hạ {n} đăng ký"),
        "no_limit": _("không giới hạn"),
        "times_set": _("Đã đặt thời gian phát biểu."),
    }
