"""The page of a delegate's own phone beyond the roll: messages, the page that all see, papers handed in, all by plain forms; and no sound."""

from __future__ import annotations

import io
import re
from html import unescape
from pathlib import Path

import httpx
import pikepdf
import pytest

from meetings import chat, muting, papers, presenting
from meetings.access import Role, Subject
from meetings.ledger import Event
from meetings.store import ledger_store
from tests.support.factories import user
from tests.support.installation import Installation, soon
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.support.sheets import pdf, photograph
from tests.web.test_hub_room import listening
from tests.web.test_people_in_the_room import AN, BINH, HTML, JSON, Hall
from web import person_places, uploads
from web.limits import UPLOAD_PATHS


@pytest.fixture
def hall(installation: Installation) -> Hall:  # noqa: F811
    return Hall(installation)


@pytest.fixture
def phone(hall: Hall) -> str:
    return hall.phones()[AN]


def chair_of(hall: Hall) -> Subject:
    return user(hall.installation.people["chair"].user_id, "t", Role.CHAIR)


def paper(hall: Hall, pages: int = 3) -> str:
    with hall.found.db.write() as conn:
        kept = uploads.keep(hall.found, "Báo cáo.pdf", pdf(pages))
        return uploads.add(conn, hall.room.meeting_id, kept, hall.by, hall.installation.now())


def offered(hall: Hall) -> list[papers.Document]:
    with hall.found.db.read() as conn:
        return papers.documents(conn, hall.room.meeting_id, "offered")


def told_of(hall: Hall) -> list[Event]:
    with hall.found.db.read() as conn:
        return list(ledger_store.events(conn, hall.room.meeting_id))


async def read(client: httpx.AsyncClient, address: str) -> str:  # noqa: F811
    answer = await client.get(address, headers=HTML)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


# --- messages ------------------------------------------------------------------------------------------------------


async def test_a_message_in_the_own_name_reaches_the_room_and_every_other_phone(hall: Hall, phone: str, client: httpx.AsyncClient) -> None:  # noqa: F811
    async with listening(client, f"{hall.link}/events") as point:
        answer = await client.post(f"{phone}/chat", data={"text": "Tôi ngồi sau\nkhông nghe rõ"}, headers=HTML)
        assert answer.headers["location"] == f"{phone}?done=chat"
        await soon(lambda: point.last("chat"))
    told = point.last("chat")
    assert (told["author"], told["code"], told["point"], told["text"]) == (AN, "06970", hall.point.name, "Tôi ngồi sau\nkhông nghe rõ")
    assert "Đã gửi tin nhắn." in await read(client, f"{phone}?done=chat")
    for page in (hall.phones()[BINH], f"{phone}/chat"):
        text = await read(client, page)
        assert f"<b>{AN}</b> · {hall.point.name}" in text and "không nghe rõ" in text
    said = (await client.get(f"{phone}/chat?after=0", headers=JSON)).json()["messages"]
    assert [one["text"] for one in said] == ["Tôi ngồi sau\nkhông nghe rõ"]
    assert (await client.get(f"{phone}/chat?after=1", headers=JSON)).json()["messages"] == []
    last = [event for event in told_of(hall) if event.kind == "chat.said"][-1]
    assert last.actor == {"user": None, "name": AN, "person": hall.person(AN)} and last.point is not None and last.point["code"] == "06970"


async def test_held_and_closed_messages_are_said_in_words(hall: Hall, phone: str, client: httpx.AsyncClient) -> None:  # noqa: F811
    def mode(now: str) -> None:
        with hall.found.db.write() as conn:
            muting.set_room(conn, hall.room.meeting_id, by=chair_of(hall), at=hall.installation.now(), chat=now)
        hall.found.hub.changed(hall.room.meeting_id)

    mode("held")
    assert "Tin nhắn hiện ra sau khi thư ký duyệt." in await read(client, phone)
    answer = await client.post(f"{phone}/chat", data={"text": "Chờ"}, headers=HTML)
    assert answer.headers["location"] == f"{phone}?done=held" and "duyệt" in await read(client, f"{phone}?done=held")
    assert (await client.post(f"{phone}/chat", json={"text": "Chờ"}, headers=JSON)).json()["state"] == "held"
    assert "Chờ" not in await read(client, f"{phone}/chat")
    mode("closed")
    text = await read(client, phone)
    assert "Chủ trì đang tắt phần nhắn tin." in text and f'action="{phone}/chat"' not in text
    refused = await client.post(f"{phone}/chat", data={"text": "Nghe không"}, headers=HTML)
    assert refused.status_code == 409 and f'href="{phone}"' in refused.text, "the way back is the own page, and no sign-in"


