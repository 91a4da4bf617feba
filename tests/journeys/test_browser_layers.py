"""Firefox and Chromium in one room, and the layers of both: each receiver is given the one its window shows.

What nobody looks at is not sent.  The picture of the publisher is restless, so that its layers weigh what those of a camera weigh.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.journeys.visitors import LARGE, FirefoxVisitor, Visitor
from tests.support.firefox import Firefox
from tests.support.installation import Installation, soon

pytestmark = pytest.mark.browser

# The page's own way of sending is replaced: one stream of VP9 whose spatial layers lie in each other (SVC).
VP9 = """
const add = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (track, options) {
  if (track.kind !== "video" || options?.direction !== "sendonly") return add.call(this, track, options);
  const sendEncodings = [{ scalabilityMode: "L3T3_KEY", maxBitrate: 1200000 }];
  const made = add.call(this, track, { ...options, sendEncodings });
  const codecs = RTCRtpSender.getCapabilities("video").codecs;
  const first = (codec) => /vp9/i.test(codec.mimeType) ? 0 : 1;
  made.setCodecPreferences([...codecs].sort((a, b) => first(a) - first(b)));
  made.setCodecPreferences = () => {};
  return made;
};
"""
CHAIR, POINT = (440, 10), (700, 130)  # tone and hue
WINDOW, SMALL_WINDOW = (1280, 800), (270, 560)
PATIENCE = 40  # seconds, for machines with much else to do


async def layers_follow_the_window(publisher: Visitor, viewer: Visitor) -> None:
    """The largest layer for a large stage, the smallest for a small one, and back; what nobody sees is no longer sent."""
    name = publisher.code
    await viewer.resize(*WINDOW)
    await soon(lambda: _shows(viewer, publisher, "h"), PATIENCE)
    await soon(lambda: _sends_only(publisher, "h"), PATIENCE)
    await viewer.resize(*SMALL_WINDOW)
    await soon(lambda: _shows(viewer, publisher, "l"), PATIENCE)
    await soon(lambda: _sends_only(publisher, "l"), PATIENCE)
    await viewer.watch(name)
    await viewer.resize(*WINDOW)
    await soon(lambda: _shows(viewer, publisher, "h"), PATIENCE)
    assert await viewer.longest_pause() < 1000, "a switch of layers is not seen"
    await soon(lambda: viewer.in_step(name), PATIENCE)


async def _shows(viewer: Visitor, publisher: Visitor, rid: str) -> bool:
    """Whether the viewer gets that layer: the only one with so many rows (H.264 leaves out an odd one)."""
    rows = await viewer.rows(publisher.code)
    sent = {rid: one.get("frameHeight") for rid, one in (await publisher.sends()).items() if one.get("frameHeight")}
    return rows > 0 and [other for other, height in sent.items() if rows <= height <= rows + 1] == [rid]


async def _sends_only(publisher: Visitor, *rids: str) -> bool:
    return await publisher.growing() == set(rids)


async def test_layers_of_chromium_follow_the_window_and_rest_when_nobody_looks(
    chromium: Browser, installation: Installation
) -> None:
    room = installation.room(opened=True)
    chair = await Visitor.arrive(chromium, f"{installation.url}/j/{room.chair}", "22", *CHAIR, LARGE)
    point = await Visitor.arrive(chromium, f"{installation.url}/j/{room.links['204']}", "204", *POINT)
    assert set(await chair.sends()) == {"l", "m", "h"}
    await layers_follow_the_window(chair, point)
    await point.leave()
    await soon(lambda: _sends_only(chair), PATIENCE)
    await chair.leave()


async def test_layers_of_firefox_follow_the_window_of_chromium(
    chromium: Browser, firefox: Firefox, reachable: Installation
) -> None:
    room = reachable.room(opened=True)
    chair = await FirefoxVisitor.arrive(firefox, f"{reachable.url}/j/{room.chair}", "22", *CHAIR, LARGE)
    point = await Visitor.arrive(chromium, f"{reachable.url}/j/{room.links['204']}", "204", *POINT)
    for listener, name, (hz, hue), (own, _hue) in ((chair, "204", POINT, CHAIR), (point, "22", CHAIR, POINT)):
        await soon(lambda: listener.sees({name}), 20)
        await soon(lambda: listener.looks(name, hue), 10)
        await soon(lambda: listener.hears(name, hz, [own]), 15)
    assert set(await chair.sends()) == {"l", "m", "h"}
    await layers_follow_the_window(chair, point)
    await chair.leave()
    await point.leave()


async def test_layers_of_vp9_are_dropped_at_the_server_and_decoded_without_a_freeze(
    chromium: Browser, installation: Installation
) -> None:
    room = installation.room(opened=True)
    chair = await Visitor.arrive(chromium, f"{installation.url}/j/{room.chair}", "22", *CHAIR, LARGE, VP9)
    point = await Visitor.arrive(chromium, f"{installation.url}/j/{room.links['204']}", "204", *POINT)
    await soon(lambda: _rows(point, "22", at_least=500), PATIENCE)
    await point.watch("22")
    await point.resize(*SMALL_WINDOW)
    await soon(lambda: _rows(point, "22", at_most=300), PATIENCE)
    await soon(lambda: point.sees({"22"}), PATIENCE)
    await point.resize(*WINDOW)
    await soon(lambda: _rows(point, "22", at_least=500), PATIENCE)
    assert await point.longest_pause() < 1000
    assert next(iter((await chair.sends()).values()))["scalabilityMode"] == "L3T3_KEY", "this browser sends no layers in VP9"
    await chair.leave()
    await point.leave()


async def _rows(viewer: Visitor, name: str, at_least: int = 1, at_most: int = 10_000) -> bool:
    return at_least <= await viewer.rows(name) <= at_most
