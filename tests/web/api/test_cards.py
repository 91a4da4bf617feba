"""What a point has, and its maintenance, over the interface: from the version that stands, once, and only by its keepers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from meetings.access import Role
from meetings.store import unit_store
from tests.web.api.conftest import Ask, problem
from tests.web.api.test_meetings import AT, made
from tests.web.conftest import ManualClock, _hash
from web import store
from web.container import Container

CARD = "/api/v1/points/22/card"
BLOCKS = "/api/v1/points/22/blocks"


@pytest.fixture
async def keeper(program: Ask, found: Container, clock: ManualClock) -> httpx.AsyncClient:
    """The technician of the province."""
    with found.db.write() as conn:
        root = unit_store.tree(conn, clock.now().date()).roots()[0]
        store.add_account(conn, "kythuat", "Vũ Anh Tuấn", "Kỹ thuật viên", root.unit_id, frozenset({Role.TECHNICIAN}), _hash,
                          clock.now(), must_change=False)
    return program("kythuat")


async def test_a_card_is_changed_field_by_field_from_the_version_that_stands(keeper: httpx.AsyncClient) -> None:
    first = await keeper.get(CARD)
    assert first.json()["hours"] is None and first.json()["technician_phone"] == ""
    week = {"mon": [["07:00", "11:30"], ["13:00", "17:00"]], "fri": [["07:00", "17:00"]]}
    sent = {"capacity": 40, "hours": week, "technician_name": "Tuấn", "technician_phone": "0912 345 678", "down_kbps": 20000}
    problem(await keeper.patch(CARD, json=sent), 428, "api.match_missing")
    changed = await keeper.patch(CARD, json=sent, headers={"if-match": first.headers["etag"]})
    assert changed.status_code == 200, changed.text
    told = changed.json()
    assert told["hours"] == week and told["capacity"] == 40 and told["technician_phone"] == "0912 345 678"
    problem(await keeper.patch(CARD, json={"capacity": 1}, headers={"if-match": first.headers["etag"]}), 412, "api.stale")
    less = await keeper.patch(CARD, json={"hours": None, "capacity": None}, headers={"if-match": changed.headers["etag"]})
    assert less.json() == {**told, "hours": None, "capacity": None}
    assert (await keeper.get("/api/v1/points/22")).json()["capacity"] is None


@pytest.mark.parametrize(("sent", "pointer"), [
    ({"technician_phone": "gọi cho tôi"}, "/technician_phone"), ({"technician_email": "khong-co"}, "/technician_email"),
    ({"hours": {"mon": [["18:00", "07:00"]]}}, "/hours/mon"), ({"hours": {"mon": [["07:00"]]}}, "/hours/mon/0"),
    ({"capacity": -1}, "/capacity"), ({"up_kbps": 10 ** 12}, "/up_kbps"), ({"hours": {"thu2": []}}, "/hours/thu2"),
    ({"equipment": "x" * 1001}, "/equipment"), ({"equipment": None}, "/equipment"),
])
async def test_what_is_wrong_is_named(keeper: httpx.AsyncClient, sent: dict[str, Any], pointer: str) -> None:
    told = problem(await keeper.patch(CARD, json=sent, headers={"if-match": "*"}), 422, "api.invalid")
    assert pointer in [error["pointer"] for error in told["errors"]]  # type: ignore[attr-defined]
    problem(await keeper.patch(CARD, json={}, headers={"if-match": "*"}), 422, "api.nothing")


async def test_maintenance_is_set_once_stands_in_the_way_and_is_lifted(keeper: httpx.AsyncClient, program: Ask) -> None:
    sent = {"start": AT[0], "end": AT[1], "note": "Sửa đường truyền"}
    first = await keeper.post(BLOCKS, json=sent, headers={"idempotency-key": "maintenance"})
    again = await keeper.post(BLOCKS, json=sent, headers={"idempotency-key": "maintenance"})
    assert first.status_code == 201 and again.content == first.content and again.headers["idempotency-replayed"] == "true"
    assert (await keeper.get(BLOCKS)).json()["items"] == [first.json()]
    told = problem(await made(program("thuky"), audience={"add": ["22"]}), 409, "booking.overlap")
    assert told["conflicts"][0]["note"] == "Sửa đường truyền" and told["conflicts"][0]["meeting"] is None  # type: ignore[index]
    taken = (await keeper.get("/api/v1/points/22/bookings")).json()["items"]
    assert [(one["state"], one["note"]) for one in taken] == [("blocked", "Sửa đường truyền")]
    path = first.headers["location"]
    problem(await keeper.delete(path), 428, "api.match_missing")
    problem(await keeper.delete(f"{BLOCKS}/999", headers={"if-match": "*"}), 404, "point.block_unknown")
    assert (await keeper.delete(path, headers={"if-match": first.headers["etag"]})).status_code == 200
    problem(await keeper.delete(path, headers={"if-match": "*"}), 404, "point.block_unknown")
    assert (await made(program("thuky"), "second-key", audience={"add": ["22"]})).status_code == 201
    late = await keeper.post(BLOCKS, json=sent, headers={"idempotency-key": "too-late!"})
    assert problem(late, 409, "booking.overlap")["conflicts"]


@pytest.mark.parametrize(("changes", "code"), [
    ({"end": AT[0]}, "meeting.end_before_start"), ({"end": "2028-03-06T09:00:00+07:00"}, "point.block_long"),
    ({"start": "2026-03-01T09:00:00Z", "end": "2026-03-02T09:00:00Z"}, "point.block_past"), ({"note": ""}, "text.empty"),
])
async def test_maintenance_that_cannot_be_is_refused(keeper: httpx.AsyncClient, changes: dict[str, str], code: str) -> None:
    sent = {"start": AT[0], "end": AT[1], "note": "Sửa", **changes}
    problem(await keeper.post(BLOCKS, json=sent, headers={"idempotency-key": "maintenance"}), 422, code)


async def test_only_keepers_change_it(program: Ask) -> None:
    stranger = program("xa")
    problem(await stranger.patch(CARD, json={"capacity": 1}, headers={"if-match": "*"}), 404, "not_found")
    sent = {"start": AT[0], "end": AT[1], "note": "x"}
    problem(await stranger.post(BLOCKS, json=sent, headers={"idempotency-key": "maintenance"}), 404, "not_found")
    problem(await stranger.delete(f"{BLOCKS}/1", headers={"if-match": "*"}), 404, "not_found")
    assert (await stranger.get(CARD)).status_code == 200
