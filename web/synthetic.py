"""A process that plays points of the demonstration: joins by their links and keeps sending a picture and a tone.

`python -m web.synthetic` reads one JSON object from standard input: {base_url, ca, room, points: [{code, label,
secret}]}; it ends when standard input closes, which happens by itself when its parent dies.  Started by `demo`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from typing import Any

import httpx

from media.peers import Exchange, HangUp
from media.peers_points import Alarm, Role, SyntheticPoint, run_points
from web.doors import Door

CONNECTIONS = 32
FIRST, FIRST_ALONE = 1, 15.0
"""One point comes before the others (for so many seconds at most): the first picture should not wait for the sixth."""


async def play(scene: dict[str, Any], stop: asyncio.Event) -> None:
    """Keeps the scene's points joined until `stop`."""
    verify: Any = scene["ca"] or True
    limits = httpx.Limits(max_connections=CONNECTIONS + len(scene["points"]))  # each point's news are one that stays
    async with httpx.AsyncClient(base_url=scene["base_url"], verify=verify, timeout=20, limits=limits,
                                 headers={"accept": "application/json"}) as http:
        doors = {
            one["code"]: Door(http, scene["room"], one["secret"], f"synthetic-{one['code']}") for one in scene["points"]
        }

        def door(point: SyntheticPoint, role: Role) -> tuple[Exchange, HangUp]:
            return doors[point.name].session(role)

        points = [SyntheticPoint(one["code"], one["label"], number) for number, one in enumerate(scene["points"])]
        seen, alarm = asyncio.Event(), Alarm()

        def joined(_point: SyntheticPoint, role: Role) -> None:
            if role == "publish":
                seen.set()

        async def others() -> None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(seen.wait(), FIRST_ALONE)
            await run_points(points[FIRST:], door, stop, alarm=alarm)

        listening = [asyncio.create_task(one.listen(alarm.ring, stop)) for one in doors.values()]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(run_points(points[:FIRST], door, stop, joined, alarm))
                group.create_task(others())
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)


async def main() -> None:
    loop = asyncio.get_running_loop()
    line = await asyncio.to_thread(sys.stdin.readline)
    if not line:
        return  # nobody gave orders: whoever started us has ended
    scene = json.loads(line)
    stop = asyncio.Event()
    ended = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(ended), sys.stdin)

    async def watch() -> None:
        await ended.read()
        stop.set()

    watching = asyncio.create_task(watch())
    await play(scene, stop)
    watching.cancel()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main())
