"""The technician's wall: who is where and why, pictures by turns, nobody's room changed by being watched."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page

from media.peers import Crowd
from media.peers_clip import Clip
from tests.journeys.test_browser_troubles import complaints
from tests.journeys.visitors import sign_in
from tests.support.installation import Installation, Room, soon
from tests.support.running import client, clip  # noqa: F401 - fixtures
from tests.web.test_hub_room import publisher

pytestmark = pytest.mark.browser


async def watching(chromium: Browser, installation: Installation, room: Room, login: str = "secretary", **context: Any) -> Page:
    """The wall as this account sees it."""
    opened = await chromium.new_context(**{"locale": "vi-VN", **context})
    await sign_in(opened, installation, login)
    page = await opened.new_page()
    await page.goto(f"{installation.url}/meetings/{room.meeting_id}/wall")
    return page


async def stands(page: Page) -> dict[str, str]:
    found: dict[str, str] = await page.evaluate("Object.fromEntries([...document.querySelectorAll('.point')].map((box) => [box.dataset.code, box.dataset.is]))")
    return found


async def test_a_wall_shows_how_each_point_stands_and_the_pictures_of_its_page(
    chromium: Browser, installation: Installation, client: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    peers = {code: await publisher(client, crowd, room, code, clip) for code in ("22", "204", "06970")}
    page = await watching(chromium, installation, room)
    await soon(lambda: stands(page))
    first = await stands(page)
    assert len(first) == len(room.links) and {first[code] for code in peers} == {"here"}
    assert {first[code] for code in set(first) - set(peers)} == {"never"}
    await soon(lambda: page.evaluate("document.querySelectorAll('.point.live').length === 3"), 30)
    assert not await complaints(page)
    assert installation.found.hub.live(room.meeting_id) == frozenset(peers), "a watcher is nobody's presence"
    peers["204"]._link._dtls.close = lambda: None  # type: ignore[method-assign]
    peers["204"].lose("cut")
    await soon(lambda: page.locator(".point[data-code='204'][data-is=away]").count(), 15)
    assert await page.locator("#help li[data-is=away]").count() == 1
    await soon(lambda: page.locator(".point[data-code='204'][data-is=left]").count(), 30)
    await page.locator("[data-stands=here]").click()
    assert await page.locator(".point").count() == 2
    await soon(lambda: page.evaluate("Object.values(window.diemcau.seated).filter(Boolean).length === 2"))
    await page.context.close()
    await soon(lambda: not [name for name in _names(installation, room) if name.startswith("~")], 40)
    for peer in peers.values():
        await peer.close()


def _names(installation: Installation, room: Room) -> list[str]:
    return [ticket.name for ticket in installation.found.hub._sessions.values() if ticket.room == room.meeting_id]
