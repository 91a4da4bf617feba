"""A point whose line is cut: the others are told within two seconds, and told again when it is back; its presence goes on."""

from __future__ import annotations

import time

import httpx

from media.peers import Crowd
from media.peers_clip import Clip
from tests.support.installation import Installation, soon
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import listening, publisher

LATE = 2.0    # seconds until the others are told
BUSY = 3.0    # seconds more that a machine with other work is given


async def test_a_cut_line_is_told_and_so_is_its_return_and_nobody_has_left(
    installation: Installation, client: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    room, crowd = installation.room(), Crowd()
    async with listening(client, f"/j/{room.chair}/events") as news:
        peer = await publisher(client, crowd, room, "204", clip)
        await soon(lambda: news.last("state")["present"] == {"204": 1})
        peer._link._dtls.close = lambda: None  # type: ignore[method-assign]  # a cut line says no goodbye
        peer.lose("cut")
        began = time.monotonic()
        await soon(lambda: news.last("away"))
        assert news.last("away") == {"name": "204"} and time.monotonic() - began < LATE + BUSY
        async with listening(client, f"/j/{room.links['06970']}/events") as late:
            await soon(lambda: late.last("away"))
        again = await publisher(client, crowd, room, "204", clip)
        await soon(lambda: news.last("back"))
        assert news.last("back") == {"name": "204"} and news.last("state")["present"] == {"204": 1}
        async with listening(client, f"/j/{room.links['06970']}/events") as late:
            assert late.last("away") is None
        await again.close()
        await soon(lambda: news.last("state")["present"] == {})
        assert [name for name, _ in news.events].count("away") == 1
