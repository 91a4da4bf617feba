"""Points of other units over the interface: asked for, answered in turn, offered, taken; from the version that stands."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from meetings.access import Role
from meetings.store import unit_store
from scheduler import points as point_store
from scheduler.store import point as point_table
from tests.web.api.conftest import Ask, problem
from tests.web.api.test_meetings import PATH, body, made, state, unit_of
from tests.web.conftest import ManualClock, _hash
from web import store
from web.container import Container

DISTRICT = "huyen"  # the secretary of Huyện Ba Chẽ


@pytest.fixture
def people(found: Container, clock: ManualClock) -> Container:
    with found.db.write() as conn:
        unit = unit_store.tree(conn, clock.now().date()).search("Huyện Ba Chẽ")[0]
        store.add_account(conn, DISTRICT, "Vi Thị Huyện", "Chánh Văn phòng", unit.unit_id, frozenset({Role.SECRETARY}), _hash,
                          clock.now(), must_change=False)
    return found


async def asked(program: Ask, found: Container) -> tuple[httpx.AsyncClient, dict[str, Any], dict[str, Any]]:
    """Cô Tô asks for the point of a commune of Ba Chẽ: its client, its meeting, the request."""
    ours = program("nguoila")
    whole = await body(program("thuky"))
    own = (await ours.get(f"/api/v1/points?unit={unit_of(found, 'Huyện Cô Tô')}&level=district")).json()["items"][0]["code"]
    theirs = (await ours.get("/api/v1/points?q=don dac")).json()["items"][0]["code"]
    sent = {**whole, "audience": {"add": [own, theirs]}}
    answer = await ours.post(PATH, json=sent, headers={"idempotency-key": "ask-for-it"})
    assert answer.status_code == 201, answer.text
    meeting = answer.json()
    assert meeting["state"] == "draft", "it waits for its answers"
    assert {point["code"]: point["state"] for point in meeting["points"]} == {own: "confirmed", theirs: "pending"}
    listed = (await ours.get(f"{PATH}/{meeting['id']}/requests")).json()["items"]
    assert [one["points"] for one in listed] == [[theirs]] and listed[0]["standing"] == "asked"
    return ours, meeting, listed[0]


async def whose_turn(program: Ask) -> httpx.AsyncClient:
    """The client of whoever has something to answer."""
    for login in ("thuky", DISTRICT, "xa"):
        if (await program(login).get("/api/v1/requests")).json()["items"]:
            return program(login)
    raise AssertionError("it is nobody's turn")


async def version(client: httpx.AsyncClient, request: dict[str, Any]) -> dict[str, str]:
    answer = await client.get(f"/api/v1/requests/{request['id']}")
    assert answer.status_code == 200, answer.text
    return {"if-match": answer.headers["etag"]}


async def test_the_units_on_the_way_agree_in_turn_and_then_it_is_convened(program: Ask, people: Container) -> None:
    ours, meeting, request = await asked(program, people)
    path = f"/api/v1/requests/{request['id']}"
    turns = []
    for _turn in range(4):
        for login in ("thuky", DISTRICT, "xa"):
            them = program(login)
            waiting = (await them.get("/api/v1/requests")).json()["items"]
            if waiting:
                assert [one["id"] for one in waiting] == [request["id"]] and waiting[0]["title"] == "Giao ban tháng 3"
                answer = await them.post(path + "/agree", json={}, headers=await version(them, request))
                assert answer.status_code == 200, answer.text
                turns.append((login, answer.json()["standing"]))
    assert turns[-1][1] == "agreed" and [standing for _login, standing in turns[:-1]] == ["asked"] * (len(turns) - 1)
    shown = (await ours.get(f"{PATH}/{meeting['id']}")).json()
    assert {point["state"] for point in shown["points"]} == {"confirmed"}
    settled = (await program("xa").get("/api/v1/requests?show=settled")).json()["items"]
    assert [one["standing"] for one in settled] == ["agreed"]


async def test_an_answer_names_the_version_it_was_made_from(program: Ask, people: Container) -> None:
    ours, _meeting, request = await asked(program, people)
    path = f"/api/v1/requests/{request['id']}"
    them = await whose_turn(program)
    tag = await version(them, request)
    problem(await them.post(path + "/agree", json={}), 428, "api.match_missing")
    problem(await them.post(path + "/agree", json={}, headers={"if-match": '"older"'}), 412, "api.stale")
    problem(await them.post(path + "/decline", json={"reason": ""}, headers=tag), 422, "text.empty")
    refused = await them.post(path + "/decline", json={"reason": "Phòng đang sửa"}, headers=tag)
    assert refused.json()["standing"] == "declined" and refused.json()["reason"] == "Phòng đang sửa"
    again = await them.post(path + "/decline", json={"reason": "Lần nữa"}, headers=tag)
    assert again.status_code in (404, 412)  # it is nobody's turn any more
    late = await them.post(path + "/agree", json={}, headers={"if-match": "*"})
    assert late.status_code in (404, 409) and late.json()["error"] in ("not_found", "request.closed")
    shown = (await ours.get(path.replace(path, f"{PATH}/{request['meeting']}"))).json()
    assert [point["state"] for point in shown["points"]] == ["confirmed"]


async def test_an_offer_is_made_and_taken(program: Ask, people: Container) -> None:
    ours, meeting, request = await asked(program, people)
    path = f"/api/v1/requests/{request['id']}"
    them = await whose_turn(program)
    later = {"start": "2026-03-06T13:00:00+07:00", "end": "2026-03-06T15:00:00+07:00", "reason": "Buổi sáng bận"}
    problem(await them.post(path + "/counter", json={}, headers=await version(them, request)), 422, "offer.empty")
    problem(await them.post(path + "/counter", json={"points": ["khong-co"]}, headers=await version(them, request)), 422, "api.invalid")
    with people.db.write() as conn:
        owner = point_store.point_by_code(conn, request["points"][0]).unit_id
        conn.execute(point_table.insert().values(code="PH2", name="Phòng họp 2", unit_id=owner))
    room = await them.post(path + "/counter", json={"points": ["PH2"]}, headers=await version(them, request))
    assert room.json()["offer"] == {"points": ["PH2"], "names": ["Phòng họp 2"], "start": None, "end": None}, room.text
    assert (await ours.post(path + "/insist", json={}, headers={"if-match": "*"})).status_code == 200
    offered = await them.post(path + "/counter", json=later, headers=await version(them, request))
    assert offered.json()["standing"] == "offered" and offered.json()["offer"]["start"] == "2026-03-06T06:00:00Z"
    listed = (await ours.get(f"{PATH}/{meeting['id']}/requests")).json()["items"][0]
    assert listed["offer"] == offered.json()["offer"]
    taken = await ours.post(path + "/accept", json={}, headers={"if-match": "*"})
    assert taken.status_code == 200, taken.text
    assert (await ours.get(f"{PATH}/{meeting['id']}")).json()["start"] == "2026-03-06T06:00:00Z"


async def test_strangers_find_no_request(program: Ask, people: Container) -> None:
    _ours, _meeting, request = await asked(program, people)
    before = state(people)
    for where, sent in (("/agree", {}), ("/decline", {"reason": "x"}), ("/counter", {}), ("/accept", {}), ("/insist", {})):
        path = f"/api/v1/requests/{request['id']}{where}"
        problem(await program("quantri").post(path, json=sent, headers={"if-match": "*"}), 404, "not_found")
        clerk = await program("vanthu").post(path, json=sent, headers={"if-match": "*"})  # may read it, and no more
        assert clerk.status_code in (403, 404)
    assert (await program("quantri").get(f"/api/v1/requests/{request['id']}")).status_code == 404
    problem(await program("quantri").get(f"{PATH}/{request['meeting']}/requests"), 404, "not_found")
    assert state(people) == before


async def test_free_time_is_found_and_whoever_is_missing_is_named(program: Ask, found: Container) -> None:
    script = program("thuky", "read")
    unit = unit_of(found, "Huyện Ba Chẽ")
    whole_day = {"start": "2026-03-06T07:30:00+07:00", "end": "2026-03-06T17:00:00+07:00", "audience": {"add": ["06973"]}}
    assert (await made(program("thuky"), title="Cả ngày", **whole_day)).status_code == 201
    sent = {"audience": {"rules": [{"unit": unit}]}, "minutes": 90, "on": "2026-03-06", "days": 14}
    answer = await script.post("/api/v1/free-slots", json=sent)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["choices"][0]["start"] >= "2026-03-09T00:30:00Z" and told["choices"][0]["missing"] == []
    assert told["best"][0]["missing"] == ["06973"] and told["best"][0]["start"].startswith("2026-03-06")
    assert told["best"][0]["reasons"][0]["title"] == "Cả ngày" and told["best"][0]["reasons"][0]["point"] == "06973"
    assert told["free"] and all(span["start"] < span["end"] for span in told["free"])


@pytest.mark.parametrize(("changes", "code"), [
    ({"minutes": 0}, "api.invalid"), ({"minutes": 10 ** 30}, "api.invalid"), ({"days": 121}, "api.invalid"),
    ({"opens": "25:00"}, "api.invalid"), ({"on": "2026-02-30"}, "api.invalid"), ({"audience": {}}, "booking.nobody"),
])
async def test_a_search_that_cannot_be_is_refused(program: Ask, changes: dict[str, Any], code: str) -> None:
    sent = {"audience": {"add": ["22"]}, "minutes": 60, **changes}
    problem(await program("thuky").post("/api/v1/free-slots", json=sent), 422, code)


async def test_only_who_may_convene_searches_and_no_strangers_meeting_is_named(program: Ask, found: Container) -> None:
    first = await made(program("thuky"))
    sent = {"audience": {"add": ["22"]}, "minutes": 60, "meeting": first.json()["id"]}
    assert (await program("thuky").post("/api/v1/free-slots", json=sent)).status_code == 200
    problem(await program("nguoila").post("/api/v1/free-slots", json=sent), 404, "not_found")
    problem(await program("xa").post("/api/v1/free-slots", json=sent), 404, "not_found")
