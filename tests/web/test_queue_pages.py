"""The queue over HTTP: points ask in kinds, chair and secretary put in order, give, time and decline; who reads what of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from meetings import service
from meetings.store import ledger_store
from tests.support.installation import Installation, Room
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.web.test_room_pages import data_of, kinds, present
from web import parts
from web.parts.look import Look


@pytest.fixture
async def chair(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    async with await installation.signed_in("chair") as opened:
        yield opened


@pytest.fixture
def room(installation: Installation) -> Room:  # noqa: F811
    found = installation.room(opened=True)
    present(installation, found, "22", "204", "06970", "06973")
    return found


def sections(installation: Installation, room: Room) -> dict[str, Any]:  # noqa: F811
    """What pages are told of the room as it stands."""
    with installation.found.db.read() as conn:
        return parts.sections(Look(conn, service.state(conn, room.meeting_id), installation.now()))


async def raised(client: httpx.AsyncClient, room: Room, code: str, **words: Any) -> int:  # noqa: F811
    answer = await client.post(f"/j/{room.links[code]}/hand", json={"up": True, **words})
    assert answer.status_code == 200, answer.text
    entry: int = answer.json()["entry"]
    return entry


async def conduct(chair: httpx.AsyncClient, room: Room, path: str, **body: Any) -> httpx.Response:
    return await chair.post(f"/meetings/{room.meeting_id}/conduct/{path}", json=body)


async def test_what_is_asked_is_shown_in_the_order_of_the_record_and_words_only_to_who_conducts(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient, room: Room,  # noqa: F811
) -> None:
    await conduct(chair, room, "floor", code="22")
    talk = await raised(client, room, "204", item=2, note="Về nhà tạm")
    question = await raised(client, room, "06970", kind="question")
    order = await raised(client, room, "06973", kind="order")
    queue = sections(installation, room)["queue"]
    assert [entry for entry, row in sorted(queue.items(), key=lambda pair: pair[1]["ord"])] == [str(order), str(question), str(talk)]
    assert queue[str(talk)] == {"code": "204", "ord": queue[str(talk)]["ord"], "item": 2, "note": 1}
    assert queue[str(order)]["kind"] == "order"
    assert (await chair.get(f"/meetings/{room.meeting_id}/conduct/queue")).json() == {str(talk): {"person": "", "note": "Về nhà tạm"}}
    assert (await client.get(f"/meetings/{room.meeting_id}/conduct/queue")).status_code in (401, 403, 404)
    with installation.found.db.read() as conn:
        assert service.state(conn, room.meeting_id).queue[0].entry == order


async def test_a_question_pauses_the_speaker_whose_clock_goes_on_afterwards(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient, room: Room,  # noqa: F811
) -> None:
    assert (await conduct(chair, room, "times", speech_s="300", aside_s=60, unit_s="", bell_s=30)).status_code == 200
    await conduct(chair, room, "floor", code="204")
    speaks = sections(installation, room)["floor"]
    assert (speaks["code"], speaks["limit"], speaks["spent"], speaks["paused"]) == ("204", 300, 0, None) and speaks["ends"] > speaks["began"]
    question = await raised(client, room, "06970", kind="question")
    assert (await conduct(chair, room, "floor", entry=question)).status_code == 200
    told = sections(installation, room)
    assert (told["floor"]["code"], told["floor"]["kind"], told["floor"]["limit"], told["floor"]["paused"]) == ("06970", "question", 60, "204")
    assert told["queue"] == {} and told["times"] == {"speech_s": 300, "aside_s": 60, "unit_s": None, "bell_s": 30}
    await conduct(chair, room, "floor", code=None)
    assert sections(installation, room)["floor"]["code"] == "204"
    assert (await conduct(chair, room, "floor/limit", seconds=420)).status_code == 200
    assert sections(installation, room)["floor"]["limit"] == 420
    await conduct(chair, room, "floor", code=None)
    assert sections(installation, room)["floor"] is None
    assert (await conduct(chair, room, "floor/limit", seconds=60)).json()["error"] == "floor.free"


async def test_the_chair_puts_in_order_declines_with_a_reason_and_lowers_all(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient, room: Room,  # noqa: F811
) -> None:
    first, second, third = [await raised(client, room, code) for code in ("204", "06970", "06973")]
    assert (await conduct(chair, room, "queue/order", entry=third, before=first)).status_code == 200
    queue = sections(installation, room)["queue"]
    assert [row["code"] for row in sorted(queue.values(), key=lambda row: row["ord"])] == ["06973", "204", "06970"]
    refused = await conduct(chair, room, "queue/decline", entry=second, reason="")
    assert (refused.status_code, refused.json()["error"]) == (422, "text.empty")
    assert (await conduct(chair, room, "queue/decline", entry=second, reason="Đã hết giờ")).status_code == 200
    mine = await client.get(f"/j/{room.links['06970']}/hand/{second}")
    assert mine.json() == {"standing": "declined", "kind": "contribution", "reason": "Đã hết giờ"}
    for other in (f"/j/{room.links['204']}/hand/{second}", f"/j/{room.links['204']}/hand/x", f"/j/{room.links['204']}/hand/{10**30}"):
        assert (await client.get(other)).status_code == 404
    assert (await conduct(chair, room, "hand", entry=third)).status_code == 200
    assert (await conduct(chair, room, "queue/clear")).json() == {"lowered": 1}
    assert sections(installation, room)["queue"] == {}
    assert kinds(installation, room)[-4:] == ["speech.ordered", "speech.declined", "hand.lowered", "hands.lowered"]


async def test_a_point_takes_back_what_it_asked_and_nothing_of_another(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient, room: Room,  # noqa: F811
) -> None:
    talk, order = await raised(client, room, "204"), await raised(client, room, "204", kind="order")
    foreign = await client.post(f"/j/{room.links['06970']}/hand", json={"up": False, "entry": order})
    assert foreign.status_code in (403, 404)
    assert (await client.post(f"/j/{room.links['204']}/hand", json={"up": False, "entry": order})).status_code == 200
    assert list(sections(installation, room)["queue"]) == [str(talk)]
    assert data_of(await client.get(f"/j/{room.links['204']}/room", headers={"accept": "text/html"}))["state"]["queue"][str(talk)]["code"] == "204"


@pytest.mark.parametrize(("path", "body", "error"), [
    ("floor", {"entry": 10**9}, "speech.unknown"), ("floor", {"entry": "x"}, "bad_request"), ("floor", {"code": "204", "kind": "song"}, "speech.kind"),
    ("floor", {"code": "204", "seconds": 3}, "speech.seconds"), ("queue/order", {"entry": 1, "before": -1}, "bad_request"),
    ("queue/order", {}, "bad_request"), ("queue/decline", {"entry": 1, "reason": "x"}, "speech.unknown"), ("times", {"bell_s": "lâu"}, "speech.seconds"),
])
async def test_what_makes_no_sense_is_refused_in_words(
    installation: Installation, chair: httpx.AsyncClient, room: Room, path: str, body: dict[str, Any], error: str,  # noqa: F811
) -> None:
    before = kinds(installation, room)
    answer = await conduct(chair, room, path, **body)
    assert 400 <= answer.status_code < 500 and answer.json()["error"] == error and answer.json()["message"]
    assert kinds(installation, room) == before


async def test_a_point_may_register_before_the_opening(installation: Installation, client: httpx.AsyncClient) -> None:  # noqa: F811
    early = installation.room()
    entry = await raised(client, early, "204", item=1)
    assert (await client.get(f"/j/{early.links['204']}/hand/{entry}")).json()["standing"] == "waiting"
    with installation.found.db.read() as conn:
        assert ledger_store.events(conn, early.meeting_id)[-1].kind == "hand.raised"
