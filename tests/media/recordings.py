"""A real relay, synthetic points and a real recorder process, for the tests of recording.  Holds no tests."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import av

from media.control import MediaClient
from media.peers import Exchange, Peer, Publisher
from media.record_store import read_manifest

ROOT = Path(__file__).resolve().parents[2]


class Relay:
    """A worker process whose control socket has a name of our choice, so that another may take its place."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.process: asyncio.subprocess.Process
        self.client: MediaClient

    async def start(self) -> Relay:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "media", "--socket", str(self.socket), "--parent", str(os.getpid()), cwd=ROOT,
            stdout=asyncio.subprocess.PIPE)
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            assert (await self.process.stdout.readline()).startswith(b"ready")
        self.client = await MediaClient.connect(self.socket)
        return self

    async def stop(self) -> None:
        await self.client.aclose()
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()
        await self.client.aclose()

    def publishing(self, room: str, name: str) -> Exchange:
        async def exchange(offer: str) -> tuple[str, str]:
            session = os.urandom(8).hex()
            return await self.client.publish(room, session, name, offer), session
        return exchange


class Recording:
    """A recorder process and what it says."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.folder, self.process = folder, process
        self.said: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append(json.loads(line))
            self._news.set()
        self._news.set()

    async def says(self, true: Callable[[dict[str, Any]], object], within: float = 30.0) -> dict[str, Any]:
        """The first line, from now on, of which this is true."""
        seen = len(self.said)
        async with asyncio.timeout(within):
            while True:
                for line in self.said[seen:]:
                    if true(line):
                        return line
                seen = len(self.said)
                assert not self._reading.done(), f"the recorder ended: {self.said[-1:]}"
                self._news.clear()
                await self._news.wait()

    def tell(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    async def ended(self, within: float = 30.0) -> int:
        async with asyncio.timeout(within):
            code = await self.process.wait()
            await self._reading
        return code

    def manifest(self) -> dict[str, Any]:
        return read_manifest(self.folder)


@asynccontextmanager
async def recorder(relay: Relay, room: str, folder: Path, *more: str, before: tuple[str, ...] = ()) -> AsyncIterator[Recording]:
    """A recorder of this room; killed with the block if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *before, sys.executable, "-m", "media.recorder", "--socket", str(relay.socket), "--room", room, "--folder",
        str(folder), *more, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    recording = Recording(folder, process)
    try:
        yield recording
    finally:
        if process.returncode is None:
            process.kill()
        await recording.ended()


async def join(relay: Relay, room: str, *publishers: Publisher) -> None:
    await asyncio.gather(*(publisher.connect(relay.publishing(room, publisher.name)) for publisher in publishers))


async def leave(*peers: Peer) -> None:
    await asyncio.gather(*(peer.close() for peer in peers))


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def length(track: dict[str, Any]) -> float:
    return seconds(track["end"]) - seconds(track["start"])


def of(manifest: dict[str, Any], point: str, kind: str) -> list[dict[str, Any]]:
    return [track for track in manifest["tracks"] if (track["point"], track["kind"]) == (point, kind)]


def check(folder: Path, manifest: dict[str, Any]) -> None:
    """Every track is what the manifest says, and every frame of it can be decoded."""
    for track in manifest["tracks"]:
        data = (folder / track["file"]).read_bytes()
        assert len(data) == track["bytes"] and hashlib.sha256(data).hexdigest() == track["sha256"], track["file"]
        with av.open(str(folder / track["file"])) as container:
            frames = list(container.decode(**{track["kind"]: 0}))
        assert len(frames) == track["frames"], track["file"]
        assert abs(frames[-1].time - length(track)) < 0.2
        with av.open(str(folder / track["file"])) as container:
            assert abs(container.duration / 1e6 - length(track)) < 0.2
