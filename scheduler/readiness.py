"""What a measured line is good for: ready, weak or failed, and why, as codes with numbers.  Pure.

`Measured` is what a browser found on its way to this installation; nothing in it is believed before `read` has bounded it.
`judge` weighs it against what the meeting needs, what the point declared, and limits that are data.  A better line never
gets a worse verdict (tests/scheduler/test_readiness.py).  It writes no sentences: web/readiness_words.py does.  Called by
`line_tests`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from math import exp, lgamma, log
from typing import Any, Final

from meetings.errors import Invalid
from scheduler.slots import CIVIL


class Verdict(StrEnum):
    """The word of a tile; in the order of who is to be phoned first, with those not tested between failed and weak."""

    FAILED = "failed"
    NONE = "none"
    WEAK = "weak"
    READY = "ready"


RANK: Final = {verdict: place for place, verdict in enumerate(Verdict)}
DEVICE: Final = ("ok", "denied", "missing", "busy", "insecure")
"""How a microphone or a camera was found, as static/room/devices.js names it."""

_MOST: Final = {
    "rtt_ms": 60_000, "loss_up": 1000, "loss_down": 1000, "up_kbps": 1_000_000, "down_kbps": 1_000_000,
    "width": 16_384, "height": 16_384, "fps": 240,
}
_PATHS: Final = ("udp", "tcp", "relay")
_QUIETEST: Final = -120
_BROWSER: Final = 80  # characters kept of the browser's name


@dataclass(frozen=True, slots=True)
class Measured:
    """One test.  None is what could not be measured; `relay` is None also where the installation has no TURN server.

    Loss is in thousandths of the packets, throughput in kbit/s, the microphone's loudest tenth of a second in dBFS.
    """

    udp: bool | None = None
    tcp: bool | None = None
    relay: bool | None = None
    rtt_ms: int | None = None
    loss_up: int | None = None
    loss_down: int | None = None
    up_kbps: int | None = None
    down_kbps: int | None = None
    mic: str = "missing"
    mic_dbfs: int | None = None
    camera: str = "missing"
    width: int | None = None
    height: int | None = None
    fps: int | None = None
    browser: str = ""

    @classmethod
    def read(cls, data: object) -> Measured:
        """What a page or a row says.  Raises Invalid("line.result", field=…) for anything that no test can have found."""
        if not isinstance(data, Mapping):
            raise Invalid("line.result", field="result")
        known = {one.name for one in fields(cls)}
        if strange := sorted(str(name)[:40] for name in data.keys() - known):
            raise Invalid("line.result", field=strange[0])
        return cls(**{name: _checked(name, value) for name, value in data.items()})

    def as_data(self) -> dict[str, Any]:
        """As it is kept, and as the ledger takes it: whole numbers and words."""
        return asdict(self)

    @property
    def reached(self) -> bool:
        return bool(self.udp or self.tcp or self.relay)


def _checked(name: str, value: object) -> Any:
    if name == "browser":
        if isinstance(value, str) and value.isprintable():
            return value[:_BROWSER]
    elif name in ("mic", "camera"):
        if value in DEVICE:
            return value
    elif value is None:
        return None
    elif name in _PATHS:
        if isinstance(value, bool):
            return value
    elif isinstance(value, int) and not isinstance(value, bool):
        least, most = (_QUIETEST, 0) if name == "mic_dbfs" else (0, _MOST[name])
        if least <= value <= most:
            return value
    raise Invalid("line.result", field=name)


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a line is weak or has failed.  Data of the installation (setting `line_limits`), not code."""

    voice_kbps: int = 36       # one voice at its narrowest passes, with its headers
    picture_kbps: int = 200    # the smallest picture beside it
    good_kbps: int = 450       # a picture as one expects it
    main_times: int = 2        # so many times that up, from the point that everybody watches
    loss_weak: int = 30        # thousandths
    loss_failed: int = 200
    rtt_weak_ms: int = 400
    rtt_failed_ms: int = 2500
    mic_quiet_dbfs: int = -45
    mic_silent_dbfs: int = -57
    camera_fps: int = 8
    declared_percent: int = 50  # less than so much of what the point declared is worth a look

    @classmethod
    def chosen(cls, values: Mapping[str, int]) -> Limits:
        """The defaults, but for these.  Raises ValueError for a name that is no limit or limits in the wrong order."""
        if strange := sorted(values.keys() - {one.name for one in fields(cls)}):
            raise ValueError(f"no limit: {', '.join(strange)}")
        found = cls(**values)
        if not (0 < found.voice_kbps <= found.picture_kbps <= found.good_kbps and 0 < found.loss_weak <= found.loss_failed
                and 0 < found.rtt_weak_ms <= found.rtt_failed_ms and found.mic_silent_dbfs <= found.mic_quiet_dbfs
                and found.main_times >= 1 and 0 <= found.declared_percent <= 100):
            raise ValueError("limits of a weak line and of a failed one in the wrong order")
        return found


