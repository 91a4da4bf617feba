"""What recording costs: two points with sound and picture (four tracks), the recorder's share of a core, how soon one can play.

A relay, points and recorder of its own, in a temporary folder; `ffprobe` is the judge of what can be played.  At the end a
second, short recording is killed: how much of it is lost.  Called by `python3 -m web bench recording`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from media.bench_worker import Meter, Worker, worker_process
from media.peers import Crowd, Publisher
from media.peers_clip import Clip
from media.record_recover import recover
from web.recording import OK, Recorder

ROOM, POINTS = "bench-recording", ("HN", "QN")
TRACKS = 2 * len(POINTS)
PROBE = ("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "json")
BEFORE_KILL = 3.0  # seconds
PATIENCE = 60.0  # seconds until every track is there
AGAIN = 0.05  # seconds between two tries to play


async def measure(minutes: float) -> dict[str, Any]:
    """See the module.  Raises: OSError without ffprobe, or when nothing could be recorded; TimeoutError; MediaError."""
    async with AsyncExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="diemcau-bench-")))
        worker = await stack.enter_async_context(worker_process())
        for person in await _points(worker):
            stack.push_async_callback(person.close)
        figures = await _recorded(worker, place / "long", minutes * 60)
        lost = await _killed(worker, place / "killed")
    return {"minutes": minutes, **figures, "killed_lost_s": lost, "load_average": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}


async def _points(worker: Worker) -> list[Publisher]:
    crowd, people = Crowd(), []
    for index, name in enumerate(POINTS):
        clip = await asyncio.to_thread(Clip.make, name, index, width=640, height=360, kbit=600)
        people.append(crowd.publisher(name, clip))
        await people[-1].connect(worker.publishing(ROOM, name))
    return people


class _Said:
    """What the recorder said last, and whether all tracks are being written."""

    def __init__(self) -> None:
        self.last: dict[str, Any] = {}
        self.all_there = asyncio.Event()

    def tell(self, line: dict[str, Any]) -> None:
        self.last = line
        if line.get("tracks", 0) >= TRACKS and line["event"] == "status":
            self.all_there.set()


async def _begin(worker: Worker, folder: Path) -> tuple[Recorder, _Said, asyncio.Task[int]]:
    recorder, said = Recorder(worker.socket, ROOM, folder), _Said()
    running = asyncio.create_task(recorder.run(said.tell))
    async with asyncio.timeout(PATIENCE):
        await said.all_there.wait()
    return recorder, said, running


async def _recorded(worker: Worker, folder: Path, seconds: float) -> dict[str, Any]:
    recorder, said, running = await _begin(worker, folder)
    assert recorder.pid is not None
    meter = Meter(recorder.pid)
    before, began = meter.used(), time.monotonic()
    await asyncio.sleep(seconds)
    used, took = meter.used().total - before.total, time.monotonic() - began
    recorder.stop()
    ended = time.monotonic()
    if await running != OK:
        raise OSError("nothing was recorded")
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for track in manifest["tracks"]:
        await _played(folder / track["file"])
    counters = manifest["counters"]
    return {
        "tracks": len(manifest["tracks"]), "bytes": counters["bytes"], "gaps": counters["gaps"],
        "core_percent": round(100 * used / took, 2), "playable_after_s": round(time.monotonic() - ended, 2),
        "fsyncs": counters["fsyncs"], "fsync_ms_mean": round(counters["fsync_ms_sum"] / max(1, counters["fsyncs"]), 2),
        "fsync_ms_max": counters["fsync_ms_max"],
    }


async def _played(file: Path) -> None:
    """Returns once ffprobe knows how long it is.  Raises: TimeoutError, FileNotFoundError without ffprobe."""
    async with asyncio.timeout(PATIENCE):
        while True:
            done = await asyncio.to_thread(subprocess.run, [*PROBE, str(file)], capture_output=True, check=False)
            if done.returncode == 0 and float(json.loads(done.stdout)["format"].get("duration", 0)) > 0:
                return
            await asyncio.sleep(AGAIN)


async def _killed(worker: Worker, folder: Path) -> float:
    """Seconds that are missing at the end of the worst track of a recorder that was killed."""
    recorder, said, running = await _begin(worker, folder)
    await asyncio.sleep(BEFORE_KILL)
    assert recorder.pid is not None
    pid, killed = recorder.pid, time.time()
    os.kill(pid, signal.SIGKILL)
    recorder.stop()  # it is not to be started again
    await running
    manifest = recover(folder)
    if manifest is None or len(manifest["tracks"]) < TRACKS:
        raise OSError("the killed recording is not whole")
    return round(max(killed - datetime.fromisoformat(track["end"]).timestamp() for track in manifest["tracks"]), 2)
