"""/metrics: every counter of the contract is there, nobody is named, and strangers are told nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from media.counters import Counters
from media.peers import Crowd
from media.peers_clip import Clip
from tests.support.installation import Installation, soon
from tests.support.running import client, clip, installation  # noqa: F401 - fixtures
from tests.web.test_hub_room import publisher, subscriber
from web.metrics import FATES, Counts, Family, of_relay, of_web, render

SAMPLE = re.compile(r'^([a-z_]+)(\{(?:[a-z]+="[^"]*",?)*\})? (-?[0-9.e+-]+)$')


def samples(text: str) -> dict[str, float]:
    """Name with labels -> value; fails on a line that is no exposition format."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match, line
            found[match[1] + (match[2] or "")] = float(match[3])
    return found


def test_a_family_is_written_with_its_type_and_escaped_labels() -> None:
    family = Family("a_total", "counter", "What it is.")
    family.add(3, what='say "x"\\')
    family.add(0.5)
    assert render([family, Family("b", "gauge", "Empty.")]) == (
        '# HELP a_total What it is.\n# TYPE a_total counter\na_total{what="say \\"x\\"\\\\"} 3\na_total 0.5\n'
    )


def test_every_counter_of_the_relay_appears_under_its_worker() -> None:
    counters = {name: number for number, name in enumerate(Counters().as_dict(), 1)}
    worker = {
        "worker": 1, "counters": counters, "restarts": 2, "peers": 7, "room_count": 3, "loop_lag_ms": {"p50": 1.5, "p99": 40},
        "cpu_s": 12.25, "rss_bytes": 1000, "load": {"packets_per_s": 80.0}, "recorder": {"bytes": 5, "fsync_ms": 3, "gaps": 1},
    }
    found = samples(render(of_relay({"workers": [worker]})))
    values = sorted(value for name, value in found.items() if "_total{" in name and "cpu" not in name)
    assert values == sorted(map(float, counters.values())), "each counter once"
    assert set(FATES) <= counters.keys()
    assert found['diemcau_media_datagrams_total{fate="unchecked_source",worker="1"}'] == counters["unchecked_source"]
    assert found['diemcau_media_relay_total{what="slow_drop",worker="1"}'] == counters["slow_drop"]
    assert found['diemcau_media_packets_total{direction="out",worker="1"}'] == counters["packets_out"]
    assert found['diemcau_media_generation{worker="1"}'] == 2 and found['diemcau_media_peers{worker="1"}'] == 7
    assert found['diemcau_media_rooms{worker="1"}'] == 3 and found['diemcau_media_cpu_seconds_total{worker="1"}'] == 12.25
    assert found['diemcau_media_loop_lag_seconds{quantile="0.99",worker="1"}'] == 0.04
    assert found['diemcau_media_resident_bytes{worker="1"}'] == 1000
    assert found['diemcau_media_load_packets_per_second{worker="1"}'] == 80
    assert found['diemcau_media_recorder{what="gaps",worker="1"}'] == 1


def test_what_the_web_counts() -> None:
    counts = Counts()
    for key in (("access", "allow", "meeting.read"), ("access", "allow", "meeting.read"), ("access", "deny", "ops"),
                ("database", "conflict"), ("database", "away")):
        counts.add(*key)
    found = samples(render(of_web(counts, refused={"lag": 4}, spare=True, running=2, waiting=9)))
    assert found['diemcau_access_total{action="meeting.read",verdict="allow"}'] == 2
    assert found['diemcau_access_total{action="ops",verdict="deny"}'] == 1
    assert found['diemcau_database_total{what="conflict"}'] == found['diemcau_database_total{what="away"}'] == 1
    assert found['diemcau_media_refused_total{why="lag"}'] == 4 and found['diemcau_media_refused_total{why="cpu"}'] == 0
    assert found['diemcau_media_workers{state="running"}'] == 2 and found['diemcau_media_workers{state="spare"}'] == 1
    assert found["diemcau_records_waiting"] == 9


@pytest.fixture
async def stranger(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    async with installation.client() as opened:
        opened.headers["x-forwarded-for"] = "127.0.0.1"
        yield opened


async def test_a_running_relay_is_counted_without_a_name_and_only_for_those_who_may(
    installation: Installation, client: httpx.AsyncClient, stranger: httpx.AsyncClient, clip: Clip,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room, crowd = installation.room(opened=True), Crowd()
    sender = await publisher(client, crowd, room, "204", clip)
    watcher = await subscriber(client, crowd, room, "22")

    async def page() -> dict[str, float]:
        answer = await client.get("/metrics")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        for secret in (room.meeting_id, *room.links.values(), "204", "127.0.0.1"):
            assert f'"{secret}"' not in answer.text
        return samples(answer.text)

    async def counted() -> bool:
        found = await page()
        return found['diemcau_media_packets_total{direction="out",worker="0"}'] > 20
    await soon(counted)
    found = await page()
    assert found['diemcau_media_peers{worker="0"}'] == 2 and found['diemcau_media_rooms{worker="0"}'] == 1
    assert found['diemcau_media_datagrams_total{fate="accepted",worker="0"}'] > 20
    assert found['diemcau_media_generation{worker="0"}'] == 0 and found['diemcau_media_workers{state="running"}'] == 1
    assert found['diemcau_access_total{action="meeting.join",verdict="allow"}'] > 0
    before = found['diemcau_access_total{action="ops",verdict="allow"}']

    assert (await stranger.get("/metrics")).status_code == 401
    assert (await stranger.get("/metrics", headers={"authorization": "Bearer x"})).status_code == 401
    assert (await client.get("/metrics", headers={"authorization": "Bearer -"})).status_code == 401
    monkeypatch.setattr(installation.settings, "metrics_token", SecretStr("s3cret"))
    assert (await stranger.get("/metrics", headers={"authorization": "Bearer s3cre"})).status_code == 401
    assert (await stranger.get("/metrics", headers={"authorization": "Bearer s3cret"})).status_code == 200
    found = await page()
    assert found['diemcau_access_total{action="ops",verdict="deny"}'] >= 4
    assert found['diemcau_access_total{action="ops",verdict="allow"}'] >= before + 2
    for peer in (sender, watcher):
        await peer.close()
