"""From a booking to letters at a real mail server: one each, complete, updated in place; a server that is away loses nothing."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from icalendar import Calendar
from sqlalchemy import select, update

from meetings import service
from meetings.access import Role, Subject
from scheduler import invitees, notices
from scheduler.outbox_table import outbox as table
from scheduler.store import point as point_table
from tests.support.smtp import Sink, beside, free_port, serving
from tests.web.conftest import PASSWORD, ManualClock, browser, post, sign_in
from tests.web.test_booking import book, points_named
from web import auth, convening, delivery, places, replies, session, store
from web.container import Container
from web.delivery import Delivery

HOUR = timedelta(hours=1)


@dataclass
class Office:
    """The installation with two reachable people and a mail server; `due` does everything that is due."""

    found: Container
    sink: Sink
    port: int
    clock: ManualClock

    def delivery(self, **more: object) -> Delivery:
        self.found.settings = self.found.settings.model_copy(update={
            "smtp_host": "127.0.0.1", "smtp_port": self.port, "smtp_security": "none", "smtp_from": "vp@qn.vn", **more})
        return Delivery(self.found)

    def due(self, now: Delivery | None = None) -> int:
        now = now or self.delivery()
        while now.inner(self.clock.now()):
            pass
        return now.mails(self.clock.now()) + now.texts(self.clock.now())

    def state(self, kind: str) -> list[tuple[str, int, str | None]]:
        with self.found.db.read() as conn:
            rows = conn.execute(select(table).where(table.c.kind == kind).order_by(table.c.item_id))
            return [(row.state, row.tries, row.error) for row in rows]

    def secretary(self) -> Subject:
        with self.found.db.read() as conn:
            [account, _hash] = store.account_by_login(conn, "thuky") or ()
            return session.subject_of(conn, account, self.found.when.today(self.clock.now()))


@pytest.fixture
def office(found: Container, clock: ManualClock) -> Iterator[Office]:
    with found.db.write() as conn:
        for login, address in (("xa", "son@donDac.vn"), ("chutri", "hai@qn.vn")):
            known = store.account_by_login(conn, login)
            assert known is not None
            store.set_reach(conn, known[0].user_id, address, None)
    sink = Sink()
    with serving(sink) as port:
        yield Office(found, sink, port, clock)


async def booked(app: FastAPI, found: Container) -> str:
    """A meeting of two points, a week ahead; its id."""
    async with browser(app) as client:
        await sign_in(client, "thuky")
        answer = await book(client, points_named(found, "Tỉnh Quảng Ninh", "Xã Đồn Đạc"), day="2026-03-12")
    return answer.headers["location"].split("?")[0].rpartition("/")[2]


def event(letter: EmailMessage) -> tuple[str, dict[str, object]]:
    [part] = [part for part in letter.walk() if part.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_content())
    assert part.get_param("method") == calendar["METHOD"]
    [found] = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), found


async def test_those_invited_get_one_letter_with_all_that_belongs_to_it(app: FastAPI, found: Container, office: Office) -> None:
    meeting_id = await booked(app, found)
    assert office.due() == 2 and office.due() == 0
    assert {str(letter["To"].addresses[0].addr_spec) for letter in office.sink.letters()} == {"son@donDac.vn", "hai@qn.vn"}
    [letter] = office.sink.to("son@donDac.vn")
    assert letter["From"].addresses[0].addr_spec == "vp@qn.vn" and "Quảng Ninh" in str(letter["From"])
    types = [part.get_content_type() for part in letter.walk() if not part.is_multipart()]
    assert types == ["text/plain", "text/html", "text/calendar", "application/ics", "application/pdf"]
    pdf = [part for part in letter.walk() if part.get_content_type() == "application/pdf"][0]
    assert pdf.get_content().startswith(b"%PDF-") and pdf.get_filename() == "giay-moi-01-GM-UBND.pdf"
    method, entry = event(letter)
    assert method == "REQUEST" and entry["SEQUENCE"] == 0 and entry["ATTENDEE"] == "mailto:son@donDac.vn"
    assert entry["UID"] == f"{meeting_id}@diemcau" and entry["ORGANIZER"] == "mailto:vp@qn.vn"
    text = letter.get_body(("plain",))
    assert text is not None and "Trân trọng kính mời" in text.get_content() and f"{found.settings.base_url}/r/" in text.get_content()


async def test_a_move_is_one_update_each_and_a_cancellation_one_more(app: FastAPI, found: Container, office: Office) -> None:
    meeting_id = await booked(app, found)
    office.due()
    by = office.secretary()
    for _twice in range(2):
        with found.db.write() as conn:
            meeting = service.get(conn, meeting_id)
            convening.move(conn, meeting_id, meeting.start + HOUR, meeting.end + HOUR, by, office.clock.now())
    assert office.due() == 2, "two moves before anything goes out are one letter"
    with found.db.write() as conn:
        convening.cancel(conn, meeting_id, "Bão", by, office.clock.now())
    assert office.due() == 2
    heard = [(method, int(str(entry["SEQUENCE"]))) for method, entry in map(event, office.sink.to("son@donDac.vn"))]
    assert heard == [("REQUEST", 0), ("REQUEST", 2), ("CANCEL", 3)]
    assert all(count == 1 for count in office.sink.handed.values())


async def test_a_server_that_is_away_costs_no_try_and_no_letter(app: FastAPI, found: Container, office: Office) -> None:
    await booked(app, found)
    away = office.delivery(smtp_port=free_port())
    for _tick in range(5):
        assert office.due(away) == 0
        office.clock.advance(timedelta(minutes=1))
    assert office.state("invite") == [("waiting", 0, None)] * 2
    with found.db.read() as conn:
        assert "refused" in delivery.states(conn)["mail"].reason
    async with browser(app) as client:
        await sign_in(client, "quantri")
        page = (await client.get("/admin/outbox")).text
        assert "Không gửi được" in page and "son@donDac.vn" in page
    assert office.due() == 2
    with found.db.read() as conn:
        assert delivery.states(conn)["mail"].reason == ""


async def test_without_a_server_letters_wait_and_the_page_says_why(app: FastAPI, found: Container, office: Office) -> None:
    await booked(app, found)
    office.due(office.delivery(smtp_host=""))
    assert office.state("invite") == [("waiting", 0, None)] * 2
    async with browser(app) as client:
        await sign_in(client, "quantri")
        assert "Chưa cài đặt" in (await client.get("/admin/outbox")).text
    assert office.due() == 2


async def test_a_refused_recipient_is_kept_shown_and_tried_again_when_asked(
    app: FastAPI, found: Container, office: Office, client: httpx.AsyncClient
) -> None:
    office.sink.answers = {"son@donDac.vn": "550 5.1.1 no such user"}
    await booked(app, found)
    assert office.due() == 1
    assert sorted(office.state("invite"), key=str) == [("done", 1, None), ("failed", 1, "550 5.1.1 no such user")]
    await sign_in(client, "quantri")
    page = (await client.get("/admin/outbox")).text
    assert "550 5.1.1 no such user" in page
    office.sink.answers = {}
    with found.db.read() as conn:
        item = conn.execute(select(table.c.item_id).where(table.c.state == "failed")).scalar_one()
    answer = await post(client, "/admin/outbox/retry", {"item": str(item)}, page="/admin/outbox")
    assert answer.headers["location"].endswith("done=again&n=1")
    assert office.due() == 1 and "550 5.1.1" not in (await client.get("/admin/outbox")).text
    assert (await post(client, "/admin/outbox/retry", {"item": "x"}, page="/admin/outbox")).headers["location"].endswith("n=0")


async def test_the_outbox_and_the_working_days_are_for_those_who_run_the_installation(app: FastAPI, found: Container) -> None:
    """The first names people of every unit, the others move everybody's deadlines: nothing for a commune's own staff."""
    digest = auth.hash_password(PASSWORD)
    with found.db.write() as conn:
        known = {one.login: one for one in store.accounts(conn)}
        for login, at, role in (("kythuat", "thuky", Role.TECHNICIAN), ("kythuatxa", "xa", Role.TECHNICIAN), ("quantrixa", "xa", Role.ADMIN)):
            store.add_account(conn, login, login, "", known[at].unit_id, frozenset({role}), digest, found.clock.now(),
                              must_change=False)
    for login, outgoing, days in (("quantri", 200, 200), ("kythuat", 200, 404), ("quantrixa", 404, 200), ("kythuatxa", 404, 404),
                                  ("thuky", 404, 404), ("xa", 404, 404)):
        async with browser(app) as client:
            await sign_in(client, login)
            assert (await client.get("/admin/outbox")).status_code == outgoing, login
            assert (await client.get("/admin/days")).status_code == days, login
            home = (await client.get("/")).text
            assert ('href="/admin/outbox"' in home) is (login == "kythuat"), "who has this page alone is led to it"
            for path in ("/admin/days", "/admin/outbox/retry"):
                refused = await post(client, path, {"day": "2026-03-10", "works": "no", "note": "x"})
                assert refused.status_code == (303 if login == "quantri" or (login, path) == ("kythuat", "/admin/outbox/retry") else 404), (login, path)
            if outgoing == 200:
                shown = (await client.get("/admin/outbox")).text
                tabs = re.findall(r'href="(/admin/[a-z]+)"', shown.split('class="tabs"')[1].split("</nav>")[0])
                assert all([(await client.get(tab)).status_code == 200 for tab in tabs]) and "/admin/outbox" in tabs


async def test_a_notice_goes_to_everybody_it_means_once(app: FastAPI, found: Container, office: Office) -> None:
    meeting_id = await booked(app, found)
    office.due()
    before, now = len(office.sink.first), office.clock.now()
    with found.db.write() as conn:
        tree = places.tree(conn, found.when.today(now))
        commune = tree.search("Xã Đồn Đạc")[0]
        point_id = conn.execute(select(point_table.c.point_id).where(point_table.c.unit_id == commune.unit_id)).scalar_one()
        conn.execute(update(point_table).where(point_table.c.point_id == point_id).values(
            technician_name="Kỹ thuật", technician_email="kt@qn.vn", technician_phone="0912 345 678"))
        for _twice in range(2):
            notices.tell(conn, "meeting.overrun", meeting_id, {"point": point_id}, now, ended=now)
        notices.tell(conn, "nobody.knows", meeting_id, {"unit": tree.search("Huyện Cô Tô")[0].unit_id}, now)
    assert office.due() == 2
    told = office.sink.letters()[before:]
    assert {str(letter["To"].addresses[0].addr_spec) for letter in told} == {"son@donDac.vn", "kt@qn.vn"}
    assert all("08:00 05/03/2026" in str(letter.get_content()) for letter in told)
    assert ("failed", 1, "nobody") in office.state("notice")


async def test_reminders_reach_those_they_are_for_and_not_once_it_has_begun(app: FastAPI, found: Container, office: Office) -> None:
    meeting_id = await booked(app, found)
    office.due()
    with found.db.write() as conn:
        meeting = service.get(conn, meeting_id)
        hai = invitees.by_address(conn, meeting_id, "hai@qn.vn")
        invitees.answer(conn, hai, "accepted", 0, office.clock.now(), "", office.clock.now())
    before = len(office.sink.first)
    office.clock.at = meeting.start - timedelta(hours=47)
    office.due()
    asked = office.sink.letters()[before:]
    assert [str(letter["To"].addresses[0].addr_spec) for letter in asked] == ["son@donDac.vn"] and "Nhắc" in asked[0]["Subject"]
    office.clock.at = meeting.start + HOUR  # nothing ticked meanwhile: what is of no use any more is not sent
    sent = len(office.sink.first)
    office.due()
    assert len(office.sink.first) == sent
    assert ("cancelled", 1, "expired") in office.state("room.open")


async def test_an_answer_by_mail_is_kept_and_nonsense_is_put_aside(
    app: FastAPI, found: Container, office: Office, tmp_path: Path
) -> None:
    meeting_id = await booked(app, found)
    office.due()
    [letter] = office.sink.to("son@donDac.vn")
    [part] = [part for part in letter.walk() if part.get_content_type() == "text/calendar"]
    text = str(part.get_content()).replace("METHOD:REQUEST", "METHOD:REPLY").replace("PARTSTAT=NEEDS-ACTION", "PARTSTAT=DECLINED")

    def answer(sender: str, body: str) -> bytes:
        made = EmailMessage()
        made["From"], made["To"], made["Subject"] = sender, "vp@qn.vn", "Re"
        made.set_content("Vắng")
        made.add_alternative(body, subtype="calendar", params={"method": "REPLY"})
        return made.as_bytes()

    folder = tmp_path / "in"
    folder.mkdir()
    for name, data in (("1.eml", answer("Sơn <son@dondac.vn>", text)), ("2.eml", answer("x@y.vn", text)), ("3.eml", b"\xff\0nonsense"),
                       ("4.eml", answer("son@dondac.vn", text.replace(meeting_id, "0" * 36))), ("5.eml", b"x" * 300_000),
                       ("notes.txt", b"no letter")):
        (folder / name).write_bytes(data)
    tally = replies.read_folder(found, folder)
    assert (tally.read, tally.refused) == (1, 4)
    with found.db.read() as conn:
        son = invitees.by_address(conn, meeting_id, "son@donDac.vn")
    assert (son.partstat, son.replied_at) == ("declined", office.clock.now())
    reasons = {path.name: path.read_text("utf-8").split("\n")[0] for path in (folder / "refused").glob("*.txt")}
    assert reasons == {"2.eml.txt": "reply.sender", "3.eml.txt": "reply.not_answer", "4.eml.txt": "reply.unknown",
                       "5.eml.txt": "reply.too_large"}
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "read", "refused"]
    (folder / "new").mkdir()
    (folder / "new" / "1700000000.1.host").write_bytes(answer("son@dondac.vn", text.replace("DECLINED", "ACCEPTED")))
    assert replies.read_folder(found, folder).read == 1 and (folder / "cur" / "1700000000.1.host:2,S").is_file()


async def test_the_personal_page_answers_by_a_button_and_by_nothing_else(app: FastAPI, found: Container, office: Office) -> None:
    meeting_id = await booked(app, found)
    office.due()
    body = office.sink.to("son@donDac.vn")[0].get_body(("plain",))
    assert body is not None
    here = "/r/" + body.get_content().split("/r/")[1].split()[0]

    def kept() -> tuple[str, str]:
        with found.db.read() as conn:
            son = invitees.by_address(conn, meeting_id, "son@donDac.vn")
            return son.partstat, son.comment

    async with browser(app) as visitor:
        page = await visitor.get(here)
        assert page.status_code == 200 and "Chưa trả lời" in page.text and kept() == ("needs-action", "")
        assert (await visitor.post(here, data={"answer": "accepted"})).status_code == 403
        answer = await post(visitor, here, {"answer": "declined", "comment": "Đi công tác"}, page=here)
        assert answer.status_code == 303 and kept() == ("declined", "Đi công tác")
        await post(visitor, here, {"answer": "accepted", "comment": ""}, page=here)
        assert kept() == ("accepted", "") and "Sẽ dự" in (await visitor.get(here)).text
        assert (await visitor.get(here[:-2])).status_code == 404 and (await visitor.get("/r/x")).status_code == 404
        by = office.secretary()
        with found.db.write() as conn:
            convening.cancel(conn, meeting_id, "Bão", by, office.clock.now())
        assert "đã hủy" in (await visitor.get(here)).text
        assert (await post(visitor, here, {"answer": "accepted"}, page=here)).status_code == 409




BAR_S = 10


async def test_the_whole_province_is_invited_and_a_move_is_one_update_each(
    app: FastAPI, found: Container, office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await _invite_all(app, found, office, tmp_path, capsys)


@pytest.mark.alone
@pytest.mark.long
async def test_the_whole_province_is_invited_within_ten_seconds(
    app: FastAPI, found: Container, office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _invite_all(app, found, office, tmp_path, capsys) <= BAR_S


async def _invite_all(
    app: FastAPI, found: Container, office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> float:
    """How long it took until the letters of all were handed over; moved once, each got one more."""
    with found.db.write() as conn:
        units = [row.unit_id for row in conn.execute(select(point_table.c.unit_id).order_by(point_table.c.point_id))]
        for number, unit_id in enumerate(units):
            store.add_account(conn, f"diem{number}", f"Cán bộ {number}", "", unit_id, frozenset({Role.OFFICER}), "x", office.clock.now(),
                              email=f"diem{number}@qn.vn")
    async with browser(app) as client:
        await sign_in(client, "thuky")
        page = (await client.get("/meetings/new")).text
        every = [int(value) for value in re.findall(r'name="point" value="(\d+)"', page)]
        answer = await book(client, every, day="2026-03-12")
    meeting_id = answer.headers["location"].split("?")[0].rpartition("/")[2]
    noted = tmp_path / "letters.jsonl"
    with beside(noted) as port:
        sending = office.delivery(smtp_port=port)
        began = time.monotonic()
        count = office.due(sending)
        took = time.monotonic() - began
        with found.db.write() as conn:
            meeting = service.get(conn, meeting_id)
            convening.move(conn, meeting_id, meeting.start + HOUR, meeting.end + HOUR, office.secretary(), office.clock.now())
        assert office.due(sending) == count == 239 + 2 and len(every) == len(units) == 239
    letters = [json.loads(line) for line in noted.read_text("utf-8").splitlines()]
    assert len({one["id"] for one in letters}) == len(letters) == 2 * count
    assert set(Counter(one["to"] for one in letters).values()) == {2}
    with capsys.disabled():
        print(f"\n  {count} invitations of {letters[0]['size'] // 1024} KiB handed to SMTP in {took:.2f} s")
    return took
