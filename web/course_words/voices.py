"""Sentences of who was heard, what was large, what was written, and that captions were typed; what chair and secretary confide is told to them alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meetings.voices import MOST_POINTS
from web.course_words.area import Area
from web.i18n import N_, _, ngettext

_LOBBY = {"quiet": N_("chỉ nghe điểm cầu chủ trì"), "free": N_("các điểm cầu nghe nhau")}
_CHAT = {"open": N_("hiện ngay"), "held": N_("chờ duyệt"), "closed": N_("không nhận")}


def _muted_above(points: int) -> str:
    """The ends of the scale are no numbers to those who read."""
    if points >= MOST_POINTS:
        return _("khai mạc không tự tắt tiếng")
    if points == 0:
        return _("khai mạc luôn tắt tiếng")
    return ngettext("khai mạc tắt tiếng khi có hơn {n} điểm cầu", "the opening mutes when there are more than {n} points", points)


def _room_set(data: Mapping[str, Any]) -> str:
    said = []
    lobby, messages = _LOBBY.get(data.get("lobby", "")), _CHAT.get(data.get("chat", ""))
    if lobby:
        said.append(_("trước giờ khai mạc {how}", how=_(lobby)))
    if messages:
        said.append(_("tin nhắn {how}", how=_(messages)))
    if "muted_above" in data:
        said.append(_muted_above(data["muted_above"]))
    return _("Đặt phòng họp: {what}", what="; ".join(said))


AREA = Area(
    tell={
        "voice.muted": lambda d, p: _("Tắt tiếng {point}", point=p),
        "voice.freed": lambda d, p: _("Bật tiếng {point}", point=p),
        "voice.asked": lambda d, p: _("Mời {point} bật tiếng", point=p),
        "voice.answered": lambda d, p: (_("{point} bật tiếng theo lời mời", point=p) if d["accepted"]
                                        else _("{point} chưa bật tiếng theo lời mời", point=p)),
        "room.muted": lambda d, p: (_("Khai mạc: tắt tiếng mọi điểm cầu, trừ điểm cầu chủ trì") if d["opening"]
                                    else _("Tắt tiếng mọi điểm cầu, trừ điểm cầu chủ trì")),
        "room.freed": lambda d, p: _("Bật tiếng mọi điểm cầu"),
        "stage.set": lambda d, p: _("Hình {point} lên lớn", point=p) if p else _("Thôi đưa hình lên lớn"),
        "room.set": lambda d, p: _room_set(d),
        "chat.said": lambda d, p: _("{point} gửi tin nhắn {n}", point=p, n=d["message"]) if p else _("Chủ tọa gửi tin nhắn {n}", n=d["message"]),
        "chat.passed": lambda d, p: _("Duyệt tin nhắn {n}", n=d["message"]),
        "chat.hidden": lambda d, p: _("Ẩn tin nhắn {n}: {reason}", n=d["message"], reason=d["reason"]),
        "chat.erased": lambda d, p: _("Xóa hẳn tin nhắn {n}: {reason}", n=d["message"], reason=d["reason"]),
        "captions.begun": lambda d, p: _("Bắt đầu gõ phụ đề"),
        "captions.ended": lambda d, p: ngettext("Kết thúc phụ đề: {n} dòng", "Captions ended: {n} lines", d["lines"]),
        "captions.erased": lambda d, p: ngettext("Xóa hẳn {n} dòng phụ đề: {reason}", "Erased {n} lines of captions: {reason}", d["count"], reason=d["reason"]),
        "private.said": lambda d, p: _("Chủ trì và thư ký trao đổi riêng"),
        "private.erased": lambda d, p: ngettext("Xóa {n} lời trao đổi riêng", "Erased {n} private messages", d["count"]),
    },
    runs={
        "chat.said": (N_("{n} tin nhắn"), "{n} messages"),
        "voice.muted": (N_("Tắt tiếng {n} điểm cầu"), "Muted {n} points"),
        "voice.freed": (N_("Bật tiếng {n} điểm cầu"), "Unmuted {n} points"),
    },
    minor=frozenset({"captions.begun", "captions.ended", "voice.muted", "voice.freed", "voice.asked", "voice.answered", "chat.said", "chat.passed", "private.said"}),
    conduct=frozenset({"private.said", "private.erased"}),
)
