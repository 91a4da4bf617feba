"""axe-core has nothing to say, and nothing is wider than its window, in every state of the room's pages: one browser, pages without
media, a desk and a phone, and a narrow window with text twice as large."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from meetings import service
from meetings.access import Role
from meetings.voting import Rule
from tests.journeys.test_browser_papers import paper, report
from tests.journeys.test_browser_troubles import complaints, open_page
from tests.journeys.visitors import sign_in
from tests.support import factories
from tests.support.installation import Installation, Room, soon
from tests.web.test_people_in_the_room import AN, Hall

pytestmark = pytest.mark.browser

WINDOWS = {"desk": (1280, 800), "phone": (390, 844), "narrow": (320, 640), "twice": (640, 400)}
"""The last is 1280 by 800 with everything twice as large."""
UNFOLD = "for (const fold of document.querySelectorAll('details')) if (fold.checkVisibility()) fold.open = true"
WIDER = "Math.max(0, document.documentElement.scrollWidth - innerWidth)"


class Looked:
    """What is wrong with the pages that were looked at, each state under its name."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    async def at(self, page: Page, state: str, *windows: str) -> None:
        """Looks at this state in these windows, or in all; the pictures are kept where somebody wants to look at them."""
        before = page.viewport_size
        for window in windows or WINDOWS:
            width, height = WINDOWS[window]
            await page.set_viewport_size({"width": width, "height": height})
            self.wrong += [f"{state}, {window}: {one}" for one in await complaints(page)]
            if wider := await page.evaluate(WIDER):
                self.wrong.append(f"{state}, {window}: {wider} px wider than its window")
            if folder := os.environ.get("PICTURES"):
                await page.screenshot(path=Path(folder) / f"{state}-{window}.png".replace(" ", "-"), full_page=width < 900)
        assert before is not None
        await page.set_viewport_size(before)

    async def and_unfolded(self, page: Page, state: str, *windows: str) -> None:
        await self.at(page, state, *windows)
        await page.evaluate(UNFOLD)
        await self.at(page, f"{state} unfolded", *windows)


async def room_of(chromium: Browser, installation: Installation, link: str, login: str = "") -> Page:
    """The room without media; with the console for whoever signed in and conducts."""
    page = await open_page(chromium, "about:blank")
    if login:
        await sign_in(page.context, installation, login)
    await page.goto(f"{installation.url}/j/{link}/room?mode=companion")
    await page.locator("body.started").wait_for()
    return page


async def panel(page: Page, name: str) -> None:
    await page.locator(f"#controls button[data-panel={name}]").click()


def vote(installation: Installation, room: Room, over: str = "points") -> str:
    by = factories.user(installation.people["chair"].user_id, "t", Role.CHAIR)
    with installation.found.db.write() as conn:
        for point in factories.POINTS[:4]:
            service.seat_join(conn, room.meeting_id, point.point_id, installation.now())
        motion = service.motion_open(
            conn, room.meeting_id, "Thông qua phương án sơ tán", Rule.from_data({"quorum": "1/2", "majority": "1/2", "base": "all", "over": over}), by, installation.now())
    installation.found.hub.changed(room.meeting_id)
    return motion


async def test_the_console_its_sections_and_dialogs(chromium: Browser, installation: Installation) -> None:
    room, looked = installation.room(opened=True), Looked()
    chair = await room_of(chromium, installation, room.chair, "chair")
    async with installation.client() as others:
        for code in ("204", "06970"):
            await others.post(f"/j/{room.links[code]}/hand", json={"up": True})
    await chair.locator("[data-give='06970']").wait_for()
    await looked.and_unfolded(chair, "console")
    await chair.locator("[data-do=close]").click()
    await looked.at(chair, "closing", "desk", "phone")
    await chair.keyboard.press("Escape")
    vote(installation, room)
    await chair.locator("#motion-count").get_by_text("0/5").wait_for()
    await looked.at(chair, "console with a vote", "desk", "phone")
    await panel(chair, "chat")
    await looked.at(chair, "messages", "desk", "narrow")
    assert not looked.wrong, "\n".join(looked.wrong)


