"""The test link and the wall over HTTP: who sees which points, news in time, whom to phone, and what is refused."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from meetings import service as meetings
from meetings.access import Role, Subject
from meetings.admission import link_secret
from meetings.meeting import NewMeeting, Person, UnitRef
from meetings.store import ledger_store, unit_store
from scheduler import line_tests, points, service, store
from scheduler.outbox import Item
from scheduler.outbox_table import outbox
from scheduler.readiness import Verdict
from tests.scheduler.test_readiness import GOOD
from web import auth, duties, telling
from web import store as accounts
from web.container import Container
from web.notice_words import WORDS
from web.walls import Walls
from tests.web.conftest import PASSWORD, ManualClock, browser, sign_in, token_in

HOUR = timedelta(hours=1)


class Story:
    """A convened meeting of the province's office with three communes of one district and another district, in five hours."""

    def __init__(self, found: Container, clock: ManualClock) -> None:
        self.found, self.clock = found, clock
        at, self.start = clock.now(), clock.now() + 5 * HOUR
        with found.db.write() as conn:
            self.tree = unit_store.tree(conn, at.date())
            root = self.tree.roots()[0]
            people = {one.login: one for one in accounts.accounts(conn)}
            posts = {post: Person(people[login].user_id, people[login].name, people[login].title) for post, login in (
                ("chair", "chutri"), ("secretary", "thuky"), ("division_head", "lanhdao"), ("clerk", "vanthu"))}
            self.secretary = Subject(
                people["thuky"].user_id, people["thuky"].name, "", root.unit_id, (root.unit_id,), frozenset({Role.SECRETARY}))
            unit = UnitRef(root.unit_id, root.name, None, (root.unit_id,))
            new = NewMeeting("Giao ban toàn tỉnh", unit, self.start, self.start + 2 * HOUR, **posts)
            self.meeting = meetings.create(conn, new, self.secretary, at).meeting_id
            commune = self.tree.search("Xã Đồn Đạc")[0]
            self.district = commune.parent_id or ""
            sisters = [one for one in self.tree.children(self.district) if one.unit_id != commune.unit_id]
            units = [commune, *sisters[:2], self.tree.search("Huyện Cô Tô")[0]]
            self.points = [points.points_of(conn, one.unit_id)[0] for one in units]
            service.book(conn, self.meeting, [one.point_id for one in self.points], self.secretary, at)

    def account(self, login: str, role: Role, unit_id: str) -> None:
        with self.found.db.write() as conn:
            accounts.add_account(conn, login, f"Người {login}", "", unit_id, frozenset({role}), auth.hash_password(PASSWORD),
                                 self.clock.now(), must_change=False)

    def link(self, place: int = 0) -> str:
        with self.found.db.write() as conn:
            return line_tests.extra(conn, self.found.keys.tests, self.meeting, self.points[place].point_id, self.clock.now())

    def when(self, at: datetime) -> str:
        return self.found.when.clock(at)

    @property
    def wall(self) -> str:
        return f"/meetings/{self.meeting}/readiness"


@pytest.fixture
def story(found: Container, clock: ManualClock) -> Story:
    return Story(found, clock)


async def report(client: httpx.AsyncClient, secret: str, **changes: Any) -> httpx.Response:
    return await client.post(f"/t/{secret}/results", json={**GOOD.as_data(), **changes}, headers={"accept": "application/json"})


def tiles(text: str) -> dict[str, str]:
    """Name → verdict of the tiles of a wall, in order."""
    return {name: verdict for verdict, name in re.findall(r'data-verdict="(\w+)" data-title="([^"]+)"', text)}


# --- the test link -----------------------------------------------------------------------------------------------


async def test_a_link_opens_the_page_without_an_account_and_another_secret_opens_nothing(client: httpx.AsyncClient, story: Story) -> None:
    secret = story.link()
    shown = await client.get(f"/t/{secret}")
    assert shown.status_code == 200 and story.points[0].name in shown.text and "Giao ban toàn tỉnh" in shown.text
    assert "set-cookie" in shown.headers and "noindex" in shown.text
    for wrong in (secret[:-1] + ("A" if secret[-1] != "A" else "B"), "x", "%00"):
        assert (await client.get(f"/t/{wrong}")).status_code == 404
    story.clock.advance(timedelta(days=2))
    assert (await client.get(f"/t/{secret}")).status_code == 409


