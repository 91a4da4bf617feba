"""Sequence map, ring and key frames: what a receiver sees is one stream without jumps back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.cache import Packet, Ring
from media.keyframe import starts_keyframe
from media.seqmap import SeqMap

stretches = st.lists(
    st.tuples(st.integers(65536, 10**6), st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(0.01, 30)), min_size=1, max_size=8
)


@given(stretches, st.integers(0, 0x3FFF), st.integers(0, 2**32 - 1))
def test_numbers_go_on_by_one_and_time_goes_forward_over_any_changes_of_source(
    found: list[tuple[int, int, int, float]], first_seq: int, first_ts: int
) -> None:
    numbers: SeqMap[int] = SeqMap(first_seq, first_ts)
    expected, now, last_ts = first_seq, 0.0, None
    for source, (ext, timestamp, count, pause) in enumerate(found):
        numbers.begin(source, ext, timestamp, now, 90000, None)
        for n in range(count):
            assert (ext + n + numbers.delta) & 0xFFFF == expected & 0xFFFF
            out_ts = (timestamp + n * 3000 + numbers.ts_delta) & 0xFFFFFFFF
            if last_ts is not None:
                assert 0 < (out_ts - last_ts) & 0xFFFFFFFF < 2**31
            expected, last_ts = expected + 1, out_ts
        now += count * 3000 / 90000
        numbers.end(ext + count - 1, timestamp + (count - 1) * 3000, now)
        now += pause


@given(stretches)
def test_a_nack_finds_the_packet_that_had_this_number(found: list[tuple[int, int, int, float]]) -> None:
    numbers: SeqMap[int] = SeqMap(100, 0)
    sent: list[tuple[int, int, int]] = []
    for source, (ext, timestamp, count, _) in enumerate(found):
        numbers.begin(source, ext, timestamp, 1.0, 90000, None)
        sent += [((ext + n + numbers.delta) & 0xFFFF, source, ext + n) for n in range(count)]
        numbers.end(ext + count - 1, timestamp, 1.0)
    for seq, source, ext in sent:
        stretch, incoming = numbers.find(seq, numbers.last) or (None, 0)
        assert stretch is not None and (stretch.source, incoming) == (source, ext)


def test_a_stretch_of_which_nothing_was_sent_leaves_no_gap() -> None:
    numbers: SeqMap[str] = SeqMap(7, 0)
    numbers.begin("a", 70000, 0, 0.0, 90000, None)
    numbers.end(69999, 0, 0.0)
    numbers.begin("b", 80000, 0, 0.0, 90000, None)
    assert 80000 + numbers.delta == 7


def test_the_same_source_after_a_silence_keeps_its_own_time() -> None:
    numbers: SeqMap[str] = SeqMap(7, 1000)
    numbers.begin("a", 70000, 5000, 0.0, 48000, None)
    before = numbers.ts_delta
    numbers.end(70010, 5960, 0.2)
    numbers.begin("a", 70500, 500000, 10.0, 48000, 500000 + before)
    assert numbers.ts_delta == before and 70500 + numbers.delta == 7 + 11


def test_a_ring_keeps_the_last_ones_only() -> None:
    ring = Ring(8)
    for ext in range(100, 120):
        ring.put(Packet(ext, 0, 0, b"%d" % ext))
    assert ring.get(111) is None and ring.get(120) is None
    assert all(ring.get(ext) == Packet(ext, 0, 0, b"%d" % ext) for ext in range(112, 120))


def test_key_frames_are_found_by_their_first_packet() -> None:
    assert starts_keyframe("VP8", b"\x10\x00\x00")
    assert starts_keyframe("VP8", b"\x90\x80\x05\x00"), "with a picture id of one byte"
    assert starts_keyframe("VP8", b"\x90\xf0\x85\x05\x01\x20\x00"), "with everything the descriptor may have"
    assert not starts_keyframe("VP8", b"\x10\x01\x00"), "an interframe"
    assert not starts_keyframe("VP8", b"\x00\x00\x00"), "the middle of a frame"
    assert not starts_keyframe("VP8", b"\x11\x00\x00"), "the second partition"
    assert starts_keyframe("H264", b"\x67abc") and starts_keyframe("H264", b"\x65abc")
    assert starts_keyframe("H264", b"\x7c\x85a") and not starts_keyframe("H264", b"\x7c\x05a")
    assert starts_keyframe("H264", b"\x78\x00\x02\x09\x10\x00\x02\x67\x42") and not starts_keyframe("H264", b"\x41abc")
    assert starts_keyframe("OPUS", b"")


@given(st.sampled_from(["VP8", "H264"]), st.binary(max_size=40))
def test_any_payload_is_a_key_frame_or_not(codec: str, payload: bytes) -> None:
    assert starts_keyframe(codec, payload) in (True, False)
