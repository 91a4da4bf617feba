"""A running installation, a real Chromium and a real Firefox, and a cable between the two.  Every page of a journey is a browser
context of its own."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from tests.support.firefox import Firefox
from tests.support.installation import Installation
from tests.support.line import Line
from tests.support.running import installation  # noqa: F401 - a fixture
from web.commands.doctor import own_addresses
from web.tls import ensure_certificate

HERE = Path(__file__).parent
CHROMIUM_ARGUMENTS = (
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--no-sandbox", "--disable-gpu",
    "--disable-background-networking", "--autoplay-policy=no-user-gesture-required",
)
FAR_ARGUMENTS = (*CHROMIUM_ARGUMENTS, "--ignore-certificate-errors")
"""At the far end of a line: the certificate of `at_near_end` is known to nobody."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Media in real time: nothing runs beside a journey of a browser."""
    for item in items:
        if item.path.parent == HERE and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.alone)


@contextlib.contextmanager
def at_near_end(line: Line, folder: Path, **settings: Any) -> Iterator[Installation]:
    """A server at this end of the line, by TLS, without which browsers at the other end give no camera."""
    certificate, key = ensure_certificate(folder / "tls", [line.here], datetime.now(UTC))
    chosen = {"host": line.here, "tls_cert": certificate, "tls_key": key, "advertise": (line.here,), **settings}
    running = Installation(folder, **chosen).start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with Line.laid() as laid:
        yield laid


@contextlib.asynccontextmanager
async def chromium_with(*more: str) -> AsyncIterator[Browser]:
    """A Chromium with these arguments beside the usual ones."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path and Path(path).exists(), "the journeys need a Chromium: python3 -m tests installs one"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_ARGUMENTS, *more])
        yield browser
        await browser.close()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with chromium_with() as browser:
        yield browser


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
