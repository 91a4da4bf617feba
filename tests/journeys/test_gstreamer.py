"""GStreamer publishes by WHIP and another GStreamer receives by WHEP, over HTTP and real media; ended by DELETE."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.installation import Installation, Room, soon, tickets
from tests.support.program import Program
from tests.support.running import client, installation  # noqa: F401 - fixtures

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
NEEDED = "gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-nice " \
         "gir1.2-gst-plugins-bad-1.0 python3-gi"


class Gstreamer(Program):
    """One running `tests/support/gstreamer.py`."""

    def counts(self, kind: str) -> int:
        assert "error" not in self.said, self.said["error"]
        return int(self.said.get("counts", {}).get(kind, 0))


@asynccontextmanager
async def program(installation: Installation, room: Room, role: str, token: str, codec: str) -> AsyncIterator[Gstreamer]:  # noqa: F811
    python = shutil.which("python3", path="/usr/bin:/bin")
    assert python and subprocess.run([python, "-c", "import gi; gi.require_version('GstWebRTC', '1.0')"]).returncode == 0, (
        f"GStreamer is missing. Install it once: sudo apt-get install {NEEDED}")
    process = await asyncio.create_subprocess_exec(
        python, "-m", "tests.support.gstreamer", role, f"{installation.url}/media/rooms/{room.meeting_id}/{role}", token, codec,
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    running = Gstreamer(process)
    reading = asyncio.create_task(running.read())
    try:
        yield running
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(15):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_one_gstreamer_is_seen_and_heard_by_another(
    installation: Installation, client: httpx.AsyncClient, codec: str  # noqa: F811
) -> None:
    room, hub = installation.room(), installation.found.hub
    sends = (await tickets(client, room.links["22"]))["publish"]
    takes = (await tickets(client, room.links["204"]))["subscribe"]
    async with program(installation, room, "whip", sends, codec) as sender:
        await soon(lambda: sender.counts("audio") > 20 and sender.counts("video") > 10, 30)
        assert sender.said["status"] == 201
        async with program(installation, room, "whep", takes, codec) as watcher:
            await soon(lambda: watcher.counts("video") > 30 and watcher.counts("audio") > 100, 40)
            stats = installation.call(hub.stats(room.meeting_id))["rooms"][room.meeting_id]
            assert {one["name"]: one["state"] for one in stats["sessions"]} == {"22": "up", "204": "up"}
    await soon(lambda: not installation.call(hub.stats(room.meeting_id))["rooms"].get(room.meeting_id, {}).get("sessions"))
