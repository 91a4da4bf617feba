"""Audiences as kept rules on pages: what is chosen becomes a rule, a merger is shown with one button, groups are picked again."""

from __future__ import annotations

import re

import httpx
import pytest

from meetings.store import datasets, unit_store
from scheduler import audience_store, points
from scheduler.audience import Rule
from scheduler.audience_table import meeting_audience
from scheduler import service as booking
from tests.web.conftest import post, sign_in, token_in
from tests.web.test_booking import book, fill, points_named
from tests.web.test_requests import subject
from web.container import Container


@pytest.fixture
async def secretary(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await sign_in(client, "thuky")
    return client


def rule_of(found: Container, location: str) -> Rule:
    with found.db.read() as conn:
        row = conn.execute(meeting_audience.select().where(meeting_audience.c.meeting_id == location.split("/")[2].split("?")[0])).one()
        return Rule.of_data(row.rule)


async def test_what_is_chosen_is_kept_as_the_rule_it_means(secretary: httpx.AsyncClient, found: Container) -> None:
    page = (await secretary.get("/meetings/new")).text
    groups = re.findall(r'name="group" value="([^"]+)".*?class="grow">([^<]+)<', page)
    communes = next(key for key, name in groups if name.startswith("Mọi xã"))
    root, level = communes.split("|")
    shown = (await secretary.post("/meetings/new", data=await fill(secretary, group=[communes], action="look"))).text
    ticked = [int(value) for value in re.findall(r'name="point" value="(\d+)" checked', shown)]
    province = points_named(found, "Tỉnh Quảng Ninh")[0]
    answer = await book(secretary, [*ticked[1:], province])
    assert rule_of(found, answer.headers["location"]) == Rule(((root, level),), (), frozenset({province}), frozenset({ticked[0]}))
    few = await book(secretary, ticked[:3], day="2026-03-20")
    assert rule_of(found, few.headers["location"]) == Rule(added=frozenset(ticked[:3]))


async def test_a_merger_is_shown_on_the_meeting_and_taken_over_with_one_button(secretary: httpx.AsyncClient, found: Container) -> None:
    commune = points_named(found, "Xã Đồn Đạc", "Tỉnh Quảng Ninh")
    location = (await book(secretary, commune, day="2026-03-20")).headers["location"].split("?")[0]
    assert "Áp dụng thay đổi" not in (await secretary.get(location)).text
    at = found.clock.now()
    with found.db.write() as conn:
        datasets.load_dataset(conn, "quang-ninh-2025", at)
        points.ensure_points(conn, unit_store.tree(conn, at.date()))
        audience_store.reresolve(conn, at)
    shown = (await secretary.get(location)).text
    assert "Thành phần thay đổi do sắp xếp đơn vị" in shown and "− Bớt 1: Xã Đồn Đạc" in shown and "+ Thêm 1: Xã Ba Chẽ" in shown
    assert (await post(secretary, f"{location}/audience/apply")).headers["location"].endswith("?done=booked&n=2")
    assert "Áp dụng thay đổi" not in (await secretary.get(location)).text
    assert (await post(secretary, f"{location}/audience/apply")).status_code == 404


async def test_a_point_invited_or_given_up_on_the_tab_is_no_merger_and_stays_so(secretary: httpx.AsyncClient, found: Container) -> None:
    first, second, third = points_named(found, "Xã Đồn Đạc", "Tỉnh Quảng Ninh", "Huyện Cô Tô")
    location = (await book(secretary, [first, second], day="2026-03-20")).headers["location"].split("?")[0]
    assert (await post(secretary, f"{location}/approvals/ask", {"point": str(third), "q": "co to"})).status_code == 303
    assert rule_of(found, location) == Rule(added=frozenset({first, second, third}))
    with found.db.write() as conn:
        booking.forgo(conn, location.split("/")[2], [second], subject(found, "thuky"), found.clock.now())
        assert audience_store.reresolve(conn, found.clock.now()) == []
    assert rule_of(found, location) == Rule(added=frozenset({first, third}), removed=frozenset({second}))
    assert "Áp dụng thay đổi" not in (await secretary.get(location)).text


async def test_a_named_group_is_made_picked_and_removed(secretary: httpx.AsyncClient, found: Container) -> None:
    chosen = points_named(found, "Huyện Ba Chẽ", "Huyện Cô Tô")
    data = {"_csrf": token_in((await secretary.get("/points/groups/new")).text), "title": "Hai huyện", "action": "save"}
    empty = await secretary.post("/points/groups/new", data=data)
    assert empty.status_code == 422 and "Nhóm chưa có điểm cầu nào" in empty.text and 'value="Hai huyện"' in empty.text
    assert (await secretary.post("/points/groups/new", data={**data, "point": chosen})).status_code == 303
    assert (await secretary.post("/points/groups/new", data={**data, "point": chosen})).status_code == 409
    page = (await secretary.get("/meetings/new")).text
    group = re.search(r'name="named" value="([^"]+)"', page)
    assert group and "Hai huyện" in page
    looked = (await secretary.post("/meetings/new", data=await fill(secretary, named=[group[1]], action="look"))).text
    assert '<span class="big">2</span>' in looked and f'name="named_was" value="{group[1]}"' in looked
    answer = await book(secretary, [], named=[group[1]])
    assert answer.status_code == 303 and rule_of(found, answer.headers["location"]) == Rule(groups=(group[1],), added=frozenset(map(int, chosen)))
    with found.db.read() as conn:
        assert set(booking.points_of_meeting(conn, answer.headers["location"].split("/")[2].split("?")[0])) == set(chosen)
    gone = {"_csrf": data["_csrf"], "action": "remove"}
    assert (await secretary.post(f"/points/groups/{group[1]}", data=gone)).status_code == 303
    assert (await secretary.get(f"/points/groups/{group[1]}")).status_code == 404
