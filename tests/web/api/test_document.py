"""The description: complete, true to the routes, readable without any other host; and whatever a program makes of it,
answers are those it names and never a fault of ours."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.web.api.conftest import Ask
from tests.web.api.shaped import bodies, mutated
from tests.web.api.test_meetings import made
from tests.web.api.test_requests import asked
from tests.web.conftest import ManualClock, browser
from tests.web.test_guard import routes
from web.api import v1
from web.api.document import operations
from web.container import Container

DOCUMENT = v1.description()


async def test_everybody_may_read_it_and_it_names_every_route(app: FastAPI) -> None:
    async with browser(app) as nobody:
        told = (await nobody.get("/api/v1/openapi.json")).json()
    assert told == json.loads(json.dumps(DOCUMENT)) and told["openapi"].startswith("3.1")
    known = {(method.lower(), route.path) for route in routes(app) for method in route.methods
             if route.path.startswith("/api/v1/") and route.include_in_schema}
    assert {(method, path) for method, path, _operation in operations(told)} == known and len(known) > 10


def test_every_operation_says_what_it_wants_gives_and_refuses() -> None:
    ids = [operation["operationId"] for _method, _path, operation in operations(DOCUMENT)]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-z][A-Za-z]+", name) for name in ids)
    for method, path, operation in operations(DOCUMENT):
        responses, headers = operation["responses"], {one["name"] for one in operation["parameters"] if one["in"] == "header"}
        good = [status for status in responses if status.startswith("2")]
        assert len(good) == 1 and "ETag" in responses[good[0]]["headers"] and operation["description"], path
        assert {"400", "401", "403", "422", "429", "503"} <= responses.keys()
        for status, answer in responses.items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], f"{method} {path} {status}"
        if good == ["201"]:
            assert "Idempotency-Key" in headers
        elif method in ("put", "patch", "delete") or "412" in responses:
            assert "If-Match" in headers and {"412", "428"} <= responses.keys()
        if method in ("post", "put", "patch"):
            assert {"413", "415"} <= responses.keys() and operation["requestBody"]["required"], path
        if "{" in path:
            assert "404" in responses


def test_every_reference_leads_somewhere_and_every_shape_is_used() -> None:
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert used == DOCUMENT["components"]["schemas"].keys()


def test_what_comes_in_is_bounded_and_closed() -> None:
    """No text or list without an end, no field that is not named, in anything a program sends."""
    taken = [name for name in DOCUMENT["components"]["schemas"] if name.endswith(("In", "Patch"))]
    assert len(taken) > 5
    for name in taken:
        shape = DOCUMENT["components"]["schemas"][name]
        assert shape["additionalProperties"] is False, name
        for field, schema in shape["properties"].items():
            for part in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
                if part.get("type") == "string" and "format" not in part and "enum" not in part:
                    assert "maxLength" in part, f"{name}.{field}"
                if part.get("type") == "array":
                    assert "maxItems" in part, f"{name}.{field}"
                if part.get("type") == "integer":
                    assert {"minimum", "maximum"} <= part.keys(), f"{name}.{field}"


async def test_the_page_tells_all_of_it_and_loads_nothing_from_elsewhere(app: FastAPI) -> None:
    async with browser(app) as nobody:
        answer = await nobody.get("/api")
    assert answer.status_code == 200
    for _method, path, operation in operations(DOCUMENT):
        assert path in answer.text and f'id="{operation["operationId"]}"' in answer.text
    targets = set(re.findall(r'href="#([^"]+)"', answer.text)) - {"main"}
    assert targets <= set(re.findall(r'id="([^"]+)"', answer.text))
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text) and "<style" not in answer.text and "style=" not in answer.text


PATHS = {"code": ["22", "khong-co", "0"], "ending": ["pdf", "odt"], "block_id": ["1", "0", "9" * 30, "x"], "day": ["2026-03-10", "0001-01-01", "mai"],
         **{name: ["khong-co"] for name in ("meeting_id", "request_id", "delegate_id", "group_id", "feed_id", "loss_id")}}


@st.composite
def requests(draw: st.DrawFn, method: str, path: str, operation: dict[str, Any]) -> tuple[str, str, str, dict[str, str], bytes | None]:
    """(operation, method, path with query, headers, body), mostly as described, sometimes not."""
    query, headers = [], {"content-type": "application/json"}
    for one in operation["parameters"]:
        if one["in"] == "query" and draw(st.booleans()):
            query.append((one["name"], draw(st.one_of(st.text(max_size=40), st.just("2026-03-06T09:00:00Z"), st.integers().map(str)))))
        elif one["in"] == "header" and draw(st.integers(0, 9)):
            good = {"If-Match": "*", "Idempotency-Key": "generated-key"}.get(one["name"], '"x"')
            headers[one["name"]] = draw(st.one_of(st.just(good), st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=140)))
    body = None
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        shaped = bodies(schema, DOCUMENT["components"]["schemas"])
        body = draw(st.one_of(
            shaped.map(_written), mutated(shaped).map(_written), st.binary(max_size=40),
        ))
    for name in re.findall(r"{(\w+)}", path):
        value = draw(st.sampled_from([*PATHS[name], f"<{name}>"]))
        path = path.replace(f"{{{name}}}", value)
    return operation["operationId"], method, path + ("?" + str(httpx.QueryParams(query)) if query else ""), headers, body


def _written(value: Any) -> bytes:
    return json.dumps(value).encode()


async def test_nothing_a_program_sends_is_a_fault_of_ours(program: Ask, found: Container, clock: ManualClock) -> None:
    """Requests made from the document: bodies of each shape, and bodies with something wrong in them."""
    script = program("thuky")
    first = await made(script, audience={"add": ["06973"]})
    _ours, _meeting, request = await asked(program, found)
    group = await script.post("/api/v1/groups", json={"name": "Cụm", "points": ["22"]}, headers={"idempotency-key": "generated-group"})
    named = await script.post(f"{first.headers['location']}/delegates", json={"point": "06973", "name": "An"}, headers={"idempotency-key": "a-delegate"})
    calendar = await script.post("/api/v1/feeds", json={}, headers={"idempotency-key": "a-calendar"})
    known = {"<meeting_id>": first.json()["id"], "<code>": "06973", "<request_id>": request["id"], "<block_id>": "2", "<day>": "2026-03-11",
             "<group_id>": group.json()["id"], "<delegate_id>": named.json()["id"], "<feed_id>": calendar.json()["id"], "<loss_id>": "x"}
    described = {operation["operationId"]: set(operation["responses"]) for _m, _p, operation in operations(DOCUMENT)}
    loop = asyncio.get_running_loop()
    seen: set[tuple[str, int]] = set()

    async def send(operation: str, method: str, path: str, headers: dict[str, str], body: bytes | None) -> None:
        for mark, value in known.items():
            path = path.replace(mark, value)
        clock.at = clock.at.replace(microsecond=0)
        found.pace._left.clear()
        answer = await script.request(method, path, headers=headers, content=body)
        assert answer.status_code < 500, answer.text
        assert str(answer.status_code) in described[operation], f"{operation}: {answer.status_code}"
        if answer.status_code >= 400:
            told = answer.json()
            assert told["status"] == answer.status_code and told["detail"]
        seen.add((operation, answer.status_code))

    def run(one: tuple[str, str, dict[str, Any]]) -> None:
        @settings(max_examples=8, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(requests(*one))
        def often(request: tuple[str, str, str, dict[str, str], bytes | None]) -> None:
            asyncio.run_coroutine_threadsafe(send(*request), loop).result(60)

        often()

    for one in operations(DOCUMENT):
        await asyncio.to_thread(run, one)
    assert {operation for operation, _status in seen} == described.keys()
    assert 2 * len(seen) > 3 * len(described), "more than one kind of answer to many"
