"""What the error codes of papers, their pages and notes say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "document.unreadable": N_(
        "Không đọc được tệp “{name}”: tệp hỏng, có mật khẩu hoặc quá phức tạp. Hãy mở tệp, in hoặc lưu lại thành PDF mới rồi tải lên."
    ),
    "document.pages": N_("Tệp “{name}” có {pages} trang, tối đa {limit}. Hãy tách thành nhiều tệp."),
    "document.active_script": N_("Tệp “{name}” có mã JavaScript tự chạy. Hãy in hoặc lưu lại thành PDF thường rồi tải lên."),
    "document.active_launch": N_("Tệp “{name}” có lệnh mở chương trình khác. Hãy in hoặc lưu lại thành PDF thường rồi tải lên."),
    "document.active_attachment": N_("Tệp “{name}” có tệp khác đính kèm bên trong. Hãy gỡ tệp đính kèm, tải từng tệp riêng."),
    "document.active_form": N_("Tệp “{name}” là biểu mẫu động (XFA), không xem được theo trang. Hãy in thành PDF thường rồi tải lên."),
    "document.active_opening": N_("Tệp “{name}” tự làm việc khác khi mở. Hãy in hoặc lưu lại thành PDF thường rồi tải lên."),
    "document.active_media": N_("Tệp “{name}” có âm thanh, phim hoặc hình động bên trong. Hãy gỡ bỏ rồi lưu lại thành PDF thường."),
    "document.active_sending": N_("Tệp “{name}” có nút gửi dữ liệu đi nơi khác. Hãy in thành PDF thường rồi tải lên."),
    "document.same": N_("Tệp vừa chọn giống hệt bản “{name}” đang có. Hãy chọn bản mới."),
    "document.ended": N_("“{name}” đã được thay, rút hoặc xử lý rồi. Hãy tải lại trang."),
    "document.offered_many": N_("Điểm cầu đã gửi {limit} tài liệu đang chờ thư ký nhận. Hãy đợi thư ký rồi gửi tiếp."),
    "photo.unreadable": N_("Có ảnh không đọc được. Chỉ nhận ảnh JPEG hoặc PNG; hãy chụp lại rồi gửi."),
    "photo.many": N_("Mỗi lần gửi tối đa {limit} ảnh. Hãy gửi làm nhiều lần."),
    "page.unknown": N_("Tài liệu không có trang {page}."),
    "page.unreadable": N_("Không vẽ được trang {page}. Hãy tải tệp về để xem."),
    "page.busy": N_("Máy chủ đang vẽ nhiều trang. Hãy đợi ít giây rồi thử lại."),
    "present.no_floor": N_("Chỉ chủ tọa, thư ký hoặc điểm cầu đang phát biểu được trình chiếu tài liệu."),
    "present.nothing": N_("Không có tài liệu nào đang trình chiếu."),
    "note.bad": N_("Ghi chú không đọc được. Hãy tải lại trang rồi ghi lại."),
    "note.many": N_("Tài liệu này đã có {limit} ghi chú của bạn. Hãy xóa bớt."),
}
