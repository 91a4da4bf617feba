"""Xác nhận on pages: a district asks for the province's point, the province answers, offers, or takes a point itself."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from meetings import service as meetings
from meetings.access import Subject
from meetings.meeting import NewMeeting, Person, State
from scheduler import policies, request_store
from scheduler import points as point_store
from scheduler import service as booking
from scheduler.approval import Standing
from scheduler.store import point as store_point
from tests.web.conftest import ManualClock, browser, post, sign_in
from web import booking_view, convening, session, store
from web.container import Container

DAY = timedelta(days=1)


def subject(found: Container, login: str) -> Subject:
    with found.db.read() as conn:
        account = store.account_by_login(conn, login)
        assert account is not None
        return session.subject_of(conn, account[0], found.clock.now().date())


def point(found: Container, code: str) -> int:
    with found.db.read() as conn:
        return point_store.point_by_code(conn, code).point_id


def draft(found: Container, login: str, title: str, *codes: str, displace: str = "") -> str:
    """A meeting of this secretary's unit in three days, with these points asked for or booked."""
    by, now = subject(found, login), found.clock.now()
    me = Person(by.user_id or "", by.name, "Chuyên viên")
    chair, head = Person("c", "Phạm Minh Hải", "Chủ tịch"), Person("h", "Trần Văn Đức", "Trưởng phòng")
    with found.db.write() as conn:
        unit = booking_view.scope(conn, by.unit_id, now.date()).unit
        made = meetings.create(conn, NewMeeting(title, unit, now + 3 * DAY, now + 3 * DAY + timedelta(hours=2), chair, me, head, me), by, now)
        convening.book(conn, made.meeting_id, [point(found, code) for code in codes], by, now, displace, "Bão số 3")
    return made.meeting_id


@pytest.fixture
async def people(app: FastAPI) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    found: dict[str, httpx.AsyncClient] = {}
    for login in ("nguoila", "thuky", "xa", "quantri"):
        found[login] = browser(app)
        assert (await sign_in(found[login], login)).status_code == 303
    yield found
    for client in found.values():
        await client.aclose()


def only_request(found: Container, meeting_id: str) -> request_store.Stored:
    with found.db.read() as conn:
        [stored] = request_store.of_meeting(conn, meeting_id)
    return stored


async def test_the_province_is_asked_and_says_yes(found: Container, people: dict[str, httpx.AsyncClient]) -> None:
    meeting_id = draft(found, "nguoila", "Họp Cô Tô", "207", "22")
    mine = (await people["nguoila"].get(f"/meetings/{meeting_id}/approvals")).text
    assert "1/2 điểm cầu đã xác nhận" in mine and "Chờ xác nhận" in mine and "Triệu tập với 1 điểm" in mine
    today = (await people["thuky"].get("/")).text
    assert "Chờ xác nhận điểm cầu · 1" in today
    [address] = set(re.findall(r'href="(/requests/[^"]+)"', today))
    shown = (await people["thuky"].get(address)).text
    assert "Họp Cô Tô" in shown and "Trả lời thay mặt Tỉnh Quảng Ninh" in shown
    answer = await post(people["thuky"], f"{address}/agree", {"version": "1"})
    assert answer.headers["location"] == "/requests?done=answered"
    assert "Đơn vị đề nghị được báo ngay" in (await people["thuky"].get("/requests?done=answered")).text
    assert only_request(found, meeting_id).request.standing is Standing.AGREED
    assert "2/2 điểm cầu đã xác nhận" in (await people["nguoila"].get(f"/meetings/{meeting_id}/approvals")).text
    assert (await post(people["nguoila"], f"/meetings/{meeting_id}/convene")).headers["location"].endswith("?done=convened")
    with found.db.read() as conn:
        assert meetings.get(conn, meeting_id).state is State.CONVENED


async def test_strangers_see_no_request_and_nobody_answers_for_another(found: Container, people: dict[str, httpx.AsyncClient]) -> None:
    meeting_id = draft(found, "nguoila", "Họp Cô Tô", "207", "22")
    address = f"/requests/{only_request(found, meeting_id).request_id}"
    for login in ("xa", "nguoila", "quantri"):
        assert (await people[login].get(address)).status_code == 404
        assert (await post(people[login], f"{address}/agree", {"version": "1"})).status_code == 404
    assert (await people["xa"].get("/requests")).status_code == 200
    assert (await people["quantri"].get("/requests")).status_code in (403, 404)
    assert only_request(found, meeting_id).request.standing is Standing.ASKED


