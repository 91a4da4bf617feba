"""RTP header view and builder: round trip, and no exception but BadPacket for any bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import demux
from media.errors import BadPacket
from media.rtp import RtpView, build, extend


@given(
    st.integers(0, 127), st.integers(0, 65535), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=200),
    st.booleans(), st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=4),
)
def test_what_is_built_is_read(
    pt: int, seq: int, ts: int, ssrc: int, payload: bytes, marker: bool, extensions: dict[int, bytes]
) -> None:
    view = RtpView(build(pt, seq, ts, ssrc, payload, marker=marker, extensions=extensions))
    assert (view.payload_type, view.seq, view.timestamp, view.ssrc) == (pt, seq, ts, ssrc)
    assert view.payload == payload and bool(view.marker) == marker
    assert all(view.extension(ident) == value for ident, value in extensions.items())
    assert view.extension(15) is None


@given(st.binary(max_size=120))
def test_any_bytes_are_a_packet_or_a_bad_packet(data: bytes) -> None:
    try:
        view = RtpView(data)
    except BadPacket:
        return
    assert 12 <= view.start <= view.end <= len(data)
    for ident in (1, 2, 14, 200):
        view.extension(ident)


@given(st.binary(max_size=60))
def test_a_two_byte_extension_block_of_any_content_is_read_without_harm(block: bytes) -> None:
    block += bytes(-len(block) % 4)
    data = bytes([0x90, 96]) + bytes(10) + b"\x10\x00" + (len(block) // 4).to_bytes(2, "big") + block + b"x"
    RtpView(data).extension(1)


def test_padding_is_cut_and_nonsense_padding_refused() -> None:
    assert RtpView(bytes([0xA0]) + bytes(11) + b"abc" + b"\0\0\x03").payload == b"abc"
    for last in (0, 200):
        with pytest.raises(BadPacket):
            RtpView(bytes([0xA0]) + bytes(11) + b"abc" + bytes([last]))


@given(st.integers(65536, 10**9), st.integers(-32767, 32767))
def test_extended_numbers_follow_the_nearest_turn(last: int, step: int) -> None:
    assert extend(last, (last + step) & 0xFFFF) == last + step


@given(st.binary(max_size=2000))
def test_demux_never_fails_and_names_nothing_that_is_too_short(data: bytes) -> None:
    kind = demux.kind(data)
    assert kind == demux.NOTHING or 13 <= len(data) <= 1500


def test_demux_tells_the_four_protocols_apart() -> None:
    body = bytes(40)
    assert demux.kind(b"\x00\x01" + body) == demux.STUN
    assert demux.kind(b"\x16\xfe" + body) == demux.DTLS
    assert demux.kind(b"\x80\x60" + body) == demux.RTP
    assert demux.kind(b"\x80\xe0" + body) == demux.RTP, "payload type 96 with the marker bit is no RTCP"
    assert demux.kind(b"\x80\xc8" + body) == demux.RTCP
    assert [demux.kind(data) for data in (b"", b"\x00", b"\x80", b"\xff" * 50, bytes(1501))] == [demux.NOTHING] * 5


def test_demux_passes_the_shortest_packet_of_the_shortest_tag() -> None:
    """The picture parameters of H.264 are four octets; OBS sends them alone, under AES128_CM_SHA1_80 with its tag of ten."""
    assert demux.kind(b"\x80\x60" + bytes(10 + 4 + 10)) == demux.RTP
    assert demux.kind(b"\x80\x60" + bytes(10 + 9)) == demux.NOTHING, "shorter than header and tag"
    assert demux.kind(b"\x80\xc9" + bytes(6 + 4 + 10)) == demux.RTCP, "an empty report"
