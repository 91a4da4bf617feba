"""Requests, line tests and invitations reach somebody who can act, and where they do not the page of the meeting says so."""

from __future__ import annotations

import re
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from meetings.access import Role
from meetings.store import unit_store
from scheduler import invitees, line_tests, requests
from scheduler import store as points_store
from scheduler.outbox_table import outbox as table
from tests.web.conftest import ManualClock, browser, post, sign_in
from tests.web.test_booking import book, points_named
from tests.web.test_delivery import Office, booked, event, office  # noqa: F401 - a fixture
from tests.web.test_readiness import Story, report, story  # noqa: F401 - a fixture
from tests.web.test_requests import draft, only_request
from tests.web.test_series_pages import WEEKLY, meetings_of
from web import housekeeping, replies, store
from web.container import Container

HOUR = timedelta(hours=1)


def account(found: Container, login: str, unit_id: str, role: Role, email: str | None) -> None:
    with found.db.write() as conn:
        store.add_account(conn, login, f"Người {login}", "", unit_id, frozenset({role}), "x", found.clock.now(), must_change=False, email=email)


def give(found: Container, login: str, email: str | None) -> None:
    with found.db.write() as conn:
        known = store.account_by_login(conn, login)
        assert known is not None
        store.set_reach(conn, known[0].user_id, email, None)


def unit(found: Container, code: str) -> str:
    with found.db.read() as conn:
        known = unit_store.tree(conn, found.clock.now().date()).by_code(code)
    assert known is not None
    return known.unit_id


def about(office: Office, to: str, subject: str) -> EmailMessage:  # noqa: F811
    """The one letter to this address whose subject begins so."""
    [letter] = [letter for letter in office.sink.to(to) if letter["Subject"].startswith(subject)]
    return letter


def reached(office: Office) -> set[str]:  # noqa: F811
    return {letter["To"].addresses[0].addr_spec for letter in office.sink.letters()}


# --- requests ----------------------------------------------------------------------------------------------------------


async def test_a_request_reaches_whoever_may_answer_where_the_unit_has_no_secretary(found: Container, office: Office) -> None:  # noqa: F811
    """The province's secretary has no address, and its chair is not written to where one of a body that acts for it can be."""
    account(found, "vanphong", unit(found, "SB01"), Role.SECRETARY, "vp@sb.vn")
    meeting_id = draft(found, "nguoila", "Họp Cô Tô", "22")
    office.due()
    assert reached(office) == {"vp@sb.vn"}
    account(found, "canbo", unit(found, "22"), Role.OFFICER, "canbo@qn.vn")
    stored = only_request(found, meeting_id)
    assert stored.request.remind_at is not None
    office.clock.at = stored.request.remind_at
    assert requests.chore(found.db, office.clock.now()) == 1
    office.due()
    assert reached(office) == {"vp@sb.vn", "canbo@qn.vn"}, "reminders too; the officer of the unit comes before its bodies"


async def test_what_reaches_nobody_is_told_above_at_once_and_to_the_convenor(
    app: FastAPI, found: Container, office: Office  # noqa: F811
) -> None:
    """A commune of Ba Chẽ is asked by Cô Tô: the way goes by the district; nobody there has an address, the province has."""
    ba_che = unit(found, "202")
    account(found, "tinh", unit(found, "22"), Role.SECRETARY, "tinh@qn.vn")
    meeting_id = draft(found, "nguoila", "Họp Cô Tô", "207", "202")
    assert only_request(found, meeting_id).request.asked == ba_che
    office.due()
    [letter] = office.sink.to("tinh@qn.vn")
    assert "Chưa báo được cho ai ở Huyện Ba Chẽ" in letter["Subject"]
    path = str(letter.get_content()).split(found.settings.base_url)[1].split()[0]
    async with browser(app) as above, browser(app) as convenor:
        await sign_in(above, "thuky")
        page = await above.get(path)
        assert page.status_code == 200 and "Huyện Ba Chẽ" in page.text and "Đồng ý" not in page.text, "to read, not to answer for them"
        await sign_in(convenor, "nguoila")
        tab = (await convenor.get(f"/meetings/{meeting_id}/approvals")).text
        assert "Chưa báo được cho ai" in tab and "Đã báo Tỉnh Quảng Ninh." in tab
        account(found, "huyen", ba_che, Role.CHAIR, "chutich@bache.vn")
        item = re.findall(r'/letters/again".*?name="item" value="(\d+)"', tab)[0]
        there = await post(convenor, f"/meetings/{meeting_id}/letters/again", {"item": item, "back": "approvals"})
        assert there.headers["location"].startswith(f"/meetings/{meeting_id}/approvals?done=again")
        office.due()
        assert len(office.sink.to("chutich@bache.vn")) == 1
        assert "Chưa báo được cho ai" not in (await convenor.get(f"/meetings/{meeting_id}/approvals")).text
    assert len(office.sink.to("tinh@qn.vn")) == 1


