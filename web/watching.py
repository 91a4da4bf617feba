"""How every point of a meeting stands while it is on, for those who keep it running: one row a point, in words.

Where a point stands comes from the record (never came, here, left), from the relay (its line fell silent, what is wrong with it)
and from the policy (who is silenced).  A reason is a sentence that can be said on the telephone.  Never names a person and never
says who voted.  Pure but for the reader's language (gettext).  Called by `routes/watch.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any

from meetings.state import RoomState
from web import quality, roompolicy
from web.i18n import N_, _


class Stands(StrEnum):
    """Of one point, what matters most first: the order of the list of those to be helped."""

    AWAY = "away"
    BAD = "bad"
    FAIR = "fair"
    HERE = "here"
    LEFT = "left"
    NEVER = "never"


WORDS: dict[Stands, str] = {
    Stands.AWAY: N_("Mất kết nối, đang nối lại"),
    Stands.BAD: N_("Đường truyền kém"),
    Stands.FAIR: N_("Đường truyền yếu"),
    Stands.HERE: N_("Đang họp"),
    Stands.LEFT: N_("Đã rời họp"),
    Stands.NEVER: N_("Chưa vào họp"),
}
ICONS: dict[Stands, str] = {
    Stands.AWAY: "refresh-cw", Stands.BAD: "circle-x", Stands.FAIR: "triangle-alert", Stands.HERE: "circle-check",
    Stands.LEFT: "log-out", Stands.NEVER: "circle",
}
HELPED = (Stands.AWAY, Stands.BAD, Stands.FAIR)
"""Who is to be helped."""

Line = Mapping[str, Any]


def rows(
    state: RoomState, came: Collection[int], away: Collection[str], troubles: Mapping[str, Sequence[Line]], pictures: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Code → row.  `came`: points that were here at some time; `away`, `troubles`, `pictures`: as the relay tells, by code."""
    policy, main = roompolicy.policy(state), roompolicy.main_code(state)
    silent = set(policy.quiet)
    made = {}
    for seat in state.seats:
        lines = troubles.get(seat.code, ())
        here = seat.joined_at is not None
        stands = _stands(here, seat.point_id in came, seat.code in away, lines)
        known = here and stands is not Stands.AWAY  # of a line that fell silent the last word is no longer true
        reasons = list(dict.fromkeys(one for line in lines for one in quality.sentences(line))) if known else []
        made[seat.code] = {
            "stands": stands.value, "why": " ".join(reasons), "picture": here and seat.code in pictures,
            "silenced": here and (seat.code in silent or (policy.heard is not None and seat.code not in policy.heard)),
            "floor": state.floor is not None and state.floor.point_id == seat.point_id, "chair": seat.code == main,
            "hand": seat.hand_at is not None,
        }
    return made


def _stands(here: bool, came: bool, away: bool, lines: Sequence[Line]) -> Stands:
    if not here:
        return Stands.LEFT if came else Stands.NEVER
    if away:
        return Stands.AWAY
    levels = {line["level"] for line in lines}
    return Stands.BAD if quality.BAD_LEVEL in levels else Stands.FAIR if quality.FAIR_LEVEL in levels else Stands.HERE


def changed(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What is told of the step from one look to the next: rows that differ, with their code; who is booked no more as gone."""
    told = [{"code": code, **row} for code, row in after.items() if before.get(code) != row]
    return told + [{"code": code, "gone": True} for code in before.keys() - after.keys()]


def counts(seen: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """How many stand how."""
    found = dict.fromkeys((one.value for one in Stands), 0)
    for row in seen.values():
        found[str(row["stands"])] += 1
    return found


def words() -> dict[str, str]:
    """Sentences for the wall's script, in the request's language."""
    return {
        **{f"is_{one.value}": _(text) for one, text in WORDS.items()},
        "silenced": _("Chưa được nói"),
        "floor": _("Đang phát biểu"),
        "chair": _("Chủ trì"),
        "hand": _("Đăng ký phát biểu"),
        "no_picture": _("Không gửi hình"),
        "picture_later": _("Hình sẽ đến lượt"),
        "page_of": _("Trang {n}/{total}"),
        "none_to_help": _("Mọi điểm cầu đã vào họp đều có đường truyền tốt."),
        "none_here": _("Không có điểm cầu nào như vậy."),
        "no_phone": _("chưa có số điện thoại"),
        "told": _("{name}: {what}"),
        "line_good": _("Đang theo dõi"),
        "line_lost": _("Mất liên lạc với máy chủ: các dòng dưới đây là của lúc trước"),
        "pictures_off": _("Hình tạm dừng: {why}"),
        "no_answer": _("Máy chủ không trả lời. Hãy thử lại."),
        "over": _("Cuộc họp đã kết thúc"),
        "refused": _("Bạn không còn quyền theo dõi cuộc họp này."),
    }
