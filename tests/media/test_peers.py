"""Synthetic peers against a real worker process: both ways, with loss, with a full client, until the end."""
import asyncio
import gc
import itertools
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from media.bench_worker import Worker, worker_process
from media.errors import BadSdp
from media.peers import Crowd, Exchange, Peer, Publisher, SlotStats, Subscriber
from media.peers_clip import Clip


ROOMS = itertools.count()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def worker() -> AsyncIterator[Worker]:
    """One worker for all tests of this module; each test has a room of its own."""
    async with worker_process() as running:
        yield running


async def until(true: Callable[[], object], within: float = 40.0) -> None:
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.02)


async def close(*peers: Peer) -> None:
    await asyncio.gather(*(peer.close() for peer in peers))


def received(*subscribers: Subscriber) -> int:
    return sum(slot.received for subscriber in subscribers for slot in subscriber.slots())


def harmed(*subscribers: Subscriber) -> int:
    return sum(slot.lost + slot.missing + slot.duplicates for subscriber in subscribers for slot in subscriber.slots())


async def test_twenty_points_join_both_ways_and_nothing_is_lost(worker: Worker) -> None:
    crowd = Crowd()
    publishers = [crowd.publisher(f"p{number}", Clip.make(str(number % 3), number % 3)) for number in range(20)]
    for silent in publishers[3:]:
        silent.mute("audio")
        silent.mute("video")
    subscribers = [crowd.subscriber(f"p{number}", audio=3, video=3) for number in range(20)]
    speaking = ["p0", "p1", "p2"]
    await asyncio.gather(*(peer.connect(worker.publishing("twenty", peer.name)) for peer in publishers))
    await asyncio.gather(*(peer.connect(worker.watching("twenty", peer.name, speaking)) for peer in subscribers))

    def slots() -> list[SlotStats]:
        return [slot for subscriber in subscribers for slot in subscriber.slots()]

    # Nobody is sent back what they say themselves: a speaker's own slots stay empty.
    await until(lambda: sum(slot.received > 20 for slot in slots()) == 2 * (20 * 3 - 3))
    for speaker in publishers[:3]:
        speaker.mute("audio")
        speaker.mute("video")
    await until(lambda: not harmed(*subscribers))
    assert sum(slot.lost for slot in slots()) == 0
    assert all(subscriber.strays == subscriber.unauthentic == 0 for subscriber in subscribers)
    assert all(0 < (peer.join_seconds or 0) < 20 for peer in [*publishers, *subscribers])
    await close(*publishers, *subscribers)


async def test_the_one_sound_place_follows_whoever_speaks(worker: Worker) -> None:
    crowd = Crowd()
    publishers = [crowd.publisher(name, Clip.make(name, number)) for number, name in enumerate("ABC")]
    for number, publisher in enumerate(publishers):
        publisher.source._turn = 14.0 - 3.5 * number  # A's turn comes in a second, B's and C's each 3.5 s later
        await publisher.connect(worker.publishing("turns", publisher.name))
    watcher = crowd.subscriber("X")
    await watcher.connect(worker.watching("turns", "X"))
    heard: list[str] = []
    async with asyncio.timeout(30):
        async for event in worker.client.events():
            if event["event"] == "slots" and event["name"] == "X" and event["room"] == "turns":
                names = {slot["kind"]: slot["name"] for slot in event["slots"]}
                heard.append(names["audio"])
                if "C" in heard:
                    break
    assert heard[-2:] == ["B", "C"] and names["video"] == "A", "pictures stay where they are"
    await until(lambda: not harmed(watcher))
    await close(*publishers, watcher)


async def test_a_full_client_sees_and_hears_the_synthetic_publisher(worker: Worker) -> None:
    publisher = Crowd().publisher("4021", Clip.make("4021", 5))
    await publisher.connect(worker.publishing("full", "4021"))
    client = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    tracks = []
    client.on("track", tracks.append)
    for kind in ("audio", "video"):
        client.addTransceiver(kind, direction="recvonly")
    await client.setLocalDescription(await client.createOffer())
    answer, _ = await worker.watching("full", "viewer")(client.localDescription.sdp)
    await client.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    async with asyncio.timeout(20):
        for track in tracks:
            frames = [await track.recv() for _ in range(12)]
            times = [frame.pts for frame in frames]
            assert times == sorted(times) and len(set(times)) == 12
    assert (frames[-1].width, frames[-1].height) == (320, 180)
    assert publisher.stats.key_frames_asked >= 1
    await client.close()
    await publisher.close()


async def test_muting_silences_the_stream_and_unmuting_brings_it_back_whole(worker: Worker) -> None:
    publisher, subscriber = await a_pair(worker)
    await until(lambda: received(subscriber) > 30)
    publisher.mute("audio")
    publisher.mute("video")
    sent = publisher.stats.packets
    await asyncio.sleep(0.2)
    assert publisher.stats.packets == sent
    publisher.mute("video", False)
    publisher.mute("audio", False)
    heard = received(subscriber)
    await until(lambda: received(subscriber) > heard + 60)
    assert harmed(subscriber) == 0
    await close(publisher, subscriber)


