"""Firefox and Chromium in one room: each shows the other's moving picture in its colour and plays its tone."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.journeys.visitors import FirefoxVisitor, Visitor
from tests.support.firefox import Firefox
from tests.support.installation import Installation, soon

pytestmark = pytest.mark.browser

CHAIR, POINT = (440, 10), (700, 130)  # tone and hue


async def test_firefox_and_chromium_see_and_hear_each_other(
    chromium: Browser, firefox: Firefox, reachable: Installation
) -> None:
    room = reachable.room(opened=True)
    chair = await FirefoxVisitor.arrive(firefox, f"{reachable.url}/j/{room.chair}", "22", *CHAIR)
    point = await Visitor.arrive(chromium, f"{reachable.url}/j/{room.links['204']}", "204", *POINT)
    for listener, name, (hz, hue), (own, _hue) in ((chair, "204", POINT, CHAIR), (point, "22", CHAIR, POINT)):
        await soon(lambda: listener.sees({name}), 20)
        await soon(lambda: listener.looks(name, hue), 10)
        await soon(lambda: listener.hears(name, hz, [own]), 15)
    await chair.leave()
    await point.leave()
