"""Transport-wide feedback: what is recorded is read; the draft's own shapes; nothing but BadPacket for any bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp, twcc
from media.errors import BadPacket


def told(recorder: twcc.Recorder, now: float) -> list[twcc.Feedback]:
    """Every message until all is told."""
    found = []
    while (data := recorder.feedback(1, 2, now)) is not None:
        (message,) = rtcp.parse(data, transport=True)
        assert isinstance(message, rtcp.TransportFeedback) and (message.sender, message.media) == (1, 2)
        found.append(twcc.parse(message.fci))
    return found


@given(
    st.integers(0, 65535),
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40_000)), min_size=1, max_size=120),
)
def test_every_arrival_is_told_to_a_quarter_of_a_millisecond(first: int, steps: list[tuple[int, int]]) -> None:
    recorder, arrivals, number, at = twcc.Recorder(), {}, first, 5000.0
    for gap, microseconds in steps:
        arrivals[number & 0xFFFF] = at
        recorder.note(number & 0xFFFF, at)
        number, at = number + gap, at + microseconds / 1e6
    heard: dict[int, float] = {}
    for message in told(recorder, at):
        heard |= {number: time for number, time in message.packets if time is not None}
    assert set(heard) == set(arrivals)
    for number, time in arrivals.items():
        assert 0 <= (time - heard[number]) % twcc.WRAP <= 0.000251


@given(st.permutations(range(65530, 65550)), st.lists(st.integers(0, 9_000_000), min_size=20, max_size=20))
def test_packets_that_overtook_one_another_and_long_pauses_are_told_too(order: list[int], pauses: list[int]) -> None:
    recorder, at, arrivals = twcc.Recorder(), 1.0, {}
    for number, pause in zip(order, pauses, strict=True):
        at += pause / 1e6
        arrivals[number & 0xFFFF] = at
        recorder.note(number & 0xFFFF, at)
    heard = {n: time for message in told(recorder, at) for n, time in message.packets if time is not None}
    assert set(heard) == set(arrivals)
    assert all(0 <= (arrivals[n] - heard[n]) % twcc.WRAP <= 0.000251 for n in arrivals)


def test_an_overtaken_packet_is_told_after_its_message_has_gone() -> None:
    recorder = twcc.Recorder()
    for number in (10, 11, 13):
        recorder.note(number, 1.0)
    assert [n for n, at in told(recorder, 1.0)[0].packets if at is None] == [12]
    recorder.note(12, 1.02)
    recorder.note(14, 1.03)
    (message,) = told(recorder, 1.1)
    assert [n for n, at in message.packets if at is not None] == [12, 13, 14]
    assert told(recorder, 1.2) == [], "nothing new, nothing to say"


def test_a_second_copy_changes_nothing_and_a_jump_begins_anew() -> None:
    recorder = twcc.Recorder()
    recorder.note(1, 1.0)
    recorder.note(1, 2.0)
    (message,) = told(recorder, 2.0)
    assert message.packets == [(1, 1.0)]
    recorder.note(30_000, 3.0)
    (message,) = told(recorder, 3.0)
    assert message.packets == [(30_000, 3.0)]


def test_memory_and_message_are_bounded() -> None:
    recorder = twcc.Recorder()
    for number in range(0, 20_000):
        recorder.note(number & 0xFFFF, number / 2000)
        if number % 200 == 0:
            data = recorder.feedback(1, 2, number / 2000)
            assert data is not None and len(data) < 1200
    assert len(recorder._times) <= twcc.MAX_STATUSES


# Written by hand from sections 3.1.1 to 3.1.5 of the draft; all reference times are 2 (128 ms).
HEAD = bytes.fromhex("0005 0007 000002 00".replace(" ", ""))


@pytest.mark.parametrize(("fci", "expected"), [
    # A run of seven small deltas, 1 ms each.
    (HEAD + bytes.fromhex("2007" + "04" * 7), [0.129, 0.130, 0.131, 0.132, 0.133, 0.134, 0.135]),
    # One-bit vector: received, missing, received, four missing.
    (HEAD + bytes.fromhex("a800" + "0404"), [0.129, None, 0.130, None, None, None, None]),
    # Two-bit vector: small, large, missing, small, three missing.  The large one goes 1 s forward, the last is small.
    (HEAD + bytes.fromhex("d840" + "00" + "0fa0" + "04"), [0.128, 1.128, None, 1.129, None, None, None]),
    # A run of large ones that go back by 1 ms each.
    (HEAD + bytes.fromhex("4007" + "fffc" * 7), [0.127, 0.126, 0.125, 0.124, 0.123, 0.122, 0.121]),
    # A run of five missing, then a vector that begins with two received; the rest of it is not counted.
    (HEAD + bytes.fromhex("0005" + "b000" + "0408"), [None] * 5 + [0.129, 0.131]),
])
def test_the_shapes_of_the_draft(fci: bytes, expected: list[float | None]) -> None:
    feedback = twcc.parse(fci)
    assert feedback.message == 0
    assert [number for number, _ in feedback.packets] == [5, 6, 7, 8, 9, 10, 11]
    assert [at for _, at in feedback.packets] == pytest.approx(expected)


@pytest.mark.parametrize("fci", [
    b"", HEAD[:7], HEAD, HEAD + b"\x20\x07", HEAD + b"\x20\x07" + bytes(6), HEAD + b"\x20\x00" + bytes(9),
    HEAD + b"\x60\x07" + bytes(14), HEAD + b"\x40\x07" + bytes(13), HEAD[:2] + b"\0\0" + HEAD[4:] + bytes(4),
    HEAD[:2] + b"\xff\xff" + HEAD[4:] + b"\x1f\xff" * 9,
])
def test_what_is_short_empty_or_reserved_is_refused(fci: bytes) -> None:
    with pytest.raises(BadPacket):
        twcc.parse(fci)


@given(st.binary(max_size=80))
def test_any_bytes_are_understood_or_refused(data: bytes) -> None:
    for fci in (data, HEAD + data):
        try:
            twcc.parse(fci)
        except BadPacket:
            pass
