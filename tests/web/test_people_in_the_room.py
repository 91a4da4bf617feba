"""People behind points over HTTP: names to those alone who look after them, one tap, the page of the own phone, cards, news."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from html import unescape

import httpx
import pytest

from meetings import recordings, service
from meetings.access import Role, Subject
from meetings.people import Wanted
from meetings.store import ledger_store, people_store
from meetings.voting import Rule
from scheduler import delegate_list, person_links, roll_call
from scheduler.delegate_sheet import Entry
from tests.support import factories
from tests.support.installation import Installation, soon
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import listening
from web.limits import ACTS_AT_ONCE

HTML, JSON = {"accept": "text/html"}, {"accept": "application/json"}
AN, BINH = "Lê An", "Vũ Bình"


@pytest.fixture
async def chair(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with await installation.signed_in("chair") as opened:
        yield opened


class Hall:
    """An open meeting: two are registered at point 06970."""

    def __init__(self, installation: Installation, opened: bool = True) -> None:
        self.installation, self.room, self.found = installation, installation.room(opened=opened), installation.found
        self.point = next(point for point in factories.POINTS if point.code == "06970")
        with self.found.db.write() as conn:
            for name in (AN, BINH):
                delegate_list.register(conn, self.room.meeting_id, Entry(self.point.point_id, name, "Chủ tịch", "0912"), self.by, installation.now())

    @property
    def by(self) -> Subject:
        account = self.installation.people["secretary"]
        return Subject(account.user_id, account.name, "", "t", ("t",), frozenset({Role.SECRETARY}))

    @property
    def link(self) -> str:
        return f"/j/{self.room.links['06970']}"

    @property
    def here(self) -> str:
        return f"/meetings/{self.room.meeting_id}/people"

    def phones(self) -> dict[str, str]:
        with self.found.db.read() as conn:
            made = person_links.cards(conn, self.found.keys.persons, self.room.meeting_id, self.by)
        return {card.person.name: f"/p/{card.secret}" for card in made}

    def states(self) -> dict[str, str]:
        with self.found.db.read() as conn:
            [roll] = roll_call.rolls(conn, self.room.meeting_id, self.point.point_id)
        return {one.name: one.state.value for one in roll.everybody}

    def person(self, name: str) -> str:
        with self.found.db.read() as conn:
            [roll] = roll_call.rolls(conn, self.room.meeting_id, self.point.point_id)
        return next(one.person_id for one in roll.everybody if one.name == name)

    def kinds(self) -> list[str]:
        with self.found.db.read() as conn:
            return [event.kind for event in ledger_store.events(conn, self.room.meeting_id)]


@pytest.fixture
def hall(installation: Installation) -> Iterator[Hall]:
    yield Hall(installation)


async def test_a_point_checks_its_people_in_by_one_tap_and_the_news_tell_counts_and_no_name(hall: Hall, client: httpx.AsyncClient) -> None:
    async with listening(client, f"{hall.link}/events") as news, listening(client, f"/j/{hall.room.links['204']}/events") as others:
        assert news.last("state")["people"]["06970"] == [2, 0, None]
        answer = await client.post(f"{hall.link}/people", json={"person": hall.person(AN), "state": "present"})
        assert answer.json() == {"changed": True, "person": hall.person(AN)}
        await soon(lambda: news.last("state")["people"]["06970"] == [2, 1, None])
        assert news.last("change")["parts"]["people"] == {"set": {"06970": [2, 1, None]}, "gone": []}
        await soon(lambda: news.last("people") == {"point": "06970"})
        await soon(lambda: others.last("state")["people"]["06970"] == [2, 1, None])
        assert others.last("people") is None
        assert not [data for _name, data in (*news.events, *others.events) if AN in str(data)]
    assert (await client.post(f"{hall.link}/people", json={"person": hall.person(AN), "state": "present"})).json()["changed"] is False
    found = (await client.get(f"{hall.link}/people")).json()
    assert [(one["name"], one["state"], one["link"]) for one in found["people"]] == [(AN, "present", True), (BINH, "expected", True)]
    assert "0912" not in str(found), "telephone numbers are nobody's in the room"


async def test_absent_with_a_reason_somebody_more_heads_and_what_is_refused(hall: Hall, client: httpx.AsyncClient) -> None:
    async def tap(**said: object) -> httpx.Response:
        return await client.post(f"{hall.link}/people", json=said, headers=JSON)

    await tap(person=hall.person(BINH), state="absent", reason="đi công tác")
    await tap(name="Khách Lạ", post="")
    await tap(heads=14)
    assert hall.states() == {AN: "expected", BINH: "excused", "Khách Lạ": "present"}
    assert (await client.get(f"{hall.link}/people")).json()["heads"] == 14
    refused = [({"person": hall.person(AN), "state": "left"}, 409, "person.not_here"), ({"person": "x", "state": "present"}, 404, "delegate.unknown"),
               ({"person": hall.person(AN), "state": "late"}, 422, "person.state"), ({"heads": "nhiều"}, 422, "heads.number"),
               ({"heads": 10_001}, 422, "heads.number"), ({}, 422, "text.empty"), ({"name": "x" * 51}, 422, "text.too_long")]
    for said, status, code in refused:
        answer = await tap(**said)
        assert (answer.status_code, answer.json()["error"]) == (status, code)


async def test_names_go_to_those_who_look_after_them_alone(hall: Hall, client: httpx.AsyncClient, chair: httpx.AsyncClient) -> None:
    other = f"/j/{hall.room.links['204']}"
    assert (await client.get(f"{other}/people")).json()["people"] == []
    assert (await client.post(f"{other}/people", json={"person": hall.person(AN), "state": "present"}, headers=JSON)).status_code == 404
    assert [one["name"] for one in (await chair.get(f"{hall.here}?point=06970")).json()["people"]] == [AN, BINH]
    for path in (f"{hall.here}?point=06970", f"{hall.here}/cards", f"{hall.here}/rolls"):
        assert (await client.get(path, headers=JSON)).status_code in (401, 403, 404)
    async with await hall.installation.signed_in("clerk") as clerk:
        assert (await clerk.get(f"{hall.here}?point=06970")).status_code in (403, 404)
    assert hall.states()[AN] == "expected"


async def test_whoever_conducts_taps_too_and_writes_the_roll_down(hall: Hall, chair: httpx.AsyncClient) -> None:
    assert 'id="people-console"' in (await chair.get(f"/j/{hall.room.chair}/room", headers=HTML)).text
    answer = await chair.post(hall.here, json={"point": "06970", "person": hall.person(AN), "state": "present"})
    assert answer.json()["changed"] is True and hall.states()[AN] == "present"
    forged = await chair.post(hall.here, json={"point": "06970", "person": hall.person(AN), "state": "left"}, headers={"x-csrf-token": "0" * 64})
    assert forged.status_code == 403 and hall.states()[AN] == "present"
    assert (await chair.post(f"{hall.here}/roll")).json() == {"roll": 1}
    [roll] = (await chair.get(f"{hall.here}/rolls")).json()["rolls"]
    assert (roll["persons"], roll["why"], roll["pages"]) == ([2, 1], "asked", 1)
    assert hall.kinds()[-2:] == ["roll.called", "roll.page"]


async def test_the_opening_writes_the_roll_down_where_somebody_is_expected(installation: Installation, chair: httpx.AsyncClient) -> None:
    hall, empty = Hall(installation, opened=False), installation.room()
    for room in (hall.room, empty):
        assert (await chair.post(f"/meetings/{room.meeting_id}/conduct/open")).status_code == 200
    assert hall.kinds()[-3:] == ["meeting.opened", "roll.called", "roll.page"]
    with hall.found.db.read() as conn:
        assert ledger_store.events(conn, empty.meeting_id)[-1].kind == "meeting.opened"


async def test_a_vote_begins_with_the_roll_and_one_that_is_refused_leaves_none(hall: Hall, chair: httpx.AsyncClient) -> None:
    refused = await chair.post(f"/meetings/{hall.room.meeting_id}/conduct/motion", json={"title": "Lần một", "over": "persons", "quorum": "1"})
    assert refused.status_code in (409, 422) and "roll.called" not in hall.kinds()
    with hall.found.db.write() as conn:
        for name in (AN, BINH):
            roll_call.say(conn, hall.room.meeting_id, hall.point.point_id, hall.person(name), Wanted.PRESENT, hall.by, hall.installation.now())
    answer = await chair.post(f"/meetings/{hall.room.meeting_id}/conduct/motion", json={"title": "Lần hai", "over": "persons", "quorum": "1/2"})
    assert answer.status_code == 200, answer.text
    kinds = hall.kinds()
    assert kinds.index("roll.called") < kinds.index("motion.opened")
    with hall.found.db.read() as conn:
        assert next(row.data for row in people_store.rolls(conn, hall.room.meeting_id))["why"] == "motion"


async def test_the_own_phone_checks_in_leaves_and_comes_back_by_plain_forms(hall: Hall, client: httpx.AsyncClient) -> None:
    phone = hall.phones()[AN]
    page = await client.get(phone, headers=HTML)
    assert page.status_code == 200 and AN in page.text and BINH not in page.text
    assert f'action="{phone}/here"' in page.text and "Tôi có mặt" in page.text and f'action="{phone}/hand"' not in page.text
    answer = await client.post(f"{phone}/here", data={}, headers=HTML)
    assert answer.headers["location"] == f"{phone}?done=here"
    page = await client.get(f"{phone}?done=here", headers=HTML)
    assert "Đã ghi bạn có mặt." in page.text and f'action="{phone}/left"' in page.text and f'action="{phone}/hand"' in page.text
    assert hall.states() == {AN: "present", BINH: "expected"}
    with hall.found.db.read() as conn:
        last = ledger_store.events(conn, hall.room.meeting_id)[-1]
    assert (last.kind, last.data["how"], last.actor["name"], last.actor["person"]) == ("person.present", "phone", AN, hall.person(AN))  # type: ignore[index]
    await client.post(f"{phone}/left", data={}, headers=HTML)
    assert hall.states()[AN] == "left" and "Đã rời" in unescape((await client.get(phone, headers=HTML)).text)


async def test_whoever_sits_behind_a_point_is_told_that_the_meeting_is_recorded(hall: Hall, client: httpx.AsyncClient) -> None:
    phone = hall.phones()[AN]
    with hall.found.db.write() as conn:
        recordings.start(conn, hall.room.meeting_id, "Soạn biên bản", "Được ghi hình.", 90, False, hall.by, hall.installation.now())
    text = (await client.get(phone, headers=HTML)).text
    assert "Cuộc họp này đang được ghi hình" in text and "Mục đích: Soạn biên bản" in text


async def test_what_is_said_at_the_point_reaches_the_phone_and_the_phone_is_no_presence(hall: Hall, client: httpx.AsyncClient) -> None:
    phone = hall.phones()[AN]
    async with listening(client, f"{phone}/events") as news, listening(client, f"{hall.phones()[BINH]}/events") as other:
        assert news.last("state")["present"] == {}
        await client.post(f"{hall.link}/people", json={"person": hall.person(AN), "state": "present"})
        await soon(lambda: news.last("you") == {})
        await soon(lambda: other.last("change"))
        assert other.last("you") is None and "point.joined" not in hall.kinds()


async def test_one_press_takes_a_phone_back(hall: Hall, client: httpx.AsyncClient) -> None:
    phone = hall.phones()[AN]
    cards = (await client.get(f"{hall.link}/people/cards", headers=HTML)).text
    assert AN in cards and cards.count("<svg") >= 2 and phone in cards
    answer = await client.post(f"{hall.link}/people/link", data={"person": hall.person(AN), "do": "revoke"}, headers=HTML)
    assert answer.headers["location"] == f"{hall.link}/people/cards"
    for path in ("", "/events", "/documents/x"):
        assert (await client.get(f"{phone}{path}", headers=JSON)).json()["error"] == "link.revoked"
    for path in ("/here", "/left", "/hand"):
        assert (await client.post(f"{phone}{path}", headers=JSON)).status_code == 404
    assert "Đã thu hồi" in (await client.get(f"{hall.link}/people/cards", headers=HTML)).text
    await client.post(f"{hall.link}/people/link", data={"person": hall.person(AN), "do": "renew"}, headers=HTML)
    assert hall.phones()[AN] != phone and (await client.get(hall.phones()[AN], headers=HTML)).status_code == 200
    assert (await client.post(f"{hall.link}/people/link", json={"person": hall.person(AN), "do": "x"}, headers=JSON)).status_code == 422


async def test_after_the_end_the_page_still_opens_and_takes_nothing(hall: Hall, client: httpx.AsyncClient) -> None:
    phone = hall.phones()[AN]
    with hall.found.db.write() as conn:
        service.close(conn, hall.room.meeting_id, hall.by, hall.installation.now())
    page = await client.get(phone, headers=HTML)
    assert page.status_code == 200 and "Cuộc họp đã kết thúc" in page.text and "/here" not in page.text
    answer = await client.post(f"{phone}/here", headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (409, "meeting.concluded")


async def test_a_link_cannot_fill_the_record(hall: Hall, client: httpx.AsyncClient) -> None:
    phone = hall.phones()[BINH]
    answers = [(await client.post(f"{phone}/{'here' if n % 2 == 0 else 'left'}", headers=JSON)).status_code for n in range(ACTS_AT_ONCE + 5)]
    assert answers[0] == 200 and answers[-1] == 429
    assert len([kind for kind in hall.kinds() if kind.startswith("person.")]) <= ACTS_AT_ONCE + 3


async def test_whoever_is_here_votes_by_the_own_phone_where_persons_vote(hall: Hall, client: httpx.AsyncClient) -> None:
    phone, other = hall.phones()[AN], hall.phones()[BINH]
    await client.post(f"{phone}/here", headers=JSON)
    rule = Rule.from_data({"quorum": "0", "majority": "1/2", "base": "cast", "over": "persons"})
    with hall.found.db.write() as conn:
        motion = service.motion_open(conn, hall.room.meeting_id, "Thông qua kế hoạch", rule, hall.by, hall.installation.now())
    hall.found.hub.changed(hall.room.meeting_id)
    page = (await client.get(phone, headers=HTML)).text
    assert f'action="{phone}/vote"' in page and "Tán thành" in page
    absent = (await client.get(other, headers=HTML)).text
    assert "Bạn không có trong danh sách biểu quyết" in absent and f'action="{other}/vote"' not in absent
    assert (await client.post(f"{other}/vote", json={"motion": motion, "choice": "for"}, headers=JSON)).status_code in (403, 404)
    answer = await client.post(f"{phone}/vote", data={"motion": motion, "choice": "for"}, headers=HTML)
    assert answer.headers["location"] == f"{phone}?done=vote"
    page = (await client.get(phone, headers=HTML)).text
    assert "Đã biểu quyết: Tán thành" in page and f'action="{phone}/vote"' not in page
    assert (await client.post(f"{phone}/vote", json={"motion": motion, "choice": "for"}, headers=JSON)).json()["error"] == "ballot.twice"
    with hall.found.db.write() as conn:
        service.motion_close(conn, motion, hall.by, hall.installation.now())
        receipt = next(event.data["receipt"] for event in ledger_store.events(conn, hall.room.meeting_id) if event.kind == "ballot.cast")
    assert receipt in (await client.get(phone, headers=HTML)).text, "found again after the closing"


async def test_a_person_waits_in_the_queue_by_the_own_name(hall: Hall, client: httpx.AsyncClient) -> None:
    phone = hall.phones()[AN]
    await client.post(f"{phone}/here", headers=JSON)
    await client.post(f"{phone}/hand", data={"up": "1"}, headers=HTML)
    assert "thứ 1 trong danh sách" in (await client.get(phone, headers=HTML)).text
    await client.post(f"{phone}/hand", data={"up": ""}, headers=HTML)
    assert "thứ 1 trong danh sách" not in (await client.get(phone, headers=HTML)).text
