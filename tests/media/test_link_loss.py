"""A link over a bad network, in virtual time: two rooms in this process, what is lost is asked for and sent again."""

from __future__ import annotations

import random
from typing import Any

from media import rtp
from media.counters import Counters
from media.link import Link
from media.relay import Control, Output, Resend
from media.room import Room
from tests.media.rooms import DELTA, KEY, Bench

STEP = 0.01


class Side(Bench):
    """A room and its end of the link; what leaves on the link waits in ``wire`` as (due, kind, bytes)."""

    def __init__(self, name: str, ssrcs: tuple[int, int], luck: random.Random, loss: float) -> None:
        super().__init__("room")
        self.now, self.luck, self.loss = 0.0, luck, loss
        self.wire: list[tuple[float, str, bytes]] = []
        self.target = object()
        self._number = 100_000 * ssrcs[0]
        self.room = Room("room", Counters(), self._draw, self._out, self.events.append)
        self.link = Link(self.room, "x", name, ssrcs, self.target, self._draw, self._out)

    def _out(self, output: Output) -> None:
        if isinstance(output, Control):
            if output.member.target is self.target:
                self._send("rtcp", output.data)
            else:
                super()._emit(output)
            return
        if isinstance(output, Resend):
            if output.down.owner is self.link.out:
                self._rtp(output, output.packet, output.payload_type, output.delta, output.ts_delta)
                return
        else:
            for down in output.audience.downs:
                if down.owner is self.link.out:
                    for packet in output.packets:
                        self._rtp(Resend(down, packet, 0, 0, 0), packet, down.payload_type, down.delta, down.ts_delta)
        super()._emit(output)

    def _rtp(self, to: Any, packet: Any, payload_type: int, delta: int, ts_delta: int) -> None:
        said = {to.down.extensions.level: bytes([packet.level])} if packet.level is not None else None
        self._send("rtp", rtp.build(
            payload_type, packet.ext + delta, packet.timestamp + ts_delta, to.down.ssrc, packet.payload,
            marker=bool(packet.marker), extensions=said,
        ))

    def _send(self, kind: str, data: bytes) -> None:
        if self.luck.random() >= self.loss:
            self.wire.append((self.now + self.luck.uniform(0.005, 0.03), kind, data))


def run(one: Side, other: Side, seconds: float, each: Any = None) -> None:
    """Lets time pass on both."""
    end = one.now + seconds
    while one.now < end:
        one.now = other.now = one.now + STEP
        if each is not None:
            each(one.now)
        for side, there in ((one, other), (other, one)):
            due = sorted(entry for entry in side.wire if entry[0] <= side.now)
            side.wire = [entry for entry in side.wire if entry[0] > side.now]
            for _at, kind, data in due:
                there.link.on_rtp(data, side.now) if kind == "rtp" else there.link.on_rtcp(data, side.now)
            there.room.relay.flush()
        for side in (one, other):
            side.room.tick(side.now)
            side.link.tick(side.now)


def sides(loss: float, seed: int = 7) -> tuple[Side, Side]:
    luck = random.Random(seed)
    return Side("a", (1, 2), luck, loss), Side("b", (2, 1), luck, loss)


def test_a_tenth_of_all_packets_lost_both_ways_leaves_next_to_nothing_missing() -> None:
    one, other = sides(0.1)
    sender = one.publisher("A")
    other.subscriber("B")
    sent = 0

    def speak(now: float) -> None:
        nonlocal sent
        sent += 1
        # A key frame a second: whoever could not begin with one begins with the next.
        one.send(sender, "v", sent, KEY if sent % 100 == 1 else DELTA, now, ts=sent * 900)
        one.send(sender, "a", sent, b"sound", now, ts=sent * 480)

    run(one, other, 20.0, speak)
    run(one, other, 1.0)
    for mid in ("v0", "a0"):
        numbers = [seq for seq, _ts, _payload in other.got["s-B", mid]]
        span = max(numbers) - min(numbers) + 1
        assert span > 1700 and len(set(numbers)) / span >= 0.999, (mid, span, len(set(numbers)))
    assert other.link.stats()["sources"] == 2
    assert {event["name"] for event in other.events if event["event"] in ("up", "down", "wanted", "frozen")} == {"B"}


def test_who_speaks_over_there_is_heard_here() -> None:
    one, other = sides(0.0)
    quiet, talker = one.publisher("Q", level=3), one.publisher("T", level=3)
    ear = other.subscriber("B")

    def speak(now: float, loud: bool = False) -> None:
        number = round(now / STEP)
        if number % 2:
            one.send(quiet, "a", number, b"q", now, level=100)
            one.send(talker, "a", number, b"t", now, level=20 if loud else 100)

    def heard() -> str:
        return next(down.source.owner.name for down in ear.downs.values() if down.kind == "audio" and down.source)

    run(one, other, 2.0, speak)
    assert heard() == "Q"
    run(one, other, 1.5, lambda now: speak(now, True))
    assert heard() == "T"


def test_who_leaves_is_gone_over_there_although_every_second_datagram_is_lost() -> None:
    one, other = sides(0.5, seed=3)
    senders = [one.publisher(name) for name in ("A", "B", "C")]
    run(one, other, 3.0)
    assert {member.name for member in other.link.remote.values()} == {"A", "B", "C"}
    one.room.leave(senders[1].session, "gone")
    run(one, other, 3.0)
    assert {member.name for member in other.link.remote.values()} == {"A", "C"}
    assert {member.name for member in other.room.publishers} == {"A", "C"}
    other.link.close()
    assert not list(other.room.publishers) and not other.room.members


def test_a_name_that_is_taken_here_waits_for_the_older_device_to_leave() -> None:
    one, other = sides(0.0)
    old = other.publisher("A", session="old")
    one.publisher("A", session="new")
    run(one, other, 0.5)
    assert [member.session for member in other.room.publishers] == ["old"] and not other.link.remote
    other.room.leave(old.session, "replaced")
    run(one, other, 0.2)
    assert [member.session for member in other.room.publishers] == ["link/x/new"]


def test_a_picture_nobody_sees_over_there_stops_crossing() -> None:
    one, other = sides(0.0)
    sender = one.publisher("A")
    other.subscriber("B", slots=1, pinned=["nobody"])
    crossed = []

    def speak(now: float) -> None:
        number = round(now / STEP)
        one.send(sender, "v", number, KEY if number % 100 == 1 else DELTA, now, ts=number * 900)
        crossed.append(sum(kind == "rtp" for _at, kind, _data in one.wire))

    run(one, other, 8.0, speak)
    assert any(crossed[:300]) and not any(crossed[-100:]), "it was looked at until it was known to be awake, then no more"