async def test_a_result_is_judged_kept_and_answered_in_words(client: httpx.AsyncClient, story: Story) -> None:
    secret = story.link()
    answer = (await report(client, secret, up_kbps=180, mic_dbfs=-60)).json()
    assert (answer["verdict"], answer["word"]) == ("weak", "Yếu")
    assert [one["code"] for one in answer["reasons"]] == ["up.picture", "mic.silent"]
    assert answer["reasons"][0]["text"] == "Đường lên chỉ 180 kbit/s: nên tắt hình, giữ tiếng."
    assert "kiểm tra" in answer["reasons"][1]["text"] and ["Đường lên", "180 kbit/s"] in answer["figures"]
    english = await client.post(f"/t/{secret}/results", json=GOOD.as_data(), headers={"accept": "application/json", "accept-language": "en"})
    assert english.json()["head"] == "The point is ready for the meeting."
    with story.found.db.read() as conn:
        events = [event.kind for event in ledger_store.events(conn, story.meeting)]
        assert events.count("line.tested") == 2
        assert line_tests.standings(conn, story.meeting)[0].verdict is Verdict.READY


@pytest.mark.parametrize(("body", "status"), [
    ({"udp": 3}, 422), ({"rtt_ms": 1.5}, 422), ({"verdict": "ready"}, 422), ({"browser": "a\x00"}, 400), ([1], 422),
])
async def test_what_no_test_can_have_found_is_refused_and_leaves_no_trace(
    client: httpx.AsyncClient, story: Story, body: Any, status: int,
) -> None:
    answer = await client.post(f"/t/{story.link()}/results", json=body, headers={"accept": "application/json"})
    assert answer.status_code == status, answer.text
    with story.found.db.read() as conn:
        assert line_tests.standings(conn, story.meeting)[0].verdict is Verdict.NONE


async def test_tickets_are_for_rooms_of_this_test_alone_and_not_too_many(client: httpx.AsyncClient, story: Story) -> None:
    secret, other = story.link(0), story.link(1)

    async def ask(link: str, **body: str) -> httpx.Response:
        return await client.post(f"/t/{link}/tickets", json=body, headers={"accept": "application/json"})

    first = (await ask(secret, **{"for": "up", "run": "a1"})).json()
    assert first["room"].startswith("bench-line-") and len(first["token"]) == 43 and first["ice"] == []
    assert (await ask(secret, **{"for": "down", "run": "a1"})).json()["room"] == first["room"]
    assert (await ask(other, **{"for": "down", "run": "a1"})).json()["room"] != first["room"]
    assert (await ask(secret, **{"for": "down", "run": "a2"})).json()["room"] != first["room"]
    for wrong in ({"for": "chair", "run": "a"}, {"for": "up", "run": "../x"}, {"for": "up"}):
        assert (await ask(secret, **wrong)).status_code == 422
    answers = [(await ask(secret, **{"for": "udp", "run": "b"})).status_code for _n in range(12)]
    assert answers.count(200) == 10 and answers[-1] == 429


async def test_the_bytes_come_and_are_bounded(client: httpx.AsyncClient, story: Story) -> None:
    answer = await client.get(f"/t/{story.link()}/bytes")
    assert answer.status_code == 200 and len(answer.content) == 4 * 1024 * 1024 and not story.found.downloads
    story.found.downloads.update(f"another {n}" for n in range(16))
    busy = await client.get(f"/t/{story.link()}/bytes", headers={"accept": "application/json"})
    assert (busy.status_code, busy.json()["error"]) == (503, "linetest.queue") and "retry-after" in busy.headers


async def test_from_the_join_card_one_comes_to_the_test(client: httpx.AsyncClient, story: Story) -> None:
    with story.found.db.read() as conn:
        link = next(one for one in meetings.links(conn, story.meeting) if one.code == story.points[0].code)
    secret = link_secret(story.found.keys.links, link.link_id, link.generation)
    there = await client.post(f"/j/{secret}/test")
    assert there.status_code == 303 and there.headers["location"] == f"/t/{story.link()}"
    assert (await client.get(there.headers["location"])).status_code == 200


