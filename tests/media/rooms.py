"""A room without sockets for the tests of this folder: what it sends is kept as packets per receiver.  Holds no tests."""

from __future__ import annotations

from typing import Any

from media import rtcp, rtp
from media.counters import Counters
from media.relay import Batch, Control, Output, Resend
from media.room import Member, Room
from media.sdp import Encoding, Extensions, Slot, Track
from media.intake import Intake
from media.stream import DownStream

KEY, DELTA = b"\x10\x00key", b"\x10\x01delta"  # VP8 payloads: first packets of a key frame and of another one


class Bench:
    """One room; ``got[(session, mid)]`` are (sequence, timestamp, payload) as that receiver's SRTP would carry them."""

    def __init__(self, name: str = "room") -> None:
        self.counters = Counters()
        self.events: list[dict[str, Any]] = []
        self.got: dict[tuple[str, str], list[tuple[int, int, bytes]]] = {}
        self.control: list[tuple[str, rtcp.Message]] = []
        self._number = 1000
        self.room = Room(name, self.counters, self._draw, self._emit, self.events.append)

    def _draw(self) -> int:
        self._number += 7919
        return self._number

    def _emit(self, output: Output) -> None:
        if isinstance(output, Control):
            self.control += [(output.member.session, message) for message in rtcp.parse(output.data)]
        elif isinstance(output, Resend):
            packet = output.packet
            self._keep(output.down, packet.ext + output.delta, packet.timestamp + output.ts_delta, packet.payload)
        elif isinstance(output, Batch):
            for down in output.audience.downs:
                for packet in output.packets:
                    self._keep(down, packet.ext + down.delta, packet.timestamp + down.ts_delta, packet.payload)
                    down.count_one(len(packet.payload))

    def _keep(self, down: DownStream, seq: int, timestamp: int, payload: bytes) -> None:
        key = (down.owner.session, down.mid)
        self.got.setdefault(key, []).append((seq & 0xFFFF, timestamp & 0xFFFFFFFF, payload))

    def publisher(self, name: str, now: float = 0.0, codec: str = "VP8", session: str = "", level: int = 0) -> Member:
        """A connected publisher of one sound and one picture; ``level`` is the number of the extension with its loudness."""
        base = 10 * len(self.room.members) + 100
        tracks = [
            Track("a", "audio", "OPUS", 111, 48000, (Encoding("", base),), extensions=Extensions(level=level)),
            Track("v", "video", codec, 96, 90000, (Encoding("", base + 1),)),
        ]
        member = self.room.add_publisher(session or f"p-{name}", name, tracks, remb=True)
        self.room.connected(member.session, object(), now)
        return member

    def subscriber(
        self, name: str, slots: int = 1, now: float = 0.0, pinned: list[str] | None = None, session: str = ""
    ) -> Member:
        """A connected subscriber with ``slots`` sounds a0… and pictures v0…."""
        base = 5000 + 100 * len(self.room.members)
        found = [Slot(f"a{n}", "audio", base + 2 * n, {"OPUS": 111}, f"slot{n}") for n in range(slots)]
        found += [Slot(f"v{n}", "video", base + 2 * n + 1, {"VP8": 96}, f"slot{n}") for n in range(slots)]
        member = self.room.add_subscriber(session or f"s-{name}", name, found, pinned)
        self.room.connected(member.session, object(), now)
        return member

    def send(
        self, member: Member, mid: str, seq: int, payload: bytes = DELTA, now: float = 0.0, ts: int | None = None,
        level: int | None = None, rid: str = "",
    ) -> None:
        """One packet of a publisher, alone in its batch."""
        intake = intake_of(member, mid, rid)
        source = intake.source
        timestamp = seq * 960 if ts is None else ts
        said = {source.level: bytes([0x80 | level])} if level is not None else None
        packet = rtp.build(source.payload_type, seq, timestamp, intake.ssrc or 0, payload, extensions=said)
        self.room.on_rtp(intake, rtp.RtpView(packet), now)
        self.room.relay.flush()

    def payloads(self, session: str, mid: str) -> list[bytes]:
        return [payload for _, _, payload in self.got.get((session, mid), [])]

    def plis(self, session: str) -> int:
        return sum(isinstance(m, rtcp.KeyframeRequest) for who, m in self.control if who == session)

    def shown(self, session: str) -> dict[str, str | None]:
        """mid to name as the last ``slots`` event said."""
        told = [event for event in self.events if event["event"] == "slots" and event["session"] == session]
        return {slot["mid"]: slot["name"] for slot in told[-1]["slots"]}


def intake_of(member: Member, mid: str, rid: str = "") -> Intake:
    """The stream of one track, or of one of its simulcast layers."""
    found = member.sources[mid].of_rid(rid)
    assert found is not None
    return found
