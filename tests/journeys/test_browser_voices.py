"""Chair, secretary and two points in real browsers: muted at the server and told so, asked to speak, in the light, written to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.journeys.test_browser_room import HUES, TONES, _says, _sign_in_as_chair, _silenced
from tests.journeys.test_browser_troubles import complaints
from tests.journeys.visitors import Visitor, at_desk, unfold
from tests.support.installation import Installation, soon

pytestmark = pytest.mark.browser

MUTED = "Chủ trì đã tắt tiếng điểm cầu của bạn — mọi người không nghe"


async def _looks_right(page: Page, name: str) -> None:
    """axe has nothing to say, on a desk and on a phone; the pictures are kept where somebody wants to look at them."""
    folder = os.environ.get("PICTURES")
    for width, height in ((1280, 800), (390, 844)):
        await page.set_viewport_size({"width": width, "height": height})
        if folder:
            await page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=width < 900)
        assert await complaints(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    await page.set_viewport_size({"width": 1280, "height": 800})


async def _row(page: Page, code: str, what: str) -> None:
    await unfold(page, "voices-panel")
    await page.locator(f"#voices li[data-key='{code}'] [data-{what}]").click()


async def test_a_point_is_muted_asked_and_heard_and_its_own_sign_never_says_more(chromium: Browser, installation: Installation) -> None:
    room = installation.room(opened=True)
    chair, district, commune = [
        await Visitor.arrive(chromium, f"{installation.url}/j/{room.links[code]}", code, hz, HUES[code]) for code, hz in TONES.items()
    ]
    await _sign_in_as_chair(chair, installation)
    others = [TONES["22"], TONES["06970"]]
    await soon(lambda: commune.hears("204", TONES["204"], others), 20)
    await soon(lambda: _says(district, "#voice", "Micro đang bật"))

    await _row(chair.page, "204", "voice")
    await soon(lambda: _says(district, "#voice", MUTED))
    await _silenced(installation, room, "204", listener=commune)
    await chair.page.locator("#mute-all").click()
    await soon(lambda: _says(commune, "#voice", MUTED))
    await _silenced(installation, room, "06970", listener=district)

    await _row(chair.page, "204", "ask")
    await soon(lambda: district.page.locator("#asked").is_visible())
    assert await _says(district, "#voice", MUTED)  # asking alone opens nothing
    await _looks_right(district.page, "asked")
    await district.page.locator("#asked-yes").click()
    await soon(lambda: _says(district, "#voice", "Micro đang bật"))
    await soon(lambda: commune.hears("204", TONES["204"], others), 20)
    assert not await district.page.locator("#asked").is_visible()

    await _row(chair.page, "06970", "large")
    await soon(lambda: _says(district, "#stage .who", "Điểm cầu xã Đạp Thanh"))
    await _looks_right(chair.page, "console")
    for visitor in (chair, district, commune):
        await visitor.leave()


async def test_when_the_chair_drops_every_page_says_so_and_the_secretary_goes_on(chromium: Browser, installation: Installation) -> None:
    room = installation.room(opened=True)
    chair, district = [
        await Visitor.arrive(chromium, f"{installation.url}/j/{room.links[code]}", code, TONES[code], HUES[code]) for code in ("22", "204")
    ]
    desk = await at_desk(chromium, installation, f"/meetings/{room.meeting_id}/console")
    await unfold(desk, "voices-panel")
    await soon(lambda: desk.locator("#voices li[data-key='204']").is_visible())
    ear = Visitor("", 0, desk, [])
    await soon(lambda: ear.hears("204", TONES["204"], [TONES["22"]]), 20)  # the desk looks and listens, and is nobody's presence
    await soon(lambda: ear.sees({"22", "204"}), 20)
    assert "~" not in await desk.evaluate("JSON.stringify(window.diemcau.state.present)")
    assert not await district.page.locator("#chair-away").is_visible()
    await chair.leave()
    await soon(lambda: district.page.locator("#chair-away").is_visible(), 30)
    await soon(lambda: desk.locator("#chair-away").is_visible())

    await _row(desk, "204", "voice")  # the console works without the chair's seat
    await soon(lambda: _says(district, "#voice", MUTED))
    await _looks_right(desk, "desk")
    await desk.context.close()
    await district.leave()


async def test_messages_are_read_by_all_and_moderated_and_a_private_word_stays_between_two(chromium: Browser, installation: Installation) -> None:
    room = installation.room(opened=True)
    chair, district = [
        await Visitor.arrive(chromium, f"{installation.url}/j/{room.links[code]}", code, TONES[code], HUES[code]) for code in ("22", "204")
    ]
    await _sign_in_as_chair(chair, installation)
    desk = await at_desk(chromium, installation, f"/meetings/{room.meeting_id}/console")
    await desk.locator("#controls [data-panel=chat]").click()
    await desk.locator("#chat-mode").select_option("held")
    await district.page.locator("#controls [data-panel=chat]").click()
    await soon(lambda: _says(district, "#chat-hint", "Tin nhắn hiện ra sau khi thư ký duyệt."))
    await district.page.locator("#chat-text").fill("Đầu cầu huyện mất hình trình chiếu")
    await district.page.locator("#chat-form button").click()
    await soon(lambda: desk.locator("#chat li.held").is_visible())
    assert not await district.page.locator("#chat li").count()
    await _looks_right(desk, "chat-held")
    await desk.locator("#chat li.held [data-chat=pass]").click()
    await soon(lambda: district.page.locator("#chat li").count())

    await desk.locator("#controls [data-panel=conduct]").click()
    await unfold(desk, "private-part")
    await desk.locator("#private-text").fill("Mời huyện nói ngắn")
    await desk.locator("#private-form button").click()
    await chair.page.locator("#private-sum").get_by_text("Tin mới").wait_for()
    await unfold(chair.page, "private-part")
    await soon(lambda: chair.page.locator("#private li", has_text="Mời huyện nói ngắn").is_visible())
    await chair.page.locator("#controls [data-panel=chat]").click()
    await chair.page.locator("#chat li [data-chat=hide]").click()
    await chair.page.locator("#chat li form input").fill("Đã xử lý")
    await chair.page.locator("#chat li form button").click()
    async def gone() -> bool:
        return not await district.page.locator("#chat li").count()

    await soon(gone)
    await _looks_right(district.page, "chat")
    await desk.context.close()
    for visitor in (chair, district):
        await visitor.leave()
