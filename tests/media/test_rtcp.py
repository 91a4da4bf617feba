"""RTCP: what is built is read; nothing but BadPacket for any bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp
from media.errors import BadPacket

u32 = st.integers(0, 2**32 - 1)
blocks = st.builds(rtcp.Block, u32, st.integers(0, 255), st.integers(-(2**23), 2**23 - 1), u32, u32, u32, u32)


@given(u32, st.integers(0, 2**64 - 1), u32, u32, u32, st.lists(blocks, max_size=31))
def test_reports_make_the_round_trip(ssrc: int, ntp: int, ts: int, packets: int, octets: int, found: list[rtcp.Block]) -> None:
    report = rtcp.SenderReport(ssrc, ntp, ts, packets, octets, tuple(found))
    assert rtcp.parse(rtcp.sender_report(report) + rtcp.source_description(ssrc, "slot0")) == [report]
    assert rtcp.parse(rtcp.receiver_report(ssrc, found)) == [rtcp.ReceiverReport(ssrc, tuple(found))]
    assert rtcp.parse(rtcp.receiver_report(ssrc, found), blocks=False) == []


def test_forty_blocks_are_cut_to_what_the_header_can_count() -> None:
    block = rtcp.Block(1, 0, 0, 0, 0, 0, 0)
    (report,) = rtcp.parse(rtcp.receiver_report(1, [block] * 40))
    assert isinstance(report, rtcp.ReceiverReport) and len(report.blocks) == 31


@given(st.sets(st.integers(0, 65535), min_size=1, max_size=60))
def test_a_nack_names_exactly_what_is_missing(seqs: set[int]) -> None:
    (message,) = rtcp.parse(rtcp.nack(1, 2, sorted(seqs)))
    assert isinstance(message, rtcp.Nack) and set(message.seqs) == seqs and message.media == 2


def test_a_nack_over_the_wrap_is_one_pair() -> None:
    assert len(rtcp.nack(1, 2, [65534, 65535, 0, 1])) == 16


def test_key_frame_requests_of_both_kinds() -> None:
    assert rtcp.parse(rtcp.pli(1, 2) + rtcp.fir(1, 3, 300)) == [
        rtcp.KeyframeRequest(1, (2,)), rtcp.KeyframeRequest(1, (3,))
    ]


@given(st.integers(0, 10**10), st.lists(u32, max_size=5))
def test_remb_keeps_the_bitrate_to_eighteen_bits(bitrate: int, ssrcs: list[int]) -> None:
    (message,) = rtcp.parse(rtcp.remb(1, bitrate, ssrcs))
    assert isinstance(message, rtcp.Remb) and message.ssrcs == tuple(ssrcs)
    assert bitrate * (1 - 2**-17) - 1 <= message.bitrate <= bitrate


def test_bye() -> None:
    assert rtcp.parse(rtcp.bye([1, 2])) == [rtcp.Bye((1, 2))]


@given(st.binary(max_size=200))
def test_any_bytes_are_understood_or_refused(data: bytes) -> None:
    try:
        rtcp.parse(data)
    except BadPacket:
        pass


@given(st.sampled_from([200, 201, 203, 205, 206]), st.integers(0, 31), st.binary(max_size=120))
def test_any_body_of_a_known_type_is_understood_or_refused(kind: int, count: int, body: bytes) -> None:
    body += bytes(-len(body) % 4)
    try:
        rtcp.parse(bytes([0x80 | count, kind]) + (len(body) // 4).to_bytes(2, "big") + body)
    except BadPacket:
        pass


def test_a_message_that_claims_more_than_there_is_is_refused() -> None:
    with pytest.raises(BadPacket):
        rtcp.parse(b"\x80\xc8\xff\xff" + bytes(24))
    with pytest.raises(BadPacket):
        rtcp.parse(rtcp.nack(1, 2, range(0, 65536, 17)) * 1 + rtcp.receiver_report(1)[:4])


@given(u32, st.lists(blocks, max_size=31), st.booleans(), st.none() | st.integers(0, 10**9))
def test_a_brief_says_what_the_long_form_says(ssrc: int, found: list[rtcp.Block], named: bool, bitrate: int | None) -> None:
    data = rtcp.receiver_report(ssrc, found)
    if named:
        data += rtcp.source_description(ssrc, "me")
    if bitrate is not None:
        data += rtcp.remb(ssrc, bitrate, [1, 2])
    said = rtcp.brief(data)
    assert said is not None
    assert said.ssrcs == tuple(block.ssrc for block in found)
    assert said.fractions == tuple(block.fraction for block in found)
    assert said.highest == tuple(block.highest for block in found)
    assert said.last_report == max((block.last_report for block in found), default=0)
    if said.last_report:
        assert (said.last_report, said.delay) in [(block.last_report, block.delay) for block in found]
    rembs = [message.bitrate for message in rtcp.parse(data) if isinstance(message, rtcp.Remb)]
    assert said.remb == (rembs[0] if rembs else -1)


@given(st.sampled_from([rtcp.nack(1, 2, [3]), rtcp.pli(1, 2), rtcp.bye([1]), rtcp.transport_feedback(1, 2, bytes(9))]))
def test_what_is_more_than_a_report_is_left_to_the_long_form(more: bytes) -> None:
    report = rtcp.receiver_report(1, [rtcp.Block(1, 0, 0, 0, 0, 0, 0)])
    assert rtcp.brief(report + more) is None and rtcp.brief(more) is None
    assert rtcp.brief(report + rtcp.remb(1, 9, [1]) + more) is None


@given(st.binary(max_size=120))
def test_a_brief_takes_any_bytes(data: bytes) -> None:
    for whole in (data, rtcp.receiver_report(1) + data, rtcp.receiver_report(1) + b"\x8f\xce" + data):
        if rtcp.brief(whole) is not None:
            rtcp.parse(whole)  # it would have been understood


def test_the_round_trip_of_a_report() -> None:
    assert rtcp.round_trip(0, 0, 1e6) is None
    sent, ntp = 70_000.0, int(70_000.0 * 65536) & 0xFFFFFFFF  # the middle bits have wrapped
    assert rtcp.round_trip(ntp, 65536 // 2, sent + 0.55) == pytest.approx(0.05, abs=1e-4)
    assert rtcp.round_trip(ntp, 65536, sent + 0.55) is None, "a delay longer than the whole way"


def test_transport_feedback_is_handed_over_when_asked_for_and_never_taken_for_a_nack() -> None:
    for size in range(8, 13):
        data = rtcp.transport_feedback(1, 2, bytes(range(size)))
        assert len(data) % 4 == 0 and rtcp.parse(data) == []
        assert rtcp.parse(data, transport=True) == [rtcp.TransportFeedback(1, 2, bytes(range(size)))]
