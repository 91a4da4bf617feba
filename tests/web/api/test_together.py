"""Programs that press at the same moment, on PostgreSQL, where they really do: one is first, the others are told, none is a fault."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from meetings.access import Role
from meetings.store import datasets, unit_store
from meetings.store.database import Database
from scheduler import points
from tests.web.api.conftest import Ask
from tests.web.api.test_meetings import PATH, body, made, state, under
from tests.web.conftest import ManualClock, QuietHub, _hash
from web import app as web_app
from web import places, store
from web.container import Container
from web.settings import Settings

pytestmark = pytest.mark.postgres
PEOPLE = (("thuky", "Nguyễn Thị Thu", Role.SECRETARY), ("lanhdao", "Trần Văn Đức", Role.DIVISION_HEAD),
          ("chutri", "Phạm Minh Hải", Role.CHAIR), ("vanthu", "Lê Thị Hoa", Role.CLERK),
          ("quantri", "Đỗ Quản Trị", Role.ADMIN))


@pytest.fixture
async def app(
    postgres_db: Database, tmp_path: Path, clock: ManualClock, hub: QuietHub, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FastAPI]:
    """The same application as everywhere, on PostgreSQL; in place of the one on SQLite."""
    monkeypatch.setattr(places, "_kept", {})  # the units of the test before had other ids at the same address
    with postgres_db.write() as conn:
        datasets.load_dataset(conn, "quang-ninh-2020", clock.now())
        tree = unit_store.tree(conn, clock.now().date())
        points.ensure_points(conn, tree)
        for login, name, role in PEOPLE:
            store.add_account(conn, login, name, "", tree.roots()[0].unit_id, frozenset({role}), _hash, clock.now(), must_change=False)
    built = web_app.build(Settings(data=tmp_path, database=postgres_db.url), clock=clock, media=hub)
    async with built.router.lifespan_context(built):
        yield built


@pytest.fixture
def script(program: Ask) -> httpx.AsyncClient:
    return program("thuky")


async def test_of_many_changes_from_one_version_one_is_made(script: httpx.AsyncClient, found: Container) -> None:
    first = await made(script, audience=under(found, "Huyện Ba Chẽ"))
    tag = {"if-match": first.headers["etag"]}
    for where, sents in (("", [{"title": f"Tên {number}"} for number in range(6)]),):
        answers = await asyncio.gather(*(script.patch(first.headers["location"] + where, json=sent, headers=tag) for sent in sents))
        assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 5}
    stands = await script.get(first.headers["location"])
    won = next(answer for answer in answers if answer.status_code == 200)
    assert {**stands.json(), "warnings": []} == won.json() and stands.headers["etag"] == won.headers["etag"]


async def test_a_creation_sent_many_times_at_once_is_made_once(script: httpx.AsyncClient, found: Container) -> None:
    sent = await body(script, audience=under(found, "Huyện Ba Chẽ"))
    answers = await asyncio.gather(*(script.post(PATH, json=sent, headers={"idempotency-key": "pressed-often"}) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201} and len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1 and state(found)[0] == 1


async def test_meetings_that_want_the_same_points_and_hours_wait_in_no_circle(script: httpx.AsyncClient, found: Container) -> None:
    """Books, moves, cancels and renames of three meetings over the same points, all from the version of before."""
    audience = under(found, "Huyện Ba Chẽ")
    hours = [("09", "10"), ("13", "14"), ("15", "16")]
    slots = [{"start": f"2026-03-06T{a}:00:00+07:00", "end": f"2026-03-06T{b}:00:00+07:00"} for a, b in hours]
    meetings = [await made(script, f"meeting-{number}", audience=audience, **slot) for number, slot in enumerate(slots)]
    paths = [answer.headers["location"] for answer in meetings]
    for _round in range(3):
        tags = [(await script.get(path)).headers["etag"] for path in paths]
        asked = [
            (way, path + where, sent, tags[number])
            for number, path in enumerate(paths)
            for way, where, sent in (
                ("post", "/move", slots[(number + 1) % 3]), ("put", "/points", {"audience": audience}),
                ("put", "/points", {"audience": {"add": ["22", "06973"]}}), ("patch", "", {"title": f"Vòng {_round}"}),
            )
        ]
        answers = await asyncio.gather(*(
            script.request(way, path, json=sent, headers={"if-match": tag}) for way, path, sent, tag in asked))
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses.keys() <= {200, 409, 412}, [answer.text for answer in answers if answer.status_code not in (200, 409, 412)]
        assert statuses[200] >= 1 and statuses[412] >= 1


async def test_what_has_no_row_yet_or_is_taken_away_is_changed_by_one(program: Ask, script: httpx.AsyncClient, found: Container) -> None:
    """A day nobody told anything of, a group, a calendar, a delegate: of six who come from one version one is first."""
    keeper, day = program("quantri"), "/api/v1/working-days/2026-03-10"
    meeting = await made(script, audience=under(found, "Huyện Ba Chẽ"), start="2026-03-12T09:00:00+07:00", end="2026-03-12T10:00:00+07:00")
    key = {"idempotency-key": "for-the-race"}
    group = await script.post("/api/v1/groups", json={"name": "Cụm", "points": ["06973"]}, headers=key)
    feed = await script.post("/api/v1/feeds", json={}, headers={"idempotency-key": "a-calendar"})
    delegate = await script.post(f"{meeting.headers['location']}/delegates", json={"point": "06973", "name": "An"}, headers={"idempotency-key": "a-delegate"})
    for client, way, path, seen, sent in (
        (keeper, "put", day, await keeper.get(day), {"works": False, "note": "Nghỉ bão"}),
        (script, "put", group.headers["location"], group, {"name": "Khác", "points": ["22"]}),
        (script, "post", f"{delegate.headers['location']}/replace", delegate, {"name": "Mai", "reason": "đi công tác"}),
        (script, "delete", feed.headers["location"], feed, None),
    ):
        answers = await asyncio.gather(*(
            client.request(way, path, json=sent, headers={"if-match": seen.headers["etag"]}) for _ in range(6)))
        told = Counter(answer.status_code for answer in answers)
        assert told[200] == 1 and told.keys() <= {200, 404, 412}, (path, [answer.text for answer in answers])
