"""Frames come out of packets as they went in, or not at all."""

from __future__ import annotations

import random

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.depacketize import H264, Frame, Vp8, Vp9, assembler, vp9_size
from media.errors import BadPacket
from media.h264 import sps_size
from media.peers_clip import Clip
from media.peers_source import vp8_payloads
from tests.media.pictures import encoded, h264_payloads, stream, units, vp9_payloads

VP8 = Clip.make("A", 0).pictures
PAYLOADS = {
    "VP8": [vp8_payloads(picture, number) for number, picture in enumerate(VP8)],
    "VP9": [vp9_payloads(picture, number, number == 0) for number, picture in enumerate(encoded("libvpx-vp9", 640, 360))],
    "H264": [h264_payloads(picture) for picture in encoded("libx264", 642, 362)],
}
SIZES = {"VP8": (320, 180), "VP9": (640, 360), "H264": (642, 362)}


def run(codec: str, lose: frozenset[int] = frozenset()) -> list[Frame]:
    """All frames; packets with these numbers are lost."""
    found, missing = [], False
    taker = assembler(codec)
    for number, packet in enumerate(stream(PAYLOADS[codec])):
        if number in lose:
            missing = True
            continue
        if missing:
            taker.lost()
            missing = False
        found += taker.push(*packet)
    return found


@pytest.mark.parametrize("codec", ["VP8", "VP9", "H264"])
def test_every_frame_comes_out_once_and_the_first_one_is_a_key_frame(codec: str) -> None:
    frames = run(codec)
    assert [frame.timestamp for frame in frames] == [6000 * number for number in range(len(PAYLOADS[codec]))]
    assert [frame.key for frame in frames] == [True] + [False] * (len(frames) - 1)
    assert frames[0].size == SIZES[codec]
    decoder = av.CodecContext.create({"VP8": "vp8", "VP9": "vp9", "H264": "h264"}[codec], "r")
    if codec == "H264":
        decoder.extradata = frames[0].private
    pictures = [picture for frame in frames for picture in decoder.decode(av.Packet(frame.data))]
    pictures += decoder.decode(None)
    assert len(pictures) == len(frames) and {(p.width, p.height) for p in pictures} == {SIZES[codec]}


@pytest.mark.parametrize("codec", ["VP8", "VP9", "H264"])
def test_a_frame_with_a_missing_packet_never_comes_out(codec: str) -> None:
    complete = {frame.timestamp: frame.data for frame in run(codec)}
    owner = [number for number, packets in enumerate(PAYLOADS[codec]) for _ in packets]
    dice = random.Random(7)
    for _ in range(60):
        lose = frozenset(dice.sample(range(len(owner)), dice.randrange(1, 8)))
        frames = run(codec, lose)
        harmed = {6000 * owner[number] for number in lose}
        assert not harmed & {frame.timestamp for frame in frames}
        assert all(complete[frame.timestamp] == frame.data for frame in frames)
        if codec != "H264":                           # there one more may go: nothing says where the next begins
            assert len(frames) == len(complete) - len(harmed)
    assert run(codec, frozenset([0])) != []


def test_an_h264_picture_after_a_loss_begins_with_its_parameter_sets() -> None:
    taker = H264()
    taker.lost()
    packets = list(stream([PAYLOADS["H264"][0]]))
    frames = [frame for packet in packets for frame in taker.push(*packet)]
    assert len(frames) == 1 and frames[0].key


def test_parameter_sets_that_come_alone_belong_to_the_next_picture() -> None:
    first = [unit for unit in units(encoded("libx264")[0]) if unit[0] & 0x1F in (7, 8)]
    rest = [payload for payload in h264_payloads(encoded("libx264")[0])[1:]]
    taker = H264()
    assert all(taker.push(0, True, unit) == [] for unit in first)
    frames = [frame for index, unit in enumerate(rest) for frame in taker.push(3000, index == len(rest) - 1, unit)]
    assert len(frames) == 1 and frames[0].key and frames[0].timestamp == 3000
    assert all(unit in frames[0].data for unit in first)


def test_the_layers_of_one_vp9_picture_become_a_superframe() -> None:
    picture = encoded("libvpx-vp9", 640, 360)[0]
    low = bytes([0x80 | 0x20 | 0x08 | 0x04]) + b"\x80\x05" + b"\x00\x00" + picture
    high = bytes([0x80 | 0x20 | 0x08 | 0x04 | 0x40]) + b"\x80\x05" + b"\x03\x00" + b"upper"
    taker = Vp9()
    assert taker.push(9, False, low) == []
    frame, = taker.push(9, True, high)
    assert frame.key and frame.size == (640, 360)
    assert frame.data.startswith(picture + b"upper") and frame.data[-1] & 0xE0 == 0xC0
    assert frame.data[-1] == frame.data[len(picture) + 5] and frame.data[-1] & 7 == 1


@pytest.mark.parametrize("codec", ["OPUS", "VP8", "VP9", "H264"])
@given(data=st.data())
def test_whatever_comes_is_taken_or_refused(codec: str, data: st.DataObject) -> None:
    taker = assembler(codec)
    for payload in data.draw(st.lists(st.binary(max_size=40), max_size=12)):
        try:
            taker.push(data.draw(st.sampled_from([0, 3000, 6000])), data.draw(st.booleans()), payload)
        except BadPacket:
            continue


@given(st.binary(max_size=60))
def test_sizes_are_read_or_not(data: bytes) -> None:
    assert sps_size(data) == (0, 0) or all(0 < side <= 16384 for side in sps_size(data))
    assert vp9_size(data) is None or len(vp9_size(data) or ()) == 2


def test_a_frame_without_end_is_given_up() -> None:
    taker = Vp8()
    taker.push(1, False, b"\x10" + bytes(60_000))
    with pytest.raises(BadPacket):
        for _ in range(200):
            taker.push(1, False, b"\x00" + bytes(60_000))
    assert not taker.pieces


def test_a_parameter_set_that_no_file_can_name_is_refused_and_costs_one_frame() -> None:
    frames = H264()
    with pytest.raises(BadPacket):
        frames.push(1, False, b"\x7c\x87" + bytes(1000))
        for _ in range(70):
            frames.push(1, False, b"\x7c\x07" + bytes(1000))
        frames.push(1, False, b"\x7c\x47" + bytes(1000))
        frames.push(1, False, b"\x68\xce")
        frames.push(1, True, b"\x65\x88")
    frames.push(2, False, b"\x67\x42\xe0\x1f")
    frames.push(2, False, b"\x68\xce")
    assert [frame.key for frame in frames.push(2, True, b"\x65\x88")] == [True]
