"""Stories read off bytes: hostile members of two rooms in any order at any time, and any order of requests to a worker.

Holds no tests; ``targets`` lists both.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import json
from collections.abc import Hashable
from typing import Any

from media import rtcp, rtp
from media.port import Path, open_sockets
from media.sfu import Sfu
from media.worker import Worker
from tests.fuzz.engine import Tape
from tests.fuzz.hall import PICTURES, SOUNDS, UP, Hall, Member
from tests.media.test_sdp import offer

MOST = 60  # steps of one story
WAITS = (0.0, 0.001, 0.02, 0.1, 0.3, 0.6, 1.0, 1.5, 3.5, 6.5, 11.0, 31.0)
NAMES = ("A", "B", "C", "A#screen")
PINS = (None, "", *NAMES)
HEADS = (  # first bytes of pictures: key frames and others, with and without ids, layers, sizes
    b"\x10\x00", b"\x10\x01", b"\x90\xe0\x80\x01\x02\x20\x00\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00", b"\x90\xe0\xff\xfe\xff\x20\x01",
    b"\x8f\x81\x02\x00\x01", b"\xaa\x81\x02\x01\x07\x38\x01\x40\x00\xf0", b"\xac\x81\x02\x44\x07", b"\xe9\x81\x02\x22\x07\x02",
    b"\x67\x42\xe0\x1f\x95\xa8\x14\x01\x6e", b"\x65\x88", b"\x41\x9a", b"\x18\x00\x02\x67\x42\x00\x02\x65\x88",
)


@functools.cache
def _runner() -> asyncio.Runner:
    runner = asyncio.Runner()
    atexit.register(runner.close)
    return runner


@functools.cache
def _hall() -> Hall:
    return Hall()


def hall(data: bytes) -> Hashable:
    """F11: random packets at random times, members who come and go, changes of policy."""
    return _runner().run(_story(Tape(data)))


async def _story(tape: Tape) -> Hashable:
    place = _hall()
    before = dict(place.sfu.counters.as_dict())
    try:
        for room in ("one", "two"):
            place.join(room, "A", "publish", tape.byte())
            place.join(room, "B", "subscribe", tape.byte())
        for _ in range(MOST):
            if not tape:
                break
            members = list(place.members.values())
            step = tape.byte()
            if members and step & 7 < 6:
                _act(place, members[tape.byte() % len(members)], step, tape)
            else:
                await _change(place, step >> 3, tape)
            place.check()
        place.tick(0.02)
        place.check()
    finally:
        await place.empty()
    after = place.sfu.counters.as_dict()
    return tuple(min(3, after[name] - before[name]) for name in after)


def _act(place: Hall, member: Member, step: int, tape: Tape) -> None:
    """Something one member sends."""
    kind = step & 7
    if kind <= 2:
        place.send_rtp(member, _packet(place, member, step >> 3, tape))
    elif kind == 3:
        place.send_rtcp(member, _feedback(place, member, step >> 3, tape))
    elif kind == 4:
        raw = tape.take(tape.byte())
        (place.send_rtcp if step & 8 else place.send_rtp)(member, raw)
    else:
        place.deliver(member.path, tape.take(tape.byte()))


def _packet(place: Hall, member: Member, flags: int, tape: Tape) -> bytes:
    audio, layer, form = bool(flags & 1), tape.byte() % 3, tape.byte()
    track = list((SOUNDS if audio else PICTURES).values())[member.form % 2 if audio else member.form // 2 % 4]
    body = (b"" if audio else HEADS[form % len(HEADS)]) + place.says(member, audio) + tape.take(flags & 7)
    extensions = {UP.mid: track.mid.encode(), UP.level: bytes([tape.byte()]), UP.transport_wide: tape.word().to_bytes(2, "big")}
    if flags & 4:
        extensions[UP.rid] = b"lmh"[layer : layer + 1]
    if flags & 8:
        extensions[1 + tape.byte() % 14] = tape.take(1 + tape.byte() % 16) or b"\0"
    types = (track.payload_type,) * 6 + (track.rtx or 63, form)
    payload_type = types[form >> 5]
    ssrc = 100 + 10 * layer + audio + (tape.word() if flags & 16 and form & 16 else 0)
    if payload_type == track.rtx:
        ssrc, body = ssrc + 5, tape.word().to_bytes(2, "big") + body
        extensions[UP.rrid] = b"lmh"[layer : layer + 1]
    elif payload_type == 63:
        body = tape.take(form & 7) + body
    number = tape.word()
    if number & 0xF000 != 0xF000:  # mostly in order, with gaps and overtaking
        number = member.sent.get(ssrc, number) + (1, 1, 1, 1, 2, 3, -1, -2)[number & 7]
    member.sent[ssrc] = number
    packet = rtp.build(payload_type, number, number * 960 if form & 8 else tape.word() << 8, ssrc, body,
                       extensions=extensions, marker=bool(flags & 2))
    if tape.byte() & 15 == 15:  # two-byte extensions of any length
        size = tape.byte() % 6
        block = (bytes([1 + tape.byte() % 7, size]) + tape.take(size) + tape.take(8) + bytes(8))[:8]
        packet = bytes([packet[0] | 0x10]) + packet[1:12] + b"\x10\x00\x00\x02" + block + body
    return packet


def _feedback(place: Hall, member: Member, flags: int, tape: Tape) -> bytes:
    every = [ssrc for other in place.members.values() for ssrc in other.ssrcs] + [100, 101]
    own = member.ssrcs or every
    target = (own if flags & 1 else every)[tape.byte() % len(own if flags & 1 else every)]
    sender = tape.word()
    kind, first = flags >> 1 & 7, tape.word()
    got = [number for ssrc, number in member.numbers if ssrc == target]
    if got and first & 3:
        first = got[first % len(got)]
    messages = (
        lambda: rtcp.nack(sender, target, range(first, first + 1 + tape.byte() % 80)),
        lambda: rtcp.pli(sender, target),
        lambda: rtcp.fir(sender, target, first),
        lambda: rtcp.sender_report(rtcp.SenderReport(target, first << 48 | tape.word(), tape.word(), first, first)),
        lambda: rtcp.remb(sender, first << tape.byte() % 40, [target]),
        lambda: rtcp.bye([target, sender]),
        lambda: rtcp.receiver_report(sender, [rtcp.Block(target, tape.byte(), first, first, first, first, first)] * (1 + tape.byte() % 31)),
        lambda: b"\x8f\xcd\x00\x06" + sender.to_bytes(4, "big") + target.to_bytes(4, "big") + (tape.take(16) + bytes(16))[:16],
    )
    return rtcp.receiver_report(sender) + messages[kind]()


async def _change(place: Hall, kind: int, tape: Tape) -> None:
    """Something that happens to the place."""
    choice, room = tape.byte(), "two" if kind & 16 else "one"
    name, kind = NAMES[choice % len(NAMES)], kind & 15
    if kind < 6:
        place.tick(WAITS[choice % len(WAITS)])
    elif kind == 6 and place.members:
        place.close(list(place.members)[choice % len(place.members)])
    elif kind in (7, 8) and len(place.members) < 12:
        place.join(room, name, "publish" if kind == 7 else "subscribe", tape.byte(), connected=choice < 200)
    elif kind in (9, 10):
        heard = None if choice & 8 else [n for bit, n in enumerate(NAMES) if choice >> bit & 1]
        for member in list(place.members.values()):
            if member.role == "subscribe" and choice & 128:
                place.sfu.view(member.session, {f"video{n}": (0, 90, 360, 720)[choice >> n & 3] for n in range(3)})
        for member in list(place.members.values()):
            if member.role == "subscribe" and choice & 64:
                place.sfu.pin(member.session, {f"{of}{n}": PINS[tape.byte() % len(PINS)] for of in ("audio", "video") for n in range(3)})
        quiet = [n for bit, n in enumerate(NAMES) if tape.byte() >> bit & 1]
        place.silence(room, heard, [n for bit, n in enumerate(NAMES) if choice >> 4 + bit & 1], quiet)
    elif kind == 11 and place.members:
        member = list(place.members.values())[choice % len(place.members)]
        place.check_in(member, Path(place.ear, ("198.51.100.1", 1024 + tape.word() % 60000)))
    elif kind == 12:
        place.deliver(Path(place.ear, ("203.0.113.1", 9)), tape.take(choice))
    elif kind == 13:
        place.sfu.close_room(room)
        place.silenced.pop(room, None)
    elif kind == 14:
        place.sfu.stats(room)
    else:
        await asyncio.sleep(0)


# -- the control protocol -----------------------------------------------------------------------------------------------


@functools.cache
def _worker() -> Worker:
    return Worker(lambda tell, port: Sfu(open_sockets(0, ["127.0.0.1"]), ["127.0.0.1"], tell))


WORDS: tuple[Any, ...] = (
    "r", "s", "A", "", "\ud800", "x" * 129, "é" * 128, None, 0, -1, 1.5, True, [], ["A"], ["A", 1], [None], {}, {"0": 5}, "0" * 5000,
    offer("sendonly"), offer("recvonly"), "v=0\r\n", 1 << 70, [["A"]], ["A"] * 300,
)
OPS = ("publish", "subscribe", "close", "close_room", "policy", "stats", "view", "pin", "link", "unlink", "hello", "", None, "nonsense")
FIELDS = ("room", "session", "name", "offer", "publishers", "heard", "stage", "quiet", "voices", "heights", "names", "id", "v")


def worker(data: bytes) -> Hashable:
    """F5: any bytes, any requests in any order: each line is answered by one line, and never by ``control.fault``."""
    return _runner().run(_requests(data))


async def _requests(data: bytes) -> Hashable:
    served, tape = _worker(), Tape(data)
    outcome: list[str] = []
    served._tell({"event": "up", "session": "s"})
    lines = [data.partition(b"\n")[0] + b"\n"]
    for _ in range(12):
        if tape:
            lines.append(_request(tape))
    for line in lines:
        answer = served._answer(line)
        assert answer.endswith(b"\n") and answer.count(b"\n") == 1
        told = json.loads(answer)
        error = told.get("error")
        assert set(told) - {"v"} in ({"id", "ok"}, {"id", "error"}), told
        assert error is None or error["code"] != "control.fault", (line[:500], error)
        outcome.append(error["code"] if error else "ok")
    for session in list(served.sfu.peers):
        served.sfu.close(session)
    for room in list(served.sfu._policies):
        served.sfu.close_room(room)
    await asyncio.sleep(0)
    return tuple(outcome)


def _request(tape: Tape) -> bytes:
    op = OPS[tape.byte() % len(OPS)]
    message: dict[str, Any] = {"v": 1, "id": tape.byte(), "op": op, "room": "r", "session": "s", "name": "A", "offer": WORDS[-6],
                               "heard": None, "stage": [], "heights": {}, "names": {"0": "A"}}
    for _ in range(tape.byte() % 4):
        message[FIELDS[tape.byte() % len(FIELDS)]] = WORDS[tape.byte() % len(WORDS)]
    return json.dumps(message).encode() + b"\n"
