"""What the error codes of rooms and media sessions say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "media.accept": N_("Địa chỉ này chỉ trả lời bằng {type}, mà dòng Accept không cho phép."),
    "media.away": N_("Máy chủ hình và tiếng đang khởi động lại. Trang sẽ tự nối lại sau vài giây."),
    "media.fragment": N_("Địa chỉ này chỉ nhận mảnh của bản mô tả phiên, với kiểu nội dung ghi trong dòng Accept-Patch."),
    "media.full": N_("Phòng họp đã đủ số kết nối hình và tiếng. Hãy đóng thiết bị không dùng rồi thử lại, hoặc báo kỹ thuật viên."),
    "media.full.cpu": N_("Bộ xử lý của máy chủ hình và tiếng đã bận hết: thêm một điểm nữa sẽ làm xấu hình và tiếng của các điểm đang họp. Hãy thử lại sau nửa phút, hoặc báo kỹ thuật viên."),
    "media.full.lag": N_("Máy chủ hình và tiếng đang bị chậm: thêm một điểm nữa sẽ làm xấu hình và tiếng của các điểm đang họp. Hãy thử lại sau nửa phút, hoặc báo kỹ thuật viên."),
    "media.full.packets": N_("Máy chủ hình và tiếng đã dùng hết sức chuyển tiếp: thêm một điểm nữa sẽ làm xấu hình và tiếng của các điểm đang họp. Hãy thử lại sau nửa phút, hoặc báo kỹ thuật viên thêm máy chủ."),
    "media.pins": N_("Địa chỉ này nhận tên điểm cầu muốn xem trong từng ô, theo mid của ô."),
    "media.precondition": N_("Thiếu dòng If-Match: nhãn ETag của phiên để báo thêm đường truyền, hoặc * để dò lại đường truyền."),
    "media.sdp": N_("Bản mô tả phiên (SDP) không dùng được ({reason}). Hãy tải lại trang; nếu vẫn lỗi, hãy dùng Chromium hoặc Firefox bản mới."),
    "media.tag": N_("Nhãn trong dòng If-Match không còn đúng: phiên đã dò lại đường truyền."),
    "media.too_large": N_("Bản mô tả phiên (SDP) quá lớn: tối đa 64 KiB."),
    "media.type": N_("Địa chỉ này chỉ nhận bản mô tả phiên với Content-Type: application/sdp."),
    "media.view": N_("Địa chỉ này nhận chiều cao của từng hình theo mid, tính bằng điểm ảnh."),
    "meeting.no_main_point": N_("Cuộc họp “{title}” chưa có điểm cầu chủ trì, hoặc đường dẫn của điểm đó đã thu hồi. Hãy chọn điểm cầu chủ trì ở trang cuộc họp."),
    "point.busy": N_("Điểm cầu này đang họp trên một thiết bị khác. Hãy chọn thay thiết bị kia, hoặc vào với thiết bị phụ."),
    "ticket.missing": N_("Thiếu vé vào phòng. Hãy gửi vé trong dòng Authorization: Bearer."),
}
