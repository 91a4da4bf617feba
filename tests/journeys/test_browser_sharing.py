"""A point shares its screen beside its camera: others read it large, the speaker small; it ends with the floor, and is refused in words."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright

from media.peers import Crowd
from media.peers_clip import Clip
from tests.journeys.conftest import CHROMIUM_ARGUMENTS
from tests.journeys.test_browser_troubles import complaints
from tests.journeys.visitors import Visitor
from tests.support.installation import Installation, Room, soon
from tests.support.running import client, clip  # noqa: F401 - fixtures
from tests.web.test_hub_room import publisher
from tests.web.test_voices import do

pytestmark = pytest.mark.browser

SHOWN = "Slide-quarter-four"
SLIDE = f"""<title>{SHOWN}</title><style>@keyframes turn {{ to {{ transform: rotate(1turn) }} }} b {{ display: block; width: 90px; animation: turn 2s linear infinite }}</style>
<body style='margin:0;background:hsl(120 70% 40%)'><h1 style='margin:200px'>Bảng số liệu quý IV</h1><b>quay</b>"""
TONE = """(hz) => {
  window.film = new AudioContext();
  const tone = new OscillatorNode(window.film, { frequency: hz }), quiet = new GainNode(window.film, { gain: 0.5 });
  tone.connect(quiet).connect(window.film.destination);
  tone.start();
}"""
FILM = 1200  # Hz
REFUSES = "navigator.mediaDevices.getDisplayMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };"
PHONE = "delete MediaDevices.prototype.getDisplayMedia;"


@pytest.fixture
async def sharer() -> AsyncIterator[Browser]:
    """A browser that, asked for a screen, gives the tab of that title."""
    arguments = [one for one in CHROMIUM_ARGUMENTS if "fake" not in one]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*arguments, f"--auto-select-tab-capture-source-by-title={SHOWN}"],
            ignore_default_args=["--mute-audio"])  # a tab that is mute gives no sound to others either
        yield browser
        await browser.close()


async def name_on_stage(page: Page) -> str:
    name: str = await page.evaluate("document.getElementById('stage').dataset.name")
    return name


async def test_a_shared_screen_is_read_by_others_and_ends_with_the_floor(
    sharer: Browser, chromium: Browser, installation: Installation, client: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    async with await installation.signed_in("chair") as chair:
        speaker = await Visitor.arrive(sharer, f"{installation.url}/j/{room.links['204']}", "204", 440, 10)
        main = await Visitor.arrive(chromium, f"{installation.url}/j/{room.links['22']}", "22", 700, 300)
        reader = await Visitor.arrive(chromium, f"{installation.url}/j/{room.links['06970']}", "06970", 550, 240)
        slide = await speaker.page.context.new_page()
        await slide.set_content(SLIDE)
        await slide.evaluate(TONE, FILM)
        await speaker.page.bring_to_front()
        button = speaker.page.locator("#share")
        assert await button.is_hidden(), "who may share nothing is offered nothing"
        assert await main.page.locator("#share").is_visible()
        await do(chair, room, "floor", code="204")
        await button.click()
        await soon(lambda: _shows(reader.page, "204#screen"), 60)
        await soon(lambda: reader.looks("204#screen", 120), 20)
        assert await reader.page.locator("#stage .who").inner_text() == "Màn hình của Điểm cầu huyện Ba Chẽ"
        await soon(lambda: _small(reader.page, "204"), 60)
        await soon(lambda: _readable(reader, "204#screen"), 20)
        assert "đang chia sẻ màn hình" in await speaker.page.locator("#sharing").inner_text()
        await _heard(speaker, main, reader)
        assert await name_on_stage(speaker.page) != "204#screen", "nobody reads the own screen in the own room"
        assert not await complaints(reader.page) and not await complaints(speaker.page)
        await _television(chromium, installation, room)
        await do(chair, room, "voice/all", muted=True)
        before = await reader.packets("204#screen")
        await soon(lambda: _more(reader, before), 60)  # what is said of microphones is not said of a film
        await do(chair, room, "floor")
        await soon(lambda: button.is_hidden(), 10)
        await soon(lambda: _notice(speaker.page, "không còn được chia sẻ"), 10)
        await soon(lambda: _not_shown(reader.page, "204#screen"), 10)
        assert await speaker.page.locator("#sharing-sound").is_hidden()
        assert not speaker.problems and not reader.problems and not main.problems
        for one in (speaker, main, reader):
            await one.page.context.close()


async def _heard(speaker: Visitor, main: Visitor, reader: Visitor) -> None:
    """The film is heard by all others beside whoever speaks, and at the point that shares it by nobody."""
    await soon(lambda: reader.hears("204#screen", FILM, [440, 550, 700]), 60)
    assert "204#screen" in {slot["name"] for slot in await main.slots() if slot["kind"] == "audio"}
    await soon(lambda: reader.hears("204", 440, [550, 700]), 60)
    await soon(lambda: speaker.page.locator("#sharing-sound").is_visible(), 10)
    assert "mọi điểm cầu nghe thấy" in await speaker.reads("#sharing-sound")
    assert "204#screen" not in {slot["name"] for slot in await speaker.slots()}


async def _more(reader: Visitor, before: int) -> bool:
    return await reader.packets("204#screen") > before + 25


async def _television(chromium: Browser, installation: Installation, room: Room) -> None:
    """The sharing point's own television shows what its room presents."""
    opened = await chromium.new_context(viewport={"width": 1920, "height": 1080}, locale="vi-VN")
    page = await opened.new_page()
    await page.goto(f"{installation.url}/j/{room.links['204']}/tv")
    await soon(lambda: _shows(page, "204#screen"), 60)
    await opened.close()


