"""What the error codes of the record (`meetings`) say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "agenda.idle": N_("Chưa có mục nào đang bàn. Hãy bắt đầu một mục trước."),
    "agenda.running": N_("Mục {item} “{title}” đang được bàn."),
    "agenda.too_long": N_("Chương trình dài quá {limit} mục. Hãy gộp bớt."),
    "agenda.unknown": N_("Chương trình không có mục {item}. Hãy tải lại trang."),
    "ballot.choice": N_("Lựa chọn biểu quyết không đúng. Chọn tán thành, không tán thành hoặc không biểu quyết."),
    "ballot.not_entitled": N_("Điểm cầu này không có quyền biểu quyết lần này."),
    "ballot.twice": N_("Điểm cầu này đã biểu quyết “{title}”. Mỗi điểm cầu một phiếu, không đổi được."),
    "blob.full": N_("Kho lưu trữ đã đầy, tệp chưa được lưu. Hãy báo người quản trị."),
    "blob.unknown": N_("Không tìm thấy tệp trong kho. Hãy báo người quản trị."),
    "storage.full": N_("Ổ đĩa của máy chủ đã đầy, việc vừa làm chưa được lưu. Hãy báo người quản trị."),
    "conclusion.unknown": N_("Không có kết luận số {ord}. Hãy tải lại trang."),
    "delegate.unknown": N_("Không có đại biểu này. Hãy tải lại trang."),
    "upload.empty": N_("Tệp “{name}” rỗng (0 byte). Hãy chọn lại tệp có nội dung."),
    "document.type": N_(
        "Hệ thống không nhận tệp “{name}”. Chỉ nhận PDF, Word, Excel, PowerPoint (không macro), ảnh PNG, "
        "JPEG và văn bản TXT; nội dung phải đúng với đuôi tệp."
    ),
    "document.secret": N_(
        "Tệp “{name}” có dấu {mark} ở trang đầu. Không được đưa tài liệu bí mật nhà nước lên hệ thống "
        "này; hãy dùng kênh riêng theo quy định."
    ),
    "document.too_large": N_("Tệp “{name}” quá lớn. Mỗi tệp tối đa 50 MB."),
    "document.exists": N_("Cuộc họp đã có tài liệu tên “{name}”. Hãy đổi tên tệp rồi tải lên lại."),
    "document.none": N_("Chưa chọn tệp nào. Hãy chọn tệp rồi bấm Tải lên."),
    "floor.absent": N_("Điểm cầu này chưa vào họp nên chưa mời phát biểu được."),
    "floor.free": N_("Chưa có điểm cầu nào đang phát biểu."),
    "floor.has": N_("Điểm cầu này đang phát biểu."),
    "hand.foreign": N_("Chỉ đăng ký phát biểu được cho điểm cầu của mình."),
    "link.revoked": N_("Đường dẫn này đã bị thu hồi. Hãy hỏi thư ký cuộc họp để nhận thẻ mới."),
    "link.unknown": N_("Đường dẫn không đúng. Hãy kiểm tra lại hoặc hỏi người đã gửi."),
    "link.worn_out": N_("Đường dẫn của “{name}” đã được cấp lại quá nhiều lần."),
    "meeting.booked": N_("Cuộc họp “{title}” đã đặt điểm cầu nên không đổi giờ riêng được. Hãy trả điểm cầu trước."),
    "meeting.concluded": N_("Cuộc họp “{title}” đã kết thúc."),
    "meeting.cancelled": N_("Cuộc họp “{title}” đã bị hủy."),
    "meeting.end_before_start": N_("Giờ kết thúc phải sau giờ bắt đầu."),
    "meeting.no_points": N_("Cuộc họp “{title}” chưa đặt điểm cầu nào."),
    "meeting.no_zone": N_("Thời gian thiếu múi giờ. Hãy tải lại trang rồi nhập lại."),
    "meeting.state": N_("Cuộc họp “{title}” chưa ở bước làm được việc này. Hãy tải lại trang để xem trạng thái."),
    "meeting.no_main_point": N_("Cuộc họp “{title}” chưa có điểm cầu chính."),
    "motion.closed": N_("Biểu quyết “{title}” đã đóng."),
    "motion.no_quorum": N_(
        "Mới có {present} trên {entitled} điểm cầu có mặt, cần ít nhất {needed} để biểu quyết. Hãy đợi "
        "thêm điểm cầu vào họp."
    ),
    "motion.nobody": N_("Không có điểm cầu nào được quyền biểu quyết."),
    "motion.open": N_("Biểu quyết “{title}” đang mở. Hãy đóng biểu quyết trước."),
    "motion.unknown": N_("Không có biểu quyết này. Hãy tải lại trang."),
    "room.unknown": N_("Không có phòng họp này."),
    "rule.base": N_("Cách tính biểu quyết không đúng."),
    "rule.majority": N_("Tỷ lệ thông qua không đúng; viết như 1/2 hoặc 2/3."),
    "rule.quorum": N_("Tỷ lệ có mặt tối thiểu không đúng; viết như 2/3."),
    "seat.twice": N_("Một điểm cầu được chọn hai lần. Hãy tải lại trang."),
    "seat.unknown": N_("Điểm cầu này không dự cuộc họp."),
    "seat.used": N_("Có điểm cầu đã vào họp nên không bỏ ra được."),
    "session.unknown": N_("Phiên truyền hình này đã kết thúc. Hãy vào lại."),
    "text.control": N_("Có ký tự ẩn hoặc ký tự điều khiển ({char}). Hãy gõ lại phần này."),
    "text.empty": N_("Hãy nhập nội dung."),
    "text.too_long": N_("Dài {length} ký tự, tối đa {limit}. Hãy viết ngắn hơn."),
    "ticket.expired": N_("Vé vào phòng đã hết hạn. Hãy tải lại trang."),
    "ticket.used": N_("Vé vào phòng đã được dùng. Hãy tải lại trang."),
    "ticket.foreign": N_("Vé này không dùng cho phòng này. Hãy mở lại đường dẫn của điểm cầu."),
    "user.own_lock": N_("Không tự khóa tài khoản của mình được."),
    "point.busy": N_("Một thiết bị khác của điểm cầu này đang họp."),
    "point.not_booked": N_("Điểm cầu {code} không được đặt cho cuộc họp này."),
}
