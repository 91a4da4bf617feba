"""Told too late, and people who are elsewhere: asked before it is done, wherever a meeting is convened or moved."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import httpx
import pytest

from meetings import service
from meetings.meeting import NewMeeting, Person
from meetings.store import ledger_store
from scheduler import points as point_store
from scheduler import request_store
from scheduler.slots import Slot
from tests.web.conftest import ManualClock, post, sign_in, token_in
from tests.web.test_booking import book, fill, points_named
from tests.web.test_calendar import another, wait_for_yes
from tests.web.test_pages import Story, story
from tests.web.test_requests import people, point, subject
from tests.web.test_series_pages import WEEKLY, meetings_of
from web import booking_view, calendar_free, convening
from web.container import Container

__all__ = ["people", "story"]
DAY = timedelta(days=1)
FAR = {"was_start": "2026-03-20T08:00", "was_end": "2026-03-20T10:00"}


@pytest.fixture
async def secretary(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await sign_in(client, "thuky")
    return client


def reasons(found: Container, meeting_id: str) -> list[str]:
    """Why the meeting was told of late, as its record has it."""
    with found.db.read() as conn:
        return [event.data["reason"] for event in ledger_store.events(conn, meeting_id) if event.kind == "meeting.hurried"]


def start_of(found: Container, meeting_id: str) -> datetime:
    with found.db.read() as conn:
        return found.when.local(service.get(conn, meeting_id).start)


def asked_for(found: Container, *codes: str, ahead: int = 12) -> str:
    """A draft of Cô Tô in so many days, which waits for the yes of others; nothing is late yet."""
    by, now = subject(found, "nguoila"), found.clock.now()
    me = Person(by.user_id or "", by.name, "Chuyên viên")
    chair, head = Person("c", "Vũ Chủ Trì", "Chủ tịch"), Person("h", "Trần Văn Đức", "Trưởng phòng")
    with found.db.write() as conn:
        unit = booking_view.scope(conn, by.unit_id, now.date()).unit
        made = service.create(conn, NewMeeting(
            "Họp Cô Tô", unit, now + ahead * DAY, now + ahead * DAY + timedelta(hours=2), chair, me, head, me), by, now)
        convening.book(conn, made.meeting_id, [point(found, code) for code in codes], by, now)
    return made.meeting_id


async def drag(client: httpx.AsyncClient, meeting_id: str, day: str, start: str, end: str, **more: str) -> httpx.Response:
    data = {"start": f"{day}T{start}", "end": f"{day}T{end}", **more}
    return await post(client, f"/calendar/move/{meeting_id}", data, headers={"x-part": "1"})


async def test_a_drag_into_the_three_days_asks_why_in_place_and_only_then(
    secretary: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock
) -> None:
    mine = another(found, story, clock.now() + 15 * DAY, "Tập huấn", story.points[:1])
    asked = await drag(secretary, mine, "2026-03-06", "14:00", "16:00", **FAR)
    assert asked.status_code == 422 and "Dời sang Thứ Sáu 06/03, 14:00–16:00?" in asked.text and 'name="hurry"' in asked.text
    assert 'name="start" value="2026-03-06T14:00"' in asked.text and start_of(found, mine).day == 20 and reasons(found, mine) == []
    control = await drag(secretary, mine, "2026-03-06", "14:00", "16:00", hurry="a\u202eb", **FAR)
    assert control.status_code == 422 and 'aria-invalid="true"' in control.text and "a\u202eb" in control.text, "what was typed stays"
    assert (await drag(secretary, mine, "2026-03-06", "14:00", "16:00", hurry="Bão số 3", **FAR)).status_code == 200
    was = {"was_start": "2026-03-06T14:00", "was_end": "2026-03-06T16:00"}
    assert (await drag(secretary, mine, "2026-03-09", "08:00", "10:00", **was)).status_code == 200, "later takes nothing from anybody"
    was = {"was_start": "2026-03-09T08:00", "was_end": "2026-03-09T10:00"}
    assert (await drag(secretary, mine, "2026-03-06", "14:00", "16:00", **was)).status_code == 200, "they know why already"
    assert reasons(found, mine) == ["Bão số 3"]


async def test_the_plain_form_and_the_edit_page_ask_too_and_a_title_asks_nothing(
    secretary: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock
) -> None:
    mine = another(found, story, clock.now() + 15 * DAY, "Tập huấn", story.points[:1])
    day = {"day": "2026-03-06", "start": "14:00", "end": "16:00"}
    plain = await post(secretary, f"/calendar/move/{mine}", {**day, **FAR})
    assert plain.status_code == 422 and 'name="hurry"' in plain.text
    path = f"/meetings/{mine}/edit"
    refused = await post(secretary, path, {"title": "Tập huấn PCTT", **day})
    assert refused.status_code == 422 and 'href="#hurry"' in refused.text and 'value="Tập huấn PCTT"' in refused.text
    assert start_of(found, mine).day == 20
    assert (await post(secretary, path, {"title": "Tập huấn PCTT", "hurry": "Mưa lũ", **day})).status_code == 303
    assert reasons(found, mine) == ["Mưa lũ"]
    now = {"day": "2026-03-05", "start": "08:30", "end": "10:00"}
    renamed = await post(secretary, f"{story.path}/edit", {"title": "Tên khác", **now})
    assert renamed.status_code == 303 and reasons(found, story.meeting.meeting_id) == []


async def test_a_draft_that_is_booked_late_says_why_and_keeps_what_was_typed(secretary: httpx.AsyncClient, found: Container) -> None:
    kept = await secretary.post("/meetings/new", data=await fill(secretary, action="draft", hurry=""))
    path = kept.headers["location"].split("?")[0]
    page = (await secretary.get(f"{path}/book")).text
    assert 'name="hurry"' in page
    data = {"_csrf": token_in(page), "point": points_named(found, "Tỉnh Quảng Ninh"), "action": "book"}
    refused = await secretary.post(f"{path}/book", data=data)
    assert refused.status_code == 422 and 'href="#hurry"' in refused.text and re.search(r'name="point" value="\d+" checked', refused.text)
    assert (await secretary.post(f"{path}/book", data={**data, "hurry": "Bão số 3"})).status_code == 303
    assert reasons(found, path.split("/")[2]) == ["Bão số 3"]
    again = await secretary.post(f"{path}/book", data={**data, "point": points_named(found, "Tỉnh Quảng Ninh", "Huyện Ba Chẽ")})
    assert again.status_code == 303 and 'name="hurry"' not in (await secretary.get(f"{path}/book")).text


async def test_a_yes_that_comes_late_makes_the_convening_say_why(found: Container, clock: ManualClock, client: httpx.AsyncClient) -> None:
    mine = asked_for(found, "207", "22")
    assert reasons(found, mine) == []
    clock.advance(11 * DAY)
    await sign_in(client, "nguoila")
    assert 'name="hurry"' in (await client.get(f"/meetings/{mine}/approvals")).text
    refused = await post(client, f"/meetings/{mine}/convene")
    assert refused.status_code == 422 and "Hãy ghi lý do mời gấp" in refused.text
    assert (await post(client, f"/meetings/{mine}/convene", {"hurry": "Chờ tỉnh đồng ý"})).status_code == 303
    assert reasons(found, mine) == ["Chờ tỉnh đồng ý"]


async def test_an_offer_of_an_earlier_time_is_taken_with_a_reason(found: Container, people: dict[str, httpx.AsyncClient]) -> None:
    mine = asked_for(found, "207", "22")
    with found.db.read() as conn:
        [stored] = request_store.of_meeting(conn, mine)
    offer = {"version": "1", "day": "2026-03-06", "start": "14:00", "end": "16:00", "note": "Tuần sau bận"}
    assert (await post(people["thuky"], f"/requests/{stored.request_id}/counter", offer)).status_code == 303
    here = f"/meetings/{mine}/approvals/{stored.request_id}/accept"
    refused = await post(people["nguoila"], here)
    assert refused.status_code == 422 and f'id="hurry-{stored.request_id}"' in refused.text and start_of(found, mine).day == 17
    assert (await post(people["nguoila"], here, {"hurry": "Theo lịch của tỉnh"})).status_code == 303
    assert start_of(found, mine).day == 6 and reasons(found, mine) == ["Theo lịch của tỉnh"]


async def test_who_is_elsewhere_is_told_before_a_meeting_is_dragged_there(
    secretary: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock
) -> None:
    start = clock.now() + 15 * DAY
    another(found, story, start + 5 * DAY, "Tiếp công dân", story.points[1:2])
    waits = another(found, story, start + 6 * DAY, "Liên huyện", [])
    wait_for_yes(found, waits, story.points[2], Slot(start + 6 * DAY, start + 6 * DAY + timedelta(hours=2)))
    mine = another(found, story, start, "Tập huấn", story.points[:1])
    asked = await drag(secretary, mine, "2026-03-25", "09:00", "11:00", **FAR)
    assert asked.status_code == 409 and "Phạm Minh Hải đã có họp 08:00–10:00: Tiếp công dân (Tỉnh Quảng Ninh)" in asked.text
    assert "Vẫn dời" in asked.text and 'name="hurry"' not in asked.text and start_of(found, mine).day == 20
    waiting = await drag(secretary, mine, "2026-03-26", "09:00", "11:00", **FAR)
    assert waiting.status_code == 409 and "Liên huyện (Tỉnh Quảng Ninh), chưa triệu tập" in waiting.text
    assert (await drag(secretary, mine, "2026-03-25", "09:00", "11:00", sure="yes", **FAR)).status_code == 200
    assert start_of(found, mine).day == 25


async def test_a_series_that_is_dragged_into_the_three_days_says_why_for_the_dates_that_come_late(
    secretary: httpx.AsyncClient, found: Container
) -> None:
    series = await book(secretary, points_named(found, "Tỉnh Quảng Ninh"), **{**WEEKLY, "day": "2026-03-13"})
    first, second, *_rest = meetings_of(found, series.headers["location"])
    was = {"was_start": "2026-03-13T09:00", "was_end": "2026-03-13T11:00", "scope": "all"}
    asked = await drag(secretary, first, "2026-03-09", "09:00", "11:00", **was)
    assert asked.status_code == 422 and 'name="hurry"' in asked.text and 'name="scope" value="all"' in asked.text
    assert start_of(found, first).day == 13 and reasons(found, first) == []
    assert (await drag(secretary, first, "2026-03-09", "09:00", "11:00", hurry="Mưa lũ", **was)).status_code == 200
    assert [start_of(found, one).day for one in (first, second)] == [9, 16]
    assert reasons(found, first) == ["Mưa lũ"] and reasons(found, second) == []


async def test_the_edit_page_tells_it_once_for_each_time(
    secretary: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock
) -> None:
    start = clock.now() + 15 * DAY
    another(found, story, start + 5 * DAY, "Tiếp công dân", story.points[1:2])
    another(found, story, start + 6 * DAY, "Giao ban báo chí", story.points[1:2])
    path = f"/meetings/{another(found, story, start, 'Tập huấn', story.points[:1])}/edit"
    data = {"title": "Tập huấn", "day": "2026-03-25", "start": "09:00", "end": "11:00"}
    told = await post(secretary, path, data)
    assert told.status_code == 409 and "Tiếp công dân" in told.text and "Vẫn lưu" in told.text
    sure = re.search(r'name="sure" value="([^"]+)"', told.text)
    assert sure
    other = await post(secretary, path, {**data, "day": "2026-03-26", "sure": sure[1]})
    assert other.status_code == 409 and "Giao ban báo chí" in other.text, "another day is another question"
    assert (await post(secretary, path, {**data, "sure": sure[1]})).status_code == 303
    assert (await post(secretary, path, {**data, "title": "Tên mới"})).status_code == 303, "a title moves nobody"


async def test_what_was_moved_today_is_put_back_without_a_word(
    secretary: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock
) -> None:
    mine = another(found, story, clock.now() + DAY, "Tập huấn", story.points[:1])
    was = {"was_start": "2026-03-06T08:00", "was_end": "2026-03-06T10:00"}
    assert (await drag(secretary, mine, "2026-03-18", "08:00", "10:00", **was)).status_code == 200
    was = {"was_start": "2026-03-18T08:00", "was_end": "2026-03-18T10:00"}
    assert (await drag(secretary, mine, "2026-03-05", "14:00", "16:00", **was)).status_code == 422, "earlier than anybody knew"
    assert (await drag(secretary, mine, "2026-03-06", "08:00", "10:00", **was)).status_code == 200
    was = {"was_start": "2026-03-06T08:00", "was_end": "2026-03-06T10:00"}
    assert (await drag(secretary, mine, "2026-03-18", "08:00", "10:00", **was)).status_code == 200
    clock.advance(DAY)
    await sign_in(secretary, "thuky")
    was = {"was_start": "2026-03-18T08:00", "was_end": "2026-03-18T10:00"}
    assert (await drag(secretary, mine, "2026-03-09", "08:00", "10:00", **was)).status_code == 422, "since yesterday they know another day"


async def test_a_draft_nobody_has_heard_of_moves_without_a_word(
    secretary: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock
) -> None:
    mine = another(found, story, clock.now() + 15 * DAY, "Nháp", [])
    assert (await drag(secretary, mine, "2026-03-06", "14:00", "16:00", **FAR)).status_code == 200
    assert reasons(found, mine) == []


async def test_what_waits_for_a_yes_is_shown_apart_and_whose_request_would_be_declined(
    found: Container, people: dict[str, httpx.AsyncClient]
) -> None:
    asked_for(found, "207", "22")
    [province] = points_named(found, "Tỉnh Quảng Ninh")
    times = {"day": "2026-03-17", "start": "09:00", "end": "11:00"}
    looked = (await people["thuky"].post("/meetings/new", data=await fill(people["thuky"], point=[province], action="look", **times))).text
    total = looked.split('id="sum"')[1]
    assert "Đặt lịch sẽ từ chối đề nghị đang chờ của" in total and "Huyện Cô Tô" in total and "08:00–10:00: 1 điểm cầu" in total
    assert 'class="slot pend ' in looked and "1 trống" in total, "it holds nobody off"
    later = {**times, "start": "10:00"}
    looked = (await people["thuky"].post("/meetings/new", data=await fill(people["thuky"], point=[province], action="look", **later))).text
    assert "từ chối đề nghị" not in looked and 'class="slot pend ' in looked
    asking = (await people["nguoila"].post("/meetings/new", data=await fill(
        people["nguoila"], point=[province], action="look", **times))).text
    assert "từ chối đề nghị" not in asking, "who has to ask declines nobody"
    page = (await people["thuky"].get("/points/22")).text.split("Lịch sắp tới")[1]
    assert "Chờ xác nhận" in page and "17/03" in page


async def test_a_search_begins_on_a_working_day_and_tells_of_everybody_who_is_missing(
    secretary: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock
) -> None:
    clock.at = clock.at.replace(day=7)  # a Saturday
    await sign_in(secretary, "thuky")
    page = (await secretary.get("/meetings/free?length=60")).text
    assert 'name="on" value="2026-03-09"' in page and "Thứ Hai 09/03, 07:30–08:30" in page
    sunday = (await secretary.get("/meetings/free?length=60&on=2026-03-08")).text
    assert "Chủ Nhật 08/03" not in sunday and "Thứ Hai 09/03" in sunday
    assert "Chủ Nhật 08/03, 07:30–08:30" in (await secretary.get("/meetings/free?length=60&on=2026-03-08&every=yes")).text
    with found.db.read() as conn:
        every = sorted(one.point_id for one in point_store.all_points(conn))[:30]
    another(found, story, clock.now().replace(day=9), "Cả ngày", every, hours=9)
    shown = (await secretary.get(f"/meetings/free?length=480&points={calendar_free.written(every)}&days=3")).text
    few = shown.split('id="few"')[1].split("</section>")[0]
    assert "30 vướng" in few and few.count("08:00–17:00 Cả ngày") >= 30 and "và 25 điểm cầu khác" in few
    data = await fill(secretary, point=every, action="look", day="2026-03-09", start="08:00", end="16:00")
    looked = (await secretary.post("/meetings/new", data=data)).text.split('id="sum"')[1]
    assert looked.count("08:00–17:00 Cả ngày") >= 30 and "và 28 điểm cầu khác" in looked
