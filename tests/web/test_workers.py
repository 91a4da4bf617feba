"""Several relay processes in a running installation: rooms have homes, grow over them, and one that dies takes only its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from media.control import MediaClient
from media.errors import Gone
from media.peers import Crowd
from media.peers_clip import Clip
from tests.support.installation import Installation, soon
from tests.support.running import clip  # noqa: F401 - a fixture
from tests.web.test_hub_room import listening, publisher, subscriber
from web import capacity
from web.crew import Away, together
from web.mediaprocess import socket_path


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two workers, each with room for few: 250 packets a second."""
    data = tmp_path_factory.mktemp("pair")
    (data / capacity.FILE).write_text(json.dumps({"schema": 1, "workers": 2, "packets_per_s": 500}))
    running = Installation(data, media_workers=2, media_spare=False).start()
    yield running
    running.stop()


@pytest.fixture
async def visitor(pair: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with pair.client() as opened:
        yield opened


def forget_promises(pair: Installation) -> None:
    """As if six quiet seconds had passed."""
    for place in pair.found.hub.crew.workers.places:
        pair.found.hub.crew.placement.promised.forget(place.index)


async def test_rooms_take_the_workers_in_turn_and_the_death_of_one_is_told_to_its_own_people_alone(
    pair: Installation, visitor: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    crew = pair.found.hub.crew
    await soon(lambda: crew.running == 2, 60)
    ports = [place.port for place in crew.workers.places]
    assert len(set(ports)) == 2
    crowd, rooms, peers = Crowd(), [pair.room(opened=True) for _ in range(2)], []
    for room in rooms:
        peers.append(await publisher(visitor, crowd, room, "204", clip))
        forget_promises(pair)
    homes = [crew.placement.home(room.meeting_id) for room in rooms]
    assert sorted(homes) == [0, 1]
    stats = await asyncio.to_thread(pair.call, pair.found.hub.stats())
    assert {one["worker"] for one in stats["workers"]} == {0, 1} and set(stats["rooms"]) == {room.meeting_id for room in rooms}
    async with listening(visitor, f"/j/{rooms[0].links['204']}/events") as lost, \
            listening(visitor, f"/j/{rooms[1].links['204']}/events") as kept, \
            listening(visitor, f"/j/{rooms[0].links['22']}/events") as beside:
        os.kill(crew.workers.pids[homes[0]], signal.SIGKILL)
        session = peers[0].location.rsplit("/", 1)[1]
        # Nobody waits here, so the room moves to the other worker at once.
        assert (await soon(lambda: lost.last("media")))["session"] == session
        assert pair.found.hub.ready and crew.placement.home(rooms[0].meeting_id) is None
        back = await publisher(visitor, crowd, rooms[0], "204", clip)
        assert crew.placement.home(rooms[0].meeting_id) == homes[1]
        assert kept.last("media") is None and beside.last("media") is None
        assert "204" in pair.found.hub.live(rooms[1].meeting_id)
    assert not peers[1].ended.is_set()
    await soon(lambda: crew.running == 2, 60)
    assert [place.port for place in crew.workers.places] == ports, "the next process has the same port"
    for peer in (*peers, back):
        await peer.close()


async def test_a_room_that_is_too_large_for_its_worker_goes_on_in_the_other_and_a_join_too_many_is_refused_with_the_reason(
    pair: Installation, visitor: httpx.AsyncClient, clip: Clip  # noqa: F811
) -> None:
    hub, crowd, room = pair.found.hub, Crowd(), pair.room(opened=True)
    crew = hub.crew
    await soon(lambda: crew.running == 2, 60)
    forget_promises(pair)
    speaker = await publisher(visitor, crowd, room, "22", clip)
    home = crew.placement.home(room.meeting_id)
    forget_promises(pair)
    ears = [await subscriber(visitor, crowd, room, code, 4) for code in ("204", "06970")]  # 100 packets a second each
    assert len(crew._inside(room.meeting_id)) == 1 and len(crew.links) == 0
    further = await subscriber(visitor, crowd, room, "06973", 4)
    assert crew._inside(room.meeting_id) == {0, 1}
    await soon(lambda: len(crew.links) == 1)
    for ear in (*ears, further):
        await soon(lambda ear=ear: any(slot.received > 10 for slot in ear.slots()))
    stats = await asyncio.to_thread(pair.call, hub.stats(room.meeting_id))
    names = [one["name"] for one in stats["rooms"][room.meeting_id]["sessions"]]
    assert sorted(names) == ["06970", "06973", "204", "22"], "each session once"
    assert sorted(link["offered"] for link in stats["links"].values()) == [0, 2]
    # The second worker has room for one more such receiver, then nobody has.
    crew.placement.promised.add(1 - home, 150, asyncio.get_running_loop().time() + 3600)
    for language, words in (("vi", "hết sức chuyển tiếp"), ("en", "relays as much as it can")):
        visitor.headers["accept-language"] = language
        with pytest.raises(httpx.HTTPStatusError) as refused:
            await subscriber(visitor, crowd, room, "24562" if "24562" in room.links else list(room.links)[-1], 4)
        answer = refused.value.response
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) >= 1
        said = answer.json()
        assert said["error"] == "media.full" and said["why"] == "packets" and words in said["message"]
    # Nor does it help to be there already as one who only speaks: that costs nothing, and hearing does.
    with pytest.raises(httpx.HTTPStatusError) as refused:
        await subscriber(visitor, crowd, room, "22", 4)
    assert refused.value.response.status_code == 503 and refused.value.response.json()["why"] == "packets"
    assert crew.refused["packets"] == 3
    # Who is in is never put out, and whoever comes back is let in, however full it is.
    again = await subscriber(visitor, crowd, room, "204", 4)
    assert not any(peer.ended.is_set() for peer in (speaker, *ears, further))
    # The worker on the far side dies: this end is told, and the next who has to go there makes a link under fresh keys.
    first, = crew.links.names
    os.kill(crew.workers.pids[1 - home], signal.SIGKILL)
    await soon(lambda: len(crew.links) == 0)
    assert not any(peer.ended.is_set() for peer in (speaker, *ears, again))
    await soon(lambda: crew.running == 2, 60)
    forget_promises(pair)
    crew.placement.promised.add(home, 250, asyncio.get_running_loop().time() + 3600)
    late = await subscriber(visitor, crowd, room, list(room.links)[-1], 4)
    await soon(lambda: any(slot.received > 10 for slot in late.slots()))
    assert first not in crew.links.names and len(crew.links) == 1
    # Nobody of the room is there any more: the link ends.
    await late.close()
    await soon(lambda: len(crew.links) == 0)
    for peer in (speaker, *ears, again, further):
        await peer.close()


async def test_a_worker_that_dies_while_it_is_asked_is_left_out_of_the_counters(
    pair: Installation, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = pair.found.hub.crew
    await soon(lambda: crew.running == 2, 60)

    async def dying(*_given: Any) -> Any:
        raise Gone("worker.gone")

    monkeypatch.setattr(crew._running[0].client, "stats", dying)
    stats = await asyncio.to_thread(pair.call, pair.found.hub.stats())
    assert [one["worker"] for one in stats["workers"]] == [1]
    assert 'diemcau_media_peers{worker="1"}' in (await visitor.get("/metrics")).text
    monkeypatch.setattr(crew._running[1].client, "stats", dying)
    with pytest.raises(Away):
        await asyncio.to_thread(pair.call, pair.found.hub.stats())
    room = pair.room(opened=True)
    assert (await visitor.get(f"/j/{room.links['204']}/quality")).json() == {"sessions": []}
    assert (await visitor.get("/metrics")).status_code == 200


async def test_a_worker_of_another_release_is_found_out_in_words_and_old_requests_are_still_served(
    pair: Installation, visitor: httpx.AsyncClient  # noqa: F811
) -> None:
    await soon(lambda: pair.found.hub.crew.running == 2, 60)
    for path in pair.settings.data.glob("media-*.sock"):
        with contextlib.suppress(ConnectionRefusedError):  # one that was killed leaves its own behind
            reader, writer = await asyncio.open_unix_connection(str(path))
            break

    async def ask(**request: Any) -> dict[str, Any]:
        writer.write(json.dumps(request).encode() + b"\n")
        while True:
            answer: dict[str, Any] = json.loads(await reader.readline())
            if "event" not in answer:
                return answer
    hello = (await ask(v=2, id=1, op="hello"))["ok"]
    assert hello["version"] == 2 and hello["port"] in {place.port for place in pair.found.hub.crew.workers.places}
    assert {"publish", "subscribe", "close", "policy", "stats", "link", "listen"} <= set(hello["capabilities"])
    assert (await ask(v=1, id=2, op="stats", room=""))["ok"]["port"] == hello["port"]
    assert (await ask(v=3, id=3, op="stats", room=""))["error"]["code"] == "control.version"
    assert (await ask(v=2, id=4, op="fly"))["error"]["code"] == "control.op"
    assert (await ask(v=2, id=5, op="listen", port=0))["error"]["code"] == "worker.listens"
    writer.close()


async def test_pages_of_this_release_say_what_is_wrong_with_an_older_relay(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            number = json.loads(line)["id"]
            writer.write(json.dumps({"id": number, "error": {"kind": "MediaError", "code": "control.version"}}).encode() + b"\n")
        writer.close()

    from web.workers import Workers

    async def serve(_index: int, _client: MediaClient) -> None:
        raise AssertionError("never")

    server = await asyncio.start_unix_server(old, path=str(tmp_path / "media-0.sock"))
    workers = Workers(tmp_path / "media.sock", 0, ["127.0.0.1"], serve, lambda *_: None, spawn=False)
    workers.start()
    await soon(lambda: "is of another release than the pages (control.version)" in caplog.text)
    await workers.stop()
    server.close()


def test_stats_of_several_workers_are_one() -> None:
    def one(worker: int, lag: float, **rooms: Any) -> dict[str, Any]:
        return {
            "worker": worker, "counters": {"packets_in": 2, "rtx": worker}, "rooms": rooms, "cpu_s": 1.5, "rss_bytes": 10,
            "threads": 1, "peers": 3, "loop_lag_ms": {"p50": lag, "p99": 2 * lag}, "pid": 5, "port": 6,
        }
    room = {"sessions": [{"session": "a"}], "packets_in": 1, "packets_relayed": 4}
    found = together([one(0, 1.0, r=room), one(1, 3.0, r={**room, "sessions": [{"session": "b"}]}, q=room)])
    assert found["cpu_s"] == 3.0 and found["peers"] == 6 and found["counters"] == {"packets_in": 4, "rtx": 1}
    assert found["loop_lag_ms"] == {"p50": 3.0, "p99": 6.0} and found["room_count"] == 2
    assert found["rooms"]["r"] == {"sessions": [{"session": "a"}, {"session": "b"}], "packets_in": 2, "packets_relayed": 8}
    assert [worker["worker"] for worker in found["workers"]] == [0, 1] and "rooms" not in found["workers"][0]




def test_the_sockets_of_an_installation_are_found_from_its_folder_however_long_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    near, deep = Path("/n"), tmp_path / ("d" * 90)
    assert socket_path(near) == near / "media.sock"
    path = socket_path(deep)
    assert path == socket_path(deep) != socket_path(tmp_path / ("e" * 90)) and path.parent.parent == tmp_path
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.parent.chmod(0o755)
    with pytest.raises(PermissionError):
        socket_path(deep)
