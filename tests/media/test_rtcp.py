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
