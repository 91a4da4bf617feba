"""The sentences of the paper reader's scripts, in the request's language; the same in the room and on the reader's own page."""

from __future__ import annotations

from web.i18n import _


def words() -> dict[str, str]:
    return {
        "pp_page_of": _("Trang {page}/{pages}"),
        "pp_alt": _("Trang {page} của “{name}”"),
        "pp_before": _("Trang trước"),
        "pp_next": _("Trang sau"),
        "pp_page": _("Số trang"),
        "pp_larger": _("Phóng to"),
        "pp_smaller": _("Thu nhỏ"),
        "pp_close": _("Đóng"),
        "pp_download": _("Tải về"),
        "pp_words": _("Đọc chữ của trang"),
        "pp_no_words": _("Trang này là ảnh, không có chữ để đọc."),
        "pp_loading": _("Đang tải trang {page}…"),
        "pp_failed": _("Không tải được trang {page}."),
        "pp_again": _("Thử lại"),
        "pp_no_pages": _("Tệp này không xem theo trang được. Hãy tải về để xem."),
        "pp_changed": _("Tài liệu đã đổi từ lần bạn đọc trước. Ghi chú cũ nằm ở bản cũ."),
        "pp_newer": _("Đã có bản mới của tài liệu này."),
        "pp_open_newer": _("Mở bản mới"),
        "pp_notes": _("Ghi chú của bạn"),
        "pp_private": _("Chỉ bạn xem được. Lần sau mở đúng tệp này, ghi chú vẫn còn."),
        "pp_shared": _("Các thiết bị của điểm cầu này dùng chung ghi chú; điểm cầu khác không thấy. Đăng nhập để có ghi chú riêng."),
        "pp_no_notes": _("Chưa có ghi chú."),
        "pp_text": _("Ghi chữ"),
        "pp_mark": _("Tô sáng"),
        "pp_pen": _("Bút"),
        "pp_pick": _("Chọn chỗ trên trang"),
        "pp_write": _("Nội dung ghi chú"),
        "pp_keep": _("Lưu"),
        "pp_cancel": _("Bỏ"),
        "pp_remove": _("Xóa"),
        "pp_edit": _("Sửa"),
        "pp_note_at": _("Trang {page}: {text}"),
        "pp_marked": _("tô sáng"),
        "pp_drawn": _("nét bút"),
    }
