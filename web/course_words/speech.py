"""Sentences of the queue of speakers, of turns and of their times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.course_words.area import Area, Teller
from web.i18n import N_, _, ngettext

GIVEN = {
    "contribution": N_("Mời {who} phát biểu"),
    "order": N_("Mời {who} nêu ý kiến về thủ tục"),
    "question": N_("Mời {who} đặt câu hỏi"),
}
ASKED = {"order": N_("{who} xin nêu ý kiến về thủ tục"), "question": N_("{who} xin đặt câu hỏi cho người đang phát biểu")}


def _who(data: Mapping[str, Any], point: str) -> str:
    person = (data.get("person") or {}).get("name")
    return f"{person} ({point})" if person else point


def _span(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"


def _given(data: Mapping[str, Any], point: str) -> str:
    text = GIVEN[data.get("kind", "contribution")]
    said = _(text, who=_who(data, point))
    return f"{said} · {_span(data['limit_s'])}" if data.get("limit_s") is not None else said


def _asked(data: Mapping[str, Any], point: str) -> str:
    text = ASKED[data["kind"]]
    return _(text, who=_who(data, point))


def _taken(data: Mapping[str, Any], point: str) -> str:
    if "spoken_ms" not in data:
        return _("{point} phát biểu xong", point=point)
    spoken, limit = data["spoken_ms"] // 1000, data.get("limit_s")
    if limit is not None and spoken > limit:
        return _("{point} phát biểu xong sau {spoken}, quá giờ {over}", point=point, spoken=_span(spoken), over=_span(spoken - limit))
    return _("{point} phát biểu xong sau {spoken}", point=point, spoken=_span(spoken))


def _lowered(data: Mapping[str, Any], point: str) -> str:
    who = _who(data, point)
    if data.get("why") == "floor":
        return _("{who} được mời, không còn chờ", who=who)
    return _("Chủ tọa hạ tay {who}", who=who) if data.get("why") == "chair" else _("{who} rút đăng ký", who=who)


def _limited(data: Mapping[str, Any], point: str) -> str:
    if data["limit_s"] is None:
        return _("{point} phát biểu không giới hạn thời gian", point=point)
    return _("Thời gian phát biểu của {point}: {span}", point=point, span=_span(data["limit_s"]))


def _timed(data: Mapping[str, Any], _point: str) -> str:
    parts = [_(text, span=_span(data[name])) for name, text in (
        ("speech_s", N_("mỗi lượt {span}")), ("aside_s", N_("ý kiến thủ tục và câu hỏi {span}")),
        ("unit_s", N_("mỗi đơn vị {span}")), ("bell_s", N_("chuông trước {span}"))) if data[name] is not None]
    return _("Thời gian phát biểu: {rule}", rule=", ".join(parts)) if parts else _("Thời gian phát biểu: không giới hạn")


_TELL: dict[str, Teller] = {
    "floor.given": _given,
    "floor.taken": _taken,
    "floor.paused": lambda d, p: _("{point} tạm dừng phát biểu", point=p),
    "floor.continued": lambda d, p: _("{who} phát biểu tiếp", who=_who(d, p)),
    "floor.limited": _limited,
    "hand.raised": lambda d, p: _("{who} đăng ký phát biểu", who=_who(d, p)),
    "hand.lowered": _lowered,
    "hands.lowered": lambda d, p: ngettext("Chủ tọa hạ tay tất cả: {n} đăng ký", "The chair lowered {n} hands", d["count"]),
    "speech.asked": _asked,
    "speech.withdrawn": lambda d, p: _("{who} rút đăng ký", who=_who(d, p)),
    "speech.declined": lambda d, p: _("Chủ tọa chưa mời {who}: {reason}", who=_who(d, p), reason=d["reason"]),
    "speech.ordered": lambda d, p: _("Chủ tọa đổi lượt của {who}", who=p),
    "speech.timed": _timed,
}

AREA = Area(
    tell=_TELL,
    runs={"hand.raised": (N_("{n} điểm cầu đăng ký phát biểu"), "{n} points raised hands"),
          "speech.ordered": (N_("Chủ tọa đổi {n} lượt"), "The chair moved {n} requests")},
    minor=frozenset({"hand.raised", "hand.lowered", "speech.asked", "speech.withdrawn", "speech.ordered", "floor.limited"}),
)
