"""What each person sees: lists that show only what they may read, the meeting's tabs, links, documents, administration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

import httpx
import pytest
from fastapi import FastAPI

from meetings import service
from meetings.access import Role, Subject
from meetings.meeting import AgendaLine, Meeting, NewMeeting, Person
from meetings.store import datasets, ledger_store, unit_store
from scheduler import points as point_store
from scheduler import service as booking
from tests.web.conftest import ManualClock, QuietHub, browser, post, sign_in
from web import booking_view, session, store
from web.container import Container


@dataclass(frozen=True)
class Story:
    """A booked meeting of the province with three points, one of them Xã Đồn Đạc's."""

    meeting: Meeting
    people: dict[str, Subject]
    points: list[int]

    @property
    def path(self) -> str:
        return f"/meetings/{self.meeting.meeting_id}"


@pytest.fixture
def story(found: Container, clock: ManualClock) -> Story:
    at, today = clock.now(), found.when.today(clock.now())
    with found.db.write() as conn:
        accounts = {account.login: account for account in store.accounts(conn)}
        people = {login: session.subject_of(conn, account, today) for login, account in accounts.items()}
        posts = {post: Person(accounts[login].user_id, accounts[login].name, accounts[login].title) for post, login in (
            ("chair", "chutri"), ("secretary", "thuky"), ("division_head", "lanhdao"), ("clerk", "vanthu"))}
        tree = unit_store.tree(conn, today)
        points = [point_store.points_of(conn, tree.search(name)[0].unit_id)[0].point_id
                  for name in ("Tỉnh Quảng Ninh", "Huyện Ba Chẽ", "Xã Đồn Đạc")]
        meeting = service.create(conn, NewMeeting(
            "Giao ban tháng 3", booking_view.scope(conn, people["thuky"].unit_id, today).unit, at + timedelta(minutes=30),
            at + timedelta(hours=2), **posts, agenda=(AgendaLine("Báo cáo", "Văn phòng"),)), people["thuky"], at)
        booking.book(conn, meeting.meeting_id, points, people["thuky"], at)
    return Story(meeting, people, points)


async def test_the_chair_is_led_to_the_conduct_page(client: httpx.AsyncClient, story: Story) -> None:
    await sign_in(client, "chutri")
    page = (await client.get("/")).text
    assert "Giao ban tháng 3" in page and f'href="{story.path}/conduct"' in page and "còn 30 phút" in page


async def test_an_officer_is_led_to_the_door_of_their_own_point(client: httpx.AsyncClient, story: Story) -> None:
    await sign_in(client, "xa")
    page = (await client.get("/")).text
    door = re.search(r'href="(/j/[\w-]{46})"', page)
    assert door and "/conduct" not in page


async def test_a_stranger_gets_the_same_404_for_not_theirs_and_not_existing(
    client: httpx.AsyncClient, story: Story
) -> None:
    await sign_in(client, "nguoila")
    for suffix in ("", "/audience", "/agenda", "/documents", "/course", "/minutes", "/cards", "/book", "/approvals", "/readiness",
                   "/readiness/phone", "/readiness.csv", "/readiness/22", "/registration", "/edit", "/series", "/invitation.docx"):
        theirs = await client.get(story.path + suffix)
        nothing = await client.get("/meetings/01890000-0000-7000-8000-000000000000" + suffix)
        assert theirs.status_code == nothing.status_code == 404
        assert theirs.text == nothing.text
    day = "2026-03-05"
    for page in ("/", "/meetings", "/documents", f"/calendar/month?on={day}", f"/calendar/week?on={day}", f"/calendar/timeline?on={day}",
                 f"/calendar/timeline?on={day}&q=giao+ban", "/points", "/points/22", "/readiness", "/readiness/phone", "/readiness.csv",
                 "/requests", "/feeds", f"/meetings/free?on={day}&points=1-239&days=1", f"/meetings/new?on={day}&start=08:30&end=10:00&points=1-239"):
        answer = await client.get(page)
        assert answer.status_code == 200 and "Giao ban tháng 3" not in answer.text, page


async def test_a_stranger_sees_in_the_day_that_a_point_is_taken_but_not_by_what(
    client: httpx.AsyncClient, story: Story
) -> None:
    await sign_in(client, "nguoila")
    page = (await client.get("/calendar/timeline?on=2026-03-05")).text
    assert "Huyện Ba Chẽ" in page and "Bận (Tỉnh Quảng Ninh)" in page
    assert "Giao ban tháng 3" not in page and story.meeting.meeting_id not in page
    code = re.findall(r"/points/(\d+)\"", (await client.get("/points?q=don dac")).text)[0]
    point = (await client.get(f"/points/{code}")).text
    assert "Đã có lịch" in point and "Giao ban" not in point


async def test_nobody_signed_in_is_sent_to_the_door_and_back(client: httpx.AsyncClient, story: Story) -> None:
    answer = await client.get(f"{story.path}/audience?q=ba")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/signin?next=%2Fmeetings%2F{story.meeting.meeting_id}%2Faudience%3Fq%3Dba"


