"""What the error codes of minutes, signatures and packets (`minutes`) say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "document.too_long": N_("Nội dung dài {length} ký tự, tối đa {limit}. Hãy rút gọn."),
    "document.character": N_("Văn bản có ký tự ẩn hoặc ký tự điều khiển. Hãy gõ lại phần đó thay vì dán."),
    "document.empty": N_("Văn bản thiếu tên loại hoặc trích yếu. Hãy nhập trước khi lập văn bản."),
    "document.model": N_("Dữ liệu văn bản không đúng cấu trúc. Hãy lập lại dự thảo từ diễn biến cuộc họp."),
    "document.glyph": N_(
        "Ký tự “{char}” ({unicode}) không in được bằng phông chữ của văn bản. Hãy thay bằng ký tự khác."
    ),
    "document.block_unknown": N_("Phần cần sửa không còn trong văn bản. Hãy tải lại trang soạn thảo."),
    "document.block_fixed": N_(
        "Phần này lấy nguyên từ diễn biến cuộc họp, không sửa được. Hãy ghi ý kiến ở phần nội dung."
    ),
    "document.block_empty": N_(
        "Phần này ghi sự việc của cuộc họp, không được để trống. Hãy giữ nguyên hoặc sửa câu chữ."
    ),
    "document.no_recipients": N_("Nơi nhận không được để trống: ít nhất phải ghi nơi lưu văn bản."),
    "minutes.no_meeting": N_("Không có diễn biến cuộc họp để lập biên bản."),
    "minutes.order": N_(
        "Chưa đến bước này. Thứ tự là: cấp số, ký nháy, thư ký, chủ tọa, đóng dấu, phát hành. Hãy tải "
        "lại trang để xem ai đang giữ biên bản."
    ),
    "minutes.other_signer": N_("Bước này do {name} ký. Bạn không ký thay được."),
    "minutes.in_round": N_(
        "Biên bản đã có số {number} và đang trình ký nên không sửa được. Muốn sửa, người đang giữ văn "
        "bản từ chối ký, hoặc văn thư thu hồi, kèm lý do."
    ),
    "minutes.stale": N_(
        "Biên bản đã thay đổi sau khi bạn mở trang (nay là bản {version}). Việc bạn vừa làm chưa được ghi nhận; hãy "
        "đọc lại bản hiện tại dưới đây rồi làm lại."
    ),
    "minutes.post_fixed": N_(
        "Chủ tọa và thư ký được ghi tên trong biên bản nên không thay người ký. Chỉ thay được lãnh đạo phòng và văn thư."
    ),
    "minutes.exists": N_("Cuộc họp “{title}” đã có biên bản."),
    "minutes.meeting_open": N_("Cuộc họp “{title}” chưa kết thúc, nên chưa lập được biên bản."),
    "minutes.reason_missing": N_("Hãy ghi lý do từ chối: lý do được lưu cùng số bị hủy."),
    "minutes.reason_long": N_("Lý do dài quá {limit} ký tự. Hãy viết ngắn hơn."),
    "minutes.fields": N_("Văn bản không có đủ bốn vị trí chữ ký. Hãy báo người quản trị."),
    "minutes.pdf_active": N_(
        "Tệp PDF chứa nội dung không được phép ({found}), nên không ký được. Hãy báo người quản trị."
    ),
    "minutes.signer": N_(
        "Chứng thư này không ký được ở vị trí này: sai loại (cá nhân, cơ quan), đã ký ở vị trí khác, khác tên ghi "
        "trong biên bản, hoặc giờ máy sớm hơn chữ ký trước. Hãy báo người quản trị."
    ),
    "minutes.damaged": N_(
        "Bản lưu trong kho không còn nguyên vẹn, nên không ký, không phát hành và không cho tải về. Hãy báo "
        "người quản trị ngay."
    ),
    "signer.test_only": N_(
        "Hệ thống này đang chạy thật nhưng chỉ có chữ ký thử nghiệm, nên không ký và không phát hành "
        "được. Hãy cấu hình chữ ký số của cơ quan."
    ),
    "invitation.not_convened": N_("Cuộc họp “{title}” chưa xác nhận, nên chưa có giấy mời."),
    "register.series": N_("Không có sổ cho loại văn bản này."),
    "register.symbol": N_("Ký hiệu văn bản trống hoặc quá dài."),
    "register.reason": N_("Hãy ghi lý do hủy số."),
    "register.settled": N_("Số {number}/{symbol} đã được dùng hoặc đã hủy."),
    "packet.missing": N_("Chưa có gói tài liệu. Gói được lập sau khi phát hành biên bản."),
    "packet.name": N_("Tên tài liệu “{name}” không đóng gói được. Hãy đổi tên tài liệu."),
    "packet.too_large": N_("Gói tài liệu vượt quá 2 GB. Hãy bớt tài liệu."),
    "packet.file_changed": N_(
        "Tài liệu “{name}” trong kho không còn nguyên vẹn, nên không đóng gói. Hãy báo người quản trị."
    ),
    "packet.damaged": N_(
        "Gói tài liệu vừa lập không hợp lệ và đã bị bỏ. Hãy thử lại; nếu vẫn vậy, báo người quản trị."
    ),
    "release.expires": N_("Thời hạn đường dẫn phải sau bây giờ và trong vòng {days} ngày."),
    "release.not_issued": N_("Biên bản “{title}” chưa phát hành, nên chưa cấp được đường dẫn."),
    "release.absent": N_("{name} không được ghi nhận có mặt, nên không cấp đường dẫn tải văn bản."),
    "link.expired": N_("Đường dẫn đã hết hạn. Hãy hỏi văn thư để được cấp lại."),
}
