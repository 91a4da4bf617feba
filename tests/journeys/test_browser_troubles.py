"""What goes wrong in offices: the media server dies, a second device comes, there is no camera, the page is read aloud."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, Route

from media.peers import Crowd
from media.peers_clip import Clip
from meetings import service
from meetings.access import Role
from meetings.voting import Rule
from tests.journeys.visitors import Visitor, sign_in
from tests.support import factories
from tests.support.installation import Installation, soon
from tests.support.running import clip  # noqa: F401 - a fixture
from tests.web.test_hub_room import publisher
from web.feed import frame

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent.parent / "web" / "vendor" / "axe.min.js").read_text(encoding="utf-8")
NOTHING = """navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("none", "%s"); };"""


async def open_page(chromium: Browser, url: str, script: str = "", **context: Any) -> Page:
    opened = await chromium.new_context(**{"locale": "vi-VN", **context})
    if script:
        await opened.add_init_script(script)
    page = await opened.new_page()
    await page.goto(url)
    return page


async def complaints(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA, at the end of the page: there a row of controls that sticks lies over nothing."""
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    await page.evaluate(AXE)
    found = await page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']}).then((all) => all.violations)"
    )
    return [f"{one['id']}: {node['target']}" for one in found for node in one["nodes"]]


async def test_a_room_mends_itself_after_the_media_server_died(chromium: Browser, installation: Installation) -> None:
    room, hub = installation.room(opened=True), installation.found.hub
    chair = await Visitor.arrive(chromium, f"{installation.url}/j/{room.chair}", "22", 440, 10)
    point = await Visitor.arrive(chromium, f"{installation.url}/j/{room.links['204']}", "204", 700, 130)
    await soon(lambda: point.sees({"22"}), 20)
    await soon(lambda: _says(point, "#line", "Đường truyền tốt"))
    os.kill(hub.crew.workers.pids[0], signal.SIGKILL)
    await soon(lambda: hub.crew.workers.restarts)
    await soon(lambda: point.sees({"22"}), 30)
    await soon(lambda: chair.hears("204", 700, [440]), 20)
    await soon(lambda: _says(point, "#line", "Đường truyền tốt"))
    await chair.leave()
    await point.leave()


async def _says(visitor: Visitor, selector: str, text: str) -> bool:
    return await visitor.reads(selector) == text


