"""What the error codes of voices, the room's setting, the chat and captions say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "voice.main": N_("{point[name]} là điểm cầu chủ trì: tắt và bật micro ngay tại điểm cầu đó."),
    "voice.absent": N_("{point[name]} chưa vào phòng họp nên chưa mời bật tiếng được."),
    "voice.foreign": N_("Chỉ điểm cầu được mời mới trả lời lời mời bật tiếng."),
    "voice.not_asked": N_("Lời mời bật tiếng không còn. Hãy đăng ký phát biểu, hoặc đợi chủ trì mời lại."),
    "setting.lobby": N_("Cách nghe trước giờ khai mạc không hợp lệ. Hãy chọn: chỉ nghe điểm cầu chủ trì, hoặc mọi điểm cầu nghe nhau."),
    "setting.chat": N_("Cách nhận tin nhắn không hợp lệ. Hãy chọn: hiện ngay, chờ duyệt, hoặc không nhận."),
    "setting.muted_above": N_("Số điểm cầu phải là số nguyên từ 0 đến {most}."),
    "chat.closed": N_("Chủ trì đang tắt phần nhắn tin. Hãy đăng ký phát biểu."),
    "chat.settled": N_("Tin nhắn này đã được người khác xử lý. Hãy xem lại danh sách."),
    "chat.unknown": N_("Không có tin nhắn này."),
    "caption.full": N_("Cuộc họp đã đủ {most} dòng phụ đề nên không nhận thêm."),
    "caption.late": N_("Chỉ sửa hoặc rút được dòng cuối cùng của người gõ, trong {minutes} phút. Hãy gõ dòng mới."),
    "caption.unknown": N_("Không có dòng phụ đề này."),
    "caption.none": N_("Cuộc họp không còn phụ đề nào để xóa."),
}
