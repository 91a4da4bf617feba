"""What the error codes of points as resources, audiences, series, capacity and delegates say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "series.member": N_("Cuộc họp này đã thuộc một chuỗi họp."),
    "series.changed": N_("Chuỗi họp đã được người khác sửa. Hãy tải lại trang rồi sửa tiếp."),
    "series.blocked": N_("{count}/{total} buổi chưa đặt được. Hãy bỏ các ngày vướng hoặc đổi giờ."),
    "series.other_day": N_("Chỉ đổi được ngày của một buổi. Hãy chọn “Chỉ buổi này”, hoặc giữ nguyên ngày."),
    "series.unknown": N_("Không có chuỗi họp này."),
}
