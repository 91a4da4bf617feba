"""The server in this process with light clients: guard, timers in virtual time, replaced publishers, hostile members."""

from __future__ import annotations

import asyncio
import random
import socket

import pytest

from media import rtcp, wire
from media.errors import MediaError, RoomFull
from media.limits import (
    BAD_PACKETS, DTLS_BACKLOG, DTLS_QUEUE, MAX_ADDRESSES, MAX_POLICIES, MAX_SSRCS, PATH_SILENCE, PEER_PACKETS, PEER_SILENCE,
    SETUP_TIME,
)
from tests.media.server import Client, flows, publisher, server, subscriber, until
from tests.media.test_sdp import offer


HOSTILE = [b"", b"\x00", b"\x16", b"\x80", b"\xff", bytes(65507), b"\x16\xfe\xfd" + bytes(40), b"\x16\xfe\xff\x00" * 100,
           b"\x15\xfe\xfd" + bytes(10) + b"\x02\x28", b"\x80\x60" + bytes(60), b"\x80\xc8" + bytes(60), b"\x00\x01\x00\x00" + bytes(16),
           b"\x00\x01\xff\xff\x21\x12\xa4\x42" + bytes(400), b"\x01\x01\x00\x00\x21\x12\xa4\x42" + bytes(12)]


def spray(port: int, chance: random.Random, count: int = 100) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(count):
            data = chance.choice(HOSTILE) if chance.random() < 0.7 else chance.randbytes(chance.randrange(1400))
            sock.sendto(data, ("127.0.0.1", port))


async def test_no_session_falls_by_datagrams_of_strangers_before_during_and_after_set_up() -> None:
    chance = random.Random(1)
    async with server() as running:
        spray(running.sfu.port, chance)
        clients: list[Client] = []

        async def keep_spraying() -> None:
            while True:
                spray(running.sfu.port, chance, 20)
                await asyncio.sleep(0.002)

        storm = asyncio.create_task(keep_spraying())
        for number in range(6):
            clients.append(await publisher(running, f"p{number}", f"A{number}", f"room{number}"))
            clients.append(await subscriber(running, f"s{number}", "B", f"room{number}"))
        for number in range(6):
            await flows(clients[2 * number], clients[2 * number + 1], 100)
        storm.cancel()
        spray(running.sfu.port, chance)
        for number in range(6):
            await flows(clients[2 * number], clients[2 * number + 1], 101)
        counters = running.sfu.counters
        assert counters.faults == 0 and running.news("down") == []
        assert min(counters.empty, counters.misshaped, counters.unchecked_source, counters.bad_stun) > 0
        assert counters.bad_srtp == counters.replay == 0 and counters.accepted > 0
        for client in clients:
            client.close()


async def test_hostile_datagrams_from_a_checked_address_cost_that_peer_at_most() -> None:
    async with server() as running:
        good, hostile, watcher = await publisher(running), await publisher(running, "h", "H"), await subscriber(running)
        for data in HOSTILE:
            if len(data) <= 1500:
                hostile.send(data)
        assert hostile.srtp is not None
        hostile.send(hostile.srtp.protect_rtcp(b"\x80\xc8\xff\xff" + bytes(24)))
        hostile.send(hostile.srtp.protect_rtp(b"\xa0\x60" + bytes(20)))
        await flows(good, watcher, 100)
        await until(lambda: running.sfu.counters.bad_rtcp == 1 and running.sfu.counters.bad_rtp == 1)
        assert running.sfu.counters.faults == 0 and running.news("down") == []
        for n in range(BAD_PACKETS):
            hostile.send(b"\x80\x60" + n.to_bytes(2, "big") + bytes(60))
        await until(lambda: running.news("down") == [("h", "gone")])
        assert running.sfu.counters.bad_srtp >= BAD_PACKETS - 2
        await flows(good, watcher, 101)
        for client in (good, hostile, watcher):
            client.close()


