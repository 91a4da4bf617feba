"""What arrives over a line that loses packets both ways: from a publisher to us, and from us to a subscriber.

Virtual time, seeded; a round trip of 50 ms, a packet every 10 ms, and whoever comes later than 300 ms comes too late.  The
real Room asks and answers; the other end is a browser as simple as can be.  `python3 -m tests long loss` prints the table.
"""

from __future__ import annotations

import pytest

from media import rtcp, rtp
from media.limits import IDLE_TICK, NACK_GIVE_UP, TICK
from media.relay import Batch, Control, Output, Resend
from media.sdp import Slot
from tests.media.rooms import DELTA, KEY, Bench, intake_of
from tests.support.netem import WIFI_BAD, WIFI_LOSSY, Burst, Netem

WAY, EVERY, DEADLINE, RENEWED = 0.025, 0.01, 0.3, 0.15   # RENEWED: from giving up until a new key frame is there
LEAST = {0.01: 99.99, 0.05: 99.95, 0.10: 99.9, 0.20: 99.0}


class Hop:
    """`at` is when each packet arrived, by its number; number n left at n * EVERY.  `asked`: (time, number) of every NACK."""

    def __init__(self, seed: int, *, loss: float = 0.0, burst: Burst | None = None, back: bool = True) -> None:
        lossy = {"loss": loss, "burst": burst} if back else {}
        self.forth = Netem(seed, delay=WAY, loss=loss, burst=burst)
        self.back = Netem(seed + 1, delay=WAY, **lossy)
        self.at: dict[int, float] = {}
        self.asked: list[tuple[float, int]] = []
        self.seen: dict[int, float] = {}   # when each gap showed
        self.highest = -1
        self.now = self._tick_at = 0.0
        self.bench = Bench()
        self.bench._emit = self._emit  # type: ignore[method-assign]
        self.room = self.bench.room
        self.room.relay._emit = self.room._emit = self._emit
        self.publisher = self.bench.publisher("A")
        self.intake = intake_of(self.publisher, "v")
        self.setup()

    def setup(self) -> None:
        self.bench.subscriber("B")

    def run(self, packets: int) -> Hop:
        """Sends so many, and lets what is under way arrive."""
        sent, end = 0, (packets + 60) * EVERY
        while self.now < end:
            times = [self.forth.next_at, self.back.next_at, self._tick_at, sent * EVERY if sent < packets else None]
            self.now = min(time for time in times if time is not None)
            for _, packet in self.forth.due(self.now):
                self.arrive(packet)
            for _, packet in self.back.due(self.now):
                self.answer(packet)
            if sent < packets and sent * EVERY <= self.now:
                loss, self.forth.loss = self.forth.loss, self.forth.loss if sent else 0.0  # nobody misses the very first
                self.send(sent)
                self.forth.loss = loss
                sent += 1
            if self.now >= self._tick_at:
                self._tick_at = self.now + IDLE_TICK
                self.room.tick(self.now)
                self.tick()
            if self.room.urgent:
                self._tick_at = min(self._tick_at, self.now + TICK)  # as media/sfu.py does
        return self

    def note(self, number: int) -> None:
        self.at.setdefault(number, self.now)
        for lost in range(self.highest + 1, number):
            self.seen[lost] = self.now
        self.highest = max(self.highest, number)

    def into_room(self, number: int) -> None:
        payload = KEY if number == 0 else DELTA
        view = rtp.RtpView(rtp.build(96, number & 0xFFFF, number * 900 & 0xFFFFFFFF, self.intake.ssrc or 0, payload))
        self.room.on_rtp(self.intake, view, self.now)
        self.room.relay.flush()

    def tick(self) -> None: ...
    def send(self, number: int) -> None: ...
    def arrive(self, packet: int) -> None: ...
    def answer(self, packet: bytes) -> None: ...
    def _emit(self, output: Output) -> None: ...

    # -- what came of it ------------------------------------------------------------------------------------------------

    def delivered(self, packets: int) -> float:
        """Per cent of all that were there in time."""
        return 100 * sum(self.at.get(n, 1e9) - n * EVERY <= DEADLINE for n in range(packets)) / packets

    def freeze(self, packets: int) -> float:
        """The longest time in which nothing new could be shown, packets being needed in their order."""
        shown, longest, whole = 0.0, 0.0, 0.0
        for number in range(packets):
            left = number * EVERY
            at = self.at.get(number, 1e9)
            if at - left > DEADLINE and left >= whole:
                whole = left + DEADLINE + RENEWED  # until then nothing can be decoded
            at = max(shown, whole if left < whole else at)
            longest, shown = max(longest, at - shown if number else 0.0), at
        return longest


class Up(Hop):
    """Publisher to us: our NACK timers."""

    def send(self, number: int) -> None:
        self.forth.send(number, 1000, self.now)

    def arrive(self, packet: int) -> None:
        if packet not in self.at:
            self.note(packet)
        self.into_room(packet)

    def _emit(self, output: Output) -> None:
        if isinstance(output, Control) and output.member is self.publisher:
            for message in rtcp.parse(output.data):
                if isinstance(message, rtcp.Nack):
                    self.asked += [(self.now, rtp.extend(self.highest, seq)) for seq in message.seqs]
                    self.back.send(output.data, 60, self.now)

    def answer(self, packet: bytes) -> None:
        for message in rtcp.parse(packet):
            if isinstance(message, rtcp.Nack):
                for seq in message.seqs:
                    self.forth.send(rtp.extend(self.highest, seq), 1000, self.now)


