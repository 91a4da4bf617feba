"""What the error codes of votes say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "ballot.by_hand": N_("“{title}” được biểu quyết bằng giơ tay. Hãy giơ tay trước camera; thư ký đếm và ghi."),
    "ballot.choice": N_("Lựa chọn không hợp lệ. Hãy chọn một phương án trên màn hình biểu quyết."),
    "ballot.not_entitled": N_("Điểm cầu hoặc đại biểu này không được biểu quyết nội dung này."),
    "ballot.twice": N_("Đã có phiếu của điểm cầu hoặc đại biểu này về “{title}”. Mỗi nơi một phiếu, không đổi được."),
    "count.changed": N_("Kết quả đếm tay của “{title}” vừa được ghi lại. Hãy xem số mới rồi xác nhận."),
    "count.options": N_("Hãy ghi số phiếu cho từng phương án, là số nguyên từ 0."),
    "count.own": N_("Người ghi kết quả đếm tay không tự chứng kiến được. Hãy nhờ người thứ hai đã cùng đếm."),
    "count.too_many": N_("Tổng số phiếu {counted} lớn hơn số được biểu quyết {entitled}. Hãy đếm lại."),
    "count.unwitnessed": N_("Kết quả đếm tay của “{title}” chưa có người thứ hai chứng kiến nên chưa kết thúc biểu quyết được."),
    "count.witnessed": N_("Kết quả đếm tay của “{title}” đã có người chứng kiến."),
    "motion.by_slip": N_("“{title}” được lấy ý kiến bằng phiếu có thời hạn: phiếu gửi ở mục Biểu quyết của cuộc họp, trả lời ở trang riêng của từng người."),
    "motion.closed": N_("Biểu quyết “{title}” đã kết thúc, không nhận thêm phiếu."),
    "motion.hall": N_("Số người được biểu quyết và số người có mặt chỉ ghi khi giơ tay; số có mặt không lớn hơn số được biểu quyết."),
    "motion.item": N_("Chương trình không có mục {item}. Hãy chọn lại mục chương trình."),
    "motion.members": N_("Có {entitled} phiếu được biểu quyết, nhiều hơn tổng số thành viên {members}. Hãy sửa tổng số thành viên."),
    "motion.no_chair": N_("Quy tắc theo phía chủ trì khi ngang phiếu, nhưng chủ trì ({chair}) chưa có trong danh sách biểu quyết."),
    "motion.no_quorum": N_(
        "Chưa đủ số có mặt để biểu quyết: có {present}/{entitled}, cần ít nhất {needed}. "
        "Hãy chờ thêm, hoặc đổi quy tắc nếu quy chế cho phép."
    ),
    "motion.nobody": N_("Không có điểm cầu hoặc đại biểu nào được biểu quyết."),
    "motion.not_by_hand": N_("“{title}” không biểu quyết bằng giơ tay."),
    "motion.not_open": N_("Chưa mở biểu quyết “{title}”."),
    "motion.open": N_("Đang biểu quyết “{title}”. Hãy kết thúc biểu quyết này trước."),
    "motion.opened": N_("Đã mở biểu quyết “{title}” nên không sửa được nữa."),
    "motion.options": N_("Hãy ghi từ 2 đến {most} phương án khác nhau, mỗi dòng một phương án."),
    "motion.unknown": N_("Không có nội dung biểu quyết này."),
    "rule.base": N_("Cách tính tỷ lệ không hợp lệ. Hãy chọn: tổng số thành viên, số được biểu quyết, số có mặt, hoặc số phiếu."),
    "rule.majority": N_("Tỷ lệ thông qua phải là phân số từ 1/2 đến 1; đã là 1 thì không thể quá."),
    "rule.members": N_("Hãy ghi tổng số thành viên, là số nguyên từ 1."),
    "rule.over": N_("Hãy chọn biểu quyết theo điểm cầu hoặc theo đại biểu."),
    "rule.quorum": N_("Tỷ lệ tối thiểu có mặt phải là phân số từ 0 đến 1, ví dụ 2/3."),
    "rule.quorum_of": N_("Số có mặt tính trên số được biểu quyết hoặc trên tổng số thành viên."),
    "rule.tie": N_("Theo phía chủ trì khi ngang phiếu chỉ dùng được với tỷ lệ 1/2."),
    "rule.weights": N_("Số phiếu riêng không đọc được. Mỗi dòng ghi: mã điểm cầu = số phiếu, ví dụ 22 = 3; 0 là không biểu quyết."),
    "slip.due": N_("Hạn trả lời phải sau lúc này ít nhất {hours} giờ và không quá {days} ngày kể từ khi gửi phiếu."),
    "slip.earlier": N_("Hạn trả lời “{title}” chỉ được lùi, không được sớm hơn hạn đã báo."),
    "slip.joined": N_("Biểu quyết “{title}” đã được lấy thêm phiếu một lần. Mỗi biểu quyết chỉ gộp với một lần lấy phiếu."),
    "slip.joins": N_("Chỉ gộp được với biểu quyết trên thiết bị đã kết thúc. Hãy chọn biểu quyết khác."),
    "slip.nobody_there": N_("Chưa có đại biểu nào của {points} nên không ai trả lời phiếu được. Hãy lấy ý kiến theo đại biểu."),
    "slip.opinion": N_("Bạn chọn ý kiến khác. Hãy viết ý kiến của bạn vào ô bên dưới."),
    "slip.quorum": N_("Phiếu lấy ý kiến không có mức tối thiểu có mặt. Hãy bỏ mức này; tỷ lệ thông qua tính trên số người được hỏi hoặc tổng số thành viên."),
    "slip.reminded": N_("Vừa nhắc trả lời “{title}” chưa đầy một giờ. Hãy đợi thêm."),
    "slip.voted": N_("Có người được gửi phiếu đã bỏ phiếu “{title}” tại cuộc họp. Hãy tải lại trang rồi làm lại."),
}
