"""Three real browsers meet: each sees and hears the others, the floor moves, the silenced are silent at the server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.journeys.visitors import Visitor, nothing_arrives, sign_in
from tests.support.installation import Installation, Room, soon

pytestmark = pytest.mark.browser

TONES = {"22": 440, "204": 700, "06970": 1100}
HUES = {"22": 10, "204": 130, "06970": 250}


async def meet(chromium: Browser, installation: Installation, room: Room, **context: Any) -> dict[str, Visitor]:
    return {
        code: await Visitor.arrive(chromium, f"{installation.url}/j/{room.links[code]}", code, hz, HUES[code], **context)
        for code, hz in TONES.items()
    }


async def everybody_sees_and_hears_everybody(visitors: dict[str, Visitor]) -> None:
    for visitor in visitors.values():
        others = set(TONES) - {visitor.code}
        await soon(lambda: visitor.sees(others), 20)
        for name in others:
            rest = [hz for other, hz in TONES.items() if other != name]
            await soon(lambda: visitor.hears(name, TONES[name], rest), 15)


async def _sign_in_as_chair(visitor: Visitor, installation: Installation) -> None:
    """The chair signs in in the same browser; the room page then carries the console."""
    await sign_in(visitor.page.context, installation, "chair")
    await visitor.page.reload()
    await soon(visitor.joined, 20)


async def _gated(installation: Installation, room: Room, code: str) -> tuple[int, int]:
    """(packets in, packets refused) of this point's publisher, as the media worker counts them."""
    stats = await asyncio.to_thread(installation.call, installation.found.hub.stats(room.meeting_id))
    sessions = stats["rooms"][room.meeting_id]["sessions"]
    mine = next(one for one in sessions if one["name"] == code and one["role"] == "publish")
    return mine["packets_in"], mine["gated"]


async def _silenced(installation: Installation, room: Room, code: str, listener: Visitor) -> None:
    """The point goes on sending; the server drops it, so the listener's packets of it stand still."""
    before = await _gated(installation, room, code)
    assert await nothing_arrives(listener, code)
    after = await _gated(installation, room, code)
    assert after[0] > before[0], "the point must still be sending, or the silence proves nothing"
    assert after[1] - before[1] >= 40, "its sound must be dropped at the server"


async def test_three_points_meet_and_the_floor_decides_at_the_server_who_is_heard(
    chromium: Browser, installation: Installation
) -> None:
    room = installation.room()
    visitors = await meet(chromium, installation, room)
    chair, district, commune = visitors.values()
    await _sign_in_as_chair(chair, installation)
    await soon(lambda: commune.hears("22", TONES["22"], [TONES["204"], TONES["06970"]]), 20)     # the lobby: the chair alone
    await soon(lambda: _says(district, "#voice", "Chưa khai mạc — mọi người chưa nghe bạn"))
    await _silenced(installation, room, "204", listener=commune)

    await chair.page.get_by_role("button", name="Khai mạc").click()
    await soon(lambda: chair.page.get_by_role("button", name="Tạm nghỉ").is_visible())
    await everybody_sees_and_hears_everybody(visitors)
    await commune.page.locator("#hand").click()
    await soon(lambda: chair.page.locator("[data-give='06970']").is_visible())
    await chair.page.locator("[data-give='06970']").click()

    await soon(lambda: _says(commune, "#voice", "Bạn đang phát biểu — mọi người đang nghe"))
    await soon(lambda: _says(district, "#voice", "Đang chờ mời phát biểu — mọi người không nghe"))
    await soon(lambda: _says(district, "#stage .who", "Điểm cầu xã Đạp Thanh"))
    await _silenced(installation, room, "204", listener=commune)
    await soon(lambda: district.hears("06970", TONES["06970"], [TONES["22"], TONES["204"]]))
    await soon(lambda: district.hears("22", TONES["22"], [TONES["06970"], TONES["204"]]))

    await chair.page.locator("#floor-search").fill("huyen ba che")     # found without accents
    await chair.page.locator("#floor-search").press("Enter")
    await soon(lambda: _says(district, "#voice", "Bạn đang phát biểu — mọi người đang nghe"))
    await _silenced(installation, room, "06970", listener=district)
    await soon(lambda: commune.hears("204", TONES["204"], [TONES["22"], TONES["06970"]]))

    await chair.page.get_by_role("button", name="Thu lời").click()
    await soon(lambda: district.hears("06970", TONES["06970"], [TONES["22"], TONES["204"]]), 15)
    for visitor in visitors.values():
        await visitor.leave()


async def _says(visitor: Visitor, selector: str, text: str) -> bool:
    return await visitor.reads(selector) == text