async def _shows(page: Page, name: str) -> bool:
    return await name_on_stage(page) == name and await page.locator("#stage.live").count() == 1


async def _not_shown(page: Page, name: str) -> bool:
    return await name_on_stage(page) != name


async def _small(page: Page, name: str) -> bool:
    return await page.locator(f"#strip .tile.live[data-name='{name}'], #chair.live[data-name='{name}']").count() == 1


async def _readable(reader: Visitor, name: str) -> bool:
    """The half of the screen or the whole, whichever line and machine carry."""
    return await reader.rows(name) >= 350


async def _notice(page: Page, text: str) -> bool:
    return text in (await page.locator("#notice").text_content() or "")


async def test_a_refused_permission_and_a_phone_are_told_in_plain_words(
    chromium: Browser, installation: Installation  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    main = await Visitor.arrive(chromium, f"{installation.url}/j/{room.links['22']}", "22", 440, 10, script=REFUSES)
    await main.page.locator("#share").click()
    await soon(lambda: _notice(main.page, "bạn đã bấm hủy"), 10)
    assert await main.page.locator("#sharing").is_hidden() and await main.page.locator("#share").is_enabled()
    await main.page.context.close()
    async with await installation.signed_in("chair") as chair:
        phone = await Visitor.arrive(chromium, f"{installation.url}/j/{room.links['204']}", "204", 440, 10, script=PHONE,
                                     viewport={"width": 390, "height": 844})
        await do(chair, room, "share", code="204")
        await soon(lambda: phone.page.locator("#share-hint").is_visible(), 10)
        assert await phone.page.locator("#share").is_hidden()
        await phone.page.context.close()


async def test_the_interpreter_is_sent_to_whoever_switched_it_on_and_stays_in_view(
    chromium: Browser, installation: Installation, client: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    peers = [await publisher(client, crowd, room, code, clip) for code in ("22", "204")]
    async with await installation.signed_in("chair") as chair:
        await do(chair, room, "sign", code="204")
        reader = await Visitor.arrive(chromium, f"{installation.url}/j/{room.links['06970']}", "06970", 440, 10)
        page, switch = reader.page, reader.page.locator("#sign-on")
        await soon(lambda: reader.sees({"22"}), 20)
        assert await page.locator("#sign").is_hidden(), "nobody is sent it unasked"
        await switch.focus()
        await page.keyboard.press("Enter")
        await soon(lambda: page.locator("#sign.live[data-name='204']").count(), 20)
        assert await switch.get_attribute("aria-pressed") == "true" and not await complaints(page)
        await soon(lambda: reader.sees({"22", "204"}), 20)
        await page.locator("#gallery-on").click()
        await soon(lambda: page.locator(".gallery .tile.live[data-name='22']").count(), 20)
        assert await page.locator("#sign").is_visible()
        await page.reload()
        await soon(lambda: page.locator("#sign.live[data-name='204']").count(), 20)
        await switch.click()
        await soon(lambda: reader.sees({"22"}), 20)
        opened = await chromium.new_context(viewport={"width": 1920, "height": 1080}, locale="vi-VN")
        television = await opened.new_page()
        await television.goto(f"{installation.url}/j/{room.links['06970']}/tv")
        await soon(lambda: television.locator("#stage.live").count(), 20)
        assert await television.locator("#sign").is_hidden()
        await television.keyboard.press("s")
        await soon(lambda: television.locator("#sign.live[data-name='204']").count(), 20)
        await soon(lambda: television.locator("body.resting").count(), 10)
        assert await television.locator("#sign-on").is_hidden(), "no hand moves"
        for shown in (False, True):      # a remote control: an arrow, then OK
            await television.keyboard.press("ArrowDown")
            await television.keyboard.press("Enter")
            await soon(lambda: television.locator("#sign").is_visible() if shown else television.locator("#sign").is_hidden(), 20)
        await do(chair, room, "sign", code=None)
        await soon(lambda: television.locator("#sign").is_hidden(), 10)
        assert await switch.is_hidden() and not reader.problems
        await opened.close()
        await page.context.close()
    for peer in peers:
        await peer.close()
