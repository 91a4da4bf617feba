"""What stands in the way of a booking, as problem documents name it: points that are closed, the media server; and who is asked."""

from __future__ import annotations

from typing import Any

import httpx

from scheduler import capacity_store, request_store
from tests.web.api.conftest import Ask, problem
from tests.web.api.test_cards import CARD, keeper
from tests.web.api.test_meetings import PATH, body, made, under
from web.container import Container

__all__ = ["keeper"]


async def test_points_that_are_closed_are_named_with_their_hours_and_the_time(keeper: httpx.AsyncClient, program: Ask) -> None:
    week = {"sat": [["07:30", "11:30"]]}
    assert (await keeper.patch(CARD, json={"hours": week}, headers={"if-match": "*"})).status_code == 200
    told = problem(await made(program("thuky"), audience={"add": ["22", "207"]}), 409, "booking.hours")
    assert told["points"] == [{"point": "22", "name": "Tỉnh Quảng Ninh", "hours": "",
                               "start": "2026-03-06T02:00:00Z", "end": "2026-03-06T04:00:00Z"}]
    assert "conflicts" not in told and "errors" not in told


async def test_a_full_server_tells_its_arithmetic_and_the_meetings_beside(program: Ask, found: Container) -> None:
    script = program("thuky")
    assert (await made(script, audience=under(found, "Huyện Ba Chẽ"))).status_code == 201
    with found.db.write() as conn:
        capacity_store.tell(conn, 10 * 122, False, found.clock.now())
    told = problem(await made(script, "second-key", audience={"add": ["22", "207"]}), 409, "capacity.full")
    assert told["capacity"] == {
        "points": 2, "sounds": 1, "pictures": 1, "wanted": 244, "others": 9 * 122, "limit": 1220, "measured": False, "declared": False,
        "room": 1, "meetings": [{"start": "2026-03-06T02:00:00Z", "end": "2026-03-06T04:00:00Z", "points": 9}]}
    assert "đã có 1.098" in str(told["detail"]) and "bench capacity" in str(told["detail"])


async def test_a_series_names_what_is_in_the_way_of_all_its_dates(keeper: httpx.AsyncClient, program: Ask, found: Container) -> None:
    assert (await keeper.patch(CARD, json={"hours": {"fri": [["08:00", "17:00"]]}}, headers={"if-match": "*"})).status_code == 200
    sent = await body(program("thuky"), audience={"add": ["22"]}, repeat={"rule": "FREQ=DAILY;COUNT=3"})
    told: dict[str, Any] = problem(
        await program("thuky").post(PATH, json=sent, headers={"idempotency-key": "three-days"}), 409, "series.blocked")
    assert [point["start"][:10] for point in told["points"]] == ["2026-03-07", "2026-03-08"]


async def test_points_of_others_are_asked_for_and_the_answer_says_whom_until_when(program: Ask, found: Container) -> None:
    answer = await made(program("nguoila"), audience={"add": ["207", "22"]})
    assert answer.status_code == 201, answer.text
    points = {one["code"]: one for one in answer.json()["points"]}
    with found.db.read() as conn:
        [stored] = request_store.of_meeting(conn, answer.json()["id"])
    assert points["207"]["state"] == "confirmed" and points["207"]["waits_for"] is None and points["207"]["until"] is None
    assert points["22"]["state"] == "pending" and points["22"]["waits_for"] == "Tỉnh Quảng Ninh"
    assert points["22"]["until"] == stored.request.deadline.isoformat().replace("+00:00", "Z")
