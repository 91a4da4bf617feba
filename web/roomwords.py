"""The sentences that the scripts of the join and room pages show, in the request's language.  Called by their routes."""

from __future__ import annotations

from web import words_room
from web.i18n import _


def room_words() -> dict[str, str]:
    """key → sentence; `{name}` is filled in by the page (static/room/page.js)."""
    return {
        **words_room.words(), **_people(), **_own_line(), **_troubles(), **_console(), **_endings(),
        "no_answer": _("Máy chủ không trả lời. Hãy thử lại."),
        "item_of": _("Mục {n}/{total} · {title}"),
        "present_of": _("{n}/{total} điểm cầu"),
        "lobby": _("Chưa khai mạc"),
        "suspended": _("Tạm nghỉ"),
        "invite": _("Mời"),
        "withdraw": _("Rút"),
        "hand": _("Đăng ký phát biểu"),
        "hand_short": _("Đăng ký"),
        "hand_up": _("Đã đăng ký"),
        "now": _("Đang bàn"),
        "done": _("xong"),
        "remove": _("Xóa"),
    }


def _people() -> dict[str, str]:
    return {
        "you": _("{name} (bạn)"),
        "chair": _("chủ trì"),
        "speaking": _("đang phát biểu"),
        "nobody_yet": _("Chưa có điểm cầu nào khác"),
        "nobody_yet_hint": _("Hình sẽ hiện ở đây khi có điểm cầu vào họp."),
        "no_picture": _("Không có hình"),
        "picture_not_sent": _("Đang chờ hình"),
        "not_here": _("Chưa vào họp"),
        "has_floor": _("{name} đang phát biểu"),
        "floor_yours": _("Mời bạn phát biểu. Mọi người đang nghe."),
        "floor_open": _("Chưa mời ai phát biểu."),
    }


def _own_line() -> dict[str, str]:
    return {
        "mic_missing": _("Không có micro: mọi người không nghe bạn"),
        "mic_refused": _("Máy chủ không nhận hình và tiếng của máy này: mọi người không nghe bạn"),
        "mic_connecting": _("Đang nối tiếng của bạn…"),
        "mic_off": _("Bạn đã tắt tiếng"),
        "mic_waiting": _("Đang chờ mời phát biểu — mọi người không nghe"),
        "mic_floor": _("Bạn đang phát biểu — mọi người đang nghe"),
        "mic_on": _("Micro đang bật"),
        "line_good": _("Đường truyền tốt"),
        "line_weak": _("Đường truyền yếu"),
        "line_joining": _("Đang kết nối…"),
        "line_lost": _("Mất kết nối, đang nối lại…"),
        "line_companion": _("Thiết bị phụ"),
        "mute": _("Tắt tiếng"),
        "unmute": _("Bật tiếng"),
        "no_mic": _("Không micro"),
        "hide": _("Tắt hình"),
        "unhide": _("Bật hình"),
        "no_cam": _("Không máy quay"),
    }


def _troubles() -> dict[str, str]:
    """Of lines and pictures, short: the codes are those of `quality.py`.  The first half stands on the page, `own_` for one's own
    line; `_one` and `_many` are read aloud."""
    return {
        "own_loss": _("Đường xuống mất {loss} %: đã hạ hình nhận về"),
        "own_delay": _("Đường xuống chậm, còn khoảng {rate}: đã hạ hình nhận về"),
        "own_remb": _("Máy này chỉ nhận được khoảng {rate}: đã hạ hình nhận về"),
        "own_silent": _("Máy chủ không còn nhận tin báo của máy này: đã hạ hình nhận về"),
        "own_lossy": _("Đường xuống mất {loss} % gói tin"),
        "own_paused": _("Hình tạm dừng vì đường truyền yếu; tiếng vẫn nghe được"),
        "own_uplink_loss": _("Đường lên mất {loss} %: đã hạ hình gửi đi"),
        "own_resting": _("Đường lên yếu: hình của bạn tạm nghỉ, mọi người vẫn nghe bạn"),
        "own_frozen": _("Hình của bạn đang đứng: hãy kiểm tra máy quay"),
        "own_tcp": _("Đang đi qua TCP vì UDP bị chặn"),
        "own_good": _("Đường truyền đã tốt lại."),
        "sends_little": _("Đường lên mất {loss} %: đã hạ hình"),
        "picture_frozen": _("Hình đang đứng"),
        "picture_paused": _("Tạm dừng vì mạng yếu"),
        "picture_back": _("Hình đã trở lại"),
        "frozen_one": _("Hình của {name} đang đứng."),
        "thawed_one": _("Hình của {name} đã trở lại."),
        "frozen_many": _("{n} hình đang đứng."),
        "thawed_many": _("{n} hình đã trở lại."),
    }


