"""PATCH of WHIP and WHEP sessions over real HTTP to a real worker: candidates, ICE restarts, and everything refused."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.media.test_fragment import FRAGMENT
from tests.support.installation import Installation, Room, tickets
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.web.test_media_sessions import is_problem, offer_of, post

KIND = {"content-type": "application/trickle-ice-sdpfrag"}
RESTART = FRAGMENT.replace("EsAw", "ysXw").replace("P2uYro0UCOQ4zxjKXaWCBui1", "vw5LmwG4y/e6dPP/zAP9Gp5k")


@pytest.fixture
def room(installation: Installation) -> Room:  # noqa: F811
    return installation.room()


class Session:
    """One WHEP session and its bearer."""

    def __init__(self, client: httpx.AsyncClient, made: httpx.Response, ticket: str) -> None:  # noqa: F811
        self.made, self.location, self.tag = made, made.headers["location"], made.headers["etag"]
        self._client, self._bearer = client, {"authorization": f"Bearer {ticket}"}

    @classmethod
    async def open(cls, client: httpx.AsyncClient, room: Room, **headers: str) -> Session:  # noqa: F811
        ticket = (await tickets(client, room.links["204"]))["subscribe"]
        made = await post(client, f"/media/rooms/{room.meeting_id}/whep", ticket, await offer_of(), **headers)
        assert made.status_code == 201, made.text
        return cls(client, made, ticket)

    async def patch(self, body: str | bytes = FRAGMENT, match: str | None = None, **headers: str) -> httpx.Response:
        said = {**KIND, **self._bearer, **headers} | ({"if-match": match} if match is not None else {})
        return await self._client.patch(self.location, content=body, headers=said)

    async def end(self) -> None:
        assert (await self._client.delete(self.location, headers=self._bearer)).status_code == 200


async def test_the_answer_to_an_offer_names_its_ice_session_and_what_may_follow(
    client: httpx.AsyncClient, room: Room  # noqa: F811
) -> None:
    session = await Session.open(client, room, accept="application/sdp, */*;q=0.1")
    assert re.fullmatch(r'"[A-Za-z0-9+/]+"', session.tag), "a strong entity tag"
    assert session.made.headers["accept-patch"] == KIND["content-type"] and "link" not in session.made.headers
    told = await client.options(session.location)
    assert told.status_code == 204 and told.headers["accept-patch"] == KIND["content-type"]
    assert {"PATCH", "DELETE", "OPTIONS"} == set(told.headers["allow"].split(", "))
    await session.end()


async def test_candidates_are_taken_under_the_tag_of_their_ice_session_only(
    client: httpx.AsyncClient, room: Room  # noqa: F811
) -> None:
    session = await Session.open(client, room)
    for match in (session.tag, f'"other", {session.tag}'):
        taken = await session.patch(match=match)
        assert taken.status_code == 204 and not taken.content
    is_problem(await session.patch(), 428, "media.precondition")
    for match in ('"other"', f"W/{session.tag}", session.tag.strip('"'), '""', '"'):
        is_problem(await session.patch(match=match), 412, "media.tag")
    await session.end()
    is_problem(await session.patch(match=session.tag), 404, "session.unknown")


async def test_ice_restarts_within_the_session_and_gives_it_another_tag(
    client: httpx.AsyncClient, room: Room  # noqa: F811
) -> None:
    session = await Session.open(client, room)
    restarted = await session.patch(RESTART, "*")
    assert restarted.status_code == 200 and restarted.headers["content-type"] == KIND["content-type"]
    lines = restarted.text.split("\r\n")
    assert f'"{next(line[12:] for line in lines if line.startswith("a=ice-ufrag:"))}"' == restarted.headers["etag"]
    assert restarted.headers["etag"] != session.tag and "a=mid:0" in lines and "a=ice-lite" in lines
    known = {line for line in session.made.text.split("\r\n") if line.startswith("a=candidate:")}
    assert {line for line in lines if line.startswith("a=candidate:")} == known, "all of ours, in every answer"
    is_problem(await session.patch(RESTART, session.tag), 412, "media.tag")
    assert (await session.patch(RESTART, restarted.headers["etag"])).status_code == 204
    assert (await session.patch(RESTART, "*")).headers["etag"] not in (session.tag, restarted.headers["etag"])
    await session.end()
    is_problem(await session.patch(RESTART, "*"), 404, "session.unknown")


async def test_everything_else_is_refused_and_the_session_goes_on(client: httpx.AsyncClient, room: Room) -> None:  # noqa: F811
    session = await Session.open(client, room)
    other = await session.patch(match=session.tag, **{"content-type": "application/sdp"})
    assert is_problem(other, 415, "media.fragment") and other.headers["accept-patch"] == KIND["content-type"]
    is_problem(await session.patch(RESTART, "*", accept="application/sdp"), 406, "media.accept")
    is_problem(await session.patch("x" * (80 << 10), session.tag), 413, "media.too_large")
    for body, match in (("rubbish", session.tag), ("", session.tag), ("", "*"), ("a=end-of-candidates\r\n", "*"), (b"\xff", "*")):
        is_problem(await session.patch(body, match), 400, "media.sdp")
    is_problem(await client.patch(session.location, content=FRAGMENT, headers=KIND), 401, "ticket.missing")
    foreign = (await tickets(client, room.links["204"]))["publish"]
    is_problem(await session.patch(match="*", authorization=f"Bearer {foreign}"), 404, "session.unknown")
    assert (await session.patch(match=session.tag)).status_code == 204
    await session.end()


@pytest.mark.parametrize(("accept", "status"), [
    ("", 201), ("*/*", 201), ("application/*;q=0.5", 201), ("text/html, application/sdp;q=0.001", 201), ("application/json", 201),
    ("text/html", 406),
    ("*/*, application/sdp;q=0", 406), ("application/sdp;q=0.000, text/plain", 406),
])
async def test_who_cannot_read_an_answer_gets_none_and_keeps_the_ticket(
    client: httpx.AsyncClient, room: Room, accept: str, status: int  # noqa: F811
) -> None:
    ticket = (await tickets(client, room.links["06970"]))["subscribe"]
    path, offer = f"/media/rooms/{room.meeting_id}/whep", await offer_of()
    made = await post(client, path, ticket, offer, accept=accept)
    assert made.status_code == status
    if status == 406:
        is_problem(made, 406, "media.accept")
        assert (await post(client, path, ticket, offer)).status_code == 201
