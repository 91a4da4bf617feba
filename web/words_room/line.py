"""What the room's scripts say of the own microphone and of who comes back."""

from __future__ import annotations

from web.i18n import _


def words() -> dict[str, str]:
    return {
        "mic_checking": _("Đang kiểm tra đường truyền: có thể mọi người không nghe bạn"),
        "mic_blocked": _("Máy hoặc hệ điều hành đang tắt micro: mọi người không nghe bạn"),
        "mic_dumb": _("Micro không có tiếng: xem nút tắt trên micro, hoặc chọn micro khác"),
        "reconnecting": _("Mất đường truyền, đang nối lại…"),
        "away_one": _("{name} mất đường truyền, đang nối lại."),
        "here_one": _("{name} đã nối lại."),
        "away_many": _("{n} điểm cầu mất đường truyền, đang nối lại."),
        "here_many": _("{n} điểm cầu đã nối lại."),
        "audio_n": _("Micro {n}"),
        "video_n": _("Máy quay {n}"),
        "output_n": _("Loa {n}"),
        "saving_sound": _("Bạn đã chọn chỉ tiếng"),
    }
