"""A receiver says how large it shows its pictures and whom it wants where: only for its own session, only by slots."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from media.errors import Gone
from tests.support.installation import Installation, tickets
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.web.test_media_sessions import is_problem, offer_of, post


async def _session(client: httpx.AsyncClient, installation: Installation) -> tuple[str, dict[str, str], str]:  # noqa: F811
    """(address, its bearer, the bearer of another session) of a receiver."""
    room = installation.room()
    given = await tickets(client, room.links["204"])
    made = await post(client, f"/media/rooms/{room.meeting_id}/whep", given["subscribe"], await offer_of(1, 2))
    assert made.status_code == 201
    return made.headers["location"], {"authorization": f"Bearer {given['subscribe']}"}, given["publish"]


async def test_a_receiver_says_how_large_it_shows_its_pictures(
    installation: Installation, client: httpx.AsyncClient  # noqa: F811
) -> None:
    location, bearer, other = await _session(client, installation)
    address = f"{location}/view"
    assert (await client.put(address, json={"1": 720, "2": 0}, headers=bearer)).status_code == 204
    assert (await client.put(address, json={"no-such-slot": 90}, headers=bearer)).status_code == 204
    is_problem(await client.put(address, json={}), 401, "ticket.missing")
    is_problem(await client.put(address, json={}, headers={"authorization": f"Bearer {other}"}), 404, "session.unknown")
    assert (await client.delete(location, headers=bearer)).status_code == 200
    is_problem(await client.put(address, json={"1": 90}, headers=bearer), 404, "session.unknown")


async def test_anything_else_is_refused(installation: Installation, client: httpx.AsyncClient) -> None:  # noqa: F811
    location, bearer, _other = await _session(client, installation)
    for body in (
        b"", b"rubbish", b"[]", b'{"1": -1}', b'{"1": true}', b'{"1": 1.5}', b'{"1": "720"}', b'{"1": 100000}', b'{"": 1}',
        b'{"%s": 1}' % (b"x" * 65), b"{%s}" % b",".join(b'"%d": 1' % n for n in range(65)), b"[" * 4000, b"\xff\xfe",
    ):
        is_problem(await client.put(f"{location}/view", content=body, headers=bearer), 400, "media.view")


async def test_a_receiver_says_whom_it_wants_in_which_slot(
    installation: Installation, client: httpx.AsyncClient  # noqa: F811
) -> None:
    location, bearer, other = await _session(client, installation)
    address = f"{location}/pins"
    for body in ({"1": "204"}, {"1": None, "2": ""}, {"1": "204#screen", "no-such-slot": "x"}, {}):
        assert (await client.put(address, json=body, headers=bearer)).status_code == 204
    is_problem(await client.put(address, json={"1": "x" * 129}, headers=bearer), 400, "media.pins")
    is_problem(await client.put(address, json={"1": 5}, headers=bearer), 400, "media.pins")
    is_problem(await client.put(address, json={}), 401, "ticket.missing")
    is_problem(await client.put(address, json={}, headers={"authorization": f"Bearer {other}"}), 404, "session.unknown")


async def test_a_relay_that_dies_while_it_is_asked_is_away_and_the_session_is_not_said_to_be_over(
    installation: Installation, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    location, bearer, _other = await _session(client, installation)

    async def dying(*_given: Any) -> Any:
        raise Gone("worker.gone")

    for name in ("view", "pin", "trickle"):
        monkeypatch.setattr(installation.found.hub.crew._running[0].client, name, dying)
    is_problem(away := await client.put(f"{location}/view", json={"1": 90}, headers=bearer), 503, "media.away")
    assert away.headers["retry-after"]
    is_problem(await client.put(f"{location}/pins", json={"1": None}, headers=bearer), 503, "media.away")
    fragment = {"content-type": "application/trickle-ice-sdpfrag", "if-match": '"tag"'}
    is_problem(await client.patch(location, content=b"", headers={**bearer, **fragment}), 503, "media.away")
