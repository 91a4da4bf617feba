"""I10, and I7 for media.  A datagram from an address without an authentic check changes counters and nothing else; so does
whatever comes from somebody who was removed, even with all that he knew."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from media import wire
from media.port import Path
from tests.fuzz.engine import mutate
from tests.fuzz.hall import Hall, Member
from tests.fuzz.targets import TARGETS

SEEDS = [seed for name in ("datagram", "rtp", "rtcp", "stun") for seed in TARGETS[name].seeds]
datagrams = st.lists(
    st.one_of(
        st.binary(max_size=1600),
        st.sampled_from(SEEDS),
        st.builds(lambda chance, at: mutate(chance, SEEDS[at % len(SEEDS)], SEEDS[at // 7 % len(SEEDS)]), st.randoms(), st.integers(0, 99)),
    ), max_size=30)


def state(hall: Hall) -> Any:
    """All that a datagram could change, but for the counters."""
    mux = hall.sfu.mux
    peers = {
        session: (peer.path, peer.heard_at, peer.ufrag, peer.member.packets_in, peer.member.connected, len(peer._bindings._unknown))
        for session, peer in hall.sfu.peers.items()
    }
    guard = {source: (entry.owner.member.session, entry.checked_at) for source, entry in mux._guard._entries.items()}
    return peers, guard, len(mux._backlog), dict(mux._peers), len(hall.events), {k: v for k, v in hall.ear.sent.items() if v}


@given(datagrams)
@settings(max_examples=60)
def test_i10_a_strangers_datagrams_change_only_counters(sent: list[bytes]) -> None:
    async def play() -> None:
        hall = Hall()
        try:
            for role in ("publish", "subscribe"):
                hall.join("one", "A", role)
            hall.ear.sent.clear()
            before, strange = state(hall), Path(hall.ear, ("203.0.113.9", 40000))
            for datagram in sent:
                hall.now += 0.001
                hall.deliver(strange, datagram)
            await asyncio.sleep(0)
            assert state(hall) == before
            counters = hall.sfu.counters
            assert counters.empty + counters.misshaped + counters.unchecked_source + counters.bad_stun == len(sent)
            assert counters.faults == counters.flood == counters.bad_srtp == 0
        finally:
            await hall.empty()
            hall.sfu.shut()

    asyncio.run(play())


@given(datagrams, st.sampled_from(["publish", "subscribe"]))
@settings(max_examples=40)
def test_i7_the_removed_stay_out(sent: list[bytes], role: str) -> None:
    async def play() -> None:
        hall = Hall()
        try:
            hall.join("one", "A", "publish")
            removed = hall.join("one", "B", role)
            hall.close(removed.session)
            hall.ear.sent.clear()
            before = state(hall)
            for datagram in sent:
                _come_back(hall, removed, datagram)
            await asyncio.sleep(0)
            assert state(hall) == before and hall.sfu.counters.faults == 0
        finally:
            await hall.empty()
            hall.sfu.shut()

    asyncio.run(play())


def _come_back(hall: Hall, removed: Member, datagram: bytes) -> None:
    hall.deliver(removed.path, datagram)
    hall.send_rtp(removed, datagram)
    hall.deliver(removed.path, wire.binding_request("fuzz", removed.ufrag, removed.pwd)[1])
