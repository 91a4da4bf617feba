"""Another rule for a series: shown before it is done, done as it was shown; the calendar asks how far a move reaches."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from meetings import service
from scheduler import audience_store, series_store
from scheduler import service as booking
from scheduler.series import Series
from scheduler.workdays import WorkingDays
from tests.web.conftest import post, sign_in
from tests.web.test_booking import book, points_named
from tests.web.test_series_pages import WEEKLY, meetings_of, starts
from web import repeat
from web.container import Container


@pytest.fixture
async def secretary(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await sign_in(client, "thuky")
    return client


@pytest.fixture
async def ids(secretary: httpx.AsyncClient, found: Container) -> list[str]:
    """Four Fridays from the sixth of March, nine o'clock."""
    answer = await book(secretary, points_named(found, "Huyện Ba Chẽ"), **WEEKLY)
    return meetings_of(found, answer.headers["location"])


def fields(page: str) -> dict[str, Any]:
    """The form as a browser would send it."""
    form = page.split('<form class="card stack narrow"')[1].split("</form>")[0]
    sent: dict[str, Any] = {name: value for name, value in re.findall(r'<input (?!type="checkbox")[^>]*name="(\w+)"[^>]* value="([^"]*)"', form)}
    sent |= {name: re.findall(r'value="(\w*)" selected', part)[0] for name, part in re.findall(r'<select id="\w+" name="(\w+)"(.*?)</select>', form, re.DOTALL)}
    for name, value in re.findall(r'type="checkbox" name="(\w+)" value="([^"]+)" checked(?! disabled)', form):
        sent.setdefault(name, []).append(value)
    return sent


async def asked(client: httpx.AsyncClient, meeting_id: str, scope: str = "all") -> dict[str, Any]:
    return fields((await client.get(f"/meetings/{meeting_id}/series/rule?scope={scope}")).text)


LATE = "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1;COUNT=3"


