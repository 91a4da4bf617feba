"""The verdict on a line: right where it is drawn, never worse for a better line, and deaf to what no test can have found."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Invalid
from scheduler.readiness import CODES, Limits, Measured, Need, Policy, Profile, Round, Verdict, judge, need_of, rounds_of

LIMITS = Limits()
NEED = need_of(LIMITS, main=False)
GOOD = Measured(udp=True, tcp=True, relay=True, rtt_ms=20, loss_up=0, loss_down=0, up_kbps=2000, down_kbps=8000, mic="ok",
                mic_dbfs=-20, camera="ok", width=1280, height=720, fps=15, browser="Chromium 130")


def verdict(**changes: Any) -> tuple[str, tuple[str, ...]]:
    judged = judge(replace(GOOD, **changes), NEED, LIMITS)
    return judged.verdict.value, judged.codes


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, ("ready", ())),
    ({"relay": None}, ("ready", ())),                       # an installation without a TURN server
    ({"relay": False, "tcp": False}, ("ready", ())),        # UDP is all that is needed
    ({"udp": False}, ("weak", ("path.tcp",))),
    ({"udp": False, "tcp": False}, ("weak", ("path.relay",))),
    ({"udp": False, "tcp": False, "relay": False}, ("failed", ("path.none",))),
    ({"udp": None, "tcp": None, "relay": None, "up_kbps": None, "down_kbps": None}, ("failed", ("path.none",))),
    ({"up_kbps": 449}, ("weak", ("up.small",))),
    ({"up_kbps": 450}, ("ready", ())),
    ({"up_kbps": 180}, ("weak", ("up.picture",))),
    ({"up_kbps": 36}, ("weak", ("up.picture",))),
    ({"up_kbps": 35}, ("failed", ("up.voice",))),
    ({"up_kbps": None}, ("weak", ("up.unknown",))),
    ({"down_kbps": 35, "up_kbps": 180}, ("failed", ("down.voice", "up.picture"))),
    ({"loss_down": 29}, ("ready", ())),
    ({"loss_down": 30}, ("weak", ("loss.some",))),
    ({"loss_up": 200}, ("failed", ("loss.heavy",))),
    ({"rtt_ms": 400}, ("weak", ("rtt.long",))),
    ({"rtt_ms": 2500}, ("failed", ("rtt.late",))),
    ({"mic_dbfs": -46}, ("weak", ("mic.quiet",))),
    ({"mic_dbfs": -58}, ("weak", ("mic.silent",))),
    ({"mic_dbfs": None}, ("weak", ("mic.silent",))),
    ({"mic": "denied"}, ("weak", ("mic.denied",))),
    ({"camera": "missing"}, ("weak", ("camera.missing",))),
    ({"fps": 3}, ("weak", ("camera.slow",))),
])
def test_where_the_lines_are_drawn(changes: dict[str, Any], expected: tuple[str, tuple[str, ...]]) -> None:
    assert verdict(**changes) == expected


def test_a_line_that_reaches_nothing_is_not_blamed_for_what_was_never_measured() -> None:
    nowhere = {"udp": False, "tcp": False, "relay": False, "up_kbps": None, "down_kbps": None, "loss_up": None}
    assert verdict(**nowhere) == ("failed", ("path.none",))


def test_the_point_that_everybody_watches_has_to_send_more() -> None:
    line = replace(GOOD, up_kbps=600)
    assert judge(line, need_of(LIMITS, main=False), LIMITS).verdict is Verdict.READY
    assert judge(line, need_of(LIMITS, main=True), LIMITS).codes == ("up.small",)


def test_a_line_far_below_what_was_declared_is_told_and_one_that_was_not_tried_to_its_end_is_not() -> None:
    slow = replace(GOOD, down_kbps=460, up_kbps=460)
    assert judge(replace(slow, up_kbps=440), NEED, LIMITS, Profile(up_kbps=100_000)).codes == ("up.small", "up.declared")
    assert judge(slow, NEED, LIMITS, Profile(up_kbps=100_000, down_kbps=100_000)).codes == ()
    assert judge(replace(slow, up_kbps=200), NEED, LIMITS, Profile(up_kbps=384)).codes == ("up.small",)
    assert judge(slow, NEED, LIMITS, Profile()).verdict is Verdict.READY


def test_the_numbers_of_a_sentence_are_those_that_were_measured() -> None:
    [reason] = judge(replace(GOOD, loss_up=12, loss_down=71), NEED, LIMITS).reasons
    assert dict(reason.params) == {"percent": 7, "up": 1, "down": 7}
    [reason] = judge(replace(GOOD, up_kbps=180), NEED, LIMITS).reasons
    assert reason.params == {"kbps": 180, "need": 200}


def test_limits_are_data() -> None:
    strict = Limits.chosen({"loss_weak": 5, "good_kbps": 5000})
    assert judge(replace(GOOD, loss_up=6), need_of(strict, main=False), strict).codes == ("up.small", "loss.some")
    for wrong in ({"no_such": 1}, {"loss_weak": 300}, {"voice_kbps": 0}, {"declared_percent": 101}, {"mic_silent_dbfs": -10}):
        with pytest.raises(ValueError, match="limit"):
            Limits.chosen(wrong)


def test_a_link_of_a_round_is_good_until_the_next_round_or_the_start() -> None:
    hours = {name: timedelta(hours=hours) for name, hours in (("T-60min", 1), ("T-24h", 24), ("T-3h", 3))}
    assert rounds_of(hours) == (Round("T-24h", hours["T-24h"], timedelta(hours=21)), Round("T-3h", hours["T-3h"], timedelta(hours=2)),
                                Round("T-60min", hours["T-60min"], timedelta(hours=1)))
    assert rounds_of({one.name: one.before for one in Policy().rounds}) == Policy().rounds
    assert rounds_of({}) == ()


paths = st.sampled_from([None, False, True])
numbers = st.integers(0, 3000)
devices = st.sampled_from(["ok", "denied", "missing", "busy", "insecure"])
lines = st.builds(
    Measured, udp=paths, tcp=paths, relay=paths, rtt_ms=numbers, loss_up=st.integers(0, 1000), loss_down=st.integers(0, 1000),
    up_kbps=numbers, down_kbps=numbers, mic=devices, mic_dbfs=st.none() | st.integers(-120, 0), camera=devices,
    fps=st.none() | st.integers(0, 60))
needs = st.builds(Need, up_kbps=st.integers(200, 2000), down_kbps=st.integers(200, 2000))
profiles = st.builds(Profile, up_kbps=st.none() | st.integers(1, 100_000), down_kbps=st.none() | st.integers(1, 100_000))
ORDER = {Verdict.FAILED: 0, Verdict.WEAK: 1, Verdict.READY: 2}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Measured, Measured]:
    """A line, and one that is nowhere worse."""
    worse = draw(lines)
    changes: dict[str, Any] = {}
    for name in ("udp", "tcp", "relay"):
        changes[name] = True if getattr(worse, name) else draw(paths)
    for name in ("up_kbps", "down_kbps"):
        changes[name] = getattr(worse, name) + draw(numbers)
    for name in ("rtt_ms", "loss_up", "loss_down"):
        changes[name] = draw(st.integers(0, getattr(worse, name)))
    changes["mic"] = "ok" if worse.mic == "ok" else draw(st.sampled_from([worse.mic, "ok"]))
    changes["camera"] = "ok" if worse.camera == "ok" else draw(st.sampled_from([worse.camera, "ok"]))
    changes["mic_dbfs"] = draw(st.integers(-120 if worse.mic_dbfs is None else worse.mic_dbfs, 0))
    changes["fps"] = draw(st.integers(worse.fps or 0, 60))
    return worse, replace(worse, **changes)


@given(pairs(), needs, profiles)
def test_a_better_line_never_gets_a_worse_verdict(pair: tuple[Measured, Measured], need: Need, profile: Profile) -> None:
    worse, better = pair
    assert ORDER[judge(better, need, LIMITS, profile).verdict] >= ORDER[judge(worse, need, LIMITS, profile).verdict]


@given(lines, needs, profiles)
def test_the_verdict_is_that_of_the_worst_reason_and_every_reason_is_known(line: Measured, need: Need, profile: Profile) -> None:
    judged = judge(line, need, LIMITS, profile)
    worst = Verdict.READY if not judged.reasons else Verdict.FAILED if judged.reasons[0].failed else Verdict.WEAK
    assert judged.verdict is worst
    assert [reason.failed for reason in judged.reasons] == sorted((reason.failed for reason in judged.reasons), reverse=True)
    assert set(judged.codes) <= set(CODES) and len(set(judged.codes)) == len(judged.codes)
    assert all(type(value) is int for reason in judged.reasons for value in reason.params.values())


@given(lines)
def test_what_is_kept_is_read_back(line: Measured) -> None:
    assert Measured.read(line.as_data()) == line
    assert set(line.as_data()) == {one.name for one in fields(Measured)}


@pytest.mark.parametrize("wrong", [
    None, [], "x", 3, {"udp": 1}, {"udp": "true"}, {"rtt_ms": 1.5}, {"rtt_ms": -1}, {"rtt_ms": True}, {"rtt_ms": 60_001},
    {"loss_up": 1001}, {"up_kbps": 10**12}, {"mic": "fine"}, {"mic": None}, {"mic_dbfs": 1}, {"mic_dbfs": -121}, {"fps": 241},
    {"browser": 7}, {"browser": "a\x00b"}, {"up": 3}, {"verdict": "ready"},
])
def test_what_no_test_can_have_found_is_refused(wrong: object) -> None:
    with pytest.raises(Invalid) as refused:
        Measured.read(wrong)
    assert refused.value.code == "line.result"


def test_a_long_name_of_a_browser_is_cut() -> None:
    assert len(Measured.read({"browser": "x" * 500}).browser) == 80
