"""A person at a point, as a page of Chromium or Firefox: opens the join link, goes in, is seen and heard, sees and hears.

Each visitor has a tone and a colour of its own, made in the page before it loads, so that a test can tell by ear and by
eye who is received.  It measures only what arrived: decoded frames, their colour, and the spectrum of the sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from tests.support.firefox import Firefox, FirefoxPage
from tests.support.installation import Installation, soon

# The page's own camera and microphone are replaced by a tone of `hz` and a picture of one hue with a moving bar.  A large
# picture is a restless one, as those of real cameras are: its layers fill the rates they may have.
SELF = """
if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = new MediaStream();
  if (wanted.audio) {
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: %(hz)d });
    const quiet = new GainNode(context, { gain: 0.5 });
    const out = context.createMediaStreamDestination();
    tone.connect(quiet).connect(out);
    tone.start();
    stream.addTrack(out.stream.getAudioTracks()[0]);
  }
  if (wanted.video) {
    const canvas = Object.assign(document.createElement("canvas"), { width: %(width)d, height: %(height)d });
    const draw = canvas.getContext("2d");
    let x = 0;
    setInterval(() => {
      draw.fillStyle = "hsl(%(hue)d 70%% 40%%)";
      draw.fillRect(0, 0, %(width)d, %(height)d);
      draw.fillStyle = "white";
      draw.fillRect((x += 8) %% %(width)d, %(height)d / 3, 24, %(height)d / 3);
      for (let n = 0; n < %(dots)d; n += 1) {
        draw.fillStyle = `hsl(${Math.random() * 360} 80%% ${20 + Math.random() * 60}%%)`;
        draw.fillRect((0.1 + 0.9 * Math.random()) * %(width)d, Math.random() * %(height)d, 40, 40);
      }
    }, 66);
    stream.addTrack(canvas.captureStream(15).getVideoTracks()[0]);
  }
  return stream;
};
"""

# Firefox uses all of the machine's addresses only while the page holds a real device (here a fake one of its own).
HOLD = """
if (navigator.mediaDevices) {
  const media = navigator.mediaDevices, ours = media.getUserMedia;
  media.getUserMedia = async (wanted) => {
    window.held ??= await MediaDevices.prototype.getUserMedia.call(media, { audio: true });
    return ours(wanted);
  };
}
"""

async def sign_in(context: BrowserContext, installation: Installation, login: str) -> None:
    """From here on this browser is that account's."""
    async with await installation.signed_in(login) as known:
        await context.add_cookies([{"name": name, "value": value, "url": installation.url} for name, value in known.cookies.items()])


async def at_desk(browser: Browser, installation: Installation, path: str) -> Page:
    """The secretary's browser at this page."""
    context = await browser.new_context(locale="vi-VN", viewport={"width": 1280, "height": 800})
    await sign_in(context, installation, "secretary")
    page = await context.new_page()
    await page.goto(installation.url + path)
    return page


async def unfold(page: Page, part: str) -> None:
    """Opens that section of the console, unless it is."""
    if not await page.locator(f"#{part}[open]").count():
        await page.locator(f"#{part} > summary").click()


SMALL = (320, 180)  # pixels: cheap for tests that look at other things
MIDDLE = (640, 360)  # two layers
LARGE = (1024, 576)  # three layers


def oneself(hz: int, hue: int, size: tuple[int, int] = SMALL) -> str:
    """The script that stands in for camera and microphone."""
    return SELF % {"hz": hz, "hue": hue, "width": size[0], "height": size[1], "dots": 0 if size == SMALL else 60}


# What one reading of the page says: slots with names, frames decoded and packets received by slot.
READ = """async () => {
  const rows = {};
  for (const report of (await window.diemcau.stats()).down) {
    if (report.type === "inbound-rtp") rows[report.mid] = report;
  }
  return window.diemcau.slots.map((slot) => ({
    mid: slot.mid, kind: slot.kind, name: slot.name,
    frames: rows[slot.mid]?.framesDecoded ?? 0, packets: rows[slot.mid]?.packetsReceived ?? 0,
  }));
}"""

# Loudness in decibels at each frequency, in the sound of one slot.
LISTEN = """async ([mid, tones]) => {
  const slot = window.diemcau.slots.find((one) => one.mid === mid);
  window.ears ??= {};
  const ears = (window.ears[mid + slot.stream.id] ??= (() => {
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
    context.createMediaStreamSource(slot.stream).connect(analyser);
    return { context, analyser };
  })());
  await new Promise((done) => setTimeout(done, 250));
  const bins = new Float32Array(ears.analyser.frequencyBinCount);
  ears.analyser.getFloatFrequencyData(bins);
  const width = ears.context.sampleRate / ears.analyser.fftSize;
  const at = (hz) => Math.max(...bins.slice(Math.round(hz / width) - 2, Math.round(hz / width) + 3));
  return tones.map((hz) => Math.max(-200, at(hz)));
}"""


