"""A program made of OBS's own library publishes by WHIP as OBS does, over HTTP and real media; a real receiver decodes it.

What OBS sends is H.264 and Opus with sender reports, without header extensions, repairs or answers to requests for key frames.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import av
import httpx
import pytest
from PIL import Image, ImageDraw
from playwright.async_api import Browser

from media.peers_clip import Clip, tone_hz
from tests.journeys.visitors import Visitor
from tests.support.installation import Installation, Room, soon, tickets
from tests.support.program import Program
from tests.support.running import client, installation  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
FPS, SECONDS, SIZE, HUE, TONE = 15, 4, (640, 360), 130, 3
KEYS = 2          # seconds between two key frames, as OBS is to be told for a conference: it makes none when asked
PATIENCE = 40


def python() -> str:
    """A Python that has the library of OBS."""
    for name in (os.environ.get("OBS_PYTHON"), "python3.13", "python3"):
        path = shutil.which(name) if name else None
        if path and not subprocess.run([path, "-c", "import libdatachannel"], capture_output=True).returncode:
            return path
    raise AssertionError("OBS's library is missing. Install it once: python3.13 -m pip install libdatachannel-py "
                         "(OBS_PYTHON names another one)")


def pictures() -> list[bytes]:
    """H.264 as x264 in OBS makes it: high profile, no B frames, parameter sets before each key frame."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = SIZE
    encoder.pix_fmt, encoder.time_base, encoder.bit_rate = "yuv420p", Fraction(1, FPS), 800_000
    encoder.options = {"profile": "high", "preset": "veryfast", "x264-params": f"bframes=0:keyint={KEYS * FPS}:repeat-headers=1:scenecut=0:threads=1"}
    found = []
    for number in range(SECONDS * FPS):
        image = Image.new("HSV", SIZE, (round(HUE * 255 / 360), 178, 140)).convert("RGB")
        ImageDraw.Draw(image).rectangle((number * 10 % 600, 120, number * 10 % 600 + 24, 240), fill="white")
        frame = av.VideoFrame.from_image(image)
        frame.pts = number
        found += [bytes(packet) for packet in encoder.encode(frame)]
    found += [bytes(packet) for packet in encoder.encode(None)]
    assert len(found) == SECONDS * FPS
    return found


class Obs(Program):
    """One running `tests/support/obs.py`."""

    async def stream(self, pictures: list[bytes], sounds: tuple[bytes, ...]) -> None:
        """Pictures and sounds at their pace, as encoders give them, until cancelled."""
        loop, given = asyncio.get_running_loop(), self.process.stdin
        assert given is not None
        began, sent = loop.time(), {b"v": 0, b"a": 0}
        while True:
            for kind, clip, each in ((b"v", pictures, 1 / FPS), (b"a", sounds, 0.02)):
                while began + sent[kind] * each <= loop.time():
                    data = clip[sent[kind] % len(clip)]
                    step = round((sent[kind] + 1) * each * 1000) - round(sent[kind] * each * 1000)
                    given.write(kind + step.to_bytes(4, "big") + len(data).to_bytes(4, "big") + data)
                    sent[kind] += 1
            await given.drain()
            await asyncio.sleep(0.01)  # the encoders' pace


@asynccontextmanager
async def obs(installation: Installation, room: Room, token: str) -> AsyncIterator[Obs]:  # noqa: F811
    process = await asyncio.create_subprocess_exec(
        python(), "-m", "tests.support.obs", f"{installation.url}/media/rooms/{room.meeting_id}/whip", token, cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    running = Obs(process)
    work = [asyncio.create_task(running.read()), asyncio.create_task(running.stream(pictures(), Clip.make("O", TONE).sounds))]
    try:
        yield running
        work[1].cancel()
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(15):
            await process.wait()
    finally:
        work[1].cancel()
        if process.returncode is None:
            process.kill()
            await process.wait()
        _, streamed = await asyncio.gather(*work, return_exceptions=True)
        if not isinstance(streamed, asyncio.CancelledError):
            raise AssertionError(f"its encoders stopped: {streamed!r}")


async def test_what_obs_sends_is_seen_and_heard_in_a_browser_until_it_hangs_up(
    chromium: Browser, installation: Installation, client: httpx.AsyncClient  # noqa: F811
) -> None:
    room, hub = installation.room(opened=True), installation.found.hub
    token = (await tickets(client, room.links["22"]))["publish"]
    async with obs(installation, room, token) as sender:
        viewer = await Visitor.arrive(chromium, f"{installation.url}/j/{room.links['204']}", "204", 2500, 250)
        await soon(lambda: viewer.looks("22", HUE), PATIENCE)
        await soon(lambda: viewer.hears("22", tone_hz(TONE), [2500]), PATIENCE)
        assert sender.said["status"] == 201
        await viewer.watch("22")
        enough = await viewer.decoded("22") + 3 * KEYS * FPS
        await soon(lambda: _decoded(viewer, enough), PATIENCE)
        assert await viewer.longest_pause() < 1000
        await soon(lambda: viewer.in_step("22"), PATIENCE)
        stats = installation.call(hub.stats(room.meeting_id))["rooms"][room.meeting_id]
        assert ("22", "publish", "up") in {(one["name"], one["role"], one["state"]) for one in stats["sessions"]}
    assert sender.said["ended"] == 200
    stats = installation.call(hub.stats(room.meeting_id))["rooms"][room.meeting_id]
    assert [one["name"] for one in stats["sessions"] if one["role"] == "publish"] == ["204"]
    await viewer.leave()


async def _decoded(viewer: Visitor, pictures: int) -> bool:
    return await viewer.decoded("22") >= pictures
