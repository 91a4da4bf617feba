"""H.264 of a real Chromium in layers, switched without a freeze and there at once; a browser that may not decode it hears."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.journeys.test_browser_layers import CHAIR, PATIENCE, POINT, layers_follow_the_window
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
# When the session was answered, and when its first picture was there, in milliseconds of the page's clock.
FIRST = """
const ask = window.fetch;
window.fetch = async (url, ...more) => {
  const answer = await ask(url, ...more);
  if (String(url).endsWith("/whep")) window.answered = performance.now();
  return answer;
};
document.addEventListener("loadeddata", () => (window.seen ??= performance.now()), true);
"""
AT_ONCE = 2000  # milliseconds until who comes late sees a picture


async def codec(viewer: Visitor, name: str) -> str:
    """The format in which that point's picture comes here."""
    found: str = await viewer.page.evaluate("""async (name) => {
      const found = (await window.diemcau.stats()).down;
      const mids = window.diemcau.slots.filter((one) => one.kind === "video" && one.name === name).map((one) => one.mid);
      const row = found.find((one) => one.type === "inbound-rtp" && mids.includes(one.mid) && one.codecId);
      return found.find((one) => one.id === row?.codecId)?.mimeType ?? "";
    }""", name)
    return found


@pytest.mark.long
async def test_layers_of_h264_are_switched_without_a_freeze_and_are_there_at_once(
    chromium: Browser, installation: Installation
) -> None:
    room = installation.room(opened=True)
    links = {code: f"{installation.url}/j/{secret}" for code, secret in room.links.items()}
    chair = await Visitor.arrive(chromium, links["22"], "22", *CHAIR, MIDDLE, H264)
    point = await Visitor.arrive(chromium, links["204"], "204", *POINT)
    await soon(lambda: point.sees({"22"}), PATIENCE)
    assert await codec(point, "22") == "video/H264", "this browser encodes no H.264"
    assert set(await chair.sends()) == {"l", "h"}
    await layers_follow_the_window(chair, point)
    late = await Visitor.arrive(chromium, links["06970"], "06970", 1100, 250, script=FIRST)
    await soon(lambda: late.looks("22", CHAIR[1]), PATIENCE)
    assert await late.page.evaluate("window.seen - window.answered") < AT_ONCE
    for visitor in (late, point, chair):
        await visitor.leave()


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