@pytest.mark.parametrize("text", ["", " \n ", "x" * 1_001])
async def test_what_is_no_message_is_refused(phone: str, client: httpx.AsyncClient, text: str) -> None:  # noqa: F811
    answer = await client.post(f"{phone}/chat", json={"text": text}, headers=JSON)
    assert answer.status_code == 422 and answer.json()["message"]


async def test_a_telephone_carries_the_newest_messages_and_the_rest_is_one_press_away(hall: Hall, phone: str, client: httpx.AsyncClient) -> None:  # noqa: F811
    with hall.found.db.write() as conn:
        for number in range(25):
            chat.say(conn, hall.room.meeting_id, f"Tin {number}.", chair_of(hall), hall.installation.now())
    text = await read(client, phone)
    assert "Tin 24." in text and "Tin 5." in text and "Tin 4." not in text and f'href="{phone}/chat"' in text
    assert "Tin 0." in await read(client, f"{phone}/chat")


# --- the page that all see -----------------------------------------------------------------------------------------


async def test_the_page_that_is_shown_is_a_link_and_news_and_a_picture_for_this_phone(hall: Hall, phone: str, client: httpx.AsyncClient) -> None:  # noqa: F811
    document = paper(hall)
    assert 'id="shown"' not in await read(client, phone)
    async with listening(client, f"{phone}/events") as news:
        with hall.found.db.write() as conn:
            shown = presenting.show(conn, hall.room.meeting_id, document, 2, chair_of(hall), hall.installation.now())
        hall.found.hub.changed(hall.room.meeting_id)
        await soon(lambda: news.last("change") and "shown" in news.last("change")["parts"])
    text = await read(client, phone)
    link = re.search(r'data-link="picture" href="([^"]+)"', text)
    assert link and link[1] == f"{phone}/papers/{document}/pages/2?w=1080" and f'href="{phone}/papers/{document}#2"' in text
    assert "Trang 2/3" in text and "Chủ tọa đang trình chiếu" in text and shown.page == 2
    picture = await client.get(link[1])
    assert picture.status_code == 200 and picture.headers["content-type"] == "image/webp"
    with hall.found.db.write() as conn:
        presenting.hide(conn, hall.room.meeting_id, chair_of(hall), hall.installation.now())
    hall.found.hub.changed(hall.room.meeting_id)
    assert 'id="shown"' not in await read(client, phone)


async def test_a_person_turns_no_pages_and_says_nothing_for_the_point(hall: Hall, phone: str, client: httpx.AsyncClient) -> None:  # noqa: F811
    document = paper(hall)
    for path in ("show", "hide", f"papers/{document}/drawn", "recording", "tickets", "voice", "here/x"):
        assert (await client.post(f"{phone}/{path}", json={"document": document, "page": 1}, headers=JSON)).status_code in (404, 405), path


async def test_own_notes_are_the_persons_and_come_back(hall: Hall, phone: str, client: httpx.AsyncClient) -> None:  # noqa: F811
    document = paper(hall)
    note = {"page": 2, "kind": "text", "at": [10, 20], "text": "Hỏi lại"}
    assert (await client.post(f"{phone}/papers/{document}/notes", json=note, headers=JSON)).status_code == 200
    mine, theirs, points = [(await client.get(f"{base}/papers/{document}/about", headers=JSON)).json() for base in (phone, hall.phones()[BINH], hall.link)]
    assert [one["body"]["text"] for one in mine["notes"]] == ["Hỏi lại"] and theirs["notes"] == points["notes"] == [] and mine["shared"] is False


# --- papers --------------------------------------------------------------------------------------------------------


async def test_photographs_become_one_paper_that_waits_for_the_secretary(hall: Hall, phone: str, client: httpx.AsyncClient) -> None:  # noqa: F811
    assert f'href="{phone}/papers"' in await read(client, phone) and 'enctype="multipart/form-data"' in await read(client, f"{phone}/papers")
    photos = [("photo", (f"{n}.jpg", photograph(turned=True), "image/jpeg")) for n in range(3)]
    answer = await client.post(f"{phone}/papers", files=photos, headers=HTML)
    assert answer.headers["location"] == f"{phone}?done=paper" and "Đã gửi thư ký." in await read(client, f"{phone}?done=paper")
    [waits] = offered(hall)
    assert waits.name.startswith(f"Ảnh chụp {AN}") and waits.name.endswith(".pdf") and waits.pages == 3 and waits.point_id == hall.point.point_id
    assert len(pikepdf.open(io.BytesIO(hall.found.blobs.path(waits.sha256).read_bytes())).pages) == 3
    event = told_of(hall)[-1]
    assert (event.kind, event.actor["person"], event.point["code"]) == ("document.offered", hall.person(AN), "06970")


