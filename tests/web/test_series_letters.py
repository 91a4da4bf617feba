"""A series from the booking page to mailboxes, calendars and back: one letter each, one document, one entry beside the feed."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest
from fastapi import FastAPI
from icalendar import Calendar

from meetings import service
from minutes import service as minutes
from scheduler import invitees, series_store
from scheduler.series_store import Scope
from tests.scheduler.calendars import Program
from tests.web.conftest import browser, post, sign_in
from tests.web.test_booking import book, fill, points_named
from tests.web.test_delivery import Office, office  # noqa: F401 - a fixture
from tests.web.test_feeds import address
from tests.web.test_series_pages import WEEKLY, meetings_of
from web import convening, replies
from web.container import Container

SON = "son@donDac.vn"
HERE = {**WEEKLY, "day": "2026-03-13"}


@pytest.fixture
async def series(app: FastAPI, found: Container, office: Office) -> list[str]:  # noqa: F811
    """Four Fridays at nine, told of; the meetings."""
    async with browser(app) as client:
        await sign_in(client, "thuky")
        answer = await book(client, points_named(found, "Tỉnh Quảng Ninh", "Xã Đồn Đạc"), **HERE)
    assert office.due() == 2, "one letter to each of two people, not one for each date"
    return meetings_of(found, answer.headers["location"])


def calendar(letter: EmailMessage) -> bytes:
    [part] = [part for part in letter.walk() if part.get_content_type() == "text/calendar"]
    return str(part.get_content()).encode()


def text(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def cancelled(office: Office, found: Container, meeting_id: str) -> None:  # noqa: F811
    with found.db.write() as conn:
        series_store.cancel(conn, meeting_id, Scope.ONE, "Bão", office.secretary(), office.clock.now(), acts=convening)


async def test_the_letter_names_the_rule_the_dates_and_has_one_document(series: list[str], office: Office) -> None:  # noqa: F811
    [letter] = office.sink.to(SON)
    assert letter["Subject"] == "Giấy mời họp: Giao ban tháng 3"
    said = text(letter)
    assert "Hằng tuần, Thứ Sáu, 09:00, đến 03/04/2026: 4 buổi" in said and "Thứ Sáu 20/03, 09:00–11:00" in said
    [pdf] = [part for part in letter.walk() if part.get_content_type() == "application/pdf"]
    assert pdf.get_filename() == "giay-moi-01-GM-UBND.pdf"
    program = Program(keeps=False)
    program.receive(calendar(letter))
    assert len(program.shows()) == 4


async def test_one_date_off_is_one_letter_about_it(series: list[str], office: Office, found: Container) -> None:  # noqa: F811
    cancelled(office, found, series[1])
    assert office.due() == 2
    letter = office.sink.to(SON)[-1]
    assert letter["Subject"] == "Hủy buổi họp ngày 20/03/2026: Giao ban tháng 3" and "các buổi khác giữ nguyên" in text(letter)
    assert b"RECURRENCE-ID" in calendar(letter) and b"METHOD:CANCEL" in calendar(letter)
    with found.db.write() as conn:
        meeting = service.get(conn, series[2])
        convening.move(conn, series[2], meeting.start.replace(hour=7), meeting.end.replace(hour=9), office.secretary(), office.clock.now())
    assert office.due() == 2
    moved = office.sink.to(SON)[-1]
    assert moved["Subject"].startswith("Thay đổi buổi họp ngày 27/03/2026") and "Thứ Sáu 27/03, 14:00–16:00" in text(moved)
    [pdf] = [part for part in moved.walk() if part.get_content_type() == "application/pdf"]
    assert pdf.get_filename() == "giay-moi-03-GM-UBND.pdf", "the date that moved has its own invitation"
    program = Program(keeps=True)
    for one in office.sink.to(SON):
        program.receive(calendar(one))
    assert len(program.shows()) == 3
    with found.db.write() as conn:
        series_store.cancel(conn, series[0], Scope.ALL, "Bão", office.secretary(), office.clock.now(), acts=convening)
    assert office.due() == 2
    off = office.sink.to(SON)[-1]
    program.receive(calendar(off))
    assert off["Subject"].startswith("Hủy họp") and "và 2 buổi nữa" in text(off) and not program.shows()


async def test_a_feed_has_the_same_entry(app: FastAPI, series: list[str], office: Office, found: Container) -> None:  # noqa: F811
    cancelled(office, found, series[1])
    office.due()
    program = Program(keeps=True)
    for one in office.sink.to(SON):
        program.receive(calendar(one))
    async with browser(app) as client:
        await sign_in(client, "xa")
        body = (await client.get(await address(client))).content
    feed = Program(keeps=True)
    feed.receive(body.replace(b"METHOD:PUBLISH", b"METHOD:REQUEST"))
    assert feed.shows() == program.shows() and feed.events.keys() == program.events.keys()


def reply(office: Office, letter: EmailMessage, partstat: str, date: str = "") -> bytes:  # noqa: F811
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = SON, "vp@qn.vn", "Re"
    made.set_content("x")
    said = Calendar.from_ical(calendar(letter))
    said["METHOD"] = "REPLY"
    [event] = said.walk("VEVENT")
    event["ATTENDEE"].params["PARTSTAT"] = partstat
    body = said.to_ical().decode()
    if date:
        body = body.replace("SEQUENCE:", f"RECURRENCE-ID;TZID=Asia/Ho_Chi_Minh:{date}\r\nSEQUENCE:")
    made.add_alternative(body, subtype="calendar", params={"method": "REPLY"})
    return made.as_bytes()


def kept(found: Container, series: list[str]) -> list[str]:
    with found.db.read() as conn:
        return [invitees.by_address(conn, one, SON).partstat for one in series]


async def test_answers_by_mail_and_by_the_page_reach_the_dates_they_mean(
    app: FastAPI, series: list[str], office: Office, found: Container  # noqa: F811
) -> None:
    [letter] = office.sink.to(SON)
    replies.keep(found, reply(office, letter, "ACCEPTED"))
    replies.keep(found, reply(office, letter, "DECLINED", "20260320T090000"))
    assert kept(found, series) == ["accepted", "declined", "accepted", "accepted"]
    here = "/r/" + text(letter).split("/r/")[1].split()[0]
    async with browser(app) as visitor:
        page = (await visitor.get(here)).text
        assert page.count("Sẽ dự") == 3 and "Vắng" in page and "Thứ Sáu 20/03, 09:00–11:00" in page
        cancelled(office, found, series[3])
        answer = await post(visitor, here, {"answer": "declined", "comment": "Đi công tác"}, page=here)
        assert answer.headers["location"].endswith("?done=replied"), "thanked in the words of an invitation"
        assert answer.status_code == 303 and kept(found, series)[:3] == ["declined"] * 3
        one = [part.split('"')[0] for part in page.split('href="/r/')[1:]]
        assert "Giao ban tháng 3" in (await visitor.get(f"/r/{one[0]}")).text
        assert (await visitor.get(here[:-2])).status_code == 404


async def test_the_document_has_all_dates(series: list[str], found: Container) -> None:
    with found.db.read() as conn:
        dates = tuple((meeting.start, meeting.end) for meeting in (service.get(conn, one) for one in series))
        model = minutes.invitation(conn, series[0], minutes.Repetition("FREQ=WEEKLY;BYDAY=FR;COUNT=4", dates))
    assert model is not None
    blocks: dict[str, Any] = {block.block_id: block for block in model.blocks}
    assert blocks["time"].value == ("từ 09 giờ 00 phút đến 11 giờ 00 phút, hằng tuần, vào Thứ Sáu; 4 buổi, "
                                    "từ ngày 13 tháng 3 năm 2026 đến ngày 03 tháng 4 năm 2026")
    assert blocks["dates"].items[1] == "Thứ Sáu, từ 09 giờ 00 phút đến 11 giờ 00 phút, ngày 20 tháng 3 năm 2026"


async def test_a_change_says_beforehand_what_it_will_do_and_does_nothing(
    app: FastAPI, series: list[str], office: Office, found: Container  # noqa: F811
) -> None:
    async with browser(app) as client:
        await sign_in(client, "thuky")
        here = f"/meetings/{series[2]}/edit"
        page = (await client.get(here)).text
        assert "2 người có chuỗi này trong lịch" in page and "Xem trước thay đổi" in page
        data = {"title": "Giao ban tháng 3", "place": "", "day": "2026-03-27", "start": "14:00", "end": "16:00", "scope": "following"}
        looked = (await post(client, here, {**data, "action": "look"}, page=here)).text
        assert "Sẽ đổi 2 buổi" in looked and "4 thư được gửi" in looked and "mỗi người nhận hai thư" in looked
        assert "Thứ Sáu 03/04, 09:00–11:00 → <b>Thứ Sáu 03/04, 14:00–16:00</b>" in looked
        assert office.due() == 0, "nothing was saved"
        assert (await post(client, here, data, page=here)).status_code == 303 and office.due() == 4
        await book(client, points_named(found, "Xã Đồn Đạc"), title="Họp báo", day="2026-03-13", start="14:00", end="15:00")
        office.due()
        refused = await post(client, f"/meetings/{series[0]}/edit", {**data, "day": "2026-03-13", "scope": "all", "action": "look"},
                             page=f"/meetings/{series[0]}/edit")
        assert refused.status_code == 409 and "Họp báo" in refused.text and "1 ngày vướng" in refused.text


async def test_dates_in_conflict_are_shown_before_the_booking(app: FastAPI, found: Container) -> None:
    async with browser(app) as client:
        await sign_in(client, "thuky")
        point = points_named(found, "Huyện Ba Chẽ")
        assert (await book(client, point, title="Họp báo", day="2026-03-20", start="08:00", end="10:00")).status_code == 303
        looked = (await client.post("/meetings/new", data=await fill(client, point=point, action="look", **HERE))).text
        assert "1 ngày vướng" in looked and "Điểm cầu Huyện Ba Chẽ đã có lịch 08:00–10:00 (Họp báo" in looked


async def test_the_page_of_a_series_gives_its_invitation_as_both_files(app: FastAPI, series: list[str]) -> None:
    async with browser(app) as client:
        await sign_in(client, "thuky")
        assert "4 buổi chưa họp" in (await client.get(f"/meetings/{series[0]}/series")).text
        for ending, magic in (("pdf", b"%PDF-"), ("docx", b"PK")):
            answer = await client.get(f"/meetings/{series[1]}/series/invitation.{ending}")
            assert answer.status_code == 200 and answer.content.startswith(magic)
            assert f"giay-moi-01-GM-UBND.{ending}" in answer.headers["content-disposition"]
        assert (await client.get(f"/meetings/{series[1]}/series/invitation.odt")).status_code == 404
