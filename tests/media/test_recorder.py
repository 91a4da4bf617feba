"""A real recorder beside a real relay: what it keeps, and what it keeps of it whatever dies."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from media.limits import MAX_SOUNDS
from media.peers import Crowd, Publisher
from media.peers_clip import Clip
from media.record_recover import recover
from media.record_store import read_manifest
from media.recorder import NAME
from tests.media.pictures import H264Publisher
from tests.media.recordings import ROOT, Relay, check, join, leave, length, of, recorder, seconds

ROOMS = (f"room{number}" for number in itertools.count())
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def relay(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Relay]:
    running = await Relay(tmp_path_factory.mktemp("relay") / "media.sock").start()
    yield running
    await running.stop()


def point(crowd: Crowd, name: str, index: int = 0) -> Publisher:
    return crowd.publisher(name, Clip.make(name, index))


async def test_everybody_is_recorded_in_files_that_are_what_the_manifest_says(relay: Relay, tmp_path: Path) -> None:
    crowd, room = Crowd(), next(ROOMS)
    people = [point(crowd, "HN"), H264Publisher(crowd, "QN", 1)]
    await join(relay, room, *people)
    async with recorder(relay, room, tmp_path / "rec") as recording:
        await recording.says(lambda line: line["tracks"] == 4 and line["seconds"] > 2.2)
        recording.tell()
        assert await recording.ended() == 0
    await leave(*people)
    manifest = recording.manifest()
    check(recording.folder, manifest)
    assert {(t["point"], t["kind"], t["codec"]) for t in manifest["tracks"]} == {
        ("HN", "audio", "OPUS"), ("HN", "video", "VP8"), ("QN", "audio", "OPUS"), ("QN", "video", "H264")}
    assert (manifest["state"], manifest["reason"], manifest["gaps"]) == ("ended", "stopped", [])
    assert all(not track["gaps"] and length(track) > 1.2 for track in manifest["tracks"])
    assert 0 < manifest["counters"]["fsync_ms_max"] and manifest["counters"]["lost"] == 0
    assert {path.name for path in recording.folder.iterdir()} == {"manifest.json", *(t["file"] for t in manifest["tracks"])}


async def test_every_place_that_the_recorder_offers_is_filled_when_enough_are_there(relay: Relay, tmp_path: Path) -> None:
    """A sound beyond what one receiver is given would have a place in which nobody ever stands."""
    crowd, room = Crowd(), next(ROOMS)
    people = [point(crowd, f"P{index}", index) for index in range(MAX_SOUNDS + 1)]
    await join(relay, room, *people)
    async with recorder(relay, room, tmp_path / "rec") as recording:
        await recording.says(lambda line: line["event"] == "joined")
        async with asyncio.timeout(10):
            while not all(names := await _places(relay, room)):
                await asyncio.sleep(0.05)
        recording.tell()
        assert await recording.ended() == 0
    assert len(set(names[:MAX_SOUNDS])) == MAX_SOUNDS
    await leave(*people)


async def _places(relay: Relay, room: str) -> list[str | None]:
    """Who stands in each slot of the recorder."""
    sessions = (await relay.client.stats(room))["rooms"][room]["sessions"]
    return [slot["name"] for one in sessions if one["name"] == NAME for slot in one["slots"]] or [None]


async def test_the_room_closes_the_recording_and_sound_and_picture_stay_in_step(relay: Relay, tmp_path: Path) -> None:
    """The picture travels a quarter of a second longer than the sound; both stop at the same moment."""
    crowd, room = Crowd(), next(ROOMS)
    slow = point(crowd, "HN")
    await join(relay, room, slow)
    link, wheel = slow._link, crowd.wheel

    def send(packet: bytes) -> bytes:
        protected = link._srtp.protect_rtp(packet)
        late = 0.25 if packet[1] & 0x7F == slow.source.video.payload_type else 0.0
        wheel.at(wheel.now + late, lambda _: link._send(protected))
        return protected

    link.send_rtp = send
    async with recorder(relay, room, tmp_path / "rec") as recording:
        await recording.says(lambda line: line["seconds"] > 2.5)
        slow.mute("audio")
        slow.mute("video")
        await recording.says(lambda line: line["event"] == "status")
        await relay.client.close_room(room)
        assert await recording.ended() == 0
    manifest = recording.manifest()
    check(recording.folder, manifest)
    sound, picture = of(manifest, "HN", "audio")[0], of(manifest, "HN", "video")[0]
    assert manifest["reason"] == "room_closed"
    assert abs(seconds(sound["end"]) - seconds(picture["end"])) < 0.1
    await leave(slow)


async def test_what_never_came_is_a_stated_gap_and_it_goes_on(relay: Relay, tmp_path: Path) -> None:
    crowd, room = Crowd(), next(ROOMS)
    weak = point(crowd, "HN")
    await join(relay, room, weak)
    send = weak._link._send
    async with recorder(relay, room, tmp_path / "rec") as recording:
        await recording.says(lambda line: line["tracks"] == 2)
        weak._link._send = lambda datagram: None if 127 < datagram[0] < 192 else send(datagram)
        weak._kept.clear()
        await asyncio.sleep(0.24)
        weak._link._send, weak._link.send_again = send, lambda protected: None
        await recording.says(lambda line: line["lost"] > 5)
        await recording.says(lambda _: all(
            track["gaps"] and all(gap["to"] for gap in track["gaps"]) for track in recording.manifest()["tracks"]))
        recording.tell()
        assert await recording.ended() == 0
    manifest = recording.manifest()
    check(recording.folder, manifest)
    for kind, most in (("audio", 0.5), ("video", 2.5)):
        track, = of(manifest, "HN", kind)
        gap, = track["gaps"]
        assert gap["reason"] == "lost" and 0.1 < seconds(gap["to"]) - seconds(gap["from"]) < most
    await leave(weak)


async def test_a_killed_recorder_loses_two_seconds_at_most_and_the_next_one_goes_on(relay: Relay, tmp_path: Path) -> None:
    crowd, room, folder = Crowd(), next(ROOMS), tmp_path / "rec"
    people = [point(crowd, "HN"), point(crowd, "QN", 1)]
    await join(relay, room, *people)
    async with recorder(relay, room, folder) as recording:
        await recording.says(lambda line: line["tracks"] == 4 and line["seconds"] > 2.2)
        assert recover(folder) is None, "it lives"
        recording.tell(signal.SIGKILL)
        killed = time.time()
        await recording.ended()
    torn = folder / read_manifest(folder)["tracks"][0]["file"]
    with torn.open("ab") as file:
        file.write(b"\x1f\x43\xb6\x75\x08\x00\xff\xff half a piece")
    manifest = recover(folder)
    assert manifest is not None and manifest == recover(folder), "as often as one likes"
    check(folder, manifest)
    assert (manifest["state"], manifest["reason"], manifest["gaps"][-1]["reason"]) == ("ended", "killed", "killed")
    assert len(manifest["tracks"]) == 4 and all(killed - seconds(track["end"]) < 2.0 for track in manifest["tracks"])

    async with recorder(relay, room, folder) as recording:
        await recording.says(lambda line: line["tracks"] == 4 and line["seconds"] > 1)
        recording.tell()
        assert await recording.ended() == 0
    manifest = recording.manifest()
    check(folder, manifest)
    gap, = manifest["gaps"]
    assert len(manifest["tracks"]) == 8 and gap["reason"] == "killed" and manifest["reason"] == "stopped"
    assert seconds(gap["from"]) <= killed < seconds(gap["to"]) < min(seconds(t["start"]) for t in manifest["tracks"][4:]) + 0.5
    await leave(*people)


async def test_a_relay_that_dies_leaves_a_stated_gap(tmp_path: Path) -> None:
    crowd = Crowd()
    first = await Relay(tmp_path / "media.sock").start()
    before, after = point(crowd, "HN"), point(crowd, "HN")
    await join(first, "room", before)
    async with recorder(first, "room", tmp_path / "rec") as recording:
        await recording.says(lambda line: line["tracks"] == 2 and line["seconds"] > 1.2)
        await first.kill()
        died = time.time()
        second = await Relay(tmp_path / "media-7.sock").start()      # as the next worker of the crew is called
        await join(second, "room", after)
        await recording.says(lambda line: line["tracks"] == 4)
        await recording.says(lambda line: line["event"] == "status")
        recording.tell()
        assert await recording.ended() == 0
    await leave(before, after)
    await second.stop()
    manifest = recording.manifest()
    check(recording.folder, manifest)
    gap, = manifest["gaps"]
    assert gap["reason"] == "relay_gone" and abs(seconds(gap["from"]) - died) < 1.0
    assert seconds(gap["to"]) < seconds(manifest["tracks"][2]["start"]) + 0.5


async def test_a_recorder_that_hangs_is_nothing_to_the_others(relay: Relay, tmp_path: Path) -> None:
    crowd, room = Crowd(), next(ROOMS)
    speaker, watcher = point(crowd, "HN"), crowd.subscriber("QN")
    await join(relay, room, speaker)
    await watcher.connect(_watching(relay, room))
    async with recorder(relay, room, tmp_path / "rec") as recording:
        await recording.says(lambda line: line["tracks"] == 2)
        recording.tell(signal.SIGSTOP)
        had = sum(slot.received for slot in watcher.slots())
        async with asyncio.timeout(20):
            while sum(slot.received for slot in watcher.slots()) < had + 100:
                await asyncio.sleep(0.05)
        recording.tell(signal.SIGCONT)
        await recording.says(lambda line: line["event"] == "status")
        recording.tell()
        assert await recording.ended() == 0
    assert sum(slot.lost + slot.missing for slot in watcher.slots()) == 0
    check(recording.folder, recording.manifest())
    await leave(speaker, watcher)


def _watching(relay: Relay, room: str):
    async def exchange(offer: str) -> tuple[str, str]:
        return await relay.client.subscribe(room, "watcher", "QN", offer), "watcher"
    return exchange


FILL = """
mkdir -p {disk} && mount -t tmpfs -o size=8m none {disk} && head -c 8000000 /dev/zero > {disk}/others
{recorder} &
child=$!
while ! grep -q disk_full {disk}/rec/manifest.json 2>/dev/null; do sleep 0.1; done
cp -r {disk}/rec {out}/full
rm {disk}/others
while ! grep -q '"frames": [1-9]' {out}/full/manifest.json || grep -q '"to": null' {disk}/rec/manifest.json; do sleep 0.1; done
sleep 1
kill $child; wait $child; code=$?
cp -r {disk}/rec {out}/end
exit $code
"""


@pytest.mark.netns
async def test_a_full_disk_ends_plainly_and_goes_on_when_there_is_room(relay: Relay, tmp_path: Path) -> None:
    """A tmpfs in a mount namespace of its own, where somebody else's file goes away again."""
    crowd, room, disk = Crowd(), next(ROOMS), tmp_path / "disk"
    people = [point(crowd, "HN"), point(crowd, "QN", 1)]
    await join(relay, room, *people)
    command = f"{sys.executable} -m media.recorder --socket {relay.socket} --room {room} --folder {disk}/rec"
    process = await asyncio.create_subprocess_exec(
        "unshare", "-m", "sh", "-c", FILL.format(disk=disk, out=tmp_path, recorder=command), cwd=ROOT,
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    async with asyncio.timeout(60):
        said, _ = await process.communicate()
    assert process.returncode == 0, said
    await leave(*people)
    full, end = read_manifest(tmp_path / "full"), read_manifest(tmp_path / "end")
    assert full["gaps"][-1]["reason"] == "disk_full" and full["gaps"][-1]["to"] is None
    kept = recover(tmp_path / "full")
    assert kept is not None
    check(tmp_path / "full", kept)
    check(tmp_path / "end", end)
    gap, = end["gaps"]
    assert gap["reason"] == "disk_full" and gap["to"] is not None and end["reason"] == "stopped"
    for track in end["tracks"]:
        assert [gap["reason"] for gap in track["gaps"]] == ["disk_full"] and track["gaps"][0]["to"] is not None
