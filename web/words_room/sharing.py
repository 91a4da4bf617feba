"""Sentences of a shared screen and of the interpreter into sign language."""

from __future__ import annotations

from web.i18n import _


def words() -> dict[str, str]:
    return {
        "share_begin": _("Chia sẻ màn hình"),
        "share_stop": _("Dừng chia sẻ"),
        "share_by": _("{name} đang chia sẻ màn hình"),
        "share_mine": _("Bạn đang chia sẻ màn hình: mọi điểm cầu nhìn thấy những gì hiện trên đó."),
        "share_mine_elsewhere": _("Một thiết bị khác của điểm cầu này đang chia sẻ màn hình."),
        "share_sound": _("Âm thanh phát trên đó được gửi cùng: mọi điểm cầu nghe thấy."),
        "share_sound_none": _("Trình duyệt chưa gửi âm thanh. Muốn mọi điểm cầu nghe, hãy dừng rồi chia sẻ lại: chọn một thẻ (tab) và đánh dấu ô chia sẻ cả âm thanh."),
        "share_sound_never": _("Trình duyệt này không gửi được âm thanh của màn hình. Muốn mọi điểm cầu nghe, hãy chia sẻ bằng Chrome hoặc Edge: chọn một thẻ (tab) và đánh dấu ô chia sẻ cả âm thanh."),
        "share_sound_loops": _("Âm thanh của cả máy có cả tiếng cuộc họp, ai cũng sẽ nghe lại chính mình, nên không được gửi. Muốn mọi điểm cầu nghe, hãy dừng rồi chia sẻ lại: chọn một thẻ (tab) và đánh dấu ô chia sẻ cả âm thanh."),
        "share_phone": _("Trình duyệt trên máy này không chia sẻ màn hình được (điện thoại đều vậy). Hãy mở đường dẫn của điểm cầu trên máy tính làm thiết bị phụ rồi chia sẻ từ đó, hoặc trình chiếu tài liệu."),
        "share_not_allowed": _("Chưa chia sẻ: bạn đã bấm hủy, hoặc trình duyệt không được phép chụp màn hình. Hãy bấm lại và chọn màn hình, hoặc cho phép trong phần cài đặt của trình duyệt và của máy."),
        "share_not_found": _("Không có màn hình nào để chia sẻ trên máy này."),
        "share_not_readable": _("Hệ điều hành không cho chụp màn hình này. Hãy chọn cửa sổ khác, hoặc cho phép trình duyệt ghi màn hình trong phần cài đặt của máy."),
        "share_failed": _("Chưa chia sẻ màn hình được. Hãy thử lại."),
        "share_ended": _("Màn hình của bạn không còn được chia sẻ: hết lượt phát biểu, hoặc chủ trì đã dừng, hoặc đường truyền bị ngắt lâu."),
        "share_other": _("Điểm cầu khác đang chia sẻ màn hình, nên màn hình của bạn đã dừng."),
        "share_replaced": _("Màn hình của bạn đã dừng: một thiết bị khác của điểm cầu thay chỗ."),
        "share_let": _("Cho chia sẻ màn hình"),
        "share_let_off": _("Thôi cho chia sẻ"),
        "share_is_let": _("được chia sẻ màn hình"),
        "share_shares": _("đang chia sẻ màn hình"),
        "sign_nobody": _("Không có"),
        "screen_of": _("Màn hình của {name}"),
        "screen_comes": _("Đang nhận màn hình…"),
    }