async def test_where_none_is_above_the_secretary_of_the_meeting_hears(found: Container, office: Office) -> None:  # noqa: F811
    give(found, "nguoila", "la@coto.vn")
    give(found, "chutri", None)
    draft(found, "nguoila", "Họp Cô Tô", "22")
    office.due()
    [letter] = office.sink.to("la@coto.vn")
    assert "Chưa báo được cho ai ở Tỉnh Quảng Ninh" in letter["Subject"] and "/approvals" in letter.get_content()


async def test_only_letters_of_this_meeting_are_sent_again_and_only_by_who_prepares_it(
    app: FastAPI, found: Container, office: Office  # noqa: F811
) -> None:
    give(found, "chutri", None)
    first, other = draft(found, "nguoila", "Họp một", "22"), draft(found, "nguoila", "Họp hai", "22")
    office.due()
    with found.db.read() as conn:
        [item] = conn.execute(select(table.c.item_id).where(
            table.c.key.like(f"notice:{other}:request.asked%"), table.c.state == "failed")).scalars()
    async with browser(app) as convenor, browser(app) as stranger:
        await sign_in(convenor, "nguoila")
        await sign_in(stranger, "xa")
        for wrong in (str(item), "x", "", "9" * 30):
            assert (await post(convenor, f"/meetings/{first}/letters/again", {"item": wrong})).status_code == 404
        assert (await post(stranger, f"/meetings/{other}/letters/again", {"item": str(item)})).status_code == 404
        assert (await post(convenor, f"/meetings/{other}/letters/again", {"item": str(item)})).status_code == 303


# --- invitations -------------------------------------------------------------------------------------------------------


async def test_the_secretary_sees_whose_invitation_was_refused_and_sends_it_again(
    app: FastAPI, found: Container, office: Office, client: httpx.AsyncClient  # noqa: F811
) -> None:
    office.sink.answers = {"son@donDac.vn": "550 5.1.1 no such user", "hai@qn.vn": "451 later please"}
    meeting_id = await booked(app, found)
    office.due()
    await sign_in(client, "thuky")
    page = (await client.get(f"/meetings/{meeting_id}/audience")).text
    assert "1 giấy mời chưa gửi được" in page and "chưa gửi được: 550 5.1.1 no such user" in page
    assert "đang thử gửi lại: 451 later please" in page
    office.sink.answers = {}
    item = re.findall(r'/letters/again".*?name="item" value="(\d+)"', page.split("550 5.1.1")[1])[0]
    answer = await post(client, f"/meetings/{meeting_id}/letters/again", {"item": item, "back": "audience"})
    assert answer.headers["location"] == f"/meetings/{meeting_id}/audience?done=again&n=1"
    assert office.due() == 1 and "chưa gửi được" not in (await client.get(f"/meetings/{meeting_id}/audience")).text
    assert len(office.sink.to("son@donDac.vn")) == 1


async def test_of_a_series_too(
    app: FastAPI, found: Container, office: Office, client: httpx.AsyncClient  # noqa: F811
) -> None:
    office.sink.answers = {"son@donDac.vn": "550 5.1.1 no such user"}
    await sign_in(client, "thuky")
    made = await book(client, points_named(found, "Tỉnh Quảng Ninh", "Xã Đồn Đạc"), **{**WEEKLY, "day": "2026-03-13"})
    office.due()
    for meeting_id in meetings_of(found, made.headers["location"])[::3]:
        page = (await client.get(f"/meetings/{meeting_id}/audience")).text
        assert "chưa gửi được: 550 5.1.1 no such user" in page, "each of its dates says it"
    office.sink.answers = {}
    item = re.findall(r'/letters/again".*?name="item" value="(\d+)"', page)[0]
    assert (await post(client, f"/meetings/{meeting_id}/letters/again", {"item": item})).status_code == 303
    assert office.due() == 1 and "chưa gửi được" not in (await client.get(f"/meetings/{meeting_id}/audience")).text


# --- lines -------------------------------------------------------------------------------------------------------------


def card(found: Container, point_id: int, **values: str) -> None:
    with found.db.write() as conn:
        conn.execute(update(points_store.point).where(points_store.point.c.point_id == point_id).values(**values))


