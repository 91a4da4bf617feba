"""The hub when something fails or two things happen at once: no point is heard that may not be, nobody's stay is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection

from media import control
from media.errors import RoomFull
from media.peers import Crowd
from media.peers_clip import Clip
from meetings import service
from meetings.errors import Unavailable
from meetings.store import ledger_store
from meetings.store.database import Database
from tests.support.installation import Installation, Room, door, soon, tickets
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import _sessions, chair, listening, publisher, story, subscriber
from web import mediaprocess


class Failing:
    """A database whose writes fail until `works` is set, as one that is restarted would."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.failed = 0
        self.works = False
        self.answers = threading.Event()  # cleared: whoever writes waits, as for a lock
        self.answers.set()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self.answers.wait(30)
        if not self.works:
            self.failed += 1
            raise Unavailable("storage.busy")
        with self._db.write() as conn:
            yield conn


@pytest.fixture
def failing(installation: Installation) -> Iterator[Failing]:
    records, db = installation.found.hub._records, installation.found.db
    records._db = failing = Failing(db)
    yield failing
    failing.works = True
    records._db = db


def give_floor(installation: Installation, room: Room, point_id: int | None) -> None:
    with installation.found.db.write() as conn:
        service.floor_give(conn, room.meeting_id, point_id, chair(installation), installation.now())
    installation.found.hub.changed(room.meeting_id)


async def silenced(installation: Installation, room: Room, name: str) -> bool:
    """Whether the worker throws away what this point sends."""
    found = await asyncio.to_thread(installation.call, _sessions(installation, room))
    return any(one["name"] == name and one["gated"] > 10 for one in found)


