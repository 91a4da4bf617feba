"""Guests of a real worker for the storms of this folder: light clients that count what they get and when.  Holds no tests."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from media import rtcp, rtp
from media.control import MediaClient
from media.errors import BadPacket
from tests.media.clients import ROOT
from tests.media.server import Client
from tests.media.test_sdp import OPUS, VIDEO

PICTURE = 7  # SSRC of every publisher: they may all be the same
_rooms = itertools.count(1)


@contextmanager
def held_worker(directory: Path, *more: str) -> Iterator[tuple[Path, int, int]]:
    """A worker process that goes on between tests: (control socket, media port, process id)."""
    path = directory / "w.sock"
    process = subprocess.Popen(
        [sys.executable, "-m", "media", "--socket", str(path), "--parent", str(os.getpid()), *more], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    line = process.stdout.readline()
    with socket.socket(socket.AF_UNIX) as holder:  # who holds it keeps it alive
        holder.connect(str(path))
        try:
            yield path, int(line.split()[1]), process.pid
        finally:
            holder.close()
            process.terminate()
            told = process.communicate(timeout=10)[1].decode()
            assert process.returncode == 0 and "Traceback" not in told, told


class Guest(Client):
    """Keeps pictures and sounds by name of their publisher: number -> seconds on the way; and all RTCP."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        super().__init__(port, host)
        with contextlib.suppress(OSError):  # what a busy test has not read yet is not lost on the way
            self.sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        self.slots: list[int] = []
        self.seen: dict[str, dict[int, float]] = {}
        self.order: dict[int, list[tuple[str, int]]] = {}  # by slot SSRC
        self.control: list[tuple[float, rtcp.Message]] = []
        self.doubles = self.unreadable = 0
        self.count = 0

    def mute(self) -> None:
        """Not even a goodbye will be said."""
        self._dtls._port._sink = lambda datagram: None

    def sections(self, direction: str, slots: int) -> str:
        """An offer with so many pictures and sounds."""
        head = self.offer(direction).split("m=audio")[0].replace("BUNDLE 0 1", "BUNDLE " + " ".join(map(str, range(2 * slots))))
        lines = []
        for place in range(slots):
            lines += ["m=audio 9 UDP/TLS/RTP/SAVPF 111", f"a=mid:{2 * place}", f"a={direction}", "a=rtcp-mux", *OPUS,
                      "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"]
            lines += ["m=video 9 UDP/TLS/RTP/SAVPF 96", f"a=mid:{2 * place + 1}", f"a={direction}", "a=rtcp-mux", *VIDEO[:4],
                      "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"]
        return head + "\r\n".join(lines) + "\r\n"

    def _take(self, datagram: bytes) -> None:
        if datagram[0] < 128 or self.srtp is None:
            super()._take(datagram)
            return
        try:
            if 191 < datagram[1] < 224:
                now = time.monotonic()
                self.control += [(now, message) for message in rtcp.parse(self.srtp.unprotect_rtcp(datagram))]
                return
            view = rtp.RtpView(self.srtp.unprotect_rtp(datagram))
        except BadPacket as error:
            self.doubles += error.code == "srtp.replay"
            self.unreadable += error.code != "srtp.replay"
            return
        self.note(view)

    def note(self, view: rtp.RtpView) -> None:
        """Payloads are ``…|name|number|time``."""
        parts = view.payload.split(b"|")
        if len(parts) < 4:
            return
        name, number, sent = parts[1].decode(), int(parts[2]), float(parts[3])
        self.order.setdefault(view.ssrc, []).append((name, number))
        self.seen.setdefault(name, {}).setdefault(number, time.monotonic() - sent)

    def loss(self, name: str) -> float:
        """Share of this publisher's pictures that never came, between the first and the last that did."""
        numbers = self.seen.get(name, {})
        if not numbers:
            return 1.0
        return 1 - len(numbers) / (max(numbers) - min(numbers) + 1)

    def delay(self, name: str, share: float) -> float:
        """Seconds on the way of the so-many-th packet."""
        delays = sorted(self.seen[name].values())
        return delays[int(share * (len(delays) - 1))]

    # -- as a publisher -------------------------------------------------------------------------------------------------

    def picture(self, name: str, key: bool = False, size: int = 0, seq: int | None = None, ssrc: int = PICTURE) -> bytes:
        """The next packet of the picture, protected."""
        self.count += 1
        said = f"|{name}|{self.count}|{time.monotonic():.6f}|".encode()
        payload = (b"\x10\x00" if key else b"\x10\x01") + said
        return self.media(self.count if seq is None else seq, payload.ljust(size, b"."), ssrc=ssrc)

    async def speak(self, name: str, seconds: float, rate: float = 100.0, key_every: int = 10) -> None:
        """Sends pictures for so long."""
        started = time.monotonic()
        for number in itertools.count():
            due = started + number / rate
            if due > started + seconds:
                return
            if due > time.monotonic():
                await asyncio.sleep(due - time.monotonic())
            self.send(self.picture(name, number % key_every == 0, 200))

    def requests(self) -> list[float]:
        """When it was asked for key frames."""
        return [at for at, message in self.control if isinstance(message, rtcp.KeyframeRequest)]


class Meeting:
    """One room of a running worker."""

    def __init__(self, client: MediaClient, port: int) -> None:
        self.client, self.port, self.room = client, port, f"storm{next(_rooms)}"
        self.guests: list[Guest] = []
        self.events: list[tuple[float, dict[str, Any]]] = []
        self._listener = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        async for event in self.client.events():
            self.events.append((time.monotonic(), event))

    async def publisher(self, name: str, session: str = "") -> Guest:
        """Connected, sends nothing yet."""
        guest = Guest(self.port)
        self.guests.append(guest)
        session = session or f"{self.room}-p-{name}"
        guest.take(await self.client.publish(self.room, session, name, guest.sections("sendonly", 1)))
        await guest.join()
        await self.event("up", session)
        return guest

    async def watcher(self, name: str, slots: int = 1, guest: Guest | None = None) -> Guest:
        """Connected."""
        guest = guest or Guest(self.port)
        self.guests.append(guest)
        session = f"{self.room}-s-{name}"
        answer = await self.client.subscribe(self.room, session, name, guest.sections("recvonly", slots), None)
        for line in answer.split("\r\n"):
            if line.startswith("a=ssrc:") and (ssrc := int(line[7:].split(" ")[0])) not in guest.slots:
                guest.slots.append(ssrc)
        await guest.take(answer).join()
        await self.event("up", session)
        return guest

    async def event(self, kind: str, session: str, within: float = 10.0, **more: Any) -> float:
        """When it was told."""
        async with asyncio.timeout(within):
            while True:
                for at, event in self.events:
                    if event["event"] == kind and event["session"] == session and more.items() <= event.items():
                        return at
                await asyncio.sleep(0.005)

    def downs(self) -> list[str]:
        """Sessions that ended."""
        return [event["session"] for _, event in self.events if event["event"] == "down"]

    async def counters(self) -> dict[str, int]:
        """Of the whole worker."""
        return dict((await self.client.stats())["counters"])

    async def close(self) -> None:
        """Everybody leaves."""
        for guest in self.guests:
            guest.close()
        await self.client.close_room(self.room)
        self._listener.cancel()
        await asyncio.gather(self._listener, return_exceptions=True)


@asynccontextmanager
async def meeting(held: tuple[Path, int, int]) -> AsyncIterator[Meeting]:
    """A room of its own on a worker that goes on."""
    client = await MediaClient.connect(held[0])
    place = Meeting(client, held[1])
    try:
        yield place
    finally:
        await place.close()
        await client.aclose()
