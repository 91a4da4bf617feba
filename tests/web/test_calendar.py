"""The calendar pages: who sees what, on which day, how it stands; a meeting moved by the rules of the form."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from meetings import service
from meetings.meeting import NewMeeting, Person
from scheduler import points as point_store
from scheduler import service as booking
from scheduler import store as tables
from scheduler.slots import Slot
from tests.web.conftest import ManualClock, QuietHub, post, sign_in
from tests.web.test_pages import Story, story
from web import booking_view, calendar_free, convening
from web.calendar_model import month_after, month_days, sides, week_of
from web.container import Container
from web.pages import STATIC

__all__ = ["story"]  # the fixture of test_pages
WAS = {"was_start": "2026-03-05T08:30", "was_end": "2026-03-05T10:00"}
MOST_BYTES = 300 * 1024


@pytest.fixture
async def secretary(client: httpx.AsyncClient, story: Story) -> httpx.AsyncClient:
    await sign_in(client, "thuky")
    return client


def another(found: Container, story: Story, start: datetime, title: str, points: list[int], hours: float = 2) -> str:
    """One more meeting with the same people; booked where it has points."""
    at, by, old = found.clock.now(), story.people["thuky"], story.meeting
    with found.db.write() as conn:
        new = service.create(conn, NewMeeting(
            title, old.unit, start, start + timedelta(hours=hours), old.chair, old.secretary, old.division_head, old.clerk), by, at)
        if points:
            booking.book(conn, new.meeting_id, points, by, at)
    return new.meeting_id


def wait_for_yes(found: Container, meeting_id: str, point_id: int, slot: Slot) -> None:
    """A pending booking as it stands in the calendar."""
    with found.db.write() as conn:
        owner = conn.execute(tables.point.select().where(tables.point.c.point_id == point_id)).one().unit_id
        other = conn.execute(tables.point.select().where(tables.point.c.unit_id != owner)).first()
        assert other is not None
        conn.execute(tables.approval.insert().values(
            request_id="r-1", meeting_id=meeting_id, convenor=other.unit_id, owner=owner, point_ids=[point_id], starts_at=slot.start,
            ends_at=slot.end, route=[owner], asked=owner, asked_at=slot.start, deadline=slot.start, step=0, standing="asked", round=1,
            reason="", version=1))
        conn.execute(tables.booking.insert().values(
            meeting_id=meeting_id, point_id=point_id, starts_at=slot.start, ends_at=slot.end, state="pending", request_id="r-1",
            booked_at=found.clock.now()))


async def test_month_week_and_day_show_ones_own_meetings_and_holidays_by_name(secretary: httpx.AsyncClient, story: Story) -> None:
    month = (await secretary.get("/calendar/month?on=2026-03-01")).text
    assert "Tháng 3/2026" in month and f'href="{story.path}"' in month and "08:30" in month and "Giao ban tháng 3" in month
    week = (await secretary.get("/calendar/week?on=2026-03-07")).text
    assert "Tuần 02/03/2026 – 08/03/2026" in week and 'data-start="2026-03-05T08:30"' in week and "Đã xác nhận" in week
    day = (await secretary.get("/calendar/day?on=2026-03-05")).text
    assert "Giao ban tháng 3" in day and 'class="cb firm f6 t12 r0 mv"' in day
    assert "Giao ban" not in (await secretary.get("/calendar/day?on=2026-03-06")).text
    assert "Quốc khánh" in (await secretary.get("/calendar/month?on=2026-09-02")).text
    assert "Quốc khánh" in (await secretary.get("/calendar/day?on=2026-09-02")).text
    assert "Quốc khánh" in (await secretary.get("/calendar/timeline?on=2026-09-02")).text
    assert (await secretary.get("/calendar?on=2026-03-05")).headers["location"] == "/calendar/week?on=2026-03-05"


async def test_the_calendar_is_found_without_accents_and_says_when_a_filter_leaves_nothing(secretary: httpx.AsyncClient, story: Story) -> None:
    assert "Giao ban tháng 3" in (await secretary.get("/calendar/week?q=giao+ban")).text
    empty = (await secretary.get("/calendar/week?q=khong+co")).text
    assert "Giao ban tháng 3" not in empty and "Bỏ lọc" in empty and "0 cuộc họp" in empty


async def test_what_is_a_draft_waits_for_a_yes_or_takes_the_chair_twice_says_so(
    secretary: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock
) -> None:
    start = clock.now() + timedelta(days=1)
    another(found, story, start, "Dự thảo kế hoạch", [])
    waiting = another(found, story, start + timedelta(hours=4), "Họp liên huyện", story.points[:1])
    wait_for_yes(found, waiting, story.points[2], Slot(start + timedelta(hours=4), start + timedelta(hours=6)))
    another(found, story, clock.now() + timedelta(minutes=60), "Tiếp công dân", [story.points[0] + 100])
    week = (await secretary.get("/calendar/week")).text
    assert re.search(r'class="cb tent[^"]*"[^>]*>.*?Dự thảo kế hoạch.*?Đang soạn', week, re.DOTALL)
    assert re.search(r'class="cb pend[^"]*"[^>]*>.*?Họp liên huyện.*?1 điểm chờ xác nhận', week, re.DOTALL)
    assert len(re.findall(r'class="cb clash f\d+ t\d+ r[01] mv"', week)) == 2 and "Trùng chủ trì" in week


async def test_a_stranger_sees_a_time_and_a_unit_and_none_of_it_in_their_own_calendar(client: httpx.AsyncClient, story: Story) -> None:
    await sign_in(client, "nguoila")
    text = (await client.get("/calendar/timeline?on=2026-03-05")).text
    assert "Giao ban" not in text and story.meeting.meeting_id not in text and "Bận (Tỉnh Quảng Ninh)" in text and "08:30–10:00" in text
    assert "data-move" not in text and "0 cuộc họp" in (await client.get("/calendar/week?on=2026-03-05")).text


async def test_points_are_folded_by_the_tree_and_each_state_has_a_word(
    secretary: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock
) -> None:
    at = clock.now()
    other = another(found, story, at + timedelta(hours=6), "Họp liên huyện", story.points[:1], hours=1)
    wait_for_yes(found, other, story.points[2], Slot(at + timedelta(hours=1), at + timedelta(hours=2)))
    with found.db.write() as conn:
        conn.execute(tables.booking.insert().values(
            point_id=story.points[1], starts_at=at + timedelta(hours=4), ends_at=at + timedelta(hours=5), state="blocked",
            note="Sửa đường truyền", booked_at=at))
    answer = await secretary.get("/calendar/timeline?on=2026-03-05")
    text = answer.text
    assert len(answer.content) <= MOST_BYTES and "3/239 điểm cầu có lịch" in text
    assert len(re.findall(r"<details", text)) >= 13 and re.search(r"Huyện Ba Chẽ <small>2/9</small>", text)
    assert re.search(r'class="cb sum f\d+ t\d+"', text), "a folded district shows when something is there"
    for word in ("Đã xác nhận", "Không đặt được", "Chờ xác nhận, vướng lịch khác", "Sửa đường truyền"):
        assert word in text
    day = (await secretary.get("/calendar/timeline?on=2026-03-05&span=day&q=ba+che")).text
    assert "Giao ban tháng 3</a>" in day and "2/9 điểm cầu có lịch" in day and "<details class=\"cfold\" open>" in day
    assert "Xã Đạp Thanh" in day and "Xã Đạp Thanh" not in (await secretary.get("/calendar/timeline?on=2026-03-05&q=ba+che&busy=1")).text


async def test_every_booking_of_a_lane_leads_to_an_entry_that_names_it(secretary: httpx.AsyncClient, story: Story) -> None:
    text = (await secretary.get("/calendar/timeline?on=2026-03-05")).text
    used = set(re.findall(r'href="#(m\d+)" aria-labelledby="n\d+"', text))
    assert used and used == set(re.findall(r'<li id="(m\d+)"', text))
    assert all(f'id="n{ref[1:]}"' in text for ref in used)


async def move(client: httpx.AsyncClient, story: Story, start: str, end: str, part: bool = True, **was: str) -> httpx.Response:
    data: dict[str, Any] = {"start": start, "end": end, **(was or WAS)}
    headers = {"x-part": "1"} if part else {}
    return await post(client, f"/calendar/move/{story.meeting.meeting_id}", data, headers=headers)


def times(found: Container, story: Story) -> set[tuple[datetime, datetime]]:
    """The meeting's and those of all its bookings."""
    with found.db.read() as conn:
        meeting = service.get(conn, story.meeting.meeting_id)
        day = Slot(meeting.start - timedelta(days=9), meeting.end + timedelta(days=9))
        taken = booking.bookings(conn, story.points, day)
    return {(meeting.start, meeting.end), *((one.slot.start, one.slot.end) for one in taken if one.meeting_id == meeting.meeting_id)}


