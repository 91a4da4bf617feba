"""The room without its scripts: hand, vote with receipt, roll and papers over plain HTTPS; whoever reads it is there."""

from __future__ import annotations

import re
from html import unescape

import httpx

from meetings import service
from meetings.access import Role
from meetings.voting import Rule
from tests.support import factories
from tests.support.installation import Installation
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.web.test_seats import story

HTML = {"accept": "text/html"}


async def test_a_point_votes_and_asks_to_speak_without_the_scripts_of_the_room(
    installation: Installation, client: httpx.AsyncClient  # noqa: F811
) -> None:
    room = installation.room(opened=True)
    base = f"/j/{room.links['204']}"
    first = await client.get(f"{base}/plain", headers=HTML)
    assert first.status_code == 200 and "room/main.js" not in first.text and first.headers["refresh"] == f"20; url={base}/plain"
    assert story(installation, room) == [("point.joined", {"by": "signal"})], "who reads it is there"
    chair = factories.user(installation.people["chair"].user_id, "t", Role.CHAIR)
    rule = Rule.from_data({"quorum": "0", "majority": "1/2", "base": "all"})
    with installation.found.db.write() as conn:
        motion = service.motion_open(conn, room.meeting_id, "Thông qua phương án", rule, chair, installation.now())
    answer = await client.get(f"{base}/plain?still=1", headers=HTML)
    page = answer.text
    assert "refresh" not in answer.headers and "Thông qua phương án" in unescape(page) and f"{base}/roll" in page
    form = dict(re.findall(r'name="(motion|voter)" value="([^"]*)"', page))
    assert form["motion"] == motion
    voted = await client.post(f"{base}/vote?back=plain", data={**form, "choice": "for"}, headers=HTML)
    assert voted.status_code == 303 and voted.headers["location"] == f"{base}/plain?done=vote"
    after = unescape((await client.get(voted.headers["location"], headers=HTML)).text)
    with installation.found.db.read() as conn:
        receipt = conn.exec_driver_sql("SELECT receipt FROM ballot").scalar_one()
    assert receipt in after and "Đã ghi nhận phiếu" in after and 'value="for"' not in after
    raised = await client.post(f"{base}/hand?back=plain", data={"up": "1"}, headers=HTML)
    assert raised.headers["location"] == f"{base}/plain?done=hand"
    assert "Rút đăng ký phát biểu" in unescape((await client.get(f"{base}/plain", headers=HTML)).text)
    assert not installation.found.hub.held(room.meeting_id, "204"), "it holds no seat: the room opens without a question"