async def test_what_is_wrong_with_an_answer_is_said_and_nothing_typed_is_lost(
    found: Container, people: dict[str, httpx.AsyncClient], clock: ManualClock
) -> None:
    meeting_id = draft(found, "nguoila", "Họp Cô Tô", "207", "22")
    address = f"/requests/{only_request(found, meeting_id).request_id}"
    empty = await post(people["thuky"], f"{address}/decline", {"version": "1", "reason": "  "})
    assert empty.status_code == 422 and 'id="reason-wrong"' in empty.text
    same = await post(people["thuky"], f"{address}/counter", {"version": "1", "note": "Đổi giờ nhé"})
    assert same.status_code == 422 and "Đổi giờ nhé" in same.text
    with found.db.write() as conn:  # a second point of the unit that is asked
        of_unit = conn.execute(select(store_point.c.unit_id).where(store_point.c.code == "22")).scalar_one()
        conn.execute(store_point.insert().values(code="22b", name="Phòng họp 2", unit_id=of_unit))
    other = point(found, "22b")
    wrong = await post(people["thuky"], f"{address}/counter", {"version": "1", "point": other, "day": "mai", "start": "14:00", "end": "16:00"})
    assert wrong.status_code == 422 and f'value="{other}" checked' in wrong.text, "what was ticked stays ticked"
    assert (await post(people["thuky"], f"{address}/shrug", {"version": "1"})).status_code == 422
    stale = await post(people["thuky"], f"{address}/agree", {"version": "7"})
    assert stale.status_code == 409 and "vừa thay đổi" in stale.text
    clock.advance(2 * DAY)
    await sign_in(people["thuky"], "thuky")
    late = await post(people["thuky"], f"{address}/agree", {"version": "1"})
    assert late.status_code in (404, 409)
    assert only_request(found, meeting_id).request.standing is Standing.ASKED


async def test_another_time_is_offered_and_taken(found: Container, people: dict[str, httpx.AsyncClient]) -> None:
    meeting_id = draft(found, "nguoila", "Họp Cô Tô", "207", "22")
    stored = only_request(found, meeting_id)
    day = found.when.form_date(stored.request.slot.start + DAY)
    answer = await post(people["thuky"], f"/requests/{stored.request_id}/counter",
                        {"version": "1", "day": day, "start": "14:00", "end": "16:00", "note": "Sáng có họp tỉnh"})
    assert answer.status_code == 303, answer.text
    assert "Cuộc họp cần bạn quyết định" in (await people["nguoila"].get("/")).text
    shown = (await people["nguoila"].get(f"/meetings/{meeting_id}/approvals")).text
    assert "Sáng có họp tỉnh" in shown and "14:00" in shown and "đang hỏi" not in shown, "nobody is asked now: it is the secretary's turn"
    taken = await post(people["nguoila"], f"/meetings/{meeting_id}/approvals/{stored.request_id}/accept")
    assert taken.status_code == 303, taken.text
    after = only_request(found, meeting_id).request
    assert after.standing is Standing.ASKED and found.when.clock(after.slot.start) == "14:00"


async def test_what_is_offered_is_named_the_point_and_the_time(found: Container, people: dict[str, httpx.AsyncClient]) -> None:
    meeting_id = draft(found, "nguoila", "Họp Cô Tô", "207", "22")
    with found.db.write() as conn:
        of_unit = conn.execute(select(store_point.c.unit_id).where(store_point.c.code == "22")).scalar_one()
        conn.execute(store_point.insert().values(code="22b", name="Phòng họp 2", unit_id=of_unit))
    stored = only_request(found, meeting_id)
    address = f"/requests/{stored.request_id}"
    assert "22b" in (await people["thuky"].get(address)).text, "rooms of one name are told apart by their codes"
    room, day = str(point(found, "22b")), found.when.form_date(stored.request.slot.start + DAY)
    here = f"/meetings/{meeting_id}/approvals"
    await post(people["thuky"], f"{address}/counter", {"version": "1", "point": room})
    shown = (await people["nguoila"].get(here)).text
    assert "Đề xuất điểm cầu: Phòng họp 2 (22b)" in shown and "Đề xuất giờ" not in shown
    assert "Phòng họp 2 (22b)" in (await people["thuky"].get(address)).text
    await post(people["nguoila"], f"{here}/{stored.request_id}/insist")
    both = {"version": str(only_request(found, meeting_id).version), "point": room, "day": day, "start": "14:00", "end": "16:00"}
    assert (await post(people["thuky"], f"{address}/counter", both)).status_code == 303
    shown = (await people["nguoila"].get(here)).text
    assert "Đề xuất điểm cầu: Phòng họp 2 (22b)" in shown and "14:00–16:00" in shown.split("Đề xuất giờ: ")[1][:40]
    assert (await post(people["nguoila"], f"{here}/{stored.request_id}/accept")).status_code == 303
    [taken] = (await people["nguoila"].get(here)).text.split("Điểm cầu\">")[1:2]
    assert taken.startswith("Phòng họp 2"), "and then it is what is asked for"


async def test_points_outside_are_found_asked_and_given_up(found: Container, people: dict[str, httpx.AsyncClient]) -> None:
    meeting_id = draft(found, "nguoila", "Họp Cô Tô", "207")
    here = f"/meetings/{meeting_id}/approvals"
    assert "Huyện Ba Chẽ" in (await people["nguoila"].get(f"{here}?q=ba che")).text
    answer = await post(people["nguoila"], f"{here}/ask", {"point": str(point(found, "202")), "q": "ba che"})
    assert answer.status_code == 303
    request_id = only_request(found, meeting_id).request_id
    assert (await post(people["nguoila"], f"{here}/{request_id}/withdraw")).status_code == 303
    assert only_request(found, meeting_id).request.standing is Standing.WITHDRAWN
    with found.db.read() as conn:
        assert booking.points_of_meeting(conn, meeting_id) == [point(found, "207")]


