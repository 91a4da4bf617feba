"""The card of a point in a form and its fields in people's words.  Only words and what the browser sent; `scheduler.point_card`
decides.  Called by `routes/points.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler.hours import DAYS
from scheduler.point_card import FIELDS
from web.i18n import _
from web.when import DAYS as DAY_NAMES


def typed(form: Mapping[str, Any]) -> dict[str, str]:
    """Every field of the card as it was typed."""
    return {name: str(form.get(name, ""))[:2000] for name in FIELDS}


def labels() -> dict[str, str]:
    """What the fields are called on the page."""
    return {
        "name": _("Tên điểm cầu"), "unit": _("Đơn vị"), "closed_from": _("Đóng từ ngày"),
        "capacity": _("Số chỗ"), "equipment": _("Thiết bị"), "down_kbps": _("Tốc độ tải về (kbit/s)"),
        "up_kbps": _("Tốc độ tải lên (kbit/s)"), **{name: _(text) for name, text in zip(DAYS, DAY_NAMES, strict=True)},
        "technician_name": _("Kỹ thuật viên"), "technician_phone": _("Điện thoại"), "technician_email": _("Thư điện tử"),
        "deputy_name": _("Người thay"), "deputy_phone": _("Điện thoại người thay"), "deputy_email": _("Thư điện tử người thay"),
        "note": _("Lý do"), "from_day": _("Từ ngày"), "from_time": _("Từ giờ"), "until_day": _("Đến ngày"), "until": _("Đến giờ"),
    }
