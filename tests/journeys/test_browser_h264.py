"""H.264 of a real Chromium and a browser that may not decode it: it hears, and what it sends is seen."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.journeys.test_browser_layers import CHAIR, PATIENCE, POINT
from tests.journeys.visitors import MIDDLE, FirefoxVisitor, Visitor
from tests.support.firefox import Firefox
from tests.support.installation import Installation, soon

pytestmark = pytest.mark.browser

# The page's own order of codecs is replaced: H.264 first (packetization mode 1), in the page's own layers.
H264 = """
const add = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (track, options) {
  const made = add.call(this, track, options);
  if (track.kind !== "video" || options?.direction !== "sendonly") return made;
  const codecs = RTCRtpSender.getCapabilities("video").codecs;
  const first = (codec) => /h264/i.test(codec.mimeType) && /packetization-mode=1/.test(codec.sdpFmtpLine) ? 0 : 1;
  made.setCodecPreferences([...codecs].sort((a, b) => first(a) - first(b)));
  made.setCodecPreferences = () => {};
  return made;
};
"""


async def test_a_browser_without_h264_hears_and_loses_no_place_to_it(
    chromium: Browser, firefox: Firefox, reachable: Installation
) -> None:
    """Firefox decodes H.264 only with a codec that it fetches from elsewhere; where it has it, it sees as well."""
    room = reachable.room(opened=True)
    chair = await Visitor.arrive(chromium, f"{reachable.url}/j/{room.chair}", "22", *CHAIR, MIDDLE, H264)
    point = await FirefoxVisitor.arrive(firefox, f"{reachable.url}/j/{room.links['204']}", "204", *POINT)
    await soon(lambda: point.hears("22", CHAIR[0], [POINT[0]]), 15)
    decodes = await point.page.evaluate("RTCRtpReceiver.getCapabilities('video').codecs.some((one) => /h264/i.test(one.mimeType))")
    if decodes:
        await soon(lambda: point.looks("22", CHAIR[1]), PATIENCE)
    else:
        assert not [slot for slot in await point.slots() if slot["kind"] == "video" and slot["name"]]
    await soon(lambda: chair.looks("204", POINT[1]), PATIENCE)  # its own picture goes the other way
    await point.leave()
    await chair.leave()
