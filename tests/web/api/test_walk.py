"""Every operation of the description, one after another: it refuses who has no token and who is of another unit, a change without or
with an older version, a creation without or with a used key.  A new route is walked from the day it is described."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from meetings.access import Role
from meetings.store import unit_store
from meetings.store.tables import event
from scheduler import store as scheduler_store
from scheduler.outbox_table import outbox
from tests.web.api.conftest import Ask, problem
from tests.web.api.schema import DOCUMENT, SHAPES, mistakes
from tests.web.api.test_meetings import body, made
from tests.web.api.test_requests import DISTRICT, asked, people  # noqa: F401 - a fixture
from tests.web.conftest import ManualClock, _hash, browser
from web import store
from web.api.document import operations
from web.container import Container

WALKED = [(method.upper(), path, operation) for method, path, operation in operations(DOCUMENT)]
FOR_ALL = {"listUnits", "listPoints", "getPoint", "listBookings", "listPeople", "getCard", "listBlocks", "getBlock", "listGroups", "createGroup",
           "listMeetings", "createMeeting", "listRequests", "findFreeSlots", "listWorkingDays", "getWorkingDay", "listFeeds", "createFeed"}
"""What any secretary may ask: the public map of points, or lists and creations of one's own unit, which show nobody else's."""
KEEPERS = {"points": "kythuat", "time": "quantri", "rules": "quantri"}
"""Who may, where it is not the secretary of the meeting."""
ASKED = ("agree", "decline", "counter")


@dataclass
class World:
    """One of everything that a path can name, as the secretary of the province made it."""

    ids: dict[str, str]
    meeting: dict[str, Any]
    unit: str

    def path(self, template: str) -> str:
        return re.sub(r"{(\w+)}", lambda name: self.ids[name[1]], template)


@pytest.fixture
async def world(program: Ask, people: Container, clock: ManualClock) -> World:  # noqa: F811
    found = people
    with found.db.write() as conn:
        root = unit_store.tree(conn, clock.now().date()).roots()[0]
        store.add_account(conn, "kythuat", "Vũ Anh Tuấn", "", root.unit_id, frozenset({Role.TECHNICIAN}), _hash, clock.now(), must_change=False)
    ours = program("thuky")
    meeting = await made(ours, audience={"add": ["06973"]})
    path = f"/api/v1/meetings/{meeting.json()['id']}"
    block = await program("kythuat").post("/api/v1/points/06973/blocks", headers={"idempotency-key": "for-the-walk"},
                                          json={"start": "2026-03-20T08:00:00+07:00", "end": "2026-03-20T09:00:00+07:00", "note": "Sửa"})
    kept = {"idempotency-key": "for-the-walk"}
    group = await ours.post("/api/v1/groups", headers=kept, json={"name": "Cụm", "points": ["06973"]})
    delegate = await ours.post(f"{path}/delegates", headers={"idempotency-key": "a-delegate"}, json={"point": "06973", "name": "Sơn"})
    feed = await ours.post("/api/v1/feeds", headers={"idempotency-key": "a-calendar"}, json={})
    _theirs, _meeting, request = await asked(program, found)
    with found.db.write() as conn:
        conn.execute(scheduler_store.displacement.insert().values(
            displacement_id="loss", meeting_id=request["meeting"], lost_id=meeting.json()["id"], point_ids=[1], reason="Bão",
            proposed_start=None, proposed_end=None, made_at=clock.now()))
    for answer in (meeting, block, group, delegate, feed):
        assert answer.status_code == 201, answer.text
    return World({
        "code": "06973", "meeting_id": meeting.json()["id"], "block_id": str(block.json()["id"]), "group_id": group.json()["id"],
        "delegate_id": delegate.json()["id"], "feed_id": feed.json()["id"], "request_id": request["id"], "loss_id": "loss", "day": "2026-03-10", "ending": "pdf",
    }, await body(ours), root.unit_id)


@pytest.fixture
def known(program: Ask) -> Ask:
    """`program`, with one token for each person: nobody may have as many as there are operations."""
    return lru_cache(maxsize=None)(program)


def everything(found: Container) -> tuple[object, ...]:
    """What no refusal may change: all that is told, recorded, kept."""
    with found.db.read() as conn:
        counts = [conn.execute(select(func.count()).select_from(table)).scalar_one() for table in (outbox, scheduler_store.booking)]
        told = conn.execute(select(func.count()).select_from(event).where(event.c.kind.not_in(("access.denied", "api_token.made")))).scalar_one()
        return (*counts, told)


def example(operation: dict[str, Any], world: World) -> dict[str, Any] | None:
    """The body that the description itself gives."""
    if "requestBody" not in operation:
        return None
    [name] = re.findall(r"schemas/(\w+)", str(operation["requestBody"]))
    if name == "MeetingIn":
        return world.meeting
    return dict(SHAPES[name]["examples"][0]) | ({"unit": world.unit} if name == "PointIn" else {})


def sender(known: Ask, operation: dict[str, Any]) -> httpx.AsyncClient:
    name = operation["operationId"]
    if name in ASKED:
        return known(DISTRICT)  # the level above the commune is asked first
    if name in ("acceptOffer", "insist", "withdraw"):
        return known("nguoila")
    if name.endswith("Group"):
        return known("thuky")
    return known(KEEPERS.get(operation["tags"][0], "thuky"))


def wants(operation: dict[str, Any], header: str) -> bool:
    return any(one["name"] == header and one["required"] for one in operation["parameters"])


def test_every_body_has_an_example_that_is_as_described() -> None:
    for _method, path, operation in WALKED:
        for name in re.findall(r"schemas/(\w+)", str(operation.get("requestBody", ""))):
            assert SHAPES[name].get("examples"), f"{path}: {name} has no example"
            assert not list(mistakes(SHAPES[name]["examples"][0], SHAPES[name])), name


async def test_without_a_token_nothing_opens(app: FastAPI, world: World) -> None:
    async with browser(app) as nobody:
        for method, path, operation in WALKED:
            for headers in ({}, {"authorization": "Bearer dc_" + "x" * 43}):
                sent = {**headers, "if-match": "*", "idempotency-key": "nobody-at-all"}
                answer = await nobody.request(method, world.path(path), json=example(operation, world), headers=sent)
                problem(answer, 401, "signin.needed")


async def test_a_token_of_another_unit_opens_nothing_of_this_one(program: Ask, found: Container, world: World) -> None:
    """The secretary of Hạ Long's neighbour, who has a word in none of it, and an officer of a commune that is not invited."""
    with found.db.write() as conn:
        unit = unit_store.tree(conn, found.clock.now().date()).search("Huyện Vân Đồn")[0]
        store.add_account(conn, "vandon", "Châu Thị Đồn", "", unit.unit_id, frozenset({Role.SECRETARY}), _hash, found.clock.now(), must_change=False)
    stranger, before, shut = program("vandon"), everything(found), set()
    for method, path, operation in WALKED:
        if operation["operationId"] in FOR_ALL:
            continue
        found.pace._left.clear()
        sent = {"if-match": "*", "idempotency-key": "of-another-unit"}
        answer = await stranger.request(method, world.path(path), json=example(operation, world), headers=sent)
        assert answer.status_code in (403, 404), f"{method} {path}: {answer.status_code} {answer.text}"
        assert everything(found) == before, path
        shut.add(operation["operationId"])
    assert len(shut) > 25
    for path in ("groups", "meetings", "requests", "feeds"):
        assert (await stranger.get(f"/api/v1/{path}")).json()["items"] == [], path


