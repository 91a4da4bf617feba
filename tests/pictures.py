"""`python -m tests.pictures [FOLDER]`: draws the main screens for docs/images, from a demonstration of its own with the room as it is.

Each picture is what a person sees after a few presses: the door, the room, the console, the wall, a television, a telephone.  Colours
are reduced to 256, so that a picture stays below 150 KB.  Never part of the tests; run by hand when a screen has changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
from PIL import Image
from playwright.async_api import Browser, Page, TimeoutError, async_playwright

DESK, PHONE, SCREEN = (1280, 800), (390, 844), (1920, 1080)
WIDEST = 1280  # pixels of what is kept
LONGEST = 25_000  # milliseconds in which a slow machine may get there
SETTLE = 2500  # milliseconds until pictures of all points are there
ARGUMENTS = ("--use-fake-device-for-media-stream=fps=3", "--use-fake-ui-for-media-stream", "--no-sandbox", "--disable-gpu",
             "--autoplay-policy=no-user-gesture-required")


class Demo:
    """A demonstration, with what it prints: who may sign in, the links of a province, a district, a commune, a body."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address, self.log = f"http://localhost:{port}", folder / "said"
        self.running = subprocess.Popen(
            [sys.executable, "-m", "web", "demo", "--data", str(folder / "data"), "--port", str(port), "--points", "6", "--no-browser"],
            stdout=self.log.open("w"), stderr=subprocess.STDOUT)

    async def ready(self) -> None:
        async with httpx.AsyncClient() as client:
            for _try in range(300):
                try:
                    if (await client.get(f"{self.address}/readyz")).status_code == 200 and self.log.read_text("utf-8").count("/j/") == 4:
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.2)
        said = self.log.read_text("utf-8")
        self.passwords = dict(re.findall(r"^  \S.*?\s{2,}(\w+)\s{2,}(\w{4}-\S+)", said, re.M))
        self.meeting = re.search(r"/meetings/(\S+)", said)[1]  # type: ignore[index]
        self.province, self.district, self.commune, self.body = re.findall(rf"{self.address}(/j/\S+)", said)


class Painter:
    def __init__(self, demo: Demo, browser: Browser, folder: Path) -> None:
        self.demo, self.browser, self.folder = demo, browser, folder

    async def window(self, path: str, size: tuple[int, int] = DESK, login: str = "") -> Page:
        context = await self.browser.new_context(
            locale="vi-VN", viewport={"width": size[0], "height": size[1]}, permissions=["camera", "microphone"], bypass_csp=True)
        page = await context.new_page()
        if login:
            await page.goto(f"{self.demo.address}/signin")
            await page.fill("[name=login]", login)
            await page.fill("[name=password]", self.demo.passwords[login])
            await page.keyboard.press("Enter")
            await page.wait_for_url(f"{self.demo.address}/")
        await page.goto(self.demo.address + path)
        return page

    async def keep(self, page: Page, name: str, size: tuple[int, int] = DESK) -> None:
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        with contextlib.suppress(TimeoutError):  # a picture on the stage, and a line that is no longer called weak
            await page.wait_for_function("!document.querySelector('#stage') || (document.querySelector('#stage.live, .in-gallery .tile.live') && document.querySelector('#trouble')?.hidden !== false)", timeout=LONGEST)
        await page.wait_for_timeout(SETTLE)
        file = self.folder / f"{name}.png"
        await page.screenshot(path=file)
        with Image.open(file) as seen:
            drawn = seen.convert("RGB")
        if drawn.width > WIDEST:
            drawn = drawn.resize((WIDEST, drawn.height * WIDEST // drawn.width))
        drawn.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
        print(f"{file}: {file.stat().st_size // 1000} KB")


async def draw(paint: Painter) -> None:
    demo = paint.demo
    door = await paint.window(demo.commune, PHONE)
    await paint.keep(door, "door-phone", PHONE)
    await door.context.close()
    chair = await paint.window(f"/meetings/{demo.meeting}/conduct", login="chutoa")
    await chair.goto(f"{chair.url}/room")
    await chair.wait_for_timeout(SETTLE)
    async with httpx.AsyncClient(base_url=demo.address) as points:
        for link in (demo.district, demo.body):
            await points.post(f"{link}/hand", json={"up": True})
    room = await paint.window(f"{demo.commune}/room")
    await room.click("#hand")
    here = await chair.locator("#floor-names option").first.get_attribute("value")
    await chair.fill("#floor-search", here or "")
    await chair.press("#floor-search", "Enter")
    await paint.keep(room, "room")
    await paint.keep(room, "room-phone", PHONE)
    await paint.keep(chair, "console")
    await paint.keep(chair, "console-phone", PHONE)
    await room.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    await room.click("#gallery-on")
    await paint.keep(room, "gallery")
    await room.click("#gallery-on")
    television = await paint.window(f"{demo.district}/tv", SCREEN)
    await paint.keep(television, "television", SCREEN)
    await television.context.close()
    wall = await paint.window(f"/meetings/{demo.meeting}/wall", login="kythuat")
    await wall.wait_for_timeout(SETTLE)
    await paint.keep(wall, "wall")
    await wall.context.close()
    plain = await paint.window(f"{demo.commune}/plain?still=1", PHONE)
    await paint.keep(plain, "plain-phone", PHONE)
    await chair.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    for part in ("motion-panel", "voices-panel"):
        await chair.click(f"#{part} > summary")
    await chair.locator("#motion-panel").scroll_into_view_if_needed()
    await paint.keep(chair, "console-vote")
    secretary = await paint.window(f"/meetings/{demo.meeting}", login="thuky")
    await paint.keep(secretary, "meeting")


async def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        demo = Demo(Path(made))
        try:
            await demo.ready()
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
                await draw(Painter(demo, browser, folder))
                await browser.close()
        finally:
            demo.running.terminate()
            demo.running.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")))
