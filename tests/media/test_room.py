"""Who is shown where; and that rooms are islands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp
from media.errors import BadPacket, RoomFull
from media.limits import ASLEEP_AFTER, MAX_ROOM_PEERS
from media.room import Member
from tests.media.rooms import KEY, Bench


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
    bench.room.policy(None, ["D", "B", "nobody", "D"])
    bench.room.tick(1.0)
    assert (bench.shown("s-X")["v0"], bench.shown("s-X")["v1"]) == ("D", "B"), "B keeps its place"
    assert len([e for e in bench.events[told:] if e["event"] == "slots"]) == 1
    bench.room.policy(["D"], ["D", "B"])
    bench.room.tick(2.0)
    assert len([e for e in bench.events[told:] if e["event"] == "slots"]) == 1, "no news when nothing moved"


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
    watcher = bench.subscriber("X")
    assert bench.room.connected is not None
    new = bench.publisher("A", session="new")
    news = [(e["event"], e["session"], e.get("reason")) for e in bench.events if e["event"] in ("up", "down")]
    assert news[-2:] == [("down", "old", "replaced"), ("up", "new", None)]
    bench.room.tick(0.1)
    bench.send(new, "v", 1, KEY)
    assert bench.payloads("s-X", "v0") == [KEY] and watcher.packets_out == 1
    assert "old" not in bench.room.members


def test_a_codec_the_subscriber_cannot_take_is_not_shown() -> None:
    bench = Bench()
    bench.publisher("A", codec="H264")
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
