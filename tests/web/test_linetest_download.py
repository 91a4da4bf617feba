"""The bytes that a test pulls: how many at once, one for a test, none for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from scheduler import line_tests
from tests.web.test_readiness import ManualClock, Story
from web.container import Container
from web.routes import linetest


@pytest.fixture
def story(found: Container, clock: ManualClock) -> Story:
    return Story(found, clock)


async def test_downloads_are_counted_from_the_answer_on_one_for_a_test_and_none_for_ever(
    client: httpx.AsyncClient, story: Story, monkeypatch: pytest.MonkeyPatch,
) -> None:
    places: set[str] = set()
    waiting = [linetest.Download(places, f"test {n}") for n in range(3)]
    assert len(places) == 3, "before anything streams"

    async def nobody_reads(_message: Any) -> None:
        await asyncio.Event().wait()

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    monkeypatch.setattr(linetest, "LONGEST", 0.05)
    scope: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}}
    await waiting[0](scope, never, nobody_reads)  # a reader that stands still
    assert places == {"test 1", "test 2"}
    await waiting[1](scope, gone, nobody_reads)
    assert places == {"test 2"}
    secret = story.link()
    with story.found.db.read() as conn:
        test, _seat = line_tests.by_secret(conn, secret, story.clock.now())
    story.found.downloads.add(test.test_id)
    again = await client.get(f"/t/{secret}/bytes", headers={"accept": "application/json"})
    assert (again.status_code, again.json()["error"]) == (503, "linetest.queue")
    assert (await client.get(f"/t/{story.link(1)}/bytes")).status_code == 200
