"""What one receiver is given of what there is: by its line, by its windows, by who matters; sound before every picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from media import rtcp
from media.member import Member
from media.relay import Output, Padding, Resend
from media.sdp import Encoding, Slot, Track
from tests.media.rooms import Bench
from tests.media.test_layers import RIDS, Camera

REMB = frozenset({"goog-remb"})
PLAIN = {"OPUS": 111}
SIZES = {"l": 1, "m": 3, "h": 8}  # packets of a picture


class Line:
    """A receiver that tells what its line carries, and a few cameras."""

    def __init__(self, cameras: int = 1, rtx: bool = True, names: Sequence[str] = "ACDE", sounds: Mapping[str, int] = PLAIN) -> None:
        self.bench, self.loss, self.octets = Bench(), 0, 60
        self.cameras = [Camera(self.bench, names[at]) for at in range(cameras)]
        sound = Track("a", "audio", "OPUS", 111, 48000, (Encoding("", 4000),))
        self.voice = self.bench.room.add_publisher("p-V", "V", [sound], remb=False)
        self.bench.room.connected("p-V", object(), 0.0)
        slots = [Slot("a0", "audio", 8000, dict(sounds), "slot0", feedback=REMB)]
        for at in range(cameras):
            more = {"rtx_ssrc": 9000 + at, "rtx": {"VP8": 97}} if rtx else {}
            slots.append(Slot(f"v{at}", "video", 8001 + at, {"VP8": 96}, f"slot{at}", feedback=REMB, **more))
        self.member: Member = self.bench.room.add_subscriber("s-B", "B", slots, None)
        self.bench.room.connected("s-B", object(), 0.0)
        self.now, self.seq, self.size = 0.0, 0, 800
        self.outputs: list[Output] = []
        emit = self.bench.room.relay._emit

        def keep(output: Output) -> None:
            self.outputs.append(output)
            if not isinstance(output, Padding):
                emit(output)

        self.bench.room.relay._emit = keep

    def go(self, seconds: float, remb: int) -> None:
        """Cameras at about 100, 300 and 900 kbit/s, a voice; a REMB four times a second, and with it `loss` (1/256) of the voice."""
        end = self.now + seconds
        while self.now < end:
            self.now += 1 / 15
            self.seq += 1
            for camera in self.cameras:
                for rid in RIDS:
                    for _ in range(SIZES[rid]):
                        camera.frame(rid, self.now, key=self.seq % 5 == 0, size=self.size)
            self.bench.send(self.voice, "a", self.seq, b"s" * self.octets, self.now)
            if self.seq % 4 == 0:
                block = rtcp.Block(8000, self.loss, 0, self.seq, 0, 0, 0)
                data = rtcp.receiver_report(1, [block]) + rtcp.remb(1, remb, [8000])
                self.bench.room.on_rtcp(self.member, data, self.now)
            self.bench.room.tick(self.now)

    def rids(self) -> list[str]:
        return [
            (down.layer.rid if down.layer is not None else "-") for down in self.member.downs.values() if down.kind == "video"
        ]

    def hears(self) -> bool:
        return any(down.layer is not None for down in self.member.downs.values() if down.kind == "audio")


def test_a_line_that_narrows_loses_layers_then_the_picture_and_never_the_sound() -> None:
    line = Line()
    line.go(9.0, 3_000_000)
    assert line.rids() == ["h"] and line.hears()
    line.member.line.on_remb(60_000, line.now)  # type: ignore[union-attr]
    line.go(2.0, 60_000)
    assert line.rids() == ["-"] and line.hears()


def test_a_receiver_whose_line_nobody_knows_gets_all() -> None:
    bench = Bench()
    camera = Camera(bench)
    bench.subscriber("B")
    for step in range(30):
        for rid in RIDS:
            camera.frame(rid, step / 15, key=step % 5 == 0)
        bench.room.tick(step / 15)
    down = next(d for d in bench.room.members["s-B"].downs.values() if d.kind == "video")
    assert down.layer is not None and down.layer.rid == "h"


def test_probes_go_on_repair_streams_only() -> None:
    for rtx in (True, False):
        line = Line(rtx=rtx)
        line.go(6.0, 450_000)
        extra = [o for o in line.outputs if isinstance(o, Padding) or (isinstance(o, Resend) and o.rtx)]
        assert bool(extra) == rtx
        assert line.member.line is not None
        assert rtx or line.member.line.estimate <= 450_000, "who cannot be probed is believed no better than it says"


@pytest.mark.parametrize("rate", [12_000, 54_000, 120_000, 900_000])
def test_a_probe_adds_what_was_asked_for_and_no_more(rate: int) -> None:
    line = Line()
    line.go(3.0, 3_000_000)
    sent, owed = 0, 0.0
    for _ in range(50):  # a second, in turns of 20 ms
        owed += rate * 0.02 / 8
        more = line.bench.room.relay.probe(line.member, owed)
        owed, sent = owed - more, sent + more
    assert 0.75 * rate / 8 <= sent <= rate / 8


def test_on_a_narrow_line_repairs_of_pictures_wait_and_those_of_sound_do_not() -> None:
    line = Line()
    line.go(3.0, 250_000)
    downs = {down.kind: down for down in line.member.downs.values()}
    sent = len(line.outputs)
    for kind in ("video", "audio"):
        down = downs[kind]
        layer = down.layer
        assert layer is not None
        newest = layer.highest + down.delta
        data = rtcp.receiver_report(1) + rtcp.nack(1, down.ssrc, [newest - back & 0xFFFF for back in range(20)])
        line.bench.room.on_rtcp(line.member, data, line.now)
    again = [output for output in line.outputs[sent:] if isinstance(output, Resend) and output.again]
    counts = {kind: sum(output.down.kind == kind for output in again) for kind in ("video", "audio")}
    assert 0 < counts["video"] < 10 and counts["audio"] == 20


def test_what_was_lost_at_the_end_of_an_old_path_says_nothing_of_the_new_one() -> None:
    for moved in (True, False):
        line = Line()
        line.go(6.0, 3_000_000)
        if moved:
            line.bench.room.moved(line.member, line.now)
        for _ in range(3):  # the gap, as the receiver tells it after it
            blocks = [rtcp.Block(down.ssrc, 190, 99, line.seq + 200, 0, 0, 0) for down in line.member.downs.values()]
            line.bench.room.on_rtcp(line.member, rtcp.receiver_report(1, blocks), line.now)
            line.go(0.6, 3_000_000)
        assert line.member.line is not None and line.hears()
        assert line.member.line.reason == ("" if moved else "loss")


def test_what_a_publishers_line_lost_is_not_held_against_its_receivers() -> None:
    for uplink in (True, False):
        line = Line()
        line.go(2.0, 3_000_000)
        down = next(d for d in line.member.downs.values() if d.kind == "audio")
        seq = line.seq
        for report in range(8):
            for n in range(50):
                seq += 1
                if not uplink or n % 5:  # a fifth is lost on the way here, or on the way out
                    line.bench.send(line.voice, "a", seq, b"s" * 60, line.now + report)
            block = rtcp.Block(8000, 51, 0, seq + down.delta, 0, 0, 0)
            line.bench.room.on_rtcp(line.member, rtcp.receiver_report(1, [block]), line.now + report)
        assert line.member.line is not None
        assert (line.member.line.loss < 0.02) == uplink and (down.loss < 8) == uplink


def test_a_line_taken_for_weak_is_tried_again_however_little_its_pictures_take() -> None:
    line = Line()
    line.size = 0  # a picture so small that sound and picture together fit below the bound of a weak line
    line.go(3.0, 3_000_000)
    line.go(5.0, 60_000)
    assert line.rids() == ["-"] and line.hears()
    line.go(12.0, 60_000)  # its browser believes in no more than it gets; what a probe adds it gets as well
    assert line.rids() != ["-"] and line.hears()