async def test_a_meeting_is_moved_with_all_its_points_and_back_again(
    secretary: httpx.AsyncClient, story: Story, found: Container, hub: QuietHub
) -> None:
    before = times(found, story)
    moved = await move(secretary, story, "2026-03-06T14:00", "2026-03-06T16:15")
    assert moved.status_code == 200 and "đã dời sang Thứ Sáu 06/03, 14:00–16:15" in moved.text and "Hoàn tác" in moved.text
    assert {end - start for start, end in times(found, story)} == {timedelta(hours=2.25)} and hub.told == [story.meeting.meeting_id]
    undo = dict(re.findall(r'name="(\w+)" value="(\d{4}-[^"]+)"', moved.text))
    back = await move(secretary, story, undo["start"], undo["end"], was_start=undo["was_start"], was_end=undo["was_end"])
    assert back.status_code == 200 and times(found, story) == before
    plain = await move(secretary, story, "2026-03-06T14:00", "2026-03-06T15:00", part=False)
    assert plain.status_code == 303 and plain.headers["location"] == f"{story.path}?done=moved"
    assert "Đã đổi giờ cuộc họp" in (await secretary.get(plain.headers["location"])).text


async def test_a_move_says_how_many_have_to_confirm_again(client: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock) -> None:
    at, by, old = clock.now(), story.people["nguoila"], story.meeting
    with found.db.write() as conn:
        unit = booking_view.scope(conn, by.unit_id, found.when.today(at)).unit
        me = Person(by.user_id or "", by.name, by.title)
        mine = service.create(conn, NewMeeting(
            "Cô Tô họp với Ba Chẽ", unit, at + timedelta(days=1), at + timedelta(days=1, hours=2), old.chair, me, old.division_head, me), by, at)
        own = point_store.points_of(conn, unit.id)[0].point_id
        convening.book(conn, mine.meeting_id, [own, *story.points[1:]], by, at, hurry="Bão số 3")
    await sign_in(client, "nguoila")
    week = (await client.get("/calendar/week")).text
    assert re.search(r'class="cb pend[^"]*"[^>]*>.*?2 điểm chờ xác nhận', week, re.DOTALL)
    data = {"start": "2026-03-06T13:30", "end": "2026-03-06T15:00", "was_start": "2026-03-06T08:00", "was_end": "2026-03-06T10:00"}
    moved = await post(client, f"/calendar/move/{mine.meeting_id}", data, headers={"x-part": "1"})
    assert moved.status_code == 200 and "2 điểm cầu phải xác nhận lại." in moved.text