async def test_a_policy_read_late_never_overwrites_a_newer_one(
    installation: Installation, client: httpx.AsyncClient, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, crowd, hub = installation.room(opened=True), Crowd(), installation.found.hub
    with installation.found.db.write() as conn:
        service.seat_join(conn, room.meeting_id, 2, installation.now())
        # A source that is no point: its coming is no news that would put the policy right by chance.
        ticket = service.mint(conn, room.meeting_id, "publish", "film", at=installation.now())
    reading, go_on, view = threading.Event(), threading.Event(), hub.newsroom.view

    def slow(wanted: str) -> Any:
        found = view(wanted)
        if wanted == room.meeting_id and not reading.is_set():
            reading.set()
            assert go_on.wait(20)
        return found

    async with listening(client, f"/j/{room.chair}/events") as news:
        monkeypatch.setattr(hub.newsroom, "view", slow)
        quiet = crowd.publisher("film", clip)
        coming = asyncio.create_task(quiet.connect(*door(client, room.meeting_id, "whip", ticket)))
        await soon(reading.is_set)
        give_floor(installation, room, 2)
        try:  # the newer state has half a second to overtake the older one
            await soon(lambda: news.last("state")["floor"], 0.5)
        except AssertionError:
            pass
        go_on.set()
        await coming
        quiet.mute("video")
        await soon(lambda: silenced(installation, room, "film"))
        await soon(lambda: news.last("state")["floor"])
    await quiet.close()


async def test_the_floor_holds_for_a_room_that_was_empty_meanwhile(
    installation: Installation, client: httpx.AsyncClient, clip: Clip
) -> None:
    room, crowd, hub = installation.room(opened=True), Crowd(), installation.found.hub
    first = await publisher(client, crowd, room, "204", clip)
    await soon(lambda: story(installation, room))
    give_floor(installation, room, 2)
    await first.close()
    await soon(lambda: not hub.live(room.meeting_id))
    quiet = await publisher(client, crowd, room, "06970", clip)
    quiet.mute("video")
    await soon(lambda: silenced(installation, room, "06970"))
    await quiet.close()


async def test_news_come_also_when_the_worker_does_not_take_the_policy_which_is_sent_again(
    installation: Installation, client: httpx.AsyncClient, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, crowd, hub = installation.room(opened=True), Crowd(), installation.found.hub
    peers = [await publisher(client, crowd, room, code, clip) for code in ("204", "06970")]
    peers[1].mute("video")
    await soon(lambda: len(story(installation, room)) == 2)
    worker = hub.crew._running[0].client
    send, refused = worker.policy, []

    async def full(*given: Any, **named: Any) -> None:
        if not refused:
            refused.append(given)
            raise RoomFull("worker.full")
        await send(*given, **named)

    monkeypatch.setattr(worker, "policy", full)
    async with listening(client, f"/j/{room.chair}/events") as news:
        give_floor(installation, room, 2)
        await soon(lambda: (news.last("state")["floor"] or {}).get("code") == "204")
    assert refused
    await soon(lambda: silenced(installation, room, "06970"))
    for peer in peers:
        await peer.close()


async def test_a_floor_given_while_the_state_cannot_be_read_silences_as_soon_as_it_can(
    installation: Installation, client: httpx.AsyncClient, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, crowd, hub = installation.room(opened=True), Crowd(), installation.found.hub
    peers = [await publisher(client, crowd, room, code, clip) for code in ("204", "06970")]
    peers[1].mute("video")
    await soon(lambda: len(story(installation, room)) == 2)
    view, failed = hub.newsroom.view, []

    def away(wanted: str) -> Any:
        if wanted == room.meeting_id and not failed:
            failed.append(wanted)
            raise Unavailable("storage.busy")
        return view(wanted)

    async with listening(client, f"/j/{room.chair}/events") as news:
        await soon(lambda: len(news.last("state")["present"]) == 2)
        monkeypatch.setattr(hub.newsroom, "view", away)
        give_floor(installation, room, 2)
        await soon(lambda: news.last("state")["floor"])
    assert failed
    await soon(lambda: silenced(installation, room, "06970"))
    for peer in peers:
        await peer.close()


async def test_a_meeting_that_nobody_is_in_takes_no_room_at_the_worker(
    installation: Installation, client: httpx.AsyncClient
) -> None:
    room = installation.room(opened=True)
    async with listening(client, f"/j/{room.chair}/events") as news:
        with installation.found.db.write() as conn:
            service.conclusion_write(conn, room.meeting_id, "Kết luận", chair(installation), installation.now())
        installation.found.hub.changed(room.meeting_id)
        await soon(lambda: news.last("state")["conclusions"])
    stats = await asyncio.to_thread(installation.call, installation.found.hub.stats())
    assert room.meeting_id not in stats["rooms"]


async def test_a_device_that_takes_over_ends_one_that_only_listens_and_its_tickets(
    installation: Installation, client: httpx.AsyncClient, clip: Clip
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    secret, hub = room.links["204"], installation.found.hub
    spare = (await tickets(client, secret, device="laptop"))["publish"]
    peers = []
    for kind, role, peer in (
        ("whip", "publish", crowd.publisher("204", clip)), ("whep", "subscribe", crowd.subscriber("204", audio=1, video=0)),
    ):
        ticket = (await tickets(client, secret, device="laptop", roles=[role]))[role]
        await peer.connect(*door(client, room.meeting_id, kind, ticket))
        peers.append(peer)
    old = {peer.location.rsplit("/", 1)[1] for peer in peers}
    await soon(lambda: "204" in hub.live(room.meeting_id))
    async with listening(client, f"/j/{secret}/events") as news:
        given = await tickets(client, secret, device="phone", mode="takeover", roles=["subscribe"])  # it has no camera
        ear = crowd.subscriber("204", audio=1, video=0)
        await ear.connect(*door(client, room.meeting_id, "whep", given["subscribe"]))
        await soon(lambda: {data["session"] for name, data in news.events if name == "replaced"} == old)
    for peer in peers:
        await asyncio.wait_for(peer.ended.wait(), 15)
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        await crowd.publisher("204", clip).connect(*door(client, room.meeting_id, "whip", spare))
    assert not ear.ended.is_set()
    assert story(installation, room) == [("point.joined", "204")], "the point never left"
    await ear.close()


async def test_the_two_tickets_of_one_page_that_takes_over_do_not_end_each_other(
    installation: Installation, client: httpx.AsyncClient, clip: Clip
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    first = await publisher(client, crowd, room, "204", clip)
    await soon(lambda: "204" in installation.found.hub.live(room.meeting_id))
    said = {"device": "phone", "mode": "takeover"}
    secret = room.links["204"]
    both = await asyncio.gather(*[tickets(client, secret, roles=[role], **said) for role in ("publish", "subscribe")])
    mouth, ear = crowd.publisher("204", clip), crowd.subscriber("204", audio=1, video=0)
    await mouth.connect(*door(client, room.meeting_id, "whip", both[0]["publish"]))
    await ear.connect(*door(client, room.meeting_id, "whep", both[1]["subscribe"]))
    await asyncio.wait_for(first.ended.wait(), 15)
    assert not mouth.ended.is_set() and not ear.ended.is_set()
    for peer in (first, mouth, ear):
        await peer.close()


async def test_who_comes_and_goes_while_the_database_is_away_is_recorded_when_it_is_back(
    installation: Installation, client: httpx.AsyncClient, clip: Clip, failing: Failing
) -> None:
    room, crowd, hub = installation.room(opened=True), Crowd(), installation.found.hub
    peer = await publisher(client, crowd, room, "204", clip)
    await soon(lambda: "204" in hub.live(room.meeting_id))
    await soon(lambda: failing.failed)
    await peer.close()
    await soon(lambda: not hub.live(room.meeting_id))
    before = installation.now()
    assert story(installation, room) == []
    failing.works = True
    await soon(lambda: len(story(installation, room)) == 2)
    assert story(installation, room) == [("point.joined", "204"), ("point.left", "204")]
    with installation.found.db.read() as conn:
        assert all(event.at <= before for event in ledger_store.events(conn, room.meeting_id)), "told as it happened"


async def test_a_revoked_point_is_cut_off_although_the_database_is_away(
    installation: Installation, client: httpx.AsyncClient, clip: Clip, failing: Failing
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    peers = [await subscriber(client, crowd, room, code) for code in ("204", "06970")]
    failing.answers.clear()
    installation.found.hub.drop([peer.location.rsplit("/", 1)[1] for peer in peers])
    try:
        for peer in peers:
            await asyncio.wait_for(peer.ended.wait(), 15)  # half of what a writer waits: nobody is waited for
    finally:
        failing.answers.set()
    await soon(lambda: failing.failed)


async def test_a_worker_that_hangs_is_noticed_said_and_replaced(
    installation: Installation, client: httpx.AsyncClient, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "CALL_TIME", 1.0)
    monkeypatch.setattr(mediaprocess, "PULSE", 0.1)
    room, crowd, workers = installation.room(opened=True), Crowd(), installation.found.hub.crew.workers
    given = await tickets(client, room.links["204"])
    hung = workers.pids[0]
    os.kill(hung, signal.SIGSTOP)
    with pytest.raises(httpx.HTTPStatusError, match="503"):
        await crowd.publisher("204", clip).connect(*door(client, room.meeting_id, "whip", given["publish"]))
    wanted = {"database": True, "files": True, "media": False}
    await soon(lambda: _ready_is(client, wanted))
    await soon(lambda: workers.pids and hung not in workers.pids, 20)
    monkeypatch.setattr(control, "CALL_TIME", 10.0)  # the next one may be slow: the cores are shared
    await soon(lambda: installation.found.hub.ready, 20)
    back = await publisher(client, crowd, room, "204", clip)
    await back.close()


async def _ready_is(client: httpx.AsyncClient, checks: dict[str, bool]) -> bool:
    answer = await client.get("/readyz")
    return bool(answer.json()["checks"] == checks and answer.status_code == 503)
