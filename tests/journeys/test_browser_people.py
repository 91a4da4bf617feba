"""A delegate's own telephone checks in by the code on the card, and the console shows it; axe and pictures of the new pages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.journeys.test_browser_troubles import complaints
from tests.journeys.visitors import sign_in, unfold
from tests.support.installation import Installation, soon
from tests.web.test_people_in_the_room import AN, BINH, Hall

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "locale": "vi-VN"}
HIGH = {**PHONE, "viewport": {"width": 390, "height": 1200}}  # all of the panel: axe takes what is scrolled away for too small
DESK = {"viewport": {"width": 1440, "height": 900}, "locale": "vi-VN"}


async def pictured(page: Page, name: str) -> None:
    """Kept where somebody wants to look at it."""
    if folder := os.environ.get("PICTURES_TO"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def opened(chromium: Browser, address: str, **context: object) -> Page:
    page = await (await chromium.new_context(**context)).new_page()  # type: ignore[arg-type]
    await page.goto(address)
    return page


async def console(chromium: Browser, installation: Installation, hall: Hall) -> Page:
    page = await opened(chromium, "about:blank", **DESK)
    await sign_in(page.context, installation, "chair")
    await page.goto(f"{installation.url}/j/{hall.room.chair}/room?mode=companion")
    await unfold(page, "people-console")
    await page.locator("#people-sum").wait_for()
    return page


async def test_a_telephone_checks_in_and_the_console_and_the_point_see_it(chromium: Browser, installation: Installation) -> None:
    hall = Hall(installation)
    chair = await console(chromium, installation, hall)
    await soon(lambda: _has(chair, "#people-sum", "0/2 đại biểu có mặt"))
    point = await opened(chromium, f"{installation.url}{hall.link}/room?mode=companion", **HIGH)
    await point.get_by_text("0/2 có mặt").wait_for()

    phone = await opened(chromium, f"{installation.url}{hall.phones()[AN]}", **PHONE)
    assert await complaints(phone) == []
    await pictured(phone, "person-before")
    await phone.get_by_role("button", name="Tôi có mặt").click()
    await phone.get_by_text("Đã ghi bạn có mặt.").wait_for()
    assert await complaints(phone) == []
    await pictured(phone, "person-here")
    await soon(lambda: _has(chair, "#people-sum", "1/2 đại biểu có mặt"))
    await point.get_by_text("tự điểm danh").wait_for()

    await point.get_by_role("button", name=f"Có mặt: {BINH}").click()      # one tap at the point
    await soon(lambda: _has(chair, "#people-sum", "2/2 đại biểu có mặt"))
    await chair.locator("#people-points .open", has_text="Đạp Thanh").click()
    await chair.locator("#people-points").get_by_text(AN).wait_for()
    assert await complaints(chair) == [] and await complaints(point) == []
    await pictured(chair, "console-people")
    await chair.get_by_role("button", name=f"Rời họp: {AN}").click()       # what is said of somebody reaches the own telephone
    await phone.get_by_role("button", name="Tôi có mặt").wait_for()
    await point.get_by_role("button", name=f"Ghi khác cho {BINH}").click()
    await point.get_by_role("textbox", name=f"Lý do vắng của {BINH}").fill("đi công tác")
    assert await complaints(point) == []
    await point.locator("#people-panel").scroll_into_view_if_needed()
    await pictured(point, "point-people")
    await point.get_by_role("button", name="Vắng có lý do").click()
    await soon(lambda: hall.states() == {AN: "left", BINH: "excused"})
    await chair.get_by_role("button", name="Ghi điểm danh lúc này").click()
    await chair.locator("#roll-calls li").wait_for()
    for page in (chair, point, phone):
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.context.close()


async def test_the_own_page_works_without_scripts(chromium: Browser, installation: Installation) -> None:
    hall = Hall(installation)
    phone = await opened(chromium, f"{installation.url}{hall.phones()[AN]}", java_script_enabled=False, **PHONE)
    await phone.get_by_role("button", name="Tôi có mặt").click()
    await phone.get_by_role("button", name="Đăng ký phát biểu").wait_for()
    await phone.get_by_role("button", name="Tôi rời họp").click()
    await phone.get_by_role("button", name="Tôi có mặt").wait_for()
    assert hall.states()[AN] == "left"
    await phone.context.close()


async def test_cards_of_delegates_are_printed_by_the_point(chromium: Browser, installation: Installation) -> None:
    hall = Hall(installation)
    page = await opened(chromium, f"{installation.url}{hall.link}/people/cards", **DESK)
    assert await complaints(page) == []
    await pictured(page, "person-cards")
    await page.get_by_role("button", name=f"Thu hồi {AN}").click()
    await page.get_by_text("Đã thu hồi").wait_for()
    await page.context.close()


async def _has(page: Page, selector: str, text: str) -> bool:
    return text in await page.locator(selector).inner_text()
