"""ICE restart and change of network: the same DTLS session and the same numbers go on over another path."""

from __future__ import annotations

import asyncio
import socket

import pytest

from media import rtcp, wire
from media.errors import MediaError
from media.limits import PEER_SILENCE, PULSE
from tests.media.server import Client, Server, StreamClient, flows, publisher, server, subscriber, until


def stranger(port: int, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for datagram in datagrams:
            sock.sendto(datagram, ("127.0.0.1", port))


def elsewhere(client: Client, running: Server, kind: type[Client] = Client) -> Client:
    """The same client after its network changed: another address, the keys it had."""
    moved = kind(running.sfu.port)
    moved.ufrag, moved.pwd, moved.srtp = client.ufrag, client.pwd, client.srtp
    return moved


@pytest.mark.parametrize("kind", [Client, StreamClient])
async def test_after_a_restart_media_goes_on_under_the_same_keys_and_numbers(kind: type[Client]) -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        sender.send(sender.media(1, b"\x10\x00one"))
        before = await watcher.hears(96)
        peer = running.sfu.peers["s"]
        old, srtp = (watcher.ufrag, watcher.pwd), peer.target.srtp
        new = running.sfu.restart("s")
        await watcher.check(nominate=False)  # the earlier credentials hold until the first check under the new ones
        await flows(sender, watcher, 2)
        moved = elsewhere(watcher, running, kind)
        moved.ufrag, moved.pwd = new
        await moved.check(nominate=False)
        await flows(sender, watcher, 3)  # not nominated yet
        await moved.check()
        sender.send(sender.media(4, b"\x10\x00four"))
        after = await moved.hears(96)
        assert after.payload == b"\x10\x00four" and (after.ssrc, after.seq) == (before.ssrc, before.seq + 3)
        assert peer.target.srtp is srtp and (peer.ufrag, peer.pwd) == new
        bad = running.sfu.counters.bad_stun
        stranger(running.sfu.port, wire.binding_request("mine", *old)[1])
        await until(lambda: running.sfu.counters.bad_stun == bad + 1)
        assert [e["event"] for e in running.events if e["event"] in ("up", "down")] == ["up", "up"]
        for client in (sender, watcher, moved):
            client.close()


async def test_a_restart_on_the_same_path_and_a_restart_of_a_restart() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        given_up = running.sfu.restart("p")
        sender_old = sender.ufrag, sender.pwd
        sender.ufrag, sender.pwd = running.sfu.restart("p")
        stranger(running.sfu.port, wire.binding_request("mine", *given_up)[1])
        await until(lambda: running.sfu.counters.bad_stun == 1)
        await sender.check()
        await sender.check()  # by the short way
        await flows(sender, watcher, 1)
        assert len(running.sfu.mux._peers) == 2 and sender_old[0] not in running.sfu.mux._peers
        running.sfu.restart("p")
        running.sfu.close("p"), running.sfu.close("s")
        assert not running.sfu.mux._peers
        with pytest.raises(MediaError):
            running.sfu.restart("p")
        sender.close(), watcher.close()


async def test_a_restart_before_the_handshake_is_one_too() -> None:
    async with server() as running:
        client = Client(running.sfu.port)
        client.take(running.sfu.publish("room", "p", "A", client.offer("sendonly")))
        client.ufrag, client.pwd = running.sfu.restart("p")
        await client.join()
        await until(lambda: running.sfu.peers["p"].member.connected)
        client.close()


async def test_a_wrong_password_under_the_new_fragment_changes_nothing() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        ufrag, _ = running.sfu.restart("s")
        stranger(running.sfu.port, wire.binding_request("mine", ufrag, "z" * 24)[1], wire.binding_request("m", ufrag, watcher.pwd)[1])
        await until(lambda: running.sfu.counters.bad_stun == 2)
        await watcher.check()
        await flows(sender, watcher, 1)
        sender.close(), watcher.close()


async def test_a_receiver_without_media_hears_twice_a_second_that_its_path_stands() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        counters = running.sfu.counters

        def sweep() -> int:
            before = counters.pulses
            running.ahead += PULSE + 0.01
            running.sfu.tick(running.now())
            return counters.pulses - before

        sweep()
        while not watcher.received.empty():
            watcher.received.get_nowait()
        assert [sweep() for _ in range(3)] == [1, 1, 1], "one receiver; a publisher is sent none"
        said = [await asyncio.wait_for(watcher.received.get(), 5) for _ in range(3)]
        assert watcher.srtp is not None
        assert all(rtcp.parse(watcher.srtp.unprotect_rtcp(one))[0].blocks == () for one in said)
        await flows(sender, watcher, 1)
        assert [sweep(), sweep()] == [0, 1]
        sender.close(), watcher.close()


async def test_a_restarted_session_without_packets_is_closed_like_any_other() -> None:
    async with server() as running:
        sender = await publisher(running)
        running.sfu.restart("p")
        running.ahead += PEER_SILENCE + 0.1
        running.sfu.tick(running.now())
        assert running.news("down") == [("p", "gone")]
        await asyncio.sleep(0)
        sender.close()
