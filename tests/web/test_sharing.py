"""A shared screen in a running installation: nothing of one that is not allowed reaches anybody, however its client goes on sending."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from media.peers import Crowd
from media.peers_clip import Clip
from meetings.store import share_store
from tests.support.installation import Installation, Room, door, soon, tickets
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import listening, publisher
from tests.web.test_voices import ENOUGH, do
from web.screens import BACK, COMES, Screens


@pytest.fixture
async def chair(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    async with await installation.signed_in("chair") as opened:
        yield opened


async def share(client: httpx.AsyncClient, room: Room, code: str, path: str = "") -> httpx.Response:  # noqa: F811
    return await client.post(f"/j/{room.links[code]}/share{path}", json={}, headers={"accept": "application/json"})


async def sessions(installation: Installation, room: Room, role: str) -> dict[str, Any]:  # noqa: F811
    stats = await asyncio.to_thread(installation.call, installation.found.hub.stats(room.meeting_id))
    return {one["name"]: one for one in stats["rooms"].get(room.meeting_id, {"sessions": []})["sessions"] if one["role"] == role}


def shared(installation: Installation, room: Room) -> bool:  # noqa: F811
    with installation.found.db.read() as conn:
        return share_store.of(conn, room.meeting_id) is not None


async def test_nothing_of_a_screen_that_is_not_allowed_reaches_anybody(
    installation: Installation, client: httpx.AsyncClient, clip: Clip, chair: httpx.AsyncClient  # noqa: F811
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    camera = await publisher(client, crowd, room, "204", clip)
    await soon(lambda: "204" in installation.found.hub.live(room.meeting_id))
    refused = await share(client, room, "204")
    assert refused.status_code == 403 and refused.json()["error"] == "share.floor" and "phát biểu" in refused.json()["message"]
    assert (await share(client, room, "204", "/tickets")).json()["error"] == "share.none"
    await do(chair, room, "share", code="204")
    assert (await share(client, room, "204")).json() == {"shared": True}
    ticket = (await share(client, room, "204", "/tickets")).json()["publish"]
    screen = crowd.publisher("204#screen", clip)
    await screen.connect(*door(client, room.meeting_id, "whip", ticket))
    eye = crowd.subscriber("06976", audio=0, video=1)
    seen = (await tickets(client, room.links["06976"], roles=["subscribe"]))["subscribe"]
    await eye.connect(*door(client, room.meeting_id, "whep", seen, "?publishers=204%23screen"))
    await soon(lambda: eye.slots()[0].received > ENOUGH, 20)
    assert set(installation.found.hub.live(room.meeting_id)) == {"204", "06976"}, "a screen is no point"
    taken = await share(client, room, "22")
    assert taken.status_code == 403, "the chair's own point is not here"

    await do(chair, room, "share/end")
    await soon(lambda: _policy_holds(installation, room), 10)
    came, sent = eye.slots()[0].received, (await sessions(installation, room, "publish"))["204#screen"]["packets_in"]

    async def went_on() -> bool:
        return bool((await sessions(installation, room, "publish"))["204#screen"]["packets_in"] > sent + 2 * ENOUGH)

    await soon(went_on, 30)
    assert eye.slots()[0].received == came, "0 packets, whatever the client sends"
    assert (await share(client, room, "204")).status_code == 403, "taken away for good"
    for peer in (screen, camera, eye):
        await peer.close()


async def test_the_sound_of_a_screen_is_heard_while_it_is_shared_and_then_not_a_packet_of_it(
    installation: Installation, client: httpx.AsyncClient, clip: Clip, chair: httpx.AsyncClient  # noqa: F811
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    camera = await publisher(client, crowd, room, "204", clip)
    await soon(lambda: "204" in installation.found.hub.live(room.meeting_id))
    await do(chair, room, "share", code="204")
    await share(client, room, "204")
    ticket = (await share(client, room, "204", "/tickets")).json()["publish"]
    film = crowd.publisher("204#screen", clip)
    await film.connect(*door(client, room.meeting_id, "whip", ticket))
    film.mute("video")
    camera.mute("video")
    ears = [crowd.subscriber(code, audio=4, video=0) for code in ("06976", "204")]
    for ear in ears:
        seen = (await tickets(client, room.links[ear.name], roles=["subscribe"]))["subscribe"]
        await ear.connect(*door(client, room.meeting_id, "whep", seen))
    await do(chair, room, "voice/all", muted=True)

    async def heard(ear: str, name: str) -> int:
        slots = (await sessions(installation, room, "subscribe"))[ear]["slots"]
        at = next((place for place, slot in enumerate(slots) if slot["name"] == name), None)
        return 0 if at is None else next(one for one in ears if one.name == ear).slots()[at].received

    async def plays() -> bool:
        return await heard("06976", "204#screen") > ENOUGH

    await soon(plays, 20)
    assert sum(slot.received for slot in ears[1].slots()) == 0, "its own point plays nothing of it"

    async def held_back() -> bool:
        return bool((await sessions(installation, room, "publish"))["204"]["gated"])

    await soon(held_back, 10)  # its microphone, like all others
    await do(chair, room, "share/end")
    await soon(lambda: _policy_holds(installation, room), 10)
    sent = (await sessions(installation, room, "publish"))["204#screen"]["packets_in"]
    came = [sum(slot.received for slot in ear.slots()) for ear in ears]

    async def went_on() -> bool:
        return bool((await sessions(installation, room, "publish"))["204#screen"]["packets_in"] > sent + 4 * ENOUGH)

    await soon(went_on, 30)
    assert [sum(slot.received for slot in ear.slots()) for ear in ears] == came, "0 packets, whatever the client sends"
    for peer in (film, camera, *ears):
        await peer.close()


async def _policy_holds(installation: Installation, room: Room) -> bool:  # noqa: F811
    policies = [running.policies.get(room.meeting_id) for running in installation.found.hub.crew._running.values()]
    return any(policy is not None and policy.seconds == () for policy in policies)


async def test_the_room_is_told_whose_screen_it_is_and_a_screen_without_media_ends(
    installation: Installation, client: httpx.AsyncClient, clip: Clip, chair: httpx.AsyncClient  # noqa: F811
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    camera = await publisher(client, crowd, room, "204", clip)
    await soon(lambda: "204" in installation.found.hub.live(room.meeting_id))
    async with listening(client, f"/j/{room.links['06970']}/events") as news:
        await do(chair, room, "floor", code="204")
        await share(client, room, "204")
        await soon(lambda: (news.last("state").get("share") or {}).get("code") == "204")
        ticket = (await share(client, room, "204", "/tickets")).json()["publish"]
        screen = crowd.publisher("204#screen", clip)
        await screen.connect(*door(client, room.meeting_id, "whip", ticket))
        await do(chair, room, "floor")
        await soon(lambda: news.last("state").get("share") is None)
        assert (await share(client, room, "204", "/end")).json() == {"changed": False}
        await do(chair, room, "floor", code="204")
        await share(client, room, "204")
        await soon(lambda: news.last("state").get("share") is not None)
        hub = installation.found.hub
        hub.screens._known[room.meeting_id, "204#screen"].until = installation.now() - timedelta(seconds=1)
        await soon(lambda: not shared(installation, room), 10)
        await soon(lambda: news.last("state").get("share") is None)
        await screen.close()
    await camera.close()


def test_a_screen_is_waited_for_and_an_older_session_of_it_counts_for_nothing() -> None:
    at = datetime(2026, 3, 5, tzinfo=UTC)
    screens = Screens()
    screens.up("room", "22", "camera")
    assert screens.expire(at) == []
    screens.announced("room", "22#screen", 7, at)
    assert screens.expire(at + COMES / 2) == []
    screens.up("room", "22#screen", "one")
    assert screens.expire(at + 9 * COMES) == []
    screens.announced("room", "22#screen", 7, at, anew=False)
    assert screens.expire(at + 9 * COMES) == [], "said once more, and what has media goes on"
    screens.announced("room", "22#screen", 7, at)
    screens.over("one", at)
    assert screens.expire(at + COMES / 2) == []
    screens.up("room", "22#screen", "two")
    screens.over("two", at)
    assert screens.expire(at + BACK / 2) == [] and screens.expire(at + BACK) == [("room", 7)] and screens.expire(at + BACK) == []
