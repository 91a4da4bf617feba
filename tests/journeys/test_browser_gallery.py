"""The gallery and the televisions of a point: pages of those who are here, of which only the one that is looked at is sent."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import Browser, Page

from media.peers import Crowd
from media.peers_clip import Clip
from tests.journeys.test_browser_troubles import complaints
from tests.journeys.visitors import Visitor
from tests.support.installation import Installation, Room, soon
from tests.support.running import client, clip  # noqa: F401 - fixtures
from tests.web.test_hub_room import publisher

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}}
TELEVISION = {"viewport": {"width": 1920, "height": 1080}, "locale": "vi-VN"}


async def named(page: Page) -> list[str]:
    """Who has a place for pictures, by the server's word."""
    found: list[str] = await page.evaluate("window.diemcau.slots.filter((one) => one.kind === 'video' && one.name).map((one) => one.name)")
    return sorted(found)


async def tiles(page: Page) -> list[str]:
    found: list[str] = await page.evaluate("[...document.querySelectorAll('.gallery .tile')].map((one) => one.dataset.name)")
    return found


async def crowded(installation: Installation, client: httpx.AsyncClient, clip: Clip) -> tuple[Room, Crowd]:  # noqa: F811
    room, crowd = installation.room(opened=True), Crowd()
    for code in ("22", "204", "06970", "06973"):
        await publisher(client, crowd, room, code, clip)
    return room, crowd


async def test_a_gallery_turns_its_pages_and_gives_the_large_picture_back(
    chromium: Browser, installation: Installation, client: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    room, _crowd = await crowded(installation, client, clip)
    me = await Visitor.arrive(chromium, f"{installation.url}/j/{room.links['06976']}", "06976", 440, 10, **PHONE)
    page = me.page
    await soon(lambda: named(page), 20)
    await page.locator("#gallery-on").click()
    await soon(lambda: tiles(page))
    assert (await tiles(page))[0] == "22" and len(await tiles(page)) == 4, "the chair first"
    await soon(lambda: page.locator(".gallery .tile.live").count(), 30)
    assert await page.locator("#stage").is_hidden() and not await complaints(page)
    assert await page.locator("#gallery-pages").is_hidden(), "all have room on one page"
    await page.locator("#gallery-on").click()
    await soon(lambda: page.locator("#stage.live").count(), 30)
    assert await page.locator("#gallery").is_hidden()
    await page.context.close()


async def test_televisions_need_no_hand(
    chromium: Browser, installation: Installation, client: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    room, _crowd = await crowded(installation, client, clip)
    context = await chromium.new_context(**TELEVISION)  # type: ignore[arg-type]
    first, second = await context.new_page(), await context.new_page()
    await first.goto(f"{installation.url}/j/{room.links['06970']}/tv?screen=1")
    await soon(lambda: first.locator("#stage.live").count(), 30)
    assert await first.locator("#stage .who").inner_text() == "Điểm cầu tỉnh"
    assert await first.locator("button:visible").count() == 0 and not await complaints(first)
    assert await first.evaluate("[...document.querySelectorAll('audio')].every((one) => one.muted)"), "the point's own device has the sound"
    await second.goto(f"{installation.url}/j/{room.links['06970']}/tv?screen=2")
    await soon(lambda: tiles(second), 20)
    assert await tiles(second) == ["22", "204", "06973"], "all others, the chair first"
    await soon(lambda: second.locator(".gallery .tile.live").count(), 30)
    assert await named(second) == ["06973", "204", "22"] and not await complaints(second)
    await context.close()
