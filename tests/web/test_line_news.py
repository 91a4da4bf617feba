"""Results of line tests where people look: Hôm nay for each kind of reader, the meeting's page, the point's page."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from meetings import service as meetings
from meetings.access import Role
from scheduler import line_tests, store
from scheduler.readiness import Verdict
from tests.web.conftest import browser, post, sign_in
from tests.web.test_readiness import HOUR, ManualClock, Story, report
from web import line_plot
from web.container import Container


@pytest.fixture
def story(found: Container, clock: ManualClock) -> Story:
    return Story(found, clock)


def chips(text: str) -> list[str]:
    """The counts of the first meeting of the section on lines, as they are read."""
    section = text.split('aria-labelledby="lines"', 1)[1].split("</section>", 1)[0]
    return [re.sub(r"<[^>]+>", "", one) for one in re.findall(r'<a class="chip[^>]*>(.*?)</a>', section)]


async def test_a_secretary_reads_how_many_points_stand_how_and_is_led_to_the_wall(client: httpx.AsyncClient, story: Story) -> None:
    await report(client, story.link(0), up_kbps=180)
    await report(client, story.link(1))
    await report(client, story.link(2), udp=False, tcp=False, relay=False)
    await report(client, story.link(2))  # the newest counts
    await sign_in(client, "thuky")
    text = (await client.get("/")).text
    assert chips(text) == ["0 Lỗi", "1 Chưa kiểm tra", "1 Yếu", "2 Sẵn sàng"]
    assert f'href="{story.wall}"' in text and f'href="{story.wall}?show=none"' in text
    assert "Kiểm tra ngay" not in text and "Cần gọi" not in text


async def test_an_officer_reads_the_own_verdict_what_to_do_and_tests_with_one_press(client: httpx.AsyncClient, story: Story) -> None:
    await sign_in(client, "xa")
    point = story.points[0]
    text = (await client.get("/")).text
    assert f"{point.name}: Chưa kiểm tra" in text and "Kiểm tra ngay" in text
    assert story.points[1].name not in text and story.wall + '"' not in text
    there = await post(client, f"{story.wall}/{point.code}/test")
    assert there.status_code == 303 and there.headers["location"] == f"/t/{story.link()}"
    await report(client, story.link(), up_kbps=180)
    text = (await client.get("/")).text
    assert f"{point.name}: Yếu" in text and "Họp được, nhưng có chỗ cần sửa." in text
    assert "Đường lên chỉ 180 kbit/s" in text and "Dùng dây mạng thay Wi-Fi" in text and "Kiểm tra lại" in text
    assert (await post(client, f"{story.wall}/{story.points[1].code}/test")).status_code in (403, 404)
    assert (await post(client, f"{story.wall}/no-such/test")).status_code == 404
    with story.found.db.write() as conn:
        meetings.cancel(conn, story.meeting, "Hoãn", story.secretary, story.clock.now())
    assert (await post(client, f"{story.wall}/{point.code}/test")).status_code == 409
    assert "Đường truyền trước cuộc họp" not in (await client.get("/")).text


async def test_a_technician_reads_whom_to_phone_the_worst_first_also_for_meetings_of_others(app: FastAPI, client: httpx.AsyncClient, story: Story) -> None:
    story.account("ktv-huyen", Role.TECHNICIAN, story.district)
    with story.found.db.write() as conn:
        conn.execute(update(store.point).where(store.point.c.point_id == story.points[0].point_id).values(
            technician_name="Vũ Anh Tuấn", technician_phone="0203118118"))
    await report(client, story.link(0), udp=False, tcp=False, relay=False)
    await report(client, story.link(1))
    async with browser(app) as technician:
        await sign_in(technician, "ktv-huyen")
        text = (await technician.get("/")).text
    assert chips(text) == ["1 Lỗi", "1 Chưa kiểm tra", "0 Yếu", "1 Sẵn sàng"], "three points of the district, of the province's meeting"
    called = text.split("Cần gọi", 1)[1].split("</ul>", 1)[0]
    assert called.index(story.points[0].name) < called.index(story.points[2].name) and story.points[1].name not in called
    assert 'href="tel:0203118118"' in called and "Vũ Anh Tuấn" in called and "chưa có số điện thoại" in called
    assert f'href="{story.wall}/phone">Cả danh sách gọi điện (2)' in text


async def test_before_its_tests_open_and_once_it_is_over_a_meeting_asks_nobody_for_a_look(app: FastAPI, story: Story) -> None:
    for early, shown in ((25 * HOUR, False), (23 * HOUR, True), (-HOUR, True), (-3 * HOUR, False)):
        story.clock.at = story.start - early
        async with browser(app) as client:
            await sign_in(client, "thuky")
            assert ('aria-labelledby="lines"' in (await client.get("/")).text) is shown, early


async def test_a_meeting_keeps_how_each_line_stood_before_its_start(app: FastAPI, client: httpx.AsyncClient, story: Story) -> None:
    secret = story.link(0)
    await report(client, secret, up_kbps=180)
    await sign_in(client, "thuky")
    before = (await client.get(f"/meetings/{story.meeting}")).text
    assert "Đường truyền trước giờ họp" in before and "1 Yếu" in before and "3 Chưa kiểm tra" in before
    story.clock.at = story.start + timedelta(minutes=5)
    await report(client, secret)  # the same link, while the meeting is on
    await report(client, story.link(1), udp=False, tcp=False, relay=False)
    with story.found.db.read() as conn:
        now = [one.verdict for one in line_tests.standings(conn, story.meeting)]
        then = line_tests.standings(conn, story.meeting, story.start)
        counted = line_tests.counted(conn, story.meeting, story.start)
    assert now[:2] == [Verdict.READY, Verdict.FAILED] and [one.verdict for one in then] == [Verdict.WEAK, *3 * [Verdict.NONE]]
    assert counted[Verdict.WEAK] == 1 and counted[Verdict.NONE] == 3
    await sign_in(client, "thuky")
    text = (await client.get(f"/meetings/{story.meeting}/audience")).text
    row = text.split(f'data-name="{story.points[0].name}', 1)[1].split("</tr>", 1)[0]
    assert "Yếu" in row and "Lên 180 kbit/s" in row
    other = text.split(f'data-name="{story.points[1].name}', 1)[1].split("</tr>", 1)[0]
    assert "Chưa kiểm tra" in other
    async with browser(app) as officer:
        await sign_in(officer, "xa")
        assert "Đường truyền trước giờ họp" not in (await officer.get(f"/meetings/{story.meeting}/audience")).text


async def test_a_points_page_draws_its_tests_and_names_what_its_meetings_began_with(app: FastAPI, client: httpx.AsyncClient, story: Story) -> None:
    path = f"/points/{story.points[0].code}"
    await sign_in(client, "xa")
    assert "chưa kiểm tra đường truyền lần nào" in (await client.get(path)).text
    await report(client, story.link(), up_kbps=180, loss_up=23)
    with story.found.db.write() as conn:
        line_tests.open_round(conn, story.found.keys.tests, story.found.settings.line_policy, story.meeting, "T-24h", story.clock.now())
    story.clock.at = story.start + timedelta(minutes=5)
    await report(client, story.link(), up_kbps=None)
    await sign_in(client, "xa")
    text = (await client.get(path)).text
    assert text.count("<figure") == 4 and text.count('role="img"') >= 4 and "style=" not in text.split("<figure", 1)[1]
    assert "lần cuối 180 kbit/s, thấp nhất 180, cao nhất 180" in text, "what was not measured is no figure"
    tests = text.split('Số liệu của 2 lần kiểm tra', 1)[1]
    assert "0 %, 2,3 %" in tests and "trong giờ họp" in tests and tests.index("trong giờ họp") < tests.index("kiểm tra thêm")
    began = text.split("Kết luận khi các cuộc họp bắt đầu", 1)[1]
    assert "Giao ban toàn tỉnh" in began and "Yếu" in began and "Lên 180 kbit/s" in began
    async with browser(app) as stranger:
        await sign_in(stranger, "nguoila")
        shown = await stranger.get(path)
        assert shown.status_code == 200 and 'aria-labelledby="tests"' not in shown.text
    async with browser(app) as secretary:
        await sign_in(secretary, "thuky")
        assert 'aria-labelledby="tests"' in (await secretary.get(path)).text


def test_a_drawing_puts_less_lower_breaks_where_nothing_was_measured_and_marks_what_asks_for_a_look() -> None:
    plot = line_plot.decades([100, 1000, None, 10_000, 450], 450)
    assert plot is not None and [dot.value for dot in plot.dots] == [100, 1000, 10_000, 450]
    low, middle, high, at_limit = (dot.y for dot in plot.dots)
    assert low > middle > high and abs((low - middle) - (middle - high)) < 0.2 and at_limit == plot.limit
    assert [dot.bad for dot in plot.dots] == [True, False, False, False] and len(plot.runs) == 2
    assert [tick.text for tick in plot.ticks] == ["100", "1000", "10k"] and all(10 <= tick.y <= 118 for tick in plot.ticks)
    assert (plot.last, plot.least, plot.most) == (450, 100, 10_000)
    loss = line_plot.even([0, 2.9, 3, 40], 3)
    assert loss is not None and [dot.bad for dot in loss.dots] == [False, False, True, True] and loss.ticks[-1].text == "50"
    assert line_plot.even([None, None], 3) is None and line_plot.decades([], 450) is None
    one = line_plot.decades([0], 450)
    assert one is not None and not one.runs and one.dots[0].y <= 118