async def test_a_picture_that_stands_still_and_its_return_are_said_in_words_and_once(
    chromium: Browser, installation: Installation, clip: Clip  # noqa: F811
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    async with installation.client() as client:
        peer = await publisher(client, crowd, room, "204", clip)
        chair = await Visitor.arrive(chromium, f"{installation.url}/j/{room.chair}", "22", 440, 10)
        await soon(lambda: chair.sees({"204"}), 20)
        await chair.page.evaluate(HEAR)
        peer.mute("video")
        await soon(lambda: _says(chair, "#stage .blank span", "Hình đang đứng"), 20)
        await soon(lambda: chair.page.evaluate("heard.includes('Hình của Điểm cầu huyện Ba Chẽ đang đứng.')"))
        peer.mute("video", False)
        await soon(lambda: _says(chair, "#stage .mark", "Hình đã trở lại"), 20)
        await soon(lambda: chair.page.locator("#stage.live").is_visible(), 20)
        await soon(lambda: chair.page.evaluate("heard.length === 2 && heard[1].endsWith('đã trở lại.')"), 20)
        await soon(lambda: chair.page.locator("#stage .mark").is_hidden(), 20)
        await peer.close()
    await chair.leave()


# What a screen reader is given of troubles, sentence by sentence.
HEAR = """() => {
  window.heard = [];
  const told = document.getElementById("told");
  new MutationObserver(() => heard.push(told.textContent)).observe(told, { childList: true });
}"""
SAID = {
    "vi-VN": ("Đường xuống mất 7 %: đã hạ hình nhận về", "Đang đi qua TCP vì UDP bị chặn", "Đường truyền yếu",
              "Đường lên mất 12 %: đã hạ hình", "Đường truyền tốt"),
    "en-GB": ("Downlink loses 7 %: pictures you get are smaller", "On TCP, because UDP is blocked", "Weak connection",
              "Uplink loses 12 %: smaller picture", "Good connection"),
}


@pytest.mark.parametrize("language", SAID)
async def test_what_is_wrong_with_a_line_stands_on_the_page_in_its_language(
    chromium: Browser, installation: Installation, clip: Clip, language: str  # noqa: F811
) -> None:
    room, crowd, feed = installation.room(opened=True), Crowd(), installation.found.hub.feed
    fine = {"level": "good", "reason": "", "transport": "udp", "loss": "0", "rate": "2.0 Mbit/s", "paused": [], "layers": {}}

    async def tell(**news: Any) -> None:
        feed.publish(room.meeting_id, frame("line", fine | news))

    async with installation.client() as client:
        peer = await publisher(client, crowd, room, "204", clip)
        page = await open_page(chromium, f"{installation.url}/j/{room.chair}", locale=language)
        await page.locator("button.primary").click()
        await page.locator("#stage.live").wait_for()
        line, own, mark = (page.locator(one) for one in ("#line span", "#trouble", "#stage .mark"))
        await line.get_by_text(SAID[language][4]).wait_for()
        assert await own.is_hidden() and await mark.is_hidden()
        down = {"session": await page.evaluate("window.diemcau.sessions.down"), "name": "22", "role": "subscribe"}
        mid = await page.evaluate("window.diemcau.slots.find((one) => one.kind === 'video' && one.name === '204').mid")
        small = {"layers": {mid: [0, 3, 90]}}
        up = {"session": peer.location.rsplit("/", 1)[1], "name": "204", "role": "publish"}
        installation.call(tell(**down, **small, level="fair", reason="loss", loss="7", transport="tcp"))
        installation.call(tell(**up, level="fair", reason="uplink_loss", loss="12"))
        await own.get_by_text(SAID[language][0]).wait_for()
        await own.get_by_text(SAID[language][1]).wait_for()
        await line.get_by_text(SAID[language][2]).wait_for()
        await mark.get_by_text(SAID[language][3]).wait_for()
        assert await own.locator("svg").count() == await mark.locator("svg").count() == 1, "not by colour alone"
        assert await complaints(page) == []
        installation.call(tell(**down))
        installation.call(tell(**up))
        await line.get_by_text(SAID[language][4]).wait_for()
        await own.wait_for(state="hidden")
        await mark.wait_for(state="hidden")
        await page.context.close()
        await peer.close()


# What a Troubles of our own says beside the page's, which has nothing to say: every sentence that is read aloud.
ALOUD = """async (url) => {
  const { Troubles } = await import(url);
  window.aloud = [];
  new MutationObserver(() => window.aloud.push(document.getElementById("told").textContent))
    .observe(document.getElementById("told"), { childList: true, characterData: true, subtree: true });
  const mine = () => ({ up: "u", down: "d", resting: false, shown: new Map([["m", "204"]]), still: new Set(), rows: { m: 180 }, heeded: [] });
  window.troubles = new Troubles({ me: "22", mine, changed() {} });
}"""


async def test_a_cure_is_read_aloud_once_and_never_because_the_news_broke_off(chromium: Browser, installation: Installation) -> None:
    room = installation.room(opened=True)
    page = await open_page(chromium, f"{installation.url}/j/{room.chair}")
    await page.locator("button.primary").click()
    await page.locator("#line span").get_by_text(SAID["vi-VN"][4]).wait_for()
    source = await page.evaluate("performance.getEntriesByType('resource').map((one) => one.name).find((one) => /troubles/.test(one))")
    await page.evaluate(ALOUD, source)
    fine = {"level": "good", "reason": "", "transport": "udp", "loss": "0", "rate": "2.0 Mbit/s", "paused": [], "layers": {}}
    down = fine | {"session": "d", "name": "22", "role": "subscribe"}
    weak = down | {"level": "fair", "reason": "loss", "loss": "7", "layers": {"m": [0, 3, 90]}}
    up = fine | {"session": "u", "name": "22", "role": "publish"}
    await page.evaluate("news => troubles.line(news)", weak)
    await soon(lambda: page.evaluate("window.aloud.length"))
    await page.evaluate("news => { troubles.begin(); troubles.line(news); }", weak)        # the news broke off and came again
    await page.evaluate("news => troubles.line(news)", up | {"level": "fair", "reason": "uplink_loss", "loss": "12"})
    await page.evaluate("([up, down]) => { troubles.line(up); troubles.line(down); }", [up, down])    # over before it was heard
    await soon(lambda: page.evaluate("window.aloud.length > 1"), 10)
    first, *more = await page.evaluate("window.aloud")
    assert SAID["vi-VN"][0] in first and more == ["Đường truyền đã tốt lại."]
    await page.evaluate("news => { troubles.line(news); troubles.line({ ...news, level: 'good', reason: '' }); }", weak)
    assert await page.evaluate("troubles.unsaid.size") == 0, "what nobody heard needs no cure"
    await page.context.close()


async def test_an_offer_the_server_refuses_is_said_and_not_made_again(chromium: Browser, installation: Installation) -> None:
    room = installation.room(opened=True)
    page = await open_page(chromium, f"{installation.url}/j/{room.links['204']}")
    offers: list[str] = []

    async def refuse(route: Route) -> None:
        offers.append(route.request.url)
        await route.fulfill(status=400, content_type="application/problem+json", json={
            "error": "media.sdp", "message": "Thiết bị này gửi hình theo cách máy chủ không đọc được."})

    await page.route("**/whip", refuse)
    await page.get_by_role("button", name="Vào họp", exact=True).click()
    await page.get_by_text("Thiết bị này gửi hình theo cách máy chủ không đọc được.").wait_for()
    await page.get_by_text("Máy chủ không nhận hình và tiếng của máy này: mọi người không nghe bạn").wait_for()
    await soon(lambda: page.evaluate("window.diemcau?.pcs.down?.connectionState === 'connected'"), 20)  # it listens all the same
    await page.get_by_text("Đường truyền tốt").wait_for()
    assert len(offers) == 1
    await page.context.close()


async def test_a_second_device_is_asked_and_takes_over_or_only_accompanies(
    chromium: Browser, installation: Installation
) -> None:
    room = installation.room(opened=True)
    address = f"{installation.url}/j/{room.links['204']}"
    first = await Visitor.arrive(chromium, address, "204", 700, 130)
    await soon(lambda: "204" in installation.found.hub.live(room.meeting_id))

    phone = await open_page(chromium, address)
    await phone.get_by_role("button", name="Thiết bị phụ").click()
    await phone.get_by_role("button", name="Đăng ký phát biểu").click()
    await soon(lambda: first.page.get_by_role("button", name="Đã đăng ký").is_visible())
    assert await phone.evaluate("window.diemcau.pcs.up === null && window.diemcau.pcs.down === null")
    assert await first.joined()

    tablet = await open_page(chromium, address)
    await tablet.get_by_role("button", name="Thay thiết bị kia").click()
    await soon(lambda: first.page.get_by_text("Điểm cầu đang họp trên thiết bị khác").is_visible(), 20)
    await soon(lambda: tablet.evaluate("window.diemcau?.pcs.up?.connectionState === 'connected'"), 20)
    assert await first.page.evaluate("window.diemcau.pcs.up === null && window.diemcau.pcs.down === null")
    own = "document.querySelector('#self video').srcObject.getTracks().every((track) => track.readyState === 'ended')"
    assert await first.page.evaluate(own), "the camera's lamp goes out"

    # One that only listens takes over and is taken over just the same.
    screen = await open_page(chromium, address, NOTHING % "NotFoundError")
    await screen.get_by_role("button", name="Thay thiết bị kia").click()
    await soon(lambda: tablet.get_by_text("Điểm cầu đang họp trên thiết bị khác").is_visible(), 20)
    await soon(lambda: screen.evaluate("window.diemcau?.pcs.down?.connectionState === 'connected'"), 20)
    desk = await open_page(chromium, address)
    await desk.get_by_role("button", name="Thay thiết bị kia").click()
    await soon(lambda: screen.get_by_text("Điểm cầu đang họp trên thiết bị khác").is_visible(), 20)
    for page in (phone, tablet, first.page, screen, desk):
        await page.context.close()


# What the browser does when the microphone's cable is pulled out, and when it is put in again.
UNPLUG = """() => {
  const media = navigator.mediaDevices;
  window.opens = media.getUserMedia;
  media.getUserMedia = async () => { throw new DOMException("none", "NotFoundError"); };
  const { track } = window.diemcau.pcs.up.getSenders().find((sender) => sender.track.kind === "audio");
  track.stop();
  track.dispatchEvent(new Event("ended"));
}"""
PLUG = """() => {
  navigator.mediaDevices.getUserMedia = window.opens;
  navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
}"""


async def test_a_microphone_that_is_pulled_out_is_said_and_heard_again_when_it_is_back(
    chromium: Browser, installation: Installation
) -> None:
    room = installation.room(opened=True)
    chair = await Visitor.arrive(chromium, f"{installation.url}/j/{room.chair}", "22", 440, 10)
    point = await Visitor.arrive(chromium, f"{installation.url}/j/{room.links['204']}", "204", 700, 130)
    await soon(lambda: chair.hears("204", 700, [440]), 20)
    await soon(lambda: _says(point, "#voice", "Micro đang bật"))
    await point.page.evaluate(UNPLUG)
    await soon(lambda: _says(point, "#voice", "Không có micro: mọi người không nghe bạn"))
    await soon(lambda: chair.sees({"204"}), 20)  # the picture goes on
    await point.page.evaluate(PLUG)
    await soon(lambda: _says(point, "#voice", "Micro đang bật"), 20)
    await soon(lambda: chair.hears("204", 700, [440]), 20)
    await chair.leave()
    await point.leave()


async def test_the_page_before_the_room_holds_one_camera_however_often_devices_change(
    chromium: Browser, installation: Installation
) -> None:
    room = installation.room(opened=True)
    page = await open_page(chromium, f"{installation.url}/j/{room.links['204']}", """
      window.streams = [];
      const media = navigator.mediaDevices, ask = media.getUserMedia.bind(media);
      media.getUserMedia = async (wanted) => { const one = await ask(wanted); streams.push(one); return one; };
    """)
    await page.locator("#picture.live").wait_for()
    await page.evaluate("for (let n = 0; n < 3; n += 1) navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    await soon(lambda: page.evaluate("streams.length === 4"))
    live = "streams.flatMap((one) => one.getTracks()).filter((track) => track.readyState === 'live').length"
    await soon(lambda: page.evaluate(f"{live} === 2"))
    await page.context.close()


async def test_a_page_that_is_told_to_wait_asks_for_tickets_no_sooner(
    chromium: Browser, installation: Installation
) -> None:
    room = installation.room(opened=True)
    page = await open_page(chromium, f"{installation.url}/j/{room.links['204']}", NOTHING % "NotFoundError")
    asked: list[float] = []

    async def busy(route: Route) -> None:
        asked.append(time.monotonic())
        if len(asked) == 1:
            await route.fulfill(status=429, headers={"retry-after": "3"}, json={"error": "too_many", "message": "…"})
        else:
            await route.continue_()

    await page.route("**/tickets", busy)
    await page.get_by_role("button", name="Vào họp", exact=True).click()
    await soon(lambda: page.evaluate("window.diemcau?.pcs.down?.connectionState === 'connected'"), 20)
    assert asked[1] - asked[0] >= 3
    await page.context.close()


async def press(page: Page, button: Locator) -> None:
    """Puts the mouse button down there, and keeps it down."""
    box = await button.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.mouse.down()


async def test_the_chair_s_press_on_invite_survives_the_hands_of_others(
    chromium: Browser, installation: Installation
) -> None:
    room = installation.room(opened=True)
    with installation.found.db.write() as conn:
        for point in factories.POINTS[:4]:
            service.seat_join(conn, room.meeting_id, point.point_id, installation.now())
    page = await open_page(chromium, "about:blank")
    await sign_in(page.context, installation, "chair")
    async with installation.client() as others:
        await page.goto(f"{installation.url}/j/{room.chair}/room?mode=companion")
        for code in ("06970", "06973"):
            await others.post(f"/j/{room.links[code]}/hand", json={"up": True})
            await page.locator(f"[data-give='{code}']").wait_for()
        await press(page, page.locator("[data-give='06973']"))
        await others.post(f"/j/{room.links['204']}/hand", json={"up": True})
        await page.locator("[data-give='204']").wait_for()
        await page.mouse.up()
        await page.get_by_text("Điểm cầu xã Đồn Đạc đang phát biểu").first.wait_for()
    await page.context.close()


async def test_a_press_on_a_ballot_survives_the_ballots_of_others(chromium: Browser, installation: Installation) -> None:
    room, by = installation.room(opened=True), factories.user(installation.people["chair"].user_id, "t", Role.CHAIR)
    with installation.found.db.write() as conn:
        for point in factories.POINTS[:4]:
            service.seat_join(conn, room.meeting_id, point.point_id, installation.now())
        motion = service.motion_open(
            conn, room.meeting_id, "Thông qua phương án",
            Rule.from_data({"quorum": "2/3", "majority": "1/2", "base": "all"}), by, installation.now())
    page = await open_page(chromium, f"{installation.url}/j/{room.links['204']}/room?mode=companion")
    await page.get_by_role("button", name="Biểu quyết").click()
    await press(page, page.get_by_role("button", name="Tán thành", exact=True))
    async with installation.client() as other:
        cast = await other.post(f"/j/{room.links['06970']}/vote", json={"motion": motion, "choice": "for"})
        assert cast.status_code == 200, cast.text
    await page.get_by_text("1/5 điểm cầu đã biểu quyết").wait_for()
    await page.mouse.up()
    await page.get_by_text("Bạn đã biểu quyết: Tán thành").first.wait_for()
    await page.context.close()


async def test_a_companion_whose_link_was_revoked_says_so(
    chromium: Browser, installation: Installation
) -> None:
    room = installation.room(opened=True)
    page = await open_page(chromium, f"{installation.url}/j/{room.links['204']}/room?mode=companion")
    await page.locator("#line[data-state=companion]").wait_for()
    secretary = factories.user(installation.people["secretary"].user_id, "t", Role.SECRETARY)
    with installation.found.db.write() as conn:
        service.link_revoke(conn, room.meeting_id, 2, secretary, installation.now())
    installation.found.hub.revoked(room.meeting_id, "204")
    await page.get_by_text("Không vào được phòng họp").wait_for()
    await page.context.close()


@pytest.mark.parametrize(
    ("error", "said"), [("NotAllowedError", "Trình duyệt đang chặn micro"), ("NotFoundError", "Không tìm thấy máy quay")]
)
async def test_without_camera_and_microphone_the_reason_is_said_and_one_still_joins(
    chromium: Browser, installation: Installation, error: str, said: str
) -> None:
    room = installation.room(opened=True)
    page = await open_page(chromium, f"{installation.url}/j/{room.links['204']}", NOTHING % error)
    await page.get_by_text(said).first.wait_for()
    await page.get_by_role("button", name="Vào họp", exact=True).click()
    await soon(lambda: page.evaluate("window.diemcau?.pcs.down?.connectionState === 'connected'"), 20)
    assert await page.locator("#voice").inner_text() == "Không có micro: mọi người không nghe bạn"
    await soon(lambda: "204" in installation.found.hub.live(room.meeting_id))  # who only listens is present too
    await page.context.close()


@pytest.mark.parametrize("width", [1440, 390])
async def test_join_and_room_pages_give_axe_nothing_to_say(
    chromium: Browser, installation: Installation, width: int
) -> None:
    room = installation.room(opened=True)
    page = await open_page(
        chromium, f"{installation.url}/j/{room.links['204']}", viewport={"width": width, "height": 800}
    )
    await page.locator("#check").wait_for()
    assert await complaints(page) == []
    await page.get_by_role("button", name="Vào họp", exact=True).click()
    await soon(lambda: page.evaluate("window.diemcau?.pcs.down?.connectionState === 'connected'"), 20)
    assert await complaints(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.context.close()
