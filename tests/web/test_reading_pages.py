"""Papers read page by page, shown to all, handed in and taken: over HTTP, by account and by link."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from PIL import Image

from meetings import papers, service
from meetings.access import Role
from meetings.store import ledger_store
from tests.support import factories
from tests.support.installation import Installation, Room
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.support.sheets import acting, pdf, photograph
from tests.web.test_people_in_the_room import Hall
from tests.web.test_room_pages import data_of, kinds
from web import uploads
from web.api.pace import Pace

HTML, JSON = {"accept": "text/html"}, {"accept": "application/json"}
NOTE = {"page": 2, "kind": "mark", "at": [100, 200, 3000, 400], "text": ""}


@pytest.fixture
async def chair(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    async with await installation.signed_in("chair") as opened:
        yield opened


def paper(installation: Installation, room: Room, name: str = "Báo cáo.pdf", data: bytes | None = None) -> str:  # noqa: F811
    found = installation.found
    kept = uploads.keep(found, name, pdf(3) if data is None else data)
    with found.db.write() as conn:
        return uploads.add(conn, room.meeting_id, kept, factories.user(installation.people["secretary"].user_id, "t", Role.SECRETARY), installation.now())


async def token(chair: httpx.AsyncClient, room: Room) -> dict[str, str]:
    return {"x-csrf-token": data_of(await chair.get(f"/j/{room.chair}/room", headers=HTML))["csrf"], **JSON}


def floor(installation: Installation, room: Room, point_id: int | None) -> None:  # noqa: F811
    chair = factories.user(installation.people["chair"].user_id, "t", Role.CHAIR)
    with installation.found.db.write() as conn:
        if point_id is not None:
            service.seat_join(conn, room.meeting_id, point_id, installation.now())
        service.floor_give(conn, room.meeting_id, point_id, chair, installation.now())


async def test_a_page_is_a_picture_of_the_width_that_is_looked_at(installation: Installation, client: httpx.AsyncClient) -> None:  # noqa: F811
    room = installation.room(opened=True)
    here = f"/j/{room.links['204']}/papers/{paper(installation, room)}"
    page = await client.get(here, headers=HTML)
    assert page.status_code == 200 and "Báo cáo.pdf" in page.text and data_of(page)["paper"] in here
    shown = await client.get(f"{here}/pages/2?w=700")
    with Image.open(io.BytesIO(shown.content)) as image:
        assert image.size == (720, 1019)
    assert shown.headers["content-type"] == "image/webp" and "immutable" in shown.headers["cache-control"]
    assert "Trang 2" in (await client.get(f"{here}/pages/2/text")).json()["text"]
    for bad, status in (("pages/4", 422), ("pages/0", 404), ("pages/x", 404), ("pages/2?w=0", 400), ("pages/2?w=99999", 400)):
        assert (await client.get(f"{here}/{bad}", headers=JSON)).status_code == status, bad
    other = installation.room(opened=True)
    assert (await client.get(here.replace(room.links["204"], other.links["204"]), headers=JSON)).status_code == 404


async def test_notes_are_ones_own_by_every_door(installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient) -> None:  # noqa: F811
    room = installation.room(opened=True)
    document = paper(installation, room)
    ends = {name: f"/j/{room.links[name]}/papers/{document}" for name in ("22", "204", "06970")}
    made = (await client.post(f"{ends['204']}/notes", json=NOTE)).json()["id"]
    assert (await chair.post(f"{ends['22']}/notes", json={**NOTE, "kind": "text", "at": [5, 5], "text": "Hỏi"})).status_code == 200

    async def seen(who: httpx.AsyncClient, end: str) -> list[Any]:
        return [note["body"].get("text", "") for note in (await who.get(f"{end}/about")).json()["notes"]]

    assert await seen(client, ends["204"]) == [""] and await seen(client, ends["06970"]) == await seen(client, ends["22"]) == []
    assert await seen(chair, f"/meetings/{room.meeting_id}/papers/{document}") == ["Hỏi"]
    assert (await client.post(f"{ends['06970']}/notes/{made}/remove", json={})).status_code == 404
    assert (await client.post(f"{ends['204']}/notes/{made}/remove", json={})).status_code == 200
    for bad in ({**NOTE, "page": 9}, {**NOTE, "page": "x"}, {**NOTE, "kind": "x"}, {}):
        assert (await client.post(f"{ends['204']}/notes", json=bad, headers=JSON)).status_code == 422
    assert "note" not in "".join(kinds(installation, room))


async def test_somebody_behind_a_point_reads_and_notes_alone(installation: Installation, client: httpx.AsyncClient) -> None:  # noqa: F811
    hall = Hall(installation)
    document = paper(installation, hall.room)
    [first, second, *_rest] = (f"{phone}/papers/{document}" for phone in hall.phones().values())
    assert (await client.post(f"{first}/notes", json=NOTE)).status_code == 200
    seen = [len((await client.get(f"{end}/about")).json()["notes"]) for end in (first, second, f"{hall.link}/papers/{document}")]
    assert seen == [1, 0, 0] and (await client.get(f"{first}/pages/3?w=360")).status_code == 200
    assert not (await client.get(f"{first}/about")).json()["shared"]


async def test_a_foreign_page_writes_no_note_in_a_session(installation: Installation, chair: httpx.AsyncClient) -> None:  # noqa: F811
    room = installation.room(opened=True)
    here = f"/j/{room.links['22']}/papers/{paper(installation, room)}"
    answer = await chair.post(f"{here}/notes", json=NOTE, headers={"origin": "https://evil.example", **JSON})
    assert answer.status_code == 403


async def test_pages_are_turned_for_all_and_acknowledged(installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient) -> None:  # noqa: F811
    room = installation.room(opened=True)
    document, headers = paper(installation, room), await token(chair, room)
    shown = await chair.post(f"/meetings/{room.meeting_id}/conduct/show", json={"document": document, "page": 2}, headers=headers)
    assert shown.json() == {"document": document, "page": 2, "pages": 3, "name": "Báo cáo.pdf", "by": None, "since": shown.json()["since"]}
    state = (await client.get(f"/j/{room.links['204']}/state")).json()
    assert state["shown"] == shown.json()
    end = f"/j/{room.links['204']}"
    assert (await client.post(f"{end}/papers/{document}/drawn", json={"page": 2})).status_code == 204
    assert installation.found.drawn.told(room.meeting_id, {"204", "22"}) == {"document": document, "page": 2, "drawn": 1, "of": 2, "last": ["22"]}
    refused = await client.post(f"{end}/show", json={"document": document, "page": 3}, headers=JSON)
    assert refused.status_code == 403 and "đang phát biểu" in refused.json()["message"]
    floor(installation, room, 2)
    assert (await client.post(f"{end}/show", json={"document": document, "page": 3}, headers=JSON)).json()["by"] == "204"
    for bad in ({"document": document, "page": 4}, {"document": document}, {"document": document, "page": True}):
        assert (await client.post(f"{end}/show", json=bad, headers=JSON)).status_code == 422
    assert (await client.post(f"{end}/hide", json={}, headers=JSON)).status_code == 200
    assert (await client.get(f"{end}/state")).json()["shown"] is None
    assert [kind for kind in kinds(installation, room) if kind.endswith((".shown", ".hidden"))] == ["document.shown", "page.shown", "document.hidden"]


async def test_a_point_hands_in_photographs_and_the_secretary_takes_them(installation: Installation, client: httpx.AsyncClient) -> None:  # noqa: F811
    room = installation.room(opened=True)
    end = f"/j/{room.links['204']}"
    sent = await client.post(f"{end}/papers", files=[("photo", (f"{n}.jpg", photograph(), "image/jpeg")) for n in range(2)], headers=JSON)
    assert sent.status_code == 200 and sent.json()["name"].endswith(".pdf")
    document = sent.json()["id"]
    assert (await client.get(f"{end}/papers/{document}/about", headers=JSON)).status_code == 404
    for files, status in ((None, 422), ([("document", ("a.pdf", acting("script"), "application/pdf"))], 422), ([("photo", ("a.jpg", b"x", "image/jpeg"))], 422)):
        assert (await client.post(f"{end}/papers", files=files, data={} if files else {"x": "1"}, headers=JSON)).status_code == status
    async with await installation.signed_in("secretary") as secretary:
        page = await secretary.get(f"/meetings/{room.meeting_id}/documents", headers=HTML)
        assert sent.json()["name"] in page.text and "chờ nhận" in page.text
        assert (await secretary.get(f"/meetings/{room.meeting_id}/offered/{document}")).content.startswith(b"%PDF-")
        headers = {"x-csrf-token": page.text.split('name="csrf-token" content="')[1][:64]}
        taken = await secretary.post(f"/meetings/{room.meeting_id}/documents/{document}/settle", data={"do": "accept"}, headers=headers)
        assert taken.status_code == 303
    assert (await client.get(f"{end}/papers/{document}/about")).json()["pages"] == 2
    assert kinds(installation, room)[-2:] == ["document.offered", "document.accepted"]


async def test_the_secretary_replaces_withdraws_and_is_told_what_is_wrong(installation: Installation, client: httpx.AsyncClient) -> None:  # noqa: F811
    room = installation.room(opened=True)
    data = pdf(3)
    document = paper(installation, room, data=data)
    end = f"/j/{room.links['204']}"
    assert (await client.post(f"{end}/papers/{document}/read", json={"page": 3})).status_code == 200
    async with await installation.signed_in("secretary") as secretary:
        page = await secretary.get(f"/meetings/{room.meeting_id}/documents", headers=HTML)
        headers, here = {"x-csrf-token": page.text.split('name="csrf-token" content="')[1][:64]}, f"/meetings/{room.meeting_id}/documents"
        same = await secretary.post(f"{here}/{document}/replace", files={"document": ("Báo cáo.pdf", data, "application/pdf")}, headers=headers)
        assert same.status_code == 422 and "giống hệt" in same.text
        done = await secretary.post(f"{here}/{document}/replace", files={"document": ("Báo cáo.pdf", pdf(4), "application/pdf")}, headers=headers)
        assert done.status_code == 303
        with installation.found.db.read() as conn:
            [new] = papers.documents(conn, room.meeting_id)
        about = (await client.get(f"{end}/papers/{new.document_id}/about")).json()
        assert about["changed"] and about["at"] is None and (await client.get(f"{end}/papers/{document}/about")).json()["newer"] == new.document_id
        nothing = await secretary.post(f"{here}/{new.document_id}/withdraw", data={"reason": ""}, headers=headers)
        assert nothing.status_code == 422
        assert (await secretary.post(f"{here}/{new.document_id}/withdraw", data={"reason": "Nhầm"}, headers=headers)).status_code == 303
        photos = await secretary.post(f"/meetings/{room.meeting_id}/photos", files=[("photo", ("1.jpg", photograph(), "image/jpeg"))],
                                      data={"name": "Phiếu"}, headers=headers)
        assert photos.status_code == 303
    with installation.found.db.read() as conn:
        assert [one.name for one in papers.documents(conn, room.meeting_id)] == ["Phiếu.pdf"]
        opened = [event for event in ledger_store.events(conn, room.meeting_id) if event.kind == "document.opened"]
    assert [(event.point or {}).get("code") for event in opened] == ["204"]


async def test_a_paper_from_before_pages_were_counted_is_counted_when_it_is_opened(installation: Installation, client: httpx.AsyncClient) -> None:  # noqa: F811
    room, found = installation.room(opened=True), installation.found
    data = pdf(2)
    with found.db.write() as conn:
        document = service.document_add(conn, room.meeting_id, "cũ.pdf", "application/pdf", len(data), found.blobs.put(data),
                                        factories.user(installation.people["secretary"].user_id, "t", Role.SECRETARY), installation.now())
    here = f"/j/{room.links['204']}/papers/{document}"
    assert (await client.get(f"{here}/about")).json()["pages"] == 2
    assert (await client.get(f"{here}/pages/2")).status_code == 200


async def test_pages_are_not_turned_nor_read_without_end(
    installation: Installation, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch,  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    here = f"/j/{room.links['204']}/papers/{paper(installation, room)}"
    monkeypatch.setattr(installation.found, "paper_pace", Pace(2, 0.001))
    assert [(await client.post(f"{here}/read", json={"page": 1}, headers=JSON)).status_code for _ in range(3)] == [200, 200, 429]
