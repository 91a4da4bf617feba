"""Calendars by address: what their maker may see, shown once, revocable, cheap to ask again."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
from fastapi import FastAPI
from icalendar import Calendar

from meetings import service
from scheduler import feeds
from tests.web.conftest import ManualClock, browser, post, sign_in
from tests.web.test_delivery import booked
from web import convening, session, store
from web.container import Container
from web.limits import FEED_READS


async def address(client: httpx.AsyncClient, point: str = "") -> str:
    answer = await post(client, "/feeds", {"point": point} if point else {}, page="/feeds")
    assert answer.status_code == 200
    found = re.search(r"http://localhost:8000(/feeds/[\w-]+\.ics)", answer.text)
    assert found, answer.text
    return found[1]


def events(answer: httpx.Response) -> list[tuple[str, str, int]]:
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/calendar")
    return [(str(one["SUMMARY"]), str(one["STATUS"]), int(one["SEQUENCE"])) for one in Calendar.from_ical(answer.content).walk("VEVENT")]


async def test_a_person_reads_the_own_meetings_and_changes_of_them(app: FastAPI, found: Container, clock: ManualClock) -> None:
    meeting_id = await booked(app, found)
    async with browser(app) as client, browser(app) as program:
        await sign_in(client, "xa")
        here = await address(client)
        first = await program.get(here)
        assert events(first) == [("Giao ban tháng 3", "CONFIRMED", 0)]
        again = await program.get(here, headers={"if-none-match": first.headers["etag"]})
        assert again.status_code == 304 and again.content == b"" and (await program.get(here)).content == first.content
        with found.db.write() as conn:
            [account, _hash] = store.account_by_login(conn, "thuky") or ()
            by = session.subject_of(conn, account, found.when.today(clock.now()))
            meeting = service.get(conn, meeting_id)
            convening.move(conn, meeting_id, meeting.start + timedelta(hours=1), meeting.end + timedelta(hours=1), by, clock.now())
        changed = await program.get(here, headers={"if-none-match": first.headers["etag"]})
        assert events(changed) == [("Giao ban tháng 3", "CONFIRMED", 1)]
        assert here not in (await client.get("/feeds")).text, "it is shown once"


async def test_a_points_calendar_names_only_what_its_maker_may_read(app: FastAPI, found: Container) -> None:
    await booked(app, found)
    code = ""
    for login, title in (("xa", "Giao ban tháng 3"), ("nguoila", "Đã có lịch")):
        async with browser(app) as client:
            await sign_in(client, login)
            code = code or re.findall(r'href="/points/(\d+)"', (await client.get("/points?q=đồn đạc")).text)[0]
            assert f"/feeds?point={code}" in (await client.get(f"/points/{code}")).text
            answer = await client.get(await address(client, code))
            assert [one[0] for one in events(answer)] == [title]
            assert ("/meetings/" in answer.text) is (login == "xa")


async def test_a_revoked_address_opens_nothing_nor_does_that_of_a_locked_account(
    app: FastAPI, found: Container, clock: ManualClock
) -> None:
    async with browser(app) as client, browser(app) as other:
        await sign_in(client, "xa")
        await sign_in(other, "thuky")
        here, theirs = await address(client), await address(other)
        [feed_id] = re.findall(r'action="/feeds/([\w-]+)/revoke"', (await client.get("/feeds")).text)
        assert (await post(other, f"/feeds/{feed_id}/revoke", page="/feeds")).status_code == 404 and events(await other.get(here)) == []
        assert (await post(client, f"/feeds/{feed_id}/revoke", page="/feeds")).status_code == 303
        assert (await client.get(here)).status_code == 404
        with found.db.write() as conn:
            known = store.account_by_login(conn, "thuky")
            assert known is not None
            store.set_disabled(conn, known[0].user_id, clock.now())
        assert (await client.get(theirs)).status_code == 404
        assert (await client.get("/feeds/guess.ics")).status_code == 404


async def test_an_address_is_not_asked_without_end_and_not_made_without_end(app: FastAPI, found: Container) -> None:
    async with browser(app) as client:
        await sign_in(client, "xa")
        here = await address(client)
        answers = [(await client.get(here)).status_code for _ in range(FEED_READS + 1)]
        assert answers == [200] * FEED_READS + [429]
        for _ in range(feeds.MOST - 1):
            await address(client)
        assert (await post(client, "/feeds", page="/feeds")).status_code == 409


def test_the_database_keeps_no_secret(found: Container, clock: ManualClock) -> None:
    with found.db.write() as conn:
        secret = feeds.make(conn, "u", clock.now())
        row = conn.exec_driver_sql("SELECT * FROM feed").one()
    assert secret not in map(str, row) and feeds._hash(secret) in row
