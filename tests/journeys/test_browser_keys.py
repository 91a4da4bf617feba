"""By keyboard alone: into the room, a hand up, a ballot, out again; what has the focus is seen, and a panel gives it back."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from meetings import service
from meetings.access import Role
from meetings.voting import COUNCIL
from tests.journeys.test_browser_troubles import open_page
from tests.support import factories
from tests.support.installation import Installation, Room, soon
from tests.support.running import client, installation  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser

FOCUS = """() => {
  const at = document.activeElement, look = getComputedStyle(at);
  return { id: at.id, text: at.innerText?.trim(), outlined: look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2 };
}"""


async def tab_to(page: Page, wanted: str, most: int = 40) -> None:
    """Presses Tab until what `wanted` selects has the focus; it must then be seen to have it."""
    for _press in range(most):
        await page.keyboard.press("Tab")
        if await page.evaluate("(wanted) => document.activeElement.matches(wanted)", wanted):
            assert (await page.evaluate(FOCUS))["outlined"], f"{wanted} has the focus and does not show it"
            return
    raise AssertionError(f"{most} tabs did not reach {wanted}; the focus is on {await page.evaluate(FOCUS)}")


def open_vote(installation: Installation, room: Room) -> None:
    chair = factories.user(installation.people["chair"].user_id, "t", Role.CHAIR)
    with installation.found.db.write() as conn:
        service.motion_open(conn, room.meeting_id, "Thông qua kế hoạch", COUNCIL, chair, installation.now())
    installation.found.hub.changed(room.meeting_id)


async def test_a_commune_joins_raises_its_hand_votes_and_leaves_without_a_mouse(chromium: Browser, installation: Installation) -> None:
    room = installation.room(opened=True)
    with installation.found.db.write() as conn:
        for point_id in range(1, 6):
            service.seat_join(conn, room.meeting_id, point_id, installation.now())
    page = await open_page(chromium, f"{installation.url}/j/{room.links['204']}")
    await page.locator("#check").wait_for()
    await tab_to(page, "form[action$='/room'] button")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/room*")
    await soon(lambda: page.evaluate("window.diemcau?.pcs.down?.connectionState === 'connected'"), 20)

    await tab_to(page, ".skip")
    await page.keyboard.press("Enter")
    await tab_to(page, "#hand")
    await page.keyboard.press("Space")
    await soon(lambda: page.locator("#hand[aria-pressed=true]").is_visible())

    open_vote(installation, room)
    await page.locator("#vote .choice").first.wait_for()
    assert (await page.evaluate(FOCUS))["id"] == "hand", "a vote that opens takes nobody's place on the page"
    await tab_to(page, "#open-vote")
    await page.keyboard.press("Enter")      # it is open already: this closes it, and the next opens it with the focus inside
    await page.keyboard.press("Enter")
    await tab_to(page, "#vote .choice.for")
    await page.keyboard.press("Enter")
    await page.locator("#vote code").wait_for()

    await page.keyboard.press("Escape")
    assert (await page.evaluate(FOCUS))["id"] == "open-vote", "the panel gives the focus back"
    await tab_to(page, "#leave")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/j/{room.links['204']}")
    await page.context.close()