@dataclass(frozen=True, slots=True)
class Round:
    """A time before a meeting at which every point is asked to test its line, and for how long its link is good."""

    name: str
    before: timedelta
    open_for: timedelta

    def opens(self, start: datetime) -> datetime:
        return start - self.before


@dataclass(frozen=True, slots=True)
class Report:
    """So long after a round has opened it is told which lines are not ready, while people are awake: between these hours."""

    after: timedelta = timedelta(hours=4)
    morning: time = time(8)
    evening: time = time(17)

    def due(self, opened: datetime, latest: datetime, zone: tzinfo = CIVIL) -> datetime | None:
        """When, after a round that opened then.  What would come in the night comes the evening before where it can, else in the
        morning; None where that is not before `latest`."""
        wanted = (opened + self.after).astimezone(zone)
        if wanted.time() > self.evening or wanted.time() < self.morning:
            night = wanted.date() - (timedelta(days=1) if wanted.time() < self.morning else timedelta(0))
            evening = datetime.combine(night, self.evening, zone)
            wanted = evening if evening >= opened + _TO_TEST else datetime.combine(night + timedelta(days=1), self.morning, zone)
        return wanted if wanted < latest else None


_TO_TEST: Final = timedelta(minutes=30)  # whoever is asked has at least so long until it is told that nothing came


@dataclass(frozen=True, slots=True)
class Policy:
    """How this installation tests lines.  `calls`: so long before the start who has not tested well is called: the
    technician first, then the deputy.  `report`: None where nobody is told after a round."""

    limits: Limits = field(default_factory=Limits)
    rounds: tuple[Round, ...] = (
        Round("T-24h", timedelta(hours=24), timedelta(hours=23)), Round("T-60min", timedelta(minutes=60), timedelta(minutes=60)),
    )
    calls: tuple[tuple[str, timedelta], ...] = (("technician", timedelta(minutes=30)), ("deputy", timedelta(minutes=15)))
    report: Report | None = Report()

    def reported(self, opened: datetime, start: datetime) -> datetime | None:
        """When it is told who is not ready after a round that opened then: before the first call, which says the same louder."""
        latest = start - max((before for _who, before in self.calls), default=timedelta(0))
        return self.report.due(opened, latest) if self.report else None

    def round(self, name: str) -> Round | None:
        return next((one for one in self.rounds if one.name == name), None)


def rounds_of(times: Mapping[str, timedelta]) -> tuple[Round, ...]:
    """Rounds from their names and how long before the start each is: a link is good until the next round or the start."""
    ordered = sorted(times.items(), key=lambda entry: entry[1], reverse=True)
    after = [before for _name, before in [*ordered[1:], ("", timedelta(0))]][:len(ordered)]
    return tuple(Round(name, before, before - until) for (name, before), until in zip(ordered, after, strict=True) if before > until)


EXTRA: Final = "extra"
"""The round that belongs to no time: whoever wants to test once more, from the point's card or on a technician's word."""
DURING: Final = "during"
"""What was measured after the start, whatever link was used."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What the point says of its own line."""

    up_kbps: int | None = None
    down_kbps: int | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What the meeting asks of this point's line for a good picture, each way."""

    up_kbps: int
    down_kbps: int


