"""The booking page as an officer uses it: with and without scripts, with mistakes, with somebody in the way."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from meetings import service
from meetings.store import database, unit_store
from meetings.store.unit_tables import unit_version
from scheduler import points as point_store
from scheduler import service as booking
from tests.web.conftest import QuietHub, browser, sign_in, token_in
from web import store
from web.container import Container

DAY = "2026-03-06"


@pytest.fixture
async def secretary(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await sign_in(client, "thuky")
    return client


def points_named(found: Container, *texts: str) -> list[int]:
    """Ids of the points of the units that a search finds first."""
    with found.db.read() as conn:
        tree = unit_store.tree(conn, date(2026, 3, 6))
        return [point_store.points_of(conn, tree.search(text)[0].unit_id)[0].point_id for text in texts]


def people(page: str) -> dict[str, str]:
    """The form as the page filled it in, for the four posts."""
    found = {}
    for post in ("chair", "secretary", "division_head", "clerk"):
        select = page.split(f'name="{post}"')[1].split("</select>")[0]
        chosen = re.search(r'value="([^"]+)" selected', select)
        assert chosen, f"nobody is chosen as {post}"
        found[post] = chosen.group(1)
    return found


async def fill(client: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    page = (await client.get("/meetings/new")).text
    return {"_csrf": token_in(page), "title": "Giao ban tháng 3", "day": DAY, "start": "09:00", "end": "11:00",
            "hurry": "Ứng phó bão", **people(page), **values}


async def book(client: httpx.AsyncClient, points: list[int], **values: Any) -> httpx.Response:
    return await client.post("/meetings/new", data=await fill(client, point=points, action="book", **values))


async def test_all_239_points_are_booked_in_one_action(secretary: httpx.AsyncClient, found: Container) -> None:
    page = (await secretary.get("/meetings/new")).text
    every = [int(value) for value in re.findall(r'name="point" value="(\d+)"', page)]
    assert len(every) == 239
    answer = await book(secretary, every)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].endswith("?done=booked&n=239")
    shown = (await secretary.get(answer.headers["location"])).text
    assert "Đã đặt 239 điểm cầu" in shown and "Kiểm tra" in shown
    with found.db.read() as conn:
        meeting_id = answer.headers["location"].split("/")[2].split("?")[0]
        assert len(booking.points_of_meeting(conn, meeting_id)) == 239
        assert service.get(conn, meeting_id).state == "convened"


async def test_without_scripts_a_group_box_ticks_all_below_it(secretary: httpx.AsyncClient) -> None:
    page = (await secretary.get("/meetings/new")).text
    groups = re.findall(r'name="group" value="([^"]+)".*?class="grow">([^<]+)<', page)
    communes = next(key for key, name in groups if name.startswith("Mọi xã"))
    shown = (await secretary.post("/meetings/new", data=await fill(secretary, group=[communes], action="look"))).text
    assert '<span class="big">177</span>' in shown
    baché = next(key for key, name in groups if name == "Huyện Ba Chẽ")
    ticked = re.findall(r'name="point" value="(\d+)" checked', shown)
    was = re.findall(r'name="was_group" value="([^"]+)"', shown)
    assert communes in was and baché in was
    again = await fill(secretary, point=ticked, group=[key for key in was if key not in (baché, communes)],
                       was_group=[key for key in was if key != communes], action="look")
    shown = (await secretary.post("/meetings/new", data=again)).text
    assert '<span class="big">169</span>' in shown and ">169/177<" in shown


async def test_a_conflict_names_the_point_the_meeting_and_a_free_time(
    secretary: httpx.AsyncClient, found: Container
) -> None:
    province, baché = points_named(found, "Tỉnh Quảng Ninh", "Huyện Ba Chẽ")
    assert (await book(secretary, [baché], title="Giao ban tuần", start="08:00", end="09:30")).status_code == 303
    refused = await book(secretary, [province, baché])
    assert refused.status_code == 409
    assert "Điểm cầu Huyện Ba Chẽ đã có lịch 08:00–09:30 (Giao ban tuần, Tỉnh Quảng Ninh)" in refused.text
    assert "Giờ mọi điểm đều trống" in refused.text and ">09:30–11:30<" in refused.text
    assert '<span class="big">2</span>' in refused.text and "1 vướng" in refused.text
    picked = await fill(secretary, point=[province, baché], pick=f"{DAY} 09:30-11:30")
    shown = (await secretary.post("/meetings/new", data=picked)).text
    assert "2 trống" in shown and "vướng" not in shown.split('id="sum"')[1].split("<noscript>")[0]
    assert 'name="start" value="09:30"' in shown


async def test_nothing_typed_is_lost_and_every_mistake_is_named(secretary: httpx.AsyncClient) -> None:
    typed = await fill(secretary, title="", start="11:00", end="09:00", place="Phòng 2", chair="",
                       agenda_title=["Báo cáo", ""], agenda_presenter=["Sở Y tế", "Ai đó"], agenda_minutes=["25", "lâu"], action="book")
    answer = await secretary.post("/meetings/new", data=typed)
    assert answer.status_code == 422
    for kept in ('value="Phòng 2"', 'value="25"', 'value="lâu"', 'value="Báo cáo"', 'value="Sở Y tế"', 'value="Ai đó"'):
        assert kept in answer.text
    summary = answer.text.split('class="summary"')[1].split("</ul>")[0]
    for field in ("#title", "#end", "#chair", "#agenda", "#audience"):
        assert f'href="{field}"' in summary, field


async def test_one_person_cannot_be_booked_to_sign_twice(secretary: httpx.AsyncClient) -> None:
    typed = await fill(secretary, action="book")
    answer = await secretary.post("/meetings/new", data={**typed, "secretary": typed["chair"]})
    assert answer.status_code == 422 and "ba người khác nhau" in answer.text
    assert 'href="#secretary"' in answer.text.split('class="summary"')[1].split("</ul>")[0]


async def test_a_good_file_survives_a_form_with_another_mistake(secretary: httpx.AsyncClient, found: Container) -> None:
    data = await fill(secretary, title="", action="book", point=points_named(found, "Tỉnh Quảng Ninh"))
    files = {"document": ("Báo cáo.txt", "Số liệu tháng 3".encode(), "text/plain")}
    answer = await secretary.post("/meetings/new", data=data, files=files)
    assert answer.status_code == 422 and "Báo cáo.txt" in answer.text
    receipt = re.search(r'name="kept" value="([^"]+)"', answer.text)
    assert receipt
    answer = await secretary.post("/meetings/new", data={**data, "title": "Có tên", "kept": [receipt.group(1)]})
    assert answer.status_code == 303
    papers = await secretary.get(answer.headers["location"].split("?")[0] + "/documents")
    assert "Báo cáo.txt" in papers.text


async def test_a_forged_receipt_is_no_file(secretary: httpx.AsyncClient, found: Container) -> None:
    data = await fill(secretary, action="book", point=points_named(found, "Tỉnh Quảng Ninh"), kept=["eyJ9.00"])
    answer = await secretary.post("/meetings/new", data=data)
    papers = await secretary.get(answer.headers["location"].split("?")[0] + "/documents")
    assert "Chưa có tài liệu nào" in papers.text


@pytest.mark.parametrize(("name", "content", "says"), [
    ("rong.txt", b"", "rỗng"),
    ("chay.exe", b"MZ\x90\x00", "không nhận"),
    ("giả.pdf", b"khong phai pdf", "không nhận"),
    ("mat.txt", "Kính gửi\nTUYỆT MẬT\n".encode(), "TUYỆT MẬT"),
])
async def test_a_refused_document_is_named_with_its_reason(
    secretary: httpx.AsyncClient, found: Container, name: str, content: bytes, says: str
) -> None:
    data = await fill(secretary, action="book", point=points_named(found, "Tỉnh Quảng Ninh"))
    answer = await secretary.post("/meetings/new", data=data, files={"document": (name, content, "text/plain")})
    assert answer.status_code == 422
    assert says in answer.text and name in answer.text


async def test_a_draft_is_kept_and_booked_later(secretary: httpx.AsyncClient, found: Container, hub: QuietHub) -> None:
    answer = await secretary.post("/meetings/new", data=await fill(secretary, action="draft"))
    path = answer.headers["location"].split("?")[0]
    page = (await secretary.get(path)).text
    assert f'href="{path}/book"' in page
    wanted = points_named(found, "Tỉnh Quảng Ninh", "Huyện Ba Chẽ")
    data = {"_csrf": token_in((await secretary.get(f"{path}/book")).text), "point": wanted, "action": "book", "hurry": "Bão"}
    assert (await secretary.post(f"{path}/book", data=data)).headers["location"] == f"{path}?done=booked&n=2"
    assert hub.told == [path.split("/")[2]]


async def test_somebody_who_books_nothing_is_told_so(secretary: httpx.AsyncClient) -> None:
    answer = await book(secretary, [])
    assert answer.status_code == 422 and "Chưa chọn điểm cầu nào" in answer.text


async def test_a_district_convenes_its_own_points_and_asks_for_all_others(app: object, found: Container) -> None:
    async with browser(app) as other:  # type: ignore[arg-type]
        await sign_in(other, "nguoila")
        page = (await other.get("/meetings/new")).text
    own, others = page.split('class="others"')
    with found.db.read() as conn:
        tree = unit_store.tree(conn, date(2026, 3, 6))
        below = len(tree.subtree(tree.search("Huyện Cô Tô")[0].unit_id))
    assert len(re.findall(r'name="point" value="\d+"', own)) == below
    assert len(set(re.findall(r'name="point" value="(\d+)"', others))) == 239 - below
    assert "cần đồng ý" in others.split("</summary>")[0] and "<details class=\"fold\">" in others


async def test_a_search_hides_but_keeps_what_is_chosen(secretary: httpx.AsyncClient, found: Container) -> None:
    wanted = points_named(found, "Tỉnh Quảng Ninh")
    shown = (await secretary.post("/meetings/new", data=await fill(secretary, point=wanted, q="don dac", action="search"))).text
    item = shown.split(f'value="{wanted[0]}" checked')[0].rsplit("<li", 1)[1]
    assert "hidden" in item and '<span class="big">1</span>' in shown
    visible = [name for name, rest in re.findall(r'<li data-name="(Xã [^"]+)"( hidden)?>', shown) if not rest]
    assert visible == ["Xã Đồn Đạc"]


async def test_an_officer_may_not_book(client: httpx.AsyncClient) -> None:
    await sign_in(client, "xa")
    assert (await client.get("/meetings/new")).status_code == 404


async def test_a_secretary_from_below_sees_and_keeps_the_whole_meeting(
    app: object, secretary: httpx.AsyncClient, found: Container
) -> None:
    province, baché, coto = points_named(found, "Tỉnh Quảng Ninh", "Huyện Ba Chẽ", "Huyện Cô Tô")
    with found.db.read() as conn:
        other = store.account_by_login(conn, "nguoila")
    assert other
    path = (await book(secretary, [province, baché], secretary=other[0].user_id)).headers["location"].split("?")[0]
    async with browser(app) as client:  # type: ignore[arg-type]
        await sign_in(client, "nguoila")
        page = (await client.get(f"{path}/book")).text
        assert len(re.findall(r'name="point" value="\d+"', page)) == 239
        ticked = [int(value) for value in re.findall(r'name="point" value="(\d+)" checked', page)]
        assert set(ticked) == {province, baché}
        data = {"_csrf": token_in(page), "point": [*ticked, coto], "action": "book"}
        assert (await client.post(f"{path}/book", data=data)).headers["location"] == f"{path}?done=booked&n=3"
    with found.db.read() as conn:
        assert set(booking.points_of_meeting(conn, path.split("/")[2])) == {province, baché, coto}


async def test_points_that_left_the_scope_are_shown_and_given_back_only_by_hand(
    secretary: httpx.AsyncClient, found: Container
) -> None:
    province, baché = points_named(found, "Tỉnh Quảng Ninh", "Huyện Ba Chẽ")
    commune = points_named(found, "Xã Đồn Đạc")[0]
    path = (await book(secretary, [province, baché, commune])).headers["location"].split("?")[0]
    with found.db.write() as conn:
        ended = update(unit_version).where(unit_version.c.name == "Xã Đồn Đạc")
        conn.execute(ended.values(valid_to=date(2026, 3, 6)))
    page = (await secretary.get(f"{path}/book")).text
    assert "Ngoài phạm vi triệu tập" in page
    ticked = [int(value) for value in re.findall(r'name="point" value="(\d+)" checked', page)]
    assert set(ticked) == {province, baché, commune}
    data = {"_csrf": token_in(page), "point": ticked, "action": "book"}
    refused = await secretary.post(f"{path}/book", data=data)
    assert refused.status_code == 422 and "đơn vị không còn vào ngày họp" in refused.text
    data["point"] = [province, baché]
    assert (await secretary.post(f"{path}/book", data=data)).status_code == 303


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 20)


async def test_while_the_database_is_busy_nothing_typed_is_lost(
    impatient: None, secretary: httpx.AsyncClient, found: Container
) -> None:
    data = await fill(secretary, point=points_named(found, "Huyện Ba Chẽ"), action="book", place="Phòng họp số 2")
    other = database.Database(found.db.url)
    with other.write():
        answer = await secretary.post("/meetings/new", data=data)
    other.close()
    assert answer.status_code == 503 and answer.headers["retry-after"] == "5"
    assert "Máy chủ đang bận" in answer.text and 'value="Phòng họp số 2"' in answer.text
    assert (await secretary.post("/meetings/new", data=data)).status_code == 303
