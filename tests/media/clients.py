"""Standard WebRTC clients (aiortc) and a real worker process for the tests of this folder.  Holds no tests."""

from __future__ import annotations

import asyncio
import fractions
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack

from media.control import MediaClient

ROOT = Path(__file__).resolve().parents[2]


class Colour(VideoStreamTrack):
    """A small picture of one brightness, so that a test can tell who is seen."""

    def __init__(self, luma: int) -> None:
        super().__init__()
        self._luma = luma

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame(64, 48, "yuv420p")
        frame.planes[0].update(bytes([self._luma]) * frame.planes[0].buffer_size)
        for plane in frame.planes[1:]:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame


class Hum(AudioStreamTrack):
    """A constant, non-zero sound."""

    async def recv(self) -> av.AudioFrame:
        frame = await super().recv()
        samples = bytes(value & 0xFF for step in range(frame.samples) for value in ((step % 48) * 5, 16))
        frame.planes[0].update(samples[: frame.planes[0].buffer_size])
        frame.time_base = fractions.Fraction(1, frame.sample_rate)
        return frame


class Talk(Hum):
    """Silence until ``begin``, then syllables."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = asyncio.Event()
        self._spoken = 0

    async def recv(self) -> av.AudioFrame:
        frame = await super().recv()
        self._spoken += self.begin.is_set()
        if not self.begin.is_set() or self._spoken % 12 > 8:
            frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        return frame


def connection() -> RTCPeerConnection:
    """A client that asks nobody on the internet."""
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


async def offer_of(pc: RTCPeerConnection) -> str:
    """Its offer, complete with candidates."""
    await pc.setLocalDescription(await pc.createOffer())
    return pc.localDescription.sdp


async def publish(
    client: MediaClient, room: str, session: str, name: str, luma: int = 60, sound: Hum | None = None
) -> RTCPeerConnection:
    """Sends sound and picture until closed."""
    pc = connection()
    pc.addTrack(sound or Hum())
    pc.addTrack(Colour(luma))
    answer = await client.publish(room, session, name, await offer_of(pc))
    await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    return pc


class Watcher:
    """Receives ``slots`` sounds and pictures; ``frames`` counts decoded ones by mid, ``luma`` is the last brightness."""

    def __init__(self) -> None:
        self.pc = connection()
        self.frames: dict[str, int] = {}
        self.luma: dict[str, int] = {}
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []

    async def join(
        self, client: MediaClient, room: str, session: str, name: str, slots: int = 1, publishers: list[str] | None = None
    ) -> Watcher:
        for kind in ("audio", "video") * slots:
            self.pc.addTransceiver(kind, direction="recvonly")
        answer = await client.subscribe(room, session, name, await offer_of(self.pc), publishers)
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        for transceiver in self.pc.getTransceivers():
            self._tasks.append(asyncio.create_task(self._read(str(transceiver.mid), transceiver.receiver.track)))
        return self

    async def _read(self, mid: str, track: object) -> None:
        try:
            while True:
                frame = await track.recv()  # type: ignore[attr-defined]
                async with self._changed:
                    self.frames[mid] = self.frames.get(mid, 0) + 1
                    if isinstance(frame, av.VideoFrame):
                        self.luma[mid] = bytes(frame.planes[0])[0]
                    self._changed.notify_all()
        except MediaStreamError:
            return

    async def sees(self, mid: str, more: int = 1, within: float = 15.0) -> None:
        """Waits until ``more`` further frames of that section were decoded."""
        goal = self.frames.get(mid, 0) + more
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: self.frames.get(mid, 0) >= goal)

    async def sees_luma(self, mid: str, luma: int, within: float = 15.0) -> None:
        """Waits until the picture of that section has about this brightness."""
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: abs(self.luma.get(mid, -99) - luma) < 12)

    async def close(self) -> None:
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def worker(directory: Path, *more: str) -> AsyncIterator[tuple[MediaClient, int, asyncio.subprocess.Process]]:
    """A media worker as a process of its own: (client, UDP port, process)."""
    path = directory / "m.sock"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", "--socket", str(path), "--port", "0", "--parent", str(os.getpid()), *more,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        line = await process.stdout.readline()
    client = await MediaClient.connect(path)
    try:
        yield client, int(line.split()[1]), process
    finally:
        await client.aclose()
        async with asyncio.timeout(10):
            await process.wait()


async def wait_event(client: MediaClient, event: str, session: str, within: float = 15.0) -> dict[str, object]:
    """The next event of that kind for that session."""
    async with asyncio.timeout(within):
        async for news in client.events():
            if news["event"] == event and news["session"] == session:
                return news
    raise AssertionError(f"the worker ended before {event} of {session}")
