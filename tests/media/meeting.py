"""A whole room in virtual time: one publisher with three layers, receivers each behind a line of its own.  Holds no tests.

The Room is the real one; `Viewer` is a browser behind a bad line.  Octets are counted as on the line, headers included.
"""

from __future__ import annotations

import random

from media import rtcp, rtp
from media.cache import Packet
from media.counters import Counters
from media.limits import IDLE_TICK, OVERHEAD, TICK
from media.relay import Batch, Control, Output, Padding, Resend
from media.room import Room
from media.sdp import Encoding, Extensions, Slot, Track
from media.stream import DownStream
from tests.support.netem import Netem
from tests.support.watcher import EMPTY, PICTURE, VOICE, Datagram, Watched, Watcher

STEP, FRAME, SOUND, WAY = 0.005, 1 / 30, 0.02, 0.025
RATES = {"l": (180, 150_000), "m": (360, 500_000), "h": (720, 1_700_000)}   # rows, bit/s on the line
_FILL = bytes(1200)


class Viewer(Watched[str]):
    """`layers`: (time, rid or "" for none) of every change of what it is sent."""

    def __init__(self, meeting: Meeting, name: str, seed: int, rate: float | None, remb: bool, loss: float) -> None:
        base, way = 10_000 + 10 * seed, frozenset({"goog-remb" if remb else "transport-cc"})
        self.meeting = meeting
        self.down = Netem(seed, rate=rate, delay=WAY, loss=loss)
        self.up = Netem(seed + 1, delay=WAY, loss=loss)
        slots = [
            Slot("a0", "audio", base, {"OPUS": 111}, "slot0", feedback=way),
            Slot("v0", "video", base + 1, {"VP8": 96}, "slot0", rtx_ssrc=base + 2, rtx={"VP8": 97}, feedback=way),
        ]
        self.member = meeting.room.add_subscriber(name, name, slots, None)
        self.watcher = Watcher(meeting.now, remb, (base, base + 1, base + 2))
        self.layers: list[tuple[float, str]] = []
        self.voices: list[float] = []      # when each left
        self.empty = 0
        self._again = 0
        self._heard_report = (0.0, 0)
        self._first = -1   # number of the first sound

    def carry(self, down: DownStream, packet: Packet, seq: int, ts: int, number: int, again: bool) -> None:
        """One packet of a slot leaves for this viewer."""
        now, octets = self.meeting.now, len(packet.payload) + OVERHEAD
        self._again += again
        number_again = self._again if again else -1
        if down.kind == "audio":
            self._first = seq if self._first < 0 else self._first
            self.voices.append(now)
            found = Datagram(VOICE, number, seq - self._first, octets, now)
        else:
            first, key = bool(packet.payload[0] & 0x10), packet.payload[-1] == 1
            found = Datagram(PICTURE, number, seq, octets, now, ts, first, bool(packet.marker), key, number_again)
        self.down.send(found, octets, now)

    def pad(self, octets: int, number: int) -> None:
        """An empty packet."""
        self.empty += octets
        self._again += 1
        self.down.send(Datagram(EMPTY, number, self._again, octets, self.meeting.now), octets, self.meeting.now)

    def crowd(self, octets: int) -> None:
        """A packet of somebody else's takes its turn in the same line."""
        self.down.send(None, octets, self.meeting.now)

    def step(self, now: float) -> None:
        """What arrives there, and what it says here."""
        for at, packet in self.down.due(now):
            if isinstance(packet, Datagram):
                self.watcher.take(packet, at)
            elif packet is not None:
                self._heard_report = at, packet
        at, report = self._heard_report
        for data in self.watcher.say(now, report, round((now - at) * 65536) if report else 0):
            self.up.send(data, len(data) + 60, now)
        for _, data in self.up.due(now):
            self.meeting.room.on_rtcp(self.member, data, now)
        layer = next((down.layer for down in self.member.downs.values() if down.kind == "video"), None)
        rid = layer.rid if layer is not None else ""
        if not self.layers or self.layers[-1][1] != rid:
            self.layers.append((now, rid))

    def lost(self, since: float, until: float) -> int:
        """Sounds that left in this time and never came."""
        return sum(seq not in self.watcher.heard for seq, at in enumerate(self.voices) if since <= at < until)