async def test_a_token_that_only_reads_changes_nothing(program: Ask, found: Container, world: World) -> None:
    reader, before = program("thuky", "read"), everything(found)
    for method, path, operation in WALKED:
        if wants(operation, "If-Match") or wants(operation, "Idempotency-Key"):
            found.pace._left.clear()
            answer = await reader.request(method, world.path(path), json=example(operation, world), headers={"if-match": "*", "idempotency-key": "x" * 8})
            problem(answer, 403, "api_token.scope")
    assert everything(found) == before


async def test_every_change_names_its_version_and_every_creation_its_key(known: Ask, found: Container, world: World) -> None:
    before, changes, creations = everything(found), set(), set()
    for method, path, operation in WALKED:
        client, where, sent = sender(known, operation), world.path(path), example(operation, world)
        name = operation["operationId"]
        found.pace._left.clear()
        if wants(operation, "If-Match"):
            changes.add(name)
            problem(await client.request(method, where, json=sent), 428, "api.match_missing")
            problem(await client.request(method, where, json=sent, headers={"if-match": '"older"'}), 412, "api.stale")
            problem(await client.request(method, where, json=sent, headers={"if-match": "not a tag"}), 400, "api.match")
        elif wants(operation, "Idempotency-Key"):
            creations.add(name)
            problem(await client.request(method, where, json=sent), 400, "api.key_missing")
            problem(await client.request(method, where, json=sent, headers={"idempotency-key": "short"}), 400, "api.key")
        else:
            assert method == "GET" or name == "findFreeSlots", f"{name} changes something and says neither version nor key"
    assert everything(found) == before and len(changes) > 20 and len(creations) >= 5


async def test_what_was_created_is_created_once(known: Ask, found: Container, world: World) -> None:
    for method, path, operation in WALKED:
        if not wants(operation, "Idempotency-Key"):
            continue
        client, where, sent, key = sender(known, operation), world.path(path), example(operation, world), {"idempotency-key": "only-once"}
        found.pace._left.clear()
        with found.db.write() as conn:
            conn.exec_driver_sql("DELETE FROM idempotency WHERE key = 'only-once'")
        first = await client.request(method, where, json=sent, headers=key)
        assert first.status_code == 201, first.text
        after = everything(found)
        again = await client.request(method, where, json=sent, headers=key)
        assert again.status_code == 201 and again.headers["idempotency-replayed"] == "true" and again.json().get("id", "") == first.json().get("id", "")
        assert again.headers["etag"] == first.headers["etag"] and again.headers["location"] == first.headers["location"]
        other = await client.request(method, where, json=sent, headers=key, params={"other": "1"})
        assert other.status_code == 201, "the address counts without its question"
        changed = await client.request(method, where, content=str(sent).encode() + b" ", headers={**key, "content-type": "application/json"})
        assert changed.status_code in (400, 422)
        different = {**sent, **{name: "khác" for name in ("title", "name", "note") if name in sent}} or {"point": "22"}
        different = different if different != sent else {"point": "22"}
        problem(await client.request(method, where, json=different, headers=key), 422, "api.key_reused")
        assert everything(found) == after
        shown = await client.get(first.headers["location"])
        assert shown.status_code == 200 and shown.headers["etag"] == first.headers["etag"], "what is made stands where it says"
