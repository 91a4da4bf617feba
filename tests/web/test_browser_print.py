"""Calendar pages on paper: what is for the screen alone is gone, what is printed is whole, colours stay."""

from __future__ import annotations

import io
import subprocess
from datetime import timedelta

import pikepdf
import pytest
from playwright.async_api import Browser, Page

from tests.web.conftest import ManualClock
from tests.web.test_browser_pages import address, chromium, visit
from tests.web.test_calendar import another
from tests.web.test_pages import Story, story
from web.container import Container

pytestmark = pytest.mark.browser
__all__ = ["address", "chromium", "story"]  # fixtures of others
PAGES = ("/calendar/month", "/calendar/week", "/calendar/day", "/calendar/timeline", "/calendar/timeline?span=day")
SCREEN = ".rail, .topbar, .filters, .actions, .btn, .keys, .skip"
CUT = """() => [...document.querySelectorAll('.cl, .cday, .ctold li')].filter((row) => row.getClientRects().length)
    .filter((row) => getComputedStyle(row).breakInside !== 'avoid').map((row) => row.className)"""
WIDE = "document.documentElement.scrollWidth - innerWidth"


async def printed(page: Page) -> tuple[list[tuple[int, int]], list[str]]:
    """(width and height of the sheets, the text of each)."""
    data = await page.pdf(prefer_css_page_size=True)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        sizes = [(round(float(sheet.mediabox[2])), round(float(sheet.mediabox[3]))) for sheet in pdf.pages]
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=data, capture_output=True, check=True, timeout=30).stdout.decode()
    return sizes, text.split("\f")[:len(sizes)]


async def test_calendars_are_printed_without_navigation_and_with_whole_rows(
    chromium: Browser, address: str, story: Story, found: Container, clock: ManualClock,
) -> None:
    for number in range(4):
        another(found, story, clock.now() + timedelta(days=1, hours=2 * number), f"Họp số {number}", story.points)
    seen = await visit(chromium, 1040, 720)  # A4 across, at 96 dots an inch, without its margins
    await seen.sign_in(address, "thuky")
    for path in PAGES:
        await seen.page.goto(f"{address}{path}{'&' if '?' in path else '?'}on=2026-03-06")
        await seen.page.emulate_media(media="print")
        assert await seen.page.locator(SCREEN).evaluate_all("all => all.filter((one) => one.getClientRects().length).map((one) => one.outerHTML.slice(0, 80))") == [], path
        assert await seen.page.evaluate(CUT) == [], path
        assert await seen.page.evaluate(WIDE) <= 0, f"{path}: wider than the paper"
        assert await seen.page.locator("h1").is_visible()
        sizes, sheets = await printed(seen.page)
        assert set(sizes) <= {(842, 595), (841, 595)}, f"{path}: A4 across"
        text = "\n".join(sheets)
        assert "Họp số 3" in text and "Đặt lịch họp" not in text and "Bàn phím" not in text, path
        await seen.page.emulate_media(media="screen")


async def test_a_block_keeps_its_colour_and_no_row_is_cut_between_two_sheets(
    chromium: Browser, address: str, story: Story, found: Container, clock: ManualClock,
) -> None:
    for number in range(12):
        another(found, story, clock.now() + timedelta(days=1, hours=number), f"Họp số {number}", story.points, hours=1)
    seen = await visit(chromium, 1040, 720)
    await seen.sign_in(address, "thuky")
    await seen.page.goto(f"{address}/calendar/timeline?on=2026-03-05")
    await seen.page.emulate_media(media="print")
    assert await seen.page.locator("a.cb").first.evaluate("one => getComputedStyle(one).printColorAdjust") == "exact"
    _sizes, sheets = await printed(seen.page)
    assert len(sheets) >= 2, "more than one sheet, so that there is something to cut"
    for number in range(12):
        [holding] = [sheet for sheet in sheets if f"Họp số {number} " in f"{sheet} ".replace("\n", " ")]
        assert holding
