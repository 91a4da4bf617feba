"""The programme edited while the meeting is on, by hand on a phone, and the room that sees it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from meetings import conduct, service
from meetings.access import Role
from meetings.meeting import AgendaLine
from tests.journeys.test_browser_people import DESK, HIGH, opened, pictured
from tests.journeys.test_browser_troubles import complaints
from tests.support.factories import user
from tests.support.installation import PASSWORD, Installation

pytestmark = pytest.mark.browser


async def signed_in(chromium: Browser, installation: Installation, **context: object) -> Page:
    page = await opened(chromium, f"{installation.url}/signin", **context)
    await page.locator("input[name=login]").fill("secretary")
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.locator("input[name=password]").press("Enter")
    await page.wait_for_url(f"{installation.url}/")
    return page


async def test_an_item_is_put_between_and_the_room_sees_it(chromium: Browser, installation: Installation) -> None:
    room = installation.room(opened=True)
    secretary = user(installation.people["secretary"].user_id, "t", Role.SECRETARY)
    with installation.found.db.write() as conn:
        conduct.agenda_write(conn, room.meeting_id, [AgendaLine("Khai mạc", "Văn phòng", 10), AgendaLine("Báo cáo", "Sở Tài chính", 30)], secretary, installation.now())
        service.agenda_go(conn, room.meeting_id, 1, secretary, installation.now())
    point = await opened(chromium, f"{installation.url}/j/{room.links['204']}/room?mode=companion", **HIGH)
    await point.locator("#agenda li").nth(1).wait_for()
    for name, size in (("programme-1280", DESK), ("programme-390", HIGH)):
        page = await signed_in(chromium, installation, **size)
        await page.goto(f"{installation.url}/meetings/{room.meeting_id}/agenda")
        await page.get_by_role("link", name="Sửa chương trình").click()
        await page.get_by_label("Số thứ tự, dòng 2").wait_for()
        assert await complaints(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await pictured(page, name)
    await page.get_by_label("Nội dung, dòng 3").fill("Ý kiến các xã")
    await page.get_by_label("Số thứ tự, dòng 3").fill("1")
    await page.get_by_role("button", name="Lưu").click()
    await page.get_by_role("alert").get_by_text("Mục 1 “Khai mạc” đã bắt đầu").wait_for()
    assert await complaints(page) == []
    await pictured(page, "programme-refused")
    await page.get_by_label("Số thứ tự, dòng 3").fill("2")
    await page.get_by_role("button", name="Lưu").click()
    await page.get_by_text("Đã lưu chương trình.").wait_for()
    await point.locator("#agenda li:nth-child(2)", has_text="Ý kiến các xã").wait_for()
    await point.locator("#agenda li:nth-child(3)", has_text="Báo cáo").wait_for()
