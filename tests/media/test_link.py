"""One room on two workers: two real processes, a publisher on one, receivers on both; and what a link is to its room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from media.bench_worker import Worker, worker_process
from media.control import join_workers
from media.errors import MediaError, RoomFull
from media.limits import MAX_NAME
from media.peers import Crowd, Subscriber
from media.peers_clip import Clip
from tests.media.server import Server, server
from tests.media.test_sdp import offer
from tests.support.soon import soon


LONG = 15.0  # seconds for what three processes have to do with each other


@pytest.fixture(scope="module")
def clip() -> Clip:
    return Clip.make("A", 0, seconds=1)


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Worker, Worker]]:
    async with AsyncExitStack() as stack:
        one, other = await asyncio.gather(*[stack.enter_async_context(worker_process()) for _ in range(2)])
        yield one, other


async def link_of(worker: Worker) -> dict[str, Any]:
    found, = (await worker.client.stats())["links"].values()
    return dict(found)


def both(peer: Subscriber, more: int = 20) -> Callable[[], bool]:
    """Sound and picture go on coming."""
    before = {slot.mid: slot.received for slot in peer.slots()}
    return lambda: all(slot.received >= before[slot.mid] + more for slot in peer.slots())


async def test_receivers_on_another_worker_get_sound_and_picture_of_which_one_copy_crosses(
    pair: tuple[Worker, Worker], clip: Clip
) -> None:
    (one, other), crowd = pair, Crowd()
    sender = crowd.publisher("A", clip)
    await sender.connect(one.publishing("room", "A"))
    near, far, further = [crowd.subscriber(name) for name in ("N", "F", "G")]
    await near.connect(one.watching("room", "N"))
    for peer in (far, further):
        await peer.connect(other.watching("room", peer.name))
    link = await join_workers("room", one.client, other.client)
    for peer in (near, far, further):
        await soon(both(peer), LONG)
    home, away = await link_of(one), await link_of(other)
    assert home["offered"] == home["sent"] == away["sources"] == 2 and away["offered"] == 0
    received = sum(slot.received for slot in far.slots())
    assert away["packets_in"] < 1.5 * received, "two receivers, one copy"
    assert (await other.client.stats())["counters"]["link_in"] >= away["packets_in"]
    # The room tells of its own members alone, and each receiver is told whom it sees.
    there = (await other.client.stats())["rooms"]["room"]["sessions"]
    assert {session["name"] for session in there} == {"F", "G"}
    assert [slot["name"] for slot in there[0]["slots"]] == ["A", "A"]
    # A second publisher, on the other worker, is seen on the first one.
    second = crowd.publisher("B", clip)
    await second.connect(other.publishing("room", "B"))
    pinned = crowd.subscriber("P")
    await pinned.connect(one.watching("room", "P", ["B"]))
    await soon(both(pinned), LONG)
    assert (await link_of(one))["sources"] == 2
    # Who leaves is gone on both sides.
    await sender.close()
    await one.client.close(sender.location)
    await soon(sender.ended.is_set)

    async def forgotten() -> bool:
        return (await link_of(other))["sources"] == 0

    await soon(forgotten)
    assert await one.client.unlink(link) and await other.client.unlink(link) and not await one.client.unlink(link)
    sessions = (await one.client.stats())["rooms"]["room"]["sessions"]
    assert [slot["name"] for session in sessions for slot in session["slots"] if session["name"] == "P"] == [None, None]
    for peer in (near, far, further, second, pinned):
        await peer.close()


async def test_what_the_gate_holds_back_at_home_never_crosses_and_pictures_nobody_sees_stop_crossing(
    pair: tuple[Worker, Worker], clip: Clip
) -> None:
    (one, other), crowd = pair, Crowd()
    sender = crowd.publisher("A", clip)
    await sender.connect(one.publishing("room", "A"))
    far = crowd.subscriber("F")
    await far.connect(other.watching("room", "F"))
    await join_workers("room", one.client, other.client)
    await soon(both(far), LONG)
    await one.client.policy("room", [], [])  # at home alone: the other worker does not even know
    await asyncio.sleep(0.25)
    sound, picture = far.slots()
    before = sound.received
    await soon(lambda: far.slots()[1].received > picture.received + 20, LONG)
    assert far.slots()[0].received == before
    await far.close()
    await other.client.close(far.location)

    async def quiet() -> bool:
        return (await link_of(one))["sent"] == 1  # the sound alone: who speaks must be known there

    await soon(quiet, LONG)
    await sender.close()


async def test_a_loop_of_three_brings_each_picture_once_and_a_worker_refuses_itself(
    pair: tuple[Worker, Worker], clip: Clip
) -> None:
    (one, other), crowd = pair, Crowd()
    async with worker_process() as third:
        sender = crowd.publisher("A", clip)
        await sender.connect(one.publishing("room", "A"))
        watcher = crowd.subscriber("W", audio=2, video=2)
        await watcher.connect(third.watching("room", "W"))
        for left, right in ((one, other), (other, third), (third, one)):
            await join_workers("room", left.client, right.client)

        async def names() -> list[Any]:
            session, = (await third.client.stats())["rooms"]["room"]["sessions"]
            return [slot["name"] for slot in session["slots"]]

        async def arrived() -> bool:
            return await names() == ["A", None, "A", None]

        await soon(arrived, LONG)
        await soon(lambda: sum(slot.received > 20 for slot in watcher.slots()) == 2, LONG)
        assert await names() == ["A", None, "A", None]
        links = (await other.client.stats())["links"].values()
        assert sorted(link["offered"] for link in links) == [0, 0], "what came over a link goes over no other"
        await watcher.close()
        await sender.close()


async def test_a_stranger_at_the_other_worker_s_address_and_wrong_keys_bring_nothing_in(
    pair: tuple[Worker, Worker], clip: Clip
) -> None:
    (one, other), crowd = pair, Crowd()
    sender = crowd.publisher("A", clip)
    await sender.connect(one.publishing("room", "A"))
    here, there = [tuple((await worker.client.hello())["address"]) for worker in (one, other)]
    await one.client.link("room", "x", there, (b"k" * 28, b"s" * 28), (1, 2))
    await other.client.link("room", "x", here, (b"K" * 28, b"S" * 28), (2, 1))

    async def refused() -> int:
        return int((await other.client.stats())["counters"]["bad_srtp"])
    async with asyncio.timeout(10):
        while not await refused():
            await asyncio.sleep(0.05)
    assert (await link_of(other))["sources"] == 0 and (await other.client.stats())["counters"]["link_in"] == 0
    for wrong in ({"receive": "zz"}, {"receive": "00"}, {"peer": ["127.0.0.1"]}, {"peer": ["127.0.0.1", "9"]}, {"ssrcs": [1, 1]}):
        said = {"room": "room", "link": "y", "peer": list(there), "receive": "00" * 28, "send": "11" * 28, "ssrcs": [1, 2], **wrong}
        with pytest.raises(MediaError, match=r"control\.syntax"):
            await one.client._call("link", **said)
    await sender.close()


def _link(running: Server, room: str, name: str, key: int = 28, port: int = 9) -> None:
    running.sfu.link(room, name, ("127.0.0.1", port), (b"r" * key, b"s" * 28), (1, 2))


async def test_a_room_stays_for_as_long_as_a_link_holds_it_though_nobody_is_left() -> None:
    async with server() as running:
        _link(running, "room", "x")
        _link(running, "room", "y", port=10)
        entry = running.sfu.rooms["room"]
        running.sfu.publish("room", "p", "A", offer())
        assert running.sfu.close("p") and running.sfu.rooms == {"room": entry}
        running.sfu.publish("room", "q", "A", offer())
        assert running.sfu.peers["q"].room is entry, "who comes back is in the room that the links feed"
        running.sfu.close("q")
        assert running.sfu.unlink("x") and running.sfu.rooms == {"room": entry}
        assert running.sfu.unlink("y") and not running.sfu.rooms
        _link(running, "room", "x")
        running.sfu.close_room("room")
        assert not running.sfu.rooms and not running.sfu.trunks.links


async def test_a_link_that_is_refused_or_replaced_leaves_no_empty_room(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server() as running:
        with pytest.raises(MediaError, match=r"control\.syntax"):
            _link(running, "room", "x", key=5)
        assert not running.sfu.rooms
        with pytest.raises(MediaError, match=r"media\.name"):
            _link(running, "x" * (MAX_NAME + 1), "x")
        _link(running, "first", "x")
        _link(running, "second", "x")
        assert list(running.sfu.rooms) == ["second"]
        monkeypatch.setattr("media.sfu.MAX_ROOMS", 1)
        with pytest.raises(RoomFull):
            _link(running, "third", "y")
        _link(running, "second", "y")
        assert list(running.sfu.rooms) == ["second"] and sorted(running.sfu.trunks.links) == ["x", "y"]
