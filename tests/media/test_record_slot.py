"""One slot of a recorder: whose packets, in which order, at which time, and every gap stated.  Time is an argument."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.depacketize import Frame
from media.peers_clip import Clip
from media.peers_source import vp8_payloads
from media.record_book import MOST_TRACKS, Book
from media.record_clock import Relation, Timeline
from media.record_order import HOLD, MOST, PATIENCE, Held, Hole, Order
from media.record_slot import Slot
from media.record_track import Track
from media.record_words import KILLED, LOST, NO_KEY_FRAME, NO_RELAY, SLOW_DISK, TOO_MANY
from media.rtcp import SenderReport

NTP = 1 << 32
PICTURES = Clip.make("A", 0).pictures


@dataclass
class Bench:
    """A slot and a clock; the book's time is the clock's less 100."""

    kind: str = "audio"
    book: Book = field(default_factory=lambda: Book("m", "r", 100.0, 1_772_672_400.0))
    relation: Relation = field(default_factory=Relation)
    now: float = 100.0
    seq: int = 65_530

    def __post_init__(self) -> None:
        self.slot = Slot(self.book, self.kind, {111: "OPUS", 96: "VP8"}, self.relation)

    def sound(self, count: int, lose: tuple[int, ...] = (), start: int = 0) -> None:
        for number in range(count):
            if number not in lose:
                self.slot.push(self.seq & 0xFFFF, (start + number) * 960, False, 111, b"\xfc" + bytes([number % 256]), self.now)
            self.seq += 1
            self.now += 0.02
            self.slot.run(self.now)

    def pictures(self, count: int, lose: tuple[int, ...] = (), first: int = 0, at: int = 0) -> None:
        for number in range(count):
            payloads = vp8_payloads(PICTURES[(first + number) % 60], number)
            for index, payload in enumerate(payloads):
                if number not in lose:
                    self.slot.push(self.seq & 0xFFFF, (at + number) * 6000, index == len(payloads) - 1, 96, payload, self.now)
                self.seq += 1
            self.now += 1 / 15
            self.slot.run(self.now)

    def pass_by(self, seconds: float = 3.0) -> None:
        self.now += seconds
        self.slot.run(self.now)

    def written(self) -> list[Track]:
        """As if everything had reached the disk."""
        for track in self.book.tracks:
            track.kept(track.size + len(track.take()))
        return self.book.tracks


# -- order --------------------------------------------------------------------------------------------------------------


def test_packets_wait_for_news_and_for_each_other() -> None:
    order = Order()
    for seq, at in ((65_534, 0.0), (0, 0.01), (65_535, 0.02), (2, 0.03)):
        order.push(seq, at, 0, False, 111, b"x")
    assert list(order.due(HOLD - 0.01)) == []
    given_out = [item.number for item in order.due(HOLD + 0.05)]
    assert given_out == [65_534, 65_535, 65_536], "the fourth is missing, the fifth waits for it"
    assert list(order.due(0.03 + PATIENCE - 0.01)) == []
    hole, packet = order.due(0.03 + PATIENCE + 0.01)
    assert hole == Hole(65_538, 1) and isinstance(packet, Held) and packet.number == 65_538
    order.push(1, 1.0, 0, False, 111, b"too late")
    order.push(2, 1.0, 0, False, 111, b"twice")
    assert order.late == 2 and len(order) == 0


def test_a_flood_goes_on_early_and_memory_stays() -> None:
    order = Order()
    out = 0
    for number in range(20 * MOST):
        order.push(number & 0xFFFF, 0.0, 0, False, 111, b"x")
        out += sum(1 for _ in order.due(0.0))
        assert len(order) <= MOST + 1
    assert out >= 19 * MOST


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0, 2)), max_size=80))
def test_numbers_come_out_growing_and_none_twice(arrivals: list[tuple[int, float]]) -> None:
    order, now, last, holes, count = Order(), 0.0, -1, 0, 0
    for seq, wait in arrivals:
        now += wait
        order.push(seq, now, 0, False, 111, b"x")
        for item in order.due(now):
            assert item.number > last or isinstance(item, Hole)
            if isinstance(item, Hole):
                holes += item.lost
            else:
                last, count = item.number, count + 1
    assert count + order.late + len(order) == len(arrivals)


# -- clock --------------------------------------------------------------------------------------------------------------


def test_sound_and_picture_are_in_step_although_one_came_later() -> None:
    """Both were taken at 10.0 of the relay's clock; the picture's packets took 300 ms longer."""
    relation = Relation()
    sound, picture = Timeline(48_000, 4_294_967_000, 110.05), Timeline(90_000, 5, 110.35)
    for line, rtp in ((sound, 4_294_967_000), (picture, 5)):
        report = SenderReport(1, 10 * NTP, rtp, 1, 1)
        relation.note(report, 110.02)
        line.correct(report, relation)
    assert abs(sound.time(4_294_967_000) - picture.time(5)) < 0.001
    assert abs(sound.time(4_294_967_000 + 48_000 - NTP) - picture.time(90_005)) < 0.001, "over the wrap of the timestamps too"


def test_a_late_correction_bends_the_line_and_never_turns_it_back() -> None:
    relation, line = Relation(), Timeline(48_000, 0, 100.2)
    times = [line.time(960 * number) for number in range(10)]
    report = SenderReport(1, 100 * NTP, 9600, 1, 1)              # it was 100.0 + 0.2 s when the report says 100.0
    relation.note(report, 100.0)
    line.correct(report, relation)
    times += [line.time(960 * number) for number in range(10, 2000)]
    steps = [after - before for before, after in zip(times, times[1:], strict=False)]
    assert min(steps) > 0.0195 and max(steps) < 0.0205
    assert times[-1] == pytest.approx(100.0 + 0.02 * 1999 - 0.2, abs=0.001)


def test_a_microphone_whose_clock_runs_wrong_stays_in_step() -> None:
    """100 ppm over an hour would be 0.36 s."""
    relation, line, zero = Relation(), Timeline(48_000, 0, 100.0), 100.0
    for second in range(3600):
        rtp = round(second * 48_000 * 1.0001)
        if second % 4 == 0:
            report = SenderReport(1, (50 + second) * NTP, rtp & 0xFFFFFFFF, 1, 1)
            relation.note(report, zero + second + random.Random(second).uniform(0, 0.02))
            line.correct(report, relation)
        assert line.time(rtp & 0xFFFFFFFF) == pytest.approx(zero + second, abs=0.03)


# -- slot ---------------------------------------------------------------------------------------------------------------


def test_every_packet_goes_to_the_point_it_came_from_although_the_news_is_late() -> None:
    bench = Bench()
    bench.slot.news("A", bench.seq, bench.now)
    bench.sound(50)
    since = bench.seq & 0xFFFF
    bench.sound(10, start=50)
    bench.slot.news("B", since, bench.now)                       # 200 ms after its first packet
    bench.sound(40, start=60)
    bench.slot.end(bench.now)
    first, second = bench.written()
    assert (first.point, first.frames, second.point, second.frames) == ("A", 50, "B", 50)
    assert not first.gaps and not second.gaps and first.closed and second.closed
    assert second.start == pytest.approx(1.0, abs=0.02)


def test_packets_of_nobody_are_counted_and_not_recorded() -> None:
    bench = Bench()
    bench.sound(20)
    bench.pass_by()
    assert not bench.book.tracks and bench.book.counters["unclaimed"] == 20


def test_a_point_that_leaves_ends_its_track_without_another_packet() -> None:
    bench = Bench()
    bench.slot.news("A", bench.seq, bench.now)
    bench.sound(50)
    bench.slot.news(None, bench.seq & 0xFFFF, bench.now)
    bench.pass_by()
    track, = bench.written()
    assert track.closed and track.frames == 50 and not track.gaps


def test_lost_sound_is_a_gap_of_its_length() -> None:
    bench = Bench()
    bench.slot.news("A", bench.seq, bench.now)
    bench.sound(100, lose=tuple(range(40, 50)))
    bench.slot.end(bench.now)
    track, = bench.written()
    gap, = track.gaps
    assert track.frames == 90 and gap.reason == LOST
    assert gap.end is not None and gap.end - gap.start == pytest.approx(0.2, abs=0.01)
    assert bench.book.counters["lost"] == 10


def test_a_picture_that_lost_a_frame_waits_for_a_key_frame_and_asks() -> None:
    bench = Bench("video")
    bench.slot.news("A", bench.seq, bench.now)
    bench.pictures(20, lose=(10,))
    bench.pass_by(PATIENCE)
    assert bench.slot.wants_key_frame
    bench.pictures(20, first=0, at=40)                           # the key frame that was asked for
    bench.slot.end(bench.now)
    track, = bench.written()
    gap, = track.gaps
    assert track.frames == 10 + 20 and not bench.slot.wants_key_frame
    assert gap.start == pytest.approx(10 / 15, abs=0.1) and gap.end == pytest.approx(40 / 15, abs=0.1)


def test_a_picture_that_cannot_begin_says_how_much_is_missing() -> None:
    bench = Bench("video")
    bench.slot.news("A", bench.seq, bench.now)
    bench.pictures(15, first=1)
    bench.pictures(5, first=0, at=15)
    bench.slot.end(bench.now)
    track, = bench.written()
    gap, = track.gaps
    assert track.frames == 5 and gap.end is not None and gap.end - gap.start == pytest.approx(1.0, abs=0.1)
    assert gap.reason == NO_KEY_FRAME


def test_what_a_disk_is_too_slow_for_is_dropped_and_stated() -> None:
    bench = Bench()
    bench.slot.news("A", bench.seq, bench.now)
    bench.sound(50)
    bench.pass_by(HOLD)
    track, = bench.written()
    held = track.take()                                          # handed to a disk that hangs
    track._waiting = 1 << 30
    bench.sound(25, start=50)
    bench.pass_by(HOLD)
    track.kept(track.size + len(held))
    bench.sound(25, start=75)
    bench.slot.end(bench.now)
    bench.written()
    assert track.gaps[0].reason == SLOW_DISK and track.gaps[0].end is not None
    assert track.gaps[0].start == pytest.approx(track.start + 1.0, abs=0.05)


def test_only_what_is_on_the_disk_is_told() -> None:
    bench = Bench()
    bench.slot.news("A", bench.seq, bench.now)
    bench.sound(50)
    bench.pass_by(HOLD)
    entry, = bench.book.manifest(bench.now)["tracks"]
    assert entry["bytes"] == entry["frames"] == 0 and entry["start"] == entry["end"]
    track, = bench.written()
    entry, = bench.book.manifest(bench.now)["tracks"]
    assert entry["frames"] == 50 and entry["end"] > entry["start"] and entry["sha256"] is None
    track.take()
    track.unwritten("disk_full")
    entry, = bench.book.manifest(bench.now)["tracks"]
    assert entry["gaps"] == [{"from": entry["end"], "to": None, "reason": "disk_full"}]


@given(st.lists(st.sampled_from(["add", "add", "add", "lost", "take", "kept", "unwritten", "forget"]), max_size=60))
def test_whatever_the_disk_does_listed_gaps_never_overlap_and_none_lies_in_what_is_kept(steps: list[str]) -> None:
    track = Bench().book.open("A", "audio", "OPUS", b"", (0, 0), 0.0, 0.0)
    at, held, kept, waiting = 0.0, b"", [], []
    for step in [*steps, "take", "kept"]:
        if step == "add":
            at += 0.02
            track.add(Frame(0, b"\xfc", True), at)
            waiting.append(at)
        elif step == "lost":
            at += 0.1
            track.gap(LOST)
        elif step == "take" and not held and track.waiting:
            held, given, waiting = track.take(), waiting, []
        elif step == "kept" and held:
            track.kept(track.size + len(held))
            held = b""
            kept += given
        elif step == "unwritten":
            track.unwritten("disk_full")
            held, waiting = b"", []
        elif step == "forget":
            track.forget(SLOW_DISK)
            waiting = []
        listed = [(gap.start, at + 1 if gap.end is None else gap.end) for gap in track.gaps]
        assert all(start <= end for start, end in listed)
        assert all(before[1] <= after[0] for before, after in zip(listed, listed[1:], strict=False)), track.gaps
        assert all(gap.end is not None for gap in track.gaps[:-1])
    assert track.frames == len(kept)
    assert not any(start < frame < end for start, end in listed for frame in kept)


def test_there_are_never_more_tracks_than_their_files_have_numbers_and_what_is_missing_is_stated() -> None:
    earlier = {"tracks": [{"file": f"{MOST_TRACKS - 1}-A-audio.webm", "bytes": 9, "gaps": []}]}
    bench = Bench(book=Book("m", "r", 100.0, 1_772_672_400.0, earlier))
    bench.slot.news("A", bench.seq, bench.now)
    bench.sound(50)
    bench.slot.news("B", bench.seq & 0xFFFF, bench.now)
    bench.sound(50, start=50)
    bench.slot.end(bench.now)
    last, = bench.written()
    assert last.file.startswith(f"{MOST_TRACKS}-A") and last.frames == 50
    (full,) = bench.book.manifest(bench.now)["gaps"]
    assert (full["reason"], full["to"]) == (TOO_MANY, None) and bench.book.manifest(bench.now)["counters"]["gaps"] == 1
    start = datetime.fromisoformat(full["from"]).timestamp() - datetime.fromisoformat(bench.book.moment(0.0)).timestamp()
    assert start == pytest.approx(1.0, abs=0.05)
    bench.book.gap(NO_RELAY, bench.now)                          # the tracks that go on have gaps of their own time
    bench.book.again(bench.now + 2)
    told = bench.book.manifest(bench.now + 2)
    assert [(gap["reason"], gap["to"] is None) for gap in told["gaps"]] == [(NO_RELAY, False), (TOO_MANY, True)]
    later = Book("m", "r", 200.0, 1_772_672_500.0, told)
    later.resume()
    later.again(201.0)
    assert later.full(2.0) and [gap["reason"] for gap in later.manifest(202.0)["gaps"]] == [NO_RELAY, TOO_MANY, KILLED]


def test_a_name_that_is_no_file_name_makes_no_trouble() -> None:
    track = Bench().book.open("../../etc/passwd\0 \u0110", "audio", "OPUS", b"", (0, 0), 0.0, 0.0)
    assert track.file == "0001-______etc_passwd___-audio.webm"