async def test_the_province_takes_a_point_by_the_policy_and_the_loser_moves(
    found: Container, people: dict[str, httpx.AsyncClient]
) -> None:
    lost = draft(found, "nguoila", "Giao ban Cô Tô", "207")
    mine = draft(found, "thuky", "Họp khẩn", "22")
    here, data = f"/meetings/{mine}/approvals", {"point": str(point(found, "207")), "q": "co to"}
    busy = await post(people["thuky"], f"{here}/ask", data)
    assert busy.status_code == 409 and "Lý do lấy giờ" in busy.text
    no = await post(people["thuky"], f"{here}/ask", data | {"reason": "Bão số 3"})
    assert no.status_code == 403 and "Quy tắc đặt lịch không cho" in no.text and "Bão số 3" in no.text
    kept = await post(people["quantri"], "/admin/rules", {"displaces": "province>district", "answer:": "24", "remind:": "4"})
    assert kept.status_code == 303, kept.text
    assert (await post(people["thuky"], f"{here}/ask", data | {"reason": "Bão số 3"})).status_code == 303
    shown = (await people["nguoila"].get(f"/meetings/{lost}/approvals")).text
    assert "Bão số 3" in shown and "Dời cả cuộc họp sang giờ này" in shown
    [address] = set(re.findall(rf'action="(/meetings/{lost}/losses/[^"]+/rebook)"', shown))
    assert (await post(people["thuky"], address)).status_code == 404
    assert (await post(people["nguoila"], address)).status_code == 303
    with found.db.read() as conn:
        assert booking.points_of_meeting(conn, lost) == [point(found, "207")]
        assert point(found, "207") in booking.points_of_meeting(conn, mine)


async def test_rules_are_kept_by_administrators_and_nonsense_is_refused(
    found: Container, people: dict[str, httpx.AsyncClient]
) -> None:
    assert (await people["thuky"].get("/admin/rules")).status_code in (403, 404)
    bad = await post(people["quantri"], "/admin/rules", {"confirms": "moon", "answer:": "24"})
    assert bad.status_code == 422 and "Không có cấp" in bad.text
    zero = await post(people["quantri"], "/admin/rules", {"answer:": "không"})
    assert zero.status_code == 422
    both = await post(people["quantri"], "/admin/rules", {"displaces": ["province>district", "district>province"]})
    assert both.status_code == 422
    assert (await post(people["quantri"], "/admin/rules", {"confirms": "commune", "answer:commune": "48"})).status_code == 303
    with found.db.read() as conn:
        policy = policies.current(conn)
    assert policy.confirms == {"commune"} and policy.answer_within["commune"] == timedelta(hours=48)


async def test_the_form_takes_time_where_the_rules_allow_and_says_who_is_asked(
    found: Container, people: dict[str, httpx.AsyncClient]
) -> None:
    lost = draft(found, "nguoila", "Giao ban Cô Tô", "207")
    with found.db.read() as conn:
        start = meetings.get(conn, lost).start
    times = {"title": "Họp khẩn", "day": found.when.form_date(start), "start": found.when.clock(start), "end": "10:00",
             "point": [str(point(found, "207")), str(point(found, "202"))], "hurry": "Bão số 3"}
    page = (await people["thuky"].get("/meetings/new")).text
    chosen = {post: re.search(r'value="([^"]+)" selected', page.split(f'name="{post}"')[1].split("</select>")[0])
              for post in ("chair", "secretary", "division_head", "clerk")}
    data = times | {post: match[1] for post, match in chosen.items() if match}
    assert 'name="displace"' not in (await post(people["thuky"], "/meetings/new", data | {"action": "look"})).text
    rules = {"displaces": "province>district", "answer:": "24", "remind:": "4"}
    assert (await post(people["quantri"], "/admin/rules", rules | {"confirms": "district"})).status_code == 303
    looked = (await post(people["thuky"], "/meetings/new", data | {"action": "look"})).text
    assert 'name="displace"' not in looked, "whoever has to ask takes nobody's time"
    waiting = await post(people["thuky"], "/meetings/new", data | {"action": "book", "point": data["point"][1:]})
    assert waiting.status_code == 303 and waiting.headers["location"].endswith("/approvals?done=asked&n=1"), waiting.text
    assert "1 điểm cầu chờ đơn vị" in (await people["thuky"].get(waiting.headers["location"])).text
    assert (await post(people["quantri"], "/admin/rules", rules)).status_code == 303
    assert 'name="displace"' in (await post(people["thuky"], "/meetings/new", data | {"action": "look"})).text
    taken = await post(people["thuky"], "/meetings/new", data | {"action": "book", "displace": "Bão số 3"})
    assert taken.status_code == 303 and taken.headers["location"].endswith("?done=booked&n=2"), taken.text
