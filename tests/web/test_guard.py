"""Every route names its action; unsafe requests come from our own pages; what is too large or away is said so."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import update
from starlette.routing import Mount

from meetings import admission, service
from meetings.access import Action
from meetings.store import database
from tests.web.conftest import PASSWORD, browser, post, sign_in, token_in
from tests.web.test_pages import Story, story  # noqa: F401 - a fixture
from tests.web.test_requests import draft, only_request
from web import store
from web.container import Container
from web.limits import BODY, UPLOAD

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def routes(app: FastAPI) -> Iterator[APIRoute]:
    def walk(found: object) -> Iterator[APIRoute]:
        for route in getattr(found, "routes", []):
            if isinstance(route, APIRoute):
                yield route
            elif not isinstance(route, Mount):
                yield from walk(getattr(route, "original_router", route))

    yield from walk(app)


def checks(route: APIRoute) -> list[object]:
    return [dependency.call for dependency in route.dependant.dependencies if hasattr(dependency.call, "action")]


def test_every_route_names_exactly_one_action(app: FastAPI) -> None:
    found = list(routes(app))
    assert len(found) > 40
    nameless = [f"{sorted(route.methods)} {route.path}" for route in found if len(checks(route)) != 1]
    assert not nameless, nameless
    assert all(isinstance(checks(route)[0].action, Action) for route in found)  # type: ignore[attr-defined]


def test_the_mounted_files_are_the_only_thing_without_an_action(app: FastAPI) -> None:
    assert [route.path for route in app.routes if isinstance(route, Mount)] == ["/static"]


def test_no_route_hides_another(app: FastAPI) -> None:
    known = [(method, route.path) for route in routes(app) for method in route.methods]
    assert sorted(known) == sorted(set(known))


def test_public_routes_are_the_few_that_must_be(app: FastAPI) -> None:
    public = {route.path for route in routes(app) if checks(route)[0].action is Action.PUBLIC}  # type: ignore[attr-defined]
    assert "/api" in public and "/api/v1/openapi.json" in public  # how to ask, never what is there
    assert all(path in ("/api", "/api/v1/openapi.json") or path.startswith(("/signin", "/signout", "/language", "/healthz", "/readyz", "/openapi.json", "/j/", "/manifest.webmanifest", "/sw.js", "/away",
                                "/media/", "/verify", "/d/", "/r/", "/feeds/")) for path in public), public


def unsafe(app: FastAPI) -> list[tuple[APIRoute, str]]:
    return [(route, method) for route in routes(app) for method in sorted(route.methods & UNSAFE)]


def test_only_tickets_join_links_and_test_links_stand_for_themselves(app: FastAPI) -> None:
    """They are no cookie that another site could make a browser send, so they need no form token; nothing else is."""
    bearer = {route.path for route, _method in unsafe(app) if checks(route)[0].bearer}  # type: ignore[attr-defined]
    assert bearer == {
        "/media/rooms/{room}/whip", "/media/rooms/{room}/whep", "/media/sessions/{session}",
        "/media/sessions/{session}/view", "/media/sessions/{session}/pins", "/j/{secret}/tickets", "/j/{secret}/here", "/j/{secret}/hand", "/j/{secret}/vote", "/j/{secret}/people", "/j/{secret}/people/link",
        "/p/{secret}/here", "/p/{secret}/left", "/p/{secret}/hand", "/p/{secret}/vote", "/p/{secret}/slips/{motion}", "/p/{secret}/chat", "/p/{secret}/papers", "/j/{secret}/voice", "/j/{secret}/chat", "/j/{secret}/recording",
        "/j/{secret}/screen/tickets", "/j/{secret}/share", "/j/{secret}/share/tickets", "/j/{secret}/share/end", "/j/{secret}/test", "/t/{secret}/tickets", "/t/{secret}/results",
        "/j/{secret}/show", "/j/{secret}/hide", "/j/{secret}/papers", "/j/{secret}/papers/{document_id}/drawn", "/j/{secret}/papers/{document_id}/read",
        "/j/{secret}/papers/{document_id}/notes", "/j/{secret}/papers/{document_id}/notes/{note_id}/remove",
        "/p/{secret}/papers/{document_id}/read", "/p/{secret}/papers/{document_id}/notes", "/p/{secret}/papers/{document_id}/notes/{note_id}/remove",
    }
    by_form = ("/j/{secret}/delegates", "/j/{secret}/roll")  # pages with a form: the link opens them, their token sends them
    assert all(checks(route)[0].bearer == (route.path.startswith(("/media/", "/j/", "/t/", "/p/")) and route.path not in by_form)  # type: ignore[attr-defined]
               for route, _ in unsafe(app))


def card(found: Container, meeting_id: str) -> str:
    """The secret of one of the meeting's join links."""
    with found.db.read() as conn:
        link = service.links(conn, meeting_id)[0]
    return admission.link_secret(found.keys.links, link.link_id, link.generation)


