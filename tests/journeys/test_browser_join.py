"""From the press of the one button at the door until the first picture of somebody else is on the screen, with a real Chromium.

The server is on this machine.  Each time it is another browser context: nothing is cached, no device is chosen yet.  The button is
pressed as soon as the door has fetched the room's files, half a second after it has said how the line is and sooner than a person
would who looks at the own picture first; or at once, before they are there.  Time counts from the moment the browser has the click:
what the driver does to bring it there, 0.2 to 0.4 s, is not the product's.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.journeys.visitors import MIDDLE, Visitor, oneself
from tests.support.installation import Installation, soon
from tests.support.running import installation  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser]

JOINED = 1.5    # seconds, for nineteen of twenty
BUSY = 4.0      # so many times more where the machine has much else to do, as in short runs
SAID = "!['', 'looking'].includes(document.getElementById('line-verdict')?.dataset.line ?? '')"
FETCHED = "document.body.dataset.ahead === 'fetched'"
# When the button was pressed, and when a picture that came from the server was shown first, in milliseconds of this machine's clock.
FIRST = """
addEventListener("click", () => sessionStorage.setItem("pressed", Date.now()), true);
const looking = setInterval(() => {
  const streams = (window.diemcau?.slots ?? []).filter((slot) => slot.kind === "video").map((slot) => slot.stream);
  for (const video of document.querySelectorAll("video")) {
    if (!streams.includes(video.srcObject)) continue;
    clearInterval(looking);
    video.requestVideoFrameCallback(() => { window.firstPicture ??= Date.now(); });
  }
}, 10);
"""


async def test_the_others_are_seen_soon_after_the_press(chromium: Browser, installation: Installation) -> None:  # noqa: F811
    taken = await _join(chromium, installation, 3, FETCHED)
    print(f"first picture after {[round(one, 2) for one in taken]} s")
    assert min(taken) <= JOINED * BUSY


@pytest.mark.long
async def test_twenty_joins_and_the_distribution(chromium: Browser, installation: Installation) -> None:  # noqa: F811
    for name, ready in (("at once", SAID), ("with the files there", FETCHED)):
        taken = sorted(await _join(chromium, installation, 20, ready))
        print(f"20 joins {name}, press to first picture: p50 {taken[9]:.2f} s, p95 {taken[18]:.2f} s, worst {taken[19]:.2f} s")
    assert taken[18] <= JOINED


async def _join(chromium: Browser, installation: Installation, times: int, ready: str) -> list[float]:  # noqa: F811
    """The seconds each of so many joins took, pressed once the door is `ready`; the chair is there and sends a picture."""
    room = installation.room(opened=True)
    chair = await Visitor.arrive(chromium, f"{installation.url}/j/{room.chair}", "22", 440, 10, MIDDLE)
    taken = []
    for _ in range(times):
        context = await chromium.new_context(locale="vi-VN", viewport={"width": 1280, "height": 800})
        await context.add_init_script(oneself(700, 130) + FIRST)
        page = await context.new_page()
        await page.goto(f"{installation.url}/j/{room.links['204']}")
        await soon(lambda: page.evaluate(ready), 20)
        button = page.get_by_role("button", name="Vào họp", exact=True)
        await button.click()
        await soon(lambda: page.evaluate("window.firstPicture ?? 0"), 20)
        taken.append(await page.evaluate("window.firstPicture - Number(sessionStorage.getItem('pressed'))") / 1000)
        await context.close()
    await chair.leave()
    return taken
