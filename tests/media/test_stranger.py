"""A stranger sprays datagrams before, during and after set-up: no session falls, none fails to come up (reliability T1)."""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from media import wire
from media.control import MediaClient
from tests.media.clients import worker
from tests.media.server import Client, StreamClient

EVERY = 0.002  # seconds between two datagrams, over UDP and over TCP each
AT_LEAST = 250  # datagrams each way, however fast the computer sets its sessions up
KINDS = ("empty", "garbage", "hello", "alert", "check")


async def client_hello() -> bytes:
    """What a real client begins its handshake with."""
    sent: asyncio.Queue[bytes] = asyncio.Queue()
    session = wire.DtlsSession(wire.SharedCertificate.fresh(), "client", sent.put_nowait)
    shaking = asyncio.create_task(session.handshake([("sha-256", ":".join(["00"] * 32))]))
    first = await sent.get()
    session.close()
    await asyncio.wait([shaking])
    assert isinstance(shaking.exception(), wire.HandshakeFailed), "nobody answered it"
    return first


class Stranger(threading.Thread):
    """Knows the port and no password.  Sends each kind in turn, from one UDP socket and over TCP connections."""

    def __init__(self, port: int, hello: bytes) -> None:
        super().__init__(name="stranger", daemon=True)
        self._port, self._hello, self._done = port, hello, threading.Event()
        self.sent = {"udp": 0, "tcp": 0}
        self.cut_off = 0

    def run(self) -> None:
        chance, stream = random.Random(7), None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for kind in itertools.cycle(KINDS):
                if self._done.wait(EVERY):
                    break
                datagram = self._datagram(kind, chance)
                try:
                    sock.sendto(datagram, ("127.0.0.1", self._port))
                    self.sent["udp"] += 1
                    stream = stream or socket.create_connection(("127.0.0.1", self._port), 5)
                    stream.sendall(len(datagram).to_bytes(2, "big") + datagram)
                    self.sent["tcp"] += 1
                except ConnectionError:
                    self.cut_off += 1
                    if stream is not None:
                        stream.close()
                    stream = None
        if stream is not None:
            stream.close()

    def _datagram(self, kind: str, chance: random.Random) -> bytes:
        if kind == "garbage":
            return chance.randbytes(chance.randrange(1, 1400))
        if kind == "check":
            return wire.binding_request("mine", "somebody", "z" * 24)[1]
        return {"empty": b"", "hello": self._hello, "alert": b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28"}[kind]

    def end(self) -> None:
        self._done.set()
        self.join(10)


async def join(client: MediaClient, port: int, number: int) -> Client:
    """The publisher (even) or the subscriber (odd) of a room of two; every fifth pair comes by TCP."""
    role, room = ("publish", "subscribe")[number % 2], f"room{number // 2}"
    peer = (StreamClient if number // 2 % 5 == 4 else Client)(port)
    call: Any = client.publish if role == "publish" else client.subscribe
    answer = await call(room, f"{role}-{number}", f"N{number}", peer.offer("sendonly" if role == "publish" else "recvonly"))
    return await peer.take(answer).join()


async def media_flow(peers: list[Client], seq: int) -> None:
    for sender, watcher in zip(peers[::2], peers[1::2], strict=True):
        payload = b"\x10\x00" + seq.to_bytes(4, "big")
        sender.send(sender.media(seq, payload))
        while (await watcher.hears(96)).payload != payload:
            pass


@pytest.mark.parametrize("sessions", [40, pytest.param(400, marks=pytest.mark.long)])
async def test_no_session_falls_and_none_fails_to_come_up_while_a_stranger_sprays(sessions: int, tmp_path: Path) -> None:
    hello = await client_hello()
    up: set[str] = set()
    down: list[dict[str, Any]] = []

    async def listen(client: MediaClient) -> None:
        async for event in client.events():
            if event["event"] == "up":
                up.add(event["session"])
            elif event["event"] == "down":
                down.append(event)

    async with worker(tmp_path) as (client, port, _process):
        listening = asyncio.create_task(listen(client))
        stranger = Stranger(port, hello)
        stranger.start()
        peers: list[Client] = []
        try:
            for first in range(0, sessions, 10):  # those who are in keep their consent while the others come
                peers += await asyncio.gather(*[join(client, port, number) for number in range(first, first + 10)])
                await asyncio.gather(*[peer.check() for peer in peers])
            async with asyncio.timeout(10):
                while len(up) < sessions:
                    await asyncio.sleep(0.01)
            seqs = itertools.count(1)
            while min(stranger.sent.values()) < AT_LEAST or next(seqs) < 4:
                await media_flow(peers, next(seqs))
                await asyncio.gather(*[peer.check() for peer in peers])
        finally:
            stranger.end()
            for peer in peers:
                peer.close()
            listening.cancel()
        counters = (await client.stats(""))["counters"]
    assert len(up) == len(peers) == sessions
    assert not [event for event in down if event["reason"] != "closed"], "they said goodbye, nobody was put out"
    assert counters["faults"] == counters["bad_srtp"] == counters["bad_dtls"] == 0
    assert min(counters[name] for name in ("empty", "misshaped", "unchecked_source", "bad_stun")) > 0
    assert counters["tcp_unchecked"] >= stranger.cut_off > 0
