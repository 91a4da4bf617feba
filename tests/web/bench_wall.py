"""What one result of a line test costs, and what each open wall adds: `python -m tests.web.bench_wall [WALLS]`.

A whole application over ASGI with 239 points, in one process: CPU time of all its threads, so that what else the machine does
counts little.  The client and its JSON are in the sum and the same at every count of walls.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from meetings import service as meetings
from meetings.access import Role, Subject
from meetings.meeting import NewMeeting, Person, UnitRef
from meetings.store import datasets, unit_store
from scheduler import line_tests, points
from scheduler import service as booking
from tests.scheduler.test_readiness import GOOD
from tests.web.conftest import PASSWORD, ManualClock, QuietHub, sign_in
from web import app as web_app
from web import auth, store
from web.container import Container
from web.settings import Settings

ROUNDS = 3


def settle(found: Container, clock: ManualClock) -> tuple[str, list[str]]:
    """The meeting of all points, and the secrets of their tests."""
    at = clock.now()
    with found.db.write() as conn:
        datasets.load_dataset(conn, "quang-ninh-2020", at)
        tree = unit_store.tree(conn, at.date())
        points.ensure_points(conn, tree)
        root = tree.roots()[0]
        who = store.add_account(conn, "thuky", "Thư ký", "", root.unit_id, frozenset({Role.SECRETARY}), auth.hash_password(PASSWORD), at, must_change=False)
        by = Subject(who.user_id, who.name, "", root.unit_id, (root.unit_id,), frozenset({Role.SECRETARY}))
        posts = {post: Person(who.user_id if post == "secretary" else f"u-{post}", post, "") for post in ("chair", "secretary", "division_head", "clerk")}
        unit = UnitRef(root.unit_id, root.name, None, (root.unit_id,))
        meeting = meetings.create(conn, NewMeeting("Hội nghị", unit, at + timedelta(hours=3), at + timedelta(hours=5), **posts), by, at).meeting_id
        ids = [point.point_id for point in points.all_points(conn) if point.unit_id in tree]
        booking.book(conn, meeting, ids, by, at)
    with found.db.write() as conn:
        return meeting, [line_tests.extra(conn, found.keys.tests, meeting, point, at) for point in ids]


async def listen(app: Any, path: str, cookies: httpx.Cookies, seen: list[int]) -> None:
    """One wall: how many tiles it was told."""
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path, "raw_path": path.encode(),
             "query_string": b"", "root_path": "", "scheme": "http", "server": ("localhost", 8000), "client": ("127.0.0.1", 1),
             "headers": [(b"host", b"localhost:8000"), (b"cookie", cookie.encode()), (b"accept-language", b"vi")]}

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: Any) -> None:
        seen[0] += message.get("body", b"").count(b'"key"')

    await app(scope, receive, send)


async def measure(walls: int) -> tuple[float, float]:
    """(CPU ms a result, seconds from the first post to the last tile) with so many walls open."""
    clock = ManualClock()
    with tempfile.TemporaryDirectory() as folder:
        app = web_app.build(Settings(data=Path(folder), schedule=False), clock=clock, media=QuietHub())
        async with app.router.lifespan_context(app):
            meeting, secrets = settle(app.state.container, clock)
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000", headers={"accept-language": "vi"}) as client:
                await sign_in(client, "thuky")
                seen = [[0] for _wall in range(walls)]
                tasks = [asyncio.create_task(listen(app, f"/meetings/{meeting}/readiness/events", client.cookies, one)) for one in seen]

                async def told(tiles: int) -> None:
                    while any(one[0] < tiles for one in seen):
                        await asyncio.sleep(0.01)

                await told(len(secrets))
                turns = asyncio.Semaphore(24)

                async def report(number: int, secret: str, round_: int) -> None:
                    async with turns:
                        body = {**GOOD.as_data(), "rtt_ms": 10 + number % 40, **({"loss_down": 71} if (number + round_) % 3 == 0 else {})}
                        answer = await client.post(f"/t/{secret}/results", content=json.dumps(body), headers={"content-type": "application/json", "accept": "application/json"})
                        assert answer.status_code == 200, answer.text

                costs, waits = [], []
                for round_ in range(ROUNDS):
                    clock.advance(timedelta(minutes=2))
                    for one in seen:
                        one[0] = 0
                    cpu, begun = time.process_time(), time.perf_counter()
                    await asyncio.gather(*(report(number, secret, round_) for number, secret in enumerate(secrets)))
                    await told(len(secrets))
                    costs.append(1000 * (time.process_time() - cpu) / len(secrets))
                    waits.append(time.perf_counter() - begun)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    return min(costs), min(waits)


async def main(most: int) -> None:
    few, _wait = await measure(1)
    many, wait = await measure(most)
    print(f"a result with one wall: {few:.2f} ms CPU; each of {most} walls adds {(many - few) / (most - 1):.3f} ms; all told after {wait:.2f} s")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40))
