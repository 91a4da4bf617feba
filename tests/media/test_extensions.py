"""What the fan-out writes besides the header: extensions, picture ids, repairs.  In a batch and alone the same bytes."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media import wire
from media.cache import Packet
from media.counters import Counters
from media.fanout import Fanout, Target
from media.headers import EXTENDED, Headers, Numbers, Stamp, block, plain, read_picture
from media.history import History
from media.limits import OVERHEAD
from media.port import Path, open_sockets
from media.relay import Batch, Resend
from media.room import Member
from media.rtp import HEADER, RtpView
from media.sdp import Extensions
from media.seqmap import SeqMap
from media.stream import Audience, DownStream

numbers = st.builds(
    Numbers, st.integers(0, 127), st.integers(-(1 << 40), 1 << 40), st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 32) - 1),
    st.integers(-(1 << 16), 1 << 16), st.integers(-(1 << 16), 1 << 16),
)
descriptors = st.one_of(
    st.builds(lambda first, more, number, rest: bytes([first | 0x80, more | 0x80]) + (0x8000 | number).to_bytes(2, "big") + rest,
              st.integers(0, 127), st.integers(0, 127), st.integers(0, 0x7FFF), st.binary(min_size=0, max_size=40)),
    st.binary(max_size=40),
)
captures = st.one_of(st.just(b""), st.binary(min_size=8, max_size=8), st.binary(min_size=16, max_size=16))
levels = st.one_of(st.none(), st.integers(0, 255))
ids = st.one_of(st.just(0), st.integers(1, 15))
agreed = st.builds(Extensions, ids, ids, ids, ids, ids, ids, ids)
contents = st.builds(lambda *fields: fields, st.integers(0, (1 << 32) - 1), st.sampled_from([0, 0x80]), descriptors, levels, captures)


@given(st.lists(numbers, min_size=1, max_size=64), descriptors)
def test_pictures_of_many_receivers_are_counted_as_each_one_s_own_are(receivers: list[Numbers], payload: bytes) -> None:
    headers, picture = Headers(receivers), read_picture(payload)
    if picture is None:
        return
    words = headers.pictures(picture)
    for place, one in enumerate(receivers):
        alone = plain(Packet(1, 1, 0, payload), one, b"")[12:]
        together = b"".join(word[place : place + 1].tobytes() for word in words)[: len(payload)]
        assert (together + payload[len(together):]) == alone
        number = int.from_bytes(alone[2:4], "big")
        assert number == 0x8000 | (picture.number + one.pid_delta) & 0x7FFF
        if payload[1] & 0x40 and len(payload) > 4:  # TL0PICIDX
            assert alone[4] == (payload[4] + one.tl0_delta) & 0xFF
            assert alone[:2] + alone[5:] == payload[:2] + payload[5:]
        else:
            assert alone[:2] + alone[4:] == payload[:2] + payload[4:]


def test_only_the_picture_id_of_15_bits_is_rewritten() -> None:
    to = Numbers(96, 0, 0, 1, 5, 5)
    for payload in (b"\x10\x00", b"\x90\x80\x07\x00", b"\x90\x40\x07\x00\x00", b"\x90\x80\x80", b""):
        assert plain(Packet(1, 1, 0, payload), to, b"")[12:] == payload


@given(agreed, levels, captures, st.integers(0, 0xFFFFFF), st.integers(0, 0xFFFF), numbers)
def test_the_extension_says_what_was_agreed_and_nothing_else(
    extensions: Extensions, level: int | None, capture: bytes, time: int, number: int, to: Numbers
) -> None:
    packet = Packet(3, 4, 0x80, b"payload", level, capture)
    written = block(extensions, packet, Stamp(time, number))
    assert len(written) % 4 == 0
    view = RtpView(plain(packet, to, written))
    assert view.payload == b"payload" and view.marker == 1
    wanted = [
        (extensions.abs_send, time.to_bytes(3, "big")), (extensions.transport_wide, number.to_bytes(2, "big")),
        (extensions.level, None if level is None else bytes([level])), (extensions.capture, capture or None),
    ]
    several = len(set(extensions[3:])) == 4
    for ident, value in wanted:
        if several and 0 < ident < 15:
            assert view.extension(ident) == value
    if not any(0 < ident < 15 and value for ident, value in wanted):
        assert not written


def test_a_repair_is_its_own_stream_with_the_number_in_front() -> None:
    packet = Packet(70001, 9, 0x80, b"\x90\x80\x80\x07rest")
    view = RtpView(plain(packet, Numbers(96, -70000, 1, 5, 3), b"", (77, 97, 12)))
    assert (view.ssrc, view.payload_type, view.seq, view.timestamp, view.marker) == (77, 97, 12, 10, 1)
    assert view.payload == b"\x00\x01\x90\x80\x80\x0arest"


def test_the_history_tells_the_newest_of_each_number_and_forgets_in_order() -> None:
    history = History(8)
    assert history.sent(0) is None and history.sent(65535) is None
    given = [history.note(float(at), 100 + at) for at in range(65540)]
    assert given[:3] == [0, 1, 2] and given[65536] == 0
    assert history.sent(3) == (65539.0, 65639) and history.sent(65532) == (65532.0, 65632)
    assert history.sent(65531) is None and history.sent(4) is None


class _Group:
    """Receivers of one socket, every one with its own keys, numbers and extensions."""

    def __init__(self, stack: ExitStack, wanted: list[tuple[Extensions, Numbers]]) -> None:
        self.out = stack.enter_context(open_sockets(0, ["127.0.0.1"])[0])
        member = Member("s", "n", "subscribe", 1)
        self.sockets, self.keys, self.downs = [], [], []
        for place, (extensions, to) in enumerate(wanted):
            sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(5)
            here, there = wire.srtp_pair(place.to_bytes(28, "big"))
            down = DownStream(member, "0", "video", 7000 + place, {"VP8": 100}, SeqMap(1, 1))
            down.target, down.extensions = Target(here, Path(self.out, sock.getsockname())), extensions
            down.payload_type, down.ts_delta, down.delta = 100, to.ts_delta, place - 70000
            down.pid_delta, down.tl0_delta = to.pid_delta, to.tl0_delta
            down.rtx_ssrc, down.rtx_seq = 9000 + place, 0xFFFF
            self.sockets.append(sock), self.keys.append(there), self.downs.append(down)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(agreed, numbers), min_size=1, max_size=6), st.lists(contents, min_size=1, max_size=8), st.booleans())
def test_a_packet_sent_again_is_the_same_datagram_whatever_it_carries(
    wanted: list[tuple[Extensions, Numbers]], carried: list[tuple[int, int, bytes, int | None, bytes]], segmented: bool
) -> None:
    with ExitStack() as stack:
        group = _Group(stack, wanted)
        fanout = Fanout(Counters(), segmented=segmented)
        batch = [Packet(70000 + place, *content) for place, content in enumerate(carried)]
        fanout.emit(Batch(batch, Audience(tuple(group.downs))))
        for down, sock, keys in zip(group.downs, group.sockets, group.keys, strict=True):
            for packet, first in zip(batch, [sock.recv(2048) for _ in batch], strict=True):
                same = Resend(down, packet, 100, down.delta, down.ts_delta, down.pid_delta, down.tl0_delta)
                fanout.emit(same)
                assert sock.recv(2048) == first
                _check(keys.unprotect_rtp(first), packet, down, fanout)
                number = down.rtx_seq
                fanout.emit(Resend(*_fields(same), rtx=101))
                repair = RtpView(keys.unprotect_rtp(sock.recv(2048)))
                assert (repair.ssrc, repair.payload_type, repair.seq) == (down.rtx_ssrc, 101, number)
                assert repair.payload[:2] == _sequence(first) and len(repair.payload) == len(packet.payload) + 2


def _fields(resend: Resend) -> tuple[object, ...]:
    return (resend.down, resend.packet, resend.payload_type, resend.delta, resend.ts_delta, resend.pid_delta, resend.tl0_delta)


def _sequence(datagram: bytes) -> bytes:
    return datagram[2:4]


def _check(data: bytes, packet: Packet, down: DownStream, fanout: Fanout) -> None:
    view, extensions = RtpView(data), down.extensions
    stamp = fanout._old_stamp(packet) or Stamp()
    extension = block(extensions, packet, stamp)
    to = Numbers(100, down.delta, down.ts_delta, down.ssrc, down.pid_delta, down.tl0_delta)
    assert data == plain(packet, to, extension)
    assert bool(HEADER.unpack_from(data)[0] & EXTENDED >> 8) == bool(extension)
    if 0 < extensions.transport_wide < 15 and len(set(extensions[3:])) == 4:
        number = int.from_bytes(view.extension(extensions.transport_wide) or b"", "big")
        said = fanout.history.sent(number)
        assert said is not None and said[1] == len(packet.payload) + OVERHEAD, "in the octets every line is reckoned in"


def test_without_its_first_stamp_a_packet_never_leaves_again_on_its_own_ssrc() -> None:
    with ExitStack() as stack:
        group = _Group(stack, [(Extensions(abs_send=3), Numbers(100, 0, 0, 0))])
        counters = Counters()
        fanout = Fanout(counters)
        down, packet = group.downs[0], Packet(70000, 1, 0, b"late")
        fanout.emit(Resend(down, packet, 100, down.delta, 0))
        assert counters.send_errors == 1 and counters.packets_out == 0
        fanout.emit(Resend(down, packet, 100, down.delta, 0, again=False))
        first = group.sockets[0].recv(2048)
        fanout.emit(Resend(down, packet, 100, down.delta, 0))
        assert group.sockets[0].recv(2048) == first
