"""Points of other units in the booking form: ticked with the rest, asked for in the same transaction, shown as pending."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from meetings import service as meetings
from meetings.meeting import State
from scheduler import policies, request_store, store
from scheduler import service as booking
from tests.web.conftest import browser, sign_in, token_in
from tests.web.test_booking import book, fill, points_named
from tests.web.test_requests import subject
from web import booking_view
from web.container import Container

OWN, PROVINCE, COMMUNE = "Huyện Cô Tô", "Tỉnh Quảng Ninh", "Xã Đồn Đạc"


@pytest.fixture
async def district(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The secretary of Cô Tô."""
    async with browser(app) as client:
        await sign_in(client, "nguoila")
        yield client


def ticked(page: str) -> set[int]:
    return {int(value) for value in re.findall(r'name="point" value="(\d+)" checked', page)}


async def test_booking_asks_the_owners_and_says_who_waits_for_whom_until_when(district: httpx.AsyncClient, found: Container) -> None:
    own, province, commune = points_named(found, OWN, PROVINCE, COMMUNE)
    looked = (await district.post("/meetings/new", data=await fill(district, point=[own, province, commune], action="look"))).text
    total = looked.split('id="sum"')[1]
    assert "2 cần đồng ý" in total and "Sẽ hỏi Tỉnh Quảng Ninh" in total and "Sẽ hỏi Huyện Ba Chẽ, rồi Xã Đồn Đạc" in total
    assert ticked(looked) == {own, province, commune}
    answer = await book(district, [own, province, commune])
    assert answer.status_code == 303 and answer.headers["location"].endswith("/approvals?done=asked&n=2")
    meeting_id = answer.headers["location"].split("/")[2]
    with found.db.read() as conn:
        assert booking.points_of_meeting(conn, meeting_id) == [own]
        assert set(booking.points_of_meeting(conn, meeting_id, "pending")) == {province, commune}
        assert meetings.get(conn, meeting_id).state is State.DRAFT
        requests = [one.request for one in request_store.of_meeting(conn, meeting_id)]
        names = booking_view.places.tree(conn, found.clock.now().date())
    said = (await district.get(answer.headers["location"])).text
    assert "1/3 điểm cầu đã xác nhận" in said and "Đã xác nhận: Huyện Cô Tô" in said
    for request in requests:
        waits = f"đang hỏi {names.get(request.asked).name}, trước {found.when.moment(request.deadline)}"
        assert waits in said


async def test_the_deadline_that_the_form_says_is_the_one_that_is_kept(district: httpx.AsyncClient, found: Container) -> None:
    own, province = points_named(found, OWN, PROVINCE)
    looked = (await district.post("/meetings/new", data=await fill(district, point=[own, province], action="look"))).text
    meeting_id = (await book(district, [own, province])).headers["location"].split("/")[2]
    with found.db.read() as conn:
        [stored] = request_store.of_meeting(conn, meeting_id)
    assert f"trả lời trước {found.when.moment(stored.request.deadline)}" in looked


async def test_what_is_pending_is_shown_so_and_kept_until_it_is_unticked(district: httpx.AsyncClient, found: Container) -> None:
    own, province = points_named(found, OWN, PROVINCE)
    path = (await book(district, [own, province])).headers["location"].rsplit("/", 1)[0]
    meeting_id = path.split("/")[2]
    with found.db.read() as conn:
        [before] = request_store.of_meeting(conn, meeting_id)
    page = (await district.get(f"{path}/book")).text
    assert ticked(page) == {own, province}
    item = page.split(f'value="{province}" checked')[1].split("</li>")[0]
    assert f"chờ Tỉnh Quảng Ninh, đến {found.when.moment(before.request.deadline)}" in item
    assert "Đang chờ Tỉnh Quảng Ninh" in page.split('id="sum"')[1]
    data = {"_csrf": token_in(page), "point": [own, province], "action": "book"}
    assert (await district.post(f"{path}/book", data=data)).status_code == 303
    with found.db.read() as conn:
        assert request_store.of_meeting(conn, meeting_id) == [before]
    assert (await district.post(f"{path}/book", data={**data, "point": [own]})).headers["location"] == f"{path}?done=booked&n=1"
    with found.db.read() as conn:
        assert request_store.of_meeting(conn, meeting_id)[0].request.standing == "withdrawn"
        assert booking.points_of_meeting(conn, meeting_id, "pending") == []


async def test_without_scripts_a_place_ticks_all_below_it(district: httpx.AsyncClient, found: Container) -> None:
    page = (await district.get("/meetings/new")).text
    key = re.search(r'name="group" value="([^"|]+\|\*)">[^\n]*Huyện Ba Chẽ', page)
    assert key
    shown = (await district.post("/meetings/new", data=await fill(district, group=[key[1]], action="look"))).text
    assert '<span class="big">9</span>' in shown and "9 cần đồng ý" in shown
    again = await fill(district, point=sorted(ticked(shown)), was_group=[key[1]], action="look")
    assert '<span class="big">0</span>' in (await district.post("/meetings/new", data=again)).text


async def test_one_refused_point_of_another_asks_nobody(
    app: FastAPI, district: httpx.AsyncClient, found: Container
) -> None:
    own, province, commune = points_named(found, OWN, PROVINCE, COMMUNE)
    async with browser(app) as other:
        await sign_in(other, "thuky")
        assert (await book(other, [province])).status_code == 303
    refused = await book(district, [own, province, commune])
    assert refused.status_code == 409 and "Điểm cầu Tỉnh Quảng Ninh đã có lịch" in refused.text
    assert ticked(refused.text) == {own, province, commune}
    with found.db.read() as conn:
        assert conn.execute(store.approval.select()).all() == []


async def test_a_level_that_wants_to_be_asked_is_marked_in_the_own_tree(
    app: FastAPI, found: Container
) -> None:
    with found.db.write() as conn:
        policies.put(conn, {"confirms": ["district"]}, subject(found, "quantri"), found.clock.now())
    async with browser(app) as client:
        await sign_in(client, "thuky")
        page = (await client.get("/meetings/new")).text
        assert page.count("cần đồng ý") == 13 and 'class="others"' not in page
        [coto] = points_named(found, OWN)
        looked = (await client.post("/meetings/new", data=await fill(client, point=[coto], action="look"))).text
        assert "Sẽ hỏi Huyện Cô Tô" in looked and "1 cần đồng ý" in looked


async def test_of_very_many_points_those_are_shown_that_a_search_means(
    monkeypatch: pytest.MonkeyPatch, district: httpx.AsyncClient, found: Container
) -> None:
    monkeypatch.setattr(booking_view, "MANY", 100)
    own, province = points_named(found, OWN, PROVINCE)
    others = (await district.get("/meetings/new")).text.split('class="others"')[1]
    assert "gõ tên vào ô tìm" in others and 'name="point"' not in others
    shown = (await district.post("/meetings/new", data=await fill(district, point=[own, province], q="don dac", action="search"))).text
    listed = shown.split('class="others"')[1].split("</details>")[0]
    assert re.findall(r'<li data-name="([^"]+)"', listed) == ["Tỉnh Quảng Ninh", "Xã Đồn Đạc"] and "Huyện Ba Chẽ" in listed
    assert ticked(shown) == {own, province}
    assert (await book(district, [own, province])).headers["location"].endswith("done=asked&n=1")
