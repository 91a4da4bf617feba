"""The wall of whoever tends some of a meeting's points: these alone, in words; no pictures of anybody."""

from __future__ import annotations

import json
import re

import httpx
import pytest
from fastapi import FastAPI

from meetings.access import Role
from tests.web.conftest import browser, post, sign_in
from tests.web.test_readiness import ManualClock, Story
from web import session
from web.container import Container
from web.routes import watch

NAME = "0123456789abcdef"


@pytest.fixture
def story(found: Container, clock: ManualClock) -> Story:
    return Story(found, clock)


def told(text: str) -> dict[str, str]:
    """What the page's script is given."""
    found: dict[str, str] = json.loads(re.search(r'id="room-data">(.*?)</script>', text, re.S)[1])  # type: ignore[index]
    return found


async def test_a_technician_of_some_points_watches_these_alone_and_sees_no_pictures(app: FastAPI, client: httpx.AsyncClient, story: Story) -> None:
    story.account("ktv-huyen", Role.TECHNICIAN, story.district)
    own = {point.code for point in story.points[:3]}
    room = f"/meetings/{story.meeting}"
    await sign_in(client, "ktv-huyen")
    page = await client.get(f"{room}/wall")
    assert page.status_code == 200
    assert set(told(page.text)["points"]) == own and told(page.text)["pictures"] == 0
    assert story.points[3].name not in page.text
    assert (await post(client, f"{room}/watch/tickets", {"watcher": NAME})).status_code in (403, 404)
    assert f'href="{room}/wall"' in (await client.get(story.wall)).text, "the page of line tests leads there"
    token = client.cookies[session.session_cookie(story.found.settings)]
    assert watch._seen(story.found, token, story.meeting, None) == own and watch._seen(story.found, "x", story.meeting, None) is None
    async with browser(app) as other:
        story.account("canbo-khac", Role.OFFICER, story.district)
        await sign_in(other, "canbo-khac")
        assert (await other.get(f"{room}/wall")).status_code in (403, 404), "an officer of a point is no technician"
