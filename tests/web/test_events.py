"""News streams last for hours: who conducts stays signed in meanwhile, who may read no longer hears no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from meetings import service
from meetings.access import Role
from meetings.errors import Unavailable
from meetings.meeting import Meeting, State
from meetings.store import tables
from tests.support import factories
from tests.support.installation import PASSWORD, Installation, Room, token_in
from tests.web.conftest import ManualClock
from web import store
from web.feed import Feed
from web.hub import Hub
from web.limits import SESSION_ABSOLUTE, SESSION_IDLE
from web.routes.events import LOBBY, _news, is_on

STEP = SESSION_IDLE - timedelta(minutes=10)


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 5, 1, 0, tzinfo=UTC))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, clock: ManualClock) -> Iterator[Installation]:
    running = Installation(tmp_path_factory.mktemp("events"), clock=clock)
    running.found.hub.feed.beat = 0.05
    running.start()
    yield running
    running.stop()


@asynccontextmanager
async def signed_in(installation: Installation, clock: ManualClock, login: str) -> AsyncIterator[httpx.AsyncClient]:
    """A session of its own, so that one test's sign-out is not another's; `clock` passes the limit of sign-ins."""
    clock.advance(timedelta(minutes=2))
    async with installation.client() as client:
        token = token_in((await client.get("/signin", headers={"accept": "text/html"})).text)
        answer = await client.post("/signin", data={"_csrf": token, "login": login, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        client.headers["x-csrf-token"] = token_in((await client.get("/account", headers={"accept": "text/html"})).text)
        yield client


class Stream:
    """An open stream of news; counts heartbeats and says when the server ended it."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def beats(self, number: int) -> None:
        """Returns after so many more heartbeats; StopAsyncIteration when the stream ends before."""
        while number:
            number -= (await anext(self._lines)).startswith("event: beat")

    async def ended(self) -> None:
        async for _line in self._lines:
            pass


@asynccontextmanager
async def listening(client: httpx.AsyncClient, path: str) -> AsyncIterator[Stream]:
    async with asyncio.timeout(20), client.stream("GET", path, timeout=None) as answer:
        assert answer.status_code == 200
        yield Stream(answer)


async def suspend(client: httpx.AsyncClient, room: Room) -> int:
    return (await client.post(f"/meetings/{room.meeting_id}/conduct/suspend", json={})).status_code


async def test_the_chair_keeps_the_console_through_a_long_speech_and_not_beyond_the_absolute_limit(
    installation: Installation, clock: ManualClock
) -> None:
    room = installation.room(opened=True)
    async with signed_in(installation, clock, "chair") as chair:
        async with listening(chair, f"/j/{room.chair}/events") as news:
            for _ in range(3):
                clock.advance(STEP)
                await news.beats(3)  # one may have been judged before the clock was turned
        assert await suspend(chair, room) == 200, "an hour without a button: the form token still counts"
        async with listening(chair, f"/j/{room.chair}/events") as news:
            for _ in range(SESSION_ABSOLUTE // STEP + 1):
                clock.advance(STEP)
                await news.beats(3)
        assert await suspend(chair, room) == 401


async def test_a_session_idles_out_where_nobody_conducts(installation: Installation, clock: ManualClock) -> None:
    room, ended = installation.room(opened=True), installation.room(opened=True)
    by = factories.user(installation.people["chair"].user_id, "t", Role.CHAIR)
    async with signed_in(installation, clock, "chair") as away, signed_in(installation, clock, "clerk") as clerk:
        with installation.found.db.write() as conn:
            service.close(conn, ended.meeting_id, by, clock.now())
        async with (
            listening(away, f"/meetings/{ended.meeting_id}/events") as over,
            listening(clerk, f"/j/{room.chair}/events") as watching,
        ):
            clock.advance(SESSION_IDLE + timedelta(minutes=1))
            await watching.beats(3)
            await over.ended()
        assert await suspend(away, room) == 401
        assert (await clerk.get("/account")).status_code == 401, "the clerk does not conduct"


async def test_a_reader_who_signs_out_is_locked_or_loses_the_roles_hears_no_more(
    installation: Installation, clock: ManualClock
) -> None:
    room = installation.room(opened=True)
    path = f"/meetings/{room.meeting_id}/events"

    def change(**values: object) -> None:
        with installation.found.db.write() as conn:
            conn.execute(store.account.update().where(store.account.c.login == "secretary").values(**values))

    async with signed_in(installation, clock, "secretary") as reader:
        async with listening(reader, path) as news:
            await news.beats(3)
            assert (await reader.post("/signout", json={})).status_code in (200, 303)
            await news.ended()
    for during, after in (
        ({"disabled_at": clock.now()}, {"disabled_at": None}), ({"roles": []}, {"roles": [Role.SECRETARY.value]}),
    ):
        async with signed_in(installation, clock, "secretary") as reader, listening(reader, path) as news:
            await news.beats(3)
            change(**during)
            await news.ended()
        change(**after)


async def test_a_console_ends_for_whoever_may_read_and_no_longer_conducts(installation: Installation, clock: ManualClock) -> None:
    room = installation.room(opened=True)
    async with (
        signed_in(installation, clock, "secretary") as desk,
        listening(desk, f"/meetings/{room.meeting_id}/console/events?watcher=0123456789abcdef") as console,
    ):
        await console.beats(3)
        with installation.found.db.write() as conn:
            conn.execute(tables.meeting.update().where(tables.meeting.c.meeting_id == room.meeting_id).values(
                secretary_id=installation.people["clerk"].user_id, clerk_id=installation.people["secretary"].user_id))
        await console.ended()
        async with listening(desk, f"/meetings/{room.meeting_id}/events") as reader:
            await reader.beats(3)


@pytest.mark.parametrize(
    ("state", "before_start", "on"),
    [
        (State.OPEN, timedelta(days=3), True), (State.SUSPENDED, timedelta(0), True),
        (State.CONVENED, LOBBY, True), (State.CONVENED, LOBBY + timedelta(seconds=1), False),
        (State.CONVENED, timedelta(hours=-2), False), (State.CONCLUDED, timedelta(0), False), (State.DRAFT, timedelta(0), False),
    ],
)
def test_a_meeting_is_on_from_the_lobby_to_its_end(state: State, before_start: timedelta, on: bool) -> None:
    start = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
    meeting = cast(Meeting, SimpleNamespace(state=state, start=start, end=start + timedelta(hours=2)))
    assert is_on(meeting, start - before_start) is on


async def test_a_stream_outlives_a_database_that_is_away_for_a_moment() -> None:
    feed, asked = Feed(), list[str]()
    feed.beat = 0.01

    async def news(_room: str, _code: str | None, *, conducts: bool) -> list[bytes]:
        return [b"state"]

    def judge() -> bool:
        asked.append("may this one still listen?")
        if len(asked) == 1:
            raise Unavailable("storage.busy")
        return len(asked) < 4

    hub = cast(Hub, SimpleNamespace(feed=feed, news=news))
    heard = [data async for data in _news(hub, feed.listen("room", None), judge)]
    assert len(asked) == 4 and len(heard) >= 4, "the pause to retry, the state, and a beat after each of two answers"