async def test_what_became_of_a_paper_is_told_to_whoever_handed_it_in(hall: Hall, phone: str, client: httpx.AsyncClient) -> None:  # noqa: F811
    async with await hall.installation.signed_in("secretary") as secretary, listening(client, f"{phone}/events") as news:
        names = ("Một.txt", "Hai.txt", "Ba.txt")
        for name in names:
            await client.post(f"{phone}/papers", files={"document": (name, b"x" + name.encode(), "text/plain")}, headers=HTML)
        await soon(lambda: [name for name, _data in news.events].count("you") == 3)
        assert (await read(client, phone)).count("Chờ thư ký nhận") == 3
        for paper, said in zip(offered(hall), ({"do": "accept"}, {"do": "refuse", "reason": "Ảnh mờ <b>"}), strict=False):
            await secretary.post(f"/meetings/{hall.room.meeting_id}/documents/{paper.document_id}/settle", data=said)
        await soon(lambda: [name for name, _data in news.events].count("you") == 5)
        text = await read(client, phone)
        own = text[text.index('id="handed"'):]
        assert own.index("Ba.txt") < own.index("Chờ thư ký nhận") < own.index("Hai.txt") < own.index("Lý do: Ảnh mờ <b>") < own.index("Đã nhận: mọi người đọc được")
        assert "&lt;b&gt;" in (await client.get(phone, headers=HTML)).text
        assert 'id="handed"' not in await read(client, hall.phones()[BINH]), "it is the own papers alone"


async def test_a_file_is_handed_in_too_and_what_is_none_is_refused_in_words(hall: Hall, phone: str, client: httpx.AsyncClient) -> None:  # noqa: F811
    answer = await client.post(f"{phone}/papers", files={"document": ("Đề xuất.pdf", pdf(1), "application/pdf")}, headers=JSON)
    assert answer.json()["name"] == "Đề xuất.pdf" and [one.name for one in offered(hall)] == ["Đề xuất.pdf"]
    bad = [({"data": {}}, "document.none"), ({"files": {"photo": ("a.jpg", b"no picture", "image/jpeg")}}, "photo.unreadable"),
           ({"files": {"document": ("a.exe", b"MZ", "application/octet-stream")}}, "document.type")]
    for sent, code in bad:
        refused = await client.post(f"{phone}/papers", headers=JSON, **sent)  # type: ignore[arg-type]
        assert (refused.status_code, refused.json()["error"]) == (422, code) and refused.json()["message"]
    assert len(offered(hall)) == 1


async def test_a_large_paper_comes_through(phone: str, client: httpx.AsyncClient) -> None:  # noqa: F811
    answer = await client.post(f"{phone}/papers", files={"document": ("a.txt", b"x" * (2 << 20), "text/plain")}, headers=JSON)
    assert answer.status_code == 200
    assert not UPLOAD_PATHS.match(f"{phone}/chat"), "nothing else of a telephone may be as large"


# --- parts ---------------------------------------------------------------------------------------------------------


def test_every_part_of_the_page_has_an_id_by_which_the_script_renews_it() -> None:
    folder = Path(person_places.__file__).parent
    names = {name for path in folder.glob("*.py") for name in re.findall(r'"(person/\w+\.html)"', path.read_text(encoding="utf-8"))}
    assert len(names) == len(person_places.PLACES)
    for name in names:
        first = re.search(r"^<(?:section|div)\b[^>]*>", (folder.parent / "templates" / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert first and ' id="' in first[0], f"{name}: it would be put in once more at every renewal"


# --- no echo -------------------------------------------------------------------------------------------------------


async def test_the_page_has_no_sound_and_may_take_none(phone: str, client: httpx.AsyncClient) -> None:  # noqa: F811
    answer = await client.get(phone, headers=HTML)
    assert "microphone=()" in answer.headers["permissions-policy"] and "autoplay=()" in answer.headers["permissions-policy"]
    scripts = re.findall(r'src="([^"]+\.js[^"]*)"', answer.text)
    for text in [answer.text, *[(await client.get(script)).text for script in scripts if "/person/" in script]]:
        assert not re.search(r"<(audio|video)|getUserMedia|RTCPeerConnection|new Audio|AudioContext|speechSynthesis", text)
