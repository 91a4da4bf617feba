"""I12.  A member that sends as much and as strangely as it may makes the server keep no more than 4 MiB for it."""

from __future__ import annotations

import asyncio
import gc
import random

import pytest

from media import rtp
from media.limits import TICK
from tests.fuzz.hall import PICTURES, UP, Hall, Member
from tests.fuzz.stateful import HEADS, _feedback
from tests.fuzz.engine import Tape
from tests.support.weight import weight

MOST = 4 << 20


@pytest.mark.parametrize("form", range(4), ids=list(PICTURES))
def test_i12_a_publisher_and_a_receiver_weigh_no_more_than_so_much(form: int) -> None:
    asyncio.run(_rage(form))


async def _rage(form: int) -> None:
    hall, chance = Hall(), random.Random(form)
    try:
        sender = hall.join("one", "A", "publish", 2 * form + 1)
        receivers = [hall.join("one", name, "subscribe", 7) for name in "BC"]
        await asyncio.sleep(0)
        gc.collect()
        weights = []
        for _ in range(3):
            for _ in range(700):
                _send(hall, sender, form, chance)
                who = chance.choice(receivers)
                hall.send_rtcp(who, _feedback(hall, who, chance.randrange(32), Tape(chance.randbytes(300))))
                if chance.random() < 0.1:
                    hall.tick(TICK)
                    hall.ear.sent.clear()
                    for member in (sender, *receivers):
                        member.numbers.clear()
            hall.tick(1.0)
            hall.ear.sent.clear()
            gc.collect()
            weights.append(weight(hall.sfu))
        assert hall.sfu.counters.faults == 0 and hall.sfu.counters.packets_in > 500
        assert weights[-1] < 3 * MOST and weights[-1] < 1.25 * weights[-2], weights
    finally:
        await hall.empty()
        hall.sfu.shut()


def _send(hall: Hall, member: Member, form: int, chance: random.Random) -> None:
    track = list(PICTURES.values())[form]
    layer = chance.randrange(3) if form == 1 else 0
    ssrc = track.encodings[0].ssrc or 200 + layer
    jump = chance.choice((1,) * 20 + (2, 5, 100, 127, 300, 5000, -3, -120))
    member.sent[ssrc] = number = member.sent.get(ssrc, 0) + jump
    extensions = {UP.mid: b"1", UP.rid: b"lmh"[layer : layer + 1], UP.transport_wide: chance.randbytes(2), UP.capture: bytes(8)}
    payload = chance.choice(HEADS) + f"/{member.room}/".encode() + bytes(chance.randrange(1000, 1300))
    hall.send_rtp(member, rtp.build(track.payload_type, number, number * 90, ssrc, payload, extensions=extensions))
