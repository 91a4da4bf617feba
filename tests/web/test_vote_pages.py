"""Votes over HTTP: prepared, opened, by hands with a witness, by the persons at a point; what is told while open, and found again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from meetings import service
from meetings.meeting import Person
from meetings.store.ledger_store import events
from meetings.store.meeting_store import set_leaders
from meetings.store.tables import meeting
from tests.support.factories import POINTS, seat_of
from tests.support.installation import Installation
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.web.test_room_pages import HTML, chair, data_of, present  # noqa: F401 - a fixture


@pytest.fixture
async def secretary(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    async with await installation.signed_in("secretary") as opened:
        yield opened


async def test_a_prepared_motion_with_options_of_its_own_is_opened_voted_on_and_told(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient,  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    present(installation, room, "22", "204", "06970", "06973")
    here = f"/meetings/{room.meeting_id}"
    said = {"title": "Chọn nơi đặt trạm", "preset": "advisory", "options": "Ba Chẽ\nĐạp Thanh", "members": ""}
    motion = (await chair.post(f"{here}/votes", json=said)).json()["motion"]
    waiting = (await chair.get(f"{here}/conduct/motions")).json()["prepared"]
    assert [(one["id"], one["title"]) for one in waiting] == [(motion, "Chọn nơi đặt trạm")]
    assert (await chair.post(f"{here}/conduct/motion", json={"motion": motion})).json() == {"motion": motion}
    base = f"/j/{room.links['204']}"
    page = await client.get(f"{base}/room", headers=HTML)
    assert page.text.count(">Ba Chẽ</button>") == 1, "the plain form has the options"
    shown = data_of(page)["state"]["motion"]
    assert shown["options"] == [["o1", "Ba Chẽ"], ["o2", "Đạp Thanh"], ["abstain", ""]]
    receipt = (await client.post(f"{base}/vote", json={"motion": motion, "choice": "o2"})).json()["receipt"]
    tab = await chair.get(f"{here}/votes", headers=HTML)
    assert "không ai xem được kết quả" in tab.text and "o2" not in tab.text
    result = (await chair.post(f"{here}/conduct/motion/close")).json()["result"]
    assert (result["won"], result["passed"]) == ("o2", True)
    after = data_of(await client.get(f"{base}/room", headers=HTML))
    assert after["state"]["result"]["arithmetic"] == {
        "choice": "o2", "votes": 1, "base": 1, "share": "1/2", "threshold": "1/2", "strict": True, "reached": True}
    [mine] = (await client.get(f"{base}/ballots")).json()[motion]
    assert (mine["choice"], mine["text"], mine["receipt"], mine["open"]) == ("o2", "Đạp Thanh", receipt, False)
    tab = await chair.get(f"{here}/votes", params={"receipt": receipt.lower()}, headers=HTML)
    assert "Thông qua: Đạp Thanh" in tab.text and "1/2 × 1 = 0,5" in tab.text and "có trong hồ sơ" in tab.text
    assert "Vì sao không bỏ phiếu kín" in tab.text


async def test_hands_are_counted_by_one_and_witnessed_by_another(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient, secretary: httpx.AsyncClient,  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    present(installation, room, "22")
    here = f"/meetings/{room.meeting_id}"
    said = {"title": "Giơ tay", "method": "hands", "preset": "council", "members": "30", "entitled": "28", "present": "25"}
    motion = (await chair.post(f"{here}/conduct/motion", json=said)).json()["motion"]
    refused = await client.post(f"/j/{room.links['204']}/vote", json={"motion": motion, "choice": "for"})
    assert refused.status_code in (403, 409)
    early = await chair.post(f"{here}/conduct/motion/close", json={})
    assert early.status_code == 409 and early.json()["error"] == "count.unwitnessed"
    counts = {"count-for": "16", "count-against": "7", "count-abstain": "2"}
    assert (await secretary.post(f"{here}/conduct/motion/count", json=counts)).json() == {"n": 1}
    told = data_of(await client.get(f"/j/{room.links['204']}/room", headers=HTML))["state"]["motion"]
    assert told["count"] == {"n": 1, "witnessed": False}, "that it was counted, not what"
    with installation.found.db.write() as conn:
        clerk = installation.people["clerk"]
        conn.execute(meeting.update().where(meeting.c.meeting_id == room.meeting_id).values(
            clerk_id=installation.people["secretary"].user_id))
        set_leaders(conn, room.meeting_id, [Person(clerk.user_id, clerk.name, clerk.title)])
    async with await installation.signed_in("clerk") as reader:
        tabs = [(await one.get(f"{here}/votes", headers=HTML)).text for one in (chair, reader)]
    assert ["<b>16</b>" in tab for tab in tabs] == [True, False] and all("Giơ tay" in tab for tab in tabs)
    own = await secretary.post(f"{here}/votes/{motion}/witness", json={"n": "1"})
    assert own.status_code == 403 and own.json()["error"] == "count.own"
    assert (await chair.post(f"{here}/votes/{motion}/witness", json={"n": "2"})).json()["error"] == "count.changed"
    assert (await chair.post(f"{here}/votes/{motion}/witness", json={"n": "1"})).status_code == 200
    result = (await secretary.post(f"{here}/conduct/motion/close", json={})).json()["result"]
    assert (result["passed"], result["base"], result["present"], result["entitled"]) == (True, 30, 25, 28)
    with installation.found.db.read() as conn:
        kinds = [one.kind for one in events(conn, room.meeting_id) if one.kind.startswith(("count.", "motion."))]
    assert kinds == ["motion.opened", "count.entered", "count.witnessed", "motion.closed"]


async def test_the_persons_at_a_point_vote_one_by_one(
    installation: Installation, client: httpx.AsyncClient, chair: httpx.AsyncClient,  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    present(installation, room, "22", "204")
    found = installation.found
    who = seat_of(room.meeting_id, POINTS[1])
    with found.db.write() as conn:
        for name in ("Nguyễn Văn An", "Trần Thị Bình"):
            service.delegate_add(conn, room.meeting_id, 2, name, "", True, who, found.clock.now())
    said = {"title": "Theo đại biểu", "preset": "advisory", "over": "persons"}
    motion = (await chair.post(f"/meetings/{room.meeting_id}/conduct/motion", json=said)).json()["motion"]
    base = f"/j/{room.links['204']}"
    shown = data_of(await client.get(f"{base}/room", headers=HTML))
    assert shown["state"]["voted"] == {"204": [0, 2]} and "Nguyễn" not in str(shown["state"])
    rows = shown["ballots"][motion]
    assert [row["name"] for row in rows] == ["Nguyễn Văn An", "Trần Thị Bình"]
    for row, choice in zip(rows, ("for", "against"), strict=True):
        answer = await client.post(f"{base}/vote", json={"motion": motion, "choice": choice, "voter": row["voter"]})
        assert answer.status_code == 200, answer.text
    foreign = await client.post(f"/j/{room.links['06970']}/vote", json={"motion": motion, "choice": "for", "voter": rows[0]["voter"]})
    assert foreign.json()["error"] == "ballot.not_entitled"
    result = (await chair.post(f"/meetings/{room.meeting_id}/conduct/motion/close", json={})).json()["result"]
    assert (result["counts"], result["passed"], result["tie"]) == ({"for": 1, "against": 1, "abstain": 0}, False, "fails")


async def test_a_form_that_is_refused_comes_back_filled_in(installation: Installation, chair: httpx.AsyncClient) -> None:  # noqa: F811
    room = installation.room(opened=True)
    here = f"/meetings/{room.meeting_id}/votes"
    token = {"title": "Thiếu tổng số", "preset": "council"}
    page = await chair.post(here, data=token, headers=HTML)
    assert page.status_code == 422 and "Hãy ghi tổng số thành viên" in page.text and 'value="Thiếu tổng số"' in page.text


async def test_a_prepared_motion_is_worded_anew_from_the_form_it_is_shown_in(installation: Installation, chair: httpx.AsyncClient) -> None:  # noqa: F811
    room = installation.room(opened=True)
    here = f"/meetings/{room.meeting_id}/votes"
    said = {"title": "Chọn nơi", "preset": "committee", "members": "25", "options": "Ba Chẽ\nĐạp Thanh", "weights": "22 = 3"}
    motion = (await chair.post(here, json=said)).json()["motion"]
    page = (await chair.get(here, headers=HTML)).text.partition(f'action="{here}/{motion}"')[2].partition("</form>")[0]
    for part in ('value="Chọn nơi"', 'value="25"', ">22 = 3</textarea>", ">Ba Chẽ\nĐạp Thanh</textarea>", '<option value="committee" selected>'):
        assert part in page
    refused = await chair.post(f"{here}/{motion}", data={**said, "title": "Nơi khác", "majority": "1/3"}, headers=HTML)
    assert refused.status_code == 422 and 'value="Nơi khác"' in refused.text and "Tỷ lệ thông qua" in refused.text
    again = await chair.post(f"{here}/{motion}", data={**said, "title": "Chọn nơi đặt trạm", "majority": "3/4", "tie": "fails"}, headers=HTML)
    assert again.status_code == 303
    page = (await chair.get(here, headers=HTML)).text
    assert "Chọn nơi đặt trạm" in page and "từ 3/4" in page and 'value="3/4"' in page, "a rule of one's own comes back part by part"
