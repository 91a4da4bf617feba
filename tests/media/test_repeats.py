"""Sound once more: who loses packets and has room for it gets each sound twice, and nobody else gets or sends a byte for that."""

from __future__ import annotations

from media import rtcp, rtp
from media.limits import NARROW, REPEAT_FOR
from media.relay import Batch
from media.sdp import Encoding, Slot, Track
from tests.media.rooms import Bench, intake_of
from tests.media.test_choice import PLAIN, Line
from tests.media.test_red import blocks

BOTH = {"OPUS": 111, "RED": 63}
WIDE, NARROWER = 3_000_000, 40_000


def gets(line: Line) -> str:
    down = next(down for down in line.member.downs.values() if down.kind == "audio")
    return down.layer.codec if down.layer is not None else "-"


def lossy(sounds: dict[str, int] = BOTH, remb: int = WIDE, octets: int = 60) -> Line:
    line = Line(cameras=0, sounds=sounds)
    line.octets = octets
    line.go(3.0, remb)
    line.loss = 20
    line.go(6.0, remb)
    return line


def test_who_loses_sound_gets_it_twice_until_nothing_was_lost_for_a_while() -> None:
    line = lossy()
    assert gets(line) == "RED"
    line.loss = 0
    line.go(10.0, WIDE)
    assert gets(line) == "RED"
    line.go(REPEAT_FOR, WIDE)
    assert gets(line) == "OPUS"


def test_who_loses_nothing_gets_it_once() -> None:
    line = Line(cameras=0, sounds=BOTH)
    line.go(9.0, WIDE)
    assert gets(line) == "OPUS"


def test_a_line_that_has_no_room_for_it_keeps_the_plain_sound() -> None:
    assert [gets(lossy(remb=NARROWER, octets=octets)) for octets in (60, 300)] == ["RED", "OPUS"]


def test_a_receiver_that_cannot_read_it_keeps_the_plain_sound() -> None:
    assert gets(lossy(PLAIN)) == gets(lossy({"OPUS": 109, "RED": 63})) == "OPUS"


def test_no_number_and_no_moment_is_missing_where_one_begins_and_the_other_ends() -> None:
    line = lossy()
    line.loss = 0
    line.go(REPEAT_FOR + 12.0, WIDE)
    down = next(down for down in line.member.downs.values() if down.kind == "audio")
    sent = [(packet.ext + down.delta, packet.timestamp) for output in line.outputs if isinstance(output, Batch)
            for packet in output.packets if down in output.audience.downs]
    assert [number for number, _ in sent] == list(range(sent[0][0], sent[0][0] + len(sent))), "one stream, whatever is in it"
    assert len({times for _, times in sent}) == len(sent)


def test_its_publisher_is_told_of_losses_that_it_can_cure_and_of_no_others() -> None:
    """It would make the sound smaller for everybody: needless where the sound comes twice and has room."""
    told = {}
    for sounds in (BOTH, PLAIN):
        line = lossy(sounds)
        assert line.member.line is not None and line.member.line.estimate > NARROW
        reports = [message for session, message in line.bench.control if session == "p-V" and isinstance(message, rtcp.ReceiverReport)]
        told[len(sounds)] = reports[-1].blocks[0].fraction
    assert told[2] == 0 < told[1]


def test_what_a_publisher_sends_as_redundancy_is_read_and_made_anew() -> None:
    bench = Bench()
    track = Track("a", "audio", "OPUS", 111, 48000, (Encoding("", 800),), red=63)
    member = bench.room.add_publisher("p-A", "A", [track], remb=False)
    bench.room.connected("p-A", object(), 0.0)
    bench.room.add_subscriber("s-B", "B", [Slot("a0", "audio", 7000, BOTH, "slot0")], None)
    bench.room.connected("s-B", object(), 0.0)
    [down] = bench.room.members["s-B"].downs.values()
    redundant = bytes([0x80 | 111, 0, 0, 3, 111]) + b"oldnew"
    for seq, (kind, payload) in enumerate([(63, redundant), (111, b"newer"), (111, b"newest")]):
        if seq == 1:
            bench.room.relay.show(down, member.sources["a"].layers[1], 0.1)
        bench.room.on_rtp(intake_of(member, "a"), rtp.RtpView(rtp.build(kind, seq, 960 * seq, 800, payload)), 0.1)
        bench.room.relay.flush()
    first, second, third = bench.payloads("s-B", "a0")
    assert first == b"new"
    assert blocks(second) == [(111, 960, b"new"), (111, 0, b"newer")] and blocks(third) == [(111, 960, b"newer"), (111, 0, b"newest")]


def test_nothing_is_made_while_nobody_wants_it() -> None:
    line = Line(cameras=0, sounds=BOTH)
    line.go(3.0, WIDE)
    source = line.voice.sources["a"]
    assert [layer.codec for layer in source.layers if layer.awake(line.now)] == ["OPUS"]
