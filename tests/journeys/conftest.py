"""A running installation, a real Chromium and a real Firefox.  Every page of a journey is a browser context of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.support.firefox import Firefox
from tests.support.installation import Installation
from tests.support.running import installation  # noqa: F401 - a fixture
from web.commands.doctor import own_addresses

CHROMIUM_ARGUMENTS = (
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--no-sandbox", "--disable-gpu",
    "--disable-background-networking", "--autoplay-policy=no-user-gesture-required",
)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path and Path(path).exists(), "the journeys need a Chromium: python3 -m tests installs one"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        await browser.close()


@pytest.fixture
async def firefox(tmp_path: Path) -> AsyncIterator[Firefox]:
    browser = await Firefox.start(tmp_path / "firefox")
    yield browser
    await browser.close()


@pytest.fixture(scope="module")
def reachable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Its media are at an address of this machine too: Firefox sends nothing to 127.0.0.1."""
    own = next(address for address in own_addresses() if ":" not in address)
    running = Installation(tmp_path_factory.mktemp("reachable"), advertise=("127.0.0.1", own)).start()
    yield running
    running.stop()
