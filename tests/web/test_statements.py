"""How many statements a page takes does not depend on how many points, requests or meetings there are."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, event

from scheduler import points as point_store
from scheduler import requests
from scheduler.approval import Offer
from scheduler.slots import Slot
from tests.web.conftest import browser, sign_in
from tests.web.test_booking import book
from tests.web.test_requests import DAY, draft, only_request, subject
from web import places, requests_view, views
from web.container import Container


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """Every statement that any database is sent."""
    said: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield said
    event.remove(Engine, "before_cursor_execute", note)


async def cost(client: httpx.AsyncClient, asked: list[str], path: str) -> int:
    """Statements of the second look: the first may fill what is kept."""
    for _look in range(2):
        asked.clear()
        answer = await client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return len(asked)


async def test_requests_of_many_meetings_cost_what_those_of_two_do(app: FastAPI, found: Container, asked: list[str]) -> None:
    costs = []
    async with browser(app) as client:
        await sign_in(client, "thuky")
        for count in (2, 8):
            for _n in range(count):
                draft(found, "nguoila", "Họp Cô Tô", "22")
            costs.append(await cost(client, asked, "/requests"))
        assert (await client.get("/requests")).text.count("Họp Cô Tô") >= 10
    assert costs[0] == costs[1], costs


def test_what_a_convenor_decides_costs_the_same_for_many_meetings(found: Container, asked: list[str]) -> None:
    costs, now = [], found.clock.now()
    convenor, province = subject(found, "nguoila"), subject(found, "thuky")
    for count in (1, 5):
        for _n in range(count):
            stored = only_request(found, draft(found, "nguoila", "Họp Cô Tô", "22"))
            later = Slot(stored.request.slot.start + DAY, stored.request.slot.end + DAY)
            with found.db.write() as conn:
                requests.counter(conn, stored.request_id, Offer(slot=later), "Bận", province, now)
        with found.db.read() as conn:
            near = views.visible(conn, convenor, places.tree(conn, now.date()))
            asked.clear()
            shown = requests_view.for_convenor(conn, convenor, near, now.date())
            costs.append(len(asked))
    assert [(offers, lost) for _meeting, offers, lost in shown] == [(1, 0)] * 6
    assert costs[0] == costs[1], costs


TABS = ("", "/audience", "/approvals", "/readiness", "/readiness/phone", "/readiness.csv", "/registration", "/cards", "/edit", "/book")


async def test_a_meeting_of_239_points_costs_what_one_of_12_does(app: FastAPI, found: Container, asked: list[str]) -> None:
    costs: list[dict[str, int]] = []
    async with browser(app) as client:
        await sign_in(client, "thuky")
        with found.db.read() as conn:
            every = [point.point_id for point in point_store.all_points(conn)]
        for points, day in ((every[:12], "2026-03-12"), (every, "2026-03-13")):
            place = (await book(client, points, day=day)).headers["location"].split("?")[0]
            costs.append({tab: await cost(client, asked, place + tab) for tab in TABS})
    assert costs[0] == costs[1]
