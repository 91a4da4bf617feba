"""An Sfu in this process with light clients, for the tests of this folder.  Holds no tests."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from media import rtp, wire
from media.port import open_port
from media.sfu import Sfu
from media.tcp import Frames
from tests.media.test_sdp import offer


class Server:
    """An Sfu whose clock can be moved, and its events."""

    def __init__(self, *addresses: str) -> None:
        self.ahead = 0.0
        self.events: list[dict[str, Any]] = []
        opened = open_port(0, addresses)
        self.sfu = Sfu(opened.sockets, addresses, self.events.append, listeners=opened.listeners, clock=self.now)

    def now(self) -> float:
        return time.monotonic() + self.ahead

    def news(self, event: str) -> list[tuple[str, str | None]]:
        return [(e["session"], e.get("reason")) for e in self.events if e["event"] == event]


@asynccontextmanager
async def server(*addresses: str) -> AsyncIterator[Server]:
    running = Server(*(addresses or ("127.0.0.1",)))
    try:
        yield running
    finally:
        running.sfu.shut()


class Client:
    """One session from the other side: a socket, ICE checks, DTLS and nothing else."""

    kind = socket.SOCK_DGRAM

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, self.kind)
        self.sock.connect((host, port))
        self.sock.setblocking(False)
        self.certificate = wire.SharedCertificate.fresh()
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self.answers = 0
        self._dtls = wire.DtlsSession(self.certificate, "client", self.send)
        asyncio.get_running_loop().add_reader(self.sock, self._read)
        self.srtp: wire.Srtp | None = None
        self.ufrag = self.pwd = ""
        self._answered = asyncio.Event()

    def offer(self, direction: str) -> str:
        fingerprint = "sha-256 " + self.certificate.fingerprints[0][1]
        return offer(direction).replace("sha-256 " + ":".join(["AB"] * 32), fingerprint)

    def take(self, answer: str) -> Client:
        self.ufrag = answer.split("a=ice-ufrag:")[1].split("\r\n")[0]
        self.pwd = answer.split("a=ice-pwd:")[1].split("\r\n")[0]
        words = answer.split("a=fingerprint:")[1].split("\r\n")[0].split(" ")
        self.fingerprints = [(words[0], words[1])]
        return self

    def send(self, datagram: bytes) -> None:
        self.sock.send(datagram)

    async def check(self, nominate: bool = True) -> None:
        self._answered.clear()
        self.send(wire.binding_request("mine", self.ufrag, self.pwd, nominate=nominate)[1])
        async with asyncio.timeout(5):
            await self._answered.wait()

    async def join(self) -> Client:
        await self.check()
        async with asyncio.timeout(10):
            self.srtp = await self._dtls.handshake(self.fingerprints)
        return self

    def _read(self) -> None:
        while True:
            try:
                datagram = self.sock.recv(2048)
            except OSError:
                return
            self._take(datagram)

    def _take(self, datagram: bytes) -> None:
        if datagram[0] < 4:
            self.answers += 1
            self._answered.set()
        elif datagram[0] < 64:
            self._dtls.feed(datagram)
        else:
            self.received.put_nowait(datagram)

    def media(self, seq: int, payload: bytes = b"\x10\x00x", *, pt: int = 96, ssrc: int = 77, mid: bytes = b"1") -> bytes:
        assert self.srtp is not None
        return self.srtp.protect_rtp(rtp.build(pt, seq, seq * 3000, ssrc, payload, extensions={4: mid}))

    async def hears(self, codec_pt: int) -> rtp.RtpView:
        assert self.srtp is not None
        async with asyncio.timeout(5):
            while True:
                datagram = await self.received.get()
                if not 191 < datagram[1] < 224:
                    view = rtp.RtpView(self.srtp.unprotect_rtp(datagram))
                    if view.payload_type == codec_pt:
                        return view

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.sock)
        self._dtls.close()
        self.sock.close()


class StreamClient(Client):
    """The same over TCP, framed."""

    kind = socket.SOCK_STREAM

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        super().__init__(port, host)
        self.frames, self.ended = Frames(), asyncio.Event()

    def send(self, datagram: bytes) -> None:
        with suppress(BrokenPipeError):  # the server hung up
            self.sock.send(len(datagram).to_bytes(2, "big") + datagram)

    def _read(self) -> None:
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self.sock)
            self.ended.set()
        for datagram in self.frames.feed(data):
            self._take(datagram)


class OlderClient(Client):
    """One that knows no AEAD for SRTP, like GStreamer."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        super().__init__(port, host)
        self._dtls._srtp_profiles = [wire.dtls.SRTP_AES128_CM_SHA1_80]


async def publisher(
    running: Server, session: str = "p", name: str = "A", room: str = "room", client: Client | None = None
) -> Client:
    client = client or Client(running.sfu.port)
    await client.take(running.sfu.publish(room, session, name, client.offer("sendonly"))).join()
    await until(lambda: running.sfu.peers[session].member.connected)
    return client


async def subscriber(
    running: Server, session: str = "s", name: str = "B", room: str = "room", client: Client | None = None
) -> Client:
    client = client or Client(running.sfu.port)
    await client.take(running.sfu.subscribe(room, session, name, client.offer("recvonly"), None)).join()
    await until(lambda: running.sfu.peers[session].member.connected)
    return client


async def until(condition: Callable[[], bool], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.005)


async def flows(sender: Client, receiver: Client, seq: int) -> None:
    """A key frame sent now arrives."""
    payload = b"\x10\x00" + seq.to_bytes(4, "big")
    sender.send(sender.media(seq, payload))
    while (await receiver.hears(96)).payload != payload:
        pass
