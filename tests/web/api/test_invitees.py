"""Whom the invitations go to and what they answered, and the paper itself, over the interface."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from scheduler import invitees, outbox
from scheduler.mail_table import invitee
from scheduler.outbox_table import outbox as table
from tests.web.api.conftest import Ask, problem
from tests.web.api.test_meetings import made
from web.container import Container


@pytest.fixture
async def meeting(program: Ask) -> str:
    answer = await made(program("thuky"), audience={"add": ["22", "06988"]})
    return f"/api/v1/meetings/{answer.json()['id']}"


async def test_answers_are_told_to_who_prepares_the_meeting(program: Ask, found: Container, meeting: str) -> None:
    ours, now = program("thuky"), found.clock.now()
    with found.db.write() as conn:
        point_id = conn.execute(select(invitee.c.point_id)).scalars().first()
        guests = [invitees.Guest("Hoàng Văn Sơn", "son@xa.vn", point_id), invitees.Guest("Bùi Văn An", "an@tinh.vn")]
        ids = invitees.add(conn, meeting.rpartition("/")[2], guests, 0, now)
        invitees.answer(conn, invitees.get(conn, ids[0]), "declined", 0, now, "Bận họp huyện", now)
    everybody = (await ours.get(f"{meeting}/invitees")).json()["items"]
    assert {one["name"] for one in everybody} >= {"Hoàng Văn Sơn", "Bùi Văn An"}
    [declined] = (await ours.get(f"{meeting}/invitees?answer=declined")).json()["items"]
    assert (declined["name"], declined["address"], declined["answer"], declined["comment"]) == (
        "Hoàng Văn Sơn", "son@xa.vn", "declined", "Bận họp huyện") and declined["answered_at"] and declined["sent"] == ""
    with found.db.write() as conn:
        outbox.put(conn, f"invite:{meeting.rpartition('/')[2]}:{ids[0]}:0:1", "invite", now, {"invitee": ids[0]})
        conn.execute(table.update().where(table.c.key.like(f"%{ids[0]}:0:1")).values(state="failed", settled_at=now, error="550 no such user"))
    [refused] = (await ours.get(f"{meeting}/invitees?answer=declined")).json()["items"]
    assert (refused["sent"], refused["refused"]) == ("failed", "550 no such user")
    first = await ours.get(f"{meeting}/invitees?limit=1")
    assert first.json()["next"] and len(first.json()["items"]) == 1
    problem(await ours.get(f"{meeting}/invitees?answer=maybe"), 422, "api.invalid")
    for login, status in (("xa", 403), ("nguoila", 404)):
        assert (await program(login).get(f"{meeting}/invitees")).status_code == status, login


async def test_the_paper_is_for_all_who_may_read_the_meeting(program: Ask, meeting: str) -> None:
    for ending, magic in (("pdf", b"%PDF-"), ("docx", b"PK")):
        ours, theirs = await program("thuky").get(f"{meeting}/invitation.{ending}"), await program("xa").get(f"{meeting}/invitation.{ending}")
        assert ours.content.startswith(magic) and ours.content == theirs.content
        again = await program("xa").get(f"{meeting}/invitation.{ending}", headers={"if-none-match": ours.headers["etag"]})
        assert again.status_code == 304 and not again.content
    problem(await program("nguoila").get(f"{meeting}/invitation.pdf"), 404, "not_found")
    problem(await program("thuky").get(f"{meeting}/invitation.odt"), 404, "not_found")