async def test_every_refusal_of_a_signed_in_person_is_in_the_audit(
    client: httpx.AsyncClient, story: Story, found: Container
) -> None:
    await sign_in(client, "nguoila")
    for path in (story.path, "/meetings/01890000-0000-7000-8000-000000000000"):  # theirs, and one that does not exist
        await client.get(path)
        with found.db.read() as conn:
            last = ledger_store.events(conn, None)[-1]
        assert last.kind == "access.denied" and last.data == {"action": "meeting.read", "path": path}


@pytest.mark.parametrize("login", ["thuky", "chutri", "lanhdao", "vanthu", "xa"])
async def test_every_tab_opens_for_those_who_take_part(client: httpx.AsyncClient, story: Story, login: str) -> None:
    await sign_in(client, login)
    for suffix in ("", "/audience", "/agenda", "/documents", "/course", "/minutes"):
        answer = await client.get(story.path + suffix)
        assert answer.status_code == 200 and answer.text.count('aria-current="page"') == 2, suffix


async def test_the_list_is_filtered_by_its_address(client: httpx.AsyncClient, story: Story) -> None:
    await sign_in(client, "thuky")
    assert "Giao ban tháng 3" in (await client.get("/meetings?q=giao ban thang")).text
    assert "Giao ban tháng 3" in (await client.get("/meetings?state=convened")).text
    for address in ("/meetings?q=khong co", "/meetings?state=draft", "/meetings?period=past"):
        assert "Giao ban tháng 3" not in (await client.get(address)).text, address


async def test_one_card_a_point_and_its_code_leads_to_its_door(client: httpx.AsyncClient, story: Story) -> None:
    await sign_in(client, "thuky")
    page = (await client.get(f"{story.path}/cards")).text
    assert page.count('class="joincard"') == 3 and page.count("<svg") >= 3 and "style=" not in page
    assert len(set(re.findall(r"http://localhost:8000/j/([\w-]{46})", page))) == 3


async def test_an_officer_gets_no_cards_of_others(client: httpx.AsyncClient, story: Story) -> None:
    await sign_in(client, "xa")
    assert (await client.get(f"{story.path}/cards")).status_code == 403
    assert "In thẻ" not in (await client.get(story.path)).text


async def test_renewing_a_link_makes_the_old_one_worthless(
    client: httpx.AsyncClient, story: Story, hub: QuietHub
) -> None:
    await sign_in(client, "thuky")
    old = re.findall(r"localhost:8000(/j/[\w-]{46})</p>", (await client.get(f"{story.path}/cards?q=don dac")).text)
    assert len(old) == 1
    assert (await client.get(old[0])).status_code == 200
    answer = await post(client, f"{story.path}/links/{story.points[2]}/renew")
    assert answer.headers["location"] == f"{story.path}/audience?done=revoked"
    new = re.findall(r"localhost:8000(/j/[\w-]{46})</p>", (await client.get(f"{story.path}/cards?q=don dac")).text)
    assert new != old
    assert (await client.get(old[0])).status_code == 404 and (await client.get(new[0])).status_code == 200
    assert story.meeting.meeting_id in hub.told


async def test_documents_are_added_read_back_and_never_shown_inline(
    client: httpx.AsyncClient, story: Story, app: FastAPI, hub: QuietHub,
) -> None:
    await sign_in(client, "thuky")
    page = (await client.get(f"{story.path}/documents")).text
    token = re.search(r'csrf-token" content="(\w+)"', page)
    assert token
    answer = await client.post(
        f"{story.path}/documents", data={"_csrf": token.group(1)},
        files=[("document", ("Số liệu.txt", b"tot", "text/plain")), ("document", ("xau.exe", b"MZ", "text/plain"))])
    assert answer.status_code == 422 and "xau.exe" in answer.text and "Số liệu.txt" in answer.text
    assert hub.told == [story.meeting.meeting_id], "whoever is in the room sees the new one, once"
    link = re.search(rf'href="({story.path}/documents/[\w-]+)"', answer.text)
    assert link
    async with browser(app) as officer:
        await sign_in(officer, "xa")
        file = await officer.get(link.group(1))
        assert file.content == b"tot" and file.headers["content-disposition"].startswith("attachment")
        assert file.headers["x-content-type-options"] == "nosniff"
        assert (await post(officer, f"{story.path}/documents")).status_code == 403
    async with browser(app) as stranger:
        await sign_in(stranger, "nguoila")
        assert (await stranger.get(link.group(1))).status_code == 404


async def test_the_record_is_told_in_sentences_and_its_chain_is_checked(
    client: httpx.AsyncClient, story: Story, found: Container
) -> None:
    await sign_in(client, "thuky")
    page = (await client.get(f"{story.path}/course")).text
    assert "Đã đặt 3 điểm cầu" in page and "Chuỗi ghi chép nguyên vẹn" in page
    with found.db.write() as conn:
        conn.exec_driver_sql("DROP TRIGGER IF EXISTS event_append_only")
        for name, in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='event'").all():
            conn.exec_driver_sql(f"DROP TRIGGER {name}")
        conn.exec_driver_sql("UPDATE event SET data = '{\"count\":4,\"points\":[]}' WHERE kind = 'meeting.booked'")
    page = (await client.get(f"{story.path}/course")).text
    assert "bị đứt ở sự kiện 2" in page


