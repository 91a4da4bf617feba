"""When things around a meeting happen and from where on a line is weak, as an administrator may choose them.  Pure.

`read` takes what a form says, in whole numbers, and gives the times or every mistake by its field; nothing that it gives can
ask a point twice at one time, call before anybody was asked, or call a better line worse.  Called by `times_store` and the page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import time, timedelta
from typing import Any, Final

from meetings.errors import Invalid, MeetingError
from scheduler.readiness import Limits, Policy, Report, rounds_of
from scheduler.reminders import Timing

DAY: Final = 24 * 60  # minutes
ROUNDS: Final = ("round1", "round2", "round3")
WHO: Final = ("technician", "deputy")
SPANS: Final[Mapping[str, tuple[int, int]]] = {
    **dict.fromkeys(ROUNDS, (10, 7 * DAY)), "unanswered": (60, 30 * DAY), "room": (5, 4 * 60), **dict.fromkeys(WHO, (5, 12 * 60)),
}
"""Minutes before the start: the least and the most."""
OPTIONAL: Final = frozenset({*ROUNDS[1:], "unanswered", "report", *WHO})
NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "report": (30, 12 * 60), "grace": (5, 4 * 60), "again": (10, 4 * 60), "conclusion_days": (1, 15),
    "voice_kbps": (16, 200), "picture_kbps": (50, 2000), "good_kbps": (100, 10_000), "main_times": (1, 5),
    "loss_weak": (1, 300), "loss_failed": (10, 500), "rtt_weak_ms": (50, 5000), "rtt_failed_ms": (200, 10_000),
    "mic_quiet_dbfs": (-80, -20), "mic_silent_dbfs": (-90, -30), "camera_fps": (1, 30), "declared_percent": (0, 100),
}
CLOCKS: Final = ("morning", "evening")
LIMITS: Final = tuple(one.name for one in fields(Limits))
_APART: Final = 10  # minutes between two rounds
_ORDER: Final = (("voice_kbps", "picture_kbps"), ("picture_kbps", "good_kbps"), ("loss_weak", "loss_failed"),
                 ("rtt_weak_ms", "rtt_failed_ms"), ("mic_silent_dbfs", "mic_quiet_dbfs"))


@dataclass(frozen=True, slots=True)
class Times:
    """Everything that an administrator chooses here.  `report`: so long after a round whoever is not ready is told; None: never."""

    timing: Timing
    calls: tuple[tuple[str, timedelta], ...]
    limits: Limits
    report: timedelta | None = Report().after

    @property
    def policy(self) -> Policy:
        """As line tests want it."""
        report = None if self.report is None else Report(self.report, self.timing.morning, self.timing.evening)
        return Policy(self.limits, rounds_of(self.timing.line_tests), self.calls, report)

    @property
    def mark(self) -> str:
        """Tells these times from any others."""
        return hashlib.sha256(json.dumps(self.as_data(), sort_keys=True).encode()).hexdigest()[:16]

    def as_data(self) -> dict[str, Any]:
        """As it is kept; `Timing.from_data` reads its own part of it."""
        report = None if self.report is None else _whole(self.report)
        calls = {who: _whole(before) for who, before in self.calls}
        return {**self.timing.as_data(), "report": report, "calls": calls, "limits": asdict(self.limits)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any], usual: Policy) -> Times:
        """What is not kept is as by default, or as the operator has set it (`usual`)."""
        calls = usual.calls if "calls" not in data else tuple(
            (who, timedelta(minutes=data["calls"][who])) for who in WHO if who in data["calls"])
        report = Report().after if "report" not in data else None if data["report"] is None else timedelta(minutes=data["report"])
        return cls(Timing.from_data(data), calls, Limits.chosen({**asdict(usual.limits), **data.get("limits", {})}), report)

    def typed(self) -> dict[str, str]:
        """As `read` takes it."""
        rounds = sorted(self.timing.line_tests.values(), reverse=True)
        found: dict[str, Any] = {name: _whole(before) for name, before in zip(ROUNDS, rounds, strict=False)}
        found |= {"unanswered": _whole(self.timing.unanswered[0])} if self.timing.unanswered else {}
        found |= {"room": _whole(self.timing.room), "conclusion_days": self.timing.conclusion_days}
        found |= {"grace": _whole(self.timing.grace), "again": _whole(self.timing.again)}
        found |= {who: _whole(before) for who, before in self.calls} | asdict(self.limits)
        found |= {} if self.report is None else {"report": _whole(self.report)}
        clocks = {name: getattr(self.timing, name).isoformat("minutes") for name in CLOCKS}
        return {**dict.fromkeys((*SPANS, *NUMBERS), ""), **{name: str(value) for name, value in found.items()}, **clocks}


def round_name(minutes: int) -> str:
    """T-24h, T-90min: what a round is called, and how its time can be told from its name."""
    return f"T-{minutes // 60}h" if minutes % 60 == 0 and minutes >= 120 else f"T-{minutes}min"


def before_of(name: str) -> timedelta | None:
    """How long before the start a round of this name is; None for a name that says nothing."""
    for unit, minutes in (("h", 60), ("min", 1)):
        digits = name.removeprefix("T-").removesuffix(unit)
        if name == f"T-{digits}{unit}" and digits.isascii() and digits.isdigit() and len(digits) < 6 and int(digits):
            return timedelta(minutes=int(digits) * minutes)
    return None


def read(typed: Mapping[str, str]) -> tuple[Times | None, dict[str, MeetingError]]:
    """What a form says, minutes and numbers as text; or every mistake by the field that has to be changed."""
    errors: dict[str, MeetingError] = {}
    found = {name: _number(name, typed.get(name, ""), errors) for name in (*SPANS, *NUMBERS)}
    clocks = {name: _clock(name, typed.get(name, ""), errors) for name in CLOCKS}
    if not errors:
        _together(found, clocks, errors)
    if errors:
        return None, errors
    rounds = [value for name in ROUNDS if (value := found[name]) is not None]
    given = {name: value for name, value in found.items() if value is not None}
    timing = Timing(
        {round_name(value): timedelta(minutes=value) for value in rounds}, _spans(found["unanswered"]), timedelta(minutes=given["room"]),
        given["conclusion_days"], *(clock for clock in clocks.values() if clock is not None),
        timedelta(minutes=given["grace"]), timedelta(minutes=given["again"]))
    calls = tuple((who, timedelta(minutes=given[who])) for who in WHO if who in given)
    report = timedelta(minutes=given["report"]) if "report" in given else None
    return Times(timing, calls, Limits.chosen({name: given[name] for name in LIMITS}), report), {}


def _together(found: Mapping[str, int | None], clocks: Mapping[str, time | None], errors: dict[str, MeetingError]) -> None:
    """What fits by itself and not beside the rest."""
    rounds = [(name, value) for name in ROUNDS if (value := found[name]) is not None]
    for (_name, earlier), (name, later) in zip(rounds, rounds[1:], strict=False):
        if later > earlier - _APART:
            errors[name] = Invalid("times.order", field=name, apart=_APART)
    technician, deputy = found["technician"], found["deputy"]
    for who in WHO:
        if (value := found[who]) is not None and value >= rounds[0][1]:
            errors[who] = Invalid("times.call", field=who)
    if technician is not None and deputy is not None and deputy > technician:
        errors["deputy"] = Invalid("times.deputy", field="deputy")
    for lower, higher in _ORDER:
        if (found[lower] or 0) > (found[higher] or 0):
            errors[higher] = Invalid("times.limits", field=higher, least=found[lower])
    if (morning := clocks["morning"]) and (evening := clocks["evening"]) and morning >= evening:
        errors["evening"] = Invalid("times.evening", field="evening")


def _number(name: str, text: str, errors: dict[str, MeetingError]) -> int | None:
    least, most = SPANS.get(name) or NUMBERS[name]
    text = text.strip().replace("−", "-")
    if not text and name in OPTIONAL:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 8 and least <= int(text) <= most):
        errors[name] = Invalid("times.span" if name in SPANS else "times.number", field=name, least=least, most=most)
        return None
    return int(text)


def _clock(name: str, text: str, errors: dict[str, MeetingError]) -> time | None:
    try:
        return time.fromisoformat(text.strip()).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        errors[name] = Invalid("times.clock", field=name)
        return None


def _spans(*minutes: int | None) -> tuple[timedelta, ...]:
    return tuple(timedelta(minutes=value) for value in minutes if value is not None)


def _whole(span: timedelta) -> int:
    return int(span / timedelta(minutes=1))


def slots(names: Sequence[str], others: Sequence[str]) -> list[tuple[str | None, str | None]]:
    """Which of the old stands for which of the new, both in the order of their times: the same name, else, between two that stay,
    the first for the first.  Nothing stands for what lies on the other side of one that stays."""
    found: list[tuple[str | None, str | None]] = []
    left: list[str | None]
    right: list[str | None]
    old, new = list(names), list(others)
    for name in [*(one for one in names if one in others), None]:
        at, to = (old.index(name), new.index(name)) if name is not None else (len(old), len(new))
        left, right = list(old[:at]), list(new[:to])
        most = max(at, to)
        found += zip(left + [None] * (most - at), right + [None] * (most - to), strict=True)
        if name is not None:
            found.append((name, name))
        old, new = old[at + 1:], new[to + 1:]
    return found