async def test_what_the_network_loses_is_asked_for_and_repaired(worker: Worker) -> None:
    async with LossyPath.open(worker.port, every=9) as path:
        publisher, subscriber = await a_pair(worker, through=path.redirect)
        await until(lambda: sum(slot.repaired for slot in subscriber.slots()) > 10)
        path.every = 0
        await until(lambda: not sum(slot.missing for slot in subscriber.slots()))
        assert path.dropped > 10
        assert sum(slot.lost for slot in subscriber.slots()) <= path.dropped // 10
        await close(publisher, subscriber)


async def test_a_publisher_sends_again_what_the_server_missed(worker: Worker) -> None:
    async with LossyPath.open(worker.port, every=9) as path:
        crowd = Crowd()
        publisher, subscriber = crowd.publisher("speaker", Clip.make("", 1)), crowd.subscriber("viewer")
        await publisher.connect(path.redirect(worker.publishing("again", "speaker")))
        await subscriber.connect(worker.watching("again", "viewer"))
        await until(lambda: publisher.stats.sent_again > 5)
        await close(publisher, subscriber)


async def test_a_session_closed_by_the_server_ends_at_the_peer_at_once(worker: Worker) -> None:
    publisher, subscriber = await a_pair(worker)
    assert await worker.client.close(subscriber.location)
    await asyncio.wait_for(subscriber.ended.wait(), 5)
    assert subscriber.reason == "closed"
    assert not publisher.ended.is_set()
    await close(publisher, subscriber)


async def test_closing_a_peer_hangs_up_its_session(worker: Worker) -> None:
    crowd = Crowd()
    publisher = crowd.publisher("speaker", Clip.make("", 1))
    await publisher.connect(worker.publishing("closing", "speaker"), worker.hang_up)
    await publisher.close()
    await publisher.close()
    assert publisher.ended.is_set()
    assert not await worker.client.close(publisher.location)


async def test_a_server_that_vanishes_is_noticed() -> None:
    async with worker_process() as worker:
        publisher, subscriber = await a_pair(worker)
    await asyncio.wait_for(asyncio.gather(publisher.ended.wait(), subscriber.ended.wait()), 15)
    assert {publisher.reason, subscriber.reason} <= {"closed", "consent"}
    await close(publisher, subscriber)


@pytest.mark.parametrize("answer", ["", "v=0\r\n", "not an answer"])
async def test_a_bad_answer_is_refused_and_leaves_no_socket_behind(answer: str) -> None:
    async def exchange(offer: str) -> tuple[str, str]:
        return answer, "nowhere"

    hung_up = []

    async def hang_up(location: str) -> None:
        hung_up.append(location)

    peer = Crowd().subscriber("viewer")
    with pytest.raises(BadSdp):
        await peer.connect(exchange, hang_up)
    assert hung_up == ["nowhere"] and peer.reason == "failed"
    del peer
    gc.collect()  # an open socket would warn here


async def test_a_wrong_fingerprint_in_the_answer_ends_the_join(worker: Worker) -> None:
    async def exchange(offer: str) -> tuple[str, str]:
        answer, session = await worker.publishing("wrong", "speaker")(offer)
        lines = ["a=fingerprint:sha-256 " + ":".join(["00"] * 32) if line.startswith("a=fingerprint:") else line
                 for line in answer.split("\r\n")]
        return "\r\n".join(lines), session

    publisher = Crowd().publisher("speaker", Clip.make("", 1))
    with pytest.raises(Exception) as refused:
        await publisher.connect(exchange, worker.hang_up)
    assert refused.value.args == ("dtls.handshake",)
    assert publisher.ended.is_set()


async def a_pair(worker: Worker, through: Callable[[Exchange], Exchange] = lambda exchange: exchange
                 ) -> tuple[Publisher, Subscriber]:
    """A speaker and a viewer of one room, the viewer through the given path."""
    crowd, room = Crowd(), f"pair-{next(ROOMS)}"
    publisher, subscriber = crowd.publisher("speaker", Clip.make("", 1)), crowd.subscriber("viewer")
    await publisher.connect(worker.publishing(room, "speaker"))
    await subscriber.connect(through(worker.watching(room, "viewer")))
    return publisher, subscriber


