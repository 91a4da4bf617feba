"""Opinion slips in a real browser: the secretary sends them after the vote, an absent person answers on a phone without scripts, the result
is shown with its reckoning."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from meetings import service
from tests.journeys.test_browser_troubles import complaints
from tests.support.installation import Installation
from tests.web.test_people_in_the_room import AN, BINH, Hall

pytestmark = pytest.mark.browser
TITLE = "Thông qua quy chế làm việc năm 2027"


async def keep(page: Page, name: str) -> None:
    """Nothing for axe to say, at a desk; and a picture for whoever wants to look: SLIP_SHOTS names the folder."""
    if name.endswith("1280"):  # it needs scripts, which the phone here has none of
        assert not await complaints(page), name
    if folder := os.environ.get("SLIP_SHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def test_slips_are_sent_answered_on_a_phone_without_scripts_and_told(chromium: Browser, installation: Installation) -> None:
    hall = Hall(installation)
    phones, here = hall.phones(), f"{installation.url}/meetings/{hall.room.meeting_id}"
    async with await installation.signed_in("secretary") as signed:
        cookies = [{"name": one.name, "value": one.value or "", "url": installation.url} for one in signed.cookies.jar]
    desk = await chromium.new_context(locale="vi-VN", viewport={"width": 1280, "height": 900})
    await desk.add_cookies(cookies)  # type: ignore[arg-type]
    secretary = await desk.new_page()
    await secretary.goto(f"{here}/votes")
    await secretary.locator("summary", has_text="Gửi phiếu lấy ý kiến").click()
    form = secretary.locator("form[action$='/slips']")
    await form.locator("[name=title]").fill(TITLE)
    await form.locator("[name=due_day]").fill(installation.found.when.form_date(installation.now() + timedelta(days=3)))
    await keep(secretary, "slip-form-1280")
    await form.get_by_role("button", name="Gửi phiếu").click()
    await secretary.get_by_role("heading", name="Chưa trả lời (2)").wait_for()
    await keep(secretary, "slip-sent-1280")
    with hall.found.db.write() as conn:
        service.close(conn, hall.room.meeting_id, hall.by, installation.now())
    pocket = await chromium.new_context(locale="vi-VN", viewport={"width": 390, "height": 844}, java_script_enabled=False)
    phone = await pocket.new_page()
    await phone.goto(installation.url + phones[BINH])
    await keep(phone, "slip-list-390")
    await phone.get_by_role("link", name=TITLE).click()
    await keep(phone, "slip-question-390")
    await phone.get_by_label("Ý kiến khác (viết vào ô bên dưới)").check()
    await phone.get_by_role("button", name="Gửi câu trả lời").click()
    await phone.get_by_role("alert").get_by_text("Hãy viết ý kiến của bạn").wait_for()
    await phone.locator("[name=opinion]").fill("Đề nghị bổ sung điều 3 về họp trực tuyến.")
    await phone.get_by_role("button", name="Gửi câu trả lời").click()
    await phone.get_by_text("Đã ghi câu trả lời của bạn").wait_for()
    assert await phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing runs out of the narrow page"
    await keep(phone, "slip-receipt-390")
    await secretary.reload()
    await secretary.get_by_role("heading", name="Chưa trả lời (1)").wait_for()
    await phone.goto(installation.url + phones[AN])
    await phone.get_by_role("link", name=TITLE).click()
    await phone.get_by_label("Tán thành", exact=True).check()
    await phone.get_by_role("button", name="Gửi câu trả lời").click()
    await phone.get_by_role("heading", name="Kết quả").wait_for()
    await keep(phone, "slip-result-390")
    await secretary.goto(f"{here}/votes")
    await secretary.get_by_text("1/2 × 2 = 1; Tán thành 1: chưa đủ.").wait_for()
    await secretary.locator("summary", has_text="Ai biểu quyết thế nào").click()
    await secretary.get_by_text("Đề nghị bổ sung điều 3").wait_for()
    await keep(secretary, "slip-tab-1280")
    with_scripts = await desk.new_page()
    await with_scripts.set_viewport_size({"width": 390, "height": 844})
    for path in ("", await phone.evaluate("location.pathname")):
        await with_scripts.goto(installation.url + (path or phones[AN]))
        assert not await complaints(with_scripts), path
    for context in (desk, pocket):
        await context.close()
