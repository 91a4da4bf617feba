"""Meetings that come again, that are told of late, and that are too much for the server: as the booking page takes them."""

from __future__ import annotations

import json
import re

import httpx
import pytest
from fastapi import FastAPI

from meetings import service
from meetings.store import ledger_store
from scheduler import capacity_store, series_store, workday_store
from tests.web.conftest import browser, post, sign_in, token_in
from tests.web.test_booking import book, fill, points_named
from web import capacity
from web.container import Container

WEEKLY = {"repeat": "weekly", "every": "1", "on": ["FR"], "ends": "count", "count": "4", "only_worked": "yes"}


@pytest.fixture
async def secretary(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await sign_in(client, "thuky")
    return client


def meetings_of(found: Container, location: str) -> list[str]:
    with found.db.read() as conn:
        place = series_store.of_meeting(conn, location.split("/")[2].split("?")[0])
        assert place is not None
        return [row.meeting_id for row in series_store.members(conn, place.stored.series_id)]


def starts(found: Container, ids: list[str]) -> list[str]:
    with found.db.read() as conn:
        return [found.when.local(service.get(conn, one).start).strftime("%d/%m %H:%M") for one in ids]


async def test_the_dates_are_shown_before_they_are_booked(secretary: httpx.AsyncClient) -> None:
    data = await fill(secretary, **{**WEEKLY, "day": "2026-04-24", "count": "3"}, action="look")
    shown = (await secretary.post("/meetings/new", data=data)).text
    dates = re.findall(r'name="leave" value="([^"]+)"( checked)?( disabled)?', shown)
    assert dates == [("2026-04-24T09:00:00", "", ""), ("2026-05-01T09:00:00", " checked", " disabled"), ("2026-05-08T09:00:00", "", "")]
    assert "Quốc tế Lao động" in shown and "2 buổi" in shown and "bỏ 1 ngày" in shown
    kept = (await secretary.post("/meetings/new", data={key: value for key, value in data.items() if key != "only_worked"})).text
    assert "3 buổi" in kept and "Quốc tế Lao động" in kept


@pytest.mark.parametrize(("typed", "keys"), [
    ({"repeat": "daily", "count": "3"}, ["03-06", "03-09", "03-10"]),
    ({"repeat": "weekly", "on": ["MO", "WE"], "count": "3"}, ["03-09", "03-11", "03-16"]),
    ({"repeat": "monthly", "ends": "until", "until_repeat": "2026-05-20", "count": ""}, ["03-06", "04-06", "05-06"]),
    ({"repeat": "monthly_weekday", "count": "2", "every": "2"}, ["03-06"]),  # the other is the first of May
])
async def test_each_kind_of_repetition(secretary: httpx.AsyncClient, typed: dict[str, str], keys: list[str]) -> None:
    more = {"count": "5"} if typed["repeat"] == "daily" else {}
    data = await fill(secretary, **{"every": "1", "ends": "count", "only_worked": "yes", **typed, **more}, action="look")
    shown = (await secretary.post("/meetings/new", data=data)).text
    dates = re.findall(r'name="leave" value="2026-([\d-]+)T09:00:00"( checked)?', shown)
    assert [day for day, struck in dates if not struck] == keys


@pytest.mark.parametrize(("wrong", "field", "says"), [
    ({"count": "0"}, "count", "từ 1 đến 366"), ({"count": "367"}, "repeat", "quá 366 buổi"), ({"every": "x"}, "every", "Khoảng cách"),
    ({"ends": "until", "until_repeat": "2026-03-01"}, "until_repeat", "sau buổi đầu tiên"), ({"ends": "until", "until_repeat": ""}, "until_repeat", "Ngày không đúng"),
    ({"ends": "until", "until_repeat": "2199-01-01"}, "repeat", "buổi"), ({"action": "draft"}, "repeat", "Chưa lưu nháp được cả chuỗi"),
])
async def test_a_repetition_that_cannot_be_is_refused_at_its_field(
    secretary: httpx.AsyncClient, found: Container, wrong: dict[str, str], field: str, says: str
) -> None:
    answer = await book(secretary, points_named(found, "Huyện Ba Chẽ"), **{**WEEKLY, **wrong}) if "action" not in wrong else \
        await secretary.post("/meetings/new", data=await fill(secretary, point=points_named(found, "Huyện Ba Chẽ"), **WEEKLY, **wrong))
    assert answer.status_code == 422 and says in answer.text
    assert f'href="#{field}"' in answer.text.split('class="summary"')[1].split("</ul>")[0]


async def test_a_series_is_booked_shown_edited_and_cancelled(secretary: httpx.AsyncClient, found: Container) -> None:
    answer = await book(secretary, points_named(found, "Tỉnh Quảng Ninh", "Huyện Ba Chẽ"), **WEEKLY)
    assert answer.headers["location"].endswith("?done=series&n=4")
    shown = (await secretary.get(answer.headers["location"])).text
    assert "Đã đặt cả chuỗi: 4 buổi họp" in shown and "Buổi 1/4 của chuỗi họp" in shown
    ids = meetings_of(found, answer.headers["location"])
    assert starts(found, ids) == ["06/03 09:00", "13/03 09:00", "20/03 09:00", "27/03 09:00"]
    whole = (await secretary.get(f"/meetings/{ids[0]}/series")).text
    assert "Hằng tuần, Thứ Sáu, 09:00, đến 27/03/2026" in whole and whole.count("/meetings/") >= 4
    page = (await secretary.get(f"/meetings/{ids[2]}/edit")).text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    data = {"_csrf": token_in(page), "version": version[1], "title": "Giao ban mới", "place": "", "day": "2026-03-20", "start": "14:00", "end": "16:30", "scope": "following"}
    assert (await secretary.post(f"/meetings/{ids[2]}/edit", data=data)).headers["location"].endswith("?done=changed_many&n=2")
    assert starts(found, ids) == ["06/03 09:00", "13/03 09:00", "20/03 14:00", "27/03 14:00"]
    stale = await secretary.post(f"/meetings/{ids[3]}/edit", data={**data, "day": "2026-03-27", "scope": "all"})
    assert stale.status_code == 409 and "được người khác sửa" in stale.text and 'value="Giao ban mới"' in stale.text
    gone = await post(secretary, f"/meetings/{ids[2]}/cancel", {"reason": "Hoãn", "scope": "all"})
    assert gone.headers["location"].endswith("?done=cancelled_many&n=2")
    with found.db.read() as conn:
        assert [service.get(conn, one).state.value for one in ids] == ["convened", "convened", "cancelled", "cancelled"]
        kinds = [event.kind for event in ledger_store.events(conn, ids[1])]
    assert kinds[:4] == ["meeting.created", "meeting.booked", "meeting.convened", "invitation.numbered"], "each has a number of its own"


async def test_dates_in_conflict_are_named_and_the_rest_can_be_booked(secretary: httpx.AsyncClient, found: Container) -> None:
    point = points_named(found, "Huyện Ba Chẽ")
    assert (await book(secretary, point, title="Họp báo", day="2026-03-13", start="08:00", end="10:00")).status_code == 303
    refused = await book(secretary, point, **WEEKLY)
    assert refused.status_code == 409 and "1/4 buổi chưa đặt được" in refused.text
    assert "Thứ Sáu 13/03/2026</b> Điểm cầu Huyện Ba Chẽ đã có lịch 08:00–10:00 (Họp báo" in refused.text
    left_out = re.findall(r'name="leave_also" value="([^"]+)"', refused.text)
    assert left_out == ["2026-03-13T09:00:00"] and "đặt 3 buổi còn lại" in refused.text
    data = {**(await fill(secretary, point=point, **WEEKLY)), "leave_also": left_out, "action": "book_rest"}
    answer = await secretary.post("/meetings/new", data=data)
    assert answer.headers["location"].endswith("?done=series&n=3")
    assert starts(found, meetings_of(found, answer.headers["location"])) == ["06/03 09:00", "20/03 09:00", "27/03 09:00"]


async def test_points_of_the_following_change_together(secretary: httpx.AsyncClient, found: Container) -> None:
    points = points_named(found, "Tỉnh Quảng Ninh", "Huyện Ba Chẽ")
    ids = meetings_of(found, (await book(secretary, points[:1], **WEEKLY)).headers["location"])
    page = (await secretary.get(f"/meetings/{ids[1]}/book")).text
    assert 'name="scope" value="following"' in page
    data = {"_csrf": token_in(page), "point": points, "action": "book", "scope": "following"}
    assert (await secretary.post(f"/meetings/{ids[1]}/book", data=data)).headers["location"].endswith("?done=booked&n=2")
    with found.db.read() as conn:
        assert [len(service.state(conn, one).seats) for one in ids] == [1, 2, 2, 2]


async def test_a_meeting_that_comes_soon_asks_for_its_reason_and_the_register_tells_it(
    secretary: httpx.AsyncClient, app: FastAPI, found: Container
) -> None:
    page = (await secretary.get("/meetings/new")).text
    assert 'name="day" value="2026-03-10"' in page and 'name="hurry"' not in page, "the first day that comes in time"
    looked = (await secretary.post("/meetings/new", data=await fill(secretary, action="look"))).text
    assert 'name="hurry"' in looked and "chưa đủ 3 ngày làm việc" in looked
    point = points_named(found, "Tỉnh Quảng Ninh")
    refused = await book(secretary, point, hurry=" ")
    assert refused.status_code == 422 and 'href="#hurry"' in refused.text
    answer = await book(secretary, point, hurry="Ứng phó bão số 3")
    assert "Mời gấp: Ứng phó bão số 3" in (await secretary.get(answer.headers["location"].split("?")[0] + "/course")).text
    late = await book(secretary, point, hurry="không cần", day="2026-03-20")
    assert "Mời gấp" not in (await secretary.get(late.headers["location"].split("?")[0] + "/course")).text
    async with browser(app) as clerk:
        await sign_in(clerk, "vanthu")
        register = (await clerk.get("/register")).text
    assert register.count("Mời gấp: Ứng phó bão số 3") == 1 and register.count("GM-UBND") == 2


async def test_the_administrator_keeps_days_and_they_count(app: FastAPI, secretary: httpx.AsyncClient, found: Container) -> None:
    async with browser(app) as admin:
        await sign_in(admin, "quantri")
        page = (await admin.get("/admin/days")).text
        assert "Giỗ Tổ Hùng Vương" in page or "Hùng" in page
        assert (await post(admin, "/admin/days", {"day": "2026-03-10", "works": "no", "note": "Nghỉ bão"})).status_code == 303
        bad = await post(admin, "/admin/days", {"day": "mai", "works": "no", "note": "x"})
        assert bad.status_code == 422 and "Ngày không đúng" in bad.text and 'value="x"' in bad.text
        assert 'name="day" value="2026-03-11"' in (await secretary.get("/meetings/new")).text
        looked = (await secretary.post("/meetings/new", data=await fill(secretary, day="2026-03-10", action="look"))).text
        assert "là ngày nghỉ" in looked
        assert (await post(admin, "/admin/days/2026-03-10/forget")).status_code == 303
        assert (await post(admin, "/admin/days/2026-03-10/forget")).status_code == 404
    with found.db.read() as conn:
        assert workday_store.told(conn) == []
    assert (await secretary.get("/admin/days")).status_code == 404


async def test_the_servers_capacity_is_reckoned_in_front_of_people_and_refuses(
    secretary: httpx.AsyncClient, found: Container, app: FastAPI
) -> None:
    page = (await secretary.get("/meetings/new")).text
    every = [int(value) for value in re.findall(r'name="point" value="(\d+)"', page)]
    with found.db.write() as conn:
        capacity_store.tell(conn, 20_000, False, found.clock.now())
    looked = (await secretary.post("/meetings/new", data=await fill(secretary, point=every, action="look"))).text
    assert "239 điểm × (50 × 1 tiếng + 72 × 1 hình) = 29.158 gói/giây" in looked and "(chưa đo, ước tính)" in looked
    refused = await book(secretary, every)
    assert refused.status_code == 409 and "Máy chủ không đủ sức" in refused.text and "29.158" in refused.text
    assert "còn chỗ cho 163 điểm cầu" in refused.text and "python3 -m web bench capacity" in refused.text
    (found.settings.data / "capacity.json").write_text(json.dumps({"schema": 1, "workers": 1, "packets_per_s": 28_000}))
    found.settings.media_workers = 1
    capacity.tell(found, found.clock.now())
    refused = await book(secretary, every)
    assert refused.status_code == 409 and "(đo trên máy này)" in refused.text and "chưa đo" not in refused.text
    async with browser(app) as admin:
        await sign_in(admin, "quantri")
        wrong = await post(admin, "/admin/rules/capacity", {"sounds": "9", "pictures": "1", "declared": "x"})
        assert wrong.status_code == 422 and "Nhập số từ 1 đến" in wrong.text and 'value="9"' in wrong.text
        assert (await post(admin, "/admin/rules/capacity", {"sounds": "2", "pictures": "1", "declared": "41108"})).status_code == 303
        assert "Đang tính: 41.108 gói/giây (quản trị khai), mỗi điểm cầu 172 gói/giây, đủ cho 239 điểm" in (await admin.get("/admin/rules")).text
    assert (await post(secretary, "/admin/rules/capacity", {"sounds": "1", "pictures": "1"})).status_code in (403, 404)
    assert (await book(secretary, every)).status_code == 303


async def test_who_sits_elsewhere_at_that_time_is_said_and_refused_nothing(secretary: httpx.AsyncClient, found: Container) -> None:
    province, baché = points_named(found, "Tỉnh Quảng Ninh", "Huyện Ba Chẽ")
    assert (await book(secretary, [baché], title="Họp báo", start="08:00", end="10:00")).status_code == 303
    looked = (await secretary.post("/meetings/new", data=await fill(secretary, point=[province], action="look"))).text
    assert "Phạm Minh Hải đã có họp 08:00–10:00: Họp báo (Tỉnh Quảng Ninh)" in looked
    later = (await secretary.post("/meetings/new", data=await fill(secretary, point=[province], start="10:00", action="look"))).text
    assert "đã có họp" not in later
    assert (await book(secretary, [province])).status_code == 303
