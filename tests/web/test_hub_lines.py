"""How the points' lines go reaches the right pages: a publisher's trouble those that have its picture, a receiver's its own point, and no chatter."""

from __future__ import annotations

import json
from typing import Any

import httpx

from media.peers import Crowd
from media.peers_clip import Clip
from tests.support.installation import Installation, soon
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import listening, watched
from web.lines import EACH, HOLD, LOOK, NUMBERS, Lines


def session(name: str, role: str = "publish", number: int = 1, **numbers: Any) -> dict[str, Any]:
    return {"session": f"{role}-{name}-{number}", "name": name, "role": role, "state": "up", "quality": {"reason": "", **numbers}}


def told(news: list[tuple[str, bool, bytes]]) -> list[tuple[str | None, str, str]]:
    """(whose pages alone hear it or None, session, reason or level) of each."""
    found = []
    for point, sends, data in news:
        code = None if sends else point
        name, body = data.decode().strip().split("\n")
        assert name == "event: line"
        one = json.loads(body.removeprefix("data: "))
        found.append((code, one["session"], one["reason"] or one["level"]))
    return found


def test_who_is_well_is_no_news_and_trouble_is_told_once_with_its_end() -> None:
    lines = Lines()
    weak = [session("a", reason="uplink_loss", loss=0.07), session("b"), session("b", "subscribe", reason="delay", estimate=250_000)]
    well = [session("a"), session("b"), session("b", "subscribe")]
    assert told(lines.look("m", well, 0)) == []
    assert sorted(told(lines.look("m", weak, 2)), key=str) == [
        ("b", "subscribe-b-1", "delay"), (None, "publish-a-1", "uplink_loss")]
    assert told(lines.look("m", weak, 4)) == []
    assert told(lines.look("m", well, 4 + HOLD - 0.1)) == [], "not on and off"
    assert sorted(told(lines.look("m", well, 4 + HOLD)), key=str) == [("b", "subscribe-b-1", "good"), (None, "publish-a-1", "good")]
    assert told(lines.look("m", well, 30)) == []


def test_of_who_just_came_nothing_is_said_until_the_next_look() -> None:
    lines = Lines()
    came = [session("a", "subscribe", paused=["4"])]
    assert lines.look("m", came, 0) == []
    assert told(lines.look("m", came, LOOK)) == [("a", "subscribe-a-1", "bad")]


def test_numbers_alone_are_told_again_only_after_a_while_and_another_reason_at_once() -> None:
    lines = Lines()
    lines.look("m", [session("a", "subscribe", reason="loss", loss=0.10)], -LOOK)

    def look(at: float, **numbers: Any) -> int:
        return len(lines.look("m", [session("a", "subscribe", **numbers)], at))

    assert look(0, reason="loss", loss=0.10) == 1
    assert look(2, reason="loss", loss=0.20) == 0
    assert look(NUMBERS, reason="loss", loss=0.20) == 1
    assert look(NUMBERS + 1, reason="delay", loss=0.20, estimate=300_000) == 1
    assert look(NUMBERS + 2, reason="delay", loss=0.20, estimate=300_000, paused=["4"]) == 1


def test_a_picture_that_moves_again_is_told_at_once_and_who_leaves_in_trouble_comes_back_without_it() -> None:
    lines = Lines()
    for at in (-LOOK, 0):
        lines.look("m", [session("a", reason="frozen")], at)
    assert told(lines.look("m", [session("a")], 1)) == [(None, "publish-a-1", "good")]
    lines.look("m", [session("a", reason="uplink_loss")], 2)
    assert told(lines.look("m", [], 4)) == [(None, "publish-a-1", "good")]
    assert told(lines.look("m", [session("a", number=2)], 6)) == []
    assert lines.look("m", [session("a", number=2, reason="uplink_loss")], 8)
    assert told(lines.look("m", [session("a", number=3)], 9)) == [(None, "publish-a-3", "good")], "a new session is another line"


def test_who_comes_later_hears_what_is_wrong_now_and_large_rooms_are_asked_less_often() -> None:
    lines = Lines()
    for at in (-LOOK, 0):
        lines.look("m", [session("a", reason="uplink_loss"), session("b", "subscribe", reason="loss")], at)
    pages = (("b", {"a"}), ("c", {"a"}), ("c", ()), ("a", ()), (None, None))
    heard = [sorted(reason for _to, _session, reason in told([("", True, one) for one in lines.known("m", code, seen)])) for code, seen in pages]
    assert heard == [["loss", "uplink_loss"], ["uplink_loss"], [], ["uplink_loss"], ["uplink_loss"]]
    assert lines.due(["m"], LOOK - 0.1) == [] and lines.due(["m"], LOOK) == ["m"]
    crowd = [session(str(n)) for n in range(478)]
    lines.look("m", crowd, 10)
    assert lines.due(["m"], 10 + EACH * 478 - 0.1) == [] and lines.due(["m", "n"], 10) == ["n"]
    assert lines.due(["n"], 10) == ["n"] and lines.known("m", "b") == [], "nobody looks at m any more"


async def test_a_frozen_picture_is_told_to_those_that_have_it_and_to_one_that_opens_later(
    installation: Installation, client: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    peer, watcher = await watched(client, Crowd(), room, clip)
    own = peer.location.rsplit("/", 1)[1]
    async with listening(client, f"/j/{room.chair}/events") as news, listening(client, f"/j/{room.links['06970']}/events") as other:
        peer.mute("video")
        await soon(lambda: news.last("line"))
        line = news.last("line")
        assert (line["session"], line["name"], line["reason"], line["level"]) == (own, "204", "frozen", "bad")
        async with listening(client, f"/j/{room.chair}/events") as later, listening(client, f"/j/{room.links['204']}/events") as sender:
            await soon(lambda: later.last("line") == line and sender.last("line") == line)
        peer.mute("video", False)
        await soon(lambda: news.last("line")["level"] == "good")
        assert other.last("line") is None, "a page without that picture"
    for one in (peer, watcher):
        await one.close()
