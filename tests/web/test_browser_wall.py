"""The wall in a real browser: the tree without scripts, live colours that leave folds alone, the map for mouse and phone.

The browser is closed before the server (fixtures in this order): a wall that is open keeps its stream.
"""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import Browser

from tests.web.test_browser_pages import address, chromium, violations, visit
from tests.web.test_readiness import Story, report, story
from tests.web.test_readiness_tree import whole

pytestmark = pytest.mark.browser
__all__ = ["address", "chromium", "story", "whole"]  # fixtures of others


def number(whole: Story, name: str) -> int:
    return next(place for place, point in enumerate(whole.points) if point.name == name)


async def test_folds_work_without_scripts(address: str, chromium: Browser, whole: Story) -> None:
    seen = await visit(chromium, scripts=False)
    await seen.sign_in(address, "thuky")
    await seen.page.goto(address + whole.wall)
    fold = seen.page.locator("summary", has_text="Huyện Ba Chẽ")
    commune = seen.page.locator("li[data-key]", has_text="Xã Đồn Đạc").locator(".pt")
    assert not await commune.is_visible()
    await fold.focus()
    await seen.page.keyboard.press("Enter")
    assert await commune.is_visible()


async def test_news_colour_tree_and_map_and_leave_folds_as_the_reader_has_them(address: str, chromium: Browser, whole: Story, app: object) -> None:
    seen = await visit(chromium)
    await seen.sign_in(address, "thuky")
    page = seen.page
    await page.goto(f"{address}{whole.wall}?view=map")
    await page.get_by_text("đang cập nhật trực tiếp").wait_for()
    closed, opened = (page.locator("#wall details", has=page.locator("summary", has_text=name)).last for name in ("Huyện Ba Chẽ", "Huyện Cô Tô"))
    for _twice in range(2):  # opened and closed again: the reader has decided
        await closed.locator("summary").click()
    await opened.locator("summary").click()
    places = [number(whole, "Xã Đồn Đạc"), number(whole, "Xã Đạp Thanh"), number(whole, "Phường Bạch Đằng")]
    async with httpx.AsyncClient(base_url=address) as point:
        for place in places[:2]:
            await report(point, whole.link(place), udp=False, tcp=False, relay=False)
        await report(point, whole.link(places[2]), udp=False, tcp=False, relay=False)
    mark = page.locator(f"[data-mark$='.{whole.points[places[0]].point_id}']")
    await page.locator(f"[data-mark$='.{whole.points[places[2]].point_id}'].bad use[href='#mk-failed']").wait_for(state="attached")
    await page.locator("#wall summary .vc[data-n=failed] b", has_text="3").first.wait_for()
    assert await mark.get_attribute("class") == "mk bad" and "Xã Đồn Đạc: Lỗi. UDP và TCP bị chặn" in (await mark.locator("title").text_content() or "")
    assert await closed.get_attribute("open") is None, "the reader had closed it"
    assert await opened.get_attribute("open") is not None
    city = page.locator("#wall details", has=page.locator("summary", has_text="Thành phố Hạ Long")).last
    assert await city.get_attribute("open") is not None, "a new failure opens what nobody has touched"
    assert await closed.locator("summary rect[data-n=failed]").get_attribute("width") == "2"
    first = page.locator("#wall [data-folds] [data-folds] > li").first
    assert await first.get_attribute("data-name") == "Huyện Ba Chẽ", "two in trouble before one"
    await mark.click()
    assert await closed.get_attribute("open") is not None and await page.evaluate("document.activeElement.closest('li').dataset.title") == "Xã Đồn Đạc"
    assert not await violations(page) and not seen.complaints, seen.complaints


async def test_the_map_is_whole_on_a_phone_a_desk_and_a_television(address: str, chromium: Browser, whole: Story) -> None:
    seen = await visit(chromium)
    page = seen.page
    await seen.sign_in(address, "thuky")
    for width, height in ((1440, 900), (1920, 1080), (390, 844)):
        await page.set_viewport_size({"width": width, "height": height})
        await page.goto(f"{address}{whole.wall}?view=map")
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        box = await page.locator(".mk use").first.bounding_box()
        assert box and box["width"] >= 13, "large enough to be seen and hit"
        if width == 1920:
            chart, tree = await page.locator("#chart").bounding_box(), await page.locator("#wall").bounding_box()
            assert chart and tree and tree["x"] > chart["x"] + chart["width"] and chart["y"] + chart["height"] < height, "both on one screen"
    assert not await violations(page)
