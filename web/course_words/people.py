"""Sentences about people behind points: who came, left, is absent; heads; roll calls; personal links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.course_words.area import Area
from web.i18n import N_, _

WHY = {"opened": N_("khi khai mạc"), "motion": N_("trước khi biểu quyết"), "asked": N_("theo yêu cầu")}
HOW = {"phone": N_("bằng điện thoại riêng")}


def _present(data: Mapping[str, Any], point: str) -> str:
    said = _("{point}: {name} có mặt", point=point, name=data["name"]) + (_(", đến muộn") if data["late"] else "")
    how = HOW.get(data["how"], "")
    return f"{said} ({_(how)})" if how else said


def _absent(data: Mapping[str, Any], point: str) -> str:
    return (_("{point}: {name} vắng có lý do", point=point, name=data["name"]) if data["reason"]
            else _("{point}: {name} vắng không lý do", point=point, name=data["name"]))


def _called(data: Mapping[str, Any], point: str) -> str:
    (points, points_here), (persons, persons_here), why = data["points"], data["persons"], WHY.get(data["why"], data["why"])
    return _("Điểm danh lần {n} {why}: {points_here}/{points} điểm cầu, {here}/{of} đại biểu", n=data["roll"], why=_(why),
             points_here=points_here, points=points, here=persons_here, of=persons)


AREA = Area(
    tell={
        "person.present": _present,
        "person.left": lambda d, p: _("{point}: {name} rời họp", point=p, name=d["name"]),
        "person.absent": _absent,
        "person.expected": lambda d, p: _("{point}: ghi lại điểm danh của {name}", point=p, name=d["name"]),
        "heads.counted": lambda d, p: _("{point} đếm được {n} người", point=p, n=d["heads"]),
        "roll.called": _called,
        "roll.page": lambda d, p: _("Danh sách điểm danh lần {n}, trang {page}", n=d["roll"], page=d["page"]),
        "person.link_revoked": lambda d, p: _("{point}: thu hồi mã riêng của {name}", point=p, name=d["name"]),
        "person.link_renewed": lambda d, p: _("{point}: cấp mã riêng mới cho {name}", point=p, name=d["name"]),
    },
    runs={
        "person.present": (N_("Ghi có mặt {n} đại biểu"), "{n} delegates recorded as present"),
        "person.left": (N_("{n} đại biểu rời họp"), "{n} delegates left"),
        "person.absent": (N_("Ghi vắng {n} đại biểu"), "{n} delegates recorded as absent"),
        "heads.counted": (N_("{n} lần đếm người"), "{n} countings of heads"),
        "roll.page": (N_("Danh sách điểm danh, {n} trang"), "Lists of roll calls, {n} pages"),
    },
    minor=frozenset({"person.present", "person.left", "person.absent", "person.expected", "heads.counted", "roll.page",
                     "person.link_revoked", "person.link_renewed"}),
    # Why somebody is absent, and lists of names, are the business of those who make the record.
    record=frozenset({"person.absent", "person.expected", "roll.page", "person.link_revoked", "person.link_renewed"}),
)
