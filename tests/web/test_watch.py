"""The wall's server side: who may watch, what is told, and that a watcher's session ends with its page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from media.peers import Crowd
from media.peers_clip import Clip
from meetings.store import tables
from tests.support.installation import Installation, Room, door, soon
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import publisher
from web.routes import watch

NAME = "0123456789abcdef"


@pytest.fixture
async def secretary(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    async with await installation.signed_in("secretary") as opened:
        yield opened


class Told:
    """What a wall was told: rows by code, and its own slots."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.slots: list[Any] = []
        self.news = 0
        self.over = False

    async def read(self, answer: httpx.Response) -> None:
        name = ""
        async for text in answer.aiter_lines():
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: "):
                data = json.loads(text.removeprefix("data: "))
                if name == "points":
                    self.news += 1
                    self.rows |= {row["code"]: row for row in data}
                elif name == "slots":
                    self.slots.append(data)
                self.over = self.over or name == "over"
        self.over = True


@asynccontextmanager
async def wall(reader: httpx.AsyncClient, room: Room, watcher: str = NAME) -> AsyncIterator[Told]:
    told = Told()
    async with reader.stream("GET", f"/meetings/{room.meeting_id}/wall/events?watcher={watcher}", timeout=None) as answer:
        assert answer.status_code == 200, answer.status_code
        reading = asyncio.create_task(told.read(answer))
        await soon(lambda: told.rows)
        try:
            yield told
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def test_only_parties_watch(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room()
    for path in ("wall", f"wall/events?watcher={NAME}"):
        assert (await client.get(f"/meetings/{room.meeting_id}/{path}")).status_code in (303, 401)
    assert (await secretary.get(f"/meetings/{room.meeting_id}/wall", headers={"accept": "text/html"})).status_code == 200
    for bad in ("", "22", "../x", "0123456789ABCDEF", f"{NAME}0"):
        answer = await secretary.post(f"/meetings/{room.meeting_id}/watch/tickets", json={"watcher": bad})
        assert (answer.status_code, answer.json()["error"]) == (422 if answer.status_code == 422 else 400, "bad_request")
    del secretary.headers["x-csrf-token"]
    assert (await secretary.post(f"/meetings/{room.meeting_id}/watch/tickets", json={"watcher": NAME})).status_code == 403


async def test_a_wall_tells_how_points_stand_and_a_watcher_is_nobodys_presence(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    async with wall(secretary, room) as told:
        assert {row["stands"] for row in told.rows.values()} == {"never"} and set(told.rows) == set(room.links)
        peer = await publisher(client, crowd, room, "204", clip)
        await soon(lambda: told.rows["204"]["stands"] == "here")
        await soon(lambda: told.rows["204"]["picture"])
        assert set(watch._look(installation.found, room.meeting_id, "vi", frozenset({"204"}))[1]) == {"204"}, "of those it tends alone"
        ticket = (await secretary.post(f"/meetings/{room.meeting_id}/watch/tickets", json={"watcher": NAME})).json()["subscribe"]
        watcher = crowd.subscriber(f"~{NAME}", audio=0, video=2)
        await watcher.connect(*door(client, room.meeting_id, "whep", ticket))
        await soon(lambda: told.slots and "204" in [slot["name"] for slot in told.slots[-1]["slots"]])
        assert installation.found.hub.live(room.meeting_id) == frozenset({"204"})
        await peer.close()
        await soon(lambda: told.rows["204"]["stands"] == "left")
        quiet = told.news
        await asyncio.sleep(0.2)
        assert told.news - quiet <= 1, "nothing is told while nothing differs"
        await watcher.close()


async def test_a_watcher_whose_page_hears_no_news_is_told_to_go(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    looked_at = timedelta(seconds=watch.ALONE)
    monkeypatch.setattr(watch, "ALONE", 0.5)
    room, crowd = installation.room(opened=True), Crowd()
    ticket = (await secretary.post(f"/meetings/{room.meeting_id}/watch/tickets", json={"watcher": NAME})).json()["subscribe"]
    with installation.found.db.read() as conn:
        minted, void = conn.execute(select(tables.ticket.c.minted_at, tables.ticket.c.expires_at).where(tables.ticket.c.room == room.meeting_id)).one()
    assert void - minted < looked_at, "who comes later would never be looked at"
    watcher = crowd.subscriber(f"~{NAME}", audio=0, video=1)
    await watcher.connect(*door(client, room.meeting_id, "whep", ticket))
    await asyncio.wait_for(watcher.ended.wait(), 10)
    await soon(lambda: not installation.found.hub.sessions_of(room.meeting_id, f"~{NAME}"))
