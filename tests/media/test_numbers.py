"""What leaves on the wire is one stream: Room, Fanout, real keys and sockets, over everything that changes numbers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media import rtcp, rtp, wire
from media.counters import Counters
from media.fanout import Fanout, Target
from media.port import Path, open_sockets
from media.room import Member, Room
from media.sdp import Encoding, Slot, Track
from tests.media.rooms import DELTA, KEY


class Receiver:
    """One subscriber at the far end of a socket; ``streams`` are the new packets of each SSRC in order of arrival."""

    def __init__(self, house: House, name: str, codec: str = "VP8") -> None:
        self.sock = house.stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.sock.bind(("127.0.0.1", 0))
        self.sock.setblocking(False)
        here, self.keys = wire.srtp_pair(len(house.receivers).to_bytes(28, "big"))
        base = 5000 + 10 * len(house.receivers)
        slots = [Slot("a", "audio", base, {"OPUS": 111}, "slot0"), Slot("v", "video", base + 1, {codec: 96}, "slot0")]
        self.member = house.room.add_subscriber(f"s-{name}", name, slots, None)
        house.room.connected(self.member.session, Target(here, Path(house.out, self.sock.getsockname())), house.now)
        self.streams: dict[int, list[rtp.RtpView]] = {base: [], base + 1: []}
        self._sent: dict[tuple[int, int], bytes] = {}
        house.receivers.append(self)

    def read(self) -> None:
        """Everything that has arrived; a number that comes again must be the very same datagram."""
        while True:
            try:
                datagram = self.sock.recv(2048)
            except BlockingIOError:
                return
            if 191 < datagram[1] < 224:
                continue
            index = int.from_bytes(datagram[8:12], "big"), int.from_bytes(datagram[2:4], "big")
            earlier = self._sent.setdefault(index, datagram)
            assert earlier == datagram, "one number for two packets: a nonce used twice"
            if earlier is datagram:
                view = rtp.RtpView(self.keys.unprotect_rtp(datagram))
                self.streams[view.ssrc].append(view)

    def payloads(self, kind: int) -> list[bytes]:
        return [view.payload for view in self.streams[min(self.streams) + kind]]

    def is_continuous(self) -> bool:
        for views in self.streams.values():
            numbers = [view.seq for view in views]
            assert sorted(numbers) == list(range(min(numbers, default=0), min(numbers, default=0) + len(numbers)))
            in_order = sorted(views, key=lambda view: view.seq)
            for one, two in zip(in_order, in_order[1:], strict=False):
                assert (two.timestamp - one.timestamp) & 0xFFFFFFFF < 1 << 31, "time never goes back"
        return True


class House:
    """A room whose outputs really leave."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack, self.now, self._number = stack, 100.0, 1000
        self.out = stack.enter_context(open_sockets(0, ["127.0.0.1"])[0])
        self.fanout = Fanout(Counters())
        self.room = Room("room", self.fanout._counters, self._draw, self.fanout.emit, lambda event: None)
        self.receivers: list[Receiver] = []
        self.seqs: dict[tuple[str, str], int] = {}
        self._bases: dict[tuple[str, str], int] = {}

    def _draw(self) -> int:
        self._number += 7919
        return self._number

    def publisher(self, name: str) -> Member:
        base = 100 + 10 * len(self.room.members)
        tracks = [
            Track("a", "audio", "OPUS", 111, 48000, (Encoding("", base),)),
            Track("v", "video", "VP8", 96, 90000, (Encoding("", base + 1),)),
        ]
        member = self.room.add_publisher(f"p-{name}", name, tracks, remb=False)
        self.room.connected(member.session, None, self.now)
        return member

    def send(self, member: Member, mid: str, key: bool = True, skip: int = 0, flush: bool = True) -> bytes:
        """The next packet of a publisher, after ``skip`` that got lost."""
        intake = member.sources[mid].intakes[0]
        seq = self.seqs[member.name, mid] = self.seqs.get((member.name, mid), 7) + 1 + skip
        payload = (KEY if key else DELTA) + f"{member.name}{intake.ssrc}/{seq}".encode()
        self.now += 0.02
        time = seq * 960 + (intake.ssrc or 0) * 12345
        packet = rtp.build(intake.source.payload_type, seq, time, intake.ssrc or 0, payload)
        self.room.on_rtp(intake, rtp.RtpView(packet), self.now)
        if flush:
            self.room.relay.flush()
        return payload

    def overtake(self, member: Member, mid: str, key: bool) -> None:
        """Two packets in the wrong order."""
        self.send(member, mid, key, skip=1)
        self.seqs[member.name, mid] -= 2
        self.send(member, mid, key)
        self.seqs[member.name, mid] += 1

    def restart(self, member: Member, mid: str) -> None:
        """The publisher goes on under another SSRC, from a number it used before."""
        intake = member.sources[mid].intakes[0]
        intake.bind((intake.ssrc or 0) + 1000)
        self.seqs[member.name, mid] = 7

    def read(self) -> None:
        for receiver in self.receivers:
            receiver.read()