async def test_a_defect_in_handling_one_peer_costs_that_peer_only(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server() as running:
        good, unlucky, watcher = await publisher(running), await publisher(running, "u", "U"), await subscriber(running)
        peer = running.sfu.peers["u"]
        monkeypatch.setattr(peer, "on_srtp", lambda *a: 1 / 0)
        unlucky.send(unlucky.media(1))
        await until(lambda: running.news("down") == [("u", "gone")])
        await flows(good, watcher, 100)
        assert running.sfu.counters.faults == 1
        for client in (good, unlucky, watcher):
            client.close()


async def test_a_replayed_packet_is_refused_counted_and_forgiven() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        datagram = sender.media(5)
        for _ in range(BAD_PACKETS + 10):
            sender.send(datagram)
        await until(lambda: running.sfu.counters.replay == BAD_PACKETS + 9)
        assert running.sfu.counters.packets_in == 1 and running.news("down") == []
        await flows(sender, watcher, 6)
        sender.close(), watcher.close()


async def test_a_wrong_fingerprint_ends_the_session_before_any_srtp() -> None:
    async with server() as running:
        client = Client(running.sfu.port)
        text = offer("sendonly")  # the fingerprint of somebody else
        client.take(running.sfu.publish("room", "p", "A", text))
        await client.join()  # the client cannot know
        await until(lambda: running.news("down") == [("p", "gone")])
        assert running.news("up") == [] and running.sfu.counters.packets_in == 0
        client.send(client.media(1))
        await until(lambda: running.sfu.counters.unchecked_source > 0)
        client.close()


async def test_a_peer_is_gone_ten_seconds_after_its_last_packet() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        running.ahead += PEER_SILENCE - 1
        await watcher.check()
        running.sfu.tick(running.now())
        assert running.news("down") == []
        running.ahead += 2
        running.sfu.tick(running.now())
        assert running.news("down") == [("p", "gone")]
        running.ahead += PEER_SILENCE
        running.sfu.tick(running.now())
        assert running.news("down") == [("p", "gone"), ("s", "gone")] and not running.sfu.rooms and not running.sfu.peers
        sender.close(), watcher.close()


async def test_an_offer_nobody_follows_up_is_forgotten() -> None:
    async with server() as running:
        running.sfu.publish("room", "p", "A", offer())
        running.ahead += SETUP_TIME - 1
        running.sfu.tick(running.now())
        assert "p" in running.sfu.peers
        running.ahead += 2
        running.sfu.tick(running.now())
        assert not running.sfu.peers and [e["was_up"] for e in running.events if e["event"] == "down"] == [False]


async def test_a_second_publisher_of_the_same_name_takes_over() -> None:
    async with server() as running:
        old, watcher = await publisher(running, "old"), await subscriber(running)
        await flows(old, watcher, 1)
        new = await publisher(running, "new")
        assert running.news("down") == [("old", "replaced")] and "old" not in running.sfu.peers
        running.sfu.tick(running.now())
        await flows(new, watcher, 1)
        for client in (old, new, watcher):
            client.close()


async def test_goodbye_of_a_client_and_delete_are_told_as_closed() -> None:
    async with server() as running:
        first, second = await publisher(running), await publisher(running, "q", "B")
        first.close()
        await until(lambda: running.news("down") == [("p", "closed")])
        assert running.sfu.close("q") and not running.sfu.close("q")
        third = await publisher(running, "r", "C")
        running.sfu.close_room("room")
        assert running.news("down") == [("p", "closed"), ("q", "closed"), ("r", "room_closed")]
        second.close(), third.close()


async def test_one_peer_cannot_have_more_sources_packets_or_addresses_than_allowed() -> None:
    async with server() as running:
        sender = await publisher(running)
        for n in range(MAX_SSRCS + 5):
            sender.send(sender.media(1, ssrc=1000 + n, pt=20, mid=b"x"))
        await until(lambda: running.sfu.counters.ssrc_cap == 5)
        second = running.now()
        running.sfu.mux._clock = lambda: second  # a slow machine sends them within one second all the same
        for n in range(PEER_PACKETS + 100):
            sender.send(b"\x80\x60" + bytes(30)) if n % 50 == 0 else sender.send(sender.media(n, ssrc=1000, pt=20, mid=b"x"))
            if n % 200 == 0:
                await asyncio.sleep(0)
        await until(lambda: running.sfu.counters.flood > 0)
        request = wire.binding_request("mine", sender.ufrag, sender.pwd)[1]
        others = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(MAX_ADDRESSES + 3)]
        for sock in others:
            sock.sendto(request, ("127.0.0.1", running.sfu.port))
        await until(lambda: running.sfu.counters.address_cap == 4)
        for sock in others:
            sock.close()
        sender.close()


