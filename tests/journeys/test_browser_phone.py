"""A delegate's own phone in a browser: writes while the page renews itself, follows the presenter's page, sends photographs of sheets; with and without scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser, Page

from meetings import papers
from tests.journeys.test_browser_people import HIGH, PHONE, opened, pictured
from tests.journeys.test_browser_troubles import complaints
from tests.support.installation import Installation, soon
from tests.support.sheets import photograph
from tests.web.test_people_in_the_room import AN, Hall
from tests.web.test_phone import paper

pytestmark = pytest.mark.browser



BAR = 300.0  # milliseconds from the answer to whoever turned the page to the picture on the telephone
DRAWN = "Number(document.querySelector('#shown figure')?.dataset.when ?? 0)"
PAGE = "document.querySelector('#shown figure img')?.alt ?? ''"


@pytest.fixture
def hall(installation: Installation) -> Hall:
    return Hall(installation)


@pytest.fixture
async def chair(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with await installation.signed_in("chair") as client:
        yield client


async def _alt(page: Page, begins: str) -> bool:
    return str(await page.evaluate(PAGE)).startswith(begins)


async def test_messages_come_while_somebody_writes_and_go_in_the_own_name(chromium: Browser, hall: Hall, chair: httpx.AsyncClient) -> None:
    conduct = f"/meetings/{hall.room.meeting_id}/conduct"
    phone = await opened(chromium, f"{hall.installation.url}{hall.phones()[AN]}", **PHONE)
    field = phone.get_by_role("textbox", name="Nội dung tin nhắn")
    await field.fill("Tôi muốn hỏi về")
    await chair.post(f"{conduct}/chat", json={"text": "Mời các điểm cầu cho ý kiến"})
    await phone.locator("#chat").get_by_text("Mời các điểm cầu cho ý kiến").wait_for()
    async with hall.installation.client() as point:
        await point.post(f"{hall.link}/people", json={"person": hall.person(AN), "state": "present"})  # the page is renewed
    await phone.get_by_role("button", name="Tôi rời họp").wait_for()
    assert await field.input_value() == "Tôi muốn hỏi về" and await field.evaluate("(field) => field === document.activeElement")
    await phone.keyboard.type(" nhà tạm")
    await phone.get_by_role("button", name="Gửi cho mọi người").click()
    await phone.locator("#chat .text", has_text="Tôi muốn hỏi về nhà tạm").wait_for()
    assert await field.input_value() == "" and await phone.locator("#chat li").count() == 2
    await chair.post(f"{conduct}/chat/hide", json={"message": 1, "reason": "nhầm"})
    await soon(lambda: phone.locator("#chat li").count(), 10)
    await phone.locator("#chat", has_not_text="Mời các điểm cầu").wait_for()
    await chair.post(f"{conduct}/setting", json={"chat": "closed"})
    await phone.get_by_text("Chủ trì đang tắt phần nhắn tin.").wait_for()
    assert await complaints(phone) == []
    assert await phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_page_that_all_see_follows_as_a_picture_and_rests_where_it_is_not_wanted(
    chromium: Browser, hall: Hall, chair: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    document, conduct = paper(hall, 6), f"/meetings/{hall.room.meeting_id}/conduct"
    phone = await opened(chromium, f"{hall.installation.url}{hall.phones()[AN]}", **HIGH)
    await chair.post(f"{conduct}/show", json={"document": document, "page": 1})
    await soon(lambda: _alt(phone, "Trang 1/6"), 20)
    taken = []
    for turn in range(2, 6):
        before = float(await phone.evaluate("performance.timeOrigin + performance.now()"))
        await chair.post(f"{conduct}/show", json={"document": document, "page": turn})
        await soon(lambda: _alt(phone, f"Trang {turn}/6"), 20)
        taken.append(float(await phone.evaluate(DRAWN)) - before)
    with capsys.disabled():
        print(f"\n  a telephone follows a turned page: {', '.join(f'{one:.0f}' for one in taken)} ms with the request")
    assert await complaints(phone) == []
    await pictured(phone, "phone-follows")
    await phone.get_by_text("Hình của trang").click()  # not wanted any more: the words and links go on
    await chair.post(f"{conduct}/show", json={"document": document, "page": 6})
    await phone.get_by_text("Trang 6/6").wait_for()
    assert await _alt(phone, "Trang 5/6")
    assert await phone.get_by_role("link", name="Xem trang này").get_attribute("href") == f"{hall.phones()[AN]}/papers/{document}/pages/6?w=1080"
    await chair.post(f"{conduct}/hide")
    await phone.locator("#shown").wait_for(state="detached")


async def test_photographs_are_gathered_made_small_and_sent(chromium: Browser, hall: Hall) -> None:
    phone = await opened(chromium, f"{hall.installation.url}{hall.phones()[AN]}", **HIGH)
    await phone.locator("#offer summary").click()
    assert await complaints(phone) == []
    large = photograph(3_000, 4_000)
    field = phone.get_by_label("Chụp giấy tờ gửi thư ký")
    for name in ("a.jpg", "b.jpg"):  # one press of the camera after the other
        await field.set_input_files([{"name": name, "mimeType": "image/jpeg", "buffer": large}])
        await phone.locator(f".photos li:nth-child({1 if name == 'a.jpg' else 2})").wait_for()
    await phone.locator(".photos img").first.evaluate("(image) => image.decode()")
    assert await phone.locator(".photos img").first.evaluate("(image) => [image.naturalWidth, image.naturalHeight]") == [1654, 2205]
    await pictured(phone, "phone-photos")
    assert await complaints(phone) == []
    await phone.get_by_role("button", name="Xóa: Trang 2").click()
    await phone.get_by_role("button", name="Gửi ảnh").click()
    await phone.get_by_text("Đã gửi thư ký. Mọi người đọc được khi thư ký nhận.").wait_for()
    assert await phone.locator(".photos li").count() == 0
    with hall.found.db.read() as conn:
        assert [one.pages for one in papers.documents(conn, hall.room.meeting_id, "offered")] == [1]


async def test_without_scripts_everything_is_a_link_or_a_form(chromium: Browser, hall: Hall, chair: httpx.AsyncClient) -> None:
    document = paper(hall)
    await chair.post(f"/meetings/{hall.room.meeting_id}/conduct/show", json={"document": document, "page": 2})
    phone = await opened(chromium, f"{hall.installation.url}{hall.phones()[AN]}", java_script_enabled=False, **HIGH)
    await phone.get_by_text("Trang 2/3").wait_for()
    await pictured(phone, "phone-plain")
    await phone.get_by_role("link", name="Viết tin nhắn").click()
    await phone.get_by_role("textbox", name="Nội dung tin nhắn").fill("Mạng yếu, tôi chỉ đọc")
    await phone.get_by_role("button", name="Gửi cho mọi người").click()
    await phone.get_by_text("Đã gửi tin nhắn.").wait_for()
    await phone.get_by_text("Mạng yếu, tôi chỉ đọc").wait_for()
    await phone.get_by_role("link", name="Gửi tài liệu cho thư ký").click()
    await pictured(phone, "phone-plain-papers")
    await phone.get_by_label("Chụp giấy tờ gửi thư ký").set_input_files([{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photograph()}])
    await phone.get_by_role("button", name="Gửi ảnh").click()
    await phone.get_by_text("Đã gửi thư ký.").wait_for()
