"""The packets of a paced source: continuous over the loop, over key frame requests, over pauses."""
import struct

import pytest

from media.peers_source import EXTENSIONS, LATE_LIMIT, LEVEL_EXTENSION, PAYLOAD_MAX, TURN, PacedSource, Track, vp8_payloads
from media.rtp import RtpView
from media.speaker import Voice
from media.peers_clip import Clip


def source(start: float = 100.0, pictures: int = 6) -> PacedSource:
    loop = Clip(tuple(bytes([position > 0]) + bytes([position]) * 2000 for position in range(pictures)),
                tuple(bytes([0x78, number]) for number in range(50)), fps=10)
    return PacedSource(loop, start, Track("audio", "0", 111, 1111), Track("video", "1", 96, 2222))


def run(paced: PacedSource, until: float) -> list[tuple[float, str, bytes]]:
    sent = []
    while (now := paced.next_due) <= until:
        sent += [(now, track.kind, packet) for track, packet in paced.due(now)]
    return sent


def header(packet: bytes) -> tuple[int, int, int, bool]:
    """Sequence, timestamp, SSRC, marker of a packet of ours."""
    _, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", packet)
    return sequence, timestamp, ssrc, bool(second & 0x80)


def payload(packet: bytes) -> bytes:
    return packet[16 + 4 * struct.unpack_from("!H", packet, 14)[0]:]


def test_sequences_and_timestamps_go_on_over_the_end_of_the_loop() -> None:
    sent = run(source(), until=103.0)
    for kind, ssrc, clock in (("audio", 1111, 48_000), ("video", 2222, 90_000)):
        packets = [(when, *header(packet)) for when, which, packet in sent if which == kind]
        first = packets[0]
        assert {packet[3] for packet in packets} == {ssrc}
        assert [packet[1] for packet in packets] == [(first[1] + n) & 0xFFFF for n in range(len(packets))]
        for when, _, timestamp, _, _ in packets:
            assert (timestamp - first[2]) & 0xFFFFFFFF == round((when - 100.0) * clock)


def test_a_picture_ends_with_the_marker_and_its_pieces_make_it_whole_again() -> None:
    paced = source()
    pictures: list[bytes] = [b""]
    ids = []
    for _, kind, packet in run(paced, until=101.0):
        if kind == "video":
            descriptor, piece = payload(packet)[:4], payload(packet)[4:]
            assert descriptor[0] == (0x90 if not pictures[-1] else 0x80)
            assert len(payload(packet)) <= PAYLOAD_MAX
            pictures[-1] += piece
            if header(packet)[3]:
                ids.append(struct.unpack("!H", descriptor[2:])[0])
                pictures.append(b"")
    assert pictures[:-1] == [paced.loop.pictures[n % 6] for n in range(11)]
    assert ids == [0x8000 | (ids[0] + n) & 0x7FFF for n in range(11)]


def test_a_key_frame_request_brings_the_key_frame_next_without_a_jump_in_the_stream() -> None:
    paced = source()
    run(paced, until=100.3)
    paced.key_frame()
    after = [packet for _, kind, packet in run(paced, until=100.5) if kind == "video"]
    assert payload(after[0])[4] & 1 == 0
    assert payload(after[2])[4] & 1 == 1
    whole = [header(packet)[0] for packet in after]
    assert whole == [(whole[0] + n) & 0xFFFF for n in range(4)]
    assert (header(after[0])[1] - paced.video.first_timestamp) & 0xFFFFFFFF == 36_000


def test_a_pause_is_left_out_instead_of_being_sent_in_one_burst() -> None:
    paced = source()
    run(paced, until=100.5)
    burst = paced.due(110.0)
    assert len(burst) < 10
    assert paced.next_due == pytest.approx(110.02)
    assert (header(burst[0][1])[1] - paced.audio.first_timestamp) & 0xFFFFFFFF == 480_000


def test_a_short_delay_is_made_up_for_without_losing_a_packet() -> None:
    paced = source()
    run(paced, until=100.0)
    assert sum(track.kind == "audio" for track, _ in paced.due(100.0 + LATE_LIMIT)) == 12


