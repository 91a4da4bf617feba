"""What the error codes of the interface for programs (`web/api`) say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "api.invalid": N_("Nội dung gửi lên có chỗ không đúng; từng chỗ được ghi kèm."),
    "api.syntax": N_("Nội dung gửi lên không đúng cú pháp: {why}."),
    "api.type": N_("Hãy gửi nội dung kiểu {type}."),
    "api.match_missing": N_("Hãy gửi kèm If-Match với ETag của bản đang sửa, để không ghi đè thay đổi của người khác."),
    "api.match": N_("If-Match không đọc được. Hãy gửi lại nguyên ETag đã nhận."),
    "api.stale": N_("Mục này đã được người khác thay đổi. Hãy đọc lại rồi sửa trên bản mới."),
    "api.key_missing": N_("Hãy gửi kèm Idempotency-Key, một mã riêng cho mỗi việc tạo mới, để gửi lại không tạo hai lần."),
    "api.key": N_("Idempotency-Key gồm 8 đến 128 ký tự ASCII, không có dấu cách."),
    "api.key_reused": N_("Idempotency-Key này đã dùng cho một nội dung khác. Hãy dùng mã mới."),
    "api.cursor": N_("Dấu trang không đúng. Hãy đọc lại từ đầu danh sách."),
    "api.window": N_("Khoảng thời gian phải có đầu trước cuối và dài không quá {days} ngày."),
    "api.nothing": N_("Không có trường nào để thay đổi."),
    "api_token.scope": N_("Mã này chỉ được đọc. Hãy dùng mã được phép thay đổi."),
    "api_token.choice": N_("Hãy chọn quyền và thời hạn của mã trong danh sách."),
    "api_token.many": N_("Đã có {limit} mã đang dùng. Hãy thu hồi mã không cần nữa rồi tạo mã mới."),
}
