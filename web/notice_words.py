"""What each notice says: `scheduler.notices.tell(conn, "request.asked", …)` finds its words under that name here.

Only texts, Vietnamese here and English in the .po; `{meeting}`, `{time}`, `{place}`, `{chair}` are of the meeting, all other
names are params of the notice (times among them come as people say them).  Each part of the product adds its own entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from web.container import Container
from web.i18n import N_

Link = Callable[[Container, Mapping[str, Any]], str]
"""The path of the page of a notice, from its payload, where it is more than the params filled in."""


@dataclass(frozen=True, slots=True)
class Words:
    """`subject` and `text` of the letter; `path` of the page where something can be done; `sms`: urgent, goes to telephones too."""

    subject: str
    text: str
    path: str | Link = "/meetings/{meeting_id}"
    sms: bool = False


WORDS: dict[str, Words] = {
    "meeting.overrun": Words(
        N_("Đã quá giờ kết thúc: {meeting}"),
        N_("Cuộc họp “{meeting}” dự kiến kết thúc lúc {ended} nhưng chưa được kết thúc trên hệ thống. Hãy kết thúc cuộc họp, "
           "hoặc để các điểm cầu biết họp đến mấy giờ."),
        "/meetings/{meeting_id}/conduct",
    ),
    "meeting.unopened": Words(
        N_("Chưa khai mạc: {meeting}"),
        N_("Cuộc họp “{meeting}” đã qua giờ kết thúc dự kiến ({ended}) mà chưa khai mạc. Nếu không họp, hãy hủy để trả lại các "
           "điểm cầu."),
    ),
    "conclusion.soon": Words(
        N_("Sắp đến hạn thông báo kết luận: {meeting}"),
        N_("Thông báo kết luận cuộc họp “{meeting}” cần được phát hành trước {deadline} (5 ngày làm việc sau cuộc họp). Biên bản "
           "chưa phát hành."),
        "/meetings/{meeting_id}/minutes",
    ),
    "conclusion.due": Words(
        N_("Quá hạn thông báo kết luận: {meeting}"),
        N_("Đã đến hạn ({deadline}) mà biên bản cuộc họp “{meeting}” chưa phát hành."),
        "/meetings/{meeting_id}/minutes",
    ),
}
