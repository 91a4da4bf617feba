"""Sound and picture stay together over a change of speakers: the reports of each slot go on along one line."""

from __future__ import annotations

import pytest

from media import rtcp
from media.room import Member
from tests.media.rooms import DELTA, KEY, Bench, intake_of


class Speaker:
    """Its own clock, its own way to the server, timestamps that begin anywhere."""

    def __init__(self, bench: Bench, name: str, clock: float, way: float, picture: float = 0.1) -> None:
        """`way` to the server, and `picture` more until a picture is made, in seconds."""
        self.bench, self.clock, self.way, self.seq = bench, clock, way, {"a": 10, "v": 20}
        self.ago = {"a": way, "v": way + picture}
        self.member: Member = bench.publisher(name)
        self.firsts = {"a": 123_456_789 * len(name), "v": 1 << 31}

    def stamp(self, mid: str, moment: float) -> int:
        return self.firsts[mid] + round(moment * self.member.sources[mid].clock) & 0xFFFFFFFF

    def media(self, mid: str, at: float) -> None:
        """What happened a while ago comes in."""
        self.seq[mid] += 1
        payload = KEY if mid == "v" and self.seq[mid] % 15 == 0 else DELTA
        self.bench.send(self.member, mid, self.seq[mid], payload, at, ts=self.stamp(mid, at - self.ago[mid]))

    def report(self, at: float) -> None:
        for mid in self.firsts:
            ntp = int((at - self.way + self.clock) * 2**32)
            said = rtcp.SenderReport(intake_of(self.member, mid).ssrc or 0, ntp, self.stamp(mid, at - self.way), 1, 1)
            self.bench.room.on_rtcp(self.member, rtcp.sender_report(said), at)


def bends(bench: Bench, ssrc: int, clock: int) -> list[float]:
    """By how many seconds each report of a slot leaves the line of the one before."""
    told = [(m.ntp / 2**32, m.rtp_time) for _, m in bench.control if isinstance(m, rtcp.SenderReport) and m.ssrc == ssrc]
    assert len(told) > 10
    steps = [((b - a + 2**31) % 2**32 - 2**31, then - before) for (before, a), (then, b) in zip(told, told[1:], strict=False)]
    return [ticks / clock - seconds for ticks, seconds in steps]


@pytest.mark.parametrize("ways", [(0.02, 0.1), (0.1, 0.02), (0.3, 0.31)])
def test_reports_of_a_slot_draw_one_line_whoever_speaks(ways: tuple[float, float]) -> None:
    bench = Bench()
    first, second = Speaker(bench, "A", 3_900_000_000.0, ways[0]), Speaker(bench, "B", 1_234.5, ways[1], 0.3)
    watcher = bench.subscriber("C")
    for step in range(1, 2000):
        now = step / 50
        if step % 300 == 1:
            bench.room.policy(["AB"[step // 300 % 2]], ["AB"[step // 300 % 2]], None)
        for speaker in (first, second):
            speaker.media("a", now)
            if step % 2:
                speaker.media("v", now)
            if step % 50 == 0:
                speaker.report(now)
        bench.room.tick(now)
    for down in watcher.downs.values():
        clock = 48000 if down.kind == "audio" else 90000
        assert max(map(abs, bends(bench, down.ssrc, clock))) < 0.002, down.mid
        stamps = [stamp for _, stamp, _ in bench.got[("s-C", down.mid)]]
        assert all(0 < (b - a) % 2**32 < 2 * clock for a, b in zip(stamps, stamps[1:], strict=False)), "never back, never far"


def test_a_speaker_whose_clock_was_set_is_followed_by_arrival() -> None:
    bench = Bench()
    first, second = Speaker(bench, "A", 1e9, 0.02), Speaker(bench, "B", 1e9, 0.02)
    watcher = bench.subscriber("C")
    bench.room.policy(["A"], ["A"], None)
    for step in range(1, 300):
        now = step / 50
        if step == 200:
            second.clock -= 500.0
            second.report(now)
            bench.room.policy(["B"], ["B"], None)
        for speaker in (first, second):
            speaker.media("a", now)
            if step % 50 == 0 and step < 200:
                speaker.report(now)
        bench.room.tick(now)
    (sound,) = [down for down in watcher.downs.values() if down.kind == "audio"]
    stamps = [stamp for _, stamp, _ in bench.got[("s-C", sound.mid)]]
    assert all(0 < (b - a) % 2**32 < 48000 for a, b in zip(stamps, stamps[1:], strict=False))
