"""Leaders named beside the posts: warned of a clash and never refused, invited, and readers of their own meetings."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from meetings import service
from meetings.access import Role
from meetings.store import unit_store
from scheduler import people as persons
from scheduler.slots import Slot
from tests.web.api.conftest import Ask, problem, program
from tests.web.api.test_meetings import body, made, under
from tests.web.conftest import ManualClock, _hash, browser, sign_in, token_in
from tests.web.test_booking import book, fill, points_named
from tests.web.test_requests import subject
from web import feed_entries, guests, store, views
from web.container import Container

__all__ = ["program"]


@pytest.fixture
def leaders(found: Container, clock: ManualClock) -> list[str]:
    """Ids of three heads of departments, the first with an address; they have no part in any meeting by their unit."""
    with found.db.write() as conn:
        tree = unit_store.tree(conn, clock.now().date())
        bodies = [unit for unit in tree.children(tree.roots()[0].unit_id) if unit.level == "district"][:3]
        return [store.add_account(conn, f"giamdoc{n}", f"Giám đốc {n}", "Giám đốc sở", unit.unit_id, frozenset({Role.OFFICER}), _hash,
                                  clock.now(), must_change=False, email=f"gd{n}@tinh.gov.vn" if n == 0 else None).user_id
                for n, unit in enumerate(bodies)]


@pytest.fixture
async def secretary(client: httpx.AsyncClient, leaders: list[str]) -> httpx.AsyncClient:
    await sign_in(client, "thuky")
    return client


def meeting_id(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("/")[2].split("?")[0]


async def test_a_clash_of_a_leader_warns_on_the_form_and_refuses_nothing(
    secretary: httpx.AsyncClient, found: Container, leaders: list[str]
) -> None:
    province, baché = points_named(found, "Tỉnh Quảng Ninh", "Huyện Ba Chẽ")
    first = meeting_id(await book(secretary, [baché], title="Họp báo", leader=leaders[:2]))
    with found.db.read() as conn:
        named = service.get(conn, first).leaders
        assert [leader.user_id for leader in named] == leaders[:2] and named[0].title == "Giám đốc sở"
    looked = (await secretary.post("/meetings/new", data=await fill(secretary, point=[province], leader=leaders[1:], action="look"))).text
    assert "Giám đốc 1 đã có họp 09:00–11:00: Họp báo (Tỉnh Quảng Ninh)" in looked.split('id="sum"')[1]
    assert "Giám đốc 2 đã có họp" not in looked
    ticked = re.findall(r'name="leader" value="([^"]+)" checked', looked)
    assert set(ticked) == set(leaders[1:])
    meeting_id(await book(secretary, [province], leader=leaders[1:]))


async def test_more_than_twenty_are_too_many_and_the_form_keeps_them(secretary: httpx.AsyncClient, found: Container, clock: ManualClock) -> None:
    with found.db.write() as conn:
        root = unit_store.tree(conn, clock.now().date()).roots()[0]
        many = [store.add_account(conn, f"pho{n}", f"Phó {n}", "", root.unit_id, frozenset({Role.OFFICER}), _hash, clock.now(),
                                  must_change=False).user_id for n in range(21)]
    data = await fill(secretary, point=points_named(found, "Tỉnh Quảng Ninh"), action="book", leader=many)
    refused = await secretary.post("/meetings/new", data=data)
    assert refused.status_code == 422 and "tối đa 20 lãnh đạo; hiện có 21" in refused.text
    assert 'href="#leader"' in refused.text and len(re.findall(r'name="leader" value="[^"]+" checked', refused.text)) == 21
    meeting_id(await secretary.post("/meetings/new", data={**data, "leader": many[:20]}))


async def test_a_leader_reads_the_meeting_finds_it_in_the_calendar_and_is_invited(
    app: FastAPI, secretary: httpx.AsyncClient, found: Container, clock: ManualClock, leaders: list[str]
) -> None:
    points = points_named(found, "Tỉnh Quảng Ninh")
    made_id = meeting_id(await book(secretary, points, leader=leaders[:1]))
    draft = meeting_id(await secretary.post("/meetings/new", data=await fill(secretary, action="draft", leader=leaders[:1], title="Nháp")))
    async with browser(app) as client:
        await sign_in(client, "giamdoc0")
        assert "Giám đốc 0" in (await client.get(f"/meetings/{made_id}")).text
        assert (await client.get(f"/meetings/{made_id}/documents")).status_code == 200
        assert (await client.get(f"/meetings/{made_id}/edit")).status_code == 403
        assert (await client.get(f"/meetings/{draft}")).status_code == 404
    async with browser(app) as client:
        await sign_in(client, "giamdoc1")
        assert (await client.get(f"/meetings/{made_id}")).status_code == 404
    with found.db.read() as conn:
        tree, leader = unit_store.tree(conn, clock.now().date()), subject(found, "giamdoc0")
        assert [one.meeting_id for one in views.visible(conn, leader, tree)] == [made_id]
        assert [entry.meeting_id for entry in feed_entries._of_person(found, conn, leader, clock.now())] == [made_id]
        invited = guests.of_meeting(conn, service.get(conn, made_id))
        assert ("Giám đốc 0", "gd0@tinh.gov.vn") in [(guest.name, guest.address) for guest in invited]


async def test_leaders_are_changed_on_the_edit_page_and_kept_where_the_form_has_none(
    secretary: httpx.AsyncClient, found: Container, leaders: list[str]
) -> None:
    made_id = meeting_id(await book(secretary, points_named(found, "Tỉnh Quảng Ninh"), leader=leaders[:2]))
    path = f"/meetings/{made_id}/edit"
    page = (await secretary.get(path)).text
    assert set(re.findall(r'name="leader" value="([^"]+)" checked', page)) == set(leaders[:2])
    data = {"_csrf": token_in(page), "title": "Tên mới", "day": "2026-03-06", "start": "09:00", "end": "11:00"}
    assert (await secretary.post(path, data=data)).status_code == 303
    with found.db.read() as conn:
        assert [leader.user_id for leader in service.get(conn, made_id).leaders] == leaders[:2]
    assert (await secretary.post(path, data={**data, "leaders_shown": "yes", "leader": [leaders[2], leaders[1]]})).status_code == 303
    with found.db.read() as conn:
        kept = service.get(conn, made_id)
        assert [leader.user_id for leader in kept.leaders] == [leaders[1], leaders[2]]
        slot, by = Slot(kept.start, kept.end), subject(found, "thuky")
        assert [who for who, _one in persons.elsewhere(conn, leaders, slot, by)] == sorted(leaders[1:])
        assert persons.elsewhere(conn, leaders, Slot(kept.end, kept.end + timedelta(hours=1)), by) == []


async def test_the_search_of_free_slots_tells_of_a_leader_who_is_elsewhere(
    secretary: httpx.AsyncClient, found: Container, leaders: list[str]
) -> None:
    province, baché = points_named(found, "Tỉnh Quảng Ninh", "Huyện Ba Chẽ")
    meeting_id(await book(secretary, [baché], title="Họp báo", start="07:30", end="17:00", leader=leaders[:1]))
    asked = f"/meetings/free?points={province}&on=2026-03-06&days=7&length=480"
    told = (await secretary.get(f"{asked}&leader={leaders[0]}")).text
    assert "Giám đốc 0 đang có cuộc họp khác 07:30–17:00" in told and f"&amp;leader={leaders[0]}" in told
    assert "đang có cuộc họp khác" not in (await secretary.get(f"{asked}&leader={leaders[1]}")).text


async def test_over_the_interface(program: Ask, found: Container, leaders: list[str]) -> None:
    script = program("thuky")
    answer = await made(script, audience=under(found, "Huyện Ba Chẽ"), leaders=leaders[:2], title="Họp báo")
    assert answer.status_code == 201, answer.text
    assert [leader["id"] for leader in answer.json()["leaders"]] == leaders[:2]
    second = await made(script, "second-key", audience={"add": ["22"]}, leaders=leaders[1:])
    assert second.status_code == 201, second.text
    path = second.headers["location"]
    told = (await script.get(f"{path}/conflicts")).json()
    assert told["conflicts"] == []
    assert {(one["id"], one["title"]) for one in told["people"]} >= {(leaders[1], "Họp báo")}
    assert leaders[2] not in {one["id"] for one in told["people"]}
    changed = await script.patch(path, json={"leaders": [leaders[2]]}, headers={"if-match": second.headers["etag"]})
    assert changed.status_code == 200 and [leader["name"] for leader in changed.json()["leaders"]] == ["Giám đốc 2"]
    sent = await body(script, audience={"add": ["207"]}, leaders=["-", leaders[0]])
    wrong = problem(await script.post("/api/v1/meetings", json=sent, headers={"idempotency-key": "third-key"}), 422, "api.invalid")
    assert [error["pointer"] for error in wrong["errors"]] == ["/leaders/0"]  # type: ignore[attr-defined]
    twice = await body(script, audience={"add": ["207"]}, leaders=leaders[:1] * 2)
    problem(await script.post("/api/v1/meetings", json=twice, headers={"idempotency-key": "fourth-key"}), 422, "meeting.leader_twice")
    asked = {"audience": {"add": ["22"]}, "minutes": 60, "on": "2026-03-06", "days": 1, "opens": "09:00", "closes": "10:00"}
    free = (await script.post("/api/v1/free-slots", json={**asked, "leaders": [leaders[0]], "meeting": path.split("/")[-1]})).json()
    assert "Giám đốc 0" in str(free)


async def test_of_a_series_each_date_is_written_to_with_its_own_leaders(
    secretary: httpx.AsyncClient, found: Container, leaders: list[str]
) -> None:
    """Dates with the same points and posts are asked for once, those with other leaders apart."""
    baché = points_named(found, "Huyện Ba Chẽ")
    with found.db.write() as conn:
        store.set_reach(conn, leaders[1], "gd1@tinh.gov.vn", None)
    with_one, with_other = [
        meeting_id(await book(secretary, baché, title=f"Buổi {n}", day=f"2026-03-{20 + n}", leader=[leaders[n]])) for n in range(2)]
    with found.db.read() as conn:
        dates = [service.get(conn, one) for one in (with_one, with_other)]
        together = guests.of_meetings(conn, dates)
        assert all(together[date.meeting_id] == guests.of_meeting(conn, date) for date in dates)
        written = [{guest.address for guest in together[date.meeting_id]} for date in dates]
    assert written[1] - written[0] == {"gd1@tinh.gov.vn"} and written[0] - written[1] == {"gd0@tinh.gov.vn"}
