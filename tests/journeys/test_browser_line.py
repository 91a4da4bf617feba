"""A real browser on a line that goes bad and good again: its picture becomes smaller and larger, its sound holds.

The viewer sits in a namespace of its own behind a token bucket, both ways; the publisher sends a restless picture, so that
layers weigh what those of a camera weigh.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.journeys.conftest import FAR_ARGUMENTS, at_near_end
from tests.journeys.visitors import LARGE, Visitor
from tests.support.installation import Installation, soon
from tests.support.line import Line

pytestmark = [pytest.mark.browser, pytest.mark.netns]

CHAIR, POINT = (440, 10), (700, 130)  # tone and hue
# A film of which each picture is another, in place of a tab.
FILM = """
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
  const draw = canvas.getContext("2d");
  setInterval(() => {
    for (let n = 0; n < 40; n += 1) {
      draw.fillStyle = `hsl(${Math.random() * 360} 80% ${20 + Math.random() * 60}%)`;
      draw.fillRect(Math.random() * 1280, Math.random() * 720, 60, 60);
    }
  }, 100);
  return canvas.captureStream(10);
};
"""
PATIENCE = 40     # seconds, for machines with much else to do
PAUSE = 1000      # milliseconds without a new picture that nobody should notice ...
BUSY_PAUSE = 4 * PAUSE   # ... and where the machine has much else to do, as in short runs
LOST = 0.08       # share of the sound that is made up while the line is full: words are still understood


@pytest.fixture(scope="module")
def far(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server at the near end of the line."""
    with at_near_end(line, tmp_path_factory.mktemp("far")) as running:
        yield running


@pytest.fixture
async def pair(chromium: Browser, line: Line, far: Installation, tmp_path: Path) -> AsyncIterator[tuple[Visitor, Visitor]]:
    """The chair near the server, and a point at the other end of the line."""
    line.free()
    room = far.room(opened=True)
    async with line.chromium(tmp_path, FAR_ARGUMENTS) as distant:
        chair = await Visitor.arrive(
            chromium, f"{far.url}/j/{room.chair}", "22", *CHAIR, LARGE, ignore_https_errors=True)
        point = await Visitor.arrive(
            distant, f"{far.url}/j/{room.links['204']}", "204", *POINT, ignore_https_errors=True)
        await soon(lambda: point.sees({"22"}), PATIENCE)
        yield chair, point
        line.free()
        await point.leave()
        await chair.leave()


async def _has(viewer: Visitor, publisher: Visitor, rid: str) -> bool:
    """Whether the picture shown is as high as that layer is sent just now."""
    rows = await viewer.rows(publisher.code)
    return rows > 0 and rows == (await publisher.sends())[rid].get("frameHeight")


async def _smaller(viewer: Visitor, publisher: Visitor, than: int) -> bool:
    return 0 < await viewer.rows(publisher.code) < 0.7 * than


async def _sound_holds(listener: Visitor, name: str) -> bool:
    return await listener.made_up(name) < LOST


async def test_a_picture_shrinks_with_the_line_and_grows_again(line: Line, pair: tuple[Visitor, Visitor]) -> None:
    chair, point = pair
    await soon(lambda: _has(point, chair, "h"), PATIENCE)
    large = await point.rows("22")
    await point.watch("22")
    line.rate(300)
    await soon(lambda: _smaller(point, chair, large), PATIENCE)
    assert await point.longest_pause() < BUSY_PAUSE
    line.rate(2000)
    await soon(lambda: _has(point, chair, "h"), PATIENCE)
    await soon(lambda: point.in_step("22"), PATIENCE)


@pytest.mark.long
async def test_long_story_of_a_line(line: Line, pair: tuple[Visitor, Visitor]) -> None:
    """2 Mbit/s, 300, 64 kbit/s and back: no freeze above a second but at 64 kbit/s, where the sound holds both ways."""
    chair, point = pair
    line.rate(2000)
    await soon(lambda: _has(point, chair, "h"), PATIENCE)
    large = await point.rows("22")
    await point.watch("22")
    line.rate(300)
    await soon(lambda: _smaller(point, chair, large), PATIENCE)
    await soon(lambda: _sound_holds(point, "22"), PATIENCE)  # the queue that overflowed at first took some with it
    assert await point.longest_pause() < PAUSE
    line.rate(64)
    await soon(lambda: _sound_holds(point, "22"), PATIENCE)
    await soon(lambda: _sound_holds(chair, "204"), PATIENCE)
    line.rate(300)
    await soon(lambda: point.sees({"22"}), PATIENCE)
    await point.watch("22")
    line.rate(2000)
    await soon(lambda: _has(point, chair, "h"), 2 * PATIENCE)
    assert await point.longest_pause() < PAUSE
    await soon(lambda: point.in_step("22"), PATIENCE)
    await soon(lambda: chair.sees({"204"}), 3 * PATIENCE)  # its own camera, which rested, comes back


@pytest.mark.long
async def test_on_a_narrow_line_upward_the_camera_goes_before_the_screen_and_comes_back(
    chromium: Browser, line: Line, far: Installation, tmp_path: Path
) -> None:
    line.free()
    room = far.room(opened=True)
    async with line.chromium(tmp_path, FAR_ARGUMENTS) as distant:
        reader = await Visitor.arrive(chromium, f"{far.url}/j/{room.links['204']}", "204", *POINT, ignore_https_errors=True)
        sharer = await Visitor.arrive(distant, f"{far.url}/j/{room.chair}", "22", *CHAIR, LARGE, FILM, ignore_https_errors=True)
        await soon(lambda: reader.sees({"22"}), PATIENCE)
        await sharer.page.locator("#share").click()
        await soon(lambda: reader.sees({"22", "22#screen"}), PATIENCE)
        line.rate(200)
        await soon(lambda: _rests(sharer), 2 * PATIENCE)
        await soon(lambda: reader.sees({"22#screen"}), PATIENCE)  # a screen that has room again
        await soon(lambda: _sound_holds(reader, "22"), PATIENCE)
        line.rate(3000)
        await soon(lambda: reader.sees({"22", "22#screen"}), 3 * PATIENCE)
        line.free()
        await sharer.leave()
        await reader.leave()


async def _rests(sharer: Visitor) -> bool:
    return await sharer.growing() == set()