def test_a_muted_kind_sends_nothing_and_keeps_its_sequence() -> None:
    paced = source()
    before = [packet for _, kind, packet in run(paced, until=100.2) if kind == "audio"]
    paced.muted.add("audio")
    assert {kind for _, kind, _ in run(paced, until=100.6)} == {"video"}
    paced.muted.clear()
    after = [packet for _, kind, packet in run(paced, until=100.7) if kind == "audio"]
    assert header(after[0])[0] == (header(before[-1])[0] + 1) & 0xFFFF
    assert (header(after[0])[1] - header(before[-1])[1]) & 0xFFFFFFFF > 0.4 * 48_000


def test_a_tiny_picture_is_one_payload_and_a_large_one_is_cut_evenly() -> None:
    assert vp8_payloads(b"\x00", 5) == [b"\x90\x80\x80\x05\x00"]
    sizes = {len(piece) for piece in vp8_payloads(bytes(4 * 1176), 0x7FFF)}
    assert sizes == {PAYLOAD_MAX}
    sizes = {len(piece) for piece in vp8_payloads(bytes(4 * 1176 + 1), 0)}
    assert max(sizes) - min(sizes) < 5


def test_a_source_says_of_its_sound_that_it_speaks_in_turns() -> None:
    voice, changes = Voice(), []
    for when, kind, packet in run(source(), until=100.0 + 4 * TURN):
        level = RtpView(packet).extension(LEVEL_EXTENSION)
        if kind == "audio":
            assert level is not None
            if voice.hear(level[0] & 0x7F, when):
                changes.append(when)
        else:
            assert level is None
    assert 6 <= len(changes) <= 9, "begins and ends once a turn"


def test_extensions_that_the_answer_refused_are_not_sent() -> None:
    paced = source()
    paced.audio.with_level = paced.audio.with_mid = False
    packets = [packet for _, kind, packet in run(paced, until=100.1) if kind == "audio"]
    assert all(packet[0] == 0x80 for packet in packets)


def test_simulcast_layers_share_their_times_and_carry_their_names_and_counters() -> None:
    small = Clip((bytes(100), bytes(90)), (b"\x78",), fps=10)
    tracks = [Track("video", "1", 96, ssrc, rid) for ssrc, rid in ((1, "h"), (2, "l"))]
    paced = PacedSource(source().loop, 100.0, Track("audio", "0", 111, 9), tracks[0], [(small, tracks[1])])
    assert paced.videos == tracks
    views = [RtpView(packet) for _, kind, packet in run(paced, until=100.55) if kind == "video"]
    by_ssrc = {ssrc: [view for view in views if view.ssrc == ssrc] for ssrc in (1, 2)}
    assert [len({view.timestamp for view in seen}) for seen in by_ssrc.values()] == [6, 6]
    for ssrc, rid in ((1, b"h"), (2, b"l")):
        assert {view.extension(EXTENSIONS["rid"]) for view in by_ssrc[ssrc]} == {rid}
        assert all(view.payload[1] == 0xE0 and view.payload[5] == 0 for view in by_ssrc[ssrc])
        bases = list(dict.fromkeys(view.payload[4] for view in by_ssrc[ssrc]))
        assert bases == [(bases[0] + step) & 0xFF for step in range(6)]
    paced.stopped = {"h"}
    paced.key_frame(2)
    later = [RtpView(packet) for _, kind, packet in run(paced, until=100.65) if kind == "video"]
    assert {view.ssrc for view in later} == {2} and later[0].payload[6:] == bytes(100)


def test_a_repair_is_the_packet_on_another_stream_with_its_number_in_front() -> None:
    track = Track("video", "1", 96, 1, "m")
    track.repair_ssrc, track.repair_type = 5, 97
    packet = track.packet(b"payload", 1234, marker=True)
    repairs = [RtpView(track.repair(packet)) for _ in range(2)]
    assert [(view.ssrc, view.payload_type, view.timestamp, view.marker) for view in repairs] == [(5, 97, 1234, 1)] * 2
    assert repairs[0].payload == packet[2:4] + b"payload" and repairs[1].seq == (repairs[0].seq + 1) & 0xFFFF
    assert repairs[0].extension(EXTENSIONS["repaired_rid"]) == b"m"
    assert repairs[0].extension(EXTENSIONS["rid"]) is None
