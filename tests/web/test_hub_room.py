"""The hub in a running installation: peers become presence, the floor becomes silence, changes become news."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from media.peers import Crowd, Publisher, Subscriber
from media.peers_clip import Clip
from meetings import service
from meetings.access import Role
from meetings.errors import Closed, NotFound
from meetings.ledger import verify_chain
from meetings.store import ledger_store
from tests.support import factories
from tests.support.installation import Installation, Room, door, soon, tickets
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures
from web import roomdelta
from web.hub import Hub
from web.newsroom import COALESCE


def story(installation: Installation, room: Room) -> list[tuple[str, str]]:
    """(kind, code) of what happened to points, in order; the chain is checked on the way."""
    with installation.found.db.read() as conn:
        events = ledger_store.events(conn, room.meeting_id)
    assert verify_chain(events) is None
    return [(event.kind, event.point["code"]) for event in events if event.kind.startswith("point.") and event.point]


def chair(installation: Installation) -> Any:
    return factories.user(installation.people["chair"].user_id, "t", Role.CHAIR)


async def publisher(client: httpx.AsyncClient, crowd: Crowd, room: Room, code: str, clip: Clip) -> Publisher:
    peer = crowd.publisher(code, clip)
    ticket = (await tickets(client, room.links[code], roles=["publish"]))["publish"]
    await peer.connect(*door(client, room.meeting_id, "whip", ticket))
    return peer


async def subscriber(client: httpx.AsyncClient, crowd: Crowd, room: Room, code: str, slots: int = 2) -> Subscriber:
    peer = crowd.subscriber(code, audio=slots, video=0)
    ticket = (await tickets(client, room.links[code], roles=["subscribe"]))["subscribe"]
    await peer.connect(*door(client, room.meeting_id, "whep", ticket))
    return peer


async def watched(client: httpx.AsyncClient, crowd: Crowd, room: Room, clip: Clip) -> tuple[Publisher, Subscriber]:
    """A point that sends, and the chair that sees it."""
    peer = await publisher(client, crowd, room, "204", clip)
    watcher = crowd.subscriber("22", audio=1, video=1)
    ticket = (await tickets(client, room.chair, roles=["subscribe"]))["subscribe"]
    await watcher.connect(*door(client, room.meeting_id, "whep", ticket))
    await soon(lambda: watcher.slots()[1].received > 5)
    return peer, watcher


class News:
    """Reads a stream of server-sent events in the background; a change is also the state that it makes."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def last(self, name: str) -> Any:
        return next((data for event, data in reversed(self.events) if event == name), None)

    async def read(self, answer: httpx.Response) -> None:
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))
                self.events.append((name, data))
                if name == "change" and (state := self.last("state"))["version"] < data["to"]:
                    assert state["version"] == data["from"], "nothing between is missing"
                    known = {"points": {}} | state
                    self.events.append(("state", roomdelta.after(known, data["parts"]) | {"version": data["to"], "at": data["at"]}))


@asynccontextmanager
async def listening(client: httpx.AsyncClient, path: str) -> AsyncIterator[News]:
    news = News()
    async with client.stream("GET", path, timeout=None) as answer:
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        reading = asyncio.create_task(news.read(answer))
        await soon(lambda: news.last("state"))
        try:
            yield news
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def test_presence_runs_from_the_first_peer_up_to_the_last_peer_down(
    installation: Installation, client: httpx.AsyncClient, clip: Clip
) -> None:
    room, crowd = installation.room(), Crowd()
    async with listening(client, f"/j/{room.chair}/events") as news:
        assert news.last("state")["present"] == {}
        sends = await publisher(client, crowd, room, "204", clip)
        receives = await subscriber(client, crowd, room, "204")
        await soon(lambda: news.last("state")["present"] == {"204": 1})
        await sends.close()
        await soon(lambda: len(installation.call(_sessions(installation, room))) == 1)
        assert story(installation, room) == [("point.joined", "204")]
        await receives.close()
        await soon(lambda: news.last("state")["present"] == {})
    assert story(installation, room) == [("point.joined", "204"), ("point.left", "204")]


async def _sessions(installation: Installation, room: Room) -> list[dict[str, Any]]:
    stats = await installation.found.hub.stats(room.meeting_id)
    return stats["rooms"].get(room.meeting_id, {}).get("sessions", [])


