"""Chromium and Firefox in one room: each decodes the other, and the chair's console in one conducts the other: floor, page, vote."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from meetings import service
from tests.journeys.test_browser_papers import AHEAD, BAR, PRESS, _present, _shows, paper, report
from tests.journeys.test_browser_room import _says, _sign_in_as_chair
from tests.journeys.visitors import FirefoxVisitor, Visitor, unfold
from tests.support.firefox import Firefox
from tests.support.installation import Installation, soon

pytestmark = pytest.mark.browser

CHAIR, POINT = (440, 10), (1100, 250)
TURNS = 4


async def test_two_browsers_meet_the_floor_moves_pages_turn_and_a_vote_counts(
    chromium: Browser, firefox: Firefox, reachable: Installation, capsys: pytest.CaptureFixture[str],
) -> None:
    room = reachable.room(opened=True)
    with reachable.found.db.write() as conn:
        for point_id in (4, 5):
            service.seat_join(conn, room.meeting_id, point_id, reachable.now())
    chair = await Visitor.arrive(chromium, f"{reachable.url}/j/{room.chair}", "22", *CHAIR)
    await _sign_in_as_chair(chair, reachable)
    point = await FirefoxVisitor.arrive(firefox, f"{reachable.url}/j/{room.links['06970']}", "06970", *POINT)
    for listener, name, (hz, hue), (own, _hue) in ((chair, "06970", POINT, CHAIR), (point, "22", CHAIR, POINT)):
        await soon(lambda: listener.sees({name}), 20)
        await soon(lambda: listener.looks(name, hue), 10)
        await soon(lambda: listener.hears(name, hz, [own]), 15)

    await point.page.press("#hand")
    await soon(lambda: chair.page.locator("[data-give]").first.is_visible(), 10)
    await chair.page.locator("[data-give]").first.click()
    await soon(lambda: _says(point, "#voice", "Bạn đang phát biểu — mọi người đang nghe"), 10)
    await chair.page.get_by_role("button", name="Thu lời").click()
    await soon(lambda: _says(point, "#voice", "Micro đang bật"), 10)

    await unfold(chair.page, "motion-panel")
    form = chair.page.locator("#motion-form")
    await form.locator("[name=title]").fill("Thông qua kế hoạch")
    await form.locator("[name=preset]").select_option("points")
    await form.get_by_role("button", name="Mở biểu quyết").click()
    await soon(lambda: point.page.evaluate("!!document.querySelector('#vote .choice.for')"), 10)
    await point.page.press("#vote .choice.for")
    await chair.page.locator("#motion-count").get_by_text("1/5").wait_for()
    await chair.page.locator("#motion-close").click()
    await soon(lambda: point.page.evaluate("document.querySelector('#vote').textContent.includes('Tán thành 1')"), 10)

    paper(reachable, room, report(TURNS + 2))
    await soon(lambda: chair.page.locator("#documents .small-btn").count(), 10)
    await _present(chair)
    await soon(lambda: _shows(point, 1), 40)
    taken = []
    for turn in range(2, TURNS + 2):
        await soon(lambda: point.page.evaluate(AHEAD % turn), 10)     # a speaker looks at a page; the next one is fetched meanwhile
        pressed = float(await chair.page.evaluate(PRESS))
        await soon(lambda: _shows(point, turn), 10)
        taken.append(float(await point.page.evaluate("Number(document.querySelector('#slide').dataset.at)")) - pressed)
    with capsys.disabled():
        print(f"\npage flip from Chromium to Firefox: {', '.join(f'{one:.0f}' for one in taken)} ms (bar {BAR:.0f})", end=" ")
    assert sorted(taken)[TURNS // 2] <= BAR, taken
    for visitor in (chair, point):
        await visitor.leave()
