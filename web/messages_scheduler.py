"""What the error codes of booking and units (`scheduler`, `meetings/importer.py`) say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "unit.unknown": N_("Không có đơn vị này vào ngày đó. Hãy chọn lại trong cây đơn vị."),
    "unit.ambiguous": N_("Có nhiều đơn vị tên “{unit}”. Hãy dùng mã của một trong số đó: {units}."),
    "point.unknown": N_("Không có điểm cầu này vào ngày họp. Hãy tải lại trang rồi chọn lại."),
    "audience.day": N_("Thành phần được tính cho một ngày khác. Hãy tải lại trang rồi chọn lại."),
    "dataset.unknown": N_("Không có bộ đơn vị “{name}”."),
    "booking.overlap": N_("Có điểm cầu đã có lịch vào giờ này. Hãy chọn giờ khác."),
    "booking.nobody": N_("Chưa chọn điểm cầu nào. Hãy đánh dấu ở Thành phần."),
    "booking.past": N_("Giờ họp đã qua. Hãy chọn giờ khác."),
    "booking.outside": N_(
        "{count} điểm cầu không thuộc {unit}, nên không đặt lịch được. Hãy bỏ các điểm cầu đó, hoặc nhờ "
        "cấp trên triệu tập."
    ),
    "booking.unit_ended": N_(
        "{count} điểm cầu thuộc đơn vị không còn vào ngày họp. Hãy bỏ các điểm cầu đó và chọn đơn vị kế "
        "thừa."
    ),
    "units.row": N_("Dòng {line}: {reason}"),
    "succession.row": N_("Tệp kế thừa, dòng {line}: {reason}"),
    "units.encoding": N_("Tệp không phải UTF-8 (dòng {line}). Hãy lưu lại dạng “CSV UTF-8”."),
    "units.empty": N_("Tệp không có dòng dữ liệu nào."),
    "units.too_large": N_("Tệp lớn quá 16 MiB. Hãy chia thành nhiều tệp."),
    "units.too_many": N_("Tệp có quá {limit} dòng. Hãy chia thành nhiều tệp."),
    "row.columns": N_("số cột không khớp với dòng đầu, hoặc trùng tên cột ({value})."),
    "row.column_missing": N_("thiếu cột {value}."),
    "row.column_unknown": N_("không có cột nào tên {value}."),
    "row.csv": N_("dòng không đúng dạng CSV ({value})."),
    "row.text": N_("tên dài quá 200 ký tự, hoặc có ký tự điều khiển."),
    "row.name_missing": N_("thiếu tên đơn vị."),
    "row.type_missing": N_("thiếu loại đơn vị (xã, phường…)."),
    "row.source_missing": N_("thiếu nguồn (cột source)."),
    "row.level_unknown": N_("không có cấp “{value}”. Các cấp: province, district, commune, body."),
    "row.code_shape": N_("mã “{value}” không hợp lệ."),
    "row.code_padding": N_("mã “{value}” sai số chữ số: tỉnh 2, huyện 3, xã 5 (giữ số 0 ở đầu)."),
    "row.code_twice": N_("mã {value} bị trùng trong tệp."),
    "row.code_taken": N_("mã {value} đang thuộc một đơn vị khác. Nếu đơn vị đó đã kết thúc, hãy nạp kèm tệp kế thừa."),
    "row.parent_missing": N_("thiếu mã đơn vị cấp trên."),
    "row.parent_unknown": N_("không có đơn vị cấp trên mã {value} vào ngày bắt đầu."),
    "row.parent_level": N_("đơn vị cấp trên ({value}) không ở cấp cao hơn."),
    "row.cycle": N_("đơn vị cấp trên ({value}) lại nằm dưới chính đơn vị này."),
    "row.date": N_("ngày “{value}” không đúng; viết như 2025-07-01."),
    "row.validity": N_("ngày kết thúc phải sau ngày bắt đầu ({value})."),
    "row.coordinates": N_("tọa độ “{value}” không đúng; cần cả hai, hoặc để trống cả hai."),
    "row.organ_id": N_("mã định danh “{value}” không đúng dạng (ví dụ H49.12.34)."),
    "row.flag": N_("cột illustrative chỉ nhận 0 hoặc 1."),
    "row.share": N_("phần kế thừa phải là whole, part hoặc unknown, và không mâu thuẫn với dòng khác ({value})."),
    "row.old_unknown": N_("không có đơn vị cũ mã {value} vào ngày trước khi thay đổi."),
    "row.new_unknown": N_("không có đơn vị mới mã {value} trong tệp đơn vị."),
    "row.new_name": N_("tên đơn vị mới khác với tệp đơn vị ({value})."),
    "row.succession_twice": N_("dòng này lặp lại một dòng trước (mã cũ {value})."),
}
