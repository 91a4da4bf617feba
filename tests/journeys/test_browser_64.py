"""A receiver at 64 kbit/s with 5 % loss and 300 ms round trip, with a real Chromium: the sound holds, and its bytes are counted.

What is heard is as speech, for which Opus takes as much as it needs and pauses where nobody speaks.  Both directions are as narrow and as lossy; the receiver sends its own camera and microphone too, as a commune does.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.journeys.conftest import FAR_ARGUMENTS, at_near_end
from tests.journeys.speech import SPEECH
from tests.journeys.visitors import LARGE, Visitor
from tests.support.farline import Farline
from tests.support.installation import soon

pytestmark = [pytest.mark.browser, pytest.mark.netns]

KBIT, TRIP, LOSS = 64, 0.3, 0.05
MADE_UP = 0.02       # of the sound, over the whole time
SETTLE = 40.0        # seconds until the line is known and pictures have gone


async def test_the_sound_holds_for_half_a_minute(chromium: Browser, tmp_path: Path) -> None:
    share = await _listen(chromium, tmp_path, 30)
    assert share <= 2 * MADE_UP, "half a minute says less than five; far more would be loss that nothing repairs, or a queue"


@pytest.mark.long
async def test_the_sound_holds_for_five_minutes(chromium: Browser, tmp_path: Path) -> None:
    assert await _listen(chromium, tmp_path, 300) <= MADE_UP


async def _listen(chromium: Browser, folder: Path, seconds: float) -> float:
    """The share of the chair's sound that was made up at the far end."""
    with Farline.laid() as line, at_near_end(line, folder, media_spare=False) as installation:
        async with line.chromium(folder, FAR_ARGUMENTS) as distant:
            room = installation.room(opened=True)
            chair = await Visitor.arrive(chromium, f"{installation.url}/j/{room.chair}", "22", 440, 10, LARGE, SPEECH, ignore_https_errors=True)
            point = await Visitor.arrive(
                distant, f"{installation.url}/j/{room.links['204']}", "204", 700, 130, ignore_https_errors=True)
            await soon(lambda: point.packets("22"), 20)
            line.far(KBIT, trip=TRIP, loss=LOSS)
            await asyncio.sleep(SETTLE)
            before, octets, began = await _sound(point), line.octets(), time.monotonic()
            await asyncio.sleep(seconds)
            after, passed = await _sound(point), time.monotonic() - began
            down, up = (now - then for now, then in zip(line.octets(), octets, strict=True))
            samples = max(1, _grew("totalSamplesReceived", before, after))
            share, silent = (_grew(name, before, after) / samples for name in ("concealedSamples", "silentConcealedSamples"))
            print(f"{passed:.0f} s at {KBIT} kbit/s, {LOSS:.0%} lost, {TRIP * 1000:.0f} ms: {share:.2%} of the sound made up ({silent:.2%} in silence); "
                  f"{down} octets down ({8 * down / passed / 1000:.0f} kbit/s), {up} up ({8 * up / passed / 1000:.0f} kbit/s); "
                  f"sound {_grew('packetsReceived', before, after)} packets, {_grew('packetsLost', before, after)} lost")
            assert _grew("packetsReceived", before, after) > 10 * seconds
            line.free()
            await point.leave()
            await chair.leave()
            return share


async def _sound(point: Visitor) -> dict[str, Any]:
    found: dict[str, Any] = (await point.receives("22"))["audio"]
    return found


def _grew(name: str, before: dict[str, Any], after: dict[str, Any]) -> int:
    return int(after[name] - before[name])
