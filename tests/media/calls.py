"""One receiver over a bad line in virtual time: Line, allocate and Pacer as the room uses them.  Holds no tests."""

from __future__ import annotations

import random
from collections import deque

from media import rtcp, twcc
from media.allocate import FLOOR, Memory, Wish, allocate, sound_budget, wanted
from media.bwe import Line, Losses
from media.pace import Pacer
from media.rtp import extend
from tests.support.netem import Netem
from tests.support.watcher import EMPTY, PICTURE, VOICE, Datagram, Watched, Watcher

STEP, TICK, FRAME, SOUND = 0.005, 0.1, 1 / 30, 0.02
LAYERS = (150_000, 500_000, 1_700_000)   # bit/s on the line, headers included
VOICE_OCTETS = 120                       # 24 kbit/s of Opus with all headers: 48 kbit/s
KEY_AFTER = 0.12                         # from the wish to the key frame
EMPTY_OCTETS = 300


class Call(Watched[int]):
    """Server, line and watcher.  `layers` are (time, layer shown), `estimates` (time, bit/s)."""

    def __init__(
        self, seed: int, rate: float | None, *, remb: bool = False, delay: float = 0.025, loss: float = 0.0,
        queue: float = 0.3, jitter: float = 0.0, start: float = 100.0,
    ) -> None:
        self.now = self.began_at = start
        self.random = random.Random(seed)
        self.down = Netem(seed, rate=rate, delay=delay, loss=loss, queue=queue, jitter=jitter)
        self.up = Netem(seed + 1, delay=delay, loss=loss, jitter=jitter)
        self.line, self.losses, self.memory = Line(start), Losses(), Memory()
        self.pacer, self.repairs = Pacer(0, start), Pacer(200_000, start)
        self.watcher = Watcher(start, remb)
        self.layer = self.coming = -1
        self.layers: list[tuple[float, int]] = [(start, -1)]
        self.estimates: list[tuple[float, int]] = []
        self.empty = self.octets = self.sounds = 0
        self._number, self._seqs = 1000, {VOICE: 0, PICTURE: 0, EMPTY: 0}
        self._history: dict[int, tuple[float, int]] = {}
        self._ring: dict[int, Datagram] = {}
        self._stretch = 0   # what was sent before the last descent is not sent again
        self._next = {"sound": start, "frame": start, "tick": start, "report": start}
        self._frame, self._key_at, self._extra = 0, float("inf"), 0
        self._answered = 0
        self._reports: deque[tuple[float, int]] = deque(maxlen=3)   # arrival and time of sender reports

    # -- the server -----------------------------------------------------------------------------------------------------

    def _send(self, ssrc: int, octets: int, *marks: int) -> None:
        packet = Datagram(ssrc, 0, self._seqs[ssrc], octets, self.now, *marks)
        self._seqs[ssrc] += 1
        if ssrc == PICTURE:
            self._ring[packet.seq] = packet
            self._ring.pop(packet.seq - 512, None)
        self._emit(packet)

    def _emit(self, packet: Datagram) -> None:
        self._number += self.random.choice((1, 1, 1, 2, 5))  # the worker's other streams take numbers too
        self._history[self._number & 0xFFFF] = (self.now, packet.octets)
        self.octets += packet.octets
        self.down.send(packet._replace(number=self._number, left=self.now), packet.octets, self.now)

    def _picture(self) -> None:
        key = self.now >= self._key_at
        if key:
            self._key_at = float("inf")
            if self.coming != self.layer:
                if self.coming < self.layer:
                    self._stretch = self._seqs[PICTURE]
                self.layer = self.coming
                self.layers.append((self.now, self.layer))
        if self.layer < 0:
            return
        size = LAYERS[self.layer] * FRAME / 8 * self.random.uniform(0.75, 1.25) * (5 if key else 0.97)
        self._frame += 1
        packets = max(1, -(-int(size) // 1180))
        for at in range(packets):
            self._send(PICTURE, max(60, int(size / packets)), self._frame, at == 0, at == packets - 1, key)

    def _tick(self) -> None:
        now, line = self.now, self.line
        line.sent(self.octets, now)
        line.tick(now)
        self.estimates.append((now, line.estimate))
        sound = VOICE_OCTETS * 8 * 50
        wishes = [Wish(FLOOR, LAYERS, 2, self.coming)]
        (layer,) = allocate(sound_budget(line.estimate, [sound]), wishes, now, self.memory)
        if layer != self.coming:
            self.coming = layer
            if layer < 0:
                self.layer, self._key_at = -1, float("inf")
                self._stretch = self._seqs[PICTURE]
                self.layers.append((now, -1))
            else:
                self._key_at = now + KEY_AFTER
        self._extra = line.probe(now, wanted([Wish(FLOOR, LAYERS, 2, layer)], sound))
        self.pacer.rate = self._extra
        self.repairs.rate = line.repairs

    def _extras(self) -> None:
        while self._extra and self.pacer.take(EMPTY_OCTETS, self.now):
            self.empty += EMPTY_OCTETS
            self._send(EMPTY, EMPTY_OCTETS)

    def _hear(self, data: bytes) -> None:
        said = rtcp.brief(data)
        if said is not None:
            if said.ssrcs:
                new, self._answered = said.last_report != self._answered, said.last_report
                trip = rtcp.round_trip(said.last_report, said.delay, self.now) if new else None
                self.line.on_report(self.losses.note(said.ssrcs, said.fractions, said.highest), trip, self.now)
            if said.remb >= 0:
                self.line.on_remb(said.remb, self.now)
            return
        for message in rtcp.parse(data, transport=True):
            if isinstance(message, rtcp.TransportFeedback):
                self.line.on_feedback(twcc.parse(message.fci), self._history.get, self.now)
            elif isinstance(message, rtcp.Nack):
                for seq in message.seqs:
                    packet = self._ring.get(extend(self._seqs[PICTURE], seq))
                    if packet is not None and packet.seq >= self._stretch and self.repairs.take(packet.octets, self.now):
                        self._emit(packet)
            elif isinstance(message, rtcp.KeyframeRequest) and self.layer >= 0:
                self.line.on_trouble(self.now)
                self._key_at = min(self._key_at, self.now + KEY_AFTER)

    # -- time -----------------------------------------------------------------------------------------------------------

    def run(self, seconds: float) -> Call:
        """Lets time pass."""
        end = self.now + seconds
        while self.now < end:
            self.now += STEP
            for at, packet in self.down.due(self.now):
                self.watcher.take(packet, at)
            for data in self.watcher.say(self.now, *self._last_report()):
                self.up.send(data, len(data) + 60, self.now)
            for _, data in self.up.due(self.now):
                self._hear(data)
            if self._due("sound", SOUND):
                self.sounds += 1
                self._send(VOICE, VOICE_OCTETS)
            if self._due("frame", FRAME):
                self._picture()
            if self._due("tick", TICK):
                self._tick()
            if self._due("report", 2.0):
                arrives = self.now + self.down.backlog(self.now) + self.down.delay
                self._reports.append((arrives, int(self.now * 65536) & 0xFFFFFFFF))
            self._extras()
        return self

    def _due(self, what: str, every: float) -> bool:
        if self.now < self._next[what]:
            return False
        self._next[what] += every
        return True

    def _last_report(self) -> tuple[int, int]:
        here = [report for report in self._reports if report[0] <= self.now]
        return (here[-1][1], round((self.now - here[-1][0]) * 65536)) if here else (0, 0)

    # -- what came of it ------------------------------------------------------------------------------------------------

    def queueing(self, since: float, until: float, share: float = 0.95) -> float:
        """Delay beyond the way itself that `share` of the packets stay under."""
        return self.delay(since, until, share) - self.down.delay
