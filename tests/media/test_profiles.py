"""SRTP without AEAD: for programs that know nothing else (RFC 8827 section 6.5), beside others in one batch."""

from __future__ import annotations

import pytest

from media import rtcp, wire
from tests.media.server import Client, OlderClient, flows, publisher, server, subscriber, until


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("sending", [Client, OlderClient])
async def test_one_batch_reaches_receivers_of_both_kinds(sending: type[Client], batched: bool) -> None:
    async with server() as running:
        running.sfu.fanout.batched = running.sfu.fanout.segmented = batched
        sender = await publisher(running, client=sending(running.sfu.port))
        watchers = [
            await subscriber(running, f"s{number}", f"B{number}", client=kind(running.sfu.port))
            for number, kind in enumerate((Client, OlderClient, Client, OlderClient))
        ]
        tags = [running.sfu.peers[f"s{number}"].target.srtp.tag for number in range(4)]
        assert tags == [wire.TAG_BYTES, 10, wire.TAG_BYTES, 10]
        for watcher in watchers:
            await flows(sender, watcher, 1 + watchers.index(watcher))
        burst = [b"\x10\x01" + bytes([number]) * 700 for number in range(4)]
        for number, payload in enumerate(burst):  # equal sizes: one segmented message to each
            sender.send(sender.media(10 + number, payload))
        for watcher in watchers:
            heard: list[bytes] = []
            while len(heard) < len(burst):
                view = await watcher.hears(96)
                heard += [view.payload] * (view.payload in burst)
            assert heard == burst
        for client in (sender, *watchers):
            client.close()


async def test_reports_and_repairs_too() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running, client=OlderClient(running.sfu.port))
        await flows(sender, watcher, 1)
        sender.send(sender.media(2, b"\x10\x01again"))
        view = await watcher.hears(96)
        down = next(d for d in running.sfu.peers["s"].member.downs.values() if d.kind == "video")
        assert watcher.srtp is not None
        watcher.send(watcher.srtp.protect_rtcp(rtcp.receiver_report(1) + rtcp.nack(1, down.ssrc, [view.seq])))
        await until(lambda: running.sfu.counters.rtx == 1)
        assert (await watcher.hears(97)).payload.endswith(b"\x10\x01again")
        sender.close(), watcher.close()
