"""Điểm danh over HTTP: the secretary's page with its counts, the point's own by its link, the ways that lead there."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI

from meetings import service as meetings
from meetings.admission import link_secret
from scheduler import delegate_list
from scheduler.delegate_sheet import Entry
from tests.web.conftest import ManualClock, browser, sign_in, token_in
from tests.web.test_readiness import Story
from web.container import Container


@pytest.fixture
def story(found: Container, clock: ManualClock) -> Story:
    made = Story(found, clock)
    with found.db.write() as conn:
        first, _second = (delegate_list.register(conn, made.meeting, Entry(made.points[0].point_id, name, "Chủ tịch", ""), made.secretary,
                                                 clock.now()) for name in ("Lê An", "Vũ Bình"))
        delegate_list.replace(conn, first, Entry(0, "Đỗ Dũng", "Phó", ""), "đi công tác", made.secretary, clock.now())
    return made


def card(story: Story, place: int = 0) -> str:
    with story.found.db.read() as conn:
        link = next(one for one in meetings.links(conn, story.meeting) if one.code == story.points[place].code)
    return f"/j/{link_secret(story.found.keys.links, link.link_id, link.generation)}"


def begin(story: Story) -> None:
    story.clock.at = story.start
    with story.found.db.write() as conn:
        meetings.open(conn, story.meeting, story.secretary, story.start)


def form(text: str) -> dict[str, object]:
    """What the first form of a roll sends as it stands: all that are ticked."""
    part = text.split('name="shown"', 1)[0].rsplit("<form", 1)[1] + 'name="shown"' + text.split('name="shown"', 1)[1].split("</form>", 1)[0]
    point = re.search(r'name="point" value="(\d+)"', part)
    assert point
    return {"_csrf": token_in(text), "point": point[1], "shown": re.findall(r'name="shown" value="([^"]+)"', part),
            "present": re.findall(r'name="present" value="([^"]+)" checked', part)}


async def test_the_secretary_calls_the_roll_of_a_point_by_one_press(client: httpx.AsyncClient, story: Story) -> None:
    begin(story)
    await sign_in(client, "thuky")
    assert f'href="/meetings/{story.meeting}/roll"' in (await client.get(f"/meetings/{story.meeting}/audience")).text
    path = f"/meetings/{story.meeting}/roll"
    text = (await client.get(path)).text
    assert "2 chưa điểm danh" in text and "0/4 điểm cầu đã điểm danh xong" in text and "Dự thay Lê An: đi công tác" in text
    sent = form(text)
    assert len(sent["present"]) == 2, "all are ticked at first"  # type: ignore[arg-type]
    answer = await client.post(path, data={**sent, "present": sent["present"][:1]})  # type: ignore[index]
    assert answer.headers["location"] == f"{path}?done=roll&n=2"
    text = (await client.get(path)).text
    assert "1 có mặt" in text and "1 vắng" in text and "1/4 điểm cầu đã điểm danh xong" in text and "Vắng không lý do" in text
    assert len(form(text)["present"]) == 1  # type: ignore[arg-type]
    assert "Đăng ký đại biểu" in text and story.points[0].name not in (await client.get(f"{path}?show=waiting")).text
    assert story.points[0].name in (await client.get(f"{path}?q=don+dac")).text
    assert (await client.post(path, data={**sent, "point": "x"})).status_code == 422


async def test_a_point_calls_its_own_roll_by_its_link_and_strangers_none(app: FastAPI, client: httpx.AsyncClient, story: Story) -> None:
    early = (await client.get(f"{card(story)}/roll")).text
    assert "Điểm danh được từ một giờ trước giờ họp đến khi cuộc họp kết thúc." in early and 'name="present"' not in early
    begin(story)
    text = (await client.get(f"{card(story)}/roll")).text
    sent = form(text)
    answer = await client.post(f"{card(story)}/roll", data={**sent, "point": str(story.points[1].point_id)})
    assert answer.headers["location"] == f"{card(story)}/roll?done=roll&n=2", "the point is that of the link, whatever is sent"
    assert "2 có mặt" in (await client.get(f"{card(story)}/roll")).text
    other = (await client.get(f"{card(story, 1)}/roll")).text
    assert "Điểm cầu chưa đăng ký đại biểu." in other and "Vũ Bình" not in other
    for login in ("xa", "nguoila", "quantri"):
        async with browser(app) as one:
            await sign_in(one, login)
            assert (await one.get(f"/meetings/{story.meeting}/roll")).status_code in (403, 404)


async def test_the_card_and_the_door_lead_to_the_delegates(client: httpx.AsyncClient, story: Story) -> None:
    assert f'href="{card(story)}/delegates">Đăng ký đại biểu' in (await client.get(card(story))).text
    await sign_in(client, "thuky")
    assert f"{card(story)}/delegates" in (await client.get(f"/meetings/{story.meeting}/cards")).text
    begin(story)
    assert f'href="{card(story)}/roll">Điểm danh đại biểu' in (await client.get(card(story))).text
    assert f'href="{card(story)}/roll"' in (await client.get(f"{card(story)}/delegates")).text