async def test_who_is_in_the_way_is_said_and_the_next_free_times_are_offered(
    secretary: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock
) -> None:
    another(found, story, clock.now() + timedelta(hours=6), "Tập huấn", story.points[1:])  # 14:00–16:00
    before = times(found, story)
    refused = await move(secretary, story, "2026-03-05T15:00", "2026-03-05T16:30")
    assert refused.status_code == 409 and times(found, story) == before
    assert "Huyện Ba Chẽ" in refused.text and "14:00–16:00 Tập huấn (Tỉnh Quảng Ninh)" in refused.text
    offered = re.findall(r'name="start" value="(2026[^"]+)"><input type="hidden" name="end" value="([^"]+)"', refused.text)
    assert offered[0] == ("2026-03-05T08:00", "2026-03-05T09:30")
    taken = await move(secretary, story, *offered[1])
    assert taken.status_code == 200, "what is offered can be taken"


async def test_a_meeting_that_was_moved_meanwhile_is_refused_with_a_sentence(secretary: httpx.AsyncClient, story: Story, found: Container) -> None:
    assert (await move(secretary, story, "2026-03-05T13:30", "2026-03-05T15:00")).status_code == 200
    stale = await move(secretary, story, "2026-03-06T08:00", "2026-03-06T09:30")
    assert stale.status_code == 409 and "vừa được người khác đổi sang Thứ Năm 05/03, 13:30–15:00" in stale.text
    assert {start.day for start, _end in times(found, story)} == {5}


@pytest.mark.parametrize(("start", "end", "said"), [
    ("2026-03-05T15:00", "2026-03-05T15:00", "Giờ kết thúc"), ("2026-03-04T08:00", "2026-03-04T09:00", "Giờ họp đã qua"),
    ("2026-13-05T08:00", "2026-03-05T09:00", "Ngày không đúng"), ("2026-03-06T8 giờ", "2026-03-06T09:00", "Giờ không đúng"), ("", "", "không đúng"),
])
async def test_senseless_times_are_refused_in_words_and_change_nothing(
    secretary: httpx.AsyncClient, story: Story, found: Container, start: str, end: str, said: str
) -> None:
    before = times(found, story)
    answer = await move(secretary, story, start, end)
    assert answer.status_code == 422 and said in answer.text and times(found, story) == before


