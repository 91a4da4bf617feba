"""An assistant types what is said: who switched captions on reads it at the foot of the pictures, on a television too, and nobody else is disturbed."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from meetings import speaking
from tests.journeys.test_browser_room import HUES, TONES
from tests.journeys.test_browser_troubles import complaints
from tests.journeys.test_browser_voices import _looks_right
from tests.journeys.visitors import Visitor, at_desk
from tests.support import factories
from tests.support.installation import Installation, soon

pytestmark = pytest.mark.browser


async def _types(page: Page, text: str) -> None:
    await page.locator("#typing-text").fill(text)
    await page.keyboard.press("Enter")


async def test_who_switched_captions_on_reads_them_and_who_did_not_is_left_alone(chromium: Browser, installation: Installation) -> None:
    room = installation.room(opened=True)
    reader, other = [
        await Visitor.arrive(chromium, f"{installation.url}/j/{room.links[code]}", code, TONES[code], HUES[code]) for code in ("204", "06970")
    ]
    television = await (await chromium.new_context(locale="vi-VN", viewport={"width": 1920, "height": 1080})).new_page()
    await television.goto(f"{installation.url}/j/{room.links['06970']}/tv")
    typist = await at_desk(chromium, installation, f"/meetings/{room.meeting_id}/captions")
    await reader.page.locator("#captions-on").check()
    with installation.found.db.write() as conn:
        chair = factories.user(installation.people["chair"].user_id, "t", factories.Role.CHAIR)
        speaking.floor_give(conn, room.meeting_id, factories.POINTS[2].point_id, chair, installation.now())
    installation.found.hub.changed(room.meeting_id)
    await typist.get_by_text("Đang phát biểu: Điểm cầu xã Đạp Thanh").wait_for()
    assert await typist.evaluate("document.activeElement.id") == "typing-text"

    await _types(typist, "Xã đã sơ tán 120 hộ, còn 3 hộ chưa")
    strip = reader.page.locator("#captions")
    await strip.get_by_text("Xã đã sơ tán 120 hộ").wait_for()
    assert await strip.locator("b").inner_text() == "Điểm cầu xã Đạp Thanh"
    assert await strip.get_attribute("aria-live") is None and not await strip.get_by_role("status").count()
    assert not await other.page.locator("#captions").is_visible()
    await soon(lambda: television.evaluate("'1' in window.diemcau.state.captions"))
    assert not await television.locator("#captions").is_visible()
    await television.keyboard.press("p")
    assert await television.locator("#captions").is_visible()
    assert await television.evaluate("parseFloat(getComputedStyle(document.getElementById('captions')).fontSize)") >= 40
    assert await complaints(television) == []
    await _looks_right(reader.page, "captions")
    await _looks_right(typist, "typing")

    await typist.locator("#typing-text").focus()
    await typist.keyboard.press("ArrowUp")
    await typist.get_by_text("Đang sửa dòng cuối").wait_for()
    await _types(typist, "Xã đã sơ tán 120 hộ, còn 5 hộ chưa")
    await strip.get_by_text("còn 5 hộ").wait_for()
    await _types(typist, " ".join(["bảy chữ một dòng dài quá mức"] * 6))  # goes as lines, between words, in their order
    await soon(lambda: reader.page.evaluate("Object.keys(window.diemcau.state.captions).join() === '1,2,3'"))
    lines = await reader.page.evaluate("Object.values(window.diemcau.state.captions).slice(1).map(({ text }) => text)")
    assert " ".join(lines) == " ".join(["bảy chữ một dòng dài quá mức"] * 6) and all(len(one) <= 110 for one in lines)
    await typist.locator("#typing-lines [data-do=withdraw]").last.click()
    await soon(lambda: reader.page.evaluate("Object.keys(window.diemcau.state.captions).join() === '1,2'"))

    await other.page.locator("#captions-log > summary").click()  # who left them off may still read them again
    await other.page.locator("#captions-lines li").nth(1).wait_for()
    assert await other.page.locator("#captions-lines li .text").first.inner_text() == "Xã đã sơ tán 120 hộ, còn 5 hộ chưa"
    assert await other.page.locator("#captions-scroll").get_attribute("aria-live") == "off" and await complaints(other.page) == []

    await reader.page.reload()  # remembered on the device, and who comes late has the last lines
    await soon(reader.joined, 20)
    await reader.page.locator("#captions").get_by_text("còn 5 hộ").wait_for()
    await typist.locator("#typing-text").fill("xã " * 36 + "xã")  # just a line: the space that follows parts it from the next
    await typist.locator("#typing-text").press_sequentially(" nữa")
    assert await typist.locator("#typing-text").input_value() == "nữa"
    for page in (typist, television):
        await page.context.close()
    for visitor in (reader, other):
        await visitor.leave()