async def test_the_notice_of_a_round_has_a_link_that_opens_and_the_call_leads_to_the_point(client: httpx.AsyncClient, story: Story) -> None:
    found = story.found
    story.clock.at = story.start - HOUR

    def due(kind: str, **payload: Any) -> None:
        with found.db.write() as conn:
            item = Item(f"plan:{kind}", kind, story.clock.now(), {"meeting_id": story.meeting, **payload}, 1)
            duties.DUTIES[kind](found, conn, item, story.clock.now())

    def letters(what: str) -> list[tuple[str, str, str]]:
        with found.db.read() as conn:
            notices = conn.execute(select(outbox.c.payload).where(outbox.c.kind == "notice").order_by(outbox.c.item_id)).scalars()
            return [telling.render(found, conn, one, WORDS[what]) for one in notices if one["what"] == what]

    due(line_tests.OPEN_KIND, round="T-60min")
    subject, text, address = letters("linetest.open")[0]
    assert "Giao ban toàn tỉnh" in subject and "…" not in subject + text and story.when(story.start) in text
    path = address.removeprefix(found.settings.base_url)
    assert path.startswith("/t/") and (await client.get(path)).status_code == 200
    story.clock.at = story.start - HOUR / 2
    due(line_tests.CALL_KIND, who="technician")
    _subject, text, address = letters("linetest.technician")[0]
    await sign_in(client, "thuky")
    there = await client.get(address.removeprefix(found.settings.base_url))
    assert there.status_code == 200 and "…" not in text and any(point.name in there.text and point.name in text for point in story.points)


# --- the wall ----------------------------------------------------------------------------------------------------


async def test_the_wall_counts_puts_the_worst_first_and_filters_by_its_address(client: httpx.AsyncClient, story: Story) -> None:
    await report(client, story.link(0), up_kbps=180)
    await report(client, story.link(1))
    await report(client, story.link(2), udp=False, tcp=False, relay=False)
    await sign_in(client, "thuky")
    shown = await client.get(story.wall)
    assert shown.status_code == 200 and re.search(r'id="ready">1</b>/<span id="total">4<', shown.text)
    assert list(tiles(shown.text).values())[1:] == ["failed", "weak", "ready"], "after the one without others below it, the worst first"
    listed = (await client.get(f"{story.wall}?view=list")).text
    assert list(tiles(listed).values())[:3] == ["failed", "weak", "ready"], "its group is the one with a failed line"
    assert "Lên 180 kbit/s: tắt hình" in shown.text and 'aria-current="page">Kiểm tra kỹ thuật' in shown.text
    assert set(tiles((await client.get(f"{story.wall}?show=weak")).text)) == {story.points[0].name}
    assert set(tiles((await client.get(f"{story.wall}?q=co to")).text)) == {story.points[3].name}
    assert "Không có điểm cầu nào như vậy." in (await client.get(f"{story.wall}?q=khong-co")).text
    assert tiles((await client.get(f"{story.wall}?show=nothing")).text).keys() == tiles(shown.text).keys()


