"""The programme edited on its page: before the opening and while the meeting is on; the room, the record and those invited learn of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from meetings import service
from meetings.access import Role
from meetings.errors import Invalid
from meetings.meeting import AgendaLine, State
from meetings.store import ledger_store, meeting_store
from tests.support.factories import user
from tests.support.installation import Installation, Room, soon, token_in
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import listening
from web import programme_form
from web.programme_form import Row

HTML = {"accept": "text/html"}


def row(order: str, title: str, item: int | None = None, presenter: str = "", minutes: str = "") -> Row:
    return Row(item, order, title, presenter, minutes)


def standing(*titles: str) -> list[Row]:
    return [row(str(number), title, number) for number, title in enumerate(titles, start=1)]


def titles(rows: list[Row]) -> str:
    return "".join(line.title for line in programme_form.lines(rows))


@pytest.mark.parametrize(("change", "wanted"), [
    ({}, "ABCD"), ({1: row("3", "B", 2)}, "ACBD"), ({3: row("1", "D", 4)}, "DABC"), ({0: row("4", "A", 1)}, "BCDA"), ({1: row("2", " ", 2)}, "ACD"),
    ({4: row("2", "N")}, "ANBCD"), ({4: row("", "N")}, "ABCDN"), ({4: row("99", "N")}, "ABCDN"), ({1: row("x", "B", 2)}, "ABCD"), ({1: row("", "B", 2)}, "ABCD"),
], ids=["as it is", "down", "to the front", "to the end", "gone", "between", "added", "far", "no number", "emptied number"])
def test_where_items_go(change: dict[int, Row], wanted: str) -> None:
    rows = [*standing(*"ABCD"), row("", "")]
    assert titles([change.get(index, one) for index, one in enumerate(rows)]) == wanted


@given(st.permutations(range(1, 7)))
def test_any_order_that_is_numbered_whole_is_that_order(orders: list[int]) -> None:
    rows = [row(str(order), "ABCDEF"[number], number + 1) for number, order in enumerate(orders)]
    assert titles(rows) == "".join("ABCDEF"[number] for _order, number in sorted((order, number) for number, order in enumerate(orders)))


@pytest.mark.parametrize(("bad", "code"), [
    (row("", "", presenter="Ai đó"), "text.empty"), (row("", "A", minutes="0"), "agenda.minutes"), (row("", "A", minutes="nhiều"), "agenda.minutes"),
    (row("", "A" * 501), "text.too_long"), (row("", "A", presenter="x" * 201), "text.too_long"),
])
def test_what_is_wrong_names_its_line(bad: Row, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        programme_form.lines([*standing("A", "B"), bad])
    assert (refused.value.code, refused.value.params["line"]) == (code, 3)


# --- over HTTP -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def secretary(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    async with await installation.signed_in("secretary") as opened:
        yield opened


class Programme:
    """One meeting's programme as a browser edits it."""

    def __init__(self, installation: Installation, reader: httpx.AsyncClient, room: Room) -> None:  # noqa: F811
        self.installation, self.reader, self.room = installation, reader, room
        self.address = f"/meetings/{room.meeting_id}/agenda/edit"

    async def save(self, rows: list[Row], was: str | None = None) -> httpx.Response:
        page = (await self.reader.get(self.address, headers=HTML)).text
        mark = page.partition('name="was" value="')[2][:16] if was is None else was
        return await self.reader.post(self.address, headers=HTML, data={
            "_csrf": token_in(page), "was": mark, **{f"agenda_{name}": [str(getattr(one, name) or "") for one in rows] for name in ("item", "order", "title", "presenter", "minutes")}})

    def lines(self) -> list[tuple[int, str, int | None]]:
        with self.installation.found.db.read() as conn:
            return [(one.item, one.title, one.minutes) for one in meeting_store.agenda_of(conn, self.room.meeting_id)]

    def go(self, item: int) -> None:
        with self.installation.found.db.write() as conn:
            meeting = service.get(conn, self.room.meeting_id)
            service.agenda_go(conn, self.room.meeting_id, item, user(meeting.chair.user_id, "t", Role.CHAIR), self.installation.now())