# The hue in degrees of the picture shown in one slot, or null where nothing coloured is shown.
LOOK = """(mid) => {
  const slot = window.diemcau.slots.find((one) => one.mid === mid);
  const video = [...document.querySelectorAll("video")].find((one) => slot && one.srcObject === slot.stream && one.videoWidth);
  if (!video) return null;
  const draw = Object.assign(document.createElement("canvas"), { width: 4, height: 4 }).getContext("2d");
  draw.drawImage(video, 0, 0, 4, 4);
  const [r, g, b] = draw.getImageData(0, 0, 1, 1).data;      // a corner: the bar never goes there
  const most = Math.max(r, g, b), span = most - Math.min(r, g, b);
  if (span < 40) return null;
  const sixth = most === r ? (g - b) / span : most === g ? 2 + (b - r) / span : 4 + (r - g) / span;
  return Math.round(60 * sixth + 360) % 360;
}"""


# What comes in the slots of one point, by kind; `gap`: milliseconds by which its sound is played ahead of its picture.
RECEIVED = """async (name) => {
  const mids = Object.fromEntries(window.diemcau.slots.filter((one) => one.name === name).map((one) => [one.mid, one.kind]));
  const found = {};
  for (const report of (await window.diemcau.stats()).down) {
    if (report.type === "inbound-rtp" && mids[report.mid]) found[report.kind] = report;
  }
  const { audio, video } = found;
  if (audio?.estimatedPlayoutTimestamp && video?.estimatedPlayoutTimestamp) {
    found.gap = audio.estimatedPlayoutTimestamp - video.estimatedPlayoutTimestamp;
  }
  return found;
}"""
# Measures from now on the longest pause, in milliseconds, between two pictures of that point.
WATCH = """(name) => {
  const slot = window.diemcau.slots.find((one) => one.kind === "video" && one.name === name);
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = slot.stream;
  video.play();
  const watch = (window.watch = { last: performance.now(), longest: 0, video });
  const next = () => {
    watch.longest = Math.max(watch.longest, performance.now() - watch.last);
    watch.last = performance.now();
    if (window.watch === watch) video.requestVideoFrameCallback(next);
  };
  video.requestVideoFrameCallback(next);
}"""
PAUSED = "Math.max(window.watch.longest, performance.now() - window.watch.last)"
# What is sent of one's own picture, by layer.
SENT = """async () => Object.fromEntries((await window.diemcau.stats()).up
  .filter((one) => one.type === "outbound-rtp" && one.kind === "video").map((one) => [one.rid ?? "", one]))"""


