"""Named groups over the interface: made, changed and taken away by the unit's own secretaries, and good in an audience."""

from __future__ import annotations

import pytest

from meetings.access import Role
from meetings.errors import Stale
from meetings.store import unit_store
from scheduler import audience_store
from tests.web.api.conftest import Ask, problem
from tests.web.api.test_meetings import made
from tests.web.conftest import ManualClock, _hash
from web import store
from web.container import Container

PATH = "/api/v1/groups"
KEY = {"idempotency-key": "a-group-of-points"}


async def test_a_group_is_made_meant_changed_and_taken_away(program: Ask) -> None:
    script = program("thuky")
    first = await script.post(PATH, json={"name": "Cụm biển", "points": ["06973", "22"]}, headers=KEY)
    assert first.status_code == 201 and first.json()["points"] == ["06973", "22"]
    where = first.headers["location"]
    meeting = await made(script, audience={"groups": [first.json()["id"]]})
    assert sorted(point["code"] for point in meeting.json()["points"]) == ["06973", "22"]
    changed = await script.put(where, json={"name": "Cụm núi", "points": ["06973"]}, headers={"if-match": first.headers["etag"]})
    assert changed.json() == {"id": first.json()["id"], "name": "Cụm núi", "points": ["06973"]}
    problem(await script.put(where, json={"name": "x", "points": ["22"]}, headers={"if-match": first.headers["etag"]}), 412, "api.stale")
    assert (await script.get(PATH)).json()["items"] == [changed.json()]
    gone = await script.delete(where, headers={"if-match": changed.headers["etag"]})
    assert gone.json() == changed.json()
    problem(await script.get(where), 404, "group.unknown")
    assert len((await script.get(meeting.headers["location"])).json()["points"]) == 2, "the meeting keeps its points"


async def test_a_page_that_was_quicker_makes_the_version_stale(program: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    script = program("thuky")
    first = await script.post(PATH, json={"name": "Cụm", "points": ["22"]}, headers=KEY)

    def overtaken(*_args: object, **_named: object) -> str:
        raise Stale("group.changed")

    monkeypatch.setattr(audience_store, "group_save", overtaken)
    problem(await script.put(first.headers["location"], json={"name": "x", "points": ["22"]}, headers={"if-match": "*"}), 412, "api.stale")


async def test_what_is_wrong_is_named(program: Ask) -> None:
    script = program("thuky")
    told = problem(await script.post(PATH, json={"name": "Cụm", "points": ["22", "khong-co"]}, headers=KEY), 422, "api.invalid")
    assert [one["pointer"] for one in told["errors"]] == ["/points/1"]  # type: ignore[attr-defined]
    problem(await script.post(PATH, json={"name": "Cụm", "points": []}, headers=KEY), 422, "group.empty")
    problem(await script.post(PATH, json={"name": "", "points": ["22"]}, headers=KEY), 422, "text.empty")
    assert (await script.post(PATH, json={"name": "Cụm", "points": ["22"]}, headers=KEY)).status_code == 201
    problem(await script.post(PATH, json={"name": "Cụm", "points": ["22"]}, headers={"idempotency-key": "the-same-name"}), 409, "group.name")


async def test_another_units_group_does_not_exist(program: Ask, found: Container, clock: ManualClock) -> None:
    first = await program("thuky").post(PATH, json={"name": "Cụm", "points": ["22"]}, headers=KEY)
    where, stranger = first.headers["location"], program("nguoila")
    problem(await stranger.get(where), 404, "group.unknown")
    problem(await stranger.put(where, json={"name": "x", "points": ["22"]}, headers={"if-match": "*"}), 404, "group.unknown")
    problem(await stranger.delete(where, headers={"if-match": "*"}), 404, "group.unknown")
    problem(await program("xa").get(PATH), 404, "not_found")
    with found.db.write() as conn:
        unit = unit_store.tree(conn, clock.now().date()).roots()[0]
        store.add_account(conn, "thuky2", "Vi Hai", "", unit.unit_id, frozenset({Role.SECRETARY}), _hash, clock.now(), must_change=False)
    assert (await program("thuky2").get(where)).status_code == 200, "a unit's secretaries keep them together"