def _console() -> dict[str, str]:
    return {
        "open": _("Khai mạc cuộc họp"),
        "suspend": _("Tạm nghỉ"),
        "resume": _("Cho họp tiếp"),
        "agenda_next": _("Sang mục {n}: {title}"),
        "agenda_end": _("Kết thúc mục đang họp"),
        "no_such_point": _("Không có điểm cầu nào đang họp mang tên đó. Hãy chọn trong danh sách gợi ý."),
        "close_word": _("kết thúc"),
    }


def _endings() -> dict[str, str]:
    return {
        "replaced": _("Điểm cầu đang họp trên thiết bị khác"),
        "replaced_hint": _("Mỗi điểm cầu chỉ gửi hình và tiếng từ một thiết bị. Muốn dùng thiết bị này, hãy bấm nút dưới đây."),
        "over": _("Cuộc họp đã kết thúc"),
        "over_hint": _("Cảm ơn điểm cầu đã tham dự. Biên bản được gửi sau khi ký."),
        "refused": _("Không vào được phòng họp"),
        "refused_hint": _("Đường dẫn này không còn dùng được. Hãy liên hệ thư ký cuộc họp."),
    }


def join_words() -> dict[str, str]:
    """Sentences of the page before the room: what is missing and what to do about it."""
    return {
        "audio_denied": _("Trình duyệt đang chặn micro. Bấm biểu tượng ổ khóa cạnh địa chỉ trang, cho phép Micro, rồi bấm Thử lại."),
        "audio_missing": _("Không tìm thấy micro. Hãy cắm micro hoặc tai nghe, rồi bấm Thử lại."),
        "audio_busy": _("Micro đang bị phần mềm khác dùng. Hãy đóng phần mềm đó, rồi bấm Thử lại."),
        "audio_dumb": _("Micro này không thu được tiếng nào. Hãy xem nút tắt tiếng trên micro hoặc trên dây, hoặc chọn micro khác."),
        "audio_insecure": _("Trang mở bằng địa chỉ không an toàn nên trình duyệt không cho dùng micro. Hãy mở bằng địa chỉ https."),
        "video_denied": _("Trình duyệt đang chặn máy quay. Bấm biểu tượng ổ khóa cạnh địa chỉ trang, cho phép Máy ảnh, rồi bấm Thử lại."),
        "video_missing": _("Không tìm thấy máy quay. Hãy cắm máy quay, rồi bấm Thử lại."),
        "video_busy": _("Máy quay đang bị phần mềm khác dùng. Hãy đóng phần mềm đó, rồi bấm Thử lại."),
        "video_insecure": _("Trang mở bằng địa chỉ không an toàn nên trình duyệt không cho dùng máy quay. Hãy mở bằng địa chỉ https."),
        "still_join_none": _("Bạn vẫn vào họp được: nghe, xem, đăng ký và biểu quyết, nhưng mọi người không thấy và không nghe bạn."),
        "still_join_no_mic": _("Bạn vẫn vào họp được, nhưng mọi người không nghe bạn."),
        "still_join_no_cam": _("Bạn vẫn vào họp được, nhưng mọi người không thấy bạn."),
        "audio_n": _("Micro {n}"),
        "video_n": _("Máy quay {n}"),
    }
