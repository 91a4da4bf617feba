"""The sentences that the script of the test page shows, in the request's language.  Called by its route."""

from __future__ import annotations

from web.i18n import _


def linetest_words() -> dict[str, str]:
    """key → sentence; `{name}` is filled in by the page (static/room/page.js)."""
    return {
        "audio_denied": _("Trình duyệt chưa cho phép dùng micro."),
        "audio_missing": _("Không thấy micro: kiểm tra dây cắm và nguồn của micro."),
        "audio_busy": _("Micro đang bị chương trình khác dùng."),
        "audio_insecure": _("Trang này không mở bằng https nên trình duyệt không cho dùng micro."),
        "video_denied": _("Trình duyệt chưa cho phép dùng máy quay."),
        "video_missing": _("Không thấy máy quay: vẫn nghe và nói được, nhưng không ai thấy điểm cầu."),
        "video_busy": _("Máy quay đang bị chương trình khác dùng."),
        "video_insecure": _("Trang này không mở bằng https nên trình duyệt không cho dùng máy quay."),
        "audio_ok": _("Micro sẵn sàng. Nói thử: vạch xanh phải chạy."),
        "video_ok": _("Máy quay sẵn sàng."),
        "speak": _("Hãy nói to trước micro: “một, hai, ba”."),
        "paths": _("Đang dò đường mạng…"),
        "down": _("Đang đo đường xuống…"),
        "up": _("Đang đo đường lên, độ trễ, mất gói…"),
        "send": _("Đang gửi kết quả…"),
        "wait": _("Máy chủ đang bận đo cho điểm khác. Chờ {n} giây…"),
        "again": _("Kiểm tra lại"),
        "sent": _("Đã gửi kết quả lúc {at}. Ban tổ chức thấy ngay."),
        "unsent": _("Không gửi được kết quả: máy chủ không trả lời. Kiểm tra mạng rồi bấm Kiểm tra lại."),
        "old": _("Trình duyệt này quá cũ để họp. Hãy dùng Chrome, Cốc Cốc, Edge hoặc Firefox bản mới."),
        "yes": _("thông"), "no": _("bị chặn"), "none": _("không thử"), "unknown": _("chưa đo được"),
    }