@pytest.mark.parametrize(("rule", "start", "said", "kind"), [
    (LATE, datetime(2026, 2, 28, 8), "Hằng tháng, ngày 31, 08:00, đến 30/04/2026", ""), (LATE, datetime(2026, 1, 31, 8), "ngày 31, 08:00, đến 31/03/2026", "monthly"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", datetime(2026, 3, 31, 8), "ngày cuối tháng, 08:00", "monthly"),
    ("FREQ=MONTHLY;BYMONTHDAY=1,-2;COUNT=2", datetime(2026, 3, 1, 8), "ngày 1, ngày thứ 2 từ cuối tháng", ""),
    ("FREQ=MONTHLY;BYMONTHDAY=9;COUNT=2", datetime(2026, 3, 9, 8), "ngày 9, 08:00", "monthly"),
    ("FREQ=MONTHLY;BYDAY=-1MO;INTERVAL=2;COUNT=3", datetime(2026, 3, 30, 8), "Mỗi 2 tháng, Thứ Hai cuối cùng", "monthly_weekday"),
    ("FREQ=WEEKLY;UNTIL=20260330", datetime(2026, 3, 9, 8), "Hằng tuần, 08:00, đến 30/03/2026", "weekly"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;COUNT=130", datetime(2026, 3, 5, 8), "Hằng tháng, Thứ Hai, Thứ Ba", ""),
    ("FREQ=DAILY;INTERVAL=3;COUNT=4", datetime(2026, 3, 9, 8), "Mỗi 3 ngày", "daily"), ("FREQ=YEARLY;COUNT=2", datetime(2026, 3, 9, 8), "Hằng năm", ""),
])
def test_a_rule_is_said_by_its_own_days_and_becomes_the_fields_that_mean_it(found: Container, rule: str, start: datetime, said: str, kind: str) -> None:
    series = Series(rule, start, "Asia/Ho_Chi_Minh", timedelta(hours=1))
    assert said in repeat.words(series, found.when)
    typed = repeat.of(series, WorkingDays(), found.when)
    assert typed.kind == kind
    if kind:
        typed.only_worked = False
        again = repeat.plan(typed, series.occurrences()[0].slot, found.when, WorkingDays())
        assert [row.key for row in again.rows] == [key.isoformat() for key in series.keys()]


async def test_the_rule_is_shown_as_it_is_and_saving_it_changes_nothing(secretary: httpx.AsyncClient, found: Container, ids: list[str]) -> None:
    sent = await asked(secretary, ids[1], "following")
    assert {name: sent[name] for name in ("scope", "day", "start", "end", "repeat", "every", "ends", "count")} == {
        "scope": "following", "day": "2026-03-13", "start": "09:00", "end": "11:00", "repeat": "weekly", "every": "1", "ends": "count", "count": "3"}
    assert sent["on"] == ["FR"] and sent["only_worked"] == ["yes"] and "leave" not in sent
    looked = (await secretary.post(f"/meetings/{ids[1]}/series/rule", data={**sent, "action": "look"})).text
    assert "Sẽ đổi 0 buổi" in looked and meetings_of(found, f"/meetings/{ids[0]}") == ids


async def test_weekday_end_and_a_date_left_out_are_changed_as_shown(secretary: httpx.AsyncClient, found: Container, ids: list[str]) -> None:
    assert "Đổi quy tắc lặp" in (await secretary.get(f"/meetings/{ids[0]}/series")).text
    sent = {**await asked(secretary, ids[0]), "on": ["TH"], "day": "2026-03-05", "count": "6", "start": "14:00", "end": "15:30"}
    path = f"/meetings/{ids[0]}/series/rule"
    dates = (await secretary.post(path, data=sent)).text
    assert re.findall(r'name="leave" value="2026-(\S+)T14', dates) == ["03-05", "03-12", "03-19", "03-26", "04-02", "04-09"]
    looked = (await secretary.post(path, data={**sent, "leave": "2026-03-19T14:00:00", "action": "look"})).text
    assert "Thứ Sáu 06/03, 09:00–11:00 → <b>Thứ Năm 05/03, 14:00–15:30</b>" in looked and "Chưa có gì được lưu" in looked
    assert 'Hủy: <span class="struck">Thứ Sáu 20/03, 09:00–11:00' in looked and looked.count("Buổi mới:") == 2
    assert starts(found, ids)[0] == "06/03 09:00"
    done = await secretary.post(path, data={**fields(looked), "action": "save"})
    assert done.status_code == 303 and done.headers["location"].endswith("/series?done=changed_many&n=6")
    assert "Hằng tuần, Thứ Năm, 14:00, đến 09/04/2026" in (await secretary.get(done.headers["location"])).text
    now = meetings_of(found, f"/meetings/{ids[0]}")
    with found.db.read() as conn:
        kept = [one for one in now if service.get(conn, one).state.value == "convened"]
        assert service.get(conn, ids[2]).state.value == "cancelled" and len(now) == 6
        assert {len(booking.points_of_meeting(conn, one)) for one in kept} == {1}
        rows = conn.execute(audience_store.kept.select()).all()
    assert starts(found, kept) == ["05/03 14:00", "12/03 14:00", "26/03 14:00", "02/04 14:00", "09/04 14:00"]
    assert {row.meeting_id for row in rows} == set(now), "how the points were chosen is known of the new ones too"
    stale = await secretary.post(path, data={**sent, "action": "save"})
    assert stale.status_code == 409 and "được người khác sửa" in stale.text


async def test_what_is_in_the_way_stands_at_its_date(secretary: httpx.AsyncClient, found: Container, ids: list[str]) -> None:
    assert (await book(secretary, points_named(found, "Huyện Ba Chẽ"), title="Họp báo", day="2026-03-18", start="08:00", end="10:00")).status_code == 303
    sent = {**await asked(secretary, ids[0]), "on": ["FR", "WE"], "count": "5"}
    refused = await secretary.post(f"/meetings/{ids[0]}/series/rule", data={**sent, "action": "look"})
    assert refused.status_code == 409 and "1/6 buổi chưa đặt được" in refused.text
    assert re.search(r'value="2026-03-18T09:00:00">[^/]*<span>Thứ Tư 18/03/2026 <small class="clash block">Điểm cầu Huyện Ba Chẽ đã có lịch 08:00–10:00', refused.text)
    rest = await secretary.post(f"/meetings/{ids[0]}/series/rule", data={**sent, "leave": "2026-03-18T09:00:00", "action": "look"})
    assert rest.status_code == 200 and "Buổi mới" in rest.text


@pytest.mark.parametrize(("wrong", "field", "says"), [
    ({"count": "367"}, "repeat", "quá 366 buổi"), ({"count": "0"}, "count", "từ 1 đến 366"), ({"every": "x"}, "every", "Khoảng cách"), ({"day": "mai"}, "day", "Ngày không đúng"),
    ({"start": "12:00"}, "end", "Giờ kết thúc"), ({"repeat": ""}, "repeat", "Hãy chọn quy tắc mới"), ({"day": "2026-02-06"}, "repeat", "buổi chưa đặt được"),
])
async def test_a_rule_that_cannot_be_is_refused_at_its_field(
    secretary: httpx.AsyncClient, found: Container, ids: list[str], wrong: dict[str, str], field: str, says: str
) -> None:
    refused = await secretary.post(f"/meetings/{ids[0]}/series/rule", data={**await asked(secretary, ids[0]), **wrong, "action": "save"})
    assert refused.status_code in (409, 413, 422) and says in refused.text
    assert f'href="#{field}"' in refused.text.split('class="summary"')[1].split("</ul>")[0]
    assert starts(found, ids) == ["06/03 09:00", "13/03 09:00", "20/03 09:00", "27/03 09:00"]


async def test_a_meeting_that_stands_alone_has_no_rule(secretary: httpx.AsyncClient, found: Container) -> None:
    alone = (await book(secretary, points_named(found, "Huyện Ba Chẽ"))).headers["location"].split("?")[0]
    assert (await secretary.get(f"{alone}/series/rule")).status_code == 422
    assert (await post(secretary, f"{alone}/series/rule", {"action": "save"})).status_code == 422


async def test_the_calendar_asks_how_far_a_move_reaches(secretary: httpx.AsyncClient, found: Container, ids: list[str]) -> None:
    path, part = f"/calendar/move/{ids[1]}", {"x-part": "1"}
    sent = {"start": "2026-03-12T10:00", "end": "2026-03-12T12:00", "was_start": "2026-03-13T09:00", "was_end": "2026-03-13T11:00"}
    question = await post(secretary, path, sent, headers=part)
    assert question.status_code == 200 and "Dời sang Thứ Năm 12/03, 10:00–12:00 cho:" in question.text
    assert re.findall(r'name="scope" value="(\w+)">', question.text)[:3] == ["one", "following", "all"] and "(3)" in question.text and "(4)" in question.text
    assert starts(found, ids)[1] == "13/03 09:00", "nothing is moved yet"
    moved = await post(secretary, path, {**sent, "scope": "following"}, headers=part)
    assert "3 buổi của chuỗi dời theo." in moved.text
    assert starts(found, ids) == ["06/03 09:00", "12/03 10:00", "19/03 10:00", "26/03 10:00"]
    undo = dict(re.findall(r'name="(start|end|was_start|was_end|scope)" value="([^"]+)"', moved.text))
    assert undo["scope"] == "following" and (await post(secretary, path, undo, headers=part)).status_code == 200
    assert starts(found, ids) == ["06/03 09:00", "13/03 09:00", "20/03 09:00", "27/03 09:00"]
    assert (await post(secretary, path, {**sent, "scope": "one"}, headers=part)).status_code == 200
    assert starts(found, ids) == ["06/03 09:00", "12/03 10:00", "20/03 09:00", "27/03 09:00"]
    stale = await post(secretary, path, {**sent, "scope": "all"}, headers=part)
    assert stale.status_code == 409 and "vừa được người khác đổi" in stale.text
    form = (await secretary.get(path)).text
    assert 'name="scope" value="all"' in form, "the plain form asks it too"
    plain = {"day": "2026-03-19", "start": "10:00", "end": "12:00", "was_start": "2026-03-20T09:00", "was_end": "2026-03-20T11:00", "scope": "all"}
    done = await post(secretary, f"/calendar/move/{ids[2]}", plain)
    assert done.status_code == 303 and done.headers["location"].endswith("?done=changed_many&n=3")
    with found.db.read() as conn:
        place = series_store.of_meeting(conn, ids[2])
    assert place is not None and "BYDAY=TH" in place.stored.series.rule


async def test_a_move_of_more_than_one_names_every_date_in_the_way(secretary: httpx.AsyncClient, found: Container, ids: list[str]) -> None:
    assert (await book(secretary, points_named(found, "Huyện Ba Chẽ"), title="Họp báo", day="2026-03-19", start="08:00", end="10:00")).status_code == 303
    sent = {"start": "2026-03-05T09:00", "end": "2026-03-05T11:00", "was_start": "2026-03-06T09:00", "was_end": "2026-03-06T11:00", "scope": "all"}
    refused = await post(secretary, f"/calendar/move/{ids[0]}", sent, headers={"x-part": "1"})
    assert refused.status_code == 409 and "<b>Thứ Năm 19/03/2026</b>: Điểm cầu Huyện Ba Chẽ đã có lịch" in refused.text
    assert starts(found, ids)[0] == "06/03 09:00"