async def test_who_looks_after_points_sees_those_and_a_stranger_nothing(app: FastAPI, client: httpx.AsyncClient, story: Story) -> None:
    root = story.tree.roots()[0]
    story.account("ktv-tinh", Role.TECHNICIAN, root.unit_id)
    story.account("ktv-huyen", Role.TECHNICIAN, story.district)
    story.account("thuky-xa", Role.SECRETARY, story.points[1].unit_id)
    story.account("canbo-khac", Role.OFFICER, story.tree.search("Xã Đạp Thanh")[0].unit_id)
    names = [point.name for point in story.points]
    expected = {"thuky": set(names), "ktv-tinh": set(names), "ktv-huyen": set(names[:3]), "thuky-xa": {names[1]}, "xa": {names[0]},
                "nguoila": {names[3]}}
    for login, seen in expected.items():
        async with browser(app) as one:
            await sign_in(one, login)
            shown = await one.get(story.wall)
            assert (shown.status_code, set(tiles(shown.text))) == (200, seen), login
            day = await one.get("/readiness")
            assert set(tiles(day.text)) == seen, login
            hidden = next((point for point in story.points if point.name not in seen), None)
            if hidden is not None:
                assert (await one.get(f"{story.wall}/{hidden.code}")).status_code == 404
                assert hidden.name not in (await one.get(f"{story.wall}.csv")).text
    for login, day_status in (("quantri", 404), ("canbo-khac", 200)):
        async with browser(app) as one:
            await sign_in(one, login)
            assert (await one.get(story.wall)).status_code == 404 and (await one.get(f"{story.wall}.csv")).status_code == 404
            day = await one.get("/readiness")
            assert day.status_code == day_status and not tiles(day.text)
    async with browser(app) as nobody:
        assert (await nobody.get(story.wall)).status_code == 303


async def test_one_point_is_told_with_what_to_do_whom_to_call_its_figures_and_its_past(client: httpx.AsyncClient, story: Story) -> None:
    with story.found.db.write() as conn:
        conn.execute(update(store.point).where(store.point.c.point_id == story.points[0].point_id).values(
            technician_name="Vũ Anh Tuấn", technician_phone="0203118118", deputy_name="Lò Thị Mai", deputy_phone="0203118119"))
    await report(client, story.link(0), loss_up=71)
    await sign_in(client, "thuky")
    shown = (await client.get(f"{story.wall}/{story.points[0].code}")).text
    for said in ("Yếu", "mất 7 % gói tin", "Vũ Anh Tuấn", 'href="tel:0203118118"', "Lò Thị Mai", "7,1 %", "Đường truyền qua các cuộc họp", "kiểm tra thêm"):
        assert said in shown, said
    assert (await client.get(f"{story.wall}/no-such")).status_code == 404


