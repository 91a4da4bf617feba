"""200 points ask to speak over HTTP at once, with clocks that are wrong: every screen shows one order, at every moment."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import httpx

from meetings import service
from meetings.access import Role
from meetings.admission import link_secret
from meetings.meeting import Person
from meetings.store import ledger_store
from tests.meetings.test_two_hundred_hands import CROWD
from tests.support import factories
from tests.support.installation import Installation
from tests.support.running import client, installation  # noqa: F401 - fixtures
from web import roomdelta

SCREENS, AT_ONCE = 8, 6


def crowded(installation: Installation) -> tuple[str, dict[str, str]]:
    """An open meeting of 200 points; its id and the secrets of their links by code."""
    at = installation.now()
    posts = {post: Person(account.user_id, account.name, account.title) for post, account in installation.people.items()}
    with installation.found.db.write() as conn:
        meeting_id = factories.convened(conn, at, CROWD, **posts)
        service.open(conn, meeting_id, factories.user(installation.people["chair"].user_id, "t", Role.CHAIR), at)
        links = {link.code: link_secret(installation.found.keys.links, link.link_id, link.generation) for link in service.links(conn, meeting_id)}
    return meeting_id, links


def shown(queue: dict[str, Any]) -> list[str]:
    """As static/room/store.js `inOrder` puts it."""
    return [row["code"] for row in sorted(queue.values(), key=lambda row: row["ord"])]


async def screen(client: httpx.AsyncClient, secret: str, until: int, looks: list[list[str]]) -> None:
    """One page: the state once, then its differences; what its queue was after each."""
    sections: dict[str, Any] = {}
    async with client.stream("GET", f"/j/{secret}/events", headers={"accept": "text/event-stream"}) as news:
        event = ""
        async for line in news.aiter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: ") and event in ("state", "change"):
                data = json.loads(line.removeprefix("data: "))
                sections = data if event == "state" else roomdelta.after(sections, data["parts"])
                looks.append(shown(sections["queue"]))
                if len(looks[-1]) == until:
                    return


async def test_two_hundred_hands_are_one_order_on_all_screens(installation: Installation, client: httpx.AsyncClient) -> None:  # noqa: F811
    meeting_id, links = crowded(installation)
    looks: list[list[list[str]]] = [[] for _screen in range(SCREENS)]
    chance = random.Random(7)
    codes = list(links)
    chance.shuffle(codes)
    waiting = iter(codes)

    async def raise_hands(post: httpx.AsyncClient) -> None:
        for code in waiting:
            year = chance.choice((1999, 2026, 2099))
            answer = await post.post(f"/j/{links[code]}/hand", json={"up": True, "at": f"{year}-01-01T00:00:00Z"},
                                     headers={"date": f"Fri, 01 Jan {year} 00:00:00 GMT"})
            assert answer.status_code == 200, answer.text

    async with asyncio.timeout(180), asyncio.TaskGroup() as group:
        for number, seen in enumerate(looks):
            group.create_task(screen(client, links[codes[number]], len(CROWD), seen))
        while not all(looks):
            await asyncio.sleep(0.05)
        for _worker in range(AT_ONCE):
            group.create_task(raise_hands(client))
    with installation.found.db.read() as conn:
        order = [event.point["code"] for event in ledger_store.events(conn, meeting_id) if event.kind == "hand.raised" and event.point]
    assert sorted(order) == sorted(links)
    for seen in looks:
        assert seen[-1] == order
        assert all(look == order[:len(look)] for look in seen)
