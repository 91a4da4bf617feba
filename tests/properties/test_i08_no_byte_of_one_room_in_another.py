"""I8 and I11.  Whatever hostile members of two rooms send, in whatever order, at whatever time and under whatever SSRC, while they
come, go, are silenced by name or by not being named, are pinned and let through: no byte of one room reaches the other, a silenced
stream reaches nobody, nothing is hit that the fire wall has to catch, and nothing stays behind when all have left."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media import rtp
from tests.fuzz import stateful
from tests.fuzz.hall import PICTURES, SILENT, UP, Hall, Member

names = st.sampled_from(["A", "B", "C", "A#screen", "B#sign"])
quiet = st.lists(names, max_size=3)
steps = st.lists(st.one_of(
    st.tuples(st.just("policy"), st.sampled_from(["one", "two"]), st.tuples(st.none() | st.lists(names, max_size=3), quiet)),
    st.tuples(st.just("pin"), st.sampled_from(["one", "two"]), st.sampled_from([None, "", "A", "A#screen"])),
    st.tuples(st.just("shift"), st.sampled_from(["one", "two"]), names),
    st.tuples(st.just("send"), st.sampled_from(["one", "two"]), names),
    st.tuples(st.just("join"), st.sampled_from(["one", "two"]), names),
    st.tuples(st.just("leave"), st.sampled_from(["one", "two"]), names),
    st.tuples(st.just("tick"), st.just(""), st.sampled_from([0.02, 0.6, 4.0])),
), min_size=5, max_size=60)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.binary(max_size=300))
def test_i8_whatever_members_send(data: bytes) -> None:
    stateful.hall(data)


@given(steps)
@settings(max_examples=40)
def test_i8_whoever_may_be_heard(script: list[tuple[str, str, object]]) -> None:
    asyncio.run(_play(script))


async def _play(script: list[tuple[str, str, object]]) -> None:
    hall = Hall()
    try:
        watchers = [hall.join(room, "watcher", "subscribe", 6) for room in ("one", "two")]
        for word, room, what in script:
            who = next((m for m in hall.members.values() if (m.room, m.name, m.role) == (room, what, "publish")), None)
            if word == "policy":
                heard, hushed = what  # type: ignore[misc]
                hall.silence(room, heard, [], hushed)
            elif word == "join" and who is None:
                hall.join(room, str(what), "publish", 0)
            elif word == "pin":
                for watcher in watchers:
                    hall.sfu.pin(watcher.session, dict.fromkeys(("audio0", "video0", "audio2"), what))  # type: ignore[arg-type]
            elif word == "shift" and who is not None and max(who.sent, default=0) < 5000:
                who.sent = {ssrc + 1000: number for ssrc, number in who.sent.items()}  # a modified client takes other SSRCs
            elif word == "leave" and who is not None:
                hall.close(who.session)
            elif word == "tick":
                hall.tick(float(what))  # type: ignore[arg-type]
                for member in list(hall.members.values()):
                    hall.check_in(member, member.path)
            elif word == "send" and who is not None:
                _speak(hall, who)
            hall.check()
        _everybody_heard_is_heard(hall, watchers)
    finally:
        await hall.empty()
        hall.sfu.shut()


def _speak(hall: Hall, member: Member) -> None:
    for audio in (True, False):
        ssrc = max([known for known in member.sent if known % 2 == (100 + audio) % 2], default=100 + audio)
        member.sent[ssrc] = number = member.sent.get(ssrc, 0) + 1
        payload = (b"" if audio else b"\x10\x00") + hall.says(member, audio) + member.name.encode()
        kind = 111 if audio else PICTURES["plain"].payload_type
        hall.send_rtp(member, rtp.build(kind, number, number * 960, ssrc, payload, extensions={UP.mid: b"0" if audio else b"1"}))


def _everybody_heard_is_heard(hall: Hall, watchers: list[Member]) -> None:
    """The gate is no wall: once all may be heard, all who speak and have a slot are."""
    for watcher in watchers:
        hall.silence(watcher.room, None, [])
        hall.sfu.pin(watcher.session, dict.fromkeys(("audio0", "video0", "audio2")))
        speakers = [m for m in hall.members.values() if m.room == watcher.room and m.role == "publish"]
        for _ in range(3):
            for speaker in speakers:
                _speak(hall, speaker)
            hall.tick(0.1)
        before = watcher.read
        for speaker in speakers:
            _speak(hall, speaker)
        hall.check()
        assert watcher.read > before or not speakers, SILENT
