"""Words of recordings that several pages say: where one stands, why it ended, why something is missing.  Only texts."""

from __future__ import annotations

from meetings.recording import Stand
from web.i18n import N_

STANDS: dict[Stand, tuple[str, str, str]] = {
    Stand.RUNNING: ("bad", "circle-dot", N_("Đang ghi")),
    Stand.PAUSED: ("weak", "clock", N_("Tạm dừng")),
    Stand.ENDING: ("info", "refresh-cw", N_("Đang hoàn tất")),
    Stand.KEPT: ("good", "check", N_("Đã lưu")),
    Stand.DELETED: ("", "ban", N_("Đang xóa")),
    Stand.ERASED: ("", "ban", N_("Đã xóa")),
}
"""Look, icon and word."""
ENDED: dict[str, str] = {
    "stopped": N_("dừng theo yêu cầu"), "meeting_closed": N_("cuộc họp kết thúc"), "disk_full": N_("hết chỗ trên đĩa"),
    "disk_error": N_("đĩa bị lỗi"), "failed": N_("máy ghi không chạy được"),
}
GAPS: dict[str, str] = {
    "paused": N_("cuộc họp tạm dừng"), "restart": N_("máy chủ khởi động lại"), "relay_gone": N_("không còn máy chuyển hình và tiếng"),
    "killed": N_("tiến trình ghi bị ngắt"), "disk_full": N_("hết chỗ trên đĩa"), "disk_error": N_("đĩa bị lỗi"),
    "too_many_tracks": N_("quá nhiều tệp"),
}
