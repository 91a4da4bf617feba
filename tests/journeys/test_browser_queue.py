"""Chair and two points in real browsers: asking in kinds, one order on all screens, an interruption, the bell, a refusal with its reason."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.journeys.test_browser_room import _sign_in_as_chair
from tests.journeys.visitors import Visitor
from tests.support.installation import Installation, soon

pytestmark = pytest.mark.browser

NAMES = {"204": "Điểm cầu huyện Ba Chẽ", "06970": "Điểm cầu xã Đạp Thanh"}


async def order(page: Page) -> list[str]:
    """The queue as this screen shows it, names alone."""
    rows = await page.locator("#queue > li").evaluate_all("rows => rows.map((row) => row.children[1].firstChild.textContent)")
    return [row.removesuffix(" (bạn)") for row in rows]


async def ask(page: Page, kind: str, note: str = "") -> None:
    if not await page.locator("#ask-form").is_visible():
        await page.locator("details:has(#ask-form) > summary").click()
    await page.locator("#ask-form [name=kind]").select_option(kind)
    await page.locator("#ask-form [name=note]").fill(note)
    await page.locator("#ask-form button").click()


async def test_chair_and_two_points_take_turns(chromium: Browser, installation: Installation) -> None:
    room = installation.room(opened=True)
    chair, district, commune = [
        await Visitor.arrive(chromium, f"{installation.url}/j/{room.links[code]}", code, hz, hue)
        for code, hz, hue in (("22", 440, 10), ("204", 700, 130), ("06970", 1100, 250))
    ]
    await _sign_in_as_chair(chair, installation)

    await district.page.locator("#hand").click()
    await soon(lambda: chair.page.locator("[data-give='204']").is_visible())
    await chair.page.locator("details:has(#times-form) > summary").click()
    await chair.page.locator("#times-form [name=speech_s]").fill("5")
    await chair.page.locator("#times-form [name=bell_s]").fill("20")
    await chair.page.locator("#times-form button").click()
    await soon(lambda: _reads(chair.page, "#times-now", "05:00"))
    await chair.page.locator("[data-give='204']").click()
    await soon(lambda: _has(district.page, "#self-timer", "còn 04:"))
    await soon(lambda: _has(chair.page, "#turn-clock", "còn 04:"))

    # who asked later with a point of order stands first, on every screen; notes are read by the chair alone
    await district.page.locator("#hand").click()
    await ask(commune.page, "question", "Kinh phí lấy từ đâu?")
    for visitor in (chair, district, commune):
        await soon(lambda: _order(visitor.page, [NAMES["06970"], NAMES["204"]]))
    await soon(lambda: _has(chair.page, "#queue .said", "Kinh phí lấy từ đâu?"))
    assert "Kinh phí" not in await district.page.locator("body").inner_text()

    # the question interrupts, and the speaker gets the floor back
    await chair.page.locator("[data-give='06970']").click()
    await soon(lambda: _has(chair.page, "#turn-paused", NAMES["204"]))
    await soon(lambda: _has(chair.page, "#floor-now", NAMES["06970"]))
    await chair.page.locator("#take-floor").click()
    await soon(lambda: _has(chair.page, "#floor-now", NAMES["204"]))

    # a turn of ten seconds that is over in ten: the words of the bell stand on both pages
    spent = await chair.page.evaluate("() => { const {floor} = diemcau.state; return Math.ceil((floor.spent + Date.now() - Date.parse(floor.began)) / 1000) }")
    told = await chair.page.evaluate(
        """(seconds) => fetch(JSON.parse(document.getElementById('room-data').textContent).conduct + '/floor/limit', {method: 'POST',
        headers: {'Content-Type': 'application/json', 'X-CSRF-Token': JSON.parse(document.getElementById('room-data').textContent).csrf},
        body: JSON.stringify({seconds})}).then((answer) => answer.status)""", max(10, spent + 3))
    assert told == 200
    await soon(lambda: _reads(district.page, "#told", "Bạn đã hết giờ phát biểu."), 20)
    await soon(lambda: _reads(chair.page, "#told", "Hết giờ phát biểu."), 5)
    await soon(lambda: _has(chair.page, "#turn-clock", "quá giờ"))

    # declined, with the reason on the page of who asked
    await chair.page.locator("#queue .moves > summary").first.click()
    await chair.page.locator("#queue .moves [name=reason]").first.fill("Đã phát biểu rồi")
    await chair.page.locator("#queue .moves form button").first.click()
    await soon(lambda: _has(district.page, "#notice", "Đã phát biểu rồi"))
    await soon(lambda: _order(commune.page, []))
    for visitor in (chair, district, commune):
        await visitor.leave()


async def _reads(page: Page, selector: str, text: str) -> bool:
    return (await page.locator(selector).first.text_content() or "").strip() == text


async def _has(page: Page, selector: str, text: str) -> bool:
    return text in (await page.locator(selector).first.text_content() or "") if await page.locator(selector).count() else False


async def _order(page: Page, names: list[str]) -> bool:
    return await order(page) == names
