"""Meetings over the interface: booked in one action, changed only from the version that stands, as the pages would."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from meetings.store import ledger_store, unit_store
from meetings.store.tables import meeting as meeting_table
from meetings.store.unit_tables import unit_version
from scheduler import service as booking
from scheduler.store import booking as bookings
from tests.web.api.conftest import Ask, problem
from tests.web.conftest import ManualClock, QuietHub, browser, post, sign_in, token_in
from web.container import Container

AT = "2026-03-06T09:00:00+07:00", "2026-03-06T11:00:00+07:00"
PATH = "/api/v1/meetings"
POSTS = {"chair": "Phạm Minh Hải", "secretary": "Nguyễn Thị Thu", "division_head": "Trần Văn Đức", "clerk": "Lê Thị Hoa"}


async def body(script: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """A meeting as a program would send it."""
    ids = {one["name"]: one["id"] for one in (await script.get("/api/v1/people")).json()["items"]}
    return {"title": "Giao ban tháng 3", "reason": "Mưa lũ", "start": AT[0], "end": AT[1], **{post: ids[name] for post, name in POSTS.items()},
            **changes}


def unit_of(found: Container, text: str) -> str:
    with found.db.read() as conn:
        return unit_store.tree(conn, date(2026, 3, 6)).search(text)[0].unit_id


def under(found: Container, text: str, level: str | None = None) -> dict[str, Any]:
    return {"rules": [{"unit": unit_of(found, text), "level": level}]}


async def made(script: httpx.AsyncClient, key: str = "first-key", **changes: Any) -> httpx.Response:
    return await script.post(PATH, json=await body(script, **changes), headers={"idempotency-key": key})


def state(found: Container) -> tuple[object, ...]:
    """Everything a request could have changed: meetings, events, bookings."""
    with found.db.read() as conn:
        return (conn.execute(select(func.count()).select_from(meeting_table)).scalar_one(),
                conn.execute(select(func.count()).select_from(bookings)).scalar_one(),
                tuple(conn.execute(select(meeting_table.c.title, meeting_table.c.starts_at)).all()))


async def test_all_239_points_are_booked_in_one_action(program: Ask, found: Container, hub: QuietHub) -> None:
    script = program("thuky")
    answer = await made(script, audience=under(found, "Tỉnh Quảng Ninh"), agenda=[{"title": "Báo cáo", "presenter": "Sở Y tế", "minutes": 20}])
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert len(told["points"]) == 239 and told["state"] == "convened" and told["main_point"] == "22"
    assert told["start"] == "2026-03-06T02:00:00Z" and told["agenda"] == [{"item": 1, "title": "Báo cáo", "presenter": "Sở Y tế", "minutes": 20}]
    assert answer.headers["location"] == f"{PATH}/{told['id']}"
    shown = await script.get(answer.headers["location"])
    assert {**shown.json(), "warnings": []} == told and shown.headers["etag"] == answer.headers["etag"]
    with found.db.read() as conn:
        assert len(booking.points_of_meeting(conn, told["id"])) == 239
        kinds = [event.kind for event in ledger_store.events(conn, told["id"])]
    assert {"meeting.created", "meeting.booked", "meeting.convened", "invitation.numbered"} <= set(kinds)


async def test_levels_and_single_points_make_an_audience(program: Ask, found: Container) -> None:
    script = program("thuky")
    rules = under(found, "Huyện Ba Chẽ", "commune")
    answer = await made(script, audience={**rules, "add": ["22"], "remove": ["06970", "22"]})
    codes = [point["code"] for point in answer.json()["points"]]
    assert "22" not in codes and "06970" not in codes and "06973" in codes and len(codes) == 7


async def test_a_replay_gives_the_same_bytes_and_changes_nothing(program: Ask, found: Container) -> None:
    script = program("thuky")
    sent = await body(script, audience=under(found, "Huyện Ba Chẽ"))
    first = await script.post(PATH, json=sent, headers={"idempotency-key": "one-and-only"})
    before = state(found)
    again = await script.post(PATH, json=sent, headers={"idempotency-key": "one-and-only"})
    assert again.status_code == 201 and again.content == first.content
    assert again.headers["etag"] == first.headers["etag"] and again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true" and "idempotency-replayed" not in first.headers
    assert state(found) == before
    other = await script.post(PATH, json={**sent, "title": "Khác"}, headers={"idempotency-key": "one-and-only"})
    problem(other, 422, "api.key_reused")
    problem(await script.post(PATH, json=sent), 400, "api.key_missing")
    problem(await script.post(PATH, json=sent, headers={"idempotency-key": "ngắn"[:1]}), 400, "api.key")
    assert state(found) == before


async def test_sent_many_times_at_once_it_is_made_once(program: Ask, found: Container) -> None:
    script = program("thuky")
    sent = await body(script, audience=under(found, "Huyện Ba Chẽ"))
    answers = await asyncio.gather(*(script.post(PATH, json=sent, headers={"idempotency-key": "pressed-often"}) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201} and len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert state(found)[0] == 1


async def test_a_refused_creation_keeps_no_key_and_may_be_tried_again(program: Ask, found: Container) -> None:
    script = program("thuky")
    await made(script, audience=under(found, "Huyện Ba Chẽ"))
    sent = await body(script, title="Hai", audience=under(found, "Huyện Ba Chẽ"))
    told = problem(await script.post(PATH, json=sent, headers={"idempotency-key": "second-key"}), 409, "booking.overlap")
    assert len(told["conflicts"]) == 9  # type: ignore[arg-type]
    assert told["conflicts"][0]["title"] == "Giao ban tháng 3"  # type: ignore[index]
    assert state(found)[0] == 1
    later = {**sent, "start": "2026-03-06T13:00:00+07:00", "end": "2026-03-06T14:00:00+07:00"}
    assert (await script.post(PATH, json=later, headers={"idempotency-key": "second-key"})).status_code == 201


async def test_a_change_names_the_version_it_was_made_from(program: Ask, found: Container, hub: QuietHub) -> None:
    script = program("thuky")
    first = await made(script)
    path, tag = first.headers["location"], first.headers["etag"]
    problem(await script.patch(path, json={"title": "Hai"}), 428, "api.match_missing")
    problem(await script.patch(path, json={"title": "Hai"}, headers={"if-match": '"older"'}), 412, "api.stale")
    problem(await script.patch(path, json={"title": "Hai"}, headers={"if-match": "no-quotes"}), 400, "api.match")
    changed = await script.patch(path, json={"title": "Hai", "place": "Phòng 2", "agenda": [{"title": "Một"}]}, headers={"if-match": tag})
    assert changed.status_code == 200 and changed.json()["title"] == "Hai" and changed.json()["place"] == "Phòng 2"
    assert changed.json()["agenda"] == [{"item": 1, "title": "Một", "presenter": "", "minutes": None}] and changed.json()["state"] == "draft"
    assert changed.headers["etag"] != tag and hub.told == [path.split("/")[-1]]
    before = state(found)
    problem(await script.patch(path, json={"title": "Ba"}, headers={"if-match": tag}), 412, "api.stale")
    for way, sent in (("post", {"start": AT[0], "end": AT[1]}), ("post", {"reason": "Bão"}), ("put", {"audience": {"add": ["22"]}})):
        where = {"start": "/move", "reason": "/cancel", "audience": "/points"}[next(iter(sent))]
        problem(await script.request(way, path + where, json=sent, headers={"if-match": tag}), 412, "api.stale")
        problem(await script.request(way, path + where, json=sent), 428, "api.match_missing")
    assert state(found) == before
    anyhow = await script.patch(path, json={"title": "Ba"}, headers={"if-match": "*"})
    assert anyhow.json()["title"] == "Ba"
    assert (await script.get(path, headers={"if-none-match": anyhow.headers["etag"]})).status_code == 304


async def test_what_a_page_changes_makes_the_version_stale(program: Ask, client: httpx.AsyncClient) -> None:
    script = program("thuky")
    first = await made(script)
    path = first.headers["location"]
    await sign_in(client, "thuky")
    page = (await client.get(f"/meetings/{first.json()['id']}/book")).text
    data = {"_csrf": token_in(page), "point": ["1"], "action": "book", "hurry": "Bão"}
    assert (await client.post(f"/meetings/{first.json()['id']}/book", data=data)).status_code == 303
    problem(await script.patch(path, json={"title": "Hai"}, headers={"if-match": first.headers["etag"]}), 412, "api.stale")


async def test_book_move_and_cancel(program: Ask, found: Container, client: httpx.AsyncClient) -> None:
    script = program("thuky")
    first = await made(script)
    path = first.headers["location"]

    async def step(way: str, where: str, sent: dict[str, Any], tag: str) -> httpx.Response:
        answer = await script.request(way, path + where, json=sent, headers={"if-match": tag})
        assert answer.status_code == 200, answer.text
        return answer

    booked = await step("put", "/points", {"audience": under(found, "Huyện Ba Chẽ"), "reason": "Bão"}, first.headers["etag"])
    assert booked.json()["state"] == "convened" and len(booked.json()["points"]) == 9 and booked.json()["main_point"]
    calendar = (await script.get("/api/v1/points/06973/bookings")).json()["items"]
    assert [one["meeting"] for one in calendar] == [first.json()["id"]]
    hidden = (await program("nguoila").get("/api/v1/points/06973/bookings")).json()["items"]
    assert hidden == [{**calendar[0], "meeting": None, "title": None}]
    fewer = await step("put", "/points", {"audience": {"add": ["06973"]}}, booked.headers["etag"])
    assert [point["code"] for point in fewer.json()["points"]] == ["06973"] == [fewer.json()["main_point"]]
    moved = await step("post", "/move", {"start": "2026-03-09T09:00:00+07:00", "end": "2026-03-09T10:00:00+07:00"}, fewer.headers["etag"])
    assert moved.json()["start"] == "2026-03-09T02:00:00Z"
    cancelled = await step("post", "/cancel", {"reason": "Bão số 3"}, moved.headers["etag"])
    assert cancelled.json()["state"] == "cancelled"
    assert (await script.get("/api/v1/points/06973/bookings")).json()["items"] == []
    over = await script.post(path + "/cancel", json={"reason": "Lại"}, headers={"if-match": cancelled.headers["etag"]})
    problem(over, 409, "meeting.cancelled")


async def test_what_stands_in_the_way_is_told_before_it_is_tried(program: Ask, found: Container) -> None:
    script = program("thuky")
    morning = await made(script, audience=under(found, "Huyện Ba Chẽ"))
    later = {"start": "2026-03-06T13:00:00+07:00", "end": "2026-03-06T14:00:00+07:00"}
    other = await made(script, "second-key", **later, title="Chiều", audience=under(found, "Huyện Ba Chẽ", "commune"))
    path = morning.headers["location"] + "/conflicts"
    assert (await script.get(path)).json()["conflicts"] == []
    told = (await script.get(path, params={"start": later["start"]})).json()
    assert len(told["conflicts"]) == 8 and {one["title"] for one in told["conflicts"]} == {"Chiều"}
    assert told["end"] == "2026-03-06T08:00:00Z"
    answer = await script.post(morning.headers["location"] + "/move", json=later, headers={"if-match": "*"})
    assert problem(answer, 409, "booking.overlap")["conflicts"] == told["conflicts"]
    assert other.status_code == 201


async def test_a_list_is_read_in_parts_and_shows_only_what_one_may_read(program: Ask, found: Container) -> None:
    script = program("thuky")
    for number in range(5):
        start = f"2026-03-{10 + number // 2:02d}T09:00:00+07:00"
        answer = await made(script, f"key-number-{number}", title=f"Họp {number}", start=start, end=start.replace("09:", "10:"))
        assert answer.status_code == 201
    seen, path = list[str](), f"{PATH}?limit=2"
    while path:
        answer = await script.get(path)
        seen += [one["title"] for one in answer.json()["items"]]
        path = answer.headers.get("link", "").split(">")[0].removeprefix("<")
    whole = (await script.get(PATH)).json()["items"]
    assert seen == [one["title"] for one in whole] and sorted(seen) == [f"Họp {number}" for number in range(5)]
    assert [one["start"] for one in whole] == sorted(one["start"] for one in whole)
    assert [one["title"] for one in (await script.get(f"{PATH}?q=hop 3")).json()["items"]] == ["Họp 3"]
    assert (await script.get(f"{PATH}?state=convened")).json()["items"] == []
    problem(await script.get(f"{PATH}?state=mở"), 422, "api.invalid")
    assert (await program("nguoila").get(PATH)).json()["items"] == []


@pytest.mark.parametrize("login", ["nguoila", "xa", "quantri"])
async def test_another_units_token_finds_no_meeting(program: Ask, login: str, found: Container) -> None:
    first = await made(program("thuky"))
    stranger, path = program(login), first.headers["location"]
    before = state(found)
    for way, where, sent in (("get", "", None), ("get", "/conflicts", None), ("patch", "", {"title": "x"}),
                             ("put", "/points", {"audience": {"add": ["22"]}}), ("post", "/move", {"start": AT[0], "end": AT[1]}),
                             ("post", "/cancel", {"reason": "x"})):
        told = problem(await stranger.request(way, path + where, json=sent, headers={"if-match": "*"}), 404, "not_found")
        missing = problem(await stranger.request(way, f"{PATH}/khong-co{where}", json=sent, headers={"if-match": "*"}), 404, "not_found")
        assert told == missing
    assert state(found) == before


async def test_a_token_that_reads_changes_nothing(program: Ask, found: Container) -> None:
    first = await made(program("thuky"))
    reader, before = program("thuky", "read"), state(found)
    assert (await reader.get(first.headers["location"])).status_code == 200
    problem(await reader.post(PATH, json={}, headers={"idempotency-key": "some-key"}), 403, "api_token.scope")
    problem(await reader.patch(first.headers["location"], json={"title": "x"}, headers={"if-match": "*"}), 403, "api_token.scope")
    assert state(found) == before


async def test_a_page_uses_its_cookie_and_its_form_token(client: httpx.AsyncClient, app: Any) -> None:
    await sign_in(client, "thuky")
    token = token_in((await client.get("/account")).text)
    sent = await body(client)
    problem(await client.post(PATH, json=sent, headers={"idempotency-key": "from-a-page"}), 403, "forged")
    headers = {"idempotency-key": "from-a-page", "x-csrf-token": token}
    foreign = await client.post(PATH, json=sent, headers={**headers, "origin": "http://ke-xau.example"})
    problem(foreign, 403, "forged")
    assert (await client.post(PATH, json=sent, headers=headers)).status_code == 201
    async with browser(app) as nobody:
        problem(await nobody.post(PATH, json=sent, headers=headers), 401, "signin.needed")


@pytest.mark.parametrize(("changes", "code", "says"), [
    ({"end": AT[0]}, "meeting.end_before_start", ""), ({"start": AT[1], "end": AT[0]}, "meeting.end_before_start", ""),
    ({"end": "2027-03-06T09:00:00+07:00"}, "meeting.too_long", "31 ngày"),
    ({"start": "2026-03-01T09:00:00Z", "end": "2026-03-01T10:00:00Z", "audience": {"add": ["22"]}}, "booking.past", ""),
    ({"audience": {}}, "booking.nobody", ""), ({"audience": {"add": ["22"], "remove": ["22"]}}, "booking.nobody", ""),
    ({"audience": {"add": ["khong-co"]}}, "api.invalid", ""), ({"audience": {"rules": [{"unit": "khong-co"}]}}, "api.invalid", ""),
    ({"title": ""}, "text.empty", "tên cuộc họp"), ({"title": "a\u202eb"}, "text.control", ""), ({"title": "a\0b"}, "api.invalid", ""),
    ({"chair": "khong-co"}, "meeting.role_missing", ""), ({"title": 7}, "api.invalid", ""), ({"title": None}, "api.invalid", ""),
    ({"start": "2026-03-06T09:00:00"}, "api.invalid", "múi giờ"), ({"start": 1772762400}, "api.invalid", "múi giờ"),
    ({"agenda": [{"title": "x"}] * 501}, "api.invalid", ""), ({"agenda": {"title": "x"}}, "api.invalid", "danh sách"),
    ({"audience": {"add": ["22"] * 10_001}}, "api.invalid", ""), ({"thừa": 1}, "api.invalid", "không có trường này"),
    ({"title": "x" * 501}, "api.invalid", ""), ({"audience": {"add": [10 ** 400]}}, "api.invalid", ""),
    ({"start": "0001-01-01T00:00:00+14:00"}, "api.invalid", ""), ({"end": "9999-12-31T23:59:59-12:00"}, "api.invalid", ""),
])
async def test_bad_input_is_refused_in_words_and_changes_nothing(
    program: Ask, found: Container, changes: dict[str, Any], code: str, says: str
) -> None:
    before = state(found)
    told = problem(await made(program("thuky"), **changes), 422, code)
    assert told["errors"] and says in str(told)
    assert state(found) == before


@pytest.mark.parametrize(("content", "kind", "status", "code"), [
    (b"{", "application/json", 400, "api.syntax"), (b"", "application/json", 400, "api.syntax"),
    (b"\xff\xfe", "application/json", 400, "api.syntax"), (b"[" * 100_000, "application/json", 400, "api.syntax"),
    (b'{"title": "\\ud800"}', "application/json", 400, "api.syntax"), (b"null", "application/json", 422, "api.invalid"),
    (b"[]", "application/json", 422, "api.invalid"), (b'{"title": NaN}', "application/json", 422, "api.invalid"),
    (b"{}", "text/plain", 415, "api.type"), (b"title=x", "application/x-www-form-urlencoded", 415, "api.type"),
    (b"--x\r\n\r\n", "multipart/form-data; boundary=x", 415, "api.type"), (b"{}", "", 415, "api.type"),
    (b" " * (2 ** 20 + 1), "application/json", 413, "body.too_large"),
])
async def test_a_body_that_cannot_be_read_is_said_so(program: Ask, content: bytes, kind: str, status: int, code: str) -> None:
    headers = {"content-type": kind, "idempotency-key": "some-key"}
    problem(await program("thuky").post(PATH, content=content, headers=headers), status, code)


async def test_every_mistake_is_named_at_its_place(program: Ask) -> None:
    sent = {"title": 7, "start": AT[0], "end": "gio", "agenda": [{"title": "a"}, {"presenter": 1}]}
    told = problem(await program("thuky").post(PATH, json=sent, headers={"idempotency-key": "some-key"}), 422, "api.invalid")
    pointers = {error["pointer"] for error in told["errors"]}  # type: ignore[attr-defined]
    assert {"/title", "/end", "/agenda/1/title", "/agenda/1/presenter", "/chair", "/clerk"} <= pointers


async def test_a_unit_that_ended_is_named(program: Ask, found: Container) -> None:
    with found.db.write() as conn:
        ended = update(unit_version).where(unit_version.c.name == "Xã Đồn Đạc")
        conn.execute(ended.values(valid_to=date(2026, 3, 6)))
    script = program("thuky")
    code = (await script.get("/api/v1/points?q=don dac")).json()["items"][0]["code"]
    problem(await made(script, audience={"add": [code]}), 422, "booking.unit_ended")
    rest = await made(script, audience=under(found, "Huyện Ba Chẽ"))
    assert code not in {point["code"] for point in rest.json()["points"]} and len(rest.json()["points"]) == 8


async def test_what_is_told_late_says_why(program: Ask, found: Container) -> None:
    script = program("thuky")
    told = problem(await made(script, reason="", audience={"add": ["22"]}), 422, "meeting.short_notice")
    assert [error["pointer"] for error in told["errors"]] == ["/reason"]  # type: ignore[attr-defined]
    assert state(found)[0] == 0
    assert (await made(script, reason="", title="Nháp")).status_code == 201, "a draft is told to nobody"
    answer = await made(script, "second-key", audience={"add": ["22"]})
    with found.db.read() as conn:
        events = ledger_store.events(conn, answer.json()["id"])
    assert [event.data["reason"] for event in events if event.kind == "meeting.hurried"] == ["Mưa lũ"]


async def test_a_meeting_that_comes_again_is_booked_and_changed_as_calendars_do(program: Ask, found: Container) -> None:
    script = program("thuky")
    problem(await made(script, repeat={"rule": "FREQ=WEEKLY;COUNT=4"}), 422, "series.draft")
    problem(await made(script, audience={"add": ["22"]}, repeat={"rule": "FREQ=WEEKLY"}), 422, "series.endless")
    problem(await made(script, audience={"add": ["22"]}, repeat={"rule": "FREQ=DAILY;COUNT=367"}), 413, "series.too_many")
    problem(await made(script, audience={"add": ["22"]}, repeat={"rule": "mỗi tuần"}), 422, "series.rule")
    assert state(found)[0] == 0
    first = await made(script, audience={"add": ["22"]}, repeat={"rule": "FREQ=WEEKLY;COUNT=4"})
    assert first.status_code == 201, first.text
    assert (first.json()["series"]["number"], first.json()["series"]["total"]) == (1, 4)
    listed = (await script.get(PATH)).json()["items"]
    assert [one["start"] for one in listed] == [f"2026-03-{day:02d}T02:00:00Z" for day in (6, 13, 20, 27)]
    again = await made(script, "second-key", title="Khác", audience={"add": ["22"]}, repeat={"rule": "FREQ=WEEKLY;COUNT=3"})
    assert len(problem(again, 409, "series.blocked")["conflicts"]) == 3  # type: ignore[arg-type]
    path = f"{PATH}/{listed[1]['id']}"
    moved = await script.post(path + "/move?scope=following", json={"start": "2026-03-13T14:00:00+07:00", "end": "2026-03-13T15:00:00+07:00"},
                              headers={"if-match": "*"})
    assert moved.status_code == 200, moved.text
    renamed = await script.patch(path, json={"title": "Riêng buổi này"}, headers={"if-match": moved.headers["etag"]})
    assert renamed.json()["title"] == "Riêng buổi này"
    listed = (await script.get(PATH)).json()["items"]
    assert [one["start"][11:13] for one in listed] == ["02", "07", "07", "07"]
    assert sorted({one["title"] for one in listed}) == ["Giao ban tháng 3", "Riêng buổi này"]
    over = await script.post(path + "/cancel?scope=following", json={"reason": "Thôi"}, headers={"if-match": renamed.headers["etag"]})
    assert over.status_code == 200, over.text
    assert [one["state"] for one in (await script.get(PATH)).json()["items"]] == ["convened", "cancelled", "cancelled", "cancelled"]


async def test_the_rule_of_a_series_is_read_and_changed_as_a_whole(program: Ask, found: Container) -> None:
    script = program("thuky")
    first = await made(script, audience={"add": ["22"]}, repeat={"rule": "FREQ=WEEKLY;COUNT=3", "leave_out": ["2026-03-13T09:00:00+07:00"]})
    path = f"{first.headers['location']}/series/rule"
    told = await script.get(path)
    assert told.json()["rule"] == "FREQ=WEEKLY;COUNT=3" and told.json()["left_out"] == ["2026-03-13T02:00:00Z"] and told.json()["total"] == 2
    wanted = {"rule": "FREQ=WEEKLY;BYDAY=TH;COUNT=4", "start": "2026-03-05T14:00:00+07:00", "end": "2026-03-05T15:00:00+07:00"}
    problem(await script.put(path + "?scope=one", json=wanted, headers={"if-match": "*"}), 422, "api.invalid")
    problem(await script.put(path, json={**wanted, "rule": "FREQ=DAILY;COUNT=367"}, headers={"if-match": "*"}), 413, "series.too_many")
    problem(await script.put(path, json={**wanted, "end": wanted["start"]}, headers={"if-match": "*"}), 422, "series.length")
    turned = await script.put(path + "?scope=all", json=wanted, headers={"if-match": told.headers["etag"]})
    assert turned.status_code == 200, turned.text
    assert turned.json() == {**told.json(), "rule": wanted["rule"], "start": "2026-03-05T07:00:00Z", "end": "2026-03-05T08:00:00Z",
                             "left_out": ["2026-03-12T07:00:00Z"], "total": 3, "version": turned.json()["version"]}
    listed = (await script.get(PATH)).json()["items"]
    assert [one["start"][5:13] for one in listed] == ["03-05T07", "03-19T07", "03-26T07"]
    problem(await script.put(path, json=wanted, headers={"if-match": told.headers["etag"]}), 412, "api.stale")
    alone = await made(script, "alone-key", title="Riêng", start="2026-03-10T09:00:00+07:00", end="2026-03-10T10:00:00+07:00")
    single = f"{alone.headers['location']}/series/rule"
    assert (await script.get(single)).json()["rule"] is None
    problem(await script.put(single, json=wanted, headers={"if-match": "*"}), 422, "series.unknown")


async def test_a_form_of_the_pages_and_the_interface_do_the_same(program: Ask, found: Container, clock: ManualClock) -> None:
    script = program("thuky")
    first = await made(script, audience=under(found, "Huyện Ba Chẽ"))
    clock.advance(timedelta(seconds=5))
    async with browser(script._transport.app) as client:  # type: ignore[attr-defined]
        await sign_in(client, "thuky")
        answer = await post(client, f"/meetings/{first.json()['id']}/cancel", {"reason": "Bão"})
        assert answer.status_code == 303
    assert (await script.get(first.headers["location"])).json()["state"] == "cancelled"
