"""What stored words are called in front of people: roles, states, stages, kinds of events.  Only texts.

Officials' own terms (domain reference §10).  Used by pages; the record keeps the stable words.
"""

from __future__ import annotations

from meetings.access import Role
from web.i18n import N_

ROLES: dict[Role, str] = {
    Role.SECRETARY: N_("Thư ký"),
    Role.DIVISION_HEAD: N_("Lãnh đạo phòng"),
    Role.CHAIR: N_("Chủ trì"),
    Role.CLERK: N_("Văn thư"),
    Role.OFFICER: N_("Phụ trách điểm cầu"),
    Role.TECHNICIAN: N_("Kỹ thuật viên"),
    Role.ADMIN: N_("Quản trị"),
}

STATES: dict[str, str] = {
    "draft": N_("Đang soạn"),
    "convened": N_("Đã xác nhận"),
    "open": N_("Đang họp"),
    "suspended": N_("Tạm dừng"),
    "concluded": N_("Đã kết thúc"),
    "cancelled": N_("Đã hủy"),
}

OVERDUE = N_("Quá giờ, chưa mở")
"""Convened, its time over, never opened: no state of the record, seen by the clock alone (`scheduler.reminders.overdue`)."""

STAGES: tuple[str, ...] = (
    N_("Soạn"), N_("Xác nhận"), N_("Kiểm tra"), N_("Họp"), N_("Biên bản"), N_("Ký"), N_("Phát hành"),
)

SHARES: dict[str, str] = {
    "whole": N_("toàn bộ"),
    "part": N_("một phần"),
    "unknown": N_("chưa rõ đơn vị kế tục"),
}

FIELDS: dict[str, str] = {
    "options": N_("phương án"),
    "title": N_("tên cuộc họp"),
    "place": N_("địa điểm"),
    "kind": N_("hình thức họp"),
    "chair": N_("chủ trì"),
    "secretary": N_("thư ký"),
    "division_head": N_("lãnh đạo phòng"),
    "clerk": N_("văn thư"),
    "agenda": N_("nội dung chương trình"),
    "presenter": N_("người trình bày"),
    "document": N_("tên tệp"),
    "motion": N_("nội dung biểu quyết"),
    "conclusion": N_("kết luận"),
    "reason": N_("lý do"),
    "caption": N_("dòng phụ đề"),
    "message": N_("tin nhắn"),
    "opinion": N_("ý kiến"),
    "name": N_("họ và tên"),
    "post": N_("chức vụ"),
    "note": N_("ghi chú"),
    "equipment": N_("thiết bị"),
    "group": N_("tên nhóm"),
    "contact": N_("người liên hệ"),
    "token_name": N_("tên mã"),
    "purpose": N_("mục đích ghi hình"),
    "notice": N_("lời báo ghi hình"),
}
"""What somebody was to type, as sentences about it call it; a test knows every field that such a sentence may name."""

LEAVE_REASONS: dict[str, str] = {
    "gone": N_("mất kết nối"),
    "closed": N_("tự rời"),
    "room_closed": N_("phòng đóng"),
    "replaced": N_("chuyển thiết bị"),
    "removed": N_("được mời ra"),
    "restart": N_("hệ thống khởi động lại"),
}

LINE_VERDICTS: dict[str, str] = {
    "ready": N_("sẵn sàng"),
    "weak": N_("yếu"),
    "failed": N_("lỗi"),
    "none": N_("chưa kiểm tra"),
}

SIGN_ROLES: dict[str, str] = {
    "initials": N_("ký nháy"),
    "division_head": N_("ký nháy"),
    "secretary": N_("thư ký"),
    "chair": N_("chủ trì"),
    "agency": N_("cơ quan"),
}

STANDINGS: dict[str, str] = {
    "asked": N_("Chờ xác nhận"), "offered": N_("Có đề xuất khác"), "agreed": N_("Đã xác nhận"), "declined": N_("Từ chối"),
    "lapsed": N_("Quá hạn, không ai trả lời"), "withdrawn": N_("Đã rút"),
}
"""Where a request stands (`scheduler.approval.Standing`)."""
