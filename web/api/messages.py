"""What mistakes in a body or a parameter say to a person: the field as people call it, and what it should have been.

`mistake` turns one error of the shapes' library into a sentence.  Only texts; see `web/messages.py` for codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web import words
from web.i18n import N_, _

FIELDS: dict[str, str] = {
    "start": N_("giờ bắt đầu"), "end": N_("giờ kết thúc"), "from": N_("từ giờ"), "to": N_("đến giờ"),
    "on": N_("ngày"), "limit": N_("số dòng một trang"), "cursor": N_("dấu trang"), "unit": N_("đơn vị"),
    "level": N_("cấp"), "audience": N_("thành phần"), "rules": N_("quy tắc thành phần"), "add": N_("điểm cầu thêm"),
    "remove": N_("điểm cầu bớt"), "minutes": N_("thời lượng"), "points": N_("điểm cầu"), "q": N_("từ tìm"),
    "opens": N_("giờ mở"), "closes": N_("giờ đóng"), "days": N_("số ngày"), "meeting": N_("cuộc họp"), "point": N_("điểm cầu"),
    "due": N_("hạn"), "works": N_("ngày làm việc"), "phone": N_("điện thoại"), "answer": N_("câu trả lời"),
}

SAID: dict[str, str] = {
    "missing": N_("thiếu."),
    "extra_forbidden": N_("không có trường này."),
    "string_type": N_("phải là chữ."),
    "string_too_long": N_("dài quá {max_length} ký tự."),
    "string_too_short": N_("để trống hoặc quá ngắn."),
    "too_long": N_("dài quá, tối đa {max_length}."),
    "int_type": N_("phải là số nguyên."),
    "int_parsing": N_("phải là số nguyên."),
    "int_parsing_size": N_("số quá lớn."),
    "string_pattern_mismatch": N_("không đúng dạng, như 08:00."),
    "greater_than_equal": N_("phải từ {ge} trở lên."),
    "less_than_equal": N_("không quá {le}."),
    "bool_type": N_("phải là đúng hoặc sai."),
    "moment": N_("phải là ngày giờ có múi giờ, như 2026-03-06T09:00:00+07:00."),
    "date": N_("phải là ngày, như 2026-03-06."),
    "illegible": N_("có ký tự không lưu được."),
    "list_type": N_("phải là danh sách."),
    "enum": N_("không có trong các giá trị được nhận."),
    "other": N_("giá trị không đúng."),
}

SAME: dict[str, str] = {
    "timezone_aware": "moment", "timezone_naive": "moment", "datetime_type": "moment", "datetime_parsing": "moment",
    "datetime_from_date_parsing": "moment", "datetime_object_invalid": "moment", "date_type": "date",
    "date_parsing": "date", "date_from_datetime_parsing": "date", "literal_error": "enum", "tuple_type": "list_type",
    "int_from_float": "int_type", "bool_parsing": "bool_type", "invalid_key": "extra_forbidden",
    "too_short": "string_too_short",
}


def mistake(error: Mapping[str, Any]) -> str:
    """Giờ bắt đầu: phải là ngày giờ có múi giờ, như …"""
    kind = str(error["type"])
    said = _(SAID.get(SAME.get(kind, kind), SAID["other"]))
    return f"{_field(error['loc'])}: {said.format_map(_Shown(error.get('ctx') or {}))}"


def _field(loc: tuple[int | str, ...]) -> str:
    names = [str(step) for step in loc if isinstance(step, str)]
    name = names[-1] if names else ""
    label = FIELDS.get(name) or words.FIELDS.get(name)
    text = _(label) if label else name[:60] or _("nội dung")
    return text[:1].upper() + text[1:]


class _Shown(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"