@pytest.fixture
def house() -> Iterator[House]:
    with ExitStack() as stack:
        yield House(stack)


def test_silence_and_its_end_leave_no_trace_in_the_numbers(house: House) -> None:
    sender, first, second = house.publisher("A"), Receiver(house, "B"), Receiver(house, "C")
    said = [house.send(sender, "a") for _ in range(3)]
    house.room.policy([], [])
    for _ in range(50):
        house.send(sender, "a")
    house.room.policy(None, [])
    said += [house.send(sender, "a") for _ in range(5)]
    house.read()
    for receiver in (first, second):
        assert receiver.payloads(0) == said and receiver.is_continuous()


def test_a_restart_and_one_who_joins_after_it_leave_no_trace_in_the_numbers(house: House) -> None:
    sender, first = house.publisher("A"), Receiver(house, "B")
    shown = [house.send(sender, "v") for _ in range(3)]
    house.send(sender, "v", key=False, skip=2000)  # a long outage: all wait for a key frame
    shown += [house.send(sender, "v") for _ in range(3)]
    shown.append(house.send(sender, "v", flush=False))  # collected, and then ...
    house.restart(sender, "v")
    house.send(sender, "v", key=False)
    shown += [house.send(sender, "v") for _ in range(3)]
    late = Receiver(house, "C")
    shown += [house.send(sender, "v") for _ in range(3)]
    house.read()
    assert first.payloads(1) == shown and first.is_continuous()
    assert late.payloads(1) == shown[-3:] and late.is_continuous()


def test_a_number_asked_for_after_a_restart_brings_the_old_packet_or_none(house: House) -> None:
    sender, receiver = house.publisher("A"), Receiver(house, "B")
    for _ in range(30):
        house.send(sender, "v")
    house.restart(sender, "v")
    for _ in range(40):
        house.send(sender, "v")
    house.read()
    ssrc = min(receiver.streams) + 1
    asked = [view.seq for view in receiver.streams[ssrc]]
    house.room.on_rtcp(receiver.member, rtcp.nack(1, ssrc, asked[:60]), house.now)
    house.read()
    assert house.fanout._counters.rtx == 30, "those after the restart; the places of the older ones in the ring were taken"


def test_who_comes_back_to_a_source_that_restarted_meanwhile_does_not_jump_in_time(house: House) -> None:
    first, second, receiver = house.publisher("A"), house.publisher("B"), Receiver(house, "C")
    house.room.policy(None, ["A"])
    house.room.tick(house.now)
    house.send(first, "v")
    house.room.policy(None, ["B"])
    house.room.tick(house.now)
    house.restart(first, "v")
    house.send(first, "v")
    house.room.policy(None, ["A"])
    house.room.tick(house.now)
    for _ in range(3):
        house.send(first, "v")
        house.send(second, "v")
    house.read()
    times = [view.timestamp for view in receiver.streams[min(receiver.streams) + 1]]
    steps = [(two - one) & 0xFFFFFFFF for one, two in zip(times, times[1:], strict=False)]
    assert len(times) == 4 and all(0 < step < 90_000 for step in steps), steps


WORDS = ["send", "send", "send", "collect", "overtake", "skip", "restart", "gate", "open", "stage", "join", "leave", "move", "nack", "tick"]
scripts = st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 1), st.sampled_from("av"), st.booleans()), max_size=60)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(scripts)
def test_no_number_carries_two_packets_whatever_happens(script: list[tuple[str, int, str, bool]]) -> None:
    with ExitStack() as stack:
        house = House(stack)
        members = [house.publisher(name) for name in "AB"]
        Receiver(house, "X")
        for word, which, mid, key in script:
            member, receiver = members[which], house.receivers[-1]
            if word in ("send", "collect", "skip"):
                house.send(member, mid, key, skip=300 if word == "skip" else 0, flush=word != "collect")
            elif word == "overtake":
                house.overtake(member, mid, key)
            elif word in ("gate", "open"):
                house.room.policy([member.name] if word == "gate" else None, [])
            elif word == "stage":
                house.room.policy(None, [member.name])
            elif word == "tick":
                house.room.tick(house.now)
            elif word == "join":
                Receiver(house, f"X{len(house.receivers)}")
            elif word == "leave" and len(house.receivers) > 1:
                house.room.leave(receiver.member.session, "closed")
            elif word == "restart":
                house.restart(member, mid)
            elif word == "move" and receiver.member.target is not None:
                receiver.member.target.move(receiver.member.target.path)
            elif word == "nack":
                for down in receiver.member.downs.values():
                    asked = range(down.map.last - 20, down.map.last + 20)
                    house.room.on_rtcp(receiver.member, rtcp.nack(1, down.ssrc, asked), house.now)
        house.room.relay.flush()
        house.read()
        for receiver in house.receivers:
            assert receiver.is_continuous()
