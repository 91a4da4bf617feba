"""What each error code says to a person: what happened, to what, and what to do.  Vietnamese here, English in the .po.

Only texts; `web/errors.py` fills in the params and chooses the status.  A code without a text fails a test.
"""

from __future__ import annotations

from web import (
    messages_api,
    messages_calendar,
    messages_lines,
    messages_mail,
    messages_meetings,
    messages_minutes,
    messages_papers,
    messages_people,
    messages_points,
    messages_recording,
    messages_requests,
    messages_room,
    messages_scheduler,
    messages_sharing,
    messages_speech,
    messages_voices,
    messages_votes,
)
from web.i18n import N_

WEB: dict[str, str] = {
    "not_found": N_("Không tìm thấy trang này. Có thể địa chỉ bị sai, hoặc trang không dành cho bạn."),
    "not_allowed": N_("Bạn được xem mục này nhưng không được làm việc này. Hãy hỏi thư ký cuộc họp."),
    "forged": N_("Trang đã mở quá lâu hoặc được gửi từ nơi khác. Hãy tải lại trang rồi làm lại; nội dung bạn vừa nhập chưa được lưu."),
    "too_many": N_("Bạn đã thử quá nhiều lần. Hãy đợi {wait} rồi thử lại."),
    "body.too_large": N_("Nội dung gửi lên quá lớn. Tối đa {limit} MB cho một lần gửi."),
    "verify.upload": N_(
        "Trang này kiểm tra tệp đến {limit} MB. Gói lớn hơn thì kiểm tra trên máy có cài phần mềm, bằng lệnh: "
        "python3 -m web verify TỆP --trust CHỨNG_THƯ"
    ),
    "bad_request": N_("Yêu cầu không đọc được. Hãy tải lại trang rồi làm lại."),
    "method": N_("Địa chỉ này không nhận cách gửi đó."),
    "broken": N_("Hệ thống gặp lỗi và đã ghi lại (mã {incident}). Việc vừa làm chưa được lưu; hãy thử lại, hoặc báo mã này cho người quản trị."),
    "signin.wrong": N_("Tên đăng nhập hoặc mật khẩu không đúng. Hãy kiểm tra rồi nhập lại."),
    "password.short": N_("Mật khẩu cần ít nhất {least} ký tự."),
    "password.plain": N_("Mật khẩu cần ít nhất ba loại trong: chữ thường, chữ hoa, chữ số, dấu."),
    "password.wrong": N_("Mật khẩu hiện tại không đúng."),
    "password.same": N_("Mật khẩu mới trùng với mật khẩu cũ. Hãy chọn mật khẩu khác."),
    "password.repeat": N_("Hai lần nhập mật khẩu mới không giống nhau."),
    "user.login_taken": N_("Tên đăng nhập “{login}” đã có người dùng. Hãy chọn tên khác."),
    "user.login": N_("Tên đăng nhập chỉ gồm chữ không dấu, số, dấu chấm, gạch; từ 2 đến 64 ký tự."),
    "user.role": N_("Vai trò “{role}” không có. Chọn trong: {known}."),
    "user.unknown": N_("Không có tài khoản này."),
    "user.row": N_("Dòng {line}: {reason}. Chưa tài khoản nào được tạo."),
    "ticket.point_needed": N_("Vé của cuộc họp cần mã điểm cầu. Hãy thêm --point."),
    "time.date": N_("Ngày không đúng. Nhập như 24/11/2026."),
    "time.clock": N_("Giờ không đúng. Nhập như 08:00."),
    "booking.nobody": N_("Chưa chọn điểm cầu nào. Hãy đánh dấu ở Thành phần."),
    "meeting.role_missing": N_("Hãy chọn một người."),
}

TEXTS: dict[str, str] = {
    **messages_calendar.TEXTS,
    **messages_meetings.TEXTS,
    **messages_scheduler.TEXTS,
    **messages_requests.TEXTS,
    **messages_minutes.TEXTS,
    **messages_papers.TEXTS,
    **messages_room.TEXTS,
    **messages_voices.TEXTS,
    **messages_sharing.TEXTS,
    **messages_speech.TEXTS,
    **messages_votes.TEXTS,
    **messages_lines.TEXTS,
    **messages_recording.TEXTS,
    **messages_mail.TEXTS,
    **messages_points.TEXTS,
    **messages_people.TEXTS,
    **messages_api.TEXTS,
    **WEB,
}
"""Every code of every area."""
