"""The pages in a real browser: readable by everybody (axe), whole at 320 pixels, quiet under the content policy, and the
booking page with its scripts.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, Page, Route, async_playwright

from tests.web.conftest import PASSWORD, ManualClock
from tests.web.test_pages import Story, story
from web.container import Container

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

__all__ = ["story"]  # the fixture of test_pages


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    """The application behind a real server on a free port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    # The application's lifespan runs already (fixture `app`).
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    url = f"http://localhost:{listener.getsockname()[1]}"
    async with httpx.AsyncClient() as client:
        for _try in range(200):
            try:
                await client.get(f"{url}/healthz")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    yield url
    server.should_exit = True
    await serving


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"])
        yield browser
        await browser.close()


@dataclass
class Visit:
    """One browser window, and everything it complained about."""

    page: Page
    complaints: list[str]

    async def sign_in(self, address: str, login: str) -> None:
        await self.page.goto(f"{address}/signin")
        await self.page.fill("#login", login)
        await self.page.fill("#password", PASSWORD)
        await self.page.click("form.card button")
        await self.page.wait_for_url(f"{address}/")


async def visit(chromium: Browser, width: int = 1440, height: int = 900, scripts: bool = True) -> Visit:
    context = await chromium.new_context(
        viewport={"width": width, "height": height}, locale="vi-VN", java_script_enabled=scripts)
    page = await context.new_page()
    found = Visit(page, [])
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("console", lambda line: found.complaints.append(line.text) if line.type in ("error", "warning") else None)
    return found


def pages(story: Story) -> list[tuple[str, str]]:
    own = ["/", "/meetings", "/calendar/month?on=2026-03-05", "/calendar/week?on=2026-03-05", "/calendar/day?on=2026-03-05",
           "/calendar/timeline?on=2026-03-05", "/calendar/timeline?on=2026-03-05&span=day", "/meetings/free?on=2026-03-05",
           f"/calendar/move/{story.meeting.meeting_id}", "/meetings/new", "/points", "/points/22", "/documents",
           "/requests", "/points/groups", "/points/groups/new", "/points/sheet", "/points/new", "/points/22/edit", "/readiness", "/readiness?view=map", "/readiness?view=list", "/feeds?point=22",
           "/account", "/password", story.path, *(f"{story.path}/{tab}" for tab in (
               "audience", "approvals", "agenda", "documents", "course", "minutes", "cards", "book", "edit", "registration", "readiness",
               "readiness/phone", "readiness/22"))]
    return [("thuky", path) for path in own] + [("quantri", f"/admin/{tab}") for tab in ("units?q=ba", "users", "days", "outbox", "rules")]


async def test_axe_finds_nothing_and_no_page_is_wider_than_the_phone(
    chromium: Browser, address: str, story: Story
) -> None:
    found = await visit(chromium, 320, 700)
    await found.page.goto(f"{address}/signin")
    wrong = await violations(found.page)
    who = ""
    for login, path in pages(story):
        if login != who:
            await found.page.context.clear_cookies()
            await found.sign_in(address, who := login)
        await found.page.goto(address + path)
        for fold in await found.page.query_selector_all("details:not([open]) > summary"):
            await fold.evaluate("summary => { summary.parentElement.open = true }")
        wrong += await violations(found.page)
        too_wide = await found.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        wrong += [f"{path}: {too_wide} px too wide"] if too_wide > 0 else []
    assert not wrong, "\n".join(wrong)
    assert not found.complaints, "\n".join(found.complaints)


async def violations(page: Page) -> list[str]:
    await page.evaluate(AXE)
    result = await page.evaluate("levels => axe.run({runOnly: levels})", LEVELS)
    return [f"{page.url}: {one['id']} {one['help']}: {node['html'][:160]}"
            for one in result["violations"] for node in one["nodes"][:3]]


async def speaks_english(page: Page) -> None:
    """Presses the button of the account page, and waits until the browser has the answer with its cookie."""
    await page.get_by_role("button", name="English").click()
    await page.locator("html[lang=en]").wait_for()


async def test_axe_finds_nothing_on_a_wide_screen_and_in_english(chromium: Browser, address: str, story: Story) -> None:
    found = await visit(chromium)
    await found.sign_in(address, "thuky")
    await found.page.goto(f"{address}/account")
    await speaks_english(found.page)
    wrong = []
    for path in ("/", "/meetings/new", story.path, "/points"):
        await found.page.goto(address + path)
        assert await found.page.get_attribute("html", "lang") == "en"
        wrong += await violations(found.page)
    assert not wrong, "\n".join(wrong)


