"""Calendars by address over the interface: the address is told once and kept nowhere; revoked, it opens nothing."""

from __future__ import annotations

import httpx
from sqlalchemy import select

from scheduler import feeds
from scheduler.mail_table import feed
from tests.web.api.conftest import Ask, problem
from web.api.tables import idempotency
from web.container import Container

PATH = "/api/v1/feeds"


async def make(client: httpx.AsyncClient, key: str = "a-calendar", **sent: object) -> httpx.Response:
    return await client.post(PATH, json=sent, headers={"idempotency-key": key})


async def test_the_address_is_told_once_and_opens_until_it_is_revoked(program: Ask, client: httpx.AsyncClient, found: Container) -> None:
    script = program("thuky")
    first = await make(script, point="06973")
    address = first.json()["address"]
    assert first.status_code == 201 and first.json()["point"] == "06973" and address.startswith("http") and address.endswith(".ics")
    opened = "/feeds/" + address.rpartition("/")[2]
    assert (await client.get(opened)).status_code == 200
    again = await make(script, point="06973")
    assert again.headers["idempotency-replayed"] == "true" and again.json() == {**first.json(), "address": None}
    secret = address.rpartition("/")[2].removesuffix(".ics")
    with found.db.read() as conn:
        assert secret not in str(conn.execute(select(feed)).all()) + str(conn.execute(select(idempotency)).all())
    assert (await script.get(PATH)).json()["items"] == [again.json()]
    shown = await script.get(first.headers["location"])
    assert shown.json() == again.json() and shown.headers["etag"] == first.headers["etag"]
    gone = await script.delete(first.headers["location"], headers={"if-match": first.headers["etag"]})
    assert gone.status_code == 200 and (await client.get(opened)).status_code == 404
    problem(await script.delete(first.headers["location"], headers={"if-match": "*"}), 404, "not_found")
    assert (await script.get(PATH)).json()["items"] == []


async def test_ones_own_calendar_is_nobody_elses(program: Ask) -> None:
    first = await make(program("thuky"))
    assert first.json()["point"] is None
    other = program("chutri")
    assert (await other.get(PATH)).json()["items"] == []
    problem(await other.get(first.headers["location"]), 404, "not_found")
    problem(await other.delete(first.headers["location"], headers={"if-match": "*"}), 404, "not_found")
    problem(await make(other, point="khong-co"), 404, "point.unknown")


async def test_not_more_than_can_be_looked_through(program: Ask) -> None:
    script = program("thuky")
    for number in range(feeds.MOST):
        assert (await make(script, f"calendar-{number}")).status_code == 201
    problem(await make(script, "one-too-many"), 409, "feed.many")