async def test_a_technician_reads_no_conclusion_and_no_name_of_a_document(
    app: FastAPI, client: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock
) -> None:
    meeting_id, at, chair = story.meeting.meeting_id, clock.now(), story.people["chutri"]
    with found.db.write() as conn:
        row = store.account_by_login(conn, "thuky")
        assert row
        store.add_account(conn, "kythuat", "Vũ Kỹ Thuật", "", row[0].unit_id, frozenset({Role.TECHNICIAN}), row[1], at,
                          must_change=False)
        service.open(conn, meeting_id, chair, at)
        service.conclusion_write(conn, meeting_id, "Giao Sở Y tế báo cáo", chair, at)
        service.document_add(conn, meeting_id, "Báo cáo quý.txt", "text/plain", 3, "0" * 64, story.people["thuky"], at)
    await sign_in(client, "kythuat")
    for suffix in ("", "/audience", "/agenda", "/documents", "/course", "/minutes"):
        page = await client.get(story.path + suffix)
        assert page.status_code == 200, suffix
        assert "Giao Sở Y tế" not in page.text and "Báo cáo quý" not in page.text, suffix
    assert (await client.get(f"{story.path}/events")).status_code == 403
    assert (await client.get(f"{story.path}/votes")).status_code == 403 and f"{story.path}/votes" not in (await client.get(story.path)).text
    async with browser(app) as other:
        await sign_in(other, "lanhdao")
        assert "Giao Sở Y tế" in (await other.get(story.path)).text


async def test_cancelling_asks_for_a_reason_and_gives_the_points_back(
    client: httpx.AsyncClient, story: Story, found: Container
) -> None:
    await sign_in(client, "thuky")
    assert (await post(client, f"{story.path}/cancel", {"reason": " "})).status_code == 422
    answer = await post(client, f"{story.path}/cancel", {"reason": "Bão đổi hướng"})
    assert answer.status_code == 303
    page = (await client.get(answer.headers["location"])).text
    assert "Đã hủy" in page and "/conduct" not in page
    with found.db.read() as conn:
        assert booking.points_of_meeting(conn, story.meeting.meeting_id) == []


async def test_units_of_a_date_with_successors_and_unknown_ones(
    client: httpx.AsyncClient, found: Container, clock: ManualClock
) -> None:
    with found.db.write() as conn:
        datasets.load_dataset(conn, "quang-ninh-2025", clock.now())
    await sign_in(client, "quantri")
    before = (await client.get("/admin/units?on=2025-06-30")).text
    after = (await client.get("/admin/units?on=2025-07-01")).text
    assert "Cấp huyện 13" in before and "Cấp huyện" not in after.split("Đã thôi hoạt động")[0].split("</form>")[0]
    assert after.count("chưa rõ đơn vị kế tục") >= 6
    assert "Phường Cao Xanh" in after.split("Đã thôi hoạt động")[1]


async def test_an_administrator_of_a_district_reaches_no_account_above(
    client: httpx.AsyncClient, found: Container, story: Story
) -> None:
    with found.db.write() as conn:
        tree = unit_store.tree(conn, date(2026, 3, 5))
        row = store.account_by_login(conn, "nguoila")
        assert row
        store.add_account(conn, "quantrihuyen", "Quản Trị Huyện", "", tree.search("Huyện Cô Tô")[0].unit_id,
                          frozenset({Role.ADMIN}), row[1], story.meeting.created_at, must_change=False)
    await sign_in(client, "quantrihuyen")
    assert "nguoila" in (page := (await client.get("/admin/users")).text) and "thuky" not in page
    above = story.people["thuky"].user_id
    refused = await post(client, f"/admin/users/{above}/password", headers={"accept": "application/json"})
    absent = await post(client, "/admin/users/nobody/password", headers={"accept": "application/json"})
    assert refused.status_code == absent.status_code == 404 and refused.json() == absent.json()
    own = story.people["nguoila"].user_id
    assert (await post(client, f"/admin/users/{own}/password")).status_code == 200


async def test_only_administrators_see_administration(client: httpx.AsyncClient) -> None:
    await sign_in(client, "thuky")
    assert "Quản trị" not in (await client.get("/")).text
    assert (await client.get("/admin/users")).status_code == 404


async def test_english_is_complete_on_the_main_pages(client: httpx.AsyncClient, story: Story) -> None:
    await sign_in(client, "thuky")
    await post(client, "/language", {"language": "en", "next": "/"})
    for path in ("/", "/meetings", "/meetings/new", story.path, f"{story.path}/course", "/points", "/documents"):
        page = (await client.get(path)).text
        assert '<html lang="en">' in page
        chrome = re.sub(r"<(h1|h2|title|option|b|a|span|small|p|dd|li)[^>]*>[^<]*</\1>", "", page)
        assert "Đặt lịch" not in page and "Hôm nay" not in chrome, path