async def test_before_the_opening_the_programme_is_written_on_its_page(installation: Installation, secretary: httpx.AsyncClient) -> None:  # noqa: F811
    programme = Programme(installation, secretary, installation.room())
    tab = (await secretary.get(f"/meetings/{programme.room.meeting_id}/agenda", headers=HTML)).text
    assert f'href="{programme.address}"' in tab
    rows = [row("1", "Khai mạc", presenter="Văn phòng", minutes="10"), row("2", "Báo cáo", minutes="20")]
    answer = await programme.save(rows)
    assert answer.status_code == 303 and answer.headers["location"].endswith("/agenda?done=agenda")
    assert programme.lines() == [(1, "Khai mạc", 10), (2, "Báo cáo", 20)]
    wrong = await programme.save([row("1", "Khai mạc", 1, minutes="x")])
    assert wrong.status_code == 422 and "Dòng 1:" in unescape(wrong.text) and 'role="alert"' in wrong.text and programme.lines()[0] == (1, "Khai mạc", 10)
    again = re.search(r'name="was" value="([^"]+)"', (await programme.save([row("1", "Khác", minutes="x")], was="0" * 16)).text)
    assert again and again[1] == "0" * 16, "another mistake first does not hide that the programme was changed meanwhile"
    stale = await programme.save([row("1", "Khác", 1)], was="0" * 16)
    assert stale.status_code == 409 and "vừa được sửa ở nơi khác" in unescape(stale.text) and 'value="Khác"' in stale.text and len(programme.lines()) == 2


async def test_while_the_meeting_is_on_the_room_sees_it_at_once_and_what_was_begun_stays(
    installation: Installation, secretary: httpx.AsyncClient, client: httpx.AsyncClient  # noqa: F811
) -> None:
    programme = Programme(installation, secretary, installation.room(opened=True))
    await programme.save([row("1", "Khai mạc"), row("2", "Báo cáo")])
    programme.go(1)
    async with listening(client, f"/j/{programme.room.links['204']}/events") as news:
        answer = await programme.save([*standing("Khai mạc", "Báo cáo"), row("2", "Ý kiến bổ sung", minutes="15")])
        assert answer.status_code == 303
        await soon(lambda: [one["title"] for one in news.last("state")["agenda"]] == ["Khai mạc", "Ý kiến bổ sung", "Báo cáo"])
        assert news.last("state")["running"] == 1
    page = unescape((await secretary.get(programme.address, headers=HTML)).text)
    assert page.count("readonly") == 2 and "Đã bắt đầu hoặc đã biểu quyết" in page
    refused = await programme.save([row("2", "Khai mạc", 1), row("1", "Báo cáo", 3)])
    assert refused.status_code == 409 and "Mục 1 “Khai mạc” đã bắt đầu" in unescape(refused.text)
    course = unescape((await secretary.get(f"/meetings/{programme.room.meeting_id}/course", headers=HTML)).text)
    assert "Sửa chương trình: 3 mục" in course
    with installation.found.db.read() as conn:
        told = [event for event in ledger_store.events(conn, programme.room.meeting_id) if event.kind == "meeting.changed"]
    assert [one["title"] for one in told[-1].data["agenda"]] == ["Khai mạc", "Ý kiến bổ sung", "Báo cáo"]


async def test_who_may_and_when(installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient) -> None:  # noqa: F811
    programme = Programme(installation, secretary, installation.room(opened=True))
    async with await installation.signed_in("clerk") as clerk:
        assert (await clerk.get(programme.address, headers=HTML)).status_code in (403, 404)
    assert (await client.get(programme.address, headers=HTML)).status_code in (303, 401)
    async with await installation.signed_in("chair") as chair:
        assert (await Programme(installation, chair, programme.room).save([row("1", "Khai mạc")])).status_code == 303
        assert (await chair.post(f"/meetings/{programme.room.meeting_id}/conduct/close")).status_code == 200
        with installation.found.db.read() as conn:
            assert service.get(conn, programme.room.meeting_id).state is State.CONCLUDED
        page = (await chair.get(programme.address, headers=HTML)).text
        assert "không sửa được nữa" in unescape(page) and "agenda_title" not in page
        assert programme.address not in (await chair.get(f"/meetings/{programme.room.meeting_id}/agenda", headers=HTML)).text


def test_a_form_of_any_shape_is_rows() -> None:
    rows = programme_form.read(FormData([("agenda_title", "A"), ("agenda_item", "9" * 40), ("agenda_order", "-1"), ("agenda_title", "B")]), frozenset({1}))
    assert [one.title for one in rows] == ["A", "B"] and programme_form.lines(rows) == [AgendaLine("A", "", None), AgendaLine("B", "", None)]
