"""Who is heard, in a running installation: lobby, mute one, mute all and a pause hold against a client that goes on sending; the
chat and the channel of chair and secretary over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from media.peers import Crowd, Publisher, Subscriber
from media.peers_clip import Clip
from tests.support.installation import Installation, Room, door, soon, tickets
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import listening
from tests.web.test_room_pages import present
from web.limits import ACTS_AT_ONCE

ENOUGH = 25
"""Packets of the silenced one that must have come to the relay meanwhile, or the silence proves nothing."""


@pytest.fixture
async def chair(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    async with await installation.signed_in("chair") as opened:
        yield opened


@pytest.fixture
async def secretary(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    async with await installation.signed_in("secretary") as opened:
        yield opened


async def do(who: httpx.AsyncClient, room: Room, path: str, **said: Any) -> Any:
    answer = await who.post(f"/meetings/{room.meeting_id}/conduct/{path}", json=said)
    assert answer.status_code == 200, answer.text
    return answer.json()


class Hall:
    """Points that send without asking whether they may, and one that listens to two of them by name."""

    def __init__(self, installation: Installation, client: httpx.AsyncClient, room: Room, clip: Clip) -> None:  # noqa: F811
        self.installation, self.client, self.room, self.clip = installation, client, room, clip
        self.crowd, self.peers, self.ear = Crowd(), dict[str, Publisher](), None

    async def enter(self, *codes: str) -> None:
        for code in codes:
            self.peers[code] = peer = self.crowd.publisher(code, self.clip)
            ticket = (await tickets(self.client, self.room.links[code], roles=["publish"]))["publish"]
            await peer.connect(*door(self.client, self.room.meeting_id, "whip", ticket))
            peer.mute("video")  # so that what comes is sound
        self.ear = ear = self.crowd.subscriber("06976", audio=len(codes), video=0)
        ticket = (await tickets(self.client, self.room.links["06976"], roles=["subscribe"]))["subscribe"]
        await ear.connect(*door(self.client, self.room.meeting_id, "whep", ticket, f"?publishers={','.join(codes)}"))

    def received(self) -> dict[str, int]:
        assert isinstance(self.ear, Subscriber)
        return {code: slot.received for code, slot in zip(self.peers, self.ear.slots(), strict=True)}

    async def _sent(self) -> dict[str, int]:
        stats = await asyncio.to_thread(self.installation.call, self.installation.found.hub.stats(self.room.meeting_id))
        sessions = stats["rooms"][self.room.meeting_id]["sessions"]
        return {one["name"]: one["packets_in"] for one in sessions if one["role"] == "publish"}

    async def heard(self) -> set[str]:
        """Of whom anything at all came while everybody went on sending."""
        before, came = await self._sent(), self.received()

        async def all_sent() -> bool:
            now = await self._sent()
            return all(now[code] >= before[code] + ENOUGH for code in self.peers)

        await soon(all_sent, 30)
        return {code for code, count in self.received().items() if count > came[code]}

    async def leave(self) -> None:
        for peer in (*self.peers.values(), self.ear):
            assert peer is not None
            await peer.close()


@pytest.fixture
async def hall(
    installation: Installation, client: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> AsyncIterator[Hall]:
    hall = Hall(installation, client, installation.room(), clip)
    await hall.enter("22", "204", "06970")
    yield hall
    await hall.leave()


async def test_nothing_of_a_silenced_client_that_goes_on_sending_reaches_anybody(hall: Hall, chair: httpx.AsyncClient) -> None:
    everybody, room = {"22", "204", "06970"}, hall.room

    async def becomes(wanted: set[str]) -> None:
        """Once the word has been carried out: exactly these, and not one packet of the others."""
        await soon(lambda: _is(hall, wanted), 30)
        assert await hall.heard() == wanted

    await becomes({"22"})  # the lobby
    await do(chair, room, "setting", lobby="free")
    await becomes(everybody)
    await do(chair, room, "open")
    await do(chair, room, "voice", code="204", muted=True)
    await becomes({"22", "06970"})
    await do(chair, room, "voice/all", muted=True)
    await becomes({"22"})
    await do(chair, room, "voice", code="06970", muted=False)
    await becomes({"22", "06970"})
    await do(chair, room, "suspend")
    await becomes({"22"})
    await do(chair, room, "resume")
    await do(chair, room, "voice/all", muted=False)
    await becomes(everybody)


async def _is(hall: Hall, wanted: set[str]) -> bool:
    return await hall.heard() == wanted


async def test_the_pages_are_told_who_is_heard_and_why(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room()
    async with listening(client, f"/j/{room.links['204']}/events") as news:
        def now() -> Any:
            return news.last("state")["hearing"]["why"], set(news.last("state")["heard"]), set(news.last("state")["muted"])

        assert now() == ("lobby", {"22"}, set())
        await do(chair, room, "open")
        await soon(lambda: now() == ("free", set(), set()))
        await do(chair, room, "voice", code="204", muted=True)
        await soon(lambda: now() == ("free", set(), {"204"}))
        await do(chair, room, "voice/all", muted=True)
        await soon(lambda: now() == ("muted", {"22"}, set()))
        await do(chair, room, "stage", code="06970")
        await soon(lambda: news.last("state")["spotlight"] == "06970")
        await do(chair, room, "suspend")
        await soon(lambda: now() == ("break", {"22"}, set()))


async def test_a_point_that_is_asked_lets_itself_be_heard_and_no_other_does(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    refused = await chair.post(f"/meetings/{room.meeting_id}/conduct/voice/ask", json={"code": "204"})
    assert refused.status_code == 409 and "chưa vào phòng họp" in refused.json()["message"]
    present(installation, room, "204", "06970")
    await do(chair, room, "voice/all", muted=True)
    assert (await client.post(f"/j/{room.links['204']}/voice", json={"accept": True})).json()["error"] == "voice.not_asked"
    async with listening(client, f"/j/{room.links['204']}/events") as news:
        assert await do(chair, room, "voice/ask", code="204") == {"changed": True}
        await soon(lambda: "204" in news.last("state")["asked"] and "204" not in news.last("state")["heard"])
        assert (await client.post(f"/j/{room.links['06970']}/voice", json={"accept": True})).status_code == 409
        assert (await client.post(f"/j/{room.links['204']}/voice", json={"accept": True})).json() == {"accepted": True}
        await soon(lambda: "204" in news.last("state")["heard"] and news.last("state")["asked"] == {})


async def test_only_who_conducts_says_who_is_heard(
    installation: Installation, client: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    async with await installation.signed_in("clerk") as clerk:
        for path in ("voice", "voice/all", "voice/ask", "stage", "setting", "chat", "chat/pass", "chat/hide", "chat/erase", "private"):
            for who, status in ((client, 401), (clerk, 403)):
                assert (await who.post(f"/meetings/{room.meeting_id}/conduct/{path}", json={})).status_code == status, path
        for path in ("chat", "private"):
            assert (await clerk.get(f"/meetings/{room.meeting_id}/conduct/{path}")).status_code == 403


async def test_a_message_of_a_point_reaches_every_page_at_once_and_a_held_one_only_after_it_was_passed(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    path = f"/j/{room.links['204']}/chat"
    async with (
        listening(client, f"/j/{room.links['06970']}/events") as other, listening(secretary, f"/meetings/{room.meeting_id}/events") as desk,
    ):
        assert (await client.post(path, json={"text": "Mất tiếng ở đầu cầu"})).json()["state"] == "said"
        await soon(lambda: other.last("chat") and other.last("chat")["text"] == "Mất tiếng ở đầu cầu")
        assert (other.last("chat")["code"], other.last("chat")["author"]) == ("204", "Điểm cầu huyện Ba Chẽ")
        await do(secretary, room, "setting", chat="held")
        assert (await client.post(path, json={"text": "Chờ duyệt"})).json()["state"] == "held"
        await soon(lambda: desk.last("held") == {"message": 2})
        assert other.last("held") is None and other.last("chat")["message"] == 1
        assert [one["text"] for one in (await client.get(path)).json()["messages"]] == ["Mất tiếng ở đầu cầu"]
        await do(secretary, room, "chat/pass", message=2)
        await soon(lambda: other.last("chat")["text"] == "Chờ duyệt")
        await do(secretary, room, "chat/hide", message=1, reason="Đã xử lý")
        await soon(lambda: other.last("chat_gone") == {"message": 1})
        assert [one["message"] for one in (await client.get(path)).json()["messages"]] == [2]
        await do(secretary, room, "setting", chat="closed")
        closed = await client.post(path, json={"text": "x"})
        assert closed.status_code == 409 and closed.json()["error"] == "chat.closed"


async def test_one_link_cannot_fill_the_room_with_messages(
    installation: Installation, client: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    said = [200]
    while said[-1] == 200 and len(said) < 100:
        said.append((await client.post(f"/j/{room.links['204']}/chat", json={"text": f"{len(said)}"})).status_code)
    assert len(said) > ACTS_AT_ONCE and said[-1] == 429
    assert (await client.post(f"/j/{room.links['06970']}/chat", json={"text": "x" * 1001})).status_code == 422


async def test_what_chair_and_secretary_confide_reaches_nobody_else_in_any_form(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient, secretary: httpx.AsyncClient  # noqa: F811
) -> None:
    """Least of all the chair's own point: its link hangs on a wall."""
    room, secret = installation.room(opened=True), "Đề nghị cắt phát biểu của huyện"
    async with (
        listening(client, f"/j/{room.chair}/events") as main, listening(client, f"/j/{room.links['204']}/events") as point,
        listening(chair, f"/j/{room.chair}/events") as console, listening(secretary, f"/meetings/{room.meeting_id}/events") as desk,
    ):
        await do(secretary, room, "private", text=secret)
        await soon(lambda: console.last("private") == {"last": 1} and desk.last("private") == {"last": 1})
        await do(chair, room, "chat", text="Xin mời")  # whatever was to come has come by now
        await soon(lambda: all(one.last("chat") for one in (main, point, console, desk)))
        assert main.last("private") is None and point.last("private") is None
        assert not [data for one in (main, point, console, desk) for _name, data in one.events if secret in str(data)]
    assert [one["text"] for one in (await chair.get(f"/meetings/{room.meeting_id}/conduct/private")).json()["messages"]] == [secret]
    for path in (f"/j/{room.chair}/chat", f"/j/{room.chair}/room", f"/j/{room.chair}/state"):
        assert secret not in (await client.get(path)).text
    course = await secretary.get(f"/meetings/{room.meeting_id}?tab=course", headers={"accept": "text/html"})
    assert secret not in course.text