async def test_a_point_s_panels_a_vote_and_the_plain_page(chromium: Browser, installation: Installation) -> None:
    room, looked = installation.room(opened=True), Looked()
    point = await room_of(chromium, installation, room.links["204"])
    await looked.and_unfolded(point, "point")
    motion = vote(installation, room)
    await point.locator("#vote").get_by_role("button", name="Tán thành", exact=True).wait_for()
    await looked.at(point, "vote")
    plain = await open_page(chromium, f"{installation.url}/j/{room.links['204']}/plain?still=1")
    await looked.at(plain, "plain with a vote")
    await point.locator("#vote").get_by_role("button", name="Tán thành", exact=True).click()
    await point.locator("#vote").get_by_text("Bạn đã biểu quyết: Tán thành").wait_for()
    await plain.reload()
    await looked.at(plain, "plain when voted", "phone")
    await looked.and_unfolded(point, "voted", "desk", "phone")
    by = factories.user(installation.people["chair"].user_id, "t", Role.CHAIR)
    with installation.found.db.write() as conn:
        service.motion_close(conn, motion, by, installation.now())
    installation.found.hub.changed(room.meeting_id)
    await point.locator("#vote").get_by_text("Không thông qua").first.wait_for()
    await looked.at(point, "result", "desk", "phone")
    reader = await open_page(chromium, "about:blank")
    await sign_in(reader.context, installation, "secretary")
    await reader.goto(f"{installation.url}/meetings/{room.meeting_id}/votes")
    await looked.and_unfolded(reader, "votes tab")
    assert not looked.wrong, "\n".join(looked.wrong)


async def test_the_reader_a_page_that_all_follow_and_what_is_handed_in(chromium: Browser, installation: Installation) -> None:
    room, looked = installation.room(opened=True), Looked()
    paper(installation, room, report(2))
    point = await room_of(chromium, installation, room.links["204"])
    await panel(point, "documents")
    await point.locator("#documents .paper-open").wait_for()
    await looked.at(point, "papers")
    async with point.expect_response("**/papers"):
        await point.locator("#paper-file").set_input_files({"name": "Ý kiến.txt", "mimeType": "text/plain", "buffer": "Ý kiến của xã".encode()})
    await point.locator("#documents .paper-open").first.click()
    await point.locator(".page-figure[data-page='1']").wait_for()
    await looked.and_unfolded(point, "reader")
    chair = await open_page(chromium, "about:blank")
    await sign_in(chair.context, installation, "chair")
    await chair.goto(f"{installation.url}/meetings/{room.meeting_id}/console")
    await panel(chair, "documents")
    await chair.locator("#offered").wait_for()  # also for who comes later
    await looked.at(chair, "papers of the chair", "desk", "phone")
    await chair.locator("#documents .small-btn").first.click()
    await chair.locator("#slide[data-page='1']").wait_for()
    await looked.at(chair, "slide", "desk", "phone", "narrow")
    await chair.goto(f"{installation.url}/meetings/{room.meeting_id}/documents")
    await looked.and_unfolded(chair, "handed in")
    assert not looked.wrong, "\n".join(looked.wrong)


async def test_a_person_s_own_page(chromium: Browser, installation: Installation) -> None:
    hall, looked = Hall(installation), Looked()
    phone = await open_page(chromium, f"{installation.url}{hall.phones()[AN]}", viewport={"width": 390, "height": 844})
    await looked.and_unfolded(phone, "person before")
    await phone.get_by_role("button", name="Tôi có mặt").click()
    await phone.get_by_role("button", name="Đăng ký phát biểu").click()
    await phone.get_by_role("button", name="Rút đăng ký phát biểu").wait_for()
    await looked.at(phone, "person asks", "phone", "narrow")
    vote(installation, hall.room, "persons")
    await phone.get_by_role("button", name="Tán thành", exact=True).wait_for()
    await looked.at(phone, "person votes", "phone", "narrow")
    await phone.get_by_role("button", name="Tán thành", exact=True).click()
    await soon(lambda: phone.get_by_text("Mã phiếu").count())
    await looked.and_unfolded(phone, "person voted", "phone", "narrow")
    roll = await open_page(chromium, f"{installation.url}{hall.link}/roll")
    await looked.and_unfolded(roll, "roll of a point")
    assert not looked.wrong, "\n".join(looked.wrong)
