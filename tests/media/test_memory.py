"""Who left is forgotten at once: what a session held is free without the collector, which comes too seldom in a worker."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from tests.media.server import publisher, server, subscriber, until


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("end", ["closed by us", "goodbye"])
async def test_nothing_of_a_session_is_left_to_the_collector(no_collector: None, end: str) -> None:
    held: list[weakref.ref[Any]] = []
    async with server() as running:
        stays = [await publisher(running, "p0", "Stays"), await subscriber(running, "s0", "Watches")]
        for number in range(3):
            sender = await publisher(running, f"p{number + 1}", f"A{number}")
            watcher = await subscriber(running, f"s{number + 1}", f"B{number}")
            for seq in range(1, 20):
                sender.send(sender.media(seq))
                stays[0].send(stays[0].media(20 * number + seq))
            await watcher.hears(96)
            for session in (f"p{number + 1}", f"s{number + 1}"):
                peer = running.sfu.peers[session]
                member = peer.member
                parts = [peer, peer._dtls, peer._dtls._ssl, peer._dtls._rx_srtp, member]
                parts += [part for source in member.sources.values() for part in (source, source.intakes[0])]
                parts += member.downs.values()
                held += [weakref.ref(part) for part in parts if hasattr(type(part), "__weakref__")]
                del peer, member, parts
            for client, session in ((sender, f"p{number + 1}"), (watcher, f"s{number + 1}")):
                if end == "closed by us":
                    running.sfu.close(session)
                client.close()
            await until(lambda wanted=2: len(running.sfu.peers) == wanted)
        await until(lambda: sum(one() is not None for one in held) == 0, within=3.0)
        for client in stays:
            client.close()
        await asyncio.sleep(0)
