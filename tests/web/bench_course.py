"""What the line in time of a long meeting costs: `python -m tests.web.bench_course [EVENTS]`.

A whole application over ASGI in one process: the first look at a chain, the looks after it, and one after something happened.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from meetings import service as meetings
from meetings.access import Role, Subject
from meetings.meeting import NewMeeting, Person, UnitRef
from meetings.store import datasets, unit_store
from tests.support.long_chain import lengthen
from tests.web.conftest import PASSWORD, ManualClock, QuietHub, browser, sign_in
from web import app as web_app
from web import auth, store
from web.container import Container
from web.settings import Settings


def settle(found: Container, clock: ManualClock, events: int) -> str:
    """The meeting with that many events."""
    at = clock.now()
    with found.db.write() as conn:
        datasets.load_dataset(conn, "quang-ninh-2020", at)
        root = unit_store.tree(conn, at.date()).roots()[0]
        who = store.add_account(conn, "thuky", "Thư ký", "", root.unit_id, frozenset({Role.SECRETARY}), auth.hash_password(PASSWORD), at, must_change=False)
        by = Subject(who.user_id, who.name, "", root.unit_id, (root.unit_id,), frozenset({Role.SECRETARY}))
        posts = {post: Person(who.user_id if post == "secretary" else f"u-{post}", post, "") for post in ("chair", "secretary", "division_head", "clerk")}
        meeting = meetings.create(conn, NewMeeting("Hội nghị", UnitRef(root.unit_id, root.name, None, (root.unit_id,)),
                                                   at + timedelta(hours=3), at + timedelta(hours=5), **posts), by, at).meeting_id
        lengthen(conn, meeting, events - 1, at)
    return meeting


async def main(events: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clock = ManualClock()
        app = web_app.build(Settings(data=Path(folder), schedule=False), clock=clock, media=QuietHub())
        async with app.router.lifespan_context(app), browser(app) as client:
            meeting = settle(app.state.container, clock, events)
            await sign_in(client, "thuky")

            async def look(what: str, address: str) -> None:
                began, used = time.perf_counter(), time.process_time()
                answer = await client.get(address)
                print(f"{what}: {answer.status_code}, {time.perf_counter() - began:.3f} s, {time.process_time() - used:.3f} s CPU, {len(answer.content):,} bytes")

            page = f"/meetings/{meeting}/course"
            await look("first look", page)
            for _ in range(3):
                await look("again", page)
            with app.state.container.db.write() as conn:
                lengthen(conn, meeting, 3, clock.now() + timedelta(days=1))
            await look("three events later", page)
            for query in ("?last=1", f"?from={events // 2}", "?topic=speech", "?point=1100"):
                await look(query, page + query)
            await look("the whole file", page + ".json")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000))
