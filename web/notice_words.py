"""What each notice says: `scheduler.notices.tell(conn, "request.asked", …)` finds its words under that name here.

Only texts, Vietnamese here and English in the .po; `{meeting}`, `{time}`, `{place}`, `{chair}` are of the meeting, all other
names are params of the notice (times among them come as people say them).  Each part of the product adds its own entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scheduler import line_tests
from scheduler.readiness import Reason, Verdict
from web import readiness_words
from web.container import Container
from web.i18n import N_

Link = Callable[[Container, Mapping[str, Any]], str]
"""The path of the page of a notice, from its payload, where it is more than the params filled in."""


More = Callable[[Container, Mapping[str, Any]], Mapping[str, str]]
"""Values for the texts that are more than the params as they stand."""


@dataclass(frozen=True, slots=True)
class Words:
    """`subject` and `text` of the letter; `path` of the page where something can be done; `sms`: urgent, goes to telephones too.

    `card`: of those on a point's card (technician, deputy) whom it is for; others of the unit hear it where none of these can.
    """

    subject: str
    text: str
    path: str | Link = "/meetings/{meeting_id}"
    sms: bool = False
    card: tuple[str, ...] = ()
    more: More | None = None


_ASKED, _MINE = "/requests/{request}", "/meetings/{meeting_id}/approvals"


def _unheard(_found: Container, payload: Mapping[str, Any]) -> str:
    """A unit above reads the request, the secretary of the meeting what became of all of them."""
    return _ASKED if "unit" in payload["to"] else _MINE


def _line_test(found: Container, payload: Mapping[str, Any]) -> str:
    """The link of a line test: its secret is made anew, so that none lies in the outbox before it is sent."""
    return f"/t/{line_tests.secret_of(found.keys.tests, payload['params']['test'])}"


def _why(_found: Container, payload: Mapping[str, Any]) -> Mapping[str, str]:
    """What is wrong with a line and what to do about it: the worst three, with a space before them."""
    said = [readiness_words.said(Reason(**one)) for one in payload["params"]["reasons"][:3]]
    return {"why": "".join(f" {one.text} {one.advice}" for one in said)}


def _unready(found: Container, payload: Mapping[str, Any]) -> Mapping[str, str]:
    """Which points are not ready, the worst first, and where all of them are shown."""
    params = payload["params"]
    lines = [f"{readiness_words.verdict(Verdict(verdict))} ({len(names)}): {', '.join(names[:_NAMED])}{'…' if len(names) > _NAMED else ''}"
             for verdict, names in params["points"].items() if names]
    return {"list": "\n".join(lines), "wall": f"{found.settings.base_url}/meetings/{payload['meeting_id']}/readiness"}


_NAMED = 20  # points of one verdict in a letter; all are in the list that it leads to


WORDS: dict[str, Words] = {
    "slip.ended": Words(
        N_("Có kết quả phiếu lấy ý kiến: {title}"),
        N_("Phiếu lấy ý kiến “{title}” của cuộc họp “{meeting}” đã kết thúc. Kết quả, cách tính và ý kiến từng người ở trang này."),
        "/meetings/{meeting_id}/slips/{motion}"),
    "audience.changed": Words(
        N_("Thành phần thay đổi do sắp xếp đơn vị: {meeting}"),
        N_("Đơn vị đã được sắp xếp lại, nên thành phần của cuộc họp “{meeting}” khác trước: thêm {added}, bớt {removed}, đổi tên "
           "{renamed}. Hãy mở trang cuộc họp để xem và áp dụng.")),
    "request.asked": Words(
        N_("Đề nghị xác nhận điểm cầu: {meeting}"),
        N_("{convenor} đề nghị dùng điểm cầu của {unit} từ {start} đến {end} cho cuộc họp “{meeting}”. Hãy xác nhận, từ chối hoặc "
           "đề xuất điểm, giờ khác trước {deadline}."), _ASKED),
    "request.reminder": Words(
        N_("Nhắc: chưa trả lời đề nghị điểm cầu, {meeting}"),
        N_("Đề nghị của {convenor} về điểm cầu của {unit} chưa được trả lời. Sau {deadline} cấp trên sẽ được hỏi thay."), _ASKED),
    "request.reminder_last": Words(
        N_("Nhắc: chưa trả lời đề nghị điểm cầu, {meeting}"),
        N_("Đề nghị của {convenor} về điểm cầu của {unit} chưa được trả lời. Sau {deadline} đề nghị hết hạn."), _ASKED),
    "request.unheard": Words(
        N_("Chưa báo được cho ai ở {asked}: {meeting}"),
        N_("{convenor} đề nghị dùng điểm cầu của {unit} cho cuộc họp “{meeting}”, đang chờ {asked} trả lời trước {deadline}; nhưng ở {asked} "
           "chưa ai có địa chỉ thư để nhận đề nghị này. Hãy báo cho {asked} bằng cách khác."), _unheard),
    "request.escalated": Words(
        N_("Chưa ai trả lời, đang hỏi cấp trên: {meeting}"),
        N_("Đề nghị về điểm cầu của {unit} quá hạn mà chưa được trả lời, nên đang hỏi {asked} (trước {deadline})."), _MINE),
    "request.agreed": Words(N_("Đã xác nhận điểm cầu: {meeting}"), N_("{unit} đã xác nhận điểm cầu cho cuộc họp “{meeting}”."), _MINE),
    "request.declined": Words(
        N_("Từ chối điểm cầu: {meeting}"), N_("{unit} không cho dùng điểm cầu vào giờ này. Lý do: {reason}"), _MINE),
    "request.offered": Words(
        N_("Có đề xuất khác: {meeting}"), N_("{asked} đề xuất dùng {points} thay cho điểm cầu đã đề nghị của {unit}, và họp vào giờ khác: từ {offer_start} đến "
           "{offer_end}. Hãy nhận hoặc hỏi lại như cũ."), _MINE),
    "request.offered_point": Words(
        N_("Có đề xuất điểm cầu khác: {meeting}"),
        N_("{asked} đề xuất dùng {points} thay cho điểm cầu đã đề nghị của {unit}. Hãy nhận hoặc hỏi lại như cũ."), _MINE),
    "request.offered_time": Words(
        N_("Có đề xuất giờ khác: {meeting}"),
        N_("{asked} đề xuất họp vào giờ khác tại {unit}: từ {offer_start} đến {offer_end}. Nếu nhận, cả cuộc họp dời sang giờ này. "
           "Hãy nhận hoặc hỏi lại như cũ."), _MINE),
    "request.overtaken": Words(
        N_("Điểm cầu không còn: {meeting}"),
        N_("Điểm cầu của {unit} vừa được xác nhận cho một cuộc họp khác vào giờ này. Hãy chọn giờ khác hoặc bỏ điểm này."), _MINE),
    "request.lapsed": Words(
        N_("Không ai trả lời về điểm cầu: {meeting}"), N_("Đề nghị về điểm cầu của {unit} đã hết hạn mà không ai trả lời."), _MINE),
    "request.withdrawn": Words(
        N_("Không còn cần điểm cầu: {meeting}"), N_("{convenor} không còn cần điểm cầu của {unit} từ {start} đến {end}."), _ASKED),
    "requests.settled": Words(
        N_("Mọi đơn vị đã trả lời: {meeting}"),
        N_("Mọi đề nghị về điểm cầu của cuộc họp “{meeting}” đã được trả lời. Hãy xem lại rồi triệu tập."), _MINE),
    "booking.displaced": Words(
        N_("Bị lấy giờ điểm cầu: {meeting}"),
        N_("{unit} lấy giờ {count} điểm cầu của cuộc họp “{meeting}”. Lý do: {reason} Mở trang để xem giờ được đề xuất thay thế."),
        _MINE, sms=True),
    "meeting.overrun": Words(
        N_("Đã quá giờ kết thúc: {meeting}"),
        N_("Cuộc họp “{meeting}” dự kiến kết thúc lúc {ended} nhưng chưa được kết thúc trên hệ thống. Hãy kết thúc cuộc họp, "
           "hoặc để các điểm cầu biết họp đến mấy giờ."),
        "/meetings/{meeting_id}/conduct",
    ),
    "meeting.unopened": Words(
        N_("Quá giờ, chưa mở: {meeting}"),
        N_("Cuộc họp “{meeting}” đã qua giờ kết thúc dự kiến ({ended}) mà chưa khai mạc. Trên trang cuộc họp, hãy chọn một trong hai: "
           "dời sang giờ khác, hoặc hủy để trả lại các điểm cầu."),
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
    "linetest.open": Words(
        N_("Kiểm tra đường truyền trước cuộc họp: {meeting}"),
        N_("{point} cần kiểm tra đường truyền trước cuộc họp “{meeting}”, {time}. Mở đường dẫn này trên máy sẽ dùng để họp, "
           "trước {expires}; mất chưa đầy một phút:"),
        _line_test, sms=True,
    ),
    "linetest.remind": Words(
        N_("Nhắc kiểm tra đường truyền: {meeting}"),
        N_("{point} chưa kiểm tra đường truyền cho cuộc họp “{meeting}”, {time}. Hãy kiểm tra ngay:"),
        _line_test, sms=True,
    ),
    "linetest.technician": Words(
        N_("Đường truyền chưa đạt: {point}"),
        N_("{point} chưa kiểm tra hoặc không đạt kiểm tra đường truyền, mà cuộc họp “{meeting}” sắp bắt đầu ({time}).{why} Hãy kiểm tra "
           "ngay trên máy sẽ dùng để họp:"),
        _line_test, sms=True, card=("technician",), more=_why,
    ),
    "linetest.deputy": Words(
        N_("Đường truyền vẫn chưa đạt: {point}"),
        N_("{point} vẫn chưa sẵn sàng cho cuộc họp “{meeting}” ({time}) và kỹ thuật viên chưa xử lý được.{why} Hãy kiểm tra ngay trên "
           "máy sẽ dùng để họp:"),
        _line_test, sms=True, card=("deputy",), more=_why,
    ),
    "linetest.failed": Words(
        N_("Đường truyền chưa họp được: {point}"),
        N_("{point} không đạt kiểm tra đường truyền cho cuộc họp “{meeting}”, {time}.{why} Sửa xong, hãy kiểm tra lại trên máy sẽ dùng "
           "để họp:"),
        _line_test, sms=True, card=("technician", "deputy"), more=_why,
    ),
    "linetest.weak": Words(
        N_("Đường truyền còn yếu: {point}"),
        N_("{point} họp được, nhưng đường truyền còn yếu cho cuộc họp “{meeting}”, {time}.{why} Nếu sửa được, hãy kiểm tra lại khi "
           "thuận tiện:"),
        _line_test, sms=True, card=("technician", "deputy"), more=_why,
    ),
    "linetest.none": Words(
        N_("Chưa kiểm tra đường truyền: {point}"),
        N_("{point} chưa kiểm tra đường truyền cho cuộc họp “{meeting}”, {time}. Hãy mở đường dẫn này trên máy sẽ dùng để họp; mất chưa "
           "đầy một phút:"),
        _line_test, sms=True, card=("technician", "deputy"),
    ),
    "linetest.summary": Words(
        N_("{count} điểm chưa sẵn sàng: {meeting}"),
        N_("{count} điểm chưa sẵn sàng cho cuộc họp “{meeting}”, {time}. Kỹ thuật viên của các điểm này cũng được báo.\n\n{list}\n\nBảng sẵn "
           "sàng, cập nhật trực tiếp: {wall}\nDanh sách để gọi điện (CSV):"),
        "/meetings/{meeting_id}/readiness.csv", more=_unready,
    ),
}