async def test_the_list_names_whom_to_phone_the_worst_first(client: httpx.AsyncClient, story: Story) -> None:
    with story.found.db.write() as conn:
        conn.execute(update(store.point).where(store.point.c.point_id == story.points[2].point_id).values(
            technician_name="=HYPERLINK(\"x\")", technician_phone="+84203118118"))
    await report(client, story.link(1))
    await report(client, story.link(2), udp=False, tcp=False, relay=False)
    await sign_in(client, "thuky")
    answer = await client.get(f"{story.wall}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8" and answer.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Điểm cầu"] for row in rows][0] == story.points[2].name and len(rows) == 3, "who is ready is not phoned"
    assert rows[0]["Kết luận"] == "Lỗi" and "bị chặn" in rows[0]["Lý do"] and rows[1]["Kết luận"] == "Chưa kiểm tra"
    assert rows[0]["Kỹ thuật viên"] == "'=HYPERLINK(\"x\")" and rows[0]["Điện thoại"] == "'+84203118118"
    printed = (await client.get(f"{story.wall}/phone")).text
    assert story.points[2].name in printed and story.points[1].name not in printed and "tel:+84203118118" in printed
    assert (await client.get("/readiness.csv")).status_code == 200 and (await client.get("/readiness/phone")).status_code == 200


async def test_those_not_tested_are_reminded_with_one_press_by_whoever_may(app: FastAPI, client: httpx.AsyncClient, story: Story) -> None:
    await report(client, story.link(0))
    await sign_in(client, "thuky")
    token = token_in((await client.get(story.wall)).text)
    done = await client.post(f"{story.wall}/remind", data={"_csrf": token})
    assert done.status_code == 303 and done.headers["location"] == f"{story.wall}?done=reminded&n=3"
    assert "Đã nhắc 3 điểm cầu" in (await client.get(done.headers["location"])).text
    one = await client.post(f"{story.wall}/remind", data={"_csrf": token, "point": str(story.points[0].point_id)})
    assert one.headers["location"].endswith("n=1")
    async with browser(app) as officer:
        await sign_in(officer, "xa")
        token = token_in((await officer.get("/account")).text)
        assert (await officer.post(f"{story.wall}/remind", data={"_csrf": token})).status_code in (403, 404)


# --- news --------------------------------------------------------------------------------------------------------


async def _frames(app: FastAPI, client: httpx.AsyncClient, path: str) -> AsyncIterator[tuple[str, Any]]:
    """Events of a stream, straight from the application: the test client of httpx would wait for its end."""
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    got: asyncio.Queue[bytes] = asyncio.Queue()
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path, "raw_path": path.encode(),
             "query_string": b"", "root_path": "", "scheme": "http", "server": ("localhost", 8000), "client": ("127.0.0.1", 1),
             "headers": [(b"host", b"localhost:8000"), (b"cookie", cookie.encode()), (b"accept-language", b"vi")]}
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await got.put(message.get("body", b""))

    running = asyncio.create_task(app(scope, receive, send))
    try:
        while True:
            data = (await asyncio.wait_for(got.get(), 10)).decode()
            if found := re.match(r"event: (\w+)\ndata: (.*)\n\n", data):
                yield found[1], json.loads(found[2])
            elif not data:
                return
    finally:
        gone.set()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_wall_hears_everything_first_and_then_each_result_within_two_seconds(
    app: FastAPI, client: httpx.AsyncClient, story: Story,
) -> None:
    await report(client, story.link(0), up_kbps=180)
    await sign_in(client, "thuky")
    frames = _frames(app, client, f"{story.wall}/events")
    kind, first = await anext(frames)
    assert kind == "tested" and len(first) == 4 and sorted(one["verdict"] for one in first) == ["none", "none", "none", "weak"]
    begun = asyncio.get_running_loop().time()
    await report(client, story.link(1))
    await report(client, story.link(2), udp=False)
    heard: list[Any] = []
    while len(heard) < 2:
        heard += (await anext(frames))[1]
    assert asyncio.get_running_loop().time() - begun < 2
    assert {one["key"]: one["verdict"] for one in heard} == {
        f"{story.meeting}.{story.points[1].point_id}": "ready", f"{story.meeting}.{story.points[2].point_id}": "weak"}
    assert heard[-1]["line"] == "Chặn UDP: đi TCP" and heard[0]["note"].startswith("trễ 20 ms")
    await frames.aclose()


async def test_a_wall_hears_of_its_own_points_alone_and_ends_with_the_session(app: FastAPI, client: httpx.AsyncClient, story: Story) -> None:
    story.found.walls.beat = 0.1
    await sign_in(client, "xa")
    frames = _frames(app, client, f"{story.wall}/events")
    _kind, first = await anext(frames)
    assert [one["key"] for one in first] == [f"{story.meeting}.{story.points[0].point_id}"]
    await report(client, story.link(1))
    await report(client, story.link(0))
    heard = [one async for one in _until_told(frames)]
    assert [one["key"] for one in heard] == [f"{story.meeting}.{story.points[0].point_id}"]
    with story.found.db.write() as conn:
        accounts.set_disabled(conn, next(one.user_id for one in accounts.accounts(conn) if one.login == "xa"), story.clock.now())
    story.clock.advance(timedelta(seconds=1))
    assert [kind async for kind, _data in frames if kind == "tested"] == []
    assert len(story.found.walls) == 0


async def _until_told(frames: AsyncIterator[tuple[str, Any]]) -> AsyncIterator[Any]:
    async for kind, data in frames:
        if kind == "tested":
            for one in data:
                yield one
            return


async def test_a_slow_wall_is_told_the_newest_of_each_point_and_nothing_twice(story: Story) -> None:
    walls = Walls()
    with story.found.db.read() as conn:
        one, two, *_rest = line_tests.standings(conn, story.meeting)
    wall = walls.listen({story.meeting: frozenset({one.seat.point_id, two.seat.point_id})})
    news = wall.news(5)
    for _n in range(500):
        walls.publish(story.meeting, one)
    walls.publish(story.meeting, two)
    walls.publish("another", two)
    assert len(await anext(news)) == 2
    walls.close()
    assert [told async for told in news] == [] and len(walls) == 0
    late = walls.listen({})
    assert late.closed
