"""What the error codes of the speakers' queue, the turns and the planned programme say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "agenda.minutes": N_("Thời lượng của một mục phải là số phút nguyên, từ 1 đến {most}. Để trống nếu chưa định."),
    "speech.kind": N_("Hãy chọn loại đăng ký: phát biểu, ý kiến về thủ tục, hoặc câu hỏi cho người đang phát biểu."),
    "speech.nobody_speaks": N_("Chưa có ai đang phát biểu nên chưa đặt câu hỏi xen được. Hãy đăng ký phát biểu."),
    "speech.seconds": N_("Thời gian phải là số giây nguyên, từ {least} đến {most}. Để trống nếu không giới hạn."),
    "speech.unknown": N_("Đăng ký này không còn chờ trong danh sách: đã được mời, đã rút hoặc đã từ chối."),
}
