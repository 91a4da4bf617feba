"""Delegates over the interface: named by the point's own unit until the deadline, replaced with a reason, by the secretary always."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.web.api.conftest import Ask, problem
from tests.web.api.test_meetings import made
from tests.web.conftest import ManualClock

LATER = {"start": "2026-03-12T09:00:00+07:00", "end": "2026-03-12T11:00:00+07:00"}
ONE = {"point": "06988", "name": "Lê An", "post": "Chủ tịch UBND xã", "phone": "0912 345 678"}


@pytest.fixture
async def path(program: Ask) -> str:
    """A meeting of the province's office, a commune and another district, in a week."""
    answer = await made(program("thuky"), audience={"add": ["22", "06988", "06967"]}, **LATER)
    assert answer.status_code == 201, answer.text
    return f"{answer.headers['location']}/delegates"


async def add(client: httpx.AsyncClient, path: str, key: str = "one-delegate", **changes: Any) -> httpx.Response:
    return await client.post(path, json={**ONE, **changes}, headers={"idempotency-key": key})


async def test_the_points_own_unit_names_replaces_and_withdraws(program: Ask, path: str) -> None:
    officer, secretary = program("xa"), program("thuky")
    first = await add(officer, path)
    assert first.status_code == 201 and {name: first.json()[name] for name in ONE} == ONE
    where, tag = first.headers["location"], {"if-match": first.headers["etag"]}
    await add(secretary, path, "another-one", point="22", name="Vũ Bình")
    assert [one["name"] for one in (await officer.get(path)).json()["items"]] == ["Lê An"], "others' delegates are not shown"
    assert [(one["point"], one["name"]) for one in (await secretary.get(path)).json()["items"]] == [("06988", "Lê An"), ("22", "Vũ Bình")]
    assert [one["point"] for one in (await secretary.get(f"{path}?point=22")).json()["items"]] == ["22"]
    problem(await officer.post(f"{where}/replace", json={"name": "Mai", "reason": ""}, headers=tag), 422, "text.empty")
    second = await officer.post(f"{where}/replace", json={"name": "Mai", "reason": "đi công tác"}, headers=tag)
    assert second.status_code == 200 and second.json()["replaces"] == first.json()["id"] and second.json()["point"] == "06988"
    problem(await officer.post(f"{where}/replace", json={"name": "Ba", "reason": "x"}, headers=tag), 404, "delegate.unknown")
    where = f"{path}/{second.json()['id']}"
    gone = await officer.post(f"{where}/withdraw", json={"reason": "ốm"}, headers={"if-match": second.headers["etag"]})
    assert gone.status_code == 200 and gone.json() == second.json()
    problem(await officer.get(where), 404, "delegate.unknown")
    assert (await officer.get(path)).json()["items"] == []


async def test_a_list_is_read_in_parts(program: Ask, path: str) -> None:
    script = program("thuky")
    for number in range(5):
        await add(script, path, f"delegate-{number}", name=f"Người {number}", point="22" if number % 2 else "06988")
    seen, at = list[str](), f"{path}?limit=2"
    while at:
        answer = await script.get(at)
        seen += [one["name"] for one in answer.json()["items"]]
        at = answer.headers.get("link", "").split(">")[0].removeprefix("<")
    assert seen == [one["name"] for one in (await script.get(path)).json()["items"]] and len(set(seen)) == 5


@pytest.mark.parametrize(("changes", "status", "code"), [
    ({"point": "06967"}, 404, "seat.unknown"), ({"point": "khong-co"}, 404, "seat.unknown"), ({"name": ""}, 422, "text.empty"),
    ({"name": "x" * 51}, 422, "api.invalid"), ({"phone": "gọi sau"}, 422, "point.phone"), ({"seat": 1}, 422, "api.invalid"),
])
async def test_what_is_wrong_is_told(program: Ask, path: str, changes: dict[str, Any], status: int, code: str) -> None:
    problem(await add(program("xa"), path, **changes), status, code)


async def test_a_delegate_of_another_meeting_is_not_found_here(program: Ask, path: str) -> None:
    script = program("thuky")
    first = await add(script, path)
    other = await made(script, "second-key", audience={"add": ["06988"]}, start="2026-03-13T09:00:00+07:00", end="2026-03-13T10:00:00+07:00")
    where = f"{other.headers['location']}/delegates/{first.json()['id']}"
    problem(await script.get(where), 404, "delegate.unknown")
    problem(await script.post(f"{where}/withdraw", json={"reason": "x"}, headers={"if-match": "*"}), 404, "delegate.unknown")
    assert len((await script.get(path)).json()["items"]) == 1


async def test_after_the_deadline_only_the_secretary_names_some(program: Ask, path: str, clock: ManualClock) -> None:
    officer, secretary = program("xa"), program("thuky")
    where = path.replace("/delegates", "/delegate-deadline")
    first = await officer.get(where)
    assert first.json() == {"due": "2026-03-11T02:00:00Z"}
    problem(await officer.put(where, json={"due": "2026-03-05T17:00:00+07:00"}, headers={"if-match": first.headers["etag"]}), 403, "not_allowed")
    late = await secretary.put(where, json={"due": "2026-03-12T09:00:01+07:00"}, headers={"if-match": first.headers["etag"]})
    problem(late, 422, "delegate.deadline")
    set_to = await secretary.put(where, json={"due": "2026-03-10T17:00:00+07:00"}, headers={"if-match": first.headers["etag"]})
    assert set_to.json() == {"due": "2026-03-10T10:00:00Z"}
    problem(await secretary.put(where, json={"due": LATER["start"]}, headers={"if-match": first.headers["etag"]}), 412, "api.stale")
    clock.advance(timedelta(days=5, hours=9, seconds=1))
    problem(await add(officer, path), 409, "delegate.late")
    assert (await add(secretary, path)).status_code == 201
