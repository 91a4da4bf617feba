"""Sentences of recordings: that and why the meeting was recorded is everybody's; what became of the files is of the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.course_words.area import Area, Teller
from web.i18n import N_, _, ngettext
from web.recording_words import ENDED


def _resumed(data: Mapping[str, Any], _point: str) -> str:
    if data["reason"] == "meeting":
        return _("Ghi hình tiếp")
    return ngettext("Ghi hình tiếp sau khi máy chủ khởi động lại; {n} giây không được ghi",
                    "Recording goes on after the server restarted; {n} seconds are missing", data["seconds"])


def _told(data: Mapping[str, Any], point: str) -> str:
    return _("{point} xác nhận đã biết cuộc họp được ghi hình", point=point) if data["agreed"] else _(
        "Đã báo ghi hình cho {point} vào sau", point=point)


def _deleted(data: Mapping[str, Any], _point: str) -> str:
    return _("Xóa bản ghi hình theo thời hạn lưu") if data["reason"] == "retention" else _(
        "Xóa bản ghi hình: {reason}", reason=data["reason"])


TELL: dict[str, Teller] = {
    "recording.started": lambda d, p: ngettext(
        "Bắt đầu ghi hình, báo cho {n} điểm cầu đang họp. Mục đích: {purpose}",
        "Recording begins, {n} points present are told. Purpose: {purpose}", d["present"], purpose=d["purpose"]),
    "recording.told": _told,
    "recording.paused": lambda d, p: _("Tạm dừng ghi hình"),
    "recording.resumed": _resumed,
    "recording.ended": lambda d, p: _("Kết thúc ghi hình ({reason})", reason=_(ENDED.get(d["reason"], d["reason"]))),
    "recording.kept": lambda d, p: ngettext("Bản ghi hình đã lưu: {n} tệp, {gaps} chỗ trống", "The recording is kept: {n} files, {gaps} gaps",
                                            d["tracks"], gaps=d["gaps"]),
    "recording.composed": lambda d, p: _("Ghép bản ghi hình thành tệp {format}", format=d["format"].upper()),
    "recording.released": lambda d, p: _("Bản ghi hình được tải về: {to} ({file})", to=d["to"], file=d["file"]),
    "recording.deleted": _deleted,
    "recording.erased": lambda d, p: ngettext("Đã xóa hết {n} tệp của bản ghi hình", "All {n} files of the recording are gone", d["files"]),
}

AREA = Area(
    TELL, runs={"recording.told": (N_("Đã báo ghi hình cho {n} điểm cầu"), "{n} points were told of the recording")},
    minor=frozenset({"recording.told"}),
    record=frozenset({"recording.kept", "recording.composed", "recording.released", "recording.deleted", "recording.erased"}),
)
