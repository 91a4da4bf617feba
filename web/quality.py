"""How it goes with one media session: the relay's numbers and its one reason code become a sentence, or news for a page.

Pure but for the reader's language (gettext).  Codes and numbers are those of `media/quality.py`.  Called by
`routes/operations.py`, `routes/room.py` and `lines.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.i18n import N_, _

TCP, FROZEN = "tcp", "frozen"
GOOD_LEVEL, FAIR_LEVEL, BAD_LEVEL = "good", "fair", "bad"

REASONS: dict[str, str] = {
    "loss": N_("Đường truyền xuống mất {loss} % gói tin: hình được gửi nhỏ hơn."),
    "delay": N_("Đường truyền xuống bị chậm dần, chỉ còn khoảng {rate}: hình được gửi nhỏ hơn."),
    "remb": N_("Máy nhận báo chỉ nhận được khoảng {rate}: hình được gửi nhỏ hơn."),
    "silent": N_("Máy nhận không còn báo về: hình được gửi nhỏ hơn cho đến khi có tin."),
    "frozen": N_("Hình của điểm này đứng: máy gửi không còn gửi hình."),
    "uplink_loss": N_("Đường truyền lên mất {loss} % gói tin: máy quay tự giảm chất lượng."),
}
"""What the relay's reason codes say to a technician.  Codes this release does not know are shown as they are."""

BLOCKED = N_("Không qua được UDP, đang đi TCP.")
PAUSED = N_("Đường truyền xuống quá yếu: {n} hình đang tạm dừng, tiếng vẫn được gửi.")
GOOD = N_("Tốt.")
WAITING = N_("Đang nối.")


def words(session: Mapping[str, Any]) -> str:
    """One or more sentences on a session of the relay's stats: what is wrong, or that nothing is."""
    if session.get("state") != "up":
        return _(WAITING)
    return " ".join(sentences(told(session))) or _(GOOD)


def sentences(line: Mapping[str, Any]) -> list[str]:
    """What is wrong with a line as `told` tells of it, one sentence each, the cause before what follows from it."""
    said = [_(BLOCKED)] if line["transport"] == TCP else []
    reason = line["reason"]
    if reason:
        said.append(_(REASONS[reason], loss=line["loss"], rate=line["rate"]) if reason in REASONS else reason)
    if line["paused"]:
        said.append(_(PAUSED, n=len(line["paused"])))
    return said


def level(session: Mapping[str, Any]) -> str:
    """`good`, `fair` (it works, less well than it could) or `bad` (somebody is not seen)."""
    quality = session.get("quality") or {}
    if session.get("state") != "up" or quality.get("reason") == FROZEN or quality.get("paused"):
        return BAD_LEVEL
    return FAIR_LEVEL if quality.get("reason") or quality.get("transport") == TCP else GOOD_LEVEL


def judged(session: Mapping[str, Any]) -> dict[str, str]:
    """What goes beside the numbers of a session."""
    return {"level": level(session), "words": words(session)}


def told(session: Mapping[str, Any]) -> dict[str, Any]:
    """The same for a page that makes its own words: codes and numbers, as rough as people read them."""
    quality = session.get("quality") or {}
    return {
        "session": session.get("session", ""), "name": session.get("name", ""), "role": session.get("role", ""), "level": level(session),
        "reason": quality.get("reason") or "", "transport": quality.get("transport") or "", "paused": quality.get("paused") or [],
        "layers": quality.get("layers") or {}, "loss": _percent(quality.get("loss")), "rate": _rate(quality.get("estimate")),
    }


def of_point(stats: Mapping[str, Any], room: str, code: str) -> list[dict[str, Any]]:
    """The sessions of one point for its own page: role, reason code, level and words, and nothing of others."""
    sessions = (stats["rooms"].get(room) or {}).get("sessions", [])
    return [
        {
            "session": one["session"], "role": one["role"], "reason": (one.get("quality") or {}).get("reason", ""),
            "transport": (one.get("quality") or {}).get("transport", ""), **judged(one),
        }
        for one in sessions if one["name"] == code
    ]


def _percent(share: Any) -> str:
    return str(round(100 * share)) if isinstance(share, int | float) else "?"


def _rate(bits: Any) -> str:
    if not isinstance(bits, int | float):
        return "?"
    return f"{bits / 1e6:.1f} Mbit/s" if bits >= 1e6 else f"{round(bits / 1000)} kbit/s"
