"""Who left is forgotten at once: what a session held is free without the collector, which comes too seldom in a worker."""

from __future__ import annotations

import ast
import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from media.tcp import Stream
from tests.media.clients import ROOT
from tests.media.server import StreamClient, publisher, server, subscriber, until

SETTABLE = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "time.localtime", "time.gmtime"}


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


async def test_nothing_of_a_connection_is_left_to_the_collector(no_collector: None) -> None:
    async with server() as running:
        for number in range(3):
            client = await publisher(running, f"p{number}", client=StreamClient(running.sfu.tcp_port))
            client.send(client.media(1))
            await until(lambda wanted=number + 1: running.sfu.counters.packets_in == wanted)
            running.sfu.close(f"p{number}")
            running.sfu.streams.sweep(running.now())
            await asyncio.wait_for(client.ended.wait(), 5)
            client.close()
            del client
        await until(lambda: not any(isinstance(one, Stream) for one in gc.get_objects()), within=3.0)


def test_the_media_server_reads_no_clock_that_can_be_set() -> None:
    """I14: a step of the wall clock can neither throw anybody out nor keep anybody in."""
    told = []
    for path in sorted((ROOT / "media").glob("*.py")):
        if path.name.startswith(("record", "bench", "peers")):
            continue  # a recording says when it was; clients and figures are not the server
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in SETTABLE:
                told.append(f"{path.name}:{node.lineno} {ast.unparse(node)}")
    assert not told, told
