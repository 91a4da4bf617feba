"""Layers: simulcast, spatial layers of VP9, RED: what a receiver gets is one stream that never jumps."""

from __future__ import annotations

from media import rtcp, rtp
from media.descriptor import height, vp8_ids, vp9
from media.limits import LAYER_DOUBT, UNWANTED_AFTER
from media.member import Member
from media.relay import Batch
from media.sdp import Encoding, Slot, Track
from tests.media.rooms import Bench, intake_of
from tests.media.test_relay import continuous

RIDS = ("l", "m", "h")
ROWS = {"l": 180, "m": 360, "h": 720}


def vp8(picture: int, base: int, *, key: bool = False, rows: int = 0, body: bytes = b"x") -> bytes:
    """A whole VP8 frame in one packet, with 15-bit picture id and TL0PICIDX."""
    head = bytes([0x90, 0xC0]) + (0x8000 | picture & 0x7FFF).to_bytes(2, "big") + bytes([base & 0xFF])
    if key:
        return head + b"\x10\x02\x00\x9d\x01\x2a" + (16 * rows // 9).to_bytes(2, "little") + rows.to_bytes(2, "little") + body
    return head + b"\x11" + body


class Camera:
    """A publisher of three layers, each with numbers, times and picture ids of its own."""

    def __init__(self, bench: Bench, name: str = "A", rids: tuple[str, ...] = RIDS) -> None:
        self.bench = bench
        track = Track("v", "video", "VP8", 96, 90000, tuple(Encoding(rid, 900 + at) for at, rid in enumerate(rids)))
        self.member = bench.room.add_publisher(f"p-{name}", name, [track], remb=False)
        bench.room.connected(f"p-{name}", object(), 0.0)
        self.frames = {rid: 100 * (at + 1) for at, rid in enumerate(rids)}

    def frame(self, rid: str, now: float, key: bool = False, size: int = 0) -> None:
        self.frames[rid] += 1
        number = self.frames[rid]
        offset = RIDS.index(rid) * 1_000_000
        payload = vp8(number + 777 * RIDS.index(rid), number, key=key, rows=ROWS[rid], body=bytes(size) + rid.encode())
        self.bench.send(self.member, "v", number & 0xFFFF, payload, now, ts=offset + round(now * 90000), rid=rid)

    def report(self, now: float) -> None:
        """Sender reports of all layers: which timestamp is which moment."""
        for rid in self.frames:
            ntp = int((3_900_000_000 + now) * 2**32)
            said = rtcp.SenderReport(intake_of(self.member, "v", rid).ssrc or 0, ntp,
                                     RIDS.index(rid) * 1_000_000 + round(now * 90000), 1, 1)
            self.bench.room.on_rtcp(self.member, rtcp.sender_report(said), now)


def pictures(bench: Bench, session: str = "s-B", mid: str = "v0") -> list[bytes]:
    return [payload[-1:] for _, _, payload in bench.got.get((session, mid), [])]


def test_the_layer_follows_the_size_of_the_window_and_the_former_one_goes_on_until_the_key_frame() -> None:
    bench = Bench()
    camera = Camera(bench)
    bench.subscriber("B")
    for rid in RIDS:
        camera.frame(rid, 0.0, key=True)
    camera.report(0.01)
    bench.room.view("s-B", {"v0": 180})
    bench.room.tick(0.02)
    camera.frame("l", 0.03, key=True)
    before = len(pictures(bench))
    assert bench.room.view("s-B", {"v0": 720}) and not bench.room.view("nobody", {})
    bench.room.tick(0.04)
    for step in range(1, 5):
        for rid in RIDS:
            camera.frame(rid, 0.04 + step / 30, key=rid == "h" and step == 3)
    assert pictures(bench)[before:] == [b"l", b"l", b"l", b"h", b"h"]
    packets = bench.got["s-B", "v0"]
    assert continuous(packets)
    steps = [(b[1] - a[1]) & 0xFFFFFFFF for a, b in zip(packets[before:], packets[before + 1:], strict=False)]
    assert steps[:2] == [3000, 3000] and 0 < steps[2] <= 90 and abs(steps[3] - 3000) <= 90, "one clock over the switch"


def test_a_layer_that_was_awaited_when_its_slot_was_emptied_never_comes() -> None:
    bench = Bench()
    camera = Camera(bench)
    watcher = bench.subscriber("B")
    (down,) = [down for down in watcher.downs.values() if down.kind == "video"]
    for rid in RIDS:
        camera.frame(rid, 0.0, key=True)
    bench.room.tick(0.02)
    camera.frame("h", 0.03, key=True)
    largest, awaited = camera.member.sources["v"].of_rid("h"), camera.member.sources["v"].of_rid("m")
    assert largest is not None and awaited is not None and down.layer is largest.layers[0]
    for leave in (lambda: bench.room.relay.show(down, None, 0.05), lambda: bench.room.relay.detach(down)):
        bench.room.relay.attach(down, camera.member.sources["v"], largest.layers[0], 0.04)
        camera.frame("h", 0.04, key=True)
        bench.room.relay.show(down, awaited.layers[0], 0.05)
        assert down.layer is largest.layers[0] and awaited.watched
        leave()
        before = len(pictures(bench))
        camera.frame("m", 0.06, key=True)
        assert len(pictures(bench)) == before and not awaited.watched and down.layer is down.awaited is None


def test_picture_ids_go_on_by_one_over_a_switch_of_layers_and_sources() -> None:
    bench = Bench()
    first, second = Camera(bench), Camera(bench, "C")
    bench.subscriber("B", pinned=["A"])
    seen: list[tuple[int, int]] = []
    emit = bench.room.relay._emit

    def note(output: object) -> None:
        if isinstance(output, Batch):
            for down in output.audience.downs:
                for packet in output.packets:
                    ids = vp8_ids(packet.payload)
                    assert ids is not None and ids.base is not None
                    seen.append(((ids.picture + down.pid_delta) & 0x7FFF, (ids.base + down.tl0_delta) & 0xFF))
        emit(output)  # type: ignore[arg-type]

    bench.room.relay._emit = note
    for step in range(40):
        for camera in (first, second):
            for rid in RIDS:
                camera.frame(rid, step / 30, key=step % 10 == 5)
        if step == 12:
            bench.room.view("s-B", {"v0": 180})
        bench.room.tick(step / 30 + 0.01)
    assert len(seen) >= 30
    assert all(((b[0] - a[0]) & 0x7FFF, (b[1] - a[1]) & 0xFF) == (1, 1) for a, b in zip(seen, seen[1:], strict=False))


def test_layers_are_put_in_the_order_of_their_heights_whatever_the_offer_said() -> None:
    bench = Bench()
    camera = Camera(bench, rids=("h", "m", "l"))
    bench.subscriber("B")
    bench.room.tick(0.5)
    for rid in RIDS:
        bench.room.relay.ask_keyframe(intake_of(camera.member, "v", rid), 0.5)
        camera.frame(rid, 1.0, key=True)
    bench.room.tick(2.0)
    assert [layer.rid for layer in camera.member.sources["v"].layers] == ["l", "m", "h"]
    assert [layer.index for layer in camera.member.sources["v"].layers] == [0, 1, 2]


def test_a_layer_that_never_comes_does_not_disturb_the_order_of_the_others() -> None:
    bench = Bench()
    camera = Camera(bench, rids=("h", "m", "l"))
    bench.subscriber("B")
    bench.room.view("s-B", {"v0": 180})
    now = 0.0
    while now < 3 * LAYER_DOUBT:
        now += 0.1
        for rid in ("m", "h"):
            camera.frame(rid, now, key=round(now * 10) % 10 == 0)
        bench.room.tick(now)
    assert [layer.rid for layer in camera.member.sources["v"].layers] == ["l", "m", "h"]
    assert set(pictures(bench)[-20:]) == {b"m"}


def told(bench: Bench) -> list[list[str]]:
    return [event["tracks"][0]["rids"] for event in bench.events if event["event"] == "wanted"]


def test_layers_nobody_looks_at_are_given_up_after_a_while_and_wanted_again_at_once() -> None:
    bench = Bench()
    camera = Camera(bench)
    bench.subscriber("B")
    bench.room.view("s-B", {"v0": 180})
    now = 0.0
    while now < UNWANTED_AFTER + 1:
        now += 0.1
        for rid in RIDS:
            camera.frame(rid, now, key=now < 0.35)
        bench.room.tick(now)
    assert told(bench) == [["l"]]
    bench.room.view("s-B", {"v0": 720})
    bench.room.tick(now + 0.3)
    assert told(bench)[-1] == ["l", "h"], "the small one goes on until the large one is there"
    camera.frame("h", now + 0.4, key=True)
    bench.room.view("s-B", {"v0": 0})
    for step in range(40):
        camera.frame("l", now + 0.5 + step * 0.1)
        bench.room.tick(now + 0.5 + step * 0.1)
    for step in range(40, 80):
        bench.room.tick(now + 0.5 + step * 0.1)
    assert told(bench)[-1] == [] and camera.member.sources["v"].stopped and not camera.member.sources["v"].asleep
    bench.room.view("s-B", {"v0": 300})
    bench.room.tick(now + 9.0)
    assert told(bench)[-1] == ["m"]


def test_a_layer_asked_for_in_vain_is_replaced_by_one_that_comes() -> None:
    bench = Bench()
    camera = Camera(bench)
    bench.subscriber("B")
    now = 0.0
    while now < 2 * LAYER_DOUBT:
        now += 0.1
        for rid in ("l", "m"):  # its line is too thin for the large one
            camera.frame(rid, now, key=round(now * 10) % 10 == 0)
        bench.room.tick(now)
    assert pictures(bench)[-1:] == [b"m"]


def test_a_shown_picture_that_stops_coming_is_reported_and_its_return_too() -> None:
    bench = Bench()
    camera = Camera(bench)
    bench.subscriber("B")
    for step in range(10):
        camera.frame("l", step / 10, key=True)
        bench.room.tick(step / 10)
    for step in range(10, 35):
        bench.room.tick(step / 10)
    frozen = [event for event in bench.events if event["event"] == "frozen"]
    assert [(event["name"], event["mid"]) for event in frozen] == [("A", "v")]
    camera.frame("l", 3.6)
    assert [event["event"] for event in bench.events if event["event"] in ("frozen", "thawed")] == ["frozen", "thawed"]


# -- VP9 ----------------------------------------------------------------------------------------------------------------


def vp9_packet(spatial: int, *, key: bool = False, begins: bool = True, ends: bool = True, body: bytes = b"") -> bytes:
    flags = 0x80 | 0x20 | (0 if key else 0x40) | (0x08 if begins else 0) | (0x04 if ends else 0)
    return bytes([flags, 0x81, 0x23, spatial << 1, 9]) + b"S%d" % spatial + body


class Scalable:
    """A publisher of VP9 with three spatial layers in one stream, one packet a layer."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        track = Track("v", "video", "VP9", 98, 90000, (Encoding("", 900),))
        self.member: Member = bench.room.add_publisher("p-A", "A", [track], remb=False)
        bench.room.connected("p-A", object(), 0.0)
        self.seq = 65500

    def picture(self, now: float, key: bool = False, lose: tuple[int, ...] = ()) -> list[tuple[int, bytes]]:
        """One picture in all layers; returns what was lost of it."""
        lost = []
        for spatial in range(3):
            self.seq += 1
            payload = vp9_packet(spatial, key=key)
            if spatial in lose:
                lost.append((self.seq, payload))
            else:
                self.send(self.seq, payload, now, spatial == 2)
        return lost

    def send(self, seq: int, payload: bytes, now: float, marker: bool = False) -> None:
        intake = intake_of(self.member, "v")
        packet = rtp.build(98, seq, round(now * 90000), 900, payload, marker=marker)
        self.bench.room.on_rtp(intake, rtp.RtpView(packet), now)
        self.bench.room.relay.flush()


def watcher(bench: Bench, name: str, rows: int) -> None:
    slot = Slot("v0", "video", 7000 + rows, {"VP9": 98}, "slot0")
    bench.room.add_subscriber(f"s-{name}", name, [slot], None)
    bench.room.view(f"s-{name}", {"v0": rows})
    bench.room.connected(f"s-{name}", object(), 0.0)


def test_spatial_layers_are_dropped_at_the_server_with_continuous_numbers_and_a_marker_at_the_end() -> None:
    bench = Bench()
    markers: dict[str, list[int]] = {}
    emit = bench.room.relay._emit

    def note(output: object) -> None:
        if isinstance(output, Batch):
            for down in output.audience.downs:
                markers.setdefault(down.owner.name, []).extend(packet.marker for packet in output.packets)
        emit(output)  # type: ignore[arg-type]

    bench.room.relay._emit = note
    camera = Scalable(bench)
    for name, rows in (("small", 180), ("middle", 360), ("large", 720)):
        watcher(bench, name, rows)
    for step in range(50):
        camera.picture(step / 30, key=step == 0)
    for name, layers in (("small", 1), ("middle", 2), ("large", 3)):
        packets = bench.got[f"s-{name}", "v0"]
        assert len(packets) == 50 * layers and continuous(packets)
        assert markers[name] == ([0] * (layers - 1) + [0x80]) * 50


def test_a_smaller_spatial_layer_needs_no_key_frame_and_a_larger_one_does() -> None:
    bench = Bench()
    camera = Scalable(bench)
    watcher(bench, "B", 720)
    camera.picture(0.0, key=True)
    camera.picture(0.03)
    bench.room.view("s-B", {"v0": 180})
    bench.room.tick(0.05)
    camera.picture(0.06)
    assert [payload[-2:] for _, _, payload in bench.got["s-B", "v0"]] == [b"S0", b"S1", b"S2"] * 2 + [b"S0"]
    bench.room.view("s-B", {"v0": 720})
    bench.room.tick(0.07)
    camera.picture(0.09)
    camera.picture(0.12, key=True)
    packets = bench.got["s-B", "v0"]
    assert [payload[-2:] for _, _, payload in packets[7:]] == [b"S0", b"S0", b"S1", b"S2"] and continuous(packets)


def test_a_late_packet_of_a_dropped_layer_fills_its_number_with_nothing() -> None:
    bench = Bench()
    camera = Scalable(bench)
    watcher(bench, "small", 180)
    watcher(bench, "large", 720)
    camera.picture(0.0, key=True)
    lost = camera.picture(0.03, lose=(1,))
    camera.picture(0.06)
    for seq, payload in lost:
        camera.send(seq, payload, 0.08)
    small = sorted(bench.got["s-small", "v0"])
    assert continuous(small) and [payload[-2:] for _, _, payload in small] == [b"S0", b"S0", b"", b"S0"]
    assert len(bench.got["s-large", "v0"]) == 9 and continuous(sorted(bench.got["s-large", "v0"]))


def test_descriptors_are_read_within_their_bounds() -> None:
    for size in range(12):
        vp9(b"\xff" * size), vp8_ids(b"\xff" * size), height("VP8", b"\x90\xff" * size), height("H264/CB", b"\x67" * size)
    assert vp9(vp9_packet(2, key=True))[:2] == (2, 0)  # type: ignore[index]
    assert height("VP8", vp8(1, 1, key=True, rows=360)) == 360
    sps = bytes.fromhex("6742c01fda01e0089f9610000003001000000303c0f183 2a".replace(" ", ""))
    assert height("H264/CB", sps) in range(16, 2000)
