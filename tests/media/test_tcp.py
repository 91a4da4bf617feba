"""ICE over TCP: sessions over a connection, the limits of connections, and what becomes of a slow one."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import tcp, wire
from media.errors import BadPacket
from media.limits import (
    ADDRESS_TTL, MAX_DATAGRAM, STRANGER_FRAMES, STRANGER_TIME, STREAM_PICTURE_QUEUE, STREAM_QUEUE, STREAM_READ,
)
from media.tcp import Frames, Stream
from tests.media.server import Client, Server, StreamClient, flows, publisher, server, subscriber, until

CHECK = wire.binding_request("mine", "nobody", "z" * 24)[1]


def framed(*datagrams: bytes) -> bytes:
    return b"".join(len(one).to_bytes(2, "big") + one for one in datagrams)


@given(st.lists(st.binary(max_size=MAX_DATAGRAM), max_size=12), st.lists(st.integers(0, 5000), max_size=8))
def test_frames_are_the_datagrams_however_the_stream_is_cut(datagrams: list[bytes], cuts: list[int]) -> None:
    data = framed(*datagrams)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    frames, found = Frames(), []
    for first, end in zip(places, places[1:], strict=False):
        found += frames.feed(data[first:end])
    assert found == [one for one in datagrams if one]


def test_a_frame_that_no_datagram_could_have_is_refused_before_it_has_come() -> None:
    frames = Frames()
    assert frames.feed(framed(bytes(MAX_DATAGRAM))) == [bytes(MAX_DATAGRAM)]
    with pytest.raises(BadPacket):
        frames.feed((MAX_DATAGRAM + 1).to_bytes(2, "big"))


async def test_media_flows_between_tcp_and_udp_and_the_paths_move_by_checks() -> None:
    async with server("127.0.0.1", "::1") as running:
        port = running.sfu.tcp_port
        sender = await publisher(running, client=StreamClient(port))
        watcher = await subscriber(running, client=StreamClient(port, "::1"))
        other = await subscriber(running, "t", "C")
        for seq in (1, 2):
            sender.send(sender.media(seq, b"\x10\x00" + bytes([seq]) * 900))
            for one in (watcher, other):
                assert (await one.hears(96)).payload == b"\x10\x00" + bytes([seq]) * 900
        assert running.sfu.stats()["streams"] == running.sfu.counters.tcp_accepted == 2
        moved = Client(port)
        moved.ufrag, moved.pwd, moved.srtp = watcher.ufrag, watcher.pwd, watcher.srtp
        await moved.check()
        await flows(sender, moved, 3)
        again = StreamClient(port)
        again.ufrag, again.pwd, again.srtp = sender.ufrag, sender.pwd, sender.srtp
        await again.check()
        sender.sock.shutdown(socket.SHUT_RDWR)  # without a goodbye
        await until(lambda: len(running.sfu.streams) == 2)
        await flows(again, moved, 4)
        assert running.news("down") == [] and running.sfu.counters.faults == 0
        for client in (sender, watcher, other, moved, again):
            client.close()


async def test_a_connection_ends_with_its_peer_and_with_its_checks() -> None:
    async with server() as running:
        sender = await publisher(running, client=StreamClient(running.sfu.tcp_port))
        watcher = await subscriber(running, client=StreamClient(running.sfu.tcp_port))
        running.sfu.close("p")
        sweep(running, 1.0)
        await asyncio.wait_for(sender.ended.wait(), 5)
        assert len(running.sfu.streams) == 1 and not watcher.ended.is_set()
        spare = StreamClient(running.sfu.tcp_port)
        spare.ufrag, spare.pwd = watcher.ufrag, watcher.pwd
        await spare.check(nominate=False)
        await until(lambda: len(running.sfu.streams) == 2)
        for _ in range(5):
            assert not spare.ended.is_set()
            sweep(running, ADDRESS_TTL / 4.2)
            await watcher.check()
        await asyncio.wait_for(spare.ended.wait(), 5)
        assert len(running.sfu.streams) == 1 and not watcher.ended.is_set()
        for client in (sender, watcher, spare):
            client.close()


async def test_after_its_connection_broke_a_peer_is_found_by_its_next_check() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running, client=StreamClient(running.sfu.tcp_port))
        again = StreamClient(running.sfu.tcp_port)
        again.ufrag, again.pwd, again.srtp = watcher.ufrag, watcher.pwd, watcher.srtp
        await again.check(nominate=False)
        await flows(sender, watcher, 1)  # two connections, one of them nominated
        watcher.sock.shutdown(socket.SHUT_RDWR)
        await until(lambda: len(running.sfu.streams) == 1)
        await again.check(nominate=False)
        await flows(sender, again, 2)
        assert running.news("down") == [] and running.sfu.counters.faults == 0
        for client in (sender, watcher, again):
            client.close()


async def test_who_connects_and_brings_no_check_is_cut_off_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "STRANGERS_OF_ADDRESS", 3)
    monkeypatch.setattr(tcp, "MAX_STRANGERS", 4)
    async with server("127.0.0.1", "::1") as running:
        counters = running.sfu.counters
        silent, *others = [StreamClient(running.sfu.tcp_port) for _ in range(4)]
        await asyncio.wait_for(silent.ended.wait(), 5)  # the oldest made room
        far = [StreamClient(running.sfu.tcp_port, "::1") for _ in range(2)]
        await asyncio.wait_for(others[0].ended.wait(), 5)
        assert counters.tcp_refused == 2 and counters.tcp_accepted == 6 and len(running.sfu.streams) == 4
        others[1].sock.send(framed(*[CHECK] * (STRANGER_FRAMES + 1)))
        others[2].sock.send(framed(b"\x16\xfe\xfd" + bytes(30), b"\x80\x60" + bytes(40)) + b"\xff\xff")
        for one in (others[1], others[2]):
            await asyncio.wait_for(one.ended.wait(), 5)
        assert (counters.tcp_misframed, counters.tcp_unchecked, counters.accepted) == (1, 1, 0)
        far[0].sock.send(b"\x00")  # a byte now and then
        sweep(running, STRANGER_TIME + 1)
        for one in far:
            await asyncio.wait_for(one.ended.wait(), 5)
        assert counters.tcp_unchecked == 3 and len(running.sfu.streams) == 0 and counters.faults == 0
        for client in (silent, *others, *far):
            client.close()


async def test_room_for_one_more_is_made_by_strangers_never_by_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MAX_STREAMS", 2)
    async with server() as running:
        sender = await publisher(running, client=StreamClient(running.sfu.tcp_port))
        stranger = StreamClient(running.sfu.tcp_port)
        watcher = await subscriber(running, client=StreamClient(running.sfu.tcp_port))
        await asyncio.wait_for(stranger.ended.wait(), 5)
        late = StreamClient(running.sfu.tcp_port)
        await asyncio.wait_for(late.ended.wait(), 5)
        assert running.sfu.counters.tcp_refused == 2
        await flows(sender, watcher, 1)
        for client in (sender, stranger, watcher, late):
            client.close()


async def test_the_door_opens_again_after_descriptors_ran_out() -> None:
    async with server() as running:
        (listener,) = running.sfu.streams._listeners
        calls = []

        class Exhausted:
            def accept(self) -> None:
                calls.append(1)
                raise OSError(errno.EMFILE, "too many")

        running.sfu.streams._accept(Exhausted())
        client = StreamClient(running.sfu.tcp_port)
        await asyncio.sleep(0)
        assert calls == [1] and len(running.sfu.streams) == 0 and running.sfu.counters.tcp_refused == 1
        sweep(running, 1.0)
        await until(lambda: len(running.sfu.streams) == 1)
        client.close()


async def test_the_same_address_and_port_over_udp_is_not_the_same_source() -> None:
    async with server() as running:
        sender = await publisher(running, client=StreamClient(running.sfu.tcp_port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as twin:
            twin.bind(sender.sock.getsockname())
            twin.sendto(sender.media(1), ("127.0.0.1", running.sfu.port))
            await until(lambda: running.sfu.counters.unchecked_source == 1)
        assert running.sfu.counters.packets_in == 0
        sender.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        near = socket.socket()
        near.connect(listener.getsockname())
        far, _ = listener.accept()
        with near, far:
            yield near, far


async def test_a_slow_connection_loses_pictures_first_and_whole_and_never_holds_up_the_loop(
    pair: tuple[socket.socket, socket.socket]
) -> None:
    near, far = pair
    tcp._tune(far)
    stream = Stream(far, ("127.0.0.1", 9), 0.0)
    picture, sound = b"\x80p" + bytes(1100), b"\x80s" + bytes(100)
    taken = []

    def offer(datagram: bytes) -> bool:
        try:
            stream.sendto(datagram)
        except BlockingIOError:
            return False
        taken.append(datagram)
        return True

    while offer(picture):
        assert len(taken) < 5000
    assert len(stream._out) <= STREAM_PICTURE_QUEUE
    while offer(sound):
        assert len(stream._out) <= STREAM_QUEUE
    assert sum(one is sound for one in taken) > (STREAM_QUEUE - STREAM_PICTURE_QUEUE) // 110
    frames, got = Frames(), []
    near.setblocking(False)
    async with asyncio.timeout(10):
        while len(got) < len(taken):
            try:
                got += frames.feed(near.recv(STREAM_READ))
            except BlockingIOError:
                await asyncio.sleep(0.001)
    assert got == taken and offer(picture)
    stream.close()
    stream.close()
    with pytest.raises(OSError):
        stream.sendto(sound)


def sweep(running: Server, later: float) -> None:
    running.ahead += later
    running.sfu.tick(running.now())
