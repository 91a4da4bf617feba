"""What the error codes of people behind points say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "roll.time": N_("Điểm danh được từ một giờ trước giờ họp đến khi cuộc họp kết thúc."),
    "person.state": N_("Không rõ muốn ghi gì cho đại biểu này. Hãy tải lại trang rồi bấm lại."),
    "person.not_here": N_("Đại biểu này chưa được ghi có mặt nên không ghi rời họp được."),
    "person.elsewhere": N_("{name} đã được ghi ở điểm cầu khác."),
    "heads.number": N_("Nhập số người từ 0 đến {most}."),
}
