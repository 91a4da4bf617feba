"""Who is shown where; and that rooms are islands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp
from media.answer import answer_publisher, answer_subscriber
from media.errors import BadPacket, BadSdp, RoomFull
from media.limits import ASLEEP_AFTER, MAX_ROOM_PEERS
from media.room import Member
from media.sdp import Slot, parse_offer
from tests.media.rooms import DELTA, KEY, Bench, intake_of
from tests.media.test_sdp import HEAD, LOCAL


def test_slots_are_filled_in_order_of_joining_and_never_with_oneself() -> None:
    bench = Bench()
    for name in "ABC":
        bench.publisher(name)
    bench.subscriber("B", slots=2)
    assert bench.shown("s-B") == {"a0": "A", "a1": "C", "v0": "A", "v1": "C"}


def test_the_stage_comes_first_and_nobody_else_is_moved() -> None:
    bench = Bench()
    for name in "ABCD":
        bench.publisher(name)
    bench.subscriber("X", slots=2)
    assert bench.shown("s-X")["v0"] == "A" and bench.shown("s-X")["v1"] == "B"
    told = len(bench.events)
    bench.room.policy(None, ["D", "B", "nobody", "D"], voices=["D", "B"])
    bench.room.tick(1.0)
    assert (bench.shown("s-X")["v0"], bench.shown("s-X")["v1"]) == ("D", "B"), "B keeps its place"
    assert len([e for e in bench.events[told:] if e["event"] == "slots"]) == 1
    bench.room.policy(["D"], ["D", "B"], voices=["D", "B"])
    bench.room.tick(2.0)
    assert len([e for e in bench.events[told:] if e["event"] == "slots"]) == 1, "no news when nothing moved"


def test_the_news_of_a_slot_names_the_first_packet_of_whom_it_is() -> None:
    bench = Bench()
    members = {name: bench.publisher(name) for name in "AB"}
    bench.subscriber("X", slots=1)
    for seq in range(10):
        bench.send(members["A"], "a", seq, b"of A", now=seq / 50)
        bench.send(members["B"], "a", seq, b"of B", now=seq / 50)
    bench.room.policy(None, [], voices=["B"])
    bench.room.tick(0.3)
    bench.send(members["B"], "a", 10, b"of B", now=0.3)
    told = {slot["mid"]: slot["since"] for slot in bench.events[-1]["slots"]}
    numbers = {seq: payload for seq, _, payload in bench.got["s-X", "a0"]}
    assert {payload for seq, payload in numbers.items() if seq < told["a0"]} == {b"of A"}
    assert {payload for seq, payload in numbers.items() if seq >= told["a0"]} == {b"of B"}


def test_a_single_sound_place_goes_to_who_may_be_heard_and_the_picture_to_the_stage() -> None:
    bench = Bench()
    for name in "ABC":
        bench.publisher(name)
    bench.subscriber("X", slots=1)
    bench.room.policy(["B"], ["C"])
    bench.room.tick(1.0)
    assert bench.shown("s-X") == {"a0": "B", "v0": "C"}


def test_pinned_publishers_are_shown_exactly_and_appear_when_they_come() -> None:
    bench = Bench()
    bench.publisher("A")
    bench.subscriber("X", slots=3, pinned=["C", "A", "X"])
    assert [bench.shown("s-X")[f"v{n}"] for n in range(3)] == [None, "A", None]
    bench.publisher("B")
    bench.publisher("C")
    bench.room.tick(0.1)
    assert [bench.shown("s-X")[f"v{n}"] for n in range(3)] == ["C", "A", None]
    bench.publisher("X")
    bench.room.tick(0.2)
    assert bench.shown("s-X")["v2"] is None, "never oneself"


def test_slots_refill_when_a_publisher_leaves() -> None:
    bench = Bench()
    bench.publisher("A")
    third = bench.publisher("B")
    bench.subscriber("X", slots=1)
    bench.room.leave("p-A", "closed")
    bench.room.tick(0.1)
    assert bench.shown("s-X") == {"a0": "B", "v0": "B"}
    bench.send(third, "v", 1, KEY)
    assert bench.payloads("s-X", "v0") == [KEY]
    bench.room.leave("p-B", "gone")
    bench.room.tick(0.2)
    assert bench.shown("s-X") == {"a0": None, "v0": None}


def test_a_second_publisher_of_a_name_replaces_the_first_without_losing_a_place() -> None:
    bench = Bench()
    bench.publisher("A", session="old")
    bench.publisher("B")
    watcher = bench.subscriber("X")
    assert bench.shown("s-X") == {"a0": "A", "v0": "A"}
    new = bench.publisher("A", session="new")
    news = [(e["event"], e["session"], e.get("reason")) for e in bench.events if e["event"] in ("up", "down")]
    assert news[-2:] == [("down", "old", "replaced"), ("up", "new", None)]
    bench.room.tick(0.1)
    bench.send(new, "v", 1, KEY)
    assert bench.payloads("s-X", "v0") == [KEY] and watcher.packets_out == 1
    assert "old" not in bench.room.members


def test_a_codec_the_subscriber_cannot_take_is_not_shown() -> None:
    bench = Bench()
    bench.publisher("A", codec="H264/CB")
    bench.publisher("B")
    bench.subscriber("X", slots=1)
    assert bench.shown("s-X") == {"a0": "A", "v0": "B"}


def test_a_full_room_refuses() -> None:
    bench = Bench()
    for n in range(MAX_ROOM_PEERS):
        bench.room._add(Member(f"s{n}", "n", "subscribe", n))
    with pytest.raises(RoomFull):
        bench.publisher("A")


def test_stats_remember_those_who_left() -> None:
    bench = Bench()
    sender = bench.publisher("A")
    bench.subscriber("X")
    bench.send(sender, "a", 1, b"x")
    bench.room.leave("s-X", "closed")
    stats = bench.room.stats()
    assert stats["packets_in"] == 1 and stats["packets_relayed"] == 1
    assert [session["session"] for session in stats["sessions"]] == ["p-A"]


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from("av"), st.binary(min_size=1, max_size=8)), max_size=60))
def test_no_byte_of_one_room_reaches_a_peer_of_another(found: list[tuple[int, str, bytes]]) -> None:
    rooms = [Bench("one"), Bench("two")]
    members = [bench.publisher("A") for bench in rooms]  # same names, same SSRCs, same mids
    for bench in rooms:
        bench.subscriber("X")
    sent: list[set[bytes]] = [set(), set()]
    for seq, (which, mid, tail) in enumerate(found):
        payload = KEY + b"room%d" % which + tail
        sent[which].add(payload)
        rooms[which].send(members[which], mid, seq, payload)
    for which, bench in enumerate(rooms):
        for received in bench.got.values():
            assert {payload for _, _, payload in received} <= sent[which]


@given(st.binary(max_size=100))
def test_any_feedback_is_understood_or_refused_and_touches_no_foreign_stream(data: bytes) -> None:
    bench = Bench()
    bench.publisher("A")
    bench.subscriber("X")
    stranger = bench.subscriber("Y", slots=0)
    before = bench.plis("p-A")
    for message in (data, rtcp.pli(1, 5100), rtcp.nack(1, 5100, [1])):
        try:
            bench.room.on_rtcp(stranger, message, 5.0)
        except BadPacket:
            pass
    assert bench.plis("p-A") == before and bench.counters.rtx == 0


def test_who_sends_nothing_takes_no_slot_from_somebody_who_does() -> None:
    bench = Bench()
    for name in "ABC":
        bench.publisher(name)
    talker = bench.publisher("D")
    bench.subscriber("X", slots=1)
    assert bench.shown("s-X")["v0"] == "A", "while nobody sends, the first who came"
    bench.send(talker, "v", 1, KEY)
    bench.room.tick(0.1)
    assert bench.shown("s-X")["v0"] == "D"
    bench.room.tick(ASLEEP_AFTER + 10.0)
    bench.room.tick(ASLEEP_AFTER + 10.1)
    assert bench.shown("s-X")["v0"] == "A", "D fell silent and is one among the silent again"
    bench.room.policy(None, ["C"])
    bench.room.tick(20.0)
    assert bench.shown("s-X")["v0"] == "C", "the stage has its place even before its first packet"


def watcher_of(bench: Bench, *pictures: dict[str, int], sounds: int = 1) -> Member:
    slots = [Slot(f"a{n}", "audio", 9000 + n, {"OPUS": 111}, f"slot{n}") for n in range(sounds)]
    slots += [Slot(f"v{n}", "video", 9100 + n, types, f"slot{n}") for n, types in enumerate(pictures)]
    member = bench.room.add_subscriber("s-X", "X", slots, None)
    bench.room.connected("s-X", object(), 0.0)
    return member


def test_each_slot_is_asked_for_itself_whether_it_can_carry_a_source() -> None:
    bench = Bench()
    first, second, third = bench.publisher("A"), bench.publisher("B"), bench.publisher("C", codec="H264/CB")
    watcher_of(bench, {"VP8": 96}, {"H264/CB": 97})
    assert (bench.shown("s-X")["v0"], bench.shown("s-X")["v1"]) == ("A", "C"), "B fits only where A stands"
    for member in (first, second, third):
        for seq in range(3):
            bench.send(member, "v", seq, KEY if member is not third else b"\x65key")
    assert len(bench.payloads("s-X", "v0")) == len(bench.payloads("s-X", "v1")) == 3


def test_pinned_publishers_stand_only_in_slots_that_carry_them() -> None:
    bench = Bench()
    sender = bench.publisher("A")
    slots = [Slot("v0", "video", 9100, {"H264/CB": 97}, "slot0"), Slot("v1", "video", 9101, {"VP8": 96}, "slot1")]
    bench.room.add_subscriber("s-X", "X", slots, ["A"])
    bench.room.connected("s-X", object(), 0.0)
    bench.send(sender, "v", 1, KEY)
    assert bench.got == {}, "its one place cannot show it"


KEYS = {"H264": b"\x65key", "VP9": b"\x0ckey"}  # first packets of key frames, where they are not as those of VP8
CODECS = {"audio": ["opus/48000/2", "G722/8000", "PCMU/8000"],
          "video": ["VP8/90000", "VP9/90000", "H264/90000 packetization-mode=1;profile-level-id=42e01f",
                    "H264/90000 packetization-mode=1;profile-level-id=64001f", "H264/90000", "rtx/90000 apt=96"]}
sections = st.lists(
    st.sampled_from(["audio", "video"]).flatmap(lambda kind: st.tuples(
        st.just(kind), st.lists(st.sampled_from(CODECS[kind]), min_size=1, max_size=4),
        st.sampled_from(["recvonly", "sendrecv", "sendonly", "inactive"]))),
    min_size=1, max_size=6)


def offer_of(found: list[tuple[str, list[str], str]]) -> str:
    lines = [*HEAD, "a=group:BUNDLE " + " ".join(map(str, range(len(found))))]
    for mid, (kind, codecs, direction) in enumerate(found):
        types = range(96, 96 + len(codecs))
        lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, types))}", f"a=mid:{mid}", "a=rtcp-mux", f"a={direction}"]
        for number, codec in zip(types, codecs, strict=True):
            name, _, fmtp = codec.partition(" ")
            lines += [f"a=rtpmap:{number} {name}"] + [f"a=fmtp:{number} {fmtp}"] * bool(fmtp)
    return "\r\n".join(lines) + "\r\n"


@given(st.lists(sections, min_size=1, max_size=3), st.lists(sections, min_size=1, max_size=4), st.booleans())
def test_no_offer_of_a_subscriber_ends_a_publisher(
    published: list[list[tuple[str, list[str], str]]], watched: list[list[tuple[str, list[str], str]]], pinned: bool
) -> None:
    bench, senders = Bench(), []
    for number, found in enumerate(published):
        try:
            _, tracks, remb = answer_publisher(parse_offer(offer_of(found)), LOCAL)
        except BadSdp:
            continue
        senders.append(bench.room.add_publisher(f"p{number}", f"P{number}", tracks, remb))
        bench.room.connected(f"p{number}", object(), 0.0)
    for number, found in enumerate(watched):
        try:
            _, slots = answer_subscriber(parse_offer(offer_of(found)), LOCAL, bench._draw)
        except BadSdp:
            continue
        bench.room.add_subscriber(f"s{number}", f"S{number}", slots, ["P1", "P0"] if pinned else None)
        bench.room.connected(f"s{number}", object(), 0.0)
    bench.room.tick(0.1)
    for sender in senders:  # the fire wall would end whom these raise for
        for mid, up in sender.sources.items():
            for seq in range(3):
                bench.send(sender, mid, seq, KEYS.get(up.codec.partition("/")[0], KEY), now=0.2)
    for member in bench.room.members.values():
        for down in member.downs.values():
            assert down.source is None or (down.carries(down.source) and down.live)


def test_a_sound_and_a_picture_of_one_person_take_places_that_are_played_in_step() -> None:
    bench = Bench()
    for name in "ABC":
        bench.publisher(name)
    bench.room.policy(["B", "C"], [])
    bench.subscriber("X", slots=3)
    shown = bench.shown("s-X")
    assert shown["a0"] == "B" and all(shown[f"a{n}"] == shown[f"v{n}"] for n in range(3)), "though A joined first"


def test_who_speaks_is_heard_within_half_a_second_however_late_he_joined_and_pictures_stay() -> None:
    bench = Bench()
    members = [bench.publisher(name, level=3) for name in "ABCDEF"]
    bench.subscriber("X", slots=2)
    before = bench.shown("s-X")
    assert before == {"a0": "A", "a1": "B", "v0": "A", "v1": "B"}
    seq = 0

    def talk(seconds: float, *talkers: int) -> None:
        nonlocal seq
        for _ in range(round(seconds / 0.02)):
            seq += 1
            for number, member in enumerate(members):
                bench.send(member, "a", seq, b"%d" % number, now=seq * 0.02, level=25 if number in talkers else 60)
                bench.send(member, "v", seq, KEY, now=seq * 0.02)
            if seq % 5 == 0:
                bench.room.tick(seq * 0.02)

    talk(1.0)
    assert bench.shown("s-X") == before
    talk(0.08, 5)
    talk(1.0)
    assert bench.shown("s-X") == before, "a cough moves nobody"
    talk(0.5, 5)
    after = bench.shown("s-X")
    assert "F" in (after["a0"], after["a1"]) and (after["v0"], after["v1"]) == ("A", "B")
    talk(3.0)
    assert bench.shown("s-X") == after, "who spoke keeps the place until somebody else speaks"
    bench.room.policy(None, ["C", "D"])
    talk(1.0, 5)
    staged = bench.shown("s-X")
    assert {staged["v0"], staged["v1"]} == {"C", "D"} and "F" in (staged["a0"], staged["a1"]), "a stage of silent ones hides nobody's voice"
    bench.room.policy(None, ["C", "D"], voices=["C", "D"])
    talk(1.0, 5)
    assert {bench.shown("s-X")[mid] for mid in ("a0", "a1")} == {"C", "D"}, "who is put first for sounds comes before loudness"


def test_late_packets_of_the_old_source_after_a_change_of_ssrc_are_not_mixed_in() -> None:
    bench = Bench()
    sender = bench.publisher("A")
    bench.subscriber("X")
    for seq in range(5):
        bench.send(sender, "v", seq, KEY)
    intake_of(sender, "v").bind(4242)
    for seq in range(3):
        bench.send(sender, "v", seq, KEY + b"new")
    bench.send(sender, "v", 65535, DELTA + b"overtaken")  # from before the first one of the new source
    assert bench.payloads("s-X", "v0") == [KEY] * 5 + [KEY + b"new"] * 3


def test_who_may_not_be_seen_is_stopped_at_the_entrance_and_heard_all_the_same() -> None:
    bench = Bench()
    hidden, other = bench.publisher("A"), bench.publisher("B")
    bench.subscriber("X", slots=2)
    bench.room.policy(None, [], ["B"])
    bench.room.tick(1.0)
    for member in (hidden, other):
        bench.send(member, "v", 1, KEY, now=1.0)
        bench.send(member, "a", 1, b"sound", now=1.0)
    heard = [payload for mid in ("a0", "a1") for payload in bench.payloads("s-X", mid)]
    seen = [payload for mid in ("v0", "v1") for payload in bench.payloads("s-X", mid)]
    assert len(heard) == 2 and seen == [KEY] and bench.counters.gated == 1
    asked = bench.plis("p-A")
    bench.room.policy(None, [], None)
    bench.room.tick(2.0)
    assert bench.plis("p-A") == asked + 1, "who is seen again is asked for a picture to begin with"
