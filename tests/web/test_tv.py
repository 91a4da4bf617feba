"""A point's television: receives beside the point's own device, takes its place from nobody, ends with its link."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from media.peers import Crowd
from media.peers_clip import Clip
from meetings import service
from meetings.access import Role
from tests.support import factories
from tests.support.installation import Installation, door, soon, tickets
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import publisher
from web import seats


@pytest.mark.parametrize("query", ["", "?screen=1", "?screen=2", "?screen=3"])
async def test_the_page_opens_by_the_points_link(installation: Installation, client: httpx.AsyncClient, query: str) -> None:  # noqa: F811
    room = installation.room()
    answer = await client.get(f"/j/{room.chair}/tv{query}", headers={"accept": "text/html"})
    assert answer.status_code == 200 and f"screen-{query[-1] if query[-1:] in ('1', '2') else '0'}" in answer.text
    assert (await client.get(f"/j/{'x' * 46}/tv")).status_code == 404


async def test_a_television_is_no_second_device_and_nobodys_presence(
    installation: Installation, client: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    room, crowd, hub = installation.room(opened=True), Crowd(), installation.found.hub
    screens = []
    for _ in range(2):
        ticket = (await client.post(f"/j/{room.links['204']}/screen/tickets")).json()["subscribe"]
        screen = crowd.subscriber("204", audio=1, video=2)
        await screen.connect(*door(client, room.meeting_id, "whep", ticket))
        screens.append(screen)
    assert hub.live(room.meeting_id) == frozenset()
    own = await publisher(client, crowd, room, "204", clip)  # is not asked whether it wants to take over
    other = await publisher(client, crowd, room, "22", clip)
    await soon(lambda: hub.live(room.meeting_id) == frozenset({"204", "22"}))
    await soon(lambda: all(screen.slots()[1].received > 5 for screen in screens))
    stats = await asyncio.to_thread(installation.call, hub.stats(room.meeting_id))
    shown = [slot["name"] for one in stats["rooms"][room.meeting_id]["sessions"] if one["role"] == "subscribe" for slot in one["slots"]]
    assert "22" in shown and "204" not in shown, "nobody sees its own room"
    await own.close()
    await soon(lambda: hub.live(room.meeting_id) == frozenset({"22"}))
    by = factories.user(installation.people["secretary"].user_id, "t", Role.SECRETARY)
    with installation.found.db.write() as conn:
        link = next(one for one in service.links(conn, room.meeting_id) if one.code == "204")
        gone = service.link_revoke(conn, room.meeting_id, link.point_id, by, installation.now())
    hub.drop(gone)
    await asyncio.wait_for(asyncio.gather(*(screen.ended.wait() for screen in screens)), 15)
    await other.close()


async def test_a_television_that_loses_its_line_again_and_again_is_let_in(
    installation: Installation, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    monkeypatch.setattr(seats, "TICKETS_PER_POINT", 2)
    room, crowd = installation.room(opened=True), Crowd()
    for _ in range(4):
        answer = await client.post(f"/j/{room.links['204']}/screen/tickets")
        assert answer.status_code == 200
        screen = crowd.subscriber("204", audio=1, video=1)
        await screen.connect(*door(client, room.meeting_id, "whep", answer.json()["subscribe"]))
        await screen.close()


async def test_a_television_that_asks_again_and_again_is_told_to_wait(installation: Installation, client: httpx.AsyncClient) -> None:  # noqa: F811
    room = installation.room()
    answers = [(await client.post(f"/j/{room.links['06970']}/screen/tickets")).status_code for _ in range(12)]
    assert answers.count(429) >= 1 and answers[0] == 200
    assert (await tickets(client, room.links["06970"]))["publish"], "the point's own device is none the worse"
