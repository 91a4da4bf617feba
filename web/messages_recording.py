"""What errors of recording say to a person.  Part of `web/messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "recording.running": N_("Cuộc họp đang được ghi hình rồi. Muốn ghi với mục đích khác thì dừng bản đang ghi trước."),
    "recording.none": N_("Cuộc họp hiện không được ghi hình."),
    "recording.days": N_("Chọn thời hạn lưu từ 1 đến {most} ngày."),
    "recording.unfinished": N_("Bản ghi này chưa xong. Hãy đợi vài giây rồi tải lại trang."),
    "recording.gone": N_("Bản ghi này đã bị xóa theo thời hạn lưu hoặc theo quyết định của thư ký."),
    "recording.format": N_("Chỉ ghép được thành tệp MP4 hoặc WebM."),
}
