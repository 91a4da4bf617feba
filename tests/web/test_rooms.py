"""Rooms on pages: made, named, closed and opened by those who look after them; picked by hand, offered in a request and agreed."""

from __future__ import annotations

import io
import re

import httpx
import pytest
from fastapi import FastAPI

from scheduler import points as point_store
from scheduler import service as booking
from scheduler.approval import Standing
from tests.web.conftest import browser, post, sign_in, token_in
from tests.web.test_booking import book, fill
from tests.web.test_points import fields
from tests.web.test_requests import draft, only_request, people, point  # noqa: F401 - a fixture
from web.container import Container


@pytest.fixture
async def secretary(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await sign_in(client, "thuky")
    return client


async def made(client: httpx.AsyncClient, code: str, name: str) -> str:
    """The code of a room made by the pages, from the page of the unit's point."""
    [form] = re.findall(r'href="(/points/new\?unit=[^"]+)"', (await client.get(f"/points/{code}")).text)
    shown = (await client.get(form)).text
    unit = form.split("unit=")[1]
    assert f'value="{unit}"' in shown
    answer = await client.post("/points/new", data={"_csrf": token_in(shown), "unit": unit, "name": name})
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].endswith("/edit?done=made")
    assert "Hãy ghi thiết bị" in (await client.get(answer.headers["location"])).text
    return answer.headers["location"].split("/")[2]


async def test_a_room_is_made_named_closed_and_opened(secretary: httpx.AsyncClient, found: Container) -> None:
    assert 'href="/points/new"' in (await secretary.get("/points")).text
    code = await made(secretary, "22", "Phòng họp 2")
    assert code == "22-P2"
    twice = await post(secretary, "/points/new", {"unit": (await secretary.get("/points/22")).text.split("/points/new?unit=")[1].split('"')[0],
                                                  "name": "Phòng họp 2"})
    assert twice.status_code == 409 and "đã có điểm cầu tên “Phòng họp 2”" in twice.text and 'value="Phòng họp 2"' in twice.text
    page = (await secretary.get("/points/22")).text
    assert "Phòng họp 2" in page and "điểm cầu chính" in page
    path = f"/points/{code}"
    renamed = await fields(secretary, f"{path}/edit", name="Hội trường", capacity="90")
    assert (await secretary.post(f"{path}/edit", data=renamed)).status_code == 303
    shown = (await secretary.get(path)).text
    assert "<h1>Hội trường</h1>" in shown and ">90<" in shown
    refused = await secretary.post(f"{path}/edit", data=await fields(secretary, f"{path}/edit", name="Tỉnh Quảng Ninh"))
    assert refused.status_code == 409 and 'id="name-wrong"' in refused.text
    assert (await book(secretary, [point(found, code)])).status_code == 303
    no = await post(secretary, f"{path}/close", {"closed_from": "2026-03-06"})
    assert no.status_code == 409 and "Chưa đóng được" in no.text and "Giao ban tháng 3" in no.text and 'value="2026-03-06"' in no.text
    for day, says in (("mai", "Ngày không đúng"), ("2026-03-01", "Ngày đóng đã qua")):
        wrong = await post(secretary, f"{path}/close", {"closed_from": day})
        assert wrong.status_code == 422 and says in wrong.text
    assert (await post(secretary, f"{path}/close", {"closed_from": "2026-03-07"})).headers["location"] == f"{path}?done=closed"
    assert "Đóng từ ngày 07/03/2026" in (await secretary.get(path)).text
    late = await book(secretary, [point(found, code), point(found, "22")], day="2026-03-09", title="Họp sau")
    assert late.status_code == 303, "what is closed is not among the boxes, so nothing of it is booked"
    with found.db.read() as conn:
        assert booking.points_of_meeting(conn, late.headers["location"].split("/")[2].split("?")[0]) == [point(found, "22")]
    assert (await post(secretary, f"{path}/reopen")).headers["location"] == f"{path}?done=reopened"
    assert "Đóng từ ngày 07/03/2026" not in (await secretary.get(path)).text


async def test_a_group_box_ticks_no_room(secretary: httpx.AsyncClient, found: Container) -> None:
    code = await made(secretary, "207", "Phòng họp 2")
    page = (await secretary.get("/meetings/new")).text
    key = next(key for key, name in re.findall(r'name="group" value="([^"]+)".*?class="grow">([^<]+)<', page) if name.startswith("Mọi huyện"))
    shown = (await secretary.post("/meetings/new", data=await fill(secretary, group=[key], action="look"))).text
    ticked = {int(value) for value in re.findall(r'name="point" value="(\d+)" checked', shown)}
    assert point(found, "207") in ticked and point(found, code) not in ticked
    assert f'value="{point(found, code)}" data-room' in shown and f'value="{point(found, code)}" data-room checked' not in shown
    own = (await secretary.post("/meetings/new", data=await fill(secretary, point=[point(found, code)], action="look"))).text
    assert f'value="{point(found, code)}" data-room checked' in own


