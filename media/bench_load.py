"""Cheap receivers for the benchmarks: hundreds of thousands of packets a second in one process on one core.

A `Gauge` joins like any subscriber. From then on it reads many datagrams at a time, checks every packet's sequence number by
its header, authenticates and decrypts one in SAMPLE, and takes the delay from those: never trusts the relay's own counters.
A packet has come when the kernel says so: that this process looks at a thousand sockets in turn is no delay of the server's.
It asks for nothing to be sent again. Called by media/bench*.py.
"""
from __future__ import annotations

import time
from array import array
from struct import Struct

from media.errors import BadPacket
from media.mmread import ROW, Inbox, time_arrivals
from media.peers_count import Reception
from media.peers_peer import Shared
from media.peers_source import EXTENSIONS
from media.peers_subscriber import REMB_INTERVAL, TRANSPORT_INTERVAL, Subscriber
from media.rtp import RtpView

SAMPLE = 16
FEEDBACK: dict[str, tuple[str, ...]] = {"none": (), "rr": (), "remb": ("goog-remb",), "twcc": ("transport-cc",)}
STAMP = Struct("!qI")                       # nanoseconds of time.time_ns, number of the packet: the last octets of each
_HEADERS = Struct(f"!BBHI4s{ROW - 12}x")    # of one row of an inbox


class Ruler:
    """What all receivers of a run found out together. `stamp` goes into the publishers."""

    def __init__(self) -> None:
        self.sent = 0
        self.since = 1 << 62                # only packets stamped from then on (time.time_ns) are timed ...
        self.until = 1 << 62                # ... and only up to then
        self.delays = array("q")            # nanoseconds from `send` to the receiver's socket
        self.forged = 0                     # packets of the sample that did not authenticate

    def stamp(self, packet: bytes) -> bytes:
        """The packet with time and number in place of its last bytes."""
        self.sent += 1
        return packet[:-STAMP.size] + STAMP.pack(time.time_ns(), self.sent)

    def take(self, packet: bytes, came_at: int) -> None:
        """A packet, decrypted, that came then."""
        sent_at, _ = STAMP.unpack_from(packet, len(packet) - STAMP.size)
        if self.since <= sent_at < self.until:
            self.delays.append(came_at - sent_at)

    def delay_ms(self, share: float) -> float:
        """The delay that this share of the sample did not exceed."""
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6 if ordered else 0.0


class Gauge(Subscriber):
    """One receiver. `feedback`: "none", "rr", "remb" or "twcc"; reports go once a second, REMB four times, transport-wide twenty."""

    def __init__(self, crowd: Shared, name: str, ruler: Ruler, inbox: Inbox, *, slots: tuple[int, int] = (1, 1),
                 feedback: str = "rr") -> None:
        super().__init__(crowd, name, *slots, feedback=FEEDBACK[feedback])
        self.remb_bitrate = 20_000_000
        self._ruler, self._inbox = ruler, inbox
        self._seen: dict[bytes, Reception] = {}
        self._turn = hash(name) % SAMPLE    # not everybody samples the same packets
        self._reports = feedback != "none"
        self._descriptor = -1

    @property
    def received(self) -> int:
        """Packets with a number of their own."""
        return sum(seen.received for seen in self._seen.values())

    @property
    def begun_at(self) -> float | None:
        """When every slot had got something, on the clock of the wheel; None before."""
        times = [seen.first_at for seen in self._seen.values()]
        return max((at for at in times if at is not None), default=None) if None not in times else None

    @property
    def holes(self) -> int:
        """Numbers between the first and the newest that never came."""
        return sum(seen.lost + seen.missing for seen in self._seen.values())

    def _start(self) -> None:
        super()._start()
        self._seen = {ssrc: seen for ssrc, (_, seen) in self._streams.items()}
        sock = self._link.divert(self.read)
        time_arrivals(sock)
        self._descriptor = sock.fileno()

    def wait(self, told: bool) -> None:
        """Whether the kernel tells us that something came. Otherwise `read` must be called again and again, and the
        sender does not pay for waking us."""
        if not self.ended.is_set():
            self._link.divert(self.read if told else None)

    def _send_report(self, now: float) -> None:
        if self._reports:
            super()._send_report(now)

    def read(self) -> None:
        """What the socket holds, at most one inbox."""
        inbox = self._inbox
        count = inbox.read(self._descriptor)
        if count <= 0:
            return
        seen, turn, now = self._seen, self._turn, 0.0
        for row, (first, second, number, _, ssrc) in enumerate(_HEADERS.iter_unpack(inbox.memory[: count * ROW])):
            stream = seen.get(ssrc)
            if stream is None or first < 128 or 192 <= second <= 223:
                self._link.take(inbox.datagram(row), self._wheel.now)
                continue
            if (number - stream.highest) & 0xFFFF == 1 and stream.received:
                stream.highest += 1
                stream.received += 1
            else:
                now = now or self._wheel.now
                stream.note(number, now)
            turn += 1
            if not turn % SAMPLE:
                self._authenticate(inbox.datagram(row), inbox.arrived(row))
            if self._recorder is not None:
                self._record(inbox.datagram(row))
        self._turn = turn

    def _authenticate(self, datagram: bytes, came_at: int | None) -> None:
        try:
            self._ruler.take(self._link.unprotect(datagram), came_at or time.time_ns())
        except BadPacket:
            self._ruler.forged += 1

    def _record(self, datagram: bytes) -> None:
        number = RtpView(datagram).extension(EXTENSIONS["transport"])      # extensions are not encrypted
        if number is not None and self._recorder is not None:
            self._recorder.note(int.from_bytes(number, "big"), self._wheel.now)


def messages_per_second(feedback: str) -> float:
    """RTCP datagrams one receiver sends."""
    return {"none": 0.0, "rr": 1.0, "remb": 1 + 1 / REMB_INTERVAL, "twcc": 1 + 1 / TRANSPORT_INTERVAL}[feedback]
