"""A vote in real browsers: the chair opens it, two points vote, everybody reads the result with its rule and its reckoning."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from meetings import service
from tests.journeys.test_browser_troubles import open_page
from tests.journeys.visitors import sign_in, unfold
from tests.support import factories
from tests.support.installation import Installation, Room

pytestmark = pytest.mark.browser


async def console(chromium: Browser, installation: Installation, room: Room, login: str) -> Page:
    """Chair or secretary with papers and votes only, signed in: the room shows the console."""
    context = await chromium.new_context(locale="vi-VN", viewport={"width": 1280, "height": 900})
    await sign_in(context, installation, login)
    page = await context.new_page()
    await page.goto(f"{installation.url}/j/{room.chair}/room?mode=companion")
    return page


async def keep(page: Page, name: str) -> None:
    """A picture for whoever wants to look: VOTE_SHOTS names the folder."""
    if folder := os.environ.get("VOTE_SHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def test_the_chair_opens_two_points_vote_and_the_reckoning_is_shown(chromium: Browser, installation: Installation) -> None:
    room = installation.room(opened=True)
    with installation.found.db.write() as conn:
        for point in factories.POINTS[:4]:
            service.seat_join(conn, room.meeting_id, point.point_id, installation.now())
    chair = await console(chromium, installation, room, "chair")
    points = [await open_page(chromium, f"{installation.url}/j/{room.links[code]}/room?mode=companion") for code in ("204", "06970")]
    await points[1].set_viewport_size({"width": 390, "height": 844})
    await unfold(chair, "motion-panel")
    form = chair.locator("#motion-form")
    await form.locator("[name=title]").fill("Thông qua kế hoạch năm 2027")
    await form.locator("[name=preset]").select_option("points")
    await keep(chair, "vote-console-1280")
    await form.get_by_role("button", name="Mở biểu quyết").click()
    for page, choice in zip(points, ("Tán thành", "Không tán thành"), strict=True):
        await page.get_by_text("Thông qua khi tán thành quá 1/2 điểm cầu được biểu quyết.").wait_for()
        await keep(page, f"vote-open-{page.viewport_size['width'] if page.viewport_size else 0}")
        await page.locator("#vote").get_by_role("button", name=choice, exact=True).click()
        await page.locator("#vote").get_by_text(f"Bạn đã biểu quyết: {choice}").wait_for()
    await chair.locator("#motion-count").get_by_text("2/5 điểm cầu đã biểu quyết").wait_for()
    await chair.locator("#motion-close").click()
    for page in points:
        await page.locator("#vote").get_by_text("1/2 × 5 = 2,5; Tán thành 1: chưa đủ.").wait_for()
        await page.locator("#vote").get_by_text("Không thông qua (số phiếu ngang nhau)").wait_for()
        receipt = await page.locator("#vote .receipts code").text_content()
        assert receipt and len(receipt) == 19
        await page.reload()
        await page.get_by_role("button", name="Biểu quyết").click()
        assert await page.locator("#vote .receipts code").text_content() == receipt, "found again after closing and reload"
        await keep(page, f"vote-result-{page.viewport_size['width'] if page.viewport_size else 0}")
    await chair.goto(f"{installation.url}/meetings/{room.meeting_id}/votes")
    await chair.get_by_text("1/2 × 5 = 2,5; Tán thành 1: chưa đủ.").wait_for()
    await keep(chair, "vote-tab-1280")
    for page in (chair, *points):
        await page.context.close()
