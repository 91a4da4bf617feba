"""Pages of points as resources: the card is edited, the sheet loaded, the point blocked, each by those who look after it."""

from __future__ import annotations

import io

import httpx
import pytest
from fastapi import FastAPI

from scheduler import points as point_store
from scheduler.point_card import Kept
from tests.web.conftest import browser, post, sign_in, token_in
from tests.web.test_booking import book, points_named
from web.container import Container


@pytest.fixture
async def secretary(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await sign_in(client, "thuky")
    return client


def kept(found: Container, name: str) -> Kept:
    with found.db.read() as conn:
        return point_store.kept(conn, points_named(found, name))[0]


async def fields(client: httpx.AsyncClient, path: str, **values: str) -> dict[str, str]:
    page = (await client.get(path)).text
    version = page.split('name="version" value="')[1].split('"')[0]
    return {"_csrf": token_in(page), "version": version, **values}


async def test_the_officer_of_a_commune_keeps_its_own_point(client: httpx.AsyncClient, found: Container) -> None:
    await sign_in(client, "xa")
    path = f"/points/{kept(found, 'Xã Đồn Đạc').point.code}"
    assert f'href="{path}/edit"' in (await client.get(path)).text
    data = await fields(client, f"{path}/edit", capacity="40", equipment="1 camera\n2 micro", technician_name="Vũ Anh Tuấn",
                        technician_phone="0912 345 678", down_kbps="20000", up_kbps="8000", mon="07:30-11:30, 13:00-17:00")
    assert (await client.post(f"{path}/edit", data=data)).headers["location"] == f"{path}?done=saved"
    shown = (await client.get(path)).text
    for text in ("0912 345 678", 'href="tel:0912345678"', "tải về 20000, tải lên 8000 kbit/s", "<span class=\"quiet\">Thứ Hai:</span> 07:30–11:30, 13:00–17:00", "Thứ Ba – Chủ Nhật:</span> nghỉ"):
        assert text in shown
    other = f"/points/{kept(found, 'Huyện Cô Tô').point.code}"
    assert "/edit" not in (await client.get(other)).text
    assert (await client.get(f"{other}/edit")).status_code == 404


async def test_what_is_wrong_is_named_and_what_was_typed_stays(secretary: httpx.AsyncClient, found: Container) -> None:
    path = f"/points/{kept(found, 'Xã Đồn Đạc').point.code}/edit"
    data = await fields(secretary, path, capacity="nhiều", technician_phone="gọi sau", sun="sáng", equipment="1 camera")
    answer = await secretary.post(path, data=data)
    assert answer.status_code == 422 and 'value="nhiều"' in answer.text and ">1 camera</textarea>" in answer.text
    assert all(f'href="#{name}"' in answer.text for name in ("capacity", "technician_phone", "sun"))


async def test_two_who_edit_at_once_do_not_overwrite_each_other_unseen(secretary: httpx.AsyncClient, found: Container) -> None:
    path = f"/points/{kept(found, 'Xã Đồn Đạc').point.code}/edit"
    mine, others = await fields(secretary, path, capacity="30"), await fields(secretary, path, capacity="50")
    assert (await secretary.post(path, data=others)).status_code == 303
    refused = await secretary.post(path, data=mine)
    assert refused.status_code == 409 and "vừa được người khác sửa" in refused.text and 'value="30"' in refused.text and "đang lưu: 50" in refused.text
    again = {**mine, "version": refused.text.split('name="version" value="')[1].split('"')[0]}
    assert (await secretary.post(path, data=again)).status_code == 303
    assert kept(found, "Xã Đồn Đạc").card.capacity == 30


async def test_maintenance_is_noted_refused_over_a_meeting_and_lifted(secretary: httpx.AsyncClient, found: Container) -> None:
    point = kept(found, "Huyện Ba Chẽ").point
    path = f"/points/{point.code}"
    times = {"from_day": "2026-03-06", "from_time": "08:00", "until_day": "2026-03-06", "until": "17:00", "note": "Thay đường truyền"}
    assert (await book(secretary, [point.point_id])).status_code == 303
    refused = await post(secretary, f"{path}/block", times)
    assert refused.status_code == 409 and "đã có lịch 09:00–11:00 (Giao ban tháng 3" in refused.text and 'value="Thay đường truyền"' in refused.text
    answer = await post(secretary, f"{path}/block", {**times, "from_time": "11:00"})
    assert answer.headers["location"] == f"{path}?done=blocked"
    shown = (await secretary.get(path)).text
    assert "Thay đường truyền" in shown and "11:00–17:00" in shown
    twice = await post(secretary, f"{path}/block", {**times, "from_time": "13:00"})
    assert twice.status_code == 409 and "không dùng được 11:00–17:00 (Thay đường truyền)" in twice.text
    lifted = shown.split(f'action="{path}/blocks/')[1].split('"')[0]
    assert (await post(secretary, f"{path}/blocks/{lifted}")).headers["location"] == f"{path}?done=unblocked"
    assert "Không có lịch bảo trì" in (await secretary.get(path)).text


@pytest.mark.parametrize(("wrong", "says"), [
    ({"from_day": "mai"}, "Ngày không đúng"), ({"until": "chiều"}, "Giờ không đúng"), ({"note": ""}, "Chưa nhập ghi chú"),
    ({"until": "07:00"}, "Giờ kết thúc"), ({"until_day": "2028-03-06"}, "không quá 366 ngày"), ({"from_day": "2026-03-01", "until_day": "2026-03-01"}, "đã qua"),
])
async def test_maintenance_that_cannot_be_is_refused_with_its_reason(
    secretary: httpx.AsyncClient, found: Container, wrong: dict[str, str], says: str
) -> None:
    times = {"from_day": "2026-03-06", "from_time": "08:00", "until_day": "2026-03-06", "until": "17:00", "note": "Sửa", **wrong}
    answer = await post(secretary, f"/points/{kept(found, 'Huyện Ba Chẽ').point.code}/block", times)
    assert answer.status_code == 422 and says in answer.text


async def test_the_sheet_of_all_points_is_loaded_whole_or_not_at_all(secretary: httpx.AsyncClient, found: Container) -> None:
    assert "/points/sheet" in (await secretary.get("/points")).text
    answer = await secretary.get("/points/sheet.csv")
    assert answer.headers["content-type"].startswith("text/csv") and len(answer.text.splitlines()) == 240
    rows = answer.text.splitlines()
    place = rows[0].split(",").index("capacity")
    changed = [rows[0], *(",".join([*row.split(",")[:place], "25", *row.split(",")[place + 1:]]) for row in rows[1:])]

    async def load(text: str) -> httpx.Response:
        token = token_in((await secretary.get("/points/sheet")).text)
        return await secretary.post("/points/sheet", data={"_csrf": token}, files={"file": ("d.csv", io.BytesIO(text.encode()), "text/csv")})

    refused = await load("\r\n".join([*changed[:100], "00000,,,x", *changed[100:]]))
    assert refused.status_code == 422 and "Dòng 101 (00000)" in refused.text and "239 dòng còn lại đúng" in refused.text
    assert kept(found, "Xã Đồn Đạc").card.capacity is None
    assert (await load("\r\n".join(changed))).headers["location"] == "/points?done=sheet&n=239"
    assert kept(found, "Xã Đồn Đạc").card.capacity == 25
    stale = await load("\r\n".join(changed))
    assert stale.status_code == 422 and "vừa được người khác sửa" in stale.text and "và 139 dòng khác" in stale.text


async def test_an_officer_exports_only_below_the_own_unit(app: FastAPI) -> None:
    async with browser(app) as client:
        await sign_in(client, "xa")
        assert len((await client.get("/points/sheet.csv")).text.splitlines()) == 2
    async with browser(app) as client:
        await sign_in(client, "chutri")
        assert (await client.get("/points/sheet")).status_code == 404
