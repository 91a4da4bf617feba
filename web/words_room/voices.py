"""Sentences of who is heard and why, the chair's word on voices, the chat and the channel of chair and secretary."""

from __future__ import annotations

from web.i18n import _


def words() -> dict[str, str]:
    return {**_own(), **_console(), **_chat()}


def _own() -> dict[str, str]:
    """What every point is told.  `mic_…` is the own sign, which never claims that somebody hears."""
    return {
        "mic_lobby": _("Chưa khai mạc — mọi người chưa nghe bạn"),
        "mic_break": _("Đang tạm nghỉ — mọi người không nghe bạn"),
        "mic_muted": _("Chủ trì đã tắt tiếng điểm cầu của bạn — mọi người không nghe"),
        "lobby_quiet": _("Chưa khai mạc, dự kiến {start}. Bạn đã ở trong phòng họp; lúc này chỉ nghe được điểm cầu chủ trì. Trang tự chuyển khi khai mạc."),
        "lobby_free": _("Chưa khai mạc, dự kiến {start}. Chủ trì đang cho thử tiếng: các điểm cầu nghe nhau. Trang tự chuyển khi khai mạc."),
        "lobby_chair_here": _("Điểm cầu chủ trì đã có mặt."),
        "lobby_chair_away": _("Điểm cầu chủ trì chưa vào."),
        "suspended_hint": _("Cuộc họp đang tạm nghỉ: chỉ nghe được điểm cầu chủ trì. Hãy giữ trang này mở; chủ trì sẽ cho họp tiếp."),
        "chair_away": _("Điểm cầu chủ trì hiện không có trong phòng họp. Cuộc họp vẫn mở, thư ký điều hành tiếp; hãy giữ trang này mở."),
        "asked": _("Chủ trì mời điểm cầu của bạn phát biểu. Bật tiếng để mọi người nghe?"),
        "asked_done": _("Đã bật tiếng. Mời bạn phát biểu."),
        "asked_no_mic": _("Đã nhận lời, nhưng máy này không có micro nên mọi người không nghe bạn."),
    }


def _console() -> dict[str, str]:
    return {
        "hearing_lobby": _("Chưa khai mạc: chỉ nghe điểm cầu chủ trì."),
        "hearing_break": _("Đang tạm nghỉ: chỉ nghe điểm cầu chủ trì."),
        "hearing_floor": _("Chỉ nghe {name}, điểm cầu chủ trì và những điểm được bật tiếng."),
        "hearing_muted": _("Đã tắt tiếng tất cả: chỉ nghe điểm cầu chủ trì và những điểm được bật tiếng."),
        "hearing_free": _("Các điểm cầu nghe nhau, trừ những điểm bị tắt tiếng."),
        "mute_all": _("Tắt tiếng tất cả"),
        "unmute_all": _("Bật tiếng tất cả"),
        "mute_one": _("Tắt tiếng"),
        "free_one": _("Bật tiếng"),
        "ask": _("Mời bật tiếng"),
        "large": _("Phóng to"),
        "large_off": _("Thôi phóng to"),
        "stage_off": _("Thôi phóng to {name}"),
        "is_heard": _("mọi người nghe được"),
        "is_silent": _("chưa được nghe"),
        "is_muted": _("bị tắt tiếng"),
        "is_asked": _("đã mời, đang chờ"),
        "is_large": _("hình lớn"),
        "never_spoke": _("chưa phát biểu"),
        "voices_rest": _("Còn {n} điểm cầu khác: gõ tên để tìm."),
        "voices_none": _("Không có điểm cầu nào."),
        "line_console": _("Bàn điều hành"),
        "glance_of": _("{n}/{total}"),
        "muted_n": _("{n} bị tắt tiếng"),
        "points_n": _("{n} điểm"),
        "motion_goes": _("đang biểu quyết: {n}/{total}"),
        "motions_wait": _("{n} nội dung chờ"),
        "conclusions_n": _("{n} kết luận"),
    }


def _chat() -> dict[str, str]:
    return {
        "chat": _("Nhắn tin"),
        "chat_new": _("Tin mới"),
        "chat_waiting": _("{n} tin chờ"),
        "chat_closed": _("Chủ trì đang tắt phần nhắn tin."),
        "chat_held": _("Tin nhắn hiện ra sau khi thư ký duyệt."),
        "chat_sent_held": _("Đã gửi, đang chờ thư ký duyệt."),
        "chat_is_held": _("chờ duyệt"),
        "chat_is_hidden": _("đã ẩn"),
        "chat_is_erased": _("đã xóa hẳn"),
        "chat_pass": _("Duyệt"),
        "chat_hide": _("Ẩn"),
        "chat_erase": _("Xóa hẳn"),
        "chat_why": _("Lý do"),
        "chat_reason": _("Lý do: {reason}"),
        "private_new": _("Có lời trao đổi riêng mới."),
    }
