"""What the relay finds out reaches the right pages: layers that are wanted their publisher's, a frozen picture everybody's."""

from __future__ import annotations

import asyncio

import httpx

from media.peers import Crowd
from media.peers_clip import Clip
from tests.support.installation import Installation, soon
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import listening, publisher, watched


async def test_wanted_layers_are_told_to_their_publisher_alone_and_again_to_a_page_that_connects_later(
    installation: Installation, client: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    async with listening(client, f"/j/{room.links['204']}/events") as own, listening(client, f"/j/{room.chair}/events") as other:
        peer = await publisher(client, crowd, room, "204", clip)
        session = peer.location.rsplit("/", 1)[1]
        await soon(lambda: own.last("wanted") == {"session": session, "tracks": [{"mid": "1", "rids": []}]}, 20)  # nobody looks
        assert other.last("wanted") is None
    async with listening(client, f"/j/{room.links['204']}/events") as later:
        await soon(lambda: later.last("wanted"))
        assert later.last("wanted")["session"] == session
    await peer.close()


async def test_a_frozen_picture_is_reported_within_three_seconds_to_every_page_and_so_is_its_return(
    installation: Installation, client: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    peer, watcher = await watched(client, Crowd(), room, clip)
    said = {"session": peer.location.rsplit("/", 1)[1], "name": "204", "mid": "1"}
    loop = asyncio.get_running_loop()
    async with listening(client, f"/j/{room.links['06970']}/events") as news:
        peer.mute("video")
        muted = loop.time()
        await soon(lambda: news.last("frozen"))
        assert loop.time() - muted < 3.0
        assert news.last("frozen") == said and news.last("thawed") is None
        quality = (await client.get(f"/j/{room.links['204']}/quality")).json()["sessions"][0]
        assert quality["reason"] == "frozen" and quality["level"] == "bad"
        peer.mute("video", False)
        await soon(lambda: news.last("thawed") == said)
    for one in (peer, watcher):
        await one.close()
