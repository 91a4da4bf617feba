"""What the error codes of line tests say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "line.result": N_("Kết quả kiểm tra không đọc được. Hãy tải lại trang rồi kiểm tra lại."),
    "linetest.early": N_("Đường dẫn này chưa đến giờ kiểm tra. Hãy mở lại trong khoảng thời gian ghi ở tin nhắn."),
    "linetest.over": N_("Đợt kiểm tra này đã đóng. Hãy mở thẻ vào họp của điểm cầu để kiểm tra lại, hoặc báo kỹ thuật viên."),
    "linetest.queue": N_("Máy chủ đang đo cho nhiều điểm cầu cùng lúc. Trang sẽ tự đo tiếp sau vài giây."),
    "linetest.round": N_("Chính sách không có đợt kiểm tra “{round}”."),
    "linetest.unknown": N_("Đường dẫn kiểm tra này không đúng hoặc không còn dùng được. Hãy hỏi thư ký hoặc kỹ thuật viên."),
    "times.call": N_("Phải sau khi điểm cầu nhận liên kết của đợt 1."),
    "times.changed": N_("Người khác vừa đổi các giờ và ngưỡng này. Hãy tải lại trang rồi sửa trên bản mới."),
    "times.clock": N_("Nhập giờ như 08:00."),
    "times.deputy": N_("Người thay được gọi sau kỹ thuật viên, nên gần giờ họp hơn."),
    "times.evening": N_("Phải sau giờ nhắc buổi sáng."),
    "times.limits": N_("Không được thấp hơn mức đứng trước nó ({least})."),
    "times.number": N_("Nhập số nguyên từ {least} đến {most}."),
    "times.order": N_("Phải gần giờ họp hơn đợt trước ít nhất {apart} phút."),
    "times.percent": N_("Nhập số từ {least} đến {most}, một chữ số lẻ."),
    "times.span": N_("Nhập từ {least} đến {most} trước giờ họp."),
}
