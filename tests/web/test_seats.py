"""Which device has a point's place: also after the server has ended and begun again; and how often tickets are asked for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from media.peers import Crowd
from media.peers_clip import Clip
from meetings.errors import Conflict
from meetings.store import ledger_store
from tests.support.installation import Installation, Room, door, soon, tickets
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures
from web.limits import SESSIONS_PER_POINT, TICKETS_PER_POINT
from web.rates import TooMany
from web.seats import RETURN, Seats

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_fifty_reconnections_in_a_minute_are_not_too_many_and_tickets_for_nothing_are() -> None:
    seats = Seats()
    for number in range(50):
        seats.count("m", "a", "publish", AT + number * SECOND)
        seats.opened("m", "a", "publish", AT + number * SECOND)
    later = AT + 51 * SECOND
    for _ in range(TICKETS_PER_POINT):
        seats.count("m", "a", "publish", later)
    with pytest.raises(TooMany):
        seats.count("m", "a", "publish", later)
    seats.count("m", "a", "subscribe", later)
    seats.count("m", "a", "publish", later + 60 * SECOND)


def test_sessions_have_a_limit_too() -> None:
    seats = Seats()
    for _ in range(SESSIONS_PER_POINT):
        seats.count("m", "a", "publish", AT)
        seats.opened("m", "a", "publish", AT)
    with pytest.raises(TooMany):
        seats.count("m", "a", "publish", AT)
    seats.forget("m")
    seats.count("m", "a", "publish", AT)


def test_after_a_restart_the_device_that_was_there_comes_back_and_another_is_asked() -> None:
    seats = Seats()
    seats.remember([("m", "a", "laptop")], AT)
    assert seats.held("m", "a", AT, live=False) and not seats.held("m", "b", AT, live=False)
    with pytest.raises(Conflict, match=r"point\.busy"):
        seats.asks("m", "a", "phone", AT + SECOND, live=False, over=False)
    assert seats.asks("m", "a", "phone", AT + SECOND, live=False, over=True) is True
    assert seats.asks("m", "a", "laptop", AT + SECOND, live=False, over=False) is False
    assert seats.asks("m", "a", "phone", AT + RETURN, live=False, over=False) is True, "nobody is waited for longer"
    seats.take("m", "a", "laptop")
    assert not seats.held("m", "a", AT + SECOND, live=False)


async def test_the_holder_of_a_place_is_known_after_the_server_began_again(tmp_path: Path, clip: Clip) -> None:  # noqa: F811
    first, crowd = Installation(tmp_path).start(), Crowd()
    room = first.room(opened=True)
    try:
        async with first.client() as line:
            peer = crowd.publisher("204", clip)
            ticket = (await tickets(line, room.links["204"], device="laptop", roles=["publish"]))["publish"]
            await peer.connect(*door(line, room.meeting_id, "whip", ticket))
            await soon(lambda: "204" in first.found.hub.live(room.meeting_id))
    finally:
        await asyncio.to_thread(first.stop)
    second = Installation(tmp_path).start()
    try:
        async with second.client() as line:
            asked = await line.post(f"/j/{room.links['204']}/tickets", json={"device": "phone"})
            assert asked.status_code == 409 and asked.json()["error"] == "point.busy"
            assert "đang họp trên một thiết bị khác" in (await line.get(f"/j/{room.links['204']}", headers={"accept": "text/html"})).text
            await tickets(line, room.links["204"], device="laptop")
            await tickets(line, room.links["06970"], device="phone")  # nobody had that one
    finally:
        await asyncio.to_thread(second.stop)


async def test_a_page_without_media_makes_its_point_present_and_media_supersede_it(
    installation: Installation, client: httpx.AsyncClient, clip: Clip, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    room, crowd, secret = installation.room(opened=True), Crowd(), "204"
    monkeypatch.setattr("web.routes.tickets.SIGN_OF_LIFE", timedelta(seconds=1))
    here = f"/j/{room.links[secret]}/here"
    assert (await client.post(here, json={"device": "laptop"})).status_code == 204
    assert story(installation, room) == [("point.joined", {"by": "signal"})]
    other = await client.post(here, json={"device": "phone"})
    assert other.status_code == 409 and other.json()["error"] == "point.busy"
    await soon(lambda: len(story(installation, room)) == 2)
    assert story(installation, room)[-1] == ("point.left", {"reason": "gone"})
    monkeypatch.setattr("web.routes.tickets.SIGN_OF_LIFE", timedelta(minutes=5))
    await client.post(here, json={"device": "laptop"})
    peer = crowd.publisher("204", clip)
    ticket = (await tickets(client, room.links[secret], device="laptop", roles=["publish"]))["publish"]
    await peer.connect(*door(client, room.meeting_id, "whip", ticket))
    await peer.close()
    await soon(lambda: len(story(installation, room)) == 4)
    assert story(installation, room)[2] == ("point.joined", {"by": "signal"}), "its media came while it was there"
    assert [kind for kind, _data in story(installation, room)] == ["point.joined", "point.left"] * 2


def story(installation: Installation, room: Room) -> list[tuple[str, object]]:
    """What the record tells of comings and goings."""
    with installation.found.db.read() as conn:
        return [(event.kind, dict(event.data)) for event in ledger_store.events(conn, room.meeting_id) if event.kind.startswith("point.")]
