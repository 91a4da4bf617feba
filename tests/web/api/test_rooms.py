"""Rooms over the interface: made once, named and closed from the version that stands, and what is closed nobody books."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from tests.web.api.conftest import Ask, problem
from tests.web.api.test_meetings import made
from tests.web.conftest import ManualClock

KEY = {"idempotency-key": "another-room"}


@pytest.fixture
async def keeper(program: Ask) -> httpx.AsyncClient:
    return program("thuky")


async def unit_of(keeper: httpx.AsyncClient, code: str = "22") -> str:
    return str((await keeper.get(f"/api/v1/points/{code}")).json()["unit"])


async def test_a_room_is_made_once_renamed_closed_and_opened(keeper: httpx.AsyncClient, program: Ask, clock: ManualClock) -> None:
    sent = {"unit": await unit_of(keeper), "name": "Phòng họp 2"}
    first = await keeper.post("/api/v1/points", json=sent, headers=KEY)
    again = await keeper.post("/api/v1/points", json=sent, headers=KEY)
    assert first.status_code == 201 and again.content == first.content and again.headers["idempotency-replayed"] == "true"
    assert first.headers["location"] == "/api/v1/points/22-P2" and first.json()["closed_from"] is None
    told = problem(await keeper.post("/api/v1/points", json=sent, headers={"idempotency-key": "once-more"}), 409, "point.name")
    assert told["errors"][0]["pointer"] == "/name"  # type: ignore[index]
    path = first.headers["location"]
    problem(await keeper.patch(path, json={"name": "Hội trường"}), 428, "api.match_missing")
    named = await keeper.patch(path, json={"name": "Hội trường"}, headers={"if-match": first.headers["etag"]})
    assert named.status_code == 200 and named.json()["name"] == "Hội trường"
    problem(await keeper.patch(path, json={"name": "Khác"}, headers={"if-match": first.headers["etag"]}), 412, "api.stale")
    problem(await keeper.patch(path, json={}, headers={"if-match": "*"}), 422, "api.nothing")
    assert (await made(keeper, audience={"add": ["22-P2"]})).status_code == 201
    day = (clock.now() + timedelta(days=1)).date().isoformat()
    refused = problem(await keeper.patch(path, json={"closed_from": day}, headers={"if-match": "*"}), 409, "point.booked")
    assert refused["conflicts"][0]["point"] == "22-P2"  # type: ignore[index]
    day = (clock.now() + timedelta(days=3)).date().isoformat()
    closed = await keeper.patch(path, json={"closed_from": day}, headers={"if-match": named.headers["etag"]})
    assert closed.json()["closed_from"] == day
    late = {"start": f"{day}T09:00:00+07:00", "end": f"{day}T10:00:00+07:00"}
    told = problem(await made(keeper, "second-key", audience={"add": ["22-P2"]}, **late), 422, "api.invalid")
    assert told["errors"][0]["error"] == "point.closed"  # type: ignore[index]
    opened = await keeper.patch(path, json={"closed_from": None}, headers={"if-match": closed.headers["etag"]})
    assert opened.json()["closed_from"] is None
    assert (await made(keeper, "third-key", audience={"add": ["22-P2"]}, **late)).status_code == 201


async def test_a_meeting_is_not_moved_behind_the_closing_of_a_room(keeper: httpx.AsyncClient, clock: ManualClock) -> None:
    await keeper.post("/api/v1/points", json={"unit": await unit_of(keeper), "name": "Phòng họp 2"}, headers=KEY)
    meeting = await made(keeper, audience={"add": ["22-P2"]})
    day = (clock.now() + timedelta(days=3)).date().isoformat()
    assert (await keeper.patch("/api/v1/points/22-P2", json={"closed_from": day}, headers={"if-match": "*"})).status_code == 200
    moved = await keeper.post(f"/api/v1/meetings/{meeting.json()['id']}/move", headers={"if-match": meeting.headers["etag"]},
                              json={"start": f"{day}T09:00:00+07:00", "end": f"{day}T10:00:00+07:00"})
    told = problem(moved, 409, "booking.closed")
    assert told["points"][0]["point"] == "22-P2" and told["points"][0]["since"] == day  # type: ignore[index]


async def test_rules_mean_the_main_point_alone(keeper: httpx.AsyncClient) -> None:
    unit = await unit_of(keeper)
    await keeper.post("/api/v1/points", json={"unit": unit, "name": "Phòng họp 2"}, headers=KEY)
    meeting = await made(keeper, audience={"rules": [{"unit": unit, "level": "province"}]})
    assert [point["code"] for point in meeting.json()["points"]] == ["22"]


async def test_strangers_make_and_close_nothing(keeper: httpx.AsyncClient, program: Ask) -> None:
    stranger = program("nguoila")
    sent = {"unit": await unit_of(keeper), "name": "Phòng"}
    problem(await stranger.post("/api/v1/points", json=sent, headers=KEY), 404, "not_found")
    problem(await stranger.patch("/api/v1/points/22", json={"closed_from": "2026-03-10"}, headers={"if-match": "*"}), 404, "not_found")
    problem(await keeper.post("/api/v1/points", json={**sent, "unit": "khong-co"}, headers=KEY), 404, "unit.unknown")
    problem(await keeper.post("/api/v1/points", json={**sent, "name": ""}, headers=KEY), 422, "text.empty")