async def test_a_floor_silences_the_others_at_the_server_and_its_end_lets_them_be_heard(
    installation: Installation, client: httpx.AsyncClient, clip: Clip
) -> None:
    room, crowd, by = installation.room(opened=True), Crowd(), chair(installation)
    main, speaker, quiet = [await publisher(client, crowd, room, code, clip) for code in ("22", "204", "06970")]
    ear = await subscriber(client, crowd, room, "06973", slots=3)
    await soon(lambda: sum(slot.received > 5 for slot in ear.slots()) == 3)

    async def heard() -> set[str]:
        """Names of whose sound the worker lets through, judged once 15 more packets of everybody have come in."""
        before = {one["name"]: one for one in await _publishing()}

        async def enough() -> list[dict[str, Any]]:
            now = await _publishing()
            waiting = any(one["packets_in"] < before[one["name"]]["packets_in"] + 15 for one in now)
            return [] if waiting else now

        passed = {name: one["packets_in"] - one["gated"] for name, one in before.items()}
        return {one["name"] for one in await soon(enough) if one["packets_in"] - one["gated"] > passed[one["name"]] + 5}

    async def _publishing() -> list[dict[str, Any]]:
        found = await asyncio.to_thread(installation.call, _sessions(installation, room))
        return [one for one in found if one["role"] == "publish"]

    for peer in (main, speaker, quiet):
        peer.mute("video")  # so that what passes is sound
    await soon(_is(heard, {"22", "204", "06970"}))
    with installation.found.db.write() as conn:
        service.floor_give(conn, room.meeting_id, 2, by, installation.now())
    installation.found.hub.changed(room.meeting_id)
    await soon(_is(heard, {"22", "204"}))
    late = await publisher(client, crowd, room, "06976", clip)  # who comes while somebody speaks is silent from the start
    late.mute("video")
    assert await heard() == {"22", "204"}
    with installation.found.db.write() as conn:
        service.floor_give(conn, room.meeting_id, None, by, installation.now())
    installation.found.hub.changed(room.meeting_id)
    await soon(_is(heard, {"22", "204", "06970", "06976"}))
    for peer in (main, speaker, quiet, late, ear):
        await peer.close()


def _is(ask: Any, wanted: Any) -> Any:
    async def check() -> bool:
        return bool(await ask() == wanted)

    return check


async def test_slots_are_told_to_the_pages_of_that_point_alone_and_a_reader_gets_the_state(
    installation: Installation, client: httpx.AsyncClient, clip: Clip
) -> None:
    room, crowd = installation.room(), Crowd()
    watcher = await subscriber(client, crowd, room, "204")
    session = watcher.location.rsplit("/", 1)[1]
    reader = await installation.signed_in("chair")
    async with (
        listening(client, f"/j/{room.links['204']}/events") as own, listening(client, f"/j/{room.chair}/events") as other,
        listening(reader, f"/meetings/{room.meeting_id}/events") as signed_in,
    ):
        sender = await publisher(client, crowd, room, "22", clip)
        await soon(lambda: own.last("slots") and own.last("slots")["slots"][0]["name"] == "22")
        assert own.last("slots")["session"] == session
        await soon(lambda: signed_in.last("state")["present"] == {"22": 1, "204": 1})
        assert other.last("slots") is None and signed_in.last("slots") is None
    async with listening(client, f"/j/{room.links['204']}/events") as again:
        await soon(lambda: again.last("slots"))  # a page that comes back is told at once
    await reader.aclose()
    await sender.close()
    await watcher.close()


async def test_a_second_device_that_takes_over_is_the_only_one_left_and_the_first_is_told(
    installation: Installation, client: httpx.AsyncClient, clip: Clip
) -> None:
    room, crowd = installation.room(), Crowd()
    first = await publisher(client, crowd, room, "204", clip)
    old = first.location.rsplit("/", 1)[1]
    await soon(lambda: "204" in installation.found.hub.live(room.meeting_id))
    asked = await client.post(f"/j/{room.links['204']}/tickets", json={"device": "phone"})
    assert asked.status_code == 409 and asked.json()["error"] == "point.busy"
    async with listening(client, f"/j/{room.links['204']}/events") as news:
        given = await tickets(client, room.links["204"], device="phone", mode="takeover")
        second = crowd.publisher("204", clip)
        await second.connect(*door(client, room.meeting_id, "whip", given["publish"]))
        await soon(lambda: news.last("replaced") == {"session": old})
    assert story(installation, room) == [("point.joined", "204")]  # one stay: the point never left
    again = await tickets(client, room.links["204"], device="phone")  # its own reconnection is not another device
    assert set(again) >= {"publish", "subscribe"}
    await second.close()
    await first.close()


