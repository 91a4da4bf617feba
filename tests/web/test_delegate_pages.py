"""Pages on which delegates are named before a meeting: by the points, by a link, by the secretary from a file."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI

from scheduler import delegate_list
from tests.scheduler.test_delegate_list import sheet
from tests.web.conftest import browser, sign_in, token_in
from tests.web.test_booking import book, points_named
from web.container import Container


@pytest.fixture
async def place(client: httpx.AsyncClient, found: Container) -> str:
    """A meeting of two districts and a commune; its address, with the secretary signed in."""
    await sign_in(client, "thuky")
    points = points_named(found, "Huyện Ba Chẽ", "Huyện Cô Tô", "Xã Đồn Đạc")
    return (await book(client, points, day="2026-03-12")).headers["location"].split("?")[0]


async def test_the_officer_of_a_point_names_replaces_and_is_told_the_deadline(app: FastAPI, place: str, found: Container) -> None:
    async with browser(app) as officer:
        await sign_in(officer, "xa")
        assert f'href="{place}/registration"' in (await officer.get(f"{place}/audience")).text
        page = (await officer.get(f"{place}/registration")).text
        assert "Hạn đăng ký: Thứ Tư 11/03, 09:00" in page and "Nạp danh sách" not in page
        data = {"_csrf": token_in(page), "do": "add", "point": points_named(found, "Xã Đồn Đạc")[0], "name": "Lê An", "post": "Chủ tịch", "phone": "0912 345 678"}
        assert (await officer.post(f"{place}/registration", data=data)).status_code == 303
        page = (await officer.get(f"{place}/registration")).text
        entry = re.search(r'name="entry" value="([^"]+)"', page)
        assert entry and "Lê An" in page and 'href="tel:0912345678"' in page
        bad = await officer.post(f"{place}/registration", data={**data, "do": "replace", "entry": entry[1], "name": "Vũ Bình", "reason": ""})
        assert bad.status_code == 422 and "Chưa nhập lý do" in bad.text and 'value="Vũ Bình"' in bad.text
        good = {**data, "do": "replace", "entry": entry[1], "name": "Vũ Bình", "reason": "đi công tác"}
        assert (await officer.post(f"{place}/registration", data=good)).status_code == 303
        other = {**data, "point": points_named(found, "Huyện Cô Tô")[0]}
        assert (await officer.post(f"{place}/registration", data=other)).status_code in (403, 404)
    with found.db.read() as conn:
        assert [row.name for row in delegate_list.entries(conn, place.split("/")[2])] == ["Vũ Bình"]


async def test_a_points_link_names_that_points_delegates_without_an_account(client: httpx.AsyncClient, app: FastAPI, place: str, found: Container) -> None:
    cards = (await client.get(f"{place}/cards")).text
    secret = re.search(r"/j/([A-Za-z0-9_-]+)", cards)
    assert secret
    async with browser(app) as guest:
        page = (await guest.get(f"/j/{secret[1]}/delegates")).text
        assert "Đăng ký đại biểu" in page and "<select" not in page
        data = {"_csrf": token_in(page), "do": "add", "name": "Lê An", "post": "", "phone": ""}
        assert (await guest.post(f"/j/{secret[1]}/delegates", data=data)).headers["location"] == f"/j/{secret[1]}/delegates?done=saved"
        second = {**data, "name": "Vũ Bình", "phone": "0912 345 678"}
        assert (await guest.post(f"/j/{secret[1]}/delegates", data=second)).status_code == 303
        shown = (await guest.get(f"/j/{secret[1]}/delegates")).text
        assert "Lê An" in shown and "•••678" in shown and "0912" not in shown, "a card hangs on the wall: it tells no telephone number"
        assert (await guest.get("/j/khong-co/delegates")).status_code == 404


async def test_three_bad_rows_of_ten_thousand_are_named_and_the_rest_taken(client: httpx.AsyncClient, place: str, found: Container) -> None:
    token = token_in((await client.get(f"{place}/registration")).text)
    answer = await client.post(f"{place}/registration/sheet", data={"_csrf": token}, files={"file": ("d.csv", sheet(10_000), "text/csv")})
    assert answer.status_code == 422
    for line in ("Dòng 11 (999)", "Dòng 5001 (202)", "Dòng 10000 (202)"):
        assert line in answer.text
    assert "Nạp 9997 dòng đúng" in answer.text
    with found.db.read() as conn:
        assert delegate_list.entries(conn, place.split("/")[2]) == []
    kept = re.search(r'name="kept" value="([^"]+)"', answer.text)
    assert kept
    taken = await client.post(f"{place}/registration/sheet", data={"_csrf": token, "kept": kept[1]})
    assert taken.headers["location"].endswith("?done=delegates&n=9997")
    shown = (await client.get(f"{place}/registration?q=bieu+9990")).text
    assert "Đại biểu 9990" in shown and "Đại biểu 9991" not in shown
    assert not list((found.settings.data / "aside").iterdir()) and not any((found.settings.data / "blobs").rglob("[0-9a-f]" * 64))
    twice = await client.post(f"{place}/registration/sheet", data={"_csrf": token, "kept": kept[1]})
    assert twice.status_code == 404 and "không còn giữ" in twice.text
    forged = await client.post(f"{place}/registration/sheet", data={"_csrf": token, "kept": "x.y"})
    assert forged.status_code == 422


async def test_strangers_see_no_list(app: FastAPI, place: str) -> None:
    async with browser(app) as stranger:
        await sign_in(stranger, "quantri")
        assert (await stranger.get(f"{place}/registration")).status_code == 404
