"""Join, room and console over HTTP: what a link opens, what a plain form can do, who may conduct, what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from meetings import service
from meetings.access import Role
from meetings.store import ledger_store
from tests.support import factories
from tests.support.installation import Installation, Room, tickets
from tests.support.running import client, installation  # noqa: F401 - fixtures
from web.limits import ACTS_AT_ONCE, TICKETS_PER_POINT

HTML = {"accept": "text/html"}


@pytest.fixture
async def chair(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with await installation.signed_in("chair") as opened:
        yield opened


def present(installation: Installation, room: Room, *codes: str) -> None:
    """Says that these points are in the room, as the hub does."""
    points = {point.code: point.point_id for point in factories.POINTS}
    with installation.found.db.write() as conn:
        for code in codes:
            service.seat_join(conn, room.meeting_id, points[code], installation.now())


def data_of(page: httpx.Response) -> dict[str, Any]:
    """What the page hands to its scripts."""
    match = re.search(r'<script type="application/json" id="room-data">(.*?)</script>', page.text, re.S)
    assert match, page.text[:500]
    found: dict[str, Any] = json.loads(match.group(1))
    return found


def kinds(installation: Installation, room: Room) -> list[str]:
    with installation.found.db.read() as conn:
        return [event.kind for event in ledger_store.events(conn, room.meeting_id)]


async def test_the_join_page_names_the_meeting_and_the_point_and_has_one_button(
    installation: Installation, client: httpx.AsyncClient
) -> None:
    room = installation.room(title="Họp <b>phòng</b> chống bão")
    page = await client.get(f"/j/{room.links['06973']}", headers=HTML)
    assert page.status_code == 200
    assert "Điểm cầu xã Đồn Đạc" in page.text and "chưa khai mạc" in page.text
    assert "<b>phòng</b>" not in page.text and "Họp <b>phòng</b> chống bão" in unescape(page.text)
    buttons = re.findall(r'<button class="btn primary big"[^>]*>([^<]+)<', page.text)
    assert buttons == ["Vào họp"]
    assert len(page.content) < 100 * 1024


async def test_a_link_that_opens_nothing_says_why_and_what_to_do(
    installation: Installation, client: httpx.AsyncClient
) -> None:
    room = installation.room()
    secretary = factories.user(installation.people["secretary"].user_id, "t", Role.SECRETARY)
    with installation.found.db.write() as conn:
        service.link_revoke(conn, room.meeting_id, 2, secretary, installation.now())
    for path in ("", "/room", "/events"):
        answer = await client.get(f"/j/{room.links['204']}{path}", headers=HTML)
        assert answer.status_code == 404 and "thu hồi" in answer.text and "thư ký" in answer.text
    altered = room.links["06970"][:-2] + ("AA" if not room.links["06970"].endswith("AA") else "BB")
    unknown = await client.get(f"/j/{altered}", headers={**HTML, "accept-language": "en"})
    assert unknown.status_code == 404 and "Traceback" not in unknown.text


async def test_the_room_page_carries_the_state_and_no_console_for_a_point(
    installation: Installation, client: httpx.AsyncClient
) -> None:
    room = installation.room(opened=True)
    present(installation, room, "22", "204")
    page = await client.get(f"/j/{room.links['204']}/room", headers=HTML)
    data = data_of(page)
    assert data["code"] == "204" and data["conduct"] is None and data["csrf"] is None
    assert data["state"]["present"] == {"22": 1, "204": 1} and data["state"]["total"] == 5 and data["state"]["main"] == "22"
    assert data["points"]["06973"] == "Điểm cầu xã Đồn Đạc"
    assert 'id="conduct"' not in page.text and len(page.content) < 100 * 1024
    for secret in room.links.values():
        assert secret == room.links["204"] or secret not in page.text


async def test_only_the_chair_s_own_session_brings_the_console_into_the_page(
    installation: Installation, chair: httpx.AsyncClient
) -> None:
    room = installation.room()
    door = await chair.get(f"/meetings/{room.meeting_id}/conduct", headers=HTML)
    assert door.status_code == 303 and door.headers["location"] == f"/j/{room.chair}"
    data = data_of(await chair.get(f"/j/{room.chair}/room", headers=HTML))
    assert data["conduct"] == f"/meetings/{room.meeting_id}/conduct" and len(data["csrf"]) == 64
    async with await installation.signed_in("clerk") as clerk:
        assert data_of(await clerk.get(f"/j/{room.chair}/room", headers=HTML))["conduct"] is None


async def test_a_link_cannot_fill_the_record_with_hands(installation: Installation, client: httpx.AsyncClient) -> None:
    room = installation.room(opened=True)
    here, other = f"/j/{room.links['204']}/hand", f"/j/{room.links['06970']}/hand"
    taken = 0
    while (answer := await client.post(here, json={"up": taken % 2 == 0})).status_code == 200:
        taken += 1
        assert taken < 10 * ACTS_AT_ONCE, "as many as at once, and what a slow machine earned meanwhile"
    assert taken >= ACTS_AT_ONCE
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1 and answer.json()["message"]
    assert (await client.post(other, json={"up": True})).status_code == 200, "each point counts for itself"
    with installation.found.db.read() as conn:
        assert sum(one.kind.startswith("hand.") for one in ledger_store.events(conn, room.meeting_id)) == taken + 1


async def test_a_hand_and_a_ballot_work_as_plain_forms_without_scripts(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient
) -> None:
    room = installation.room(opened=True)
    present(installation, room, "22", "204", "06970", "06973")
    base = f"/j/{room.links['204']}"
    raised = await client.post(f"{base}/hand", data={"up": "1"}, headers=HTML)
    assert raised.status_code == 303 and raised.headers["location"] == f"{base}/room?done=hand"
    assert "Rút đăng ký phát biểu" in (await client.get(f"{base}/room", headers=HTML)).text
    await client.post(f"{base}/hand", data={"up": ""}, headers=HTML)
    opened = await chair.post(f"/meetings/{room.meeting_id}/conduct/motion", json={"title": "Thông qua phương án"})
    motion = opened.json()["motion"]
    page = await client.get(f"{base}/room", headers=HTML)
    assert f'value="{motion}"' in page.text
    cast = await client.post(f"{base}/vote", data={"motion": motion, "choice": "for"}, headers=HTML)
    assert cast.status_code == 303
    after = await client.get(f"{base}/room?done=vote", headers=HTML)
    assert f'value="{motion}"' not in after.text and "Đã ghi nhận phiếu" in after.text
    assert [row["choice"] for row in data_of(after)["ballots"][motion]] == ["for"]
    assert [kind for kind in kinds(installation, room) if kind.startswith("hand")] == ["hand.raised", "hand.lowered"]


async def test_a_ballot_twice_after_the_end_or_with_rubbish_is_refused_in_words(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient
) -> None:
    room = installation.room(opened=True)
    present(installation, room, "22", "204", "06970", "06973")
    conduct, vote = f"/meetings/{room.meeting_id}/conduct", f"/j/{room.links['204']}/vote"
    motion = (await chair.post(f"{conduct}/motion", json={"title": "Thông qua"})).json()["motion"]
    assert (await client.post(vote, json={"motion": motion, "choice": "maybe"})).json()["error"] == "ballot.choice"
    first = await client.post(vote, json={"motion": motion, "choice": "against"})
    assert first.status_code == 200 and re.fullmatch(r"(\w{4}-){3}\w{4}", first.json()["receipt"])
    twice = await client.post(vote, json={"motion": motion, "choice": "for"})
    assert twice.status_code == 409 and twice.json()["error"] == "ballot.twice" and "Thông qua" in twice.json()["message"]
    result = (await chair.post(f"{conduct}/motion/close")).json()["result"]
    assert result["counts"] == {"for": 0, "against": 1, "abstain": 0} and result["passed"] is False
    late = await client.post(f"/j/{room.links['06970']}/vote", json={"motion": motion, "choice": "for"})
    assert late.status_code == 409 and late.json()["error"] == "motion.closed"
    other = installation.room(opened=True)
    foreign = await client.post(f"/j/{other.links['204']}/vote", json={"motion": motion, "choice": "for"})
    assert foreign.status_code == 404
    for body in (b"{", b"[1]", b'"x"'):
        answer = await client.post(vote, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422 and answer.json()["error"] == "bad_request"


async def test_no_running_count_is_shown_while_a_vote_is_open(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient
) -> None:
    room = installation.room(opened=True)
    present(installation, room, "22", "204", "06970", "06973")
    motion = (await chair.post(f"/meetings/{room.meeting_id}/conduct/motion", json={"title": "T"})).json()["motion"]
    await client.post(f"/j/{room.links['204']}/vote", json={"motion": motion, "choice": "against"})
    shown = data_of(await client.get(f"/j/{room.links['06970']}/room", headers=HTML))
    told = shown["state"]["motion"]
    assert (told["id"], told["title"], told["cast"], told["entitled"]) == (motion, "T", 1, 5)
    assert {code: cast for code, (cast, _may) in shown["state"]["voted"].items() if cast} == {"204": 1}
    assert [(row["choice"], row["receipt"]) for row in shown["ballots"][motion]] == [(None, None)]
    assert "against" not in json.dumps({name: value for name, value in shown["state"].items() if name != "motion"})


async def test_the_console_carries_a_meeting_from_opening_to_a_drafted_record(
    installation: Installation, chair: httpx.AsyncClient
) -> None:
    room = installation.room()
    conduct = f"/meetings/{room.meeting_id}/conduct"
    assert (await chair.post(f"{conduct}/open")).status_code == 200
    present(installation, room, "22", "204", "06970")
    for path, body in (
        ("agenda", {"item": 1}), ("floor", {"code": "204"}), ("floor", {"code": None}), ("agenda", {"item": 2}),
        ("conclusion", {"text": "Giao các xã báo cáo."}), ("conclusion", {"text": "Nhầm."}),
        ("conclusion/remove", {"ord": 2}), ("suspend", {}), ("resume", {}),
    ):
        answer = await chair.post(f"{conduct}/{path}", json=body)
        assert answer.status_code == 200, (path, answer.text)
    closed = await chair.post(f"{conduct}/close")
    assert closed.json() == {"closed": True, "drafted": True, "next": f"/meetings/{room.meeting_id}"}
    told = kinds(installation, room)
    for kind in ("meeting.opened", "agenda.started", "floor.given", "floor.taken", "conclusion.removed", "meeting.closed"):
        assert kind in told
    assert "minutes.drafted" in told
    again = await chair.post(f"{conduct}/open")
    assert again.status_code == 409 and again.json()["error"] == "meeting.concluded"


async def test_the_console_obeys_chair_and_secretary_with_a_form_token_and_nobody_else(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient
) -> None:
    room = installation.room()
    path = f"/meetings/{room.meeting_id}/conduct/open"
    assert (await client.post(path)).status_code == 401
    async with await installation.signed_in("clerk") as clerk:
        assert (await clerk.post(path)).status_code == 403
    token = chair.headers.pop("x-csrf-token")
    forged = await chair.post(path)
    assert forged.status_code == 403 and forged.json()["error"] == "forged"
    foreign = await chair.post(path, headers={"x-csrf-token": token, "origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert "meeting.opened" not in kinds(installation, room)
    async with await installation.signed_in("secretary") as secretary:
        assert (await secretary.post(path)).status_code == 200
    stranger = await chair.post("/meetings/01a200cb-0000-7000-8000-000000000000/conduct/open", headers={"x-csrf-token": token})
    assert stranger.status_code == 404


async def test_the_floor_goes_only_to_who_is_there(installation: Installation, chair: httpx.AsyncClient) -> None:
    room = installation.room(opened=True)
    path = f"/meetings/{room.meeting_id}/conduct/floor"
    absent = await chair.post(path, json={"code": "204"})
    assert absent.status_code == 409 and absent.json()["error"] == "floor.absent"
    assert (await chair.post(path, json={"code": "nowhere"})).json()["error"] == "seat.unknown"
    assert (await chair.post(path, json={"code": None})).json()["error"] == "floor.free"


async def test_a_vote_without_its_quorum_is_not_opened(installation: Installation, chair: httpx.AsyncClient) -> None:
    room = installation.room(opened=True)
    present(installation, room, "22", "204")
    path = f"/meetings/{room.meeting_id}/conduct/motion"
    refused = await chair.post(path, json={"title": "T", "quorum": "2/3"})
    assert refused.status_code == 409 and refused.json()["error"] == "motion.no_quorum"
    assert (await chair.post(path, json={"title": "T", "quorum": "9"})).status_code == 422
    assert (await chair.post(path, json={"title": "T", "quorum": "0"})).is_success, "where none is set, nobody is missing"


async def test_tickets_are_minted_for_the_role_asked_and_not_without_end(
    installation: Installation, client: httpx.AsyncClient
) -> None:
    room = installation.room()
    secret = room.links["204"]
    both = await tickets(client, secret)
    assert both.pop("ice") == []
    assert set(both) == {"publish", "subscribe"} and all(len(token) == 43 for token in both.values())
    assert (await client.post(f"/j/{secret}/tickets", json={"roles": ["admin"]})).status_code == 422
    for _ in range(TICKETS_PER_POINT - 1):
        await tickets(client, secret, roles=["publish"])
    refused = await client.post(f"/j/{secret}/tickets", json={"roles": ["publish"]})
    assert refused.status_code == 429 and 0 < int(refused.headers["retry-after"]) <= 60
    await tickets(client, secret, roles=["subscribe"])           # the other role has its own count
    await tickets(client, room.links["06970"], roles=["publish"])  # and so has every other point


async def test_each_ticket_brings_turn_credentials_as_short_lived_as_itself(
    installation: Installation, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, found = installation.room(), installation.found
    turn = {"turn_urls": ("turn:hop.example:3478",), "turn_secret": SecretStr("shared")}
    monkeypatch.setattr(found, "settings", found.settings.model_copy(update=turn))
    secret = room.links["204"]
    (server,) = (await tickets(client, secret, roles=["publish"]))["ice"]
    left = int(server["username"].split(":")[0]) - installation.now().timestamp()
    assert 0 < left <= 600 and server["urls"] == ["turn:hop.example:3478"]
    page = (await client.get(f"/j/{secret}/room", headers=HTML)).text
    assert server["credential"] not in page and "turn:hop.example" not in page


async def test_a_document_opens_by_the_link_of_its_meeting_only(
    installation: Installation, client: httpx.AsyncClient
) -> None:
    room, other = installation.room(), installation.room()
    secretary = factories.user(installation.people["secretary"].user_id, "t", Role.SECRETARY)
    body = "Báo cáo nhanh".encode()
    digest = installation.found.blobs.put(body)
    with installation.found.db.write() as conn:
        number = service.document_add(
            conn, room.meeting_id, "Báo cáo.txt", "text/plain", len(body), digest, secretary, installation.now()
        )
    read = await client.get(f"/j/{room.links['204']}/documents/{number}")
    assert read.content == body and read.headers["content-type"].startswith("text/plain")
    assert read.headers["x-content-type-options"] == "nosniff"
    assert (await client.get(f"/j/{other.links['204']}/documents/{number}")).status_code == 404
