"""WHIP and WHEP over real HTTP to a real worker: the good way, every bad ticket, every bad offer, and the ends."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from media.peers import Crowd
from media.peers_clip import Clip
from meetings import service
from meetings.access import Role
from meetings.store import ledger_store
from tests.support import factories
from tests.support.installation import Installation, Room, door, soon, tickets
from tests.support.running import client, installation  # noqa: F401 - fixtures

SDP = {"content-type": "application/sdp"}


@pytest.fixture
def room(installation: Installation) -> Room:
    return installation.room()


async def offer_of(audio: int = 1, video: int = 1) -> str:
    """The offer a real client makes, kept instead of sent."""
    kept: list[str] = []

    async def keep(offer: str) -> tuple[str, str]:
        kept.append(offer)
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await Crowd().subscriber("x", audio=audio, video=video).connect(keep)
    return kept[0]


async def post(client: httpx.AsyncClient, path: str, ticket: str | None, body: str | bytes, **headers: str) -> httpx.Response:
    bearer = {"authorization": f"Bearer {ticket}"} if ticket else {}
    return await client.post(path, content=body, headers={**SDP, **bearer, **headers})


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["error"] == code and said["status"] == status and said["title"]
    assert "Traceback" not in answer.text
    return True


async def test_a_session_is_made_with_201_and_ended_by_delete_with_the_same_bearer(
    installation: Installation, client: httpx.AsyncClient, room: Room
) -> None:
    ticket = (await tickets(client, room.links["204"]))["subscribe"]
    made = await post(client, f"/media/rooms/{room.meeting_id}/whep", ticket, await offer_of())
    assert made.status_code == 201 and made.headers["content-type"] == "application/sdp"
    assert made.text.startswith("v=0") and made.text.count("m=") == 2
    location = made.headers["location"]
    assert location.startswith("/media/sessions/")
    other = (await tickets(client, room.links["204"]))["publish"]
    is_problem(await client.delete(location, headers={"authorization": f"Bearer {other}"}), 404, "session.unknown")
    is_problem(await client.delete(location), 401, "ticket.missing")
    assert (await client.delete(location, headers={"authorization": f"Bearer {ticket}"})).status_code == 200
    is_problem(await client.delete(location, headers={"authorization": f"Bearer {ticket}"}), 404, "session.unknown")


async def test_a_ticket_opens_one_session_only(client: httpx.AsyncClient, room: Room) -> None:
    ticket = (await tickets(client, room.links["204"]))["subscribe"]
    offer, path = await offer_of(), f"/media/rooms/{room.meeting_id}/whep"
    assert (await post(client, path, ticket, offer)).status_code == 201
    refused = await post(client, path, ticket, offer)
    assert is_problem(refused, 401, "ticket.used")
    assert refused.headers["www-authenticate"] == 'Bearer realm="media", error="invalid_token"'


async def test_a_ticket_is_foreign_in_another_room_and_in_the_other_role(
    installation: Installation, client: httpx.AsyncClient, room: Room
) -> None:
    given, offer = await tickets(client, room.links["204"]), await offer_of()
    other = installation.room()
    is_problem(await post(client, f"/media/rooms/{other.meeting_id}/whep", given["subscribe"], offer), 401, "ticket.foreign")
    is_problem(await post(client, f"/media/rooms/{room.meeting_id}/whip", given["subscribe"], offer), 401, "ticket.foreign")
    is_problem(await post(client, f"/media/rooms/{room.meeting_id}/whep", "x" * 43, offer), 401, "ticket.foreign")
    # What was refused there has not been spent here.
    assert (await post(client, f"/media/rooms/{room.meeting_id}/whep", given["subscribe"], offer)).status_code == 201


async def test_an_expired_ticket_is_refused(installation: Installation, client: httpx.AsyncClient, room: Room) -> None:
    with installation.found.db.write() as conn:
        old = installation.now() - timedelta(seconds=61)
        ticket = service.mint(conn, room.meeting_id, "subscribe", "204", 2, at=old)
    is_problem(await post(client, f"/media/rooms/{room.meeting_id}/whep", ticket, await offer_of()), 401, "ticket.expired")


async def test_a_ticket_dies_with_its_link_and_with_its_meeting(
    installation: Installation, client: httpx.AsyncClient, room: Room
) -> None:
    offer, path = await offer_of(), f"/media/rooms/{room.meeting_id}/whep"
    revoked = (await tickets(client, room.links["204"]))["subscribe"]
    cancelled = (await tickets(client, room.links["06970"]))["subscribe"]
    secretary = factories.user(installation.people["secretary"].user_id, "t", Role.SECRETARY)
    with installation.found.db.write() as conn:
        service.link_revoke(conn, room.meeting_id, 2, secretary, installation.now())
    is_problem(await post(client, path, revoked, offer), 401, "link.revoked")
    gone = await client.get(f"/j/{room.links['204']}")
    assert gone.status_code == 404 and gone.json()["error"] == "link.revoked"
    with installation.found.db.write() as conn:
        service.cancel(conn, room.meeting_id, "Hoãn vì bão", secretary, installation.now())
    is_problem(await post(client, path, cancelled, offer), 409, "meeting.cancelled")
    late = await client.post(f"/j/{room.links['06970']}/tickets", json={})
    assert late.status_code == 409 and late.json()["error"] == "meeting.cancelled"


@pytest.mark.parametrize("body", ["", "rubbish", "v=0\r\n", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", "\0" * 4000])
async def test_an_offer_that_is_garbage_is_refused_in_words(client: httpx.AsyncClient, room: Room, body: str) -> None:
    ticket = (await tickets(client, room.links["204"]))["publish"]
    is_problem(await post(client, f"/media/rooms/{room.meeting_id}/whip", ticket, body), 400, "media.sdp")


async def test_an_offer_of_a_mebibyte_is_refused_in_words_and_spends_no_ticket(
    client: httpx.AsyncClient, room: Room
) -> None:
    path, ticket = f"/media/rooms/{room.meeting_id}/whep", (await tickets(client, room.links["204"]))["subscribe"]
    is_problem(await post(client, path, ticket, ("v=0\r\n" + "a=x\r\n" * 210_000)[: 1 << 20]), 413, "media.too_large")

    async def undeclared() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"a=x\r\n" * 500

    chunked = await client.post(path, content=undeclared(), headers={**SDP, "authorization": f"Bearer {ticket}"})
    is_problem(chunked, 413, "media.too_large")
    assert (await post(client, path, ticket, await offer_of())).status_code == 201


async def test_an_offer_of_another_type_is_refused_with_what_is_taken(client: httpx.AsyncClient, room: Room) -> None:
    ticket = (await tickets(client, room.links["204"]))["publish"]
    path = f"/media/rooms/{room.meeting_id}/whip"
    refused = await client.post(path, json={"sdp": "v=0"}, headers={"authorization": f"Bearer {ticket}"})
    assert is_problem(refused, 415, "media.type") and refused.headers["accept-post"] == "application/sdp"
    is_problem(await post(client, path, None, "v=0"), 401, "ticket.missing")


async def test_a_wrong_fingerprint_never_becomes_a_peer(
    installation: Installation, client: httpx.AsyncClient, room: Room
) -> None:
    ticket = (await tickets(client, room.links["204"]))["subscribe"]
    exchange, hang_up = door(client, room.meeting_id, "whep", ticket)

    async def forged(offer: str) -> tuple[str, str]:
        lines = [
            line.rsplit(" ", 1)[0] + " " + ":".join(["AB"] * 32) if line.startswith("a=fingerprint:sha-256") else line
            for line in offer.split("\r\n") if not line.startswith(("a=fingerprint:sha-384", "a=fingerprint:sha-512"))
        ]
        return await exchange("\r\n".join(lines))

    peer = Crowd().subscriber("204")
    await peer.connect(forged, hang_up)  # in DTLS 1.2 the client finishes before the server looks at its certificate
    hub = installation.found.hub
    await soon(lambda: not installation.call(hub.stats(room.meeting_id))["rooms"].get(room.meeting_id, {}).get("sessions"))
    await peer.close()
    assert "204" not in hub.live(room.meeting_id)
    with installation.found.db.read() as conn:
        kinds = [event.kind for event in ledger_store.events(conn, room.meeting_id)]
    assert "point.joined" not in kinds


async def test_options_say_what_can_be_done(client: httpx.AsyncClient, room: Room) -> None:
    for kind in ("whip", "whep"):
        offered = await client.options(f"/media/rooms/{room.meeting_id}/{kind}")
        assert offered.status_code == 204 and offered.headers["accept-post"] == "application/sdp"
        assert (await client.get(f"/media/rooms/{room.meeting_id}/{kind}")).status_code == 405


async def test_whep_can_choose_its_publishers_by_name(installation: Installation, client: httpx.AsyncClient) -> None:
    room = installation.room(opened=True)
    crowd, peers = Crowd(), []
    for index, code in enumerate(("22", "204")):
        ticket = (await tickets(client, room.links[code]))["publish"]
        peers.append(crowd.publisher(code, Clip.make(code, index, seconds=1)))
        await peers[-1].connect(*door(client, room.meeting_id, "whip", ticket))
    ticket = (await tickets(client, room.links["06970"]))["subscribe"]
    watcher = crowd.subscriber("06970", audio=2, video=2)
    await watcher.connect(*door(client, room.meeting_id, "whep", ticket, "?publishers=204"))
    await soon(lambda: sum(slot.received > 0 for slot in watcher.slots()) == 2)
    slots = next(iter(installation.found.hub._slots.values()))
    assert b'"name":"204"' in slots and b'"name":"22"' not in slots
    for peer in (*peers, watcher):
        await peer.close()


async def test_scripts_of_other_sites_may_use_the_media_addresses_and_read_their_errors_and_nothing_else(
    client: httpx.AsyncClient, room: Room
) -> None:
    given, offer = await tickets(client, room.links["204"]), await offer_of()
    path, foreign = f"/media/rooms/{room.meeting_id}/whep", {"origin": "https://player.example"}
    asked = await client.options(path, headers={
        **foreign, "access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type"})
    assert asked.is_success and asked.headers["accept-post"] == "application/sdp"
    assert asked.headers["access-control-allow-headers"] == "authorization, content-type, if-match"
    made = await post(client, path, given["subscribe"], offer, **foreign)
    ended = await client.options(made.headers["location"], headers={**foreign, "access-control-request-method": "DELETE"})
    assert made.status_code == 201 and ended.is_success
    answers = [
        asked, made, ended, await post(client, path, given["subscribe"], offer, **foreign),
        await post(client, path, given["publish"], "x" * (80 << 10), **foreign),
        await client.get(path, headers=foreign), await client.post("/media/nothing", headers=foreign),
    ]
    assert [answer.status_code for answer in answers[3:]] == [401, 413, 405, 404]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "*"
        assert {"POST", "PATCH", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(", "))
        assert {"location", "link", "etag"} <= set(answer.headers["access-control-expose-headers"].split(", "))
        assert "access-control-allow-credentials" not in answer.headers and "set-cookie" not in answer.headers
    for other in ("/healthz", "/openapi.json", f"/j/{room.links['204']}"):
        answer = await client.get(other, headers=foreign)
        assert not [name for name in answer.headers if name.startswith("access-control")], other
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_an_empty_list_of_publishers_is_none_at_all(
    installation: Installation, client: httpx.AsyncClient, room: Room
) -> None:
    crowd = Crowd()
    sender = crowd.publisher("22", Clip.make("A", 0, seconds=1))
    ticket = (await tickets(client, room.chair))["publish"]
    await sender.connect(*door(client, room.meeting_id, "whip", ticket))
    ticket = (await tickets(client, room.links["06970"]))["subscribe"]
    watcher = crowd.subscriber("06970", audio=1, video=1)
    await watcher.connect(*door(client, room.meeting_id, "whep", ticket, "?publishers="))
    await soon(lambda: all(slot.received > 0 for slot in watcher.slots()))
    for peer in (sender, watcher):
        await peer.close()


async def test_the_worker_s_death_is_said_with_503_and_new_sessions_work_seconds_later(
    installation: Installation, client: httpx.AsyncClient, room: Room
) -> None:
    given, path = await tickets(client, room.links["204"]), f"/media/rooms/{room.meeting_id}/whep"
    workers = installation.found.hub.crew.workers
    for pid in reversed(workers.pids):  # the spare first: nobody is there then
        os.kill(pid, signal.SIGKILL)
    await soon(lambda: not installation.found.hub.ready)
    away = await post(client, path, given["subscribe"], await offer_of())
    assert is_problem(away, 503, "media.away") and int(away.headers["retry-after"]) >= 1
    await soon(lambda: installation.found.hub.ready, 20)
    assert (await post(client, path, given["subscribe"], await offer_of())).status_code == 201  # the ticket was not spent
