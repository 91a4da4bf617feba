"""What the error codes of mail, invitations and feeds say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "feed.many": N_("Bạn đã có {most} địa chỉ lịch. Hãy hủy bớt địa chỉ không dùng."),
    "reach.email": N_("Địa chỉ thư không đúng. Nhập như ten@tinh.gov.vn."),
    "reach.phone": N_("Số điện thoại không đúng. Nhập như 0912 345 678 hoặc +84 912 345 678."),
    "reply.attendee": N_("Thư trả lời không cho biết, hoặc cho biết nhiều hơn một, người được mời."),
    "reply.date": N_("Thư trả lời nói về một buổi không có, hoặc đã họp, trong chuỗi họp."),
    "reply.folder": N_("Không có thư mục {folder}."),
    "reply.many": N_("Thư trả lời nói về nhiều cuộc họp cùng lúc. Hãy trả lời từng giấy mời."),
    "reply.not_answer": N_("Thư này không phải là thư trả lời giấy mời."),
    "reply.not_ours": N_("Thư trả lời nói về một lịch không phải của hệ thống này."),
    "reply.older": N_("Đã có câu trả lời mới hơn của người này."),
    "reply.partstat": N_("Thư trả lời không nói có dự hay không."),
    "reply.removed": N_("Người này không còn trong danh sách mời của cuộc họp."),
    "reply.sender": N_("Thư trả lời cho {address} lại được gửi từ địa chỉ khác."),
    "reply.too_large": N_("Thư trả lời quá lớn: tối đa {limit} KiB."),
    "reply.unknown": N_("Địa chỉ {address} không có trong danh sách mời của cuộc họp."),
    "reply.unreadable": N_("Phần lịch trong thư trả lời bị hỏng, không đọc được."),
}
