"""What the error codes of the record (`meetings`) say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "agenda.begun": N_("Mục {item} “{title}” đã bắt đầu hoặc đã biểu quyết nên giữ nguyên số và tên. Hãy xếp các mục khác sao cho mục này vẫn là mục {item}."),
    "agenda.stale": N_("Chương trình vừa được sửa ở nơi khác. Bấm Lưu lần nữa nếu vẫn muốn thay bằng nội dung dưới đây."),
    "agenda.idle": N_("Không có mục nào đang thảo luận để kết thúc."),
    "agenda.running": N_("Mục {item} “{title}” đang được thảo luận."),
    "agenda.too_long": N_("Chương trình có quá {limit} mục. Hãy gộp bớt."),
    "agenda.unknown": N_("Chương trình không có mục {item}. Hãy tải lại trang."),
    "blob.full": N_("Ổ đĩa của máy chủ đã đầy, chưa lưu được gì. Hãy báo kỹ thuật viên rồi thử lại."),
    "blob.unknown": N_("Không tìm thấy nội dung tệp. Hãy báo kỹ thuật viên."),
    "storage.full": N_("Ổ đĩa của máy chủ đã đầy, chưa ghi được gì. Hãy báo kỹ thuật viên rồi thử lại."),
    "storage.busy": N_("Máy chủ đang bận, chưa làm được việc này và chưa ghi gì. Hãy đợi ít giây rồi thử lại."),
    "conclusion.unknown": N_("Không có kết luận số {ord}, hoặc kết luận đã được bỏ."),
    "delegate.point": N_("Hãy chọn điểm cầu của đại biểu."),
    "delegate.unknown": N_("Không có đại biểu này."),
    "upload.empty": N_("Tệp “{name}” rỗng (0 byte). Hãy chọn lại tệp có nội dung."),
    "document.type": N_(
        "Hệ thống không nhận tệp “{name}”. Chỉ nhận PDF, Word, Excel, PowerPoint (không macro), ảnh PNG, "
        "JPEG và văn bản TXT; nội dung phải đúng với đuôi tệp."
    ),
    "document.secret": N_(
        "Tệp “{name}” có dấu {mark} ở trang đầu. Không được đưa tài liệu bí mật nhà nước lên hệ thống "
        "này; hãy dùng kênh riêng theo quy định."
    ),
    "document.locked": N_(
        "Tệp “{name}” có mật khẩu nên hệ thống không kiểm tra được dấu độ mật. Hãy bỏ mật khẩu rồi tải lên lại."
    ),
    "document.composed": N_(
        "Tệp “{name}” có phần khai báo XML (DTD) mà tệp văn phòng không được có. Hãy mở bằng Word, Excel hoặc PowerPoint, "
        "lưu thành tệp mới rồi tải lên lại."
    ),
    "document.too_large": N_("Tệp “{name}” quá lớn. Mỗi tệp tối đa 50 MB."),
    "document.exists": N_("Cuộc họp đã có tài liệu tên “{name}”. Hãy đổi tên tệp rồi tải lên lại."),
    "document.none": N_("Chưa chọn tệp nào. Hãy chọn tệp rồi bấm Tải lên."),
    "floor.absent": N_("{point[name]} chưa vào phòng họp nên chưa trao quyền phát biểu được."),
    "floor.free": N_("Không có điểm cầu nào đang phát biểu."),
    "floor.has": N_("{point[name]} đang phát biểu."),
    "hand.foreign": N_("Chỉ điểm cầu tự đăng ký phát biểu cho mình."),
    "link.revoked": N_("Đường dẫn điểm cầu này đã bị thu hồi. Hãy xin thư ký đường dẫn mới."),
    "link.unknown": N_("Đường dẫn điểm cầu không đúng. Hãy quét lại mã QR hoặc xin thư ký đường dẫn mới."),
    "link.worn_out": N_("Đường dẫn của {name} đã được cấp lại quá nhiều lần."),
    "meeting.booked": N_("“{title}” đã đặt điểm cầu nên không đổi giờ được. Hãy hủy và tạo cuộc họp mới vào giờ khác."),
    "meeting.concluded": N_("“{title}” đã kết thúc, không mở lại được. Nội dung cần bổ sung ghi ở biên bản."),
    "meeting.cancelled": N_("“{title}” đã hủy. Hãy tạo cuộc họp mới."),
    "meeting.leaders": N_("Chỉ nêu tên tối đa {most} lãnh đạo; hiện có {count}."),
    "meeting.leader_twice": N_("{name} được nêu tên hai lần."),
    "meeting.same_person": N_(
        "{name} đã được chọn ở một vị trí ký khác. Chủ trì, thư ký và lãnh đạo phòng ký biên bản phải là ba người khác nhau."
    ),
    "meeting.too_long": N_("Cuộc họp dài quá {days} ngày. Hãy kiểm tra ngày giờ kết thúc."),
    "meeting.end_before_start": N_("Giờ kết thúc phải sau giờ bắt đầu."),
    "meeting.no_points": N_("“{title}” chưa có điểm cầu nào. Hãy đặt điểm cầu trước khi triệu tập."),
    "meeting.no_zone": N_("Giờ họp thiếu múi giờ. Hãy tải lại trang rồi nhập lại."),
    "meeting.state": N_(
        "“{title}” đang ở bước khác nên chưa làm được việc này. Hãy tải lại trang để xem bước hiện tại."
    ),
    "meeting.no_main_point": N_("Cuộc họp “{title}” chưa có điểm cầu chính."),
    "room.unknown": N_("Không có phòng họp này."),
    "seat.twice": N_("Có điểm cầu được chọn hai lần. Hãy tải lại trang rồi chọn lại."),
    "seat.unknown": N_("Điểm cầu này không có trong thành phần của cuộc họp."),
    "seat.used": N_("Có điểm cầu đã vào phòng họp, đã khai đại biểu hoặc đã đăng ký phát biểu, không bỏ được nữa."),
    "session.unknown": N_("Phiên truyền hình này đã kết thúc. Hãy vào lại phòng họp."),
    "text.control": N_("{Field} có ký tự không nhìn thấy được ({char}). Hãy gõ lại thay vì dán."),
    "text.empty": N_("Chưa nhập {field}."),
    "text.too_long": N_("{Field} dài {length} ký tự, tối đa {limit}. Hãy rút gọn."),
    "ticket.expired": N_("Vé vào phòng đã hết hạn (60 giây). Hãy tải lại trang phòng họp."),
    "ticket.used": N_("Vé vào phòng đã được dùng. Hãy tải lại trang phòng họp."),
    "ticket.foreign": N_("Vé vào phòng không dùng được cho phòng này. Hãy tải lại trang phòng họp."),
    "user.own_lock": N_("Không tự khóa tài khoản của mình được."),
    "point.busy": N_("Một thiết bị khác của điểm cầu này đang họp."),
    "point.not_booked": N_("Điểm cầu {point} không được đặt cho cuộc họp này."),
    "not_found": N_("Không tìm thấy trang này. Kiểm tra lại đường dẫn hoặc đăng nhập bằng tài khoản khác."),
    "not_allowed": N_(
        "Tài khoản này xem được nhưng không làm được việc này. Hãy nhờ thư ký hoặc chủ trì của cuộc họp."
    ),
}