def need_of(limits: Limits, *, main: bool) -> Need:
    """The point that everybody watches has to send more than the others; all receive one good picture at least."""
    return Need(limits.good_kbps * (limits.main_times if main else 1), limits.good_kbps)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line is not ready.  `code` is stable; `params` are the numbers of its sentence."""

    code: str
    failed: bool = False
    params: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """The worst comes first."""

    verdict: Verdict
    reasons: tuple[Reason, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(reason.code for reason in self.reasons)


def judge(measured: Measured, need: Need, limits: Limits, profile: Profile | None = None) -> Judged:
    """What is wrong with this line for this meeting."""
    found = _path(measured)
    if measured.reached:
        found += _line(measured, need, limits)
        found += _declared(measured, profile or Profile(), limits)
    found += _devices(measured, limits)
    found.sort(key=lambda reason: not reason.failed)  # stable: otherwise in the order in which they were asked
    worst = Verdict.READY if not found else Verdict.FAILED if found[0].failed else Verdict.WEAK
    return Judged(worst, tuple(found))


def _path(measured: Measured) -> list[Reason]:
    if measured.udp:
        return []
    if measured.tcp:
        return [Reason("path.tcp")]
    return [Reason("path.relay")] if measured.relay else [Reason("path.none", failed=True)]


def _line(measured: Measured, need: Need, limits: Limits) -> list[Reason]:
    found = []
    for way, kbps, wanted in (("up", measured.up_kbps, need.up_kbps), ("down", measured.down_kbps, need.down_kbps)):
        if kbps is None:
            found.append(Reason(f"{way}.unknown"))
        elif kbps < limits.voice_kbps:
            found.append(Reason(f"{way}.voice", failed=True, params={"kbps": kbps, "need": limits.voice_kbps}))
        elif kbps < limits.picture_kbps:
            found.append(Reason(f"{way}.picture", params={"kbps": kbps, "need": limits.picture_kbps}))
        elif kbps < wanted:
            found.append(Reason(f"{way}.small", params={"kbps": kbps, "need": wanted}))
    lost = max(measured.loss_up or 0, measured.loss_down or 0)
    if lost >= limits.loss_weak:
        params = {"percent": round(lost / 10), "up": round((measured.loss_up or 0) / 10), "down": round((measured.loss_down or 0) / 10)}
        found.append(Reason("loss.heavy" if lost >= limits.loss_failed else "loss.some", lost >= limits.loss_failed, params))
    if (took := measured.rtt_ms or 0) >= limits.rtt_weak_ms:
        late = took >= limits.rtt_failed_ms
        found.append(Reason("rtt.late" if late else "rtt.long", late, {"ms": took}))
    return found


def _declared(measured: Measured, profile: Profile, limits: Limits) -> list[Reason]:
    """A line that carries enough, but far less than is paid for, is worth a call to whoever sells it."""
    found = []
    for way, kbps, declared in (("up", measured.up_kbps, profile.up_kbps), ("down", measured.down_kbps, profile.down_kbps)):
        # A test stops far below what a good line carries, so only lines that might be too narrow are compared.
        seen = min(declared, 2 * limits.good_kbps) if declared is not None else None
        if kbps is not None and seen is not None and declared is not None and 100 * kbps < limits.declared_percent * seen:
            found.append(Reason(f"{way}.declared", params={"kbps": kbps, "declared": declared}))
    return found


def _devices(measured: Measured, limits: Limits) -> list[Reason]:
    found = []
    if measured.mic != "ok":
        found.append(Reason(f"mic.{measured.mic}"))
    elif measured.mic_dbfs is None or measured.mic_dbfs < limits.mic_silent_dbfs:
        found.append(Reason("mic.silent"))
    elif measured.mic_dbfs < limits.mic_quiet_dbfs:
        found.append(Reason("mic.quiet", params={"dbfs": measured.mic_dbfs}))
    if measured.camera != "ok":
        found.append(Reason(f"camera.{measured.camera}"))
    elif (measured.fps or 0) < limits.camera_fps:
        found.append(Reason("camera.slow", params={"fps": measured.fps or 0}))
    return found


SURE: Final = 0.995
_MOST_PACKETS: Final = 5000


@lru_cache(maxsize=16)
def packets_needed(loss_weak: int) -> int:
    """So many packets tell a line that loses a third of `loss_weak` (thousandths) from one that loses five thirds of it, each
    rightly with the probability SURE.  Nearer to the limit no number is enough: there either word will do."""
    good, weak = loss_weak / 3000, min(0.999, loss_weak / 600)
    count = 50
    while count < _MOST_PACKETS and not (_at_least(count, good, loss_weak) <= 1 - SURE and _at_least(count, weak, loss_weak) >= SURE):
        count += 10
    return count


def _at_least(count: int, share: float, thousandths: int) -> float:
    """How likely a line that loses this share of its packets is read as losing so many thousandths or more of `count`."""
    least = next(lost for lost in range(count + 1) if round(1000 * lost / count) >= thousandths)
    each = (lgamma(count + 1) - lgamma(lost + 1) - lgamma(count - lost + 1) + lost * log(share) + (count - lost) * log(1 - share)
            for lost in range(least))
    return 1 - sum(exp(one) for one in each)


CODES: Final = (
    "path.none", "path.tcp", "path.relay",
    *(f"{way}.{what}" for way in ("up", "down") for what in ("voice", "picture", "small", "unknown", "declared")),
    "loss.heavy", "loss.some", "rtt.late", "rtt.long",
    *(f"mic.{what}" for what in (*DEVICE[1:], "silent", "quiet")), *(f"camera.{what}" for what in (*DEVICE[1:], "slow")),
)
"""Every reason there is; each has a sentence and an advice."""