async def test_a_room_made_by_its_owner_is_offered_and_taken(
    found: Container, people: dict[str, httpx.AsyncClient],  # noqa: F811
) -> None:
    meeting_id = draft(found, "nguoila", "Họp Cô Tô", "207", "22")
    code = await made(people["thuky"], "22", "Phòng họp trực tuyến 2")
    room, stored = point(found, code), only_request(found, meeting_id)
    address = f"/requests/{stored.request_id}"
    assert f'name="point" value="{room}"' in (await people["thuky"].get(address)).text
    answer = await post(people["thuky"], f"{address}/counter", {"version": "1", "point": str(room), "note": "Hội trường đang sửa"})
    assert answer.status_code == 303, answer.text
    here = f"/meetings/{meeting_id}/approvals"
    assert "Hội trường đang sửa" in (await people["nguoila"].get(here)).text
    assert (await post(people["nguoila"], f"{here}/{stored.request_id}/accept")).status_code == 303
    after = only_request(found, meeting_id).request
    assert after.standing is Standing.AGREED and after.point_ids == (room,)
    with found.db.read() as conn:
        assert set(booking.points_of_meeting(conn, meeting_id)) == {room, point(found, "207")}
    assert "Phòng họp trực tuyến 2" in (await people["nguoila"].get(f"/meetings/{meeting_id}/audience")).text


async def test_a_closed_room_is_not_offered_searched_or_found(
    found: Container, people: dict[str, httpx.AsyncClient],  # noqa: F811
) -> None:
    meeting_id = draft(found, "nguoila", "Họp Cô Tô", "207", "22")
    code = await made(people["thuky"], "22", "Phòng họp trực tuyến 2")
    assert "Phòng họp trực tuyến 2" in (await people["nguoila"].get(f"/meetings/{meeting_id}/approvals?q=truc tuyen 2")).text
    assert (await post(people["thuky"], f"/points/{code}/close", {"closed_from": "2026-03-06"})).status_code == 303
    room, stored = point(found, code), only_request(found, meeting_id)
    assert f'name="point" value="{room}"' not in (await people["thuky"].get(f"/requests/{stored.request_id}")).text
    for path in (f"/meetings/{meeting_id}/approvals?q=truc tuyen 2", "/calendar/timeline?on=2026-03-09"):
        assert "Phòng họp trực tuyến 2" not in (await people["nguoila"].get(path)).text
    forced = await post(people["thuky"], f"/requests/{stored.request_id}/counter", {"version": "1", "point": str(room)})
    assert forced.status_code == 409 and "đã đóng từ ngày 06/03/2026" in forced.text
    asked = await post(people["nguoila"], f"/meetings/{meeting_id}/approvals/ask", {"point": str(room), "q": ""})
    assert asked.status_code == 409 and "đã đóng từ ngày 06/03/2026" in asked.text


async def test_a_sheet_that_adds_rooms_shows_them_first(secretary: httpx.AsyncClient, found: Container) -> None:
    token = token_in((await secretary.get("/points/sheet")).text)
    text = "code,unit,name,capacity\r\n,207,Phòng họp 2,40\r\n22,,,25\r\n"
    shown = await secretary.post("/points/sheet", data={"_csrf": token}, files={"file": ("d.csv", io.BytesIO(text.encode()), "text/csv")})
    assert shown.status_code == 200 and "Tệp thêm 1 điểm cầu" in shown.text and "Phòng họp 2" in shown.text
    with found.db.read() as conn:
        assert len(point_store.all_points(conn)) == 239
    receipt = shown.text.split('name="kept" value="')[1].split('"')[0]
    assert (await post(secretary, "/points/sheet", {"kept": receipt})).headers["location"] == "/points?done=sheet&n=2"
    with found.db.read() as conn:
        one = point_store.point_by_code(conn, "207-P2")
        assert (one.name, one.capacity, point_store.point_by_code(conn, "22").capacity) == ("Phòng họp 2", 40, 25)
    again = await post(secretary, "/points/sheet", {"kept": receipt})
    assert again.status_code == 404 and "quá lâu" in again.text
    rows = (await secretary.get("/points/sheet.csv")).text.splitlines()
    assert any(row.startswith("207-P2,207,Phòng họp 2,") for row in rows)


async def test_who_does_not_look_after_points_makes_none(app: FastAPI, found: Container) -> None:
    async with browser(app) as client:
        await sign_in(client, "chutri")
        assert (await client.get("/points/new")).status_code == 404 and "/points/new" not in (await client.get("/points")).text
    async with browser(app) as client:
        await sign_in(client, "xa")
        shown = (await client.get("/points/new")).text
        assert "Xã Đồn Đạc" in shown and "<select" not in shown
        with found.db.read() as conn:
            other = point_store.point_by_code(conn, "207").unit_id
        answer = await post(client, "/points/new", {"unit": other, "name": "Phòng"})
        assert answer.status_code == 404
        assert (await post(client, "/points/207/close", {"closed_from": "2026-03-06"})).status_code == 404
