"""The chair records from the console; the others are told at once, whoever comes later at the door and in the room, with a tone."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from meetings.store import ledger_store, recording_store
from tests.journeys.test_browser_room import _sign_in_as_chair
from tests.journeys.test_browser_troubles import complaints
from tests.journeys.visitors import Visitor, unfold
from tests.support.installation import Installation, Room, soon

pytestmark = pytest.mark.browser

SOUNDS = """
window.tones = [];
const made = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () {
  const note = made.call(this);
  window.tones.push(note);
  return note;
};
"""
PHONE = {"viewport": {"width": 390, "height": 844}}


async def test_everybody_is_told_that_the_meeting_is_recorded(chromium: Browser, installation: Installation) -> None:
    room = installation.room(opened=True)
    links = {code: f"{installation.url}/j/{secret}" for code, secret in room.links.items()}
    chair = await Visitor.arrive(chromium, links["22"], "22", 440, 10)
    await _sign_in_as_chair(chair, installation)
    district = await Visitor.arrive(chromium, links["204"], "204", 700, 130, script=SOUNDS)
    await _begin(chair, asks=False)
    banner = district.page.locator("#recording")
    await soon(banner.is_visible)
    assert "Soạn biên bản cuộc họp" in await banner.inner_text() and "Đang ghi hình" in await banner.inner_text()
    assert await banner.get_attribute("role") == "status"
    assert [round(await district.page.evaluate(f"window.tones[{n}].frequency.value")) for n in range(2)] == [880, 1175]
    await soon(lambda: _says(chair, "2/2"), 20)
    await _on_a_television(chromium, links["204"])
    await _late(chromium, installation, room, links["06970"])
    assert [(event.point["code"], event.data["late"]) for event in _told(installation, room)] == [("06970", True)]

    await chair.page.locator("#recorder-stop").click()
    await soon(lambda: _gone(banner))
    await soon(lambda: _kept(installation, room), 20)
    await _tab(chair, installation, room)
    for visitor in (chair, district):
        assert not visitor.problems
        await visitor.leave()


async def test_where_few_meet_nobody_goes_on_without_knowing(chromium: Browser, installation: Installation) -> None:
    room = installation.room(opened=True)
    chair = await Visitor.arrive(chromium, f"{installation.url}/j/{room.chair}", "22", 440, 10, script=SOUNDS)
    await _sign_in_as_chair(chair, installation)
    await _begin(chair, asks=True)
    dialog = chair.page.locator("#recording-ask")
    await soon(dialog.is_visible, 20)
    assert await complaints(chair.page) == []
    await chair.page.keyboard.press("Escape")
    assert await dialog.is_visible(), "no answer"
    await chair.page.keyboard.press("Enter")  # the focus is on the answer
    await soon(lambda: _gone(dialog))
    assert [event.data["agreed"] for event in _told(installation, room)] == [True]
    await chair.page.reload()
    await soon(chair.joined, 20)
    await soon(chair.page.locator("#recording").is_visible)
    assert not await dialog.is_visible(), "the point knows"
    await chair.leave()


async def _begin(chair: Visitor, *, asks: bool) -> None:
    page = chair.page
    await unfold(page, "recording-part")
    await page.locator("#recorder-begin > summary").click()
    if asks:
        await page.locator("#recorder-form [name=asks]").check()
    else:
        assert not await page.locator("#recorder-form [name=asks]").is_checked()
        assert await complaints(page) == []
    await page.get_by_role("button", name="Báo cho mọi người và bắt đầu ghi").click()
    await soon(page.locator("#recorder-stop").is_visible)


async def _late(chromium: Browser, installation: Installation, room: Room, link: str) -> None:
    """The door says it before anybody goes in; the room says it again, and the ledger that it did."""
    opened = await chromium.new_context(locale="vi-VN", **PHONE)
    page = await opened.new_page()
    await page.goto(link)
    assert "Cuộc họp này đang được ghi hình và ghi âm." in await page.locator("main").inner_text()
    assert await complaints(page) == []
    await opened.close()
    late = await Visitor.arrive(chromium, link, "06970", 1100, 250, script=SOUNDS, **PHONE)
    await soon(late.page.locator("#recording").is_visible)
    assert await late.page.evaluate("window.tones.length") == 2
    await soon(lambda: bool(_told(installation, room)), 20)
    assert await complaints(late.page) == []
    assert not late.problems
    await late.leave()


async def _on_a_television(chromium: Browser, link: str) -> None:
    page = await chromium.new_page(viewport={"width": 1920, "height": 1080}, locale="vi-VN")
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    await page.goto(f"{link}/tv")
    await soon(page.locator("#recording").is_visible)
    assert "Soạn biên bản cuộc họp" in await page.locator("#recording").inner_text() and not wrong
    await page.close()


async def _tab(chair: Visitor, installation: Installation, room: Room) -> None:
    page = await chair.page.context.new_page()
    await page.goto(f"{installation.url}/meetings/{room.meeting_id}/recordings")
    await page.get_by_text("Tệp của từng điểm cầu").click()
    assert await page.locator("a[href*='/tracks/']").count() >= 4
    assert await complaints(page) == []
    await page.close()


async def _says(visitor: Visitor, text: str) -> bool:
    return text in await visitor.page.locator("#recorder-says").inner_text()


async def _gone(part: object) -> bool:
    return not await part.is_visible()  # type: ignore[attr-defined]


def _told(installation: Installation, room: Room) -> list[ledger_store.Event]:
    with installation.found.db.read() as conn:
        return [event for event in ledger_store.events(conn, room.meeting_id) if event.kind == "recording.told"]


def _kept(installation: Installation, room: Room) -> bool:
    with installation.found.db.read() as conn:
        return all(one.kept_at for one in recording_store.of_meeting(conn, room.meeting_id))
