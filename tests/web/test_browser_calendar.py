"""The calendar in a real browser: a meeting dragged, stretched and moved by keys, who is in the way explained in place, the phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Browser, Locator, Page

from meetings import service
from tests.web.conftest import ManualClock
from tests.web.test_browser_pages import address, chromium, speaks_english, violations, visit
from tests.web.test_calendar import another
from tests.web.test_pages import Story, story
from web.container import Container

pytestmark = pytest.mark.browser
__all__ = ["address", "chromium", "story"]  # fixtures of others
WEEK = "/calendar/week?on=2026-03-05"


def begins(found: Container, story: Story) -> str:
    """When the meeting is now, on the wall."""
    with found.db.read() as conn:
        meeting = service.get(conn, story.meeting.meeting_id)
    return f"{found.when.local(meeting.start):%d %H:%M}–{found.when.clock(meeting.end)}"


async def quarter(page: Page) -> float:
    """How wide fifteen minutes are in the week."""
    box = await page.locator("[data-bar]").first.bounding_box()
    assert box
    return box["width"] / 44


async def drag(page: Page, block: Locator, right: float, down: float = 0, *, at: float = 0.5) -> None:
    """Presses at this part of the block's width, moves, lets go, and waits for the answer."""
    await page.locator("#cal[aria-busy]").wait_for(state="detached")
    await block.wait_for()
    box = await block.bounding_box()
    assert box
    x, y = box["x"] + box["width"] * at, box["y"] + box["height"] / 2
    if at in (0, 1):
        x += 3 if at == 0 else -3
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + right / 2, y + down / 2, steps=4)
    await page.mouse.move(x + right, y + down, steps=4)
    async with page.expect_response("**/calendar/move/**"):
        await page.mouse.up()


async def test_a_meeting_is_dragged_stretched_and_put_back(chromium: Browser, address: str, story: Story, found: Container) -> None:
    seen = await visit(chromium)
    await seen.sign_in(address, "thuky")
    page = seen.page
    await page.goto(address + WEEK)
    block = page.locator("a.cb.mv")
    friday, own = await page.locator("[data-bar]").nth(4).bounding_box(), await block.bounding_box()
    assert friday and own
    await drag(page, block, 4 * await quarter(page), friday["y"] + friday["height"] / 2 - own["y"] - own["height"] / 2)
    await page.get_by_text("đã dời sang Thứ Sáu 06/03, 09:30–11:00").wait_for()
    assert begins(found, story) == "06 09:30–11:00"
    await page.get_by_role("button", name="Hoàn tác").click()
    await page.get_by_text("đã dời sang Thứ Năm 05/03, 08:30–10:00").wait_for()
    await drag(page, block, 2 * await quarter(page), at=1)
    await page.get_by_text("đã dời sang Thứ Năm 05/03, 08:30–10:30").wait_for()
    assert begins(found, story) == "05 08:30–10:30"
    assert page.url == address + WEEK and not seen.complaints, seen.complaints


async def test_who_is_in_the_way_is_explained_in_place_and_a_free_time_taken(
    chromium: Browser, address: str, story: Story, found: Container, clock: ManualClock
) -> None:
    other = another(found, story, clock.now() + timedelta(hours=3), "Tập huấn", story.points[1:], hours=1)  # 11:00–12:00
    seen = await visit(chromium)
    await seen.sign_in(address, "thuky")
    page = seen.page
    await page.goto(address + WEEK)
    block = page.locator(f"a.cb[href$='{story.meeting.meeting_id}']")
    before = await block.bounding_box()
    await drag(page, block, 8 * await quarter(page))  # to 10:30–12:00
    alert = page.get_by_role("alert")
    await alert.wait_for()
    assert "11:00–12:00 Tập huấn" in await alert.inner_text() and "10:30–12:00" in await alert.inner_text()
    assert await alert.evaluate("alert => alert === document.activeElement"), "the reader is led to what was said"
    assert begins(found, story) == "05 08:30–10:00" and await block.get_attribute("style") in ("", None)
    after = await block.bounding_box()
    assert before and after and abs(before["x"] - after["x"]) < 2, "it is back where it was"
    assert not await violations(page)
    await alert.get_by_role("button").first.click()
    await page.get_by_role("status").get_by_text("đã dời sang").wait_for()
    assert begins(found, story) != "05 08:30–10:00"
    assert await page.locator(f"a.cb[href$='{other}']").count() == 1
    # The browser itself says so in its console when an answer is 409.
    assert not [line for line in seen.complaints if "409" not in line], seen.complaints


