"""Whom a receiver wants in which slot, beside the slots that are filled for it; and who has fallen silent on the way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp, rtp
from media.errors import MediaError
from media.limits import AWAY_AFTER, AWAY_LOOK, AWAY_SILENT, PEER_SILENCE
from media.sdp import Slot
from media.worker_ops import Operations
from tests.fuzz.hall import Hall, Member
from tests.media.rooms import KEY, Bench, intake_of
from tests.media.test_choice import Line
from tests.properties.test_i08_no_byte_of_one_room_in_another import _speak


def test_a_pinned_slot_stands_beside_automatic_ones_and_is_given_back() -> None:
    bench = Bench()
    for name in "ABCDE":
        bench.publisher(name)
    bench.subscriber("X", slots=3)
    assert [bench.shown("s-X")[f"v{n}"] for n in range(3)] == ["A", "B", "C"]
    assert bench.room.pin("s-X", {"v1": "E", "v2": "", "nonsense": "A"})
    bench.room.tick(0.1)
    assert bench.shown("s-X") == {"a0": "A", "a1": "B", "a2": "C", "v0": "A", "v1": "E", "v2": None}
    bench.room.pin("s-X", {"v0": "nobody yet"})
    bench.room.tick(0.2)
    assert bench.shown("s-X")["v0"] is None
    bench.publisher("nobody yet")
    bench.room.tick(0.3)
    assert bench.shown("s-X")["v0"] == "nobody yet"
    bench.room.pin("s-X", {"v0": None, "v1": None, "v2": None})
    bench.room.tick(0.4)
    assert {bench.shown("s-X")[f"v{n}"] for n in range(3)} <= {"A", "B", "C", "E", "nobody yet"} and None not in bench.shown("s-X").values()
    assert not bench.room.pin("p-A", {"v0": "B"}) and not bench.room.pin("unknown", {}), "only receivers look"


def test_automatic_slots_do_not_repeat_who_is_pinned_and_the_stage_does_not_move_a_pin() -> None:
    bench = Bench()
    for name in "ABCD":
        bench.publisher(name)
    bench.subscriber("X", slots=2)
    bench.room.pin("s-X", {"v0": "B"})
    bench.room.policy(None, ["B", "C"])
    bench.room.tick(0.1)
    assert (bench.shown("s-X")["v0"], bench.shown("s-X")["v1"]) == ("B", "C")


def test_a_watcher_who_is_no_point_sees_pages_and_changes_nothing_for_others() -> None:
    bench = Bench()
    cameras = [bench.publisher(f"P{number}") for number in range(32)]
    bench.subscriber("P0", slots=2)
    bench.subscriber("~wall", slots=16)
    before = bench.shown("s-P0")
    for page in range(2):
        bench.room.pin("s-~wall", {f"v{n}": f"P{16 * page + n}" for n in range(16)} | {f"a{n}": "" for n in range(16)})
        bench.room.tick(page + 1.0)
        for camera in cameras:
            bench.send(camera, "v", page + 1, KEY, now=page + 1.0)
        shown = bench.shown("s-~wall")
        assert [shown[f"v{n}"] for n in range(16)] == [f"P{16 * page + n}" for n in range(16)]
        assert not any(shown[f"a{n}"] for n in range(16)), "a wall makes no sound"
    assert bench.shown("s-P0") == before


def test_a_point_sees_neither_itself_nor_its_own_screen_unless_it_pins_that() -> None:
    bench = Bench()
    for name in ("22", "22#screen", "7"):
        bench.publisher(name)
    bench.room.policy(None, ["22#screen", "22"])
    bench.subscriber("22", slots=3)
    bench.subscriber("7", slots=3)
    assert {bench.shown("s-22")[f"v{n}"] for n in range(3)} == {"7", None}
    assert {bench.shown("s-7")[f"v{n}"] for n in range(3)} == {"22#screen", "22", None}
    bench.room.pin("s-22", {"v1": "22#screen", "v2": "22"})
    bench.room.tick(0.1)
    assert [bench.shown("s-22")[f"v{n}"] for n in range(3)] == ["7", "22#screen", None], "a television shows what the same room presents"


def test_the_muted_reach_nobody_under_no_name_of_theirs_and_are_seen() -> None:
    bench = Bench()
    muted = [bench.publisher("22"), bench.publisher("22#screen")]
    other = bench.publisher("7")
    bench.subscriber("X", slots=3)
    bench.room.policy(None, [], None, ["22"])
    bench.room.tick(1.0)
    for member in (*muted, other):
        bench.send(member, "v", 1, KEY, now=1.0)
        bench.send(member, "a", 1, b"sound", now=1.0)
    assert sum(len(bench.payloads("s-X", f"a{n}")) for n in range(3)) == 1 and bench.counters.gated == 2
    assert sum(len(bench.payloads("s-X", f"v{n}")) for n in range(3)) == 3
    bench.room.policy(["22"], [], None, ["22#screen"])
    for member in (*muted, other):
        bench.send(member, "a", 2, b"again", now=1.1)
    bench.room.tick(1.2)
    for member in (*muted, other):
        bench.send(member, "a", 3, b"more", now=1.3)
    heard = [bench.payloads("s-X", f"a{n}") for n in range(3)]
    assert sum(said.count(b"again") + said.count(b"more") for said in heard) in (1, 2) and bench.counters.gated == 6


def test_a_second_source_reaches_nobody_unless_it_is_named() -> None:
    bench = Bench()
    screens = [bench.publisher("22#screen"), bench.publisher("7#screen"), bench.publisher("7#sign")]
    bench.subscriber("X", slots=3)
    bench.room.policy(None, ["22#screen"], seconds=["22#screen"])
    for turn in range(3):
        for member in screens:
            bench.send(member, "v", turn, KEY, now=turn / 10)
            bench.send(member, "a", turn, b"sound", now=turn / 10)
        bench.room.tick(turn / 10)
    assert sum(len(bench.payloads("s-X", f"v{n}")) for n in range(3)) == 3 and bench.counters.gated == 12
    bench.room.policy(None, [], seconds=[])
    bench.send(screens[0], "v", 9, KEY, now=1.0)
    assert bench.counters.gated == 13, "the word holds from the next packet on"


def test_the_sound_of_the_shared_screen_reaches_others_whoever_is_silenced_and_that_of_no_other() -> None:
    bench = Bench()
    shared, other, camera = (bench.publisher(name) for name in ("22#screen", "7#screen", "22"))
    for name in ("X", "22", "7"):
        bench.subscriber(name, slots=3)
    bench.room.policy(["1"], [], quiet=["22"], voices=["1", "22#screen"], seconds=["22#screen"])
    for turn in range(5):
        for member in (shared, other, camera):
            bench.send(member, "a", turn, member.name.encode(), now=turn / 10)
        bench.room.tick(turn / 10)

    def heard(name: str) -> list[bytes]:
        return [payload for n in range(3) for payload in bench.payloads(f"s-{name}", f"a{n}")]

    assert heard("X") == heard("7") == [b"22#screen"] * 5 and bench.counters.gated == 10, "its point's microphone stays closed"
    assert heard("22") == [], "no device of the point that shares plays it"
    bench.room.policy(["1"], [], quiet=["22"], voices=["1"], seconds=[])
    for turn in range(5, 9):
        bench.send(shared, "a", turn, b"goes on", now=turn / 10)
        bench.room.tick(turn / 10)
    assert heard("X") == [b"22#screen"] * 5 and bench.counters.gated == 14, "taken away: not a packet more"


def test_a_screen_is_never_taken_for_a_speaker_however_loud_it_says_it_is() -> None:
    bench = Bench()
    members = [bench.publisher(name, level=3) for name in ("A", "B", "22#screen")]
    bench.subscriber("X", slots=3)
    bench.room.policy(None, ["22#screen"], voices=["A", "22#screen"], seconds=["22#screen"])
    before = None
    for seq in range(1, 200):
        for member in members:
            intake = intake_of(member, "a")
            loud = rtp.build(111, seq, seq * 960, intake.ssrc or 0, b"film", extensions={3: bytes([0x80 | (5 if seq % 50 < 30 else 70)])})
            if member is not members[1]:
                bench.room.on_rtp(intake, rtp.RtpView(loud), seq * 0.02)
        bench.room.tick(seq * 0.02)
        before = before or bench.shown("s-X")
    film = members[2].sources["a"]
    assert not film.voice.speaking and members[0].sources["a"].voice.rank < film.voice.rank
    assert film.layers[0].ring.get(film.layers[0].highest).level is None, "nor do receivers learn of a loudness"  # type: ignore[union-attr]
    assert bench.shown("s-X") == before


def test_on_a_line_for_few_sounds_a_film_takes_no_speakers_place_and_goes_before_the_silent() -> None:
    bench, level = Bench(), 3
    members = {name: bench.publisher(name, level=level) for name in ("M", "A", "B", "C", "22#screen")}
    slots = [Slot(f"a{n}", "audio", 8000 + n, {"OPUS": 111}, f"slot{n}", feedback=frozenset({"goog-remb"})) for n in range(4)]
    member = bench.room.add_subscriber("s-X", "X", slots, None)
    bench.room.connected("s-X", object(), 0.0)
    bench.room.policy(None, [], voices=["M", "22#screen"], seconds=["22#screen"])
    seq = 0

    def heard(seconds: float, remb: int, *talkers: str) -> set[str]:
        nonlocal seq
        for _ in range(round(seconds / 0.02)):
            seq += 1
            now = seq * 0.02
            for name, one in members.items():
                bench.send(one, "a", seq, b"s" * 60, now, level=None if one.sources["a"].screen else 25 if name in talkers else 80)
            if seq % 12 == 0:
                bench.room.on_rtcp(member, rtcp.receiver_report(1) + rtcp.remb(1, remb, [8000]), now)
            if seq % 5 == 0:
                bench.room.tick(now)
        return {down.source.owner.name for down in member.downs.values() if down.source is not None and down.layer is not None}

    assert heard(3.0, 900_000) >= {"M", "22#screen"}
    assert heard(4.0, 900_000, "A") == {"M", "A", "22#screen"}, "three sounds, and the silent one is left out"
    assert heard(4.0, 150_000, "A") == {"M", "A"}, "with room for two, people are heard"
    assert heard(6.0, 150_000) == {"M", "22#screen"}, "nobody speaks: the film is heard again"
    assert heard(4.0, 60_000) == {"M"}


def test_who_stands_aside_is_sent_to_those_alone_who_pinned_it() -> None:
    bench = Bench()
    for name in ("22", "S"):
        bench.publisher(name)
    bench.room.policy(None, [], aside=["S"])
    for name in ("X", "Y"):
        bench.subscriber(name, slots=3)
    bench.room.pin("s-Y", {"v2": "S"})
    bench.room.tick(0.1)
    assert {bench.shown("s-X")[f"v{n}"] for n in range(3)} == {"22", None}
    assert [bench.shown("s-Y")[f"v{n}"] for n in range(3)] == ["22", None, "S"]
    assert "S" in {bench.shown("s-X")[f"a{n}"] for n in range(3)}, "an interpreter that speaks is heard by all"
    bench.room.policy(None, ["S"], aside=["S"])
    bench.room.tick(0.2)
    assert bench.shown("s-X")["v1"] == "S", "with the floor it has the stage as anybody else"


@pytest.mark.parametrize(("second", "kept"), [("C", "A"), ("C#screen", "C#screen")])
def test_on_a_narrow_line_a_screen_keeps_its_picture_before_the_floor(second: str, kept: str) -> None:
    line = Line(cameras=2, names=("A", second))
    line.bench.room.policy(None, ["A", second])
    line.go(8.0, 3_000_000)
    assert line.rids() == ["h", "h"]
    line.go(6.0, 160_000)
    given = {down.source.owner.name for down in line.member.downs.values() if down.kind == "video" and down.source and down.layer}
    assert given == {kept} and line.hears(), "what is read comes before who is looked at"


@given(st.lists(st.tuples(st.sampled_from(["pin", "join", "leave", "stage"]), st.sampled_from("ABCD"), st.integers(0, 3)), max_size=25))
def test_whatever_is_pinned_in_whatever_order_each_slot_is_what_was_said_last(script: list[tuple[str, str, int]]) -> None:
    bench, there, pins = Bench(), dict.fromkeys(""), {}
    bench.subscriber("X", slots=3)
    for step, (word, name, number) in enumerate(script):
        if word == "pin":
            wanted = (name, "", None, "X")[number]
            mid = f"v{'ABCD'.index(name) % 3}"
            bench.room.pin("s-X", {mid: wanted})
            pins = {**{key: value for key, value in pins.items() if key != mid}, **({} if wanted is None else {mid: wanted})}
        elif word == "join":
            bench.publisher(name, session=f"{name}{step}")
            there[name] = f"{name}{step}"  # type: ignore[assignment]
        elif word == "leave" and name in there:
            bench.room.leave(str(there.pop(name)), "closed")
        elif word == "stage":
            bench.room.policy(None, [name])
        bench.room.tick(step + 1.0)
        slots = {down.mid: down.source.owner.name if down.source else None for down in bench.room.members["s-X"].downs.values()}
        for mid, wanted in pins.items():
            assert slots[mid] == (wanted if wanted in there else None)
        automatic = [slots[f"v{n}"] for n in range(3) if f"v{n}" not in pins]
        found = [one for one in automatic if one is not None]
        left = set(there) - {slots[mid] for mid in pins}
        assert len(found) == len(set(found)) == min(len(automatic), len(left)) and set(found) <= left


# -- who is away --------------------------------------------------------------------------------------------------------


def _told(hall: Hall, event: str) -> list[str]:
    return [one["session"] for one in hall.events if one["event"] == event]


async def test_who_speaks_is_away_after_a_second_and_a_half_and_back_with_the_next_packet() -> None:
    hall = Hall()
    try:
        speaker, watcher = hall.join("one", "A", "publish"), hall.join("one", "B", "subscribe")
        for _ in range(5):
            _speak(hall, speaker)
            hall.tick(AWAY_LOOK)
        hall.check_in(watcher, watcher.path)
        hall.tick(AWAY_AFTER - AWAY_LOOK - 0.05)
        assert _told(hall, "away") == []
        hall.tick(AWAY_LOOK)
        assert _told(hall, "away") == [speaker.session], "others hear of it within two seconds"
        assert [one for one in hall.events if one["event"] == "away"][0] == {
            "event": "away", "room": "one", "session": speaker.session, "name": "A", "role": "publish"}
        hall.tick(AWAY_LOOK)
        assert _told(hall, "away") == [speaker.session], "once"
        _speak(hall, speaker)
        hall.tick(AWAY_LOOK)
        assert _told(hall, "back") == [speaker.session]
        hall.check_in(watcher, watcher.path)
        _silent(hall, watcher, speaker, AWAY_SILENT - 0.5)
        assert watcher.session not in _told(hall, "away"), "who only checks its path may be silent for longer"
        _silent(hall, watcher, speaker, 1.0)
        assert _told(hall, "away") == [speaker.session, watcher.session]
        hall.check_in(watcher, watcher.path)
        hall.tick(AWAY_LOOK)
        assert _told(hall, "back") == [speaker.session, watcher.session]
        _silent(hall, speaker, watcher, PEER_SILENCE + 1)
        assert _told(hall, "down") == [speaker.session] and _told(hall, "away")[-1] == speaker.session
        hall.check()
    finally:
        await hall.empty()
        hall.sfu.shut()


def _silent(hall: Hall, silent: Member, other: Member, seconds: float) -> None:
    """One says nothing for so long, the other goes on."""
    for _ in range(round(seconds / AWAY_LOOK)):
        hall.tick(AWAY_LOOK)
        if other.role == "publish":
            _speak(hall, other)
        hall.check_in(other, other.path)


async def test_a_camera_that_was_told_to_stop_is_not_away_while_it_checks_its_path() -> None:
    hall = Hall()
    try:
        camera = hall.join("one", "A", "publish")
        for _ in range(8):
            hall.tick(2.5)
            hall.check_in(camera, camera.path)
        assert _told(hall, "away") == []
    finally:
        await hall.empty()
        hall.sfu.shut()


async def test_a_process_that_stood_still_calls_nobody_away() -> None:
    hall = Hall()
    try:
        speaker = hall.join("one", "A", "publish")
        _speak(hall, speaker)
        hall.tick(0.1)
        hall.now += 5.0
        hall.sfu._forgive(5.0)
        hall.tick(0.1)
        assert _told(hall, "away") == []
    finally:
        await hall.empty()
        hall.sfu.shut()


# -- what a controller may say ------------------------------------------------------------------------------------------


async def test_pins_and_policies_of_any_other_shape_are_refused() -> None:
    hall = Hall()
    try:
        watcher = hall.join("one", "B", "subscribe")
        ops = Operations(lambda: hall.sfu).by_name()
        assert ops["pin"]({"session": watcher.session, "names": {"video0": "A", "audio0": None, "gone": ""}}) is None
        shapes: list[Any] = [None, [], "A", {"video0": 1}, {"video0": ["A"]}, {"video0": "x" * 129}]
        for names in shapes:
            with pytest.raises(MediaError, match=r"control\.syntax"):
                ops["pin"]({"session": watcher.session, "names": names})
        with pytest.raises(MediaError, match=r"session\.unknown"):
            ops["pin"]({"session": "nobody", "names": {}})
        for field in ("quiet", "voices", "heard", "seen", "stage"):
            with pytest.raises(MediaError, match=r"control\.syntax"):
                ops["policy"]({"room": "one", "heard": None, "stage": [], field: "A"})
    finally:
        await hall.empty()
        hall.sfu.shut()