class Meeting:
    """`step` lets 5 ms pass; `add` is a new viewer."""

    def __init__(self, seed: int = 1) -> None:
        self.now = 100.0
        self.viewers: list[Viewer] = []
        self.history: dict[int, tuple[float, int]] = {}
        self._draw = random.Random(seed)
        self._by_member: dict[int, Viewer] = {}
        self.room = Room("room", Counters(), lambda: self._draw.getrandbits(32), self._emit, lambda event: None, self.history.get)
        tracks = [
            Track("a", "audio", "OPUS", 111, 48000, (Encoding("", 1),), extensions=Extensions()),
            Track("v", "video", "VP8", 96, 90000, tuple(Encoding(rid, 10 + at) for at, rid in enumerate(RATES))),
        ]
        self.publisher = self.room.add_publisher("p", "P", tracks, remb=True)
        self.room.connected("p", object(), self.now)
        self._seqs = {rid: 0 for rid in ("a", *RATES)}
        self._keys = {rid: self.now for rid in RATES}
        self._number = 0
        self._next = {"sound": self.now, "frame": self.now, "report": self.now, "tick": self.now}

    def add(self, rate: float | None, *, remb: bool = False, loss: float = 0.0) -> Viewer:
        """A viewer behind a line of `rate` bit/s, connected at once."""
        viewer = Viewer(self, f"s{len(self.viewers)}", 100 + 3 * len(self.viewers), rate, remb, loss)
        self.viewers.append(viewer)
        self._by_member[id(viewer.member)] = viewer
        self.room.connected(viewer.member.session, object(), self.now)
        return viewer

    def _emit(self, output: Output) -> None:
        if isinstance(output, Control):
            self._control(output)
            return
        if isinstance(output, Batch):
            for packet in output.packets:
                number = self._new(len(packet.payload) + OVERHEAD)
                for down in output.audience.downs:
                    down.count_one(len(packet.payload))
                    self._by_member[id(down.owner)].carry(
                        down, packet, packet.ext + down.delta, packet.timestamp + down.ts_delta & 0xFFFFFFFF, number, False)
        elif isinstance(output, Resend):
            packet, down = output.packet, output.down
            self._by_member[id(down.owner)].carry(
                down, packet, packet.ext + output.delta, packet.timestamp + output.ts_delta & 0xFFFFFFFF,
                self._new(len(packet.payload) + OVERHEAD), bool(output.rtx))
        elif isinstance(output, Padding):
            size = output.octets + OVERHEAD
            self._by_member[id(output.down.owner)].pad(size, self._new(size))

    def _new(self, octets: int) -> int:
        self._number += 1
        self.history[self._number & 0xFFFF] = self.now, octets
        return self._number

    def _control(self, output: Control) -> None:
        for message in rtcp.parse(output.data):
            if isinstance(message, rtcp.KeyframeRequest):
                for ssrc in message.media:
                    rid = list(RATES)[ssrc - 10]
                    self._keys[rid] = min(self._keys[rid], self.now + 2 * WAY)
            elif isinstance(message, rtcp.SenderReport):
                viewer = self._by_member[id(output.member)]
                viewer.down.send(message.ntp >> 16 & 0xFFFFFFFF, len(output.data) + OVERHEAD, self.now)

    def _packet(self, rid: str, payload: bytes, marker: bool, timestamp: int) -> None:
        source = self.publisher.sources["a" if rid == "a" else "v"]
        intake = source.intakes[0] if rid == "a" else source.of_rid(rid)
        assert intake is not None
        seq = self._seqs[rid] = self._seqs[rid] + 1
        data = rtp.build(source.payload_type, seq & 0xFFFF, timestamp & 0xFFFFFFFF, intake.ssrc or 0, payload, marker=marker)
        self.room.on_rtp(intake, rtp.RtpView(data), self.now)

    def _frame(self) -> None:
        for rid, (rows, rate) in RATES.items():
            key = self.now >= self._keys[rid]
            self._keys[rid] = float("inf") if key else self._keys[rid]
            size = int(rate * FRAME / 8 * self._draw.uniform(0.75, 1.25) * (5 if key else 0.97))
            packets = -(-size // 1180)
            each = max(40, size // packets - OVERHEAD)
            head = b"\x10\x10\x02\x00\x9d\x01\x2a" + (16 * rows // 9).to_bytes(2, "little") + rows.to_bytes(2, "little")
            for at in range(packets):
                start = (head if key else b"\x10\x01") if not at else b"\x00"
                payload = start + _FILL[: each - len(start) - 1] + (b"\1" if key else b"\0")
                self._packet(rid, payload, at == packets - 1, round(self.now * 90000))
        self.room.relay.flush()

    def _reports(self) -> None:
        for source in self.publisher.sources.values():
            for intake in source.intakes:
                said = rtcp.SenderReport(intake.ssrc or 0, int(self.now * (1 << 32)), round(self.now * source.clock) & 0xFFFFFFFF, 1, 1)
                self.room.on_rtcp(self.publisher, rtcp.sender_report(said), self.now)

    def run(self, seconds: float) -> Meeting:
        """Lets time pass."""
        end = self.now + seconds
        while self.now < end:
            self.now += STEP
            for viewer in self.viewers:
                viewer.step(self.now)
            if self._due("sound", SOUND):
                self._packet("a", _FILL[:60], True, round(self.now * 48000))
                self.room.relay.flush()
            if self._due("frame", FRAME):
                self._frame()
            if self._due("report", 1.0):
                self._reports()
            if self.now >= self._next["tick"]:
                self._next["tick"] = self.now + IDLE_TICK
                self.room.tick(self.now)
            if self.room.urgent:
                self._next["tick"] = min(self._next["tick"], self.now + TICK)
        return self

    def _due(self, what: str, every: float) -> bool:
        if self.now < self._next[what]:
            return False
        self._next[what] += every
        return True