async def test_a_meeting_is_found_opened_and_moved_by_keys(
    chromium: Browser, address: str, story: Story, found: Container, clock: ManualClock
) -> None:
    other = another(found, story, clock.now() + timedelta(hours=26), "Tập huấn", story.points, hours=1)  # Friday 10:00
    seen = await visit(chromium)
    await seen.sign_in(address, "thuky")
    page = seen.page
    await page.goto(address + WEEK)
    first = page.locator(f"a.cb[href$='{story.meeting.meeting_id}']")
    assert await page.locator("a.cb[tabindex='0']").count() == 1, "one stop for the Tab key"
    await first.focus()
    await page.keyboard.press("ArrowDown")
    assert await page.locator("a.cb:focus").get_attribute("href") == f"/meetings/{other}"
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("m")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowRight"):
        await page.keyboard.press(key)
    assert await page.locator("#heard").inner_text() == "2026-03-06 09:00–10:45"
    await page.keyboard.press("Escape")
    assert begins(found, story) == "05 08:30–10:00" and await page.locator(".moving").count() == 0
    assert await first.locator(".h").inner_text() == "08:30–10:00 · Đã xác nhận"
    await page.keyboard.press("m")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    async with page.expect_response("**/calendar/move/**"):
        await page.keyboard.press("Enter")
    await page.get_by_text("đã dời sang Thứ Năm 05/03, 08:00–09:30").wait_for()
    await first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{story.path}")
    assert not seen.complaints, seen.complaints


async def test_points_as_lanes_are_unfolded_dragged_and_led_to_their_entry(
    chromium: Browser, address: str, story: Story, found: Container
) -> None:
    seen = await visit(chromium)
    await seen.sign_in(address, "thuky")
    page = seen.page
    await page.goto(f"{address}/calendar/timeline?on=2026-03-05")
    assert await page.locator("a.cb:visible").count() == 1, "the province's own; the districts are folded"
    await page.locator("summary", has_text="Huyện Ba Chẽ").click()
    assert await page.locator("a.cb:visible").count() == 3
    block = page.locator("a.cb:visible").first
    box = await page.locator(".cl .bar").nth(1).bounding_box()
    assert box
    await drag(page, block, box["width"] / 7)
    await page.get_by_text("đã dời sang Thứ Sáu 06/03, 08:30–10:00").wait_for()
    assert begins(found, story) == "06 08:30–10:00"
    assert await page.locator("a.cb:visible").count() == 3, "what was unfolded stays so"
    await page.locator("a.cb:visible").last.focus()
    assert "Giao ban tháng 3" in await page.locator("#list .lit").inner_text()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{story.path}")
    assert not seen.complaints, seen.complaints


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_axe_finds_nothing_on_a_wide_screen(
    chromium: Browser, address: str, story: Story, found: Container, clock: ManualClock, language: str
) -> None:
    another(found, story, clock.now() + timedelta(hours=3), "Tập huấn", story.points[1:], hours=1)
    seen = await visit(chromium)
    await seen.sign_in(address, "thuky")
    if language == "en":
        await seen.page.goto(f"{address}/account")
        await speaks_english(seen.page)
    wrong = []
    for path in ("month?on=2026-04-30", "week?on=2026-04-30", "day?on=2026-03-05", "timeline?on=2026-03-05", "timeline?on=2026-03-05&span=day",
                 f"move/{story.meeting.meeting_id}"):
        await seen.page.goto(f"{address}/calendar/{path}")
        await seen.page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
        wrong += await violations(seen.page)
    await seen.page.goto(f"{address}/meetings/free?on=2026-03-05&days=1")
    wrong += await violations(seen.page)
    assert not wrong, "\n".join(wrong)
    assert not seen.complaints, seen.complaints


async def test_a_phone_reads_the_day_as_a_list(chromium: Browser, address: str, story: Story) -> None:
    seen = await visit(chromium, 390, 844)
    await seen.sign_in(address, "thuky")
    page = seen.page
    await page.goto(address + WEEK)
    block = page.locator("a.cb.mv")
    box = await block.bounding_box()
    assert box and box["width"] > 300 and box["height"] >= 44 and "08:30–10:00" in await block.inner_text()
    assert await page.locator(".cl.hours:visible").count() == 0
    await page.goto(f"{address}/calendar/timeline?on=2026-03-05")
    assert await page.locator("#cal").is_hidden() and await page.locator("#list li:visible").count() == 1
    await page.locator("#list").get_by_role("link", name="Đổi giờ").click()
    await page.fill("[name=start]", "14:00")
    await page.fill("[name=end]", "15:00")
    await page.get_by_role("button", name="Đổi giờ").click()
    await page.wait_for_url(f"**{story.path}?done=moved")
    assert not seen.complaints, seen.complaints
