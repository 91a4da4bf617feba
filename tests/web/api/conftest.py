"""Programs that ask: a token's client for each person, and what they were told when something was refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fastapi import FastAPI

from tests.web.api.schema import true_to_the_document
from tests.web.conftest import ManualClock
from web import session, store
from web.api import tokens
from web.container import Container

Ask = Callable[..., httpx.AsyncClient]


def secret_of(found: Container, clock: ManualClock, login: str, scope: str = "write", days: int = 90) -> str:
    """A new token of this person."""
    with found.db.write() as conn:
        known = store.account_by_login(conn, login)
        assert known is not None
        by = session.subject_of(conn, known[0], clock.now().date())
        return tokens.make(conn, by, f"chương trình của {login}", scope, days, clock.now())


@pytest.fixture
async def program(app: FastAPI, found: Container, clock: ManualClock) -> AsyncIterator[Ask]:
    """`program("thuky")` is a client that carries a token of that person, as a script would; no answer to it is other than described."""
    opened: list[httpx.AsyncClient] = []

    def make(login: str, scope: str = "write") -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {secret_of(found, clock, login, scope)}"}
        opened.append(httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://localhost:8000",
            headers=headers, event_hooks={"response": [true_to_the_document]},
        ))
        return opened[-1]

    yield make
    for client in opened:
        await client.aclose()


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    """The problem document, after its form has been looked at."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["error"] == code, told
    assert told["type"] == f"urn:diemcau:error:{code}" and told["status"] == status
    assert told["title"] and told["detail"] and "{" not in told["detail"]
    return told
