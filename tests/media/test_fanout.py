"""The data plane over real sockets: every receiver can decrypt everything, on every path through the kernel."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from media import mmsg, wire
from media.cache import Packet
from media.counters import Counters
from media.fanout import Fanout, Target
from media.limits import FLUSH_JOBS, FLUSH_SENDS
from media.port import Path, open_port, open_sockets
from media.relay import Batch, Control, Resend
from media.room import Member
from media.rtp import RtpView
from media.seqmap import SeqMap
from media.stream import Audience, DownStream

COUNT = 70  # more than one chunk


class Receivers:
    """COUNT receivers, each with keys and a socket of its own."""

    def __init__(self, stack: ExitStack, count: int = COUNT) -> None:
        self.out = stack.enter_context(open_sockets(0, ["127.0.0.1"])[0])
        self.member = Member("s", "n", "subscribe", 1)
        self.sockets, self.keys, downs = [], [], []
        for number in range(count):
            sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(5)
            here, there = wire.srtp_pair(number.to_bytes(28, "big"))
            down = DownStream(self.member, "0", "video", 7000 + number, {"VP8": 100}, SeqMap(1, 1))
            down.target, down.payload_type = Target(here, Path(self.out, sock.getsockname())), 100
            down.delta, down.ts_delta = number - 70000, number
            self.sockets.append(sock), self.keys.append(there), downs.append(down)
        self.downs = tuple(downs)
        self.audience = Audience(self.downs)

    def read(self, number: int) -> RtpView:
        return RtpView(self.keys[number].unprotect_rtp(self.sockets[number].recv(2048)))

    def nothing_waits(self) -> bool:
        for sock in self.sockets:
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                sock.recv(2048)
        return True


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    with ExitStack() as stack:
        yield Receivers(stack)


def packets(sizes: list[int], first: int = 70000) -> list[Packet]:
    return [Packet(first + n, 3000 * n, 0x80 if n == len(sizes) - 1 else 0, bytes([n]) * size) for n, size in enumerate(sizes)]


@pytest.mark.parametrize(("batched", "segmented"), [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("sizes", [[100], [1000, 1000, 1000, 400], [900, 901, 901, 5], [0], [10, 0, 10], [1200] * 8])
def test_every_receiver_gets_every_packet_under_its_own_numbers_and_keys(
    receivers: Receivers, batched: bool, segmented: bool, sizes: list[int]
) -> None:
    counters = Counters()
    fanout = Fanout(counters, batched=batched, segmented=segmented)
    batch = packets(sizes)
    fanout.emit(Batch(batch, receivers.audience))
    for number in range(COUNT):
        for packet in batch:
            view = receivers.read(number)
            assert view.payload == packet.payload and view.marker == packet.marker >> 7
            assert (view.seq, view.timestamp) == ((packet.ext - 70000 + number) & 0xFFFF, packet.timestamp + number)
            assert (view.payload_type, view.ssrc) == (100, 7000 + number)
    assert receivers.nothing_waits()
    assert counters.packets_out == COUNT * len(sizes) and not counters.slow_drop and not counters.send_errors
    assert all(down.packets == len(sizes) and down.octets == sum(sizes) for down in receivers.downs)


def test_counts_stay_right_when_the_set_of_receivers_changes(receivers: Receivers) -> None:
    fanout = Fanout(Counters())
    fanout.emit(Batch(packets([10, 10]), receivers.audience))
    fewer = receivers.downs[5:]
    fanout.emit(Batch(packets([10], 70002), Audience(fewer)))
    assert {down.packets for down in receivers.downs[:5]} == {2} and {down.packets for down in fewer} == {3}


def test_a_peer_that_moved_is_served_at_its_new_address(receivers: Receivers) -> None:
    fanout = Fanout(Counters())
    fanout.emit(Batch(packets([10]), receivers.audience))
    receivers.read(3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as moved:
        moved.bind(("127.0.0.1", 0))
        moved.settimeout(5)
        receivers.downs[3].target.move(Path(receivers.out, moved.getsockname()))
        fanout.emit(Batch(packets([10], 70001), receivers.audience))
        assert RtpView(receivers.keys[3].unprotect_rtp(moved.recv(2048))).seq == 4


@pytest.mark.parametrize("problem", [errno.EIO, errno.EINVAL])
def test_a_route_that_refuses_segmentation_is_served_packet_by_packet(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch, problem: int
) -> None:
    real, refused = mmsg.Plane.send, []

    def send(plane: mmsg.Plane, descriptor: int, first: int, rows: int) -> tuple[int, int]:
        if plane._shape[1] and first == 2 and not refused:
            refused.append(first)
            return first, problem
        return real(plane, descriptor, first, min(rows, 2) if first < 2 and plane._shape[1] and not refused else rows)

    monkeypatch.setattr(mmsg.Plane, "send", send)
    fanout = Fanout(Counters())
    fanout.emit(Batch(packets([500, 500]), receivers.audience))
    assert refused and fanout.segmented == (problem != errno.EIO)
    for number in range(COUNT):
        assert [receivers.read(number).payload[:1] for _ in range(2)] == [b"\x00", b"\x01"]


def test_a_full_socket_costs_counted_packets_and_a_few_milliseconds(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmsg.Plane, "send", lambda plane, descriptor, first, rows: (first, errno.EAGAIN))
    counters = Counters()
    Fanout(counters).emit(Batch(packets([500, 500]), receivers.audience))
    assert counters.slow_drop == 2 * COUNT and counters.packets_out == 0


def test_what_the_kernel_took_before_its_buffer_was_full_is_counted_and_the_rest_is_not(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = mmsg.Plane.send, []

    def send(plane: mmsg.Plane, descriptor: int, first: int, rows: int) -> tuple[int, int]:
        calls.append(first)
        return real(plane, descriptor, first, 3) if len(calls) == 1 else (first, errno.EAGAIN)

    monkeypatch.setattr(mmsg.Plane, "send", send)
    counters = Counters()
    Fanout(counters).emit(Batch(packets([500, 500]), receivers.audience))
    assert counters.packets_out == 2 * 3 and counters.slow_drop == 2 * (COUNT - 3)


def test_one_unreachable_receiver_does_not_stop_the_others(receivers: Receivers) -> None:
    counters = Counters()
    receivers.downs[1].target.move(Path(receivers.out, ("255.255.255.255", 9)))  # EACCES without SO_BROADCAST
    Fanout(counters).emit(Batch(packets([50]), receivers.audience))
    assert receivers.read(0).payload and receivers.read(2).payload and receivers.read(COUNT - 1).payload
    assert counters.send_errors == 1 and counters.packets_out == COUNT - 1


def test_a_packet_sent_again_is_the_same_datagram_and_a_too_old_one_is_left_out(receivers: Receivers) -> None:
    counters = Counters()
    fanout = Fanout(counters)
    down, batch = receivers.downs[0], packets([20])
    fanout.emit(Batch(batch, receivers.audience))
    first = receivers.sockets[0].recv(2048)
    fanout.emit(Resend(down, batch[0], 100, down.delta, down.ts_delta))
    assert receivers.sockets[0].recv(2048) == first
    fanout.emit(Batch(packets([20], 70000 + 5000), receivers.audience))
    fanout.emit(Resend(down, batch[0], 100, down.delta, down.ts_delta))
    assert counters.send_errors == 1, "outside the replay window of our own keys"


def test_control_packets_go_to_connected_members_only(receivers: Receivers) -> None:
    fanout = Fanout(Counters())
    fanout.emit(Control(receivers.member, bytes([0x80, 201, 0, 1, 0, 0, 0, 1])))
    receivers.member.target = receivers.downs[0].target
    fanout.emit(Control(receivers.member, bytes([0x80, 201, 0, 1, 0, 0, 0, 1])))
    assert receivers.keys[0].unprotect_rtcp(receivers.sockets[0].recv(2048))[1] == 201


def test_the_port_is_one_number_on_every_address_and_replies_leave_from_it() -> None:
    with ExitStack() as stack:
        opened = [stack.enter_context(sock) for sock in open_sockets(0, ["127.0.0.1", "127.0.0.2", "203.0.113.9"])]
        assert len({sock.getsockname()[1] for sock in opened}) == 1
        assert [sock.getsockname()[0] for sock in opened] == ["127.0.0.1", "127.0.0.2", "0.0.0.0"]
        with pytest.raises(OSError):
            open_sockets(opened[0].getsockname()[1], ["127.0.0.1"])


def test_receivers_of_both_families_and_one_served_one_by_one_all_get_their_packets(receivers: Receivers) -> None:
    with ExitStack() as stack:
        six = stack.enter_context(open_sockets(0, ["::1"])[0])
        far = stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        far.bind(("::1", 0))
        far.settimeout(5)
        sent: list[tuple[bytes, object]] = []

        class Single:
            batch = False

            def fileno(self) -> int:
                return six.fileno()

            def sendto(self, datagram: bytes, address: object) -> int:
                if len(sent) == 2:
                    raise BlockingIOError
                sent.append((datagram, address))
                return len(datagram)

        receivers.downs[3].target.move(Path(six, far.getsockname()[:2]))
        receivers.downs[4].target.move(Path(Single(), ("192.0.2.4", 4)))
        counters = Counters()
        fanout = Fanout(counters)
        for first in (70000, 70002):
            fanout.emit(Batch(packets([50, 50], first), receivers.audience))
        assert [RtpView(receivers.keys[3].unprotect_rtp(far.recv(2048))).seq for _ in range(4)] == [3, 4, 5, 6]
        assert [RtpView(receivers.keys[4].unprotect_rtp(one)).seq for one, _ in sent] == [4, 5]
        assert {address for _, address in sent} == {("192.0.2.4", 4)}
        assert receivers.read(0).payload and receivers.read(COUNT - 1).payload
        assert (counters.packets_out, counters.slow_drop, counters.send_errors) == (4 * COUNT - 2, 2, 0)


def test_both_families_share_the_number_and_each_gets_one_socket_for_what_is_not_ours() -> None:
    with ExitStack() as stack:
        opened = [stack.enter_context(sock) for sock in open_sockets(0, ["127.0.0.1", "::1", "2001:db8::9", "203.0.113.9", "2001:db8::8"])]
        assert len({sock.getsockname()[1] for sock in opened}) == 1
        assert [sock.getsockname()[0] for sock in opened] == ["127.0.0.1", "::1", "::", "0.0.0.0"]


def test_udp_and_tcp_share_the_number_unless_told_otherwise() -> None:
    with ExitStack() as stack:
        def opened(*arguments: object) -> tuple[set[int], list[int]]:
            port = open_port(0, ["127.0.0.1", "::1"], *arguments)
            for sock in (*port.sockets, *port.listeners):
                stack.enter_context(sock)
            return {sock.getsockname()[1] for sock in port.sockets}, [sock.getsockname()[1] for sock in port.listeners]

        (udp,), tcp = opened()
        assert tcp == [udp, udp]
        _, elsewhere = opened(udp + 1 if udp < 65535 else udp - 1)
        assert len(set(elsewhere)) == 1 and elsewhere[0] != udp
        assert opened(0)[1] == []


def test_a_taken_tcp_port_costs_tcp_alone_unless_it_was_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with ExitStack() as stack:
        taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        number = taken.getsockname()[1]
        port = open_port(number, ["127.0.0.1"])
        assert [stack.enter_context(sock).getsockname()[1] for sock in port.sockets] == [number] and port.listeners == []
        assert "TCP port" in caplog.text
        with pytest.raises(OSError):
            open_port(0, ["127.0.0.1"], number)


def test_what_one_turn_of_the_loop_brought_leaves_together_sound_first_and_in_order(receivers: Receivers) -> None:
    calls: list[Callable[[], None]] = []
    fanout = Fanout(Counters(), later=calls.append)
    pictures = [Batch(packets([900] * 8, 70000 + 8 * at), receivers.audience) for at in range(6)]
    for batch in pictures[:3]:
        fanout.emit(batch)
    sounds = []
    for down in receivers.downs[:5]:
        sound = DownStream(down.owner, "1", "audio", 100 + down.ssrc, {"OPUS": 111}, SeqMap(1, 1))
        sound.target, sound.payload_type = down.target, 111
        sounds.append(sound)
    fanout.emit(Batch(packets([20]), Audience(tuple(sounds))))
    assert len(calls) == 1 and receivers.nothing_waits()
    for sock in receivers.sockets:
        sock.settimeout(5)
    calls.pop()()
    for batch in pictures[3:]:
        fanout.emit(batch)
    while calls:
        calls.pop()()
    for number in range(COUNT):
        seen = [receivers.read(number) for _ in range(48 + (number < 5))]
        if number < 5:
            assert seen.pop(0).payload_type == 111
        assert [view.seq for view in seen] == [(number + at) & 0xFFFF for at in range(48)]
    assert receivers.nothing_waits()


def test_a_long_burst_of_pictures_lets_sound_pass_but_never_waits_without_bound(receivers: Receivers) -> None:
    calls: list[Callable[[], None]] = []
    counters = Counters()
    fanout = Fanout(counters, later=calls.append)
    per_batch = 8 * COUNT
    for at in range(FLUSH_SENDS // per_batch + 2):
        fanout.emit(Batch(packets([10] * 8, 70000 + 8 * at), receivers.audience))
    calls.pop()()
    assert counters.packets_out == per_batch * -(-FLUSH_SENDS // per_batch) and len(calls) == 1
    calls.pop()()
    assert counters.packets_out == per_batch * (FLUSH_SENDS // per_batch + 2) and not calls
    for at in range(FLUSH_JOBS + 8):
        fanout.emit(Batch(packets([10], 71000 + at), receivers.audience))
    calls.pop()()
    assert len(fanout._pictures) < FLUSH_JOBS
