"""The reason in words: what the relay's numbers say to a technician and to the point itself, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import web
from media.choice import ENOUGH
from media.peers import Crowd
from media.peers_clip import Clip
from tests.support.installation import Installation, soon
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import publisher
from web import quality
from web.i18n import speak


def session(**numbers: Any) -> dict[str, Any]:
    return {"session": "s", "name": "204", "role": "subscribe", "state": "up", "quality": numbers}


@pytest.mark.parametrize(("numbers", "level", "vi", "en"), [
    ({"reason": ""}, "good", "Tốt.", "Good."),
    ({"reason": "", "transport": "tcp"}, "fair", "Không qua được UDP, đang đi TCP.", "UDP is blocked, on TCP."),
    ({"reason": "uplink_loss", "loss": 0.0712}, "fair", "mất 7 % gói tin: máy quay", "uplink loses 7 % of its packets: the camera is lowered"),
    ({"reason": "loss", "loss": 0.2, "transport": "tcp"}, "fair", "đang đi TCP. Đường truyền xuống mất 20 %", "The downlink loses 20 %"),
    ({"reason": "delay", "estimate": 312_400}, "fair", "312 kbit/s", "about 312 kbit/s"),
    ({"reason": "remb", "estimate": 1_540_000}, "fair", "1.5 Mbit/s", "takes about 1.5 Mbit/s"),
    ({"reason": "remb", "estimate": None}, "fair", "khoảng ?", "about ?"),
    ({"reason": "silent"}, "fair", "không còn báo về", "reports nothing"),
    ({"reason": "frozen"}, "bad", "đứng", "frozen"),
    ({"reason": "", "paused": ["1", "2"]}, "bad", "2 hình đang tạm dừng", "2 pictures are paused"),
    ({"reason": "of_tomorrow"}, "fair", "of_tomorrow", "of_tomorrow"),
])
def test_numbers_become_a_sentence(numbers: dict[str, Any], level: str, vi: str, en: str) -> None:
    assert quality.level(session(**numbers)) == level
    speak("vi")
    assert vi in quality.words(session(**numbers))
    speak("en")
    assert en in quality.words(session(**numbers))
    speak("vi")


def test_who_is_still_connecting_is_said_to_be() -> None:
    assert quality.judged({"state": "new", "quality": {}}) == {"level": "bad", "words": "Đang nối."}


async def test_a_point_reads_of_its_own_sessions_and_of_no_others(
    installation: Installation, client: Any, clip: Clip  # noqa: F811
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    peers = [await publisher(client, crowd, room, code, clip) for code in ("204", "22")]

    async def told() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await client.get(f"/j/{room.links['204']}/quality")).json()["sessions"]
        return found if found and found[0]["level"] == "good" else []
    one, = await soon(told)
    assert one == {"session": peers[0].location.rsplit("/", 1)[1], "role": "publish", "reason": "", "transport": "udp",
                   "level": "good", "words": "Tốt."}
    assert (await client.get(f"/j/{room.links['204']}/quality", headers={"accept-language": "en"})).json()[
        "sessions"][0]["words"] == "Good."
    for peer in peers:
        await peer.close()


def test_the_page_calls_a_picture_lowered_where_the_relay_does() -> None:
    script = (Path(web.__file__).parent / "static" / "room" / "troubles.js").read_text(encoding="utf-8")
    assert f"const ENOUGH = {ENOUGH};" in script