async def test_a_worker_that_dies_ends_no_stay_of_a_point_that_returns_and_the_policy_is_there_before_it(
    installation: Installation, client: httpx.AsyncClient, clip: Clip
) -> None:
    room, crowd, hub = installation.room(opened=True), Crowd(), installation.found.hub
    first = await publisher(client, crowd, room, "204", clip)
    await soon(lambda: "204" in hub.live(room.meeting_id))
    await soon(lambda: story(installation, room))
    with installation.found.db.write() as conn:
        service.floor_give(conn, room.meeting_id, 2, chair(installation), installation.now())
    hub.changed(room.meeting_id)
    async with listening(client, f"/j/{room.links['204']}/events") as news:
        os.kill(hub.crew.workers.pids[0], signal.SIGKILL)
        await soon(lambda: news.last("media"), 20)
        assert hub.live(room.meeting_id) == frozenset()
        back = await publisher(client, crowd, room, "204", clip)
        silent = await publisher(client, crowd, room, "06970", clip)
        silent.mute("video")
        await soon(lambda: hub.live(room.meeting_id) == {"204", "06970"})

    async def dropped() -> bool:  # the floor was given before the worker died and must still hold
        found = await asyncio.to_thread(installation.call, _sessions(installation, room))
        return any(one["name"] == "06970" and one["gated"] > 10 for one in found)

    await soon(dropped)
    assert story(installation, room) == [("point.joined", "204"), ("point.joined", "06970")]
    for peer in (first, back, silent):
        await peer.close()


async def test_closing_ends_every_peer_and_no_ticket_is_minted_after(
    installation: Installation, client: httpx.AsyncClient, clip: Clip
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    peer = await publisher(client, crowd, room, "204", clip)
    await soon(lambda: "204" in installation.found.hub.live(room.meeting_id))
    with installation.found.db.write() as conn:
        service.close(conn, room.meeting_id, chair(installation), installation.now())
    installation.found.hub.changed(room.meeting_id)
    await asyncio.wait_for(peer.ended.wait(), 15)
    await soon(lambda: not installation.found.hub.live(room.meeting_id))
    with installation.found.db.write() as conn, pytest.raises(Closed):
        service.mint(conn, room.meeting_id, "publish", "204", 2, at=installation.now())


async def test_a_burst_of_changes_is_told_at_most_ten_times_a_second_and_the_last_is_never_lost(
    installation: Installation, client: httpx.AsyncClient
) -> None:
    room, by = installation.room(opened=True), chair(installation)
    async with listening(client, f"/j/{room.chair}/events") as news:
        began = time.monotonic()
        for number in range(1, 41):
            with installation.found.db.write() as conn:
                service.conclusion_write(conn, room.meeting_id, f"Kết luận {number}", by, installation.now())
            installation.found.hub.changed(room.meeting_id)
        await soon(lambda: len(news.last("state")["conclusions"]) == 40)
        spans = (time.monotonic() - began) / COALESCE
        assert sum(name == "state" for name, _ in news.events) <= spans + 2  # the first one, and one that was under way


async def test_presence_and_sessions_left_open_by_a_crash_are_ended_at_the_next_start(
    installation: Installation, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    room, found = installation.room(), installation.found
    ticket = (await tickets(client, room.links["06973"]))["publish"]
    with found.db.write() as conn:
        service.seat_join(conn, room.meeting_id, 4, installation.now())
        session = service.redeem(conn, ticket, room.meeting_id, "publish", installation.now()).session_id
    hub = Hub(found.db, installation.now, socket=tmp_path / "media.sock", port=0, advertise=["127.0.0.1"])
    await hub.start()
    try:
        assert story(installation, room) == [("point.joined", "06973"), ("point.left", "06973")]
        with found.db.read() as conn, pytest.raises(NotFound, match=r"session\.unknown"):
            service.session_of(conn, session, ticket)
    finally:
        await hub.stop()
