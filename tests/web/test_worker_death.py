"""A relay process is killed with twenty sessions in it: they have media again within three seconds, in one more process."""

from __future__ import annotations

import asyncio
import statistics

import pytest

from tests.support.deaths import PACE, crowded, described
from tests.support.installation import Installation, soon
from tests.support.running import installation  # noqa: F401 - a fixture


async def _die(installation: Installation, times: int) -> list[float]:
    workers = installation.found.hub.crew.workers
    rooms = [installation.room(opened=True) for _ in range(2)]
    await soon(lambda: workers.spare, 60)
    async with crowded(installation, rooms) as crowd:
        assert crowd.expected == 20
        for number in range(times):
            await asyncio.sleep(PACE if number else 0)
            await soon(lambda: workers.spare, 60)
            (dead, spare), port = workers.pids, workers.places[0].port
            print(described(await crowd.kill(dead)))
            assert workers.pids[0] == spare and workers.places[0].port == port, "the spare has taken port and rooms"
        print(described(crowd.seconds))
        return crowd.seconds


@pytest.mark.alone
async def test_twenty_sessions_of_a_killed_relay_have_media_again_within_three_seconds(installation: Installation) -> None:
    seconds = await _die(installation, 1)
    assert max(seconds) <= 3.0, described(seconds)


@pytest.mark.long
async def test_ten_deaths_of_a_relay_and_the_distribution(installation: Installation) -> None:
    seconds = await _die(installation, 10)
    assert statistics.median(seconds) <= 1.5 and sorted(seconds)[int(0.99 * len(seconds))] <= 3.0, described(seconds)