async def test_every_unsafe_route_refuses_those_who_may_when_our_token_is_missing(
    app: FastAPI, story: Story  # noqa: F811
) -> None:
    asked = only_request(app.state.container, draft(app.state.container, "nguoila", "Họp Cô Tô", "22"))
    ids = {"code": "22", "meeting_id": story.meeting.meeting_id, "user_id": str(story.people["xa"].user_id),
           "request_id": asked.request_id, "secret": card(app.state.container, story.meeting.meeting_id)}
    answers: dict[str, set[str]] = {}
    for login in ("thuky", "chutri", "lanhdao", "vanthu", "quantri", "nguoila"):
        async with browser(app) as client:
            await sign_in(client, login)
            for route, method in unsafe(app):
                if checks(route)[0].bearer:  # type: ignore[attr-defined]
                    continue
                path = re.sub(r"{(\w+)}", lambda name: ids.get(name[1], "1"), route.path)
                for data in ({}, {"_csrf": "0" * 64}):
                    answer = await client.request(method, path, data=data, headers={"accept": "application/json"})
                    assert answer.status_code in (403, 404), f"{path}: {answer.status_code}"
                    answers.setdefault(f"{method} {route.path}", set()).add(answer.json()["error"])
    assert len(answers) > 30
    assert not {key: said for key, said in answers.items() if not ("forged" in said <= {"forged", "not_allowed", "not_found"})}


async def test_until_the_first_password_is_changed_only_the_own_account_opens(app: FastAPI, found: Container) -> None:
    with found.db.write() as conn:
        conn.execute(update(store.account).where(store.account.c.login == "thuky").values(must_change=True))
    opened, closed = set(), set()
    async with browser(app) as client:
        await sign_in(client, "thuky")
        for route in routes(app):
            if "GET" not in route.methods or checks(route)[0].action is Action.PUBLIC:  # type: ignore[attr-defined]
                continue
            if route.path.startswith(("/j/", "/t/", "/d/", "/p/", "/metrics", "/api/v1/")):
                continue  # reached by a link, from the machine itself or by programs, which are told and not sent on
            answer = await client.get(re.sub(r"{\w+}", "x", route.path))
            (closed if answer.headers.get("location") == "/password" else opened).add(route.path)
    assert opened == {"/password", "/account"} and len(closed) > 20


