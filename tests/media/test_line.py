"""One receiver over a weak line, in virtual time: how soon down, how soon up, how long a freeze, no swinging.

The layers are 150, 500 and 1700 kbit/s, the voice 48, all with headers; a full queue holds 0.3 s.  A browser that reports
arrival times and one that sends REMB go through the same.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.bwe import CEILING, FLOOR, START, Line, Losses
from media.twcc import Feedback
from tests.media.calls import Call

BOTH = pytest.mark.parametrize("remb", [False, True], ids=["arrival", "remb"])
STEADY = [(2_000_000, False, 2), (2_000_000, True, 2), (1_000_000, False, 1), (1_000_000, True, 1), (300_000, False, 0)]

PARTS = (("weak", 300_000, 20), ("worst", 64_000, 20), ("better", 300_000, 30), ("good", 2_000_000, 25))


def lost_voices(call: Call, first: int, until: int) -> list[int]:
    return [seq for seq in range(first, until) if seq not in call.watcher.heard]


def story(remb: bool, seed: int) -> dict[str, float]:
    """2 Mbit/s, 300 kbit/s, 64 kbit/s and back: seconds to each change, longest freezes, voices lost in and after the first."""
    call, told = Call(seed, 2_000_000, remb=remb), {}
    call.run(25)
    told["top"] = next(at for at, layer in call.changes(call.began_at) if layer == 2)
    for name, rate, seconds in PARTS:
        call.down.rate, began, voice = rate, call.now, call.sounds
        call.run(seconds)
        changes = call.changes(began)
        told[name] = changes[0][0] if changes else 99.0
        told[f"{name} again"] = len(changes) - len({layer for _, layer in changes})
        told[f"{name} layer"] = call.layer
        told[f"{name} freeze"] = call.freeze(began, call.now)
        told[f"{name} wait"] = call.queueing(began, call.now)
        told[f"{name} voices"] = len(lost_voices(call, voice, voice + 50))
        told[f"{name} later"] = len(lost_voices(call, voice + 50, call.sounds - 50))
    return told


@pytest.mark.long
@BOTH
def test_long_line_many_stories(remb: bool) -> None:
    names: dict[str, list[float]] = {}
    for seed in range(20):
        told = story(remb, 7 * seed + 1)
        for name, figure in told.items():
            names.setdefault(name, []).append(figure)
    for name, figures in names.items():
        print(f"{name:16} {min(figures):6.2f} {sorted(figures)[len(figures) // 2]:6.2f} {max(figures):6.2f}")
    assert max(names["weak"]) < 1.2 and max(names["worst"]) < 1.0 and max(names["weak freeze"]) < 2.0
    assert sorted(names["weak freeze"])[10] < 1.2 and max(names["better"]) < 28 and max(names["good freeze"]) < 0.5


@pytest.mark.parametrize(("rate", "remb", "layer"), STEADY[::3])
def test_no_swinging_on_a_steady_line(rate: int, remb: bool, layer: int) -> None:
    call = Call(1, rate, remb=remb).run(60)
    assert call.layer == layer and call.freeze(call.began_at + 20, call.now) < 0.5
    assert call.changes(call.began_at + 20) == [] and not lost_voices(call, 500, call.sounds - 50)


@pytest.mark.long
@pytest.mark.parametrize(("rate", "remb", "layer"), STEADY)
def test_long_line_no_swinging_for_five_minutes(rate: int, remb: bool, layer: int) -> None:
    for seed in range(5):
        call = Call(seed, rate, remb=remb).run(330)
        assert call.layer == layer and call.changes(call.began_at + 30) == []


@BOTH
def test_a_loss_of_five_per_cent_does_not_bring_the_estimate_down(remb: bool) -> None:
    call = Call(1, 3_000_000, remb=remb, loss=0.05).run(40)
    assert call.layer == 2 and call.line.estimate > 1_900_000 and 0.005 < call.line.loss < 0.1


@BOTH
def test_jitter_and_a_long_way_are_no_queue(remb: bool) -> None:
    assert Call(1, 3_000_000, remb=remb, jitter=0.03).run(20).layer == 2
    assert Call(1, 1_000_000, remb=remb, delay=0.15).run(20).layer == 1


def test_a_longer_way_is_no_queue_for_ever() -> None:
    call = Call(1, 1_000_000).run(20)
    call.down.delay += 0.2
    call.run(30)
    assert call.layer == 1 and call.line.estimate > 600_000


# -- a line by itself ---------------------------------------------------------------------------------------------------


def talk(line: Line, start: float, seconds: float, rate: int, total: int = 0) -> int:
    for step in range(int(seconds * 10)):
        now = start + step / 10
        total += rate // 80
        line.sent(total, now)
        line.tick(now)
    return total


def test_a_silent_receiver_is_believed_for_a_while_and_then_less_and_less() -> None:
    line = Line(0.0)
    total = talk(line, 0.0, 1.0, 300_000)
    line.on_remb(900_000, 1.0)
    total = talk(line, 1.0, 2.9, 300_000, total)
    assert line.estimate == 900_000 and line.reason == ""
    total = talk(line, 4.0, 4.0, 300_000, total)
    assert line.reason == "silent" and line.estimate < 600_000
    line.on_remb(800_000, 8.0)
    talk(line, 8.0, 0.3, 300_000, total)
    assert line.reason != "silent"


def test_who_is_sent_nothing_is_not_silent() -> None:
    line = Line(0.0)
    talk(line, 0.0, 30.0, 0)
    assert line.estimate == START and line.reason == ""
    assert line.probe(100.0, 2_000_000) > 0, "or it would be given nothing for ever"


def test_a_probe_of_which_nothing_is_heard_proves_nothing() -> None:
    line = Line(0.0)
    total = talk(line, 0.0, 1.5, 300_000)
    line.on_report(0.0, 0.05, 1.5)
    assert line.probe(1.6, 2_000_000) > 0
    before = line.estimate
    for step in range(40):
        line.tick(1.7 + step / 10)
    assert line.estimate <= before and total > 0


def test_a_probe_ends_is_judged_and_comes_later_after_a_failure() -> None:
    line = Line(0.0)
    total = talk(line, 0.0, 1.5, 300_000)
    line.on_remb(400_000, 1.5)
    assert line.probe(1.6, 390_000) == 0, "the estimate proves enough"
    talk(line, 1.6, 2.0, 300_000, total)
    line.on_report(0.0, 0.05, 3.5)
    line.changed(3.4)
    assert line.probe(3.5, 600_000) == 0, "what is shown has just changed"
    line.on_report(0.0, 0.05, 6.0)
    assert line.probe(6.1, 600_000) > 0
    line.on_report(0.3, 0.05, 6.4)
    now = 6.5
    while not line.probe(now, 600_000):
        line.on_report(0.0, 0.05, now)
        now += 0.1
    assert 9.0 < now < 20.0, "loss ended it, and the next one waits"


def test_loss_of_the_line_itself_is_learnt() -> None:
    line, total = Line(0.0), 0
    line.on_remb(2_000_000, 0.0)
    for second in range(1, 40):
        rate = 1_700_000 if line.estimate > 1_750_000 else 500_000
        total = talk(line, second, 1.0, rate, total)
        line.on_remb(2_000_000, second + 0.5)
        line.on_report(0.15, 0.05, second + 1.0)
    assert line.estimate > 500_000, "less was sent and as much was lost: it does not help to send even less"


def test_each_stream_weighs_what_it_carries() -> None:
    losses = Losses()
    assert losses.note((1, 2), (0, 128), (100, 10)) == 0.25, "one packet each the first time"
    assert losses.note((1, 2), (0, 128), (1090, 20)) == pytest.approx(0.005)
    assert losses.note((), (), ()) == 0.0


def test_numbers_of_others_and_of_nobody_are_passed_over() -> None:
    line = Line(0.0)
    line.on_feedback(Feedback([(0, 1.0), (1, None), (2, 1.1)]), lambda number: None, 0.0)
    assert line.estimate == START


words = st.one_of(
    st.tuples(st.just("remb"), st.integers(0, 2**40)),
    st.tuples(st.just("report"), st.floats(0, 1), st.none() | st.floats(0, 59)),
    st.tuples(st.just("feedback"), st.lists(st.tuples(st.integers(0, 65535), st.none() | st.floats(0, 1e6)), max_size=30)),
    st.tuples(st.just("sent"), st.integers(0, 10**9)), st.tuples(st.just("probe"), st.integers(0, 10**8)),
    st.tuples(st.just("trouble")), st.tuples(st.just("tick")),
)


@given(st.lists(st.tuples(st.floats(0, 3), words), max_size=60))
def test_whatever_a_receiver_says_the_estimate_stays_one(story: list[tuple[float, tuple]]) -> None:
    line, now = Line(0.0), 0.0
    for passed, (word, *said) in story:
        now += passed
        match word:
            case "remb":
                line.on_remb(said[0], now)
            case "report":
                line.on_report(said[0], said[1], now)
            case "feedback":
                line.on_feedback(Feedback(said[0]), {n: (now - n / 1e3, 1200) for n in range(500)}.get, now)
            case "sent":
                line.sent(said[0], now)
            case "probe":
                assert 0 <= line.probe(now, said[0]) <= 2 * CEILING
            case "trouble":
                line.on_trouble(now)
            case "tick":
                line.tick(now)
        assert FLOOR <= line.estimate <= 2 * CEILING and line.repairs >= 0 and 0 <= line.loss <= 1
