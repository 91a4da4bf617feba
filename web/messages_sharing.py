"""What the error codes of screens and sign language say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "share.floor": N_("Chưa chia sẻ màn hình được: chỉ điểm cầu đang phát biểu, điểm cầu chủ trì hoặc điểm cầu được chủ trì cho phép mới chia sẻ."),
    "share.muted": N_("Chủ trì đã tắt tiếng điểm cầu của bạn nên chưa chia sẻ màn hình được."),
    "share.pause": N_("Cuộc họp chưa khai mạc hoặc đang tạm nghỉ: lúc này chỉ điểm cầu chủ trì chia sẻ màn hình được."),
    "share.left": N_("Điểm cầu của bạn chưa có mặt trong phòng họp nên chưa chia sẻ màn hình được."),
    "share.taken": N_("{point[name]} đang chia sẻ màn hình. Hãy đợi điểm cầu đó dừng, hoặc nhờ chủ trì dừng."),
    "share.none": N_("Màn hình của điểm cầu này không còn được chia sẻ. Hãy bấm chia sẻ lại."),
    "share.no_point": N_("Chia sẻ màn hình từ phòng họp của một điểm cầu: hãy vào bằng đường dẫn của điểm cầu."),
}