@pytest.mark.parametrize(("headers", "status"), [
    ({"origin": "http://localhost:8000"}, 303),
    ({"origin": "http://localhost:8000", "sec-fetch-site": "same-origin"}, 303),
    ({}, 303),
    ({"origin": "null"}, 403),
    ({"origin": "http://ke-xau.example"}, 403),
    ({"origin": "http://localhost:8000.ke-xau.example"}, 403),
    ({"origin": "http://ke-xau.localhost:8000"}, 403),
    ({"origin": "http://localhost:8001"}, 403),
    ({"origin": "http://ai@localhost:8000"}, 403),
    ({"origin": "file://localhost:8000"}, 403),
    ({"origin": ""}, 403),
    ({"sec-fetch-site": "cross-site"}, 403),
    ({"sec-fetch-site": "same-site"}, 403),
])
async def test_only_our_own_pages_may_post(client: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    assert (await post(client, "/language", {"language": "en"}, page="/signin", headers=headers)).status_code == status


async def test_the_token_of_another_browser_is_refused(app: FastAPI) -> None:
    async with browser(app) as one, browser(app) as two:
        token = token_in((await one.get("/signin")).text)
        await two.get("/signin")
        assert (await two.post("/language", data={"_csrf": token, "language": "en"})).status_code == 403
        assert (await one.post("/language", data={"_csrf": token, "language": "en"})).status_code == 303


async def test_the_token_may_come_in_a_header(client: httpx.AsyncClient) -> None:
    token = token_in((await client.get("/signin")).text)
    answer = await client.post("/language", data={"language": "en"}, headers={"x-csrf-token": token})
    assert answer.status_code == 303


async def test_a_body_that_declares_too_much_is_refused_unread(client: httpx.AsyncClient) -> None:
    answer = await client.post("/signin", content=b"x" * (BODY + 1),
                               headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413 and "quá lớn" in answer.text


async def test_a_packet_too_large_for_the_verify_page_is_shown_the_command(client: httpx.AsyncClient) -> None:
    answer = await client.post("/verify", content=b"PK", headers={
        "content-type": "multipart/form-data; boundary=x", "content-length": str(UPLOAD + 1)})
    assert answer.status_code == 413
    assert "50 MB" in answer.text and "python3 -m web verify" in answer.text


async def test_a_body_that_lies_about_its_length_is_cut_at_the_limit(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> object:
        nonlocal sent
        while sent < 4 * BODY:
            sent += 65_536
            yield b"a" * 65_536

    answer = await client.post("/signin", content=endless(), headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413
    assert sent <= BODY + 2 * 65_536


async def test_only_upload_pages_take_large_bodies(client: httpx.AsyncClient) -> None:
    await sign_in(client, "thuky")
    token = token_in((await client.get("/meetings/new")).text)
    file = {"document": ("lớn.txt", b"a" * (2 * BODY), "text/plain")}
    assert (await client.post("/meetings/new", data={"_csrf": token}, files=file)).status_code == 200
    assert (await client.post("/password", data={"_csrf": token}, files=file)).status_code == 413
    assert UPLOAD == 50 * BODY


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 20)


async def test_a_database_that_is_busy_is_said_so_with_when_to_try_again(
    impatient: None, app: FastAPI, client: httpx.AsyncClient, found: Container
) -> None:
    token = token_in((await client.get("/signin")).text)
    other = database.Database(found.db.url)
    with other.write():
        answer = await client.post("/signin", data={"_csrf": token, "login": "thuky", "password": PASSWORD})
    other.close()
    assert answer.status_code == 503 and answer.headers["retry-after"] == "5"
    assert "Máy chủ đang bận" in answer.text


async def test_programs_get_errors_as_json(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nope", headers={"accept": "application/json"})
    assert answer.status_code == 404 and answer.json()["error"] == "not_found"
    answer = await client.get("/account", headers={"accept": "application/json"})
    assert answer.status_code == 401 and answer.json()["error"] == "signin.needed"


async def test_health_and_readiness_are_told_without_signing_in(client: httpx.AsyncClient, hub: object) -> None:
    assert (await client.get("/healthz")).text == "ok\n"
    assert (await client.get("/readyz")).json() == {
        "ready": True, "checks": {"database": True, "files": True, "media": True}}
    hub.ready = False  # type: ignore[attr-defined]
    assert (await client.get("/readyz")).status_code == 503


async def test_the_interface_is_described(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    assert described["info"]["title"] == "Điểm Cầu" and "/media/rooms/{room}/whip" in described["paths"]


@pytest.mark.parametrize("headers", [{"origin": "http://["}, {"x-csrf-token": "é".encode("latin-1").decode("latin-1")}])
async def test_headers_that_are_no_text_of_ours_are_refused_and_not_a_fault(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = await client.post("/signin", data={"login": "a", "password": "b"}, headers=raw)
    assert answer.status_code == 403


async def test_a_next_page_that_is_no_address_leads_home(client: httpx.AsyncClient) -> None:
    assert (await client.get("/signin", params={"next": "http://["})).status_code == 200