class LossyPath(asyncio.DatagramProtocol):
    """A UDP path to the worker for one peer that drops every n-th media datagram in both directions (0: none)."""

    def __init__(self, port: int, every: int) -> None:
        self.server, self.every = ("127.0.0.1", port), every
        self.client: tuple[str, int] | None = None
        self.passed = self.dropped = 0

    @staticmethod
    def open(port: int, every: int) -> "OpenPath":
        return OpenPath(LossyPath(port, every))

    def redirect(self, exchange: Exchange) -> Exchange:
        """The exchange with our port in place of the server's."""
        async def redirected(offer: str) -> tuple[str, str]:
            answer, location = await exchange(offer)
            return answer.replace(f" {self.server[1]} typ", f" {self.port} typ"), location
        return redirected

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport, self.port = transport, transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        if source != self.server:
            self.client = source
        is_rtp = 127 < data[0] < 192 and not 192 <= data[1] <= 223
        self.passed += is_rtp
        if is_rtp and self.every and self.passed % self.every == 0:
            self.dropped += 1
        elif self.client is not None:
            self.transport.sendto(data, self.client if source == self.server else self.server)


class OpenPath:
    def __init__(self, path: LossyPath) -> None:
        self.path = path

    async def __aenter__(self) -> LossyPath:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self.path, local_addr=("127.0.0.1", 0))
        return self.path

    async def __aexit__(self, *trouble: object) -> None:
        self.path.transport.close()
        await asyncio.sleep(0)


async def test_a_simulcast_publisher_sends_named_layers_and_a_receiver_is_repaired_on_a_stream_of_its_own(worker: Worker) -> None:
    crowd, room = Crowd(), f"layers-{next(ROOMS)}"
    layers = {rid: Clip.make("L", 1, width=width, height=height, kbit=kbit, seconds=1)
              for rid, width, height, kbit in (("h", 640, 360, 500), ("m", 320, 180, 200), ("l", 160, 90, 80))}
    publisher = crowd.publisher("L", Clip.make("L", 1), layers=layers, rtx=True, feedback=("transport-cc", "goog-remb"))
    receiver = crowd.subscriber("R", rtx=True)
    repairs: list[bytes] = []
    take, repair, seen = receiver._link.take, receiver._on_repair, itertools.count()

    def lossy(datagram: bytes, now: float) -> None:
        if len(datagram) < 300 or datagram[0] < 128 or next(seen) % 10:
            take(datagram, now)

    receiver._link.take = lossy
    receiver._on_repair = lambda packet, now: (repairs.append(packet), repair(packet, now)) and None
    await publisher.connect(worker.publishing(room, "L"))
    await receiver.connect(worker.watching(room, "R"))
    picture = next(slot for slot in receiver.slots() if slot.kind == "video")
    await until(lambda: next(slot for slot in receiver.slots() if slot.mid == picture.mid).repaired >= 3)
    assert len(repairs) >= 3 and not receiver.strays and not receiver.unauthentic
    assert publisher.source.stopped == set() and publisher.source.video.with_rid and publisher.source.video.repair_type == 97
    await until(lambda: publisher.stats.transport_feedback and publisher.stats.remb)
    await close(publisher, receiver)


async def test_a_receiver_tells_what_its_line_carries_in_the_way_that_was_agreed(worker: Worker) -> None:
    crowd, room = Crowd(), f"feedback-{next(ROOMS)}"
    publisher = crowd.publisher("P", Clip.make("L", 1))
    receivers = [crowd.subscriber("T", feedback=("transport-cc",)), crowd.subscriber("E", feedback=("goog-remb",)),
                 crowd.subscriber("N")]
    await publisher.connect(worker.publishing(room, "P"))
    for receiver in receivers:
        await receiver.connect(worker.watching(room, receiver.name))
    await until(lambda: received(*receivers) > 100 and all(receiver.feedback_sent > 3 for receiver in receivers[:2]))
    assert [receiver._recorder is not None for receiver in receivers] == [True, False, False]
    assert receivers[2].feedback_sent == 0 and not harmed(*receivers)
    await close(publisher, *receivers)


async def test_without_a_repair_stream_a_packet_comes_again_as_it_was_time_of_sending_and_all(worker: Worker) -> None:
    crowd, room = Crowd(), f"again-{next(ROOMS)}"
    publisher = crowd.publisher("P", Clip.make("L", 1))
    receiver = crowd.subscriber("R", feedback=("goog-remb",))
    dropped: dict[bytes, bytes] = {}
    same: list[bool] = []
    take, seen = receiver._link.take, itertools.count()

    def lossy(datagram: bytes, now: float) -> None:
        if datagram[0] >= 128 and not 192 <= datagram[1] <= 223:
            if datagram[:12] in dropped:
                same.append(dropped.pop(datagram[:12]) == datagram)
            elif not next(seen) % 10:
                dropped[datagram[:12]] = datagram
                return
        take(datagram, now)

    receiver._link.take = lossy
    await publisher.connect(worker.publishing(room, "P"))
    await receiver.connect(worker.watching(room, "R"))
    await until(lambda: all(slot.repaired >= 2 for slot in receiver.slots()))
    assert len(same) >= 4 and all(same) and not receiver.unauthentic
    assert next(iter(dropped.values()), b"\x90")[0] & 0x10, "with header extensions"
    await close(publisher, receiver)
