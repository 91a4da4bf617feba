"""What one receiver knows about one RTP stream: counted, missing, repaired, lost.

Pure; the hot path `note` is a few comparisons. Called for every decrypted packet by
media/peers_subscriber.py and media/bench_load.py.
"""
from __future__ import annotations

from media.rtcp import Block

ASK_AFTER = 0.02     # seconds a gap may be mere reordering
ASK_EVERY = 0.1      # seconds between two requests for the same packet
GIVE_UP = 1.0        # seconds after which a missing packet is lost
WATCHED = 512        # packets of one stream that may be missing at once; the rest of a larger gap is lost at once


class Reception:
    """One stream. Every sequence number between the first and the highest one is received, missing or lost."""

    __slots__ = ("received", "lost", "repaired", "duplicates", "first_at", "highest", "first", "_missing",
                 "_told_expected", "_told_received", "_last_report")

    def __init__(self) -> None:
        self.received = self.lost = self.repaired = self.duplicates = 0
        self.first_at: float | None = None
        self.first = self.highest = 0                       # extended sequence numbers
        self._missing: dict[int, tuple[float, float]] = {}  # number -> (missed since, to be asked for at)
        self._told_expected = self._told_received = 0
        self._last_report: tuple[int, float] | None = None  # middle 32 bits of the NTP time, when it came

    def note(self, sequence: int, now: float) -> bool:
        """One authentic packet with this 16-bit sequence number has come. True when it shows that others did not."""
        step = (sequence - self.highest) & 0xFFFF
        if step == 1 and self.received:
            self.highest += 1
            self.received += 1
        elif not self.received:
            self.first = self.highest = sequence
            self.first_at = now
            self.received = 1
        elif 0 < step < 0x8000:
            self._gap(self.highest + 1, self.highest + step, now)
            self.highest += step
            self.received += 1
            return True
        elif self._missing.pop(self.highest - (-step & 0xFFFF), None) is not None:
            self.repaired += 1
            self.received += 1
        else:
            self.duplicates += 1
        return False

    def _gap(self, start: int, end: int, now: float) -> None:
        room = max(0, WATCHED - len(self._missing))
        watched = max(start, end - room)
        self.lost += watched - start
        for number in range(watched, end):
            self._missing[number] = (now, now + ASK_AFTER)

    @property
    def missing(self) -> int:
        """Packets that may still come."""
        return len(self._missing)

    def wanted(self, now: float) -> tuple[list[int], bool]:
        """(16-bit numbers to ask for now, whether a packet was given up just now). Call a few times per 100 ms."""
        asked: list[int] = []
        gone = []
        for number, (since, ask_at) in self._missing.items():
            if now - since > GIVE_UP:
                gone.append(number)
            elif now >= ask_at:
                asked.append(number & 0xFFFF)
                self._missing[number] = (since, now + ASK_EVERY)
        for number in gone:
            del self._missing[number]
        self.lost += len(gone)
        return asked, bool(gone)

    def on_sender_report(self, ntp: int, now: float) -> None:
        """The sender's report carried this 64-bit NTP time."""
        self._last_report = (ntp >> 16 & 0xFFFFFFFF, now)

    def block(self, ssrc: int, now: float) -> Block:
        """The reception report (RFC 3550 §6.4.1). Jitter is not measured and told as 0."""
        expected = self.highest - self.first + 1
        interval, came = expected - self._told_expected, self.received - self._told_received
        self._told_expected, self._told_received = expected, self.received
        fraction = max(0, (interval - came) * 256 // interval) if interval > 0 else 0
        middle, at = self._last_report or (0, now)
        return Block(ssrc, min(fraction, 255), expected - self.received, self.highest, 0, middle,
                     round((now - at) * 65536) if middle else 0)