async def test_a_wrong_password_or_unknown_fragment_is_not_answered_and_a_controlled_client_gets_487() -> None:
    async with server() as running:
        client = Client(running.sfu.port)
        client.take(running.sfu.publish("room", "p", "A", client.offer("sendonly")))
        client.send(wire.binding_request("mine", client.ufrag, "z" * 24)[1])
        client.send(wire.binding_request("mine", "stranger", client.pwd)[1])
        await until(lambda: running.sfu.counters.bad_stun == 2)
        assert client.answers == 0
        message = wire.stun.Message(wire.stun.Method.BINDING, wire.stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{client.ufrag}:mine"
        message.attributes["ICE-CONTROLLED"] = 1
        message.add_message_integrity(client.pwd.encode())
        client.send(bytes(message))
        await until(lambda: client.answers == 1)
        assert running.sfu.peers["p"].path is None, "a role conflict admits nobody"
        client.close()


async def test_a_peer_moves_only_by_its_own_nominating_check() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        await flows(sender, watcher, 1)
        moved = Client(running.sfu.port)
        moved.ufrag, moved.pwd = watcher.ufrag, watcher.pwd
        moved.srtp = watcher.srtp
        moved.send(wire.binding_request("mine", watcher.ufrag, watcher.pwd, nominate=False)[1])
        await until(lambda: moved.answers == 1)
        await flows(sender, watcher, 2)
        await moved.check()
        await flows(sender, moved, 3)
        for client in (sender, watcher, moved):
            client.close()


async def test_a_client_that_nominates_once_is_followed_after_its_address_changed() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        moved = Client(running.sfu.port)
        moved.ufrag, moved.pwd, moved.srtp = watcher.ufrag, watcher.pwd, watcher.srtp
        running.ahead += 0.6 * PATH_SILENCE
        await sender.check()
        await moved.check(nominate=False)
        await flows(sender, watcher, 1)  # not yet: the old address may only be late with its check
        await watcher.check(nominate=False)
        running.ahead += 0.6 * PATH_SILENCE
        await sender.check()
        await moved.check(nominate=False)
        await flows(sender, watcher, 2)
        running.ahead += PATH_SILENCE
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stranger.sendto(wire.binding_request("mine", watcher.ufrag, "z" * 24, nominate=False)[1], ("127.0.0.1", running.sfu.port))
        await until(lambda: running.sfu.counters.bad_stun == 1)
        await flows(sender, watcher, 3)
        await moved.check(nominate=False)
        await flows(sender, moved, 4)
        for client in (sender, watcher, moved, stranger):
            client.close()


async def test_packets_of_an_earlier_ssrc_are_not_mixed_into_its_successor() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        await flows(sender, watcher, 100)
        sender.send(sender.media(7, b"\x10\x00new", ssrc=78))
        while (await watcher.hears(96)).payload != b"\x10\x00new":
            pass
        sender.send(sender.media(101, b"\x10\x00late"))
        sender.send(sender.media(8, b"\x10\x00newer", ssrc=78))
        assert (await watcher.hears(96)).payload == b"\x10\x00newer"
        assert running.sfu.counters.faults == 0
        sender.close(), watcher.close()


async def test_silence_outlasts_the_last_member_of_a_room_and_ends_with_the_room() -> None:
    async with server() as running:
        running.sfu.policy("room", [], ["A"])
        assert not running.sfu.rooms, "a room is for somebody"
        for session, gated in (("p1", 1), ("p2", 2)):
            sender = await publisher(running, session)
            sender.send(sender.media(1, b"sound", pt=111, ssrc=5, mid=b"0"))
            await until(lambda wanted=gated: running.sfu.counters.gated == wanted)
            running.sfu.close(session)
            assert not running.sfu.rooms
            sender.close()
        running.sfu.close_room("room")
        sender = await publisher(running, "p3")
        sender.send(sender.media(1, b"sound", pt=111, ssrc=5, mid=b"0"))
        await flows(sender, watcher := await subscriber(running), 1)
        assert running.sfu.counters.gated == 2
        sender.close(), watcher.close()


async def test_policies_of_empty_rooms_take_no_room_from_others_and_are_bounded() -> None:
    async with server() as running:
        running.sfu.publish("first", "p", "A", offer())
        running.sfu.policy("first", [], [])
        for number in range(MAX_POLICIES + 50):
            running.sfu.policy(f"booked{number}", ["A"], [])
        assert list(running.sfu.rooms) == ["first"] and len(running.sfu._policies) == MAX_POLICIES
        assert "first" in running.sfu._policies, "who is there keeps its silence"
        running.sfu.publish("another", "q", "A", offer())
        for number in range(MAX_POLICIES + 50):
            running.sfu.close_room(f"booked{number}")
        assert list(running.sfu._policies) == ["first"]


async def test_a_flood_of_handshakes_is_cut_off_and_counted() -> None:
    async with server() as running:
        client = Client(running.sfu.port)
        client.take(running.sfu.publish("room", "p", "A", client.offer("sendonly")))
        await client.check()
        peer = running.sfu.peers["p"]
        hello = b"\x16\xfe\xfd" + bytes(30)
        peer._handshake = asyncio.get_running_loop().create_future()  # never reads its queue
        for _ in range(DTLS_QUEUE + 5):
            peer.on_dtls(hello)
        assert running.sfu.counters.bad_dtls == 5
        for _ in range(DTLS_QUEUE + 3):
            running.sfu.mux._queue_dtls(peer, hello)
        assert running.sfu.counters.bad_dtls == 8 and len(running.sfu.mux._backlog) == DTLS_QUEUE
        running.sfu.mux._backlog.extend([(peer, hello)] * DTLS_BACKLOG)
        running.sfu.mux._waiting[peer] = DTLS_BACKLOG + DTLS_QUEUE
        other = Client(running.sfu.port)
        other.take(running.sfu.publish("room", "q", "B", other.offer("sendonly")))
        running.sfu.mux._queue_dtls(running.sfu.peers["q"], hello)
        assert running.sfu.counters.bad_dtls == 9, "the line of all is bounded too"
        await until(lambda: not running.sfu.mux._backlog)
        assert not running.sfu.mux._waiting
        other.close()
        client.close()


async def test_sources_without_announcement_are_bound_by_mid_and_the_extension_is_not_passed_on() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        sender.send(sender.media(1, b"sound", pt=111, ssrc=5, mid=b"0"))
        view = await watcher.hears(111)
        assert view.payload == b"sound" and view.extension(4) is None
        sender.close(), watcher.close()


class PlainClient(Client):
    """One that does not know RTX."""

    def offer(self, direction: str) -> str:
        return super().offer(direction).replace("rtx/90000", "x-none/90000")


@pytest.mark.parametrize("kind", [Client, PlainClient])
async def test_retransmission_end_to_end(kind: type[Client]) -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running, client=kind(running.sfu.port))
        await flows(sender, watcher, 1)
        sender.send(sender.media(2, b"\x10\x01again"))
        view = await watcher.hears(96)
        assert watcher.srtp is not None
        watcher.received = asyncio.Queue()
        down = next(d for d in running.sfu.peers["s"].member.downs.values() if d.kind == "video")
        watcher.send(watcher.srtp.protect_rtcp(rtcp.receiver_report(1) + rtcp.nack(1, down.ssrc, [view.seq])))
        await until(lambda: running.sfu.counters.rtx == 1)
        if kind is Client:
            repair = await watcher.hears(97)
            assert repair.ssrc == down.rtx_ssrc and repair.payload == view.seq.to_bytes(2, "big") + b"\x10\x01again"
        else:
            with pytest.raises(MediaError) as replay:  # the same index: proof that it is the same packet
                await watcher.hears(96)
            assert replay.value.code == "srtp.replay"
        sender.close(), watcher.close()


async def test_sessions_and_rooms_are_limited_and_names_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server() as running:
        running.sfu.publish("room", "p", "A", offer())
        with pytest.raises(MediaError) as twice:
            running.sfu.publish("room", "p", "A", offer())
        assert twice.value.code == "session.exists"
        with pytest.raises(MediaError):
            running.sfu.publish("room", "q", "x" * 200, offer())
        monkeypatch.setattr("media.sfu.MAX_ROOMS", 1)
        with pytest.raises(RoomFull):
            running.sfu.publish("other", "q", "A", offer())
        monkeypatch.setattr("media.sfu.MAX_PEERS", 1)
        with pytest.raises(RoomFull):
            running.sfu.publish("room", "q", "A", offer())
        stats = running.sfu.stats()
        assert stats["peers"] == 1 and list(stats["rooms"]) == ["room"] and running.sfu.stats("none")["rooms"] == {}
