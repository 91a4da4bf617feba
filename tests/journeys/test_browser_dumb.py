"""A microphone that is there and gives nothing is said at the door and in the room, with what to do."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from tests.journeys.conftest import chromium_with
from tests.journeys.test_browser_people import PHONE, opened, pictured
from tests.journeys.test_browser_troubles import complaints
from tests.support.installation import Installation

pytestmark = pytest.mark.browser


def still(path: Path) -> Path:
    """A second of nothing, as a microphone with its switch off gives."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(b"\0\0" * 48_000)
    return path


async def test_a_microphone_that_gives_nothing_is_said_and_so_is_what_to_do(installation: Installation, tmp_path: Path) -> None:
    room = installation.room(opened=True)
    async with chromium_with(f"--use-file-for-fake-audio-capture={still(tmp_path / 'still.wav')}") as chromium:
        page = await opened(chromium, f"{installation.url}/j/{room.links['204']}", **PHONE)
        await page.locator("#audio-ok").wait_for()  # at first nobody can know
        await page.get_by_text("Micro này không thu được tiếng nào. Hãy xem nút tắt tiếng trên micro").wait_for()
        assert not await page.locator("#audio-ok").is_visible() and await complaints(page) == []
        await pictured(page, "dumb-door")
        await page.goto(f"{installation.url}/j/{room.links['204']}/room")
        await page.locator("#voice[data-key=mic_on]").wait_for()
        await page.locator("#voice", has_text="Micro không có tiếng: xem nút tắt trên micro, hoặc chọn micro khác").wait_for()
        await pictured(page, "dumb-room")
        await page.locator("#mic").click()  # switched off by its person: that is said then, and nothing else
        await page.locator("#voice[data-key=mic_off]").wait_for()
