"""Captions in a running installation: typed by those who may, on all pages at once, for whoever comes late too, and as WebVTT afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from meetings.store import recording_store
from tests.support.installation import Installation, Room, soon
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import listening
from tests.web.test_room_pages import present
from tests.web.test_voices import do
from web.limits import ACTS_AT_ONCE

PAGE = {"accept": "text/html"}


@pytest.fixture
async def secretary(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    async with await installation.signed_in("secretary") as opened:
        yield opened


def here(room: Room, path: str = "") -> str:
    return f"/meetings/{room.meeting_id}/captions{path}"


async def test_a_line_is_on_every_page_with_the_point_that_speaks_and_with_whoever_comes_late(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    present(installation, room, "204")
    own = f"/j/{room.links['06970']}"
    async with listening(client, f"{own}/events") as news:
        assert news.last("state")["captions"] == {}
        await do(secretary, room, "floor", code="204")
        said = (await secretary.post(here(room), json={"text": " Huyện  báo cáo "})).json()
        assert (said["line"], said["text"], said["code"]) == (1, "Huyện  báo cáo", "204")
        await soon(lambda: news.last("state")["captions"].get("1", {}).get("text") == "Huyện  báo cáo")
        for text in ("Hai", "Ba", "Bốn"):
            await secretary.post(here(room), json={"text": text})
        await soon(lambda: list(news.last("state")["captions"]) == ["2", "3", "4"])  # the newest, and no more
        assert set(news.last("state")["captions"]["4"]) == {"text", "at", "code"}, "who typed is nobody's matter"
    assert list((await client.get(f"{own}/state")).json()["captions"]) == ["2", "3", "4"]
    assert [one["text"] for one in (await client.get(f"{own}/captions")).json()["lines"]] == ["Huyện  báo cáo", "Hai", "Ba", "Bốn"]
    assert [one["line"] for one in (await client.get(f"{own}/captions?after=3")).json()["lines"]] == [4]
    assert "Huyện  báo cáo" not in (plain := (await client.get(f"{own}/plain?still=1", headers=PAGE)).text) and "Bốn" in plain
    assert (await secretary.get(f"/meetings/{room.meeting_id}/state")).json()["captions"]["4"]["text"] == "Bốn"


async def test_the_last_line_is_corrected_and_taken_back_and_an_older_one_is_not(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    for text in ("Một", "Hay"):
        await secretary.post(here(room), json={"text": text})
    told = (await secretary.get(here(room))).json()["lines"]
    assert [one["until"] is not None for one in told] == [False, True] and told[0]["author"]
    async with listening(client, f"/j/{room.links['204']}/events") as news:
        assert (await secretary.post(here(room, "/2"), json={"text": "Hai"})).json()["text"] == "Hai"
        await soon(lambda: news.last("state")["captions"]["2"]["text"] == "Hai")
        late = await secretary.post(here(room, "/1"), json={"text": "x"})
        assert late.status_code == 409 and late.json()["error"] == "caption.late" and "dòng cuối" in late.json()["message"]
        assert (await secretary.post(here(room, "/2/withdraw"), json={})).json()["text"] is None
        await soon(lambda: list(news.last("state")["captions"]) == ["1"])
    assert (await secretary.post(here(room, "/9/withdraw"), json={})).json()["error"] == "caption.unknown"


async def test_who_may_type_and_what_is_no_line(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient  # noqa: F811
) -> None:
    room, waiting = installation.room(opened=True), installation.room()
    async with await installation.signed_in("clerk") as clerk:
        for who, status in ((client, 401), (clerk, 403)):
            for path in ("", "/1", "/1/withdraw"):
                assert (await who.post(here(room, path), json={"text": "t"})).status_code == status
            assert (await who.get(here(room))).status_code == status
    async with await installation.signed_in("division_head") as head:
        assert (await head.post(here(room), json={"text": "t"})).status_code == 200
    for wrong in ("", " ", "x" * 111, "a\u0001b", "a\u202eb"):
        refused = await secretary.post(here(room), json={"text": wrong})
        assert refused.status_code == 422 and "phụ đề" in refused.json()["message"], refused.text
    assert (await secretary.post(here(room), content=b"[1]", headers={"content-type": "application/json"})).status_code == 422
    for line in ("x", "-1", "9" * 20):
        assert (await secretary.post(here(room, f"/{line}"), json={"text": "t"})).json()["error"] == "bad_request"
    early = await secretary.post(here(waiting), json={"text": "t"})
    assert early.status_code == 409 and early.json()["error"] == "meeting.state"
    await do(secretary, room, "close")
    over = await secretary.post(here(room), json={"text": "t"})
    assert over.json()["error"] == "meeting.concluded" and "kết thúc" in over.json()["message"]


async def test_one_person_types_so_fast_and_no_faster(
    installation: Installation, secretary: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    answers = [await secretary.post(here(room), json={"text": str(n)}) for n in range(ACTS_AT_ONCE + 5)]
    assert answers[ACTS_AT_ONCE - 1].status_code == 200 and answers[-1].status_code == 429 and answers[-1].headers["retry-after"]


async def test_the_page_to_type_on_works_without_its_scripts(
    installation: Installation, secretary: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    text = (await secretary.get(here(room), headers=PAGE)).text
    assert f'action="/meetings/{room.meeting_id}/captions"' in text and 'data-limit="110"' in text
    token = secretary.headers["x-csrf-token"]
    answer = await secretary.post(here(room), data={"_csrf": token, "text": "Bằng biểu mẫu"}, headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, here(room))
    assert [one["text"] for one in (await secretary.get(here(room))).json()["lines"]] == ["Bằng biểu mẫu"]
    assert here(room) in (await secretary.get(f"/meetings/{room.meeting_id}", headers=PAGE)).text


async def test_afterwards_the_lines_are_a_file_of_the_meeting_and_of_each_recording_until_they_are_erased(
    installation: Installation, client: httpx.AsyncClient, secretary: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    tab = f"/meetings/{room.meeting_id}/recordings"
    assert (await secretary.get(f"{tab}/captions.vtt")).status_code == 404, "nothing was typed"
    await secretary.post(here(room), json={"text": "Xin <chào>"})
    with installation.found.db.write() as conn:
        at = installation.now()
        recording_store.add(conn, recording_id=f"r-{room.meeting_id[:20]}", meeting_id=room.meeting_id, folder="kept", purpose="p", notice="n", asks=False,
                            keep_until=at + timedelta(days=9), started_by={"name": "An"}, started_at=at - timedelta(minutes=1),
                            ended_at=at, reason="stopped", kept_at=at, seconds=60, tracks=1, gaps=0, bytes=0, manifest_sha256="0" * 64)
    await do(secretary, room, "close")
    whole = await secretary.get(f"{tab}/captions.vtt")
    assert whole.headers["content-type"].startswith("text/vtt") and whole.text.startswith("WEBVTT\n\n1\n00:00:0")
    assert "Xin &lt;chào&gt;" in whole.text and 'filename="phu-de-' in whole.headers["content-disposition"]
    of_film = await secretary.get(f"{tab}/r-{room.meeting_id[:20]}/captions.vtt")
    assert of_film.text.startswith("WEBVTT\n\n1\n00:00:5"), of_film.text  # a minute after the recording began, less what typing takes
    page = (await secretary.get(tab, headers=PAGE)).text
    assert "captions.vtt" in page and "captions/erase" in page
    async with await installation.signed_in("chair") as chair:
        assert (await chair.post(f"{tab}/captions/erase", data={"reason": "r"})).status_code == 403
    token = {"_csrf": secretary.headers["x-csrf-token"]}
    assert (await secretary.post(f"{tab}/captions/erase", data={**token, "reason": " "}, headers=PAGE)).status_code == 422
    gone = await secretary.post(f"{tab}/captions/erase", data={**token, "reason": "Có nội dung mật"}, headers=PAGE)
    assert gone.status_code == 303 and "captions_erased" in gone.headers["location"]
    assert (await secretary.get(f"{tab}/captions.vtt")).status_code == 404
    again = await secretary.post(f"{tab}/captions/erase", data={**token, "reason": "r"}, headers=PAGE)
    assert again.status_code == 409 and "không còn phụ đề" in again.text
    story = (await secretary.get(f"/meetings/{room.meeting_id}/course", headers=PAGE)).text
    assert "Bắt đầu gõ phụ đề" in story and "Có nội dung mật" in story
