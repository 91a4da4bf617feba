"""A page of another site publishes by WHIP: candidates one by one, then ICE anew, all by PATCH (RFC 9725 §4.3)."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.support.firefox import Firefox, FirefoxPage
from tests.support.installation import Installation, soon, tickets

pytestmark = pytest.mark.browser

# A whole WHIP client.  The offer leaves at once, without a candidate.
PUBLISH = """async ([url, token]) => {
  const bearer = { authorization: `Bearer ${token}` };
  const frag = { ...bearer, "content-type": "application/trickle-ice-sdpfrag" };
  const pc = (window.pc = new RTCPeerConnection());
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  let x = 0;
  setInterval(() => canvas.getContext("2d").fillRect((x += 8) % 320, 60, 24, 60), 66);
  pc.addTransceiver(canvas.captureStream(15).getVideoTracks()[0], { direction: "sendonly" });
  const patches = (window.patches = []);
  const values = (sdp, name) => sdp.split("\\r\\n").filter((line) => line.startsWith(`a=${name}:`));
  const fragment = (sdp, lines) => ["a=group:BUNDLE 0", "m=video 9 UDP/TLS/RTP/SAVPF 0", "a=mid:0",
    ...values(sdp, "ice-ufrag"), ...values(sdp, "ice-pwd"), ...lines, ""].join("\\r\\n");
  const waiting = [];
  pc.onicecandidate = ({ candidate }) => waiting.push(candidate?.candidate ? `a=${candidate.candidate}` : "a=end-of-candidates");
  await pc.setLocalDescription();
  const made = await fetch(url, { method: "POST", body: pc.localDescription.sdp,
    headers: { ...bearer, "content-type": "application/sdp" } });
  const answer = await made.text();
  let tag = made.headers.get("etag");
  const address = new URL(made.headers.get("location"), url).href;
  await pc.setRemoteDescription({ type: "answer", sdp: answer });
  const patch = async (body, match) => {
    const told = await fetch(address, { method: "PATCH", body, headers: { ...frag, "if-match": match } });
    patches.push(told.status);
    return told;
  };
  const trickle = async () => {
    while (tag && waiting.length) await patch(fragment(pc.localDescription.sdp, [waiting.shift()]), tag);
  };
  setInterval(trickle, 50);
  window.again = async () => {
    waiting.length = 0;
    tag = null;
    await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
    const told = await patch(fragment(pc.localDescription.sdp, []), "*");
    tag = told.headers.get("etag");
    const news = await told.text();
    const renewed = (sdp, name) => sdp.replace(new RegExp(`a=${name}:.*`, "g"), values(news, name)[0]);
    await pc.setRemoteDescription({ type: "answer", sdp: renewed(renewed(answer, "ice-ufrag"), "ice-pwd") });
    return tag;
  };
  window.now = async () => {
    const rows = [...(await pc.getStats()).values()];
    const transport = rows.find((row) => row.type === "transport");
    const pair = rows.find((row) => row.id === transport?.selectedCandidatePairId);
    const theirs = rows.find((row) => row.id === pair?.remoteCandidateId);
    return { state: pc.connectionState, ufrag: theirs?.usernameFragment ?? null,
             sent: rows.find((row) => row.type === "outbound-rtp")?.packetsSent ?? 0 };
  };
  return [made.status, tag];
}"""


async def _goes_through_a_restart(page: Page | FirefoxPage, installation: Installation) -> None:
    room, hub = installation.room(), installation.found.hub
    async with installation.client() as client:
        token = (await tickets(client, room.links["204"]))["publish"]
    status, tag = await page.evaluate(PUBLISH, [f"{installation.url}/media/rooms/{room.meeting_id}/whip", token])
    assert status == 201

    async def going_on(under: str, after: int) -> int:
        """Packets sent, once there are more than `after` and the path is that of this ICE session (Firefox does not say)."""
        now = await page.evaluate("now()")
        good = now["state"] == "connected" and now["ufrag"] in (under.strip('"'), None) and now["sent"] > after
        return int(now["sent"]) if good else 0

    before = await soon(lambda: going_on(tag, 20), 20)
    (session,) = installation.call(hub.stats(room.meeting_id))["rooms"][room.meeting_id]["sessions"]
    renewed = await page.evaluate("again()")
    assert renewed != tag
    await soon(lambda: going_on(renewed, before + 40), 20)
    (same,) = installation.call(hub.stats(room.meeting_id))["rooms"][room.meeting_id]["sessions"]
    assert same["session"] == session["session"] and same["packets_in"] > session["packets_in"]
    told = await page.evaluate("patches")
    assert set(told) == {204, 200} and told.count(200) == 1, told


async def test_chromium_sends_candidates_and_restarts_ice(installation: Installation, chromium: Browser) -> None:  # noqa: F811
    page = await (await chromium.new_context()).new_page()
    await _goes_through_a_restart(page, installation)
    await page.context.close()


async def test_firefox_sends_candidates_and_restarts_ice(reachable: Installation, firefox: Firefox) -> None:
    await _goes_through_a_restart(await firefox.page(), reachable)