async def test_a_whole_province_is_booked_with_a_few_clicks(
    chromium: Browser, address: str, story: Story, found: Container
) -> None:
    seen = await visit(chromium)
    await seen.sign_in(address, "thuky")
    page = seen.page
    await page.goto(f"{address}/meetings/new")
    await page.fill("#title", "Hội nghị toàn tỉnh")
    await page.fill("[name=day]", "2026-03-05")
    await page.fill("[name=start]", "09:00")
    await page.fill("[name=end]", "11:00")
    await page.get_by_label("Tỉnh Quảng Ninh", exact=True).check()
    for name in ("Mọi huyện", "Mọi xã", "Mọi cơ quan"):
        await page.get_by_role("checkbox", name=f"Cả nhóm {name}").check()
    await page.locator("#sum .big").get_by_text("239", exact=True).wait_for()  # a slow machine shows the sum of each click
    await page.get_by_text("3 vướng").wait_for()
    assert "Giao ban tháng 3" in await page.locator("#sum").inner_text()
    await page.locator("[data-pick]").first.click()
    await page.get_by_text("239 trống").wait_for()
    assert await page.input_value("[name=start]") == "10:00"
    await page.fill("#hurry", "Ứng phó bão")
    await page.get_by_role("button", name="Đặt 239 điểm cầu").click()
    await page.wait_for_url("**/meetings/*?done=booked&n=239")
    assert "Đã đặt 239 điểm cầu" in await page.locator("[role=status]").inner_text()
    assert not seen.complaints, seen.complaints


async def test_what_is_typed_while_an_answer_is_on_its_way_stays(chromium: Browser, address: str, story: Story) -> None:
    seen = await visit(chromium)
    await seen.sign_in(address, "thuky")
    page, asked, go = seen.page, asyncio.Event(), asyncio.Event()
    await page.goto(f"{address}/meetings/new")
    await page.fill("[name=day]", "2026-03-05")
    await page.locator("#hurry").wait_for()

    async def hold(route: Route) -> None:
        asked.set()
        await go.wait()
        await route.continue_()

    await page.route("**/meetings/new", hold)
    await page.evaluate("document.querySelector('#hurry-part').dataset.old = 'yes'")
    await page.fill("[name=end]", "17:15")
    await asyncio.wait_for(asked.wait(), 20)
    await page.locator("#hurry").press_sequentially("Bão số")
    await page.keyboard.press("Home")
    go.set()
    await page.locator("#hurry-part:not([data-old])").wait_for()
    await page.locator("#hurry:focus").wait_for()
    await page.keyboard.type("3 ")
    assert await page.input_value("#hurry") == "3 Bão số"
    assert await page.input_value("[name=end]") == "17:15"
    assert not seen.complaints, seen.complaints


async def test_searching_without_accents_and_ticking_what_is_seen(
    chromium: Browser, address: str, story: Story
) -> None:
    seen = await visit(chromium)
    await seen.sign_in(address, "thuky")
    page = seen.page
    await page.goto(f"{address}/meetings/new")
    await page.fill("#q", "ba che")
    shown = page.locator("#tree li:not([hidden]) > .check:visible")
    assert await page.get_by_role("checkbox", name="Cả nhóm Huyện Ba Chẽ").is_visible()
    assert await shown.count() >= 8
    await page.get_by_role("checkbox", name="Cả nhóm Huyện Ba Chẽ").check()
    await page.fill("#q", "")
    counts = await page.locator("[data-group] [data-count]").all_inner_texts()
    assert "7/7" in counts or "8/8" in counts and "8/177" in counts
    await page.get_by_text("và 1 điểm cầu khác").wait_for()


async def test_the_booking_page_works_without_scripts(chromium: Browser, address: str, story: Story) -> None:
    seen = await visit(chromium, scripts=False)
    await seen.sign_in(address, "thuky")
    page = seen.page
    await page.goto(f"{address}/meetings/new")
    await page.fill("#title", "Không cần kịch bản")
    await page.fill("[name=day]", "2026-03-06")
    await page.get_by_role("checkbox", name="Cả nhóm Mọi huyện").check()
    await page.get_by_role("button", name="Xem vướng").last.click()
    await page.locator("#sum .big").get_by_text("13", exact=True).wait_for()
    await page.fill("#hurry", "Ứng phó bão")
    await page.get_by_role("button", name="Đặt 13 điểm cầu").click()
    await page.wait_for_url("**/meetings/*?done=booked&n=13")


async def test_mistakes_take_the_focus_to_the_summary_and_lead_to_the_field(
    chromium: Browser, address: str, story: Story
) -> None:
    seen = await visit(chromium)
    await seen.sign_in(address, "thuky")
    page = seen.page
    await page.goto(f"{address}/meetings/new")
    await page.get_by_role("button", name="Đặt điểm cầu").click()
    await page.locator(".summary:focus").wait_for()  # the script runs when all of the page is there
    await page.locator(".summary a").first.click()
    await page.locator("#title:focus").wait_for()


async def test_the_tab_key_reaches_the_skip_link_first(
    chromium: Browser, address: str, story: Story, clock: ManualClock
) -> None:
    seen = await visit(chromium)
    await seen.sign_in(address, "thuky")
    clock.advance(timedelta(minutes=1))
    await seen.page.goto(f"{address}/meetings")
    await seen.page.keyboard.press("Tab")
    assert await seen.page.evaluate("document.activeElement.textContent") == "Đến nội dung chính"
    await seen.page.keyboard.press("Enter")
    await seen.page.locator("#main:focus").wait_for()
