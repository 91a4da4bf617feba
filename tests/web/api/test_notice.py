"""Over the interface: a reason where people are told late, warnings beside what was done, what waits shown apart."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from tests.web.api.conftest import Ask, problem
from tests.web.api.test_meetings import PATH, made, unit_of
from tests.web.conftest import ManualClock, browser, sign_in
from tests.web.test_feeds import address, events
from tests.web.test_notice import asked_for, reasons
from web.container import Container

WEEK = {"start": "2026-03-17T09:00:00+07:00", "end": "2026-03-17T11:00:00+07:00"}
SOON = {"start": "2026-03-06T14:00:00+07:00", "end": "2026-03-06T16:00:00+07:00"}


def pointers(told: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in told["errors"]]


async def test_every_way_to_tell_people_late_takes_a_reason(program: Ask, found: Container) -> None:
    script = program("thuky")
    first = await made(script, audience={"add": ["22"]}, reason="", **WEEK)
    assert first.status_code == 201, first.text
    path, version = first.headers["location"], {"if-match": first.headers["etag"]}
    assert pointers(problem(await script.post(f"{path}/move", json=SOON, headers=version), 422, "meeting.short_notice")) == ["/reason"]
    moved = await script.post(f"{path}/move", json={**SOON, "reason": "Bão số 3"}, headers=version)
    assert moved.status_code == 200 and reasons(found, first.json()["id"]) == ["Bão số 3"]
    draft = await made(script, "second-key", reason="", **SOON)
    path, version = draft.headers["location"], {"if-match": draft.headers["etag"]}
    sent: dict[str, Any] = {"audience": {"add": ["207"]}}
    problem(await script.put(f"{path}/points", json=sent, headers=version), 422, "meeting.short_notice")
    booked = await script.put(f"{path}/points", json={**sent, "reason": "Mưa lũ"}, headers=version)
    assert booked.status_code == 200 and booked.json()["state"] == "convened" and reasons(found, draft.json()["id"]) == ["Mưa lũ"]


async def test_convening_late_takes_a_reason(program: Ask, found: Container, clock: ManualClock) -> None:
    mine = asked_for(found, "207", "22")
    clock.at = clock.at.replace(day=16)
    script = program("nguoila")
    version = {"if-match": (await script.get(f"{PATH}/{mine}")).headers["etag"]}
    problem(await script.post(f"{PATH}/{mine}/convene", json={}, headers=version), 422, "meeting.short_notice")
    assert (await script.post(f"{PATH}/{mine}/convene", json={"reason": "Chờ tỉnh"}, headers=version)).status_code == 200


async def test_an_answer_says_who_is_elsewhere_and_its_version_is_that_of_the_meeting(program: Ask) -> None:
    script = program("thuky")
    first = await made(script, audience={"add": ["22"]}, title="Họp báo", **WEEK)
    assert first.json()["warnings"] == []
    second = await made(script, "second-key", audience={"add": ["207"]}, **WEEK)
    [told] = second.json()["warnings"]
    assert (told["warning"], told["title"], told["person"], told["pending"]) == ("person.elsewhere", "Họp báo", second.json()["chair"]["id"], False)
    path, version = second.headers["location"], {"if-match": second.headers["etag"]}
    assert (await script.get(path)).headers["etag"] == second.headers["etag"] and "warnings" not in (await script.get(path)).json()
    later = {"start": "2026-03-17T10:00:00+07:00", "end": "2026-03-17T12:00:00+07:00"}
    moved = await script.post(f"{path}/move", json=later, headers=version)
    assert [one["warning"] for one in moved.json()["warnings"]] == ["person.elsewhere"]
    renamed = await script.patch(path, json={"title": "Tên mới"}, headers={"if-match": moved.headers["etag"]})
    assert renamed.status_code == 200 and renamed.json()["warnings"] == []


async def test_requests_that_booking_declines_are_told_before_and_after(program: Ask, app: FastAPI, found: Container) -> None:
    waits = asked_for(found, "207", "22")
    script = program("thuky")
    listed = (await script.get("/api/v1/points/22/bookings")).json()["items"]
    assert [(one["state"], one["unit"]) for one in listed] == [("pending", "Huyện Cô Tô")]
    async with browser(app) as client:
        await sign_in(client, "thuky")
        assert [status for _title, status, _sequence in events(await client.get(await address(client, "22")))] == ["TENTATIVE"]
    draft = (await made(script, **WEEK)).headers["location"]
    before = (await script.get(f"{draft}/conflicts?point=22&point=207")).json()
    assert [one["point"] for one in before["conflicts"]] == ["207"] and [one["point"] for one in before["waiting"]] == ["22"]
    problem(await script.get(f"{draft}/conflicts?point=khong-co"), 404, "point.unknown")
    booked = await made(script, "second-key", audience={"add": ["22"]}, **WEEK)
    [told] = [one for one in booked.json()["warnings"] if one["warning"] == "request.overtaken"]
    assert (told["points"], told["unit"]) == (["22"], "Huyện Cô Tô") and told["start"] == "2026-03-17T01:00:00Z"
    assert (await script.get("/api/v1/points/22/bookings")).json()["items"][0]["meeting"] == booked.json()["id"] != waits


async def test_free_slots_begin_on_a_working_day(program: Ask, found: Container, clock: ManualClock) -> None:
    clock.at = clock.at.replace(day=7)  # a Saturday
    script = program("thuky")
    sent = {"audience": {"rules": [{"unit": unit_of(found, "Huyện Ba Chẽ")}]}, "minutes": 60}
    assert (await script.post("/api/v1/free-slots", json=sent)).json()["choices"][0]["start"] == "2026-03-09T00:30:00Z"
    sunday = (await script.post("/api/v1/free-slots", json={**sent, "on": "2026-03-08"})).json()
    assert sunday["choices"][0]["start"] == "2026-03-09T00:30:00Z"
    every = (await script.post("/api/v1/free-slots", json={**sent, "on": "2026-03-08", "working_days": False})).json()
    assert every["choices"][0]["start"] == "2026-03-08T00:30:00Z"