@dataclass
class Visitor:
    """One point in the room."""

    code: str
    hz: int
    page: Page
    problems: list[str]

    @classmethod
    async def arrive(
        cls, browser: Browser, url: str, code: str, hz: int, hue: int, size: tuple[int, int] = SMALL, script: str = "",
        **context: Any,
    ) -> Visitor:
        """Opens the link, looks at the join page, presses the one button: two actions in all.  `size`: of its camera.

        `script` runs in the page before all else.
        """
        window = {"locale": "vi-VN", "viewport": {"width": 1280, "height": 800}, **context}
        opened = await browser.new_context(**window)
        await opened.add_init_script(oneself(hz, hue, size))
        if script:
            await opened.add_init_script(script)
        page = await opened.new_page()
        visitor = cls(code, hz, page, [])
        page.on("pageerror", lambda error: visitor.problems.append(str(error)))
        await page.goto(url)
        await page.get_by_role("button", name="Vào họp", exact=True).click()
        await soon(visitor.joined, 20)
        return visitor

    async def joined(self) -> bool:
        return bool(await self.page.evaluate(
            "['up', 'down'].every((way) => window.diemcau?.pcs[way]?.connectionState === 'connected')"
        ))

    async def slots(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.page.evaluate(READ)
        return found

    async def sees(self, names: set[str]) -> bool:
        """Whether pictures of exactly these points are coming in: their frames grow between two readings."""
        before = {slot["name"]: slot["frames"] for slot in await self.slots() if slot["kind"] == "video"}
        await self.page.wait_for_timeout(500)
        after = {slot["name"]: slot["frames"] for slot in await self.slots() if slot["kind"] == "video"}
        return {name for name, frames in after.items() if name and frames > before.get(name, frames)} == names

    async def hears(self, name: str, hz: int, others: list[int]) -> bool:
        """Whether the slot of `name` carries its own tone, far above every other tone."""
        mid = next((slot["mid"] for slot in await self.slots() if slot["kind"] == "audio" and slot["name"] == name), None)
        if mid is None:
            return False
        own, *rest = await self.page.evaluate(LISTEN, [mid, [hz, *others]])
        return own > -60 and all(own > loud + 20 for loud in rest)

    async def looks(self, name: str, hue: int) -> bool:
        """Whether the picture shown for `name` has its colour."""
        mid = next((slot["mid"] for slot in await self.slots() if slot["kind"] == "video" and slot["name"] == name), None)
        seen = None if mid is None else await self.page.evaluate(LOOK, mid)
        return seen is not None and abs((seen - hue + 180) % 360 - 180) < 25

    async def receives(self, name: str) -> dict[str, Any]:
        """The browser's own report (inbound-rtp) of that point's `audio` and `video`, and the `gap` between them."""
        found: dict[str, Any] = await self.page.evaluate(RECEIVED, name)
        return found

    async def rows(self, name: str) -> int:
        """Height of the last picture of that point; 0 where none came."""
        return (await self.receives(name)).get("video", {}).get("frameHeight") or 0

    async def decoded(self, name: str) -> int:
        """How many pictures of that slot were decoded so far."""
        return (await self.receives(name)).get("video", {}).get("framesDecoded") or 0

    async def in_step(self, name: str, most: float = 100.0) -> bool:
        """Whether sound and picture of that point are played within `most` milliseconds of each other."""
        gap = (await self.receives(name)).get("gap")
        return gap is not None and abs(gap) < most

    async def made_up(self, name: str, seconds: float = 5.0) -> float:
        """The share of that point's sound that the browser had to make up during this time."""
        before = (await self.receives(name))["audio"]
        await self.page.wait_for_timeout(seconds * 1000)
        after = (await self.receives(name))["audio"]
        heard: float = after["totalSamplesReceived"] - before["totalSamplesReceived"]
        return (after["concealedSamples"] - before["concealedSamples"]) / heard if heard else 1.0

    async def sends(self) -> dict[str, dict[str, Any]]:
        """The browser's own report (outbound-rtp) of each layer of its picture, by rid."""
        found: dict[str, dict[str, Any]] = await self.page.evaluate(SENT)
        return found

    async def growing(self, seconds: float = 1.0) -> set[str]:
        """The rids of the layers of which pictures are sent during this time."""
        before = await self.sends()
        await self.page.wait_for_timeout(seconds * 1000)
        after = await self.sends()
        return {rid for rid, one in after.items() if (one.get("framesSent") or 0) > (before[rid].get("framesSent") or 0)}

    async def watch(self, name: str) -> None:
        """Begins to measure the pauses between pictures of that point."""
        await self.page.evaluate(WATCH, name)

    async def longest_pause(self) -> float:
        """Milliseconds; the present pause counts too."""
        found: float = await self.page.evaluate(PAUSED)
        return found

    async def resize(self, width: int, height: int) -> None:
        await self.page.set_viewport_size({"width": width, "height": height})

    async def packets(self, name: str, kind: str = "audio") -> int:
        """Packets received so far in the slot of that point; 0 without a slot."""
        return sum(slot["packets"] for slot in await self.slots() if slot["name"] == name and slot["kind"] == kind)

    async def reads(self, selector: str) -> str:
        said: str = await self.page.evaluate("(one) => document.querySelector(one)?.innerText.trim() ?? ''", selector)
        return said

    async def leave(self) -> None:
        await self.page.context.close()
        assert not self.problems, self.problems


class FirefoxVisitor(Visitor):
    """The same in Firefox."""

    page: FirefoxPage  # type: ignore[assignment]  # the few calls used here are the same

    @classmethod
    async def arrive(  # type: ignore[override]
        cls, browser: Firefox, url: str, code: str, hz: int, hue: int, size: tuple[int, int] = SMALL
    ) -> FirefoxVisitor:
        page = await browser.page(oneself(hz, hue, size) + HOLD)
        visitor = cls(code, hz, page, page.problems)  # type: ignore[arg-type]
        await page.goto(url)
        await page.press("button.primary")
        await soon(visitor.joined, 20)
        return visitor

    async def resize(self, width: int, height: int) -> None:
        await self.page.resize(width, height)

    async def leave(self) -> None:
        await self.page.close()
        assert not self.problems, self.problems


async def nothing_arrives(visitor: Visitor, name: str, seconds: float = 1.5) -> bool:
    """Not one packet of that point's sound comes within this time."""
    before = await visitor.packets(name)
    await visitor.page.wait_for_timeout(round(seconds * 1000))
    return await visitor.packets(name) == before
