"""What the error codes of points as resources, audiences, series, capacity and delegates say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "point.hours": N_("Không đọc được giờ “{value}”. Nhập như 07:30–11:30 13:00–17:00; để trống là nghỉ."),
    "point.number": N_("“{value}” không đúng. Nhập một số từ {least} đến {most}."),
    "point.phone": N_("Số điện thoại “{value}” không đúng. Nhập như 0912 345 678."),
    "point.email": N_("Địa chỉ thư “{value}” không đúng. Nhập như ten@quangninh.gov.vn."),
    "point.changed": N_("Điểm cầu {name} vừa được người khác sửa. Hãy xem lại rồi lưu lần nữa."),
    "point.block_past": N_("Thời gian bảo trì đã qua. Hãy chọn giờ khác."),
    "point.block_long": N_("Bảo trì không quá {days} ngày một lần. Hãy chọn ngày kết thúc sớm hơn."),
    "point.block_unknown": N_("Không có lịch bảo trì này, hoặc đã kết thúc. Hãy tải lại trang."),
    "sheet.too_large": N_("Tệp lớn quá {limit} MiB. Hãy chia thành nhiều tệp."),
    "sheet.too_many": N_("Tệp có quá {limit} dòng. Hãy chia thành nhiều tệp."),
    "sheet.encoding": N_("Tệp không phải UTF-8 (dòng {line}). Hãy lưu lại dạng “CSV UTF-8”."),
    "sheet.columns": N_("Các cột không đúng ({columns}). Các cột nhận: {known}."),
    "sheet.csv": N_("Dòng {line} không đúng dạng CSV."),
    "sheet.code": N_("Không có điểm cầu mã “{value}” trong phạm vi của bạn."),
    "sheet.twice": N_("Mã “{value}” đã có ở một dòng trước."),
    "sheet.stale": N_("Điểm cầu {value} vừa được người khác sửa. Hãy xuất lại tệp rồi sửa tiếp."),
    "audience.unchanged": N_("Thành phần không có thay đổi nào để áp dụng. Hãy tải lại trang."),
    "group.unknown": N_("Không có nhóm này. Hãy tải lại trang."),
    "group.empty": N_("Nhóm chưa có điểm cầu nào. Hãy đánh dấu ít nhất một."),
    "group.name": N_("Đã có nhóm tên “{name}”. Hãy chọn tên khác."),
    "group.changed": N_("Nhóm này vừa được người khác sửa. Hãy tải lại trang rồi sửa tiếp."),
    "capacity.full": N_("Máy chủ không đủ sức cho cuộc họp này: {sum}. Hãy bớt điểm cầu hoặc chọn giờ khác."),
    "booking.hours": N_("{count} điểm cầu không nhận đặt lịch vào giờ này. Hãy chọn giờ khác hoặc bỏ các điểm cầu đó."),
    "series.draft": N_("Chưa lưu nháp được cả chuỗi. Hãy đặt ngay, hoặc chọn “Không lặp lại” rồi lưu nháp."),
    "series.every": N_("Khoảng cách không đúng. Nhập một số từ 1."),
    "series.count": N_("Số buổi không đúng. Nhập một số từ 1 đến {most}."),
    "series.until": N_("Ngày kết thúc phải sau buổi đầu tiên."),
    "workday.unknown": N_("Ngày này không có trong danh sách. Hãy tải lại trang."),
    "series.member": N_("Cuộc họp này đã thuộc một chuỗi họp."),
    "series.changed": N_("Chuỗi họp đã được người khác sửa. Hãy tải lại trang rồi sửa tiếp."),
    "series.blocked": N_("{count}/{total} buổi chưa đặt được. Hãy bỏ các ngày vướng hoặc đổi giờ."),
    "series.other_day": N_("Chỉ đổi được ngày của một buổi. Hãy chọn “Chỉ buổi này”, hoặc giữ nguyên ngày."),
    "series.unknown": N_("Không có chuỗi họp này."),
}
