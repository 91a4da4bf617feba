"""Units, points, calendars and people: filters, parts, versions, and what a stranger is told."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from scheduler import audience_store
from scheduler import points as point_store
from scheduler.audience_table import meeting_audience
from tests.web.api.conftest import Ask, problem
from tests.web.api.test_meetings import made
from tests.web.conftest import ManualClock
from web import session, store
from web.container import Container


async def every(client: httpx.AsyncClient, path: str) -> list[dict[str, object]]:
    """All parts of a list, by following the Link headers."""
    found = []
    while path:
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        link = answer.headers.get("link", "")
        assert bool(link) == bool(answer.json()["next"])
        assert not link or link.endswith('>; rel="next"')
        path = link.split(">")[0].removeprefix("<")
    return found


async def test_a_province_is_read_in_parts_and_nothing_is_left_out_or_shown_twice(program: Ask) -> None:
    script = program("thuky", "read")
    whole = await every(script, "/api/v1/points?limit=200")
    parts = await every(script, "/api/v1/points?limit=7")
    assert len(whole) == 239 and whole == parts
    assert len({point["code"] for point in whole}) == 239 and [p["code"] for p in whole] == sorted(p["code"] for p in whole)
    units = await every(script, "/api/v1/units?limit=50")
    assert {unit["id"] for unit in units} == {point["unit"] for point in whole}


async def test_filters_find_without_accents_and_below_a_unit(program: Ask) -> None:
    script = program("thuky")
    assert [unit["name"] for unit in await every(script, "/api/v1/units?q=don dac")] == ["Xã Đồn Đạc"]
    district = (await every(script, "/api/v1/units?q=Ba Chẽ&level=district"))[0]
    below = await every(script, f"/api/v1/points?unit={district['id']}")
    assert len(below) == 9 and {point["level"] for point in below} == {"district", "commune"}
    communes = await every(script, f"/api/v1/points?unit={district['id']}&level=commune&q=don")
    assert [point["name"] for point in communes] == ["Xã Đồn Đạc"]
    one = (await script.get(f"/api/v1/points/{communes[0]['code']}")).json()
    assert one == communes[0]


async def test_units_are_those_of_the_day_asked_for(program: Ask) -> None:
    script = program("thuky")
    assert await every(script, "/api/v1/units?on=1950-01-01") == []
    assert len(await every(script, "/api/v1/units?on=2026-03-05")) == 239


async def test_who_has_it_already_is_told_so_and_nothing_more(program: Ask) -> None:
    script = program("thuky")
    first = await script.get("/api/v1/points?limit=5")
    for tags in (first.headers["etag"], f'"other", {first.headers["etag"]}', f'W/{first.headers["etag"]}', "*"):
        again = await script.get("/api/v1/points?limit=5", headers={"if-none-match": tags})
        assert again.status_code == 304 and again.content == b"" and again.headers["etag"] == first.headers["etag"]
    other = await script.get("/api/v1/points?limit=6", headers={"if-none-match": first.headers["etag"]})
    assert other.status_code == 200 and other.headers["etag"] != first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache" and "authorization" in first.headers["vary"]


@pytest.mark.parametrize(("query", "pointer", "says"), [
    ("limit=0", "?limit", "Số dòng một trang: phải từ 1"),
    ("limit=201", "?limit", "không quá 200"),
    ("limit=" + "9" * 400, "?limit", "Số dòng"),
    ("limit=ba", "?limit", "phải là số nguyên"),
    ("cursor=!!", "?cursor", "Dấu trang không đúng"),
    ("cursor=WzFd", "?cursor", "Dấu trang không đúng"),  # [1] where a text belongs
    ("cursor=" + "W" * 400, "?cursor", "Dấu trang không đúng"),
    ("cursor=bnVsbA", "?cursor", "Dấu trang không đúng"),
    ("q=" + "x" * 201, "?q", "dài quá, tối đa 200"),
])
async def test_a_parameter_that_is_wrong_is_named_in_words(program: Ask, query: str, pointer: str, says: str) -> None:
    told = problem(await program("thuky").get(f"/api/v1/points?{query}"), 422, "api.invalid")
    assert [error["pointer"] for error in told["errors"]] == [pointer]  # type: ignore[attr-defined]
    assert says in told["errors"][0]["detail"]  # type: ignore[index]


@pytest.mark.parametrize("query", ["on=2026-02-30", "on=0001-01-01", "on=9999-12-31", "on=1e9", "on="])
async def test_a_day_that_is_none_is_refused(program: Ask, query: str) -> None:
    problem(await program("thuky").get(f"/api/v1/units?{query}"), 422, "api.invalid")


@pytest.mark.parametrize(("query", "code"), [
    ("from=2026-03-06T09:00:00%2B07:00&to=2026-03-06T09:00:00%2B07:00", "api.window"),
    ("from=2026-03-06T09:00:00%2B07:00&to=2026-03-05T09:00:00%2B07:00", "api.window"),
    ("from=2026-03-06T09:00:00Z&to=2027-12-06T09:00:00Z", "api.window"),
    ("from=2026-03-06T09:00:00", "api.invalid"), ("from=1772762400", "api.invalid"), ("from=2026-03-06", "api.invalid"),
    ("from=0001-01-01T00:00:00%2B14:00", "api.invalid"), ("to=9999-12-31T23:59:59-14:00", "api.invalid"),
])
async def test_a_stretch_of_time_that_is_none_is_refused(program: Ask, query: str, code: str) -> None:
    problem(await program("thuky").get(f"/api/v1/points/22/bookings?{query}"), 422, code)


async def test_what_is_not_there_is_not_found(program: Ask) -> None:
    script = program("thuky")
    problem(await script.get("/api/v1/points/khong-co"), 404, "point.unknown")
    problem(await script.get("/api/v1/points?unit=khong-co"), 404, "unit.unknown")
    problem(await script.get("/api/v1/khong-co"), 404, "not_found")
    problem(await script.delete("/api/v1/points"), 405, "method")
    problem(await script.get("/api/v1/points/%00"), 404, "not_found")


async def test_a_calendar_is_empty_before_anything_is_booked(program: Ask, clock: ManualClock) -> None:
    until = (clock.now() + timedelta(days=30)).isoformat().replace("+00:00", "Z")
    assert (await program("xa").get("/api/v1/points/22/bookings", params={"to": until})).json() == {"items": [], "next": None}


async def test_people_are_those_of_the_booking_form_and_only_for_who_may_book(program: Ask) -> None:
    people = await every(program("thuky"), "/api/v1/people?limit=2")
    assert {"Phạm Minh Hải", "Trần Văn Đức", "Lê Thị Hoa", "Nguyễn Thị Thu"} <= {one["name"] for one in people}
    assert [one["roles"] for one in people if one["name"] == "Phạm Minh Hải"] == [["chair"]]
    assert (await every(program("thuky"), "/api/v1/people?q=pham minh"))[0]["title"] == "Phó Chủ tịch UBND tỉnh"
    problem(await program("xa").get("/api/v1/people"), 404, "not_found")


async def test_the_language_is_the_readers(program: Ask) -> None:
    answer = await program("thuky").get("/api/v1/points?limit=0", headers={"accept-language": "en"})
    told = problem(answer, 422, "api.invalid")
    assert told["title"] == "The content is wrong" and "must be 1 or more" in told["errors"][0]["detail"]  # type: ignore[index]


async def test_named_groups_are_ones_own_and_make_an_audience(program: Ask, found: Container, clock: ManualClock) -> None:
    with found.db.write() as conn:
        known = store.account_by_login(conn, "thuky")
        assert known
        by = session.subject_of(conn, known[0], clock.now().date())
        ids = [point_store.point_by_code(conn, code).point_id for code in ("22", "06973")]
        group_id = audience_store.group_save(conn, by.unit_path, "Ban chỉ đạo", ids, by, clock.now())
    assert await every(program("thuky"), "/api/v1/groups") == [{"id": group_id, "name": "Ban chỉ đạo", "points": ["06973", "22"]}]
    assert await every(program("nguoila"), "/api/v1/groups") == []
    answer = await made(program("thuky"), audience={"groups": [group_id], "remove": ["22"]})
    assert [point["code"] for point in answer.json()["points"]] == ["06973"]
    with found.db.read() as conn:
        [rule] = conn.execute(select(meeting_audience.c.rule)).scalars()
    assert rule["groups"] == [group_id], "a merger of units is noticed"
    told = problem(await made(program("thuky"), "second-key", audience={"groups": ["khong-co"]}), 422, "api.invalid")
    assert told["errors"][0]["pointer"] == "/audience/groups/0"  # type: ignore[index]
