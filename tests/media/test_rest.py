"""Between reports the server rests: many of them come in one look; media and the end of the server never wait for that."""

from __future__ import annotations

import asyncio

from media import rtcp
from media.limits import READ_BATCH
from tests.media.server import Client, Server, flows, publisher, server, subscriber, until


async def test_a_look_that_found_reports_alone_says_that_the_next_one_has_time() -> None:
    async with server() as running:
        speaker, watcher = await publisher(running), await subscriber(running)
        await flows(speaker, watcher, 100)
        (sock,) = running.sfu._sockets
        await until(lambda: sock not in running.sfu._resting)
        asyncio.get_running_loop().remove_reader(sock)
        assert watcher.srtp is not None
        report = rtcp.receiver_report(1)
        watcher.send(watcher.srtp.protect_rtcp(report))
        assert running.sfu.mux.on_readable(sock) is False, "reports come together"
        watcher.send(watcher.srtp.protect_rtcp(report))
        speaker.send(speaker.media(101))
        assert running.sfu.mux.on_readable(sock) is True, "media does not wait"
        await watcher.hears(96)
        for _ in range(READ_BATCH + 1):
            watcher.send(watcher.srtp.protect_rtcp(report))
        assert running.sfu.mux.on_readable(sock) is True, "there are more of them already"
        assert running.sfu.mux.on_readable(sock) is False
        for client in (speaker, watcher):
            client.close()


async def rest(running: Server, watcher: Client) -> None:
    """Until the server, after a report, does not look for a moment."""
    assert watcher.srtp is not None
    watcher.send(watcher.srtp.protect_rtcp(rtcp.receiver_report(1)))
    async with asyncio.timeout(5):
        while not running.sfu._resting:
            await asyncio.sleep(0)


async def test_a_rest_after_reports_holds_up_neither_media_nor_the_end() -> None:
    async with server() as running:
        speaker, watcher = await publisher(running), await subscriber(running)
        for number in range(1, 30):
            await rest(running, watcher)
            await flows(speaker, watcher, number)
        await rest(running, watcher)
        (timer,) = running.sfu._resting.values()
        for client in (speaker, watcher):
            client.close()
    assert timer.cancelled() and not running.sfu._resting
