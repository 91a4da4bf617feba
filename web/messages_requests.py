"""What the error codes of requests, displaced bookings and policies (`scheduler`) say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "request.stale": N_("Đề nghị này vừa thay đổi. Hãy đọc lại nội dung mới rồi trả lời."),
    "request.answer": N_("Không có cách trả lời đó. Hãy tải lại trang rồi chọn lại."),
    "offer.points": N_("Chỉ đề xuất được điểm cầu khác của chính đơn vị được hỏi. Hãy chọn lại."),
    "offer.have": N_("Cuộc họp đã có điểm cầu này rồi. Hãy chọn điểm cầu khác hoặc giờ khác."),
    "displace.not_allowed": N_("Quy tắc đặt lịch không cho {unit} lấy giờ của {other}. Hãy chọn giờ khác hoặc trao đổi với đơn vị đó."),
    "displace.running": N_("Cuộc họp của {unit} đã bắt đầu nên không lấy lại điểm cầu được. Hãy chọn giờ khác."),
    "displace.answered": N_("Việc bị thu hồi điểm cầu này đã được xử lý rồi. Hãy tải lại trang để xem."),
    "displace.no_time": N_("Không tìm được giờ nào mọi điểm cầu cùng trống trong 30 ngày tới. Hãy chọn giờ khác hoặc bỏ bớt điểm cầu."),
    "policy.part": N_("Quy tắc đặt lịch không đọc được. Chỉ có các phần: {known}."),
    "policy.level": N_("Không có cấp “{level}”. Các cấp: {known}."),
    "policy.minutes": N_("Thời hạn tính bằng phút, từ 1 đến {most}."),
    "policy.displaces": N_("Mỗi dòng ưu tiên là một cấp cao hơn lấy giờ của một cấp thấp hơn."),
}