class Down(Hop):
    """Us to a subscriber, who asks at once and again after a round trip, every 20 ms, ten times; repairs come by RTX."""

    def setup(self) -> None:
        slot = Slot("v0", "video", 5001, {"VP8": 96}, "slot0", rtx_ssrc=5002, rtx={"VP8": 97})
        self.subscriber = self.room.add_subscriber("s-B", "B", [slot], None)
        self.room.connected("s-B", object(), 0.0)
        (self.down,) = self.subscriber.downs.values()
        self.tries: dict[int, tuple[int, float]] = {}
        self._first = -1

    def send(self, number: int) -> None:
        self.into_room(number)

    def _emit(self, output: Output) -> None:
        if isinstance(output, Batch) and self.down in output.audience.downs:
            for packet in output.packets:
                self.down.count_one(len(packet.payload))
                self._first = self._first if self._first >= 0 else packet.ext + self.down.delta
                self.forth.send(packet.ext + self.down.delta - self._first, 1000, self.now)
        elif isinstance(output, Resend):
            assert output.rtx == 97
            self.forth.send(output.packet.ext + output.delta - self._first, 1000, self.now)

    def arrive(self, packet: int) -> None:
        before = self.highest
        self.note(packet)
        self.tries.pop(packet, None)
        self.tries |= {lost: (0, -1.0) for lost in range(before + 1, packet)}
        if packet > before + 1:
            self._ask()

    def tick(self) -> None:
        self._ask()
        if self.tries:
            self._tick_at = min(self._tick_at, self.now + 0.02)

    def _ask(self) -> None:
        asked = []
        for number, (tries, at) in list(self.tries.items()):
            if tries >= 10:
                del self.tries[number]
            elif self.now - at >= 2 * WAY:
                self.tries[number] = tries + 1, self.now
                asked.append(number)
        if asked:
            seqs = [number + self._first & 0xFFFF for number in asked]
            self.back.send(rtcp.receiver_report(1) + rtcp.nack(1, 5001, seqs), 60, self.now)
            self.asked += [(self.now, number) for number in asked]

    def answer(self, packet: bytes) -> None:
        self.room.on_rtcp(self.subscriber, packet, self.now)


HOPS = pytest.mark.parametrize("hop", [Up, Down], ids=["up", "down"])


@HOPS
@pytest.mark.parametrize("loss", LEAST)
def test_lost_packets_come_in_time(hop: type[Hop], loss: float) -> None:
    packets = 4000
    line = hop(11, loss=loss).run(packets)
    spread = 2.5 * (packets * (1 - LEAST[loss] / 100)) ** 0.5 / packets * 100  # so few packets scatter around the mean
    assert line.delivered(packets) >= LEAST[loss] - spread


@HOPS
def test_bursts_are_repaired(hop: type[Hop]) -> None:
    line = hop(12, burst=WIFI_LOSSY).run(4000)
    assert line.delivered(4000) >= 99.5 and line.freeze(4000) <= 0.5


@HOPS
def test_a_thousand_of_a_thousand_at_five_per_cent(hop: type[Hop]) -> None:
    for seed in (42, 43, 44):
        line = hop(seed, loss=0.05, back=False).run(1000)
        assert len(line.at) == 1000 and line.delivered(1000) == 100.0


def test_we_ask_soon_and_give_up_in_time() -> None:
    line = Up(5, loss=0.1).run(3000)
    first: dict[int, float] = {}
    for at, number in line.asked:
        first.setdefault(number, at)
        assert at - line.seen[number] <= NACK_GIVE_UP + 1e-6
    assert len(first) > 200 and max(at - line.seen[number] for number, at in first.items()) <= 2 * TICK + 1e-6
    assert not line.room.urgent


def test_a_late_subscriber_sees_a_picture_within_a_third_of_a_second() -> None:
    line = Up(6)
    line.run(200)
    asked: list[float] = []

    def emit(output: Output) -> None:
        if isinstance(output, Control) and output.member is line.publisher:
            asked.extend(line.now for m in rtcp.parse(output.data) if isinstance(m, rtcp.KeyframeRequest))

    line.room.relay._emit = line.room._emit = emit
    line.bench.subscriber("C", now=line.now)
    frame = 1 / 30
    assert asked == [line.now] and WAY + frame + WAY < 0.3, "asked at once: one way, at most a frame, and the way back"


@pytest.mark.long
def test_long_loss_table() -> None:
    packets, failed = 50_000, []
    print(f"\n{'line':>12} {'delivered up':>13} {'down':>8} {'at least':>9} {'freeze up':>10} {'down':>6}")
    for name, how, least in [*((f"{loss:.0%}", {"loss": loss}, least) for loss, least in LEAST.items()),
                             ("bursts of 2", {"burst": WIFI_LOSSY}, 99.5), ("bursts of 5", {"burst": WIFI_BAD}, 99.5)]:
        lines = [hop(1, **how).run(packets) for hop in (Up, Down)]
        delivered, freezes = [line.delivered(packets) for line in lines], [line.freeze(packets) for line in lines]
        print(f"{name:>12} {delivered[0]:12.3f}% {delivered[1]:7.3f}% {least:8.2f}% "
              f"{freezes[0] * 1000:7.0f} ms {freezes[1] * 1000:3.0f} ms")
        if min(delivered) < least or ("burst" in how and max(freezes) > 0.5):
            failed.append(name)
    assert not failed
