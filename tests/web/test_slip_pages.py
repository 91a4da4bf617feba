"""Opinion slips over HTTP: sent by whoever conducts, answered on a page without scripts after the meeting, followed, reminded, ended."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape

import httpx
import pytest
from sqlalchemy import select

from meetings import service
from meetings.ledger import stamp
from meetings.people import Wanted
from meetings.store import ledger_store, vote_store
from scheduler import delegate_list, roll_call, slip_rounds
from scheduler.delegate_sheet import Entry
from scheduler.outbox import Item
from scheduler.outbox_table import outbox
from tests.support.installation import Installation
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.web.test_people_in_the_room import AN, BINH, HTML, Hall, chair  # noqa: F401 - a fixture
from web import duties, slip_letters

TITLE = "Thông qua quy chế làm việc"


@pytest.fixture
async def secretary(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    async with await installation.signed_in("secretary") as opened:
        yield opened


@pytest.fixture
def hall(installation: Installation) -> Hall:  # noqa: F811
    """Lê An is there, Vũ Bình is not."""
    found = Hall(installation)
    with found.found.db.write() as conn:
        who = next(one.person_id for one in roll_call.rolls(conn, found.room.meeting_id, found.point.point_id)[0].people if one.name == AN)
        roll_call.say(conn, found.room.meeting_id, found.point.point_id, who, Wanted.PRESENT, found.by, installation.now())
    return found


def due(installation: Installation, days: int = 3) -> dict[str, str]:  # noqa: F811
    at, when = installation.now() + timedelta(days=days), installation.found.when
    return {"due_day": when.form_date(at), "due_clock": when.clock(at)}


def close(hall: Hall) -> None:
    with hall.found.db.write() as conn:
        service.close(conn, hall.room.meeting_id, hall.by, hall.installation.now())


def text_of(page: httpx.Response) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text)))


async def test_an_absent_person_answers_after_the_meeting_and_the_result_is_told(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient, hall: Hall,  # noqa: F811
) -> None:
    here, phones = f"/meetings/{hall.room.meeting_id}", hall.phones()
    page = await secretary.post(f"{here}/slips", data={"title": TITLE, "whom": "absent", **due(installation)}, headers=HTML)
    assert page.status_code == 303, page.text
    slip = page.headers["location"]
    motion = slip.rpartition("/")[2]
    sent = await secretary.get(slip, headers=HTML)
    assert "Chưa trả lời (1)" in sent.text and f"{installation.url}{phones[BINH]}/slips/{motion}" in sent.text and AN not in sent.text
    close(hall)
    own = await client.get(phones[BINH], headers=HTML)
    assert f'href="{phones[BINH]}/slips/{motion}"' in own.text and "Chờ bạn trả lời" in own.text
    form = await client.get(f"{phones[BINH]}/slips/{motion}", headers=HTML)
    assert TITLE in form.text and form.text.count('type="radio"') == 3
    empty = await client.post(f"{phones[BINH]}/slips/{motion}", data={"choice": "abstain", "opinion": " "}, headers=HTML)
    assert empty.status_code == 422 and "Hãy viết ý kiến" in empty.text and re.search(r'value="abstain" required checked', empty.text)
    nothing = await client.post(f"{phones[BINH]}/slips/{motion}", data={}, headers=HTML)
    assert nothing.status_code == 422 and "Lựa chọn không hợp lệ" in nothing.text
    other = await client.post(f"{phones[AN]}/slips/{motion}", data={"choice": "for"}, headers=HTML)
    assert other.status_code == 403
    assert (await client.get(f"{phones[AN]}/slips/{motion}", headers=HTML)).status_code == 403
    wording = "Đề nghị sửa điều 3\nvà điều 5 <b>"
    done = await client.post(f"{phones[BINH]}/slips/{motion}", data={"choice": "abstain", "opinion": wording}, headers=HTML)
    assert done.status_code == 303
    receipt_page = await client.get(done.headers["location"], headers=HTML)
    receipt = re.search(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", receipt_page.text)
    assert receipt and "Đã ghi câu trả lời" in receipt_page.text and "&lt;b&gt;" in receipt_page.text
    assert "Kết quả" in receipt_page.text, "the last answer ended it"
    again = await client.post(f"{phones[BINH]}/slips/{motion}", data={"choice": "for"}, headers=HTML)
    assert again.status_code == 409 and "đã kết thúc" in again.text
    tab = text_of(await secretary.get(f"{here}/votes", params={"receipt": receipt[0]}, headers=HTML))
    assert "Đã gửi 1 phiếu, trả lời 1." in tab and "Không thông qua" in tab and "Đề nghị sửa điều 3" in tab and "Ý kiến khác (1)" in tab
    assert f"{BINH}: Ý kiến khác" in tab, "found by its receipt"
    course = text_of(await secretary.get(f"{here}/course", headers=HTML))
    assert f"{BINH} (Điểm cầu xã Đạp Thanh) trả lời phiếu" in course and "Gửi phiếu lấy ý kiến" in course and "Đề nghị" not in course


async def test_slips_join_the_vote_of_the_meeting(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient, hall: Hall,  # noqa: F811
) -> None:
    here, phones = f"/meetings/{hall.room.meeting_id}", hall.phones()
    vote = {"title": TITLE, "preset": "advisory", "over": "persons", "base": "entitled", "quorum": "0"}
    before = (await secretary.post(f"{here}/conduct/motion", json=vote)).json()["motion"]
    assert (await client.post(f"{phones[AN]}/vote", json={"motion": before, "choice": "for"})).status_code == 200
    assert (await secretary.post(f"{here}/conduct/motion/close", json={})).json()["result"]["passed"]
    tab = await secretary.get(f"{here}/votes", headers=HTML)
    assert f'name="joins" value="{before}"' in tab.text
    late = await secretary.post(f"{here}/slips", data={"joins": before, "due_day": "2020-01-01", "due_clock": "08:00"}, headers=HTML)
    assert late.status_code == 422 and "Hạn trả lời phải sau lúc này" in late.text
    sent = await secretary.post(f"{here}/slips", json={"joins": before, **due(installation)})
    motion = sent.json()["motion"]
    assert f'name="joins" value="{before}"' not in (await secretary.get(f"{here}/votes", headers=HTML)).text
    assert (await client.post(f"{phones[BINH]}/slips/{motion}", json={"choice": "against"})).json()["receipt"]
    tab = text_of(await secretary.get(f"{here}/votes", headers=HTML))
    assert "Tán thành 1 0 1" in tab and "Không tán thành 0 1 1" in tab and "1/2 × 2 = 1" in tab
    slip = text_of(await secretary.get(f"{here}/slips/{motion}", headers=HTML))
    assert f"Gộp với biểu quyết “{TITLE}”" in slip
    assert (await client.get(f"/j/{hall.room.links['06970']}/ballots")).json().keys() == {before}, "the point sees no slip of a person"


async def test_papers_are_read_by_those_asked_alone_and_only_until_the_end(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient, hall: Hall,  # noqa: F811
) -> None:
    here, phones, found = f"/meetings/{hall.room.meeting_id}", hall.phones(), hall.found
    kept = found.blobs.put(b"de an")
    with found.db.write() as conn:
        document = service.document_add(conn, hall.room.meeting_id, "de-an.txt", "text/plain", 5, kept, hall.by, installation.now())
    motion = (await secretary.post(f"{here}/slips", json={"title": TITLE, **due(installation)})).json()["motion"]
    close(hall)
    paper = f"/slips/{motion}/documents/{document}"
    page = await client.get(f"{phones[BINH]}/slips/{motion}", headers=HTML)
    assert f'href="{phones[BINH]}{paper}"' in page.text
    assert (await client.get(f"{phones[BINH]}{paper}")).content == b"de an"
    assert (await client.get(f"{phones[AN]}{paper}")).status_code == 403, "who was there is not asked"
    assert (await client.get(f"{phones[BINH]}/documents/{document}")).status_code == 409, "the meeting is over"
    foreign = Hall(installation)
    assert (await client.get(f"{foreign.phones()[BINH]}{paper}")).status_code in (403, 404)
    assert (await client.get(f"{foreign.phones()[BINH]}/slips/{motion}", headers=HTML)).status_code in (403, 404)
    assert (await client.post(f"{phones[BINH]}/slips/{motion}", json={"choice": "for"})).status_code == 200
    assert (await client.get(f"{phones[BINH]}{paper}")).status_code == 409


async def test_reminders_and_more_time_from_the_page(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient, hall: Hall,  # noqa: F811
) -> None:
    here = f"/meetings/{hall.room.meeting_id}"
    motion = (await secretary.post(f"{here}/slips", json={"title": TITLE, "whom": "all", **due(installation)})).json()["motion"]
    slip = f"{here}/slips/{motion}"
    assert (await secretary.post(f"{slip}/remind", data={}, headers=HTML)).status_code == 303
    twice = await secretary.post(f"{slip}/remind", data={}, headers=HTML)
    assert twice.status_code == 409 and "chưa đầy một giờ" in twice.text and "Đã nhắc 1 lần" in twice.text
    earlier = await secretary.post(f"{slip}/extend", data=due(installation, 1), headers=HTML)
    assert earlier.status_code == 409 and "chỉ được lùi" in earlier.text
    assert (await secretary.post(f"{slip}/extend", data=due(installation, 5), headers=HTML)).status_code == 303
    assert (await client.post(f"{slip}/remind")).status_code in (303, 401, 403)
    for path, said in (("x/remind", {}), ("x/extend", due(installation)), (f"{motion}/extend", {"due_day": "?"})):
        refused = await secretary.post(f"{here}/slips/{path}", json=said)
        assert refused.status_code in (404, 422)
    assert (await secretary.post(f"{here}/slips", json={"title": TITLE, "whom": "nobody", **due(installation)})).status_code == 422
    with hall.found.db.write() as conn:
        assert slip_rounds.end(conn, motion, installation.now() + timedelta(days=6))
        assert vote_store.load(conn, motion).tally["entitled"] == 2
        kinds = [one.kind for one in ledger_store.events(conn, hall.room.meeting_id)]
    assert kinds[-3:] == ["slip.reminded", "slip.extended", "motion.closed"]
    course = text_of(await secretary.get(f"{here}/course", headers=HTML))
    assert "Lùi hạn trả lời phiếu lấy ý kiến" in course and "2 người chưa trả lời" in course


async def test_the_link_goes_to_the_account_else_the_telephone_and_never_to_whoever_has_answered(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient, hall: Hall,  # noqa: F811
) -> None:
    found, now = hall.found, installation.now()
    with found.db.write() as conn:
        for name, phone in (("Đỗ Dũng", "0912 345 678"), ("Lý Em", "0987654321")):
            delegate_list.register(conn, hall.room.meeting_id, Entry(hall.point.point_id, name, "", phone), hall.by, now)
    phones = hall.phones()
    motion = (await secretary.post(f"/meetings/{hall.room.meeting_id}/slips", json={"title": TITLE, **due(installation)})).json()["motion"]
    assert (await client.post(f"{phones['Lý Em']}/slips/{motion}", json={"choice": "for"})).status_code == 200
    item = Item(f"slip:{motion}:again", slip_rounds.SEND, now, {"motion": motion, "until": stamp(now + timedelta(days=3)), "round": 1}, 1)
    with found.db.write() as conn:
        duties.DUTIES[item.kind](found, conn, item, now)
        rows = conn.execute(select(outbox.c.kind, outbox.c.payload).where(outbox.c.key.startswith(item.key))).all()
        known = {one.card.person.name: one.way for one in slip_letters.reached(found, conn, hall.room.meeting_id, motion)}
    assert [(row.kind, row.payload["to"]) for row in rows] == [("sms", "0912345678")]
    assert f"{installation.url}{phones['Đỗ Dũng']}/slips/{motion}" in rows[0].payload["text"] and TITLE in rows[0].payload["text"]
    assert known == {BINH: "point", "Đỗ Dũng": "sms", "Lý Em": "sms"}
    page = text_of(await secretary.get(f"/meetings/{hall.room.meeting_id}/slips/{motion}", headers=HTML))
    assert "tin nhắn" in page and "qua điểm cầu" in page and "Đã trả lời (1)" in page and phones["Lý Em"] not in page