async def test_who_looks_after_a_point_without_an_account_gets_the_verdict_and_a_link_that_opens(
    client: httpx.AsyncClient, story: Story, office: Office, tmp_path: Path  # noqa: F811
) -> None:
    found, clock = story.found, story.clock
    weak, failed, untested, secretary_only = story.points
    await report(client, story.link(0), udp=False)
    await report(client, story.link(1), udp=False, tcp=False, relay=False)
    card(found, weak.point_id, technician_email="yeu@qn.vn")
    card(found, failed.point_id, technician_name="Vũ Tuấn", technician_email="kt@qn.vn", deputy_name="Lò Mai", deputy_phone="0912 345 678")
    account(found, "thuky2", story.tree.roots()[0].unit_id, Role.SECRETARY, "thuky2@qn.vn")  # the meeting's own has no address
    give(found, "nguoila", "la@coto.vn")
    with found.db.write() as conn:
        line_tests.report(conn, found.keys.tests, story.meeting, "T-24h", story.start, clock.now())
    office.due(office.delivery(sms_folder=tmp_path / "sms"))
    letter = about(office, "kt@qn.vn", "Đường truyền chưa họp được")
    text = str(letter.get_content())
    assert failed.name in letter["Subject"] and "bị chặn" in text and "Báo người quản trị mạng" in text and "…" not in text
    path = text.split(found.settings.base_url)[1].split()[0]
    async with browser(office_app(client)) as nobody:
        assert path.startswith("/t/") and (await nobody.get(path)).status_code == 200
        assert (await nobody.get(f"{story.wall}/{failed.code}")).status_code == 303, "the wall stays behind sign-in"
    assert "đường truyền còn yếu" in str(about(office, "yeu@qn.vn", "Đường truyền còn yếu").get_content())
    assert "chưa kiểm tra" in str(about(office, "la@coto.vn", "Chưa kiểm tra").get_content()), f"{secretary_only.name} has a secretary alone"
    [sms] = (tmp_path / "sms").glob("*.json")
    assert "0912345678" in sms.read_text("utf-8") and "/t/" in sms.read_text("utf-8")
    summary = about(office, "thuky2@qn.vn", "4 điểm chưa sẵn sàng")
    told = str(summary.get_content())
    assert f"Lỗi (1): {failed.name}" in told and "Chưa kiểm tra (2)" in told
    assert f"{story.wall}.csv" in told and untested.name in told


def office_app(client: httpx.AsyncClient) -> FastAPI:
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    return transport.app  # type: ignore[return-value]


async def test_the_wall_says_whether_the_link_reached_anybody(client: httpx.AsyncClient, story: Story, office: Office) -> None:  # noqa: F811
    found = story.found
    sent, refused, nobody, _secretary = story.points
    card(found, sent.point_id, technician_email="kt@qn.vn")
    card(found, refused.point_id, technician_email="sai@qn.vn")
    give(found, "nguoila", "la@coto.vn")
    office.sink.answers = {"sai@qn.vn": "550 no such user"}
    await sign_in(client, "thuky")

    async def notes() -> dict[str, str]:
        page = (await client.get(story.wall)).text
        return dict(re.findall(r'data-title="([^"]+)".*?pt-note">.*?<span>([^<]+)</span>', page, re.DOTALL))

    assert set((await notes()).values()) == {"chưa gửi đường dẫn"}
    await post(client, f"{story.wall}/remind", page=story.wall)
    assert set((await notes()).values()) == {"đang gửi đường dẫn"}
    office.due()
    found_notes = await notes()
    assert [found_notes[point.name] for point in story.points] == [
        "đã gửi đường dẫn", "chưa gửi được: máy chủ từ chối", "chưa gửi được: không có địa chỉ", "đã gửi đường dẫn"]
    assert "550 no such user" in (await client.get(f"{story.wall}/{refused.code}")).text
    assert about(office, "la@coto.vn", "Nhắc kiểm tra"), "a unit with a secretary alone gets the link too"
    assert nobody.name in found_notes


# --- answers by mail ---------------------------------------------------------------------------------------------------


async def test_the_folder_of_answers_is_read_by_whoever_does_what_is_due(
    app: FastAPI, found: Container, office: Office, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    meeting_id = await booked(app, found)
    office.due()
    [letter] = office.sink.to("son@donDac.vn")
    [part] = [part for part in letter.walk() if part.get_content_type() == "text/calendar"]
    assert event(letter)[0] == "REQUEST"
    folder = tmp_path / "in"
    delivery = office.delivery(mail_in=folder)
    chores = list[housekeeping.Mapping[str, housekeeping.Chore]]()

    class Still(housekeeping.Ticker):
        def start(self) -> None:
            chores.append(self._chores)

        def stop(self) -> None: ...

    monkeypatch.setattr(housekeeping, "Ticker", Still)
    with housekeeping.running(found, delivery), housekeeping.running(found, None):
        [reading] = [chore for some in chores for name, chore in some.items() if name == "answers"]
    reading(clock.now())  # the folder is not there yet: said in the log, and tried again in a minute
    folder.mkdir()
    text = str(part.get_content()).replace("METHOD:REQUEST", "METHOD:REPLY").replace("PARTSTAT=NEEDS-ACTION", "PARTSTAT=DECLINED")
    body = f"From: son@dondac.vn\nContent-Type: text/calendar; method=REPLY; charset=utf-8\n\n{text}".encode()
    monkeypatch.setattr(replies, "MOST_AT_ONCE", 2)
    for name in ("1", "2", "3"):
        (folder / f"{name}.eml").write_bytes(body)
    reading(clock.now())
    assert [path.name for path in folder.glob("*.eml")] == ["3.eml"], "a few at a time"
    real = replies.keep

    def slower(which: Container, data: bytes) -> None:
        real(which, data)
        if (folder / "3.eml").exists():
            (folder / "3.eml").rename(folder / "read" / "theirs.eml")  # another process was faster

    monkeypatch.setattr(replies, "keep", slower)
    assert replies.read_folder(found, folder).read == 0 and not list(folder.glob("*.eml"))
    with found.db.read() as conn:
        said = invitees.by_address(conn, meeting_id, "son@donDac.vn")
    assert said.partstat == "declined"