@pytest.mark.parametrize(("login", "status"), [("nguoila", 404), ("xa", 403)])
async def test_nobody_else_moves_a_meeting(client: httpx.AsyncClient, story: Story, found: Container, login: str, status: int) -> None:
    before = times(found, story)
    await sign_in(client, login)
    assert (await client.get(f"/calendar/move/{story.meeting.meeting_id}")).status_code == status
    assert (await move(client, story, "2026-03-06T14:00", "2026-03-06T16:00")).status_code == status
    assert times(found, story) == before


async def test_the_form_moves_a_meeting_without_scripts(secretary: httpx.AsyncClient, story: Story, found: Container) -> None:
    form = (await secretary.get(f"/calendar/move/{story.meeting.meeting_id}")).text
    fields = dict(re.findall(r'name="(day|start|end|was_start|was_end)" value="([^"]+)"', form))
    assert fields == {"day": "2026-03-05", "start": "08:30", "end": "10:00", **WAS}
    done = await post(secretary, f"/calendar/move/{story.meeting.meeting_id}", {**fields, "day": "2026-03-09"})
    assert done.status_code == 303 and {start.day for start, _end in times(found, story)} == {9}


async def test_free_times_are_found_and_lead_into_the_form(
    secretary: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock
) -> None:
    points = calendar_free.written(story.points)
    another(found, story, clock.now() + timedelta(hours=2), "Họp cả ngày", story.points, hours=7)  # 10:00–17:00
    page = (await secretary.get(f"/meetings/free?points={points}&on=2026-03-05&days=2&length=120&chair={story.meeting.chair.user_id}")).text
    assert "3 điểm cầu" in page and "Thứ Sáu 06/03, 07:30–09:30" in page and "trống suốt 07:30–17:00" in page
    assert "Sớm hơn, ít điểm vướng nhất" in page and "Giao ban tháng 3 (Tỉnh Quảng Ninh)" in page and "3 vướng" in page
    link = re.search(r'class="btn slim primary" href="([^"]+)"', page)
    assert link
    form = (await secretary.get(link.group(1).replace("&amp;", "&"))).text
    assert 'value="2026-03-06"' in form and 'value="07:30"' in form and 'value="09:30"' in form and "3 trống" in form
    for wrong in ("length=0", "length=x", "on=2026-99-01", "opens=25:00", "points=99999999"):
        assert (await secretary.get(f"/meetings/free?{wrong}")).status_code in (404, 422), wrong
    everybody = (await secretary.get("/meetings/free?on=2026-03-06")).text
    assert "239 điểm cầu" in everybody


def test_points_in_an_address_are_read_back() -> None:
    assert calendar_free.read(calendar_free.written([9, 3, 1, 2, 10, 5])) == [1, 2, 3, 5, 9, 10]
    assert [calendar_free.read(text) for text in ("", "x", "1-", "5-4", "1-99999999", "1,,2")] == [[]] * 6


def test_weeks_and_months_turn_as_calendars_do() -> None:
    assert week_of(date(2026, 3, 8)) == week_of(date(2026, 3, 2)) == date(2026, 3, 2)
    assert month_after(date(2026, 1, 31), -1) == date(2025, 12, 1) and month_after(date(2026, 12, 5), 1) == date(2027, 1, 1)
    for month in range(1, 13):
        days = month_days(date(2026, month, 15))
        assert len(days) % 7 == 0 and days[0].weekday() == 0 and days[0] <= date(2026, month, 1) <= days[6]
        assert month_after(date(2026, month, 1), 1) - timedelta(days=1) in days[-7:]


def test_no_two_meetings_that_meet_are_drawn_on_each_other() -> None:
    at = datetime(2026, 3, 5, 8)
    spans = [(0, 4), (1, 2), (2, 3), (3, 5), (4, 6)]
    assert sides([(at + timedelta(hours=a), at + timedelta(hours=b)) for a, b in spans]) == [0, 1, 1, 1, 0]


def test_every_place_of_a_block_is_a_class_of_the_style_sheet() -> None:
    css = (STATIC / "css" / "calendar.css").read_text()
    assert all(f".d{n}{{" in css for n in range(7)) and all(f".r{n}{{" in css for n in range(6))
