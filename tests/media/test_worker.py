"""End to end: real worker process, standard clients, frames that really decode."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.media.clients import Watcher, publish, wait_event, worker


async def test_a_standard_client_publishes_and_another_sees_and_hears_it(tmp_path: Path) -> None:
    async with worker(tmp_path) as (client, _, process):
        sender = await publish(client, "room", "p1", "A", luma=60)
        watcher = await Watcher().join(client, "room", "s1", "B")
        try:
            assert (await wait_event(client, "up", "p1"))["name"] == "A"
            await watcher.sees("0", 20)
            await watcher.sees("1", 20)
            assert abs(watcher.luma["1"] - 60) < 12
            stats = await client.stats("room")
            room = stats["rooms"]["room"]
            assert room["packets_in"] > 20 and room["packets_relayed"] > 20
            assert stats["counters"]["faults"] == 0 and stats["threads"] <= 2
            assert stats["cpu_s"] > 0 and stats["rss_bytes"] > 1 << 20
        finally:
            await sender.close()
            await watcher.close()
    assert process.returncode == 0
