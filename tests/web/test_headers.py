"""Answers carry the security headers, errors too; pages hold nothing inline; an unexpected error shows no trace."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from meetings.errors import Unavailable
from tests.web.conftest import browser, post, sign_in
from web.headers import CSP
from web.settings import Settings


@pytest.mark.parametrize("path", ["/signin", "/nope", "/healthz", "/openapi.json", "/", "/static/css/app.css"])
async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    all_there(answer.headers)
    assert ("no-store" in answer.headers["cache-control"]) == (not path.startswith("/static"))


def all_there(headers: httpx.Headers) -> None:
    assert headers["content-security-policy"] == CSP and "unsafe" not in CSP
    assert "frame-ancestors 'none'" in CSP and "default-src 'none'" in CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=(self), microphone=(self)" in headers["permissions-policy"]
    assert headers["referrer-policy"] == "same-origin"


async def test_over_tls_cookies_are_bound_to_the_host_and_hsts_is_sent(settings: Settings, hub: object) -> None:
    from web.app import build

    app = build(settings.model_copy(update={"public_url": "https://hop.example.vn"}), media=hub)
    async with app.router.lifespan_context(app), browser(app) as client:
        client.base_url = httpx.URL("https://hop.example.vn")
        answer = await client.get("/signin")
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        assert answer.headers["set-cookie"].startswith("__Host-visit=") and "Secure" in answer.headers["set-cookie"]
        assert (await sign_in(client, "thuky")).headers["set-cookie"].startswith("__Host-session=")


async def test_pages_hold_no_inline_script_or_style(client: httpx.AsyncClient) -> None:
    await sign_in(client, "thuky")
    for path in ("/", "/meetings", "/meetings/new", "/calendar/week", "/calendar/month", "/calendar/timeline", "/meetings/free", "/points", "/documents", "/account"):
        text = (await client.get(path)).text
        assert " style=" not in text and "<style" not in text and " onclick" not in text
        assert text.count("<script") == text.count("<script src=")


async def test_an_unexpected_error_shows_a_number_and_no_trace(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from web.routes import today

    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("bí mật bên trong")

    await sign_in(client, "thuky")
    monkeypatch.setattr(today.views, "visible", broken)
    answer = await client.get("/")
    assert answer.status_code == 500
    assert "bí mật bên trong" not in answer.text and "Traceback" not in answer.text
    number = answer.text.split("(mã ")[1].split(")")[0]
    assert number in caplog.text and "bí mật bên trong" in caplog.text


@pytest.mark.parametrize("path", ["/j/MATKHAU", "/t/MATKHAU", "/r/MATKHAU", "/feeds/MATKHAU.ics"])
async def test_no_log_holds_the_secret_of_a_link(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """Whoever reads the log of a fault, or of a database that is away, cannot walk in by it."""
    from meetings import admission
    from scheduler import feeds, line_tests

    for error in (RuntimeError("hỏng"), Unavailable("database.away")):
        def broken(*_args: object, _error: Exception = error, **_more: object) -> None:
            raise _error

        for place, what in ((admission, "parse_link"), (line_tests, "by_secret"), (feeds, "by_secret")):
            monkeypatch.setattr(place, what, broken)
        caplog.clear()
        assert (await client.get(path)).status_code == (500 if isinstance(error, RuntimeError) else 503)
        said = [record.getMessage() for record in caplog.records if record.name == "web"]
        assert any("/…" in text for text in said) and not any("MATKHAU" in text for text in said), said


@pytest.fixture
async def broken(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application with one route that raises."""
    def raises() -> None:
        raise RuntimeError("bí mật bên trong")

    app.add_api_route("/broken", raises)
    async with browser(app) as client:
        yield client


async def test_the_page_of_an_unexpected_error_is_like_every_other(broken: httpx.AsyncClient) -> None:
    answer = await broken.get("/broken")
    assert answer.status_code == 500 and "bí mật" not in answer.text
    all_there(answer.headers)
    assert "no-store" in answer.headers["cache-control"]
    await post(broken, "/language", {"language": "en"}, page="/signin")
    assert '<html lang="en">' in (await broken.get("/broken")).text
    told = await broken.get("/broken", headers={"accept": "application/json"})
    assert told.status_code == 500 and told.json()["error"] == "broken"
