"""What a verdict of `minutes.verify` is called in front of people: one sentence for the file, one for each signature.

Only texts and their choice; it judges nothing.  Used by `python3 -m web verify` and by the verify page.
"""

from __future__ import annotations

from minutes.verify import Verdict
from web.i18n import N_, _

ROLES: dict[str, str] = {
    "initials": N_("Ký nháy"),
    "secretary": N_("Thư ký"),
    "chair": N_("Chủ tọa"),
    "agency": N_("Cơ quan đóng dấu"),
    "manifest": N_("Cơ quan ký gói tài liệu"),
}

REASONS: dict[str, str] = {
    "unreadable": N_("Không đọc được tệp. Hãy chọn tệp PDF biên bản hoặc gói tài liệu (.asice)."),
    "too_large": N_("Tệp lớn hơn giới hạn, nên không phải do hệ thống này phát hành."),
    "structure": N_("Cấu trúc tệp đã hỏng hoặc bị sửa."),
    "active": N_("Tệp có nội dung có thể tự thay đổi khi mở (mã lệnh, biểu mẫu, lớp ẩn)."),
    "roles": N_("Tệp không có đủ bốn chữ ký đúng thứ tự: ký nháy, thư ký, chủ tọa, cơ quan."),
    "coverage": N_("Có phần của tệp không được chữ ký bảo vệ."),
    "changed": N_("Nội dung đã bị sửa sau khi ký."),
    "policy": N_("Tệp không giữ các quyền mà chữ ký đầu và con dấu quy định."),
    "form": N_("Dữ liệu chữ ký bị sửa hoặc không đúng dạng."),
    "altered": N_("Nội dung khác với nội dung đã được ký."),
    "value": N_("Chữ ký không khớp với chứng thư của người ký."),
    "untrusted": N_("Chứng thư không do cơ quan chứng thực được tin cậy cấp."),
    "expired": N_("Chứng thư không còn hiệu lực vào lúc ký."),
    "weak_key": N_("Khóa ký yếu hơn mức cho phép."),
    "usage": N_("Chứng thư không được cấp để ký văn bản."),
    "future": N_("Thời gian ký ở sau thời điểm kiểm tra."),
    "library": N_("Hai cách kiểm tra không thống nhất; coi là không hợp lệ."),
    "document": N_("Tệp không kèm dữ liệu gốc của biên bản, hoặc dữ liệu đó không khớp với văn bản."),
    "not_agency": N_("Con dấu phải do chứng thư của cơ quan tạo ra; đây là chứng thư của cá nhân."),
    "not_person": N_("Vị trí này phải do cá nhân ký; đây là chứng thư của cơ quan, tổ chức."),
    "same_signer": N_("Một người ký ở hai vị trí; mỗi vị trí phải do một người khác nhau ký."),
    "backwards": N_("Thời gian ký sớm hơn chữ ký đứng trước."),
    "other_signer": N_("Người hoặc cơ quan ký không đúng với tên ghi trong biên bản."),
    "packet_form": N_("Gói tài liệu đã hỏng hoặc bị sửa."),
    "packet_manifest": N_("Danh mục của gói tài liệu không đúng dạng."),
    "packet_content": N_("Một tệp trong gói khác với danh mục đã ký."),
    "packet_minutes": N_("Biên bản trong gói không hợp lệ."),
    "packet_signer": N_("Gói tài liệu không do cơ quan đã đóng dấu biên bản ký."),
}


def role_name(role: str) -> str:
    return _(ROLES.get(role, role))


def reason_text(code: str) -> str:
    """Empty for a valid one."""
    return _(REASONS.get(code, REASONS["structure"])) if code else ""


def sentence(verdict: Verdict) -> str:
    """The verdict on the file in one sentence."""
    if not verdict.readable:
        return reason_text("unreadable")
    what = _("Gói tài liệu") if verdict.kind == "packet" else _("Biên bản")
    if not verdict.valid:
        return _("{what} KHÔNG HỢP LỆ. {reason}", what=what, reason=reason_text(verdict.reason))
    if verdict.test:
        return _("{what} nguyên vẹn, ký bằng chữ ký thử nghiệm: không có giá trị pháp lý.", what=what)
    return _("{what} HỢP LỆ: nguyên vẹn từ khi cơ quan đóng dấu.", what=what)
