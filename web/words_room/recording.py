"""Sentences of the line that says that the meeting is recorded, and of its panel on the console."""

from __future__ import annotations

from web.i18n import _


def words() -> dict[str, str]:
    return {
        "recorded": _("Đang ghi hình và ghi âm"),
        "recorded_for": _("Mục đích: {purpose} · lưu đến {day}"),
        "recorded_paused": _("Tạm dừng ghi hình"),
        "recorded_over": _("Đã dừng ghi hình."),
        "recorder_going": _("Đã ghi {size}, {gaps} chỗ trống"),
        "recorder_waits": _("Đang chờ hình và tiếng của các điểm cầu: chưa ghi được gì"),
        "recorder_full": _("ĐĨA ĐẦY: không ghi được. Hãy báo kỹ thuật viên."),
        "recorder_broke": _("Ghi hình đã dừng ngoài ý muốn: {reason}. Hãy báo kỹ thuật viên."),
        "recorder_disk_full": _("hết chỗ trên đĩa"),
        "recorder_disk_error": _("đĩa bị lỗi"),
        "recorder_failed": _("máy ghi không chạy được"),
        "recorder_told": _("Đã báo {aware}/{told} điểm cầu"),
    }
