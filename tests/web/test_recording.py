"""`record` of a room without a meeting and `compose` afterwards, as somebody at a terminal uses them; a recorder that is kept going."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import av
import httpx
import pytest

from media.peers import Publisher
from media.peers_clip import Clip
from meetings import service
from tests.support.installation import Crowd, Installation, Room, door, tickets
from web.bootstrap import ROOT
from web.commands import main
from web.mediaprocess import socket_path
from web.recording import Recorder, Recording, folder_of, fresh, listed

HEADER = 2000  # octets: a file of more has pictures or sound in it


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Its folder has so long a name that no socket fits into it."""
    running = Installation(tmp_path_factory.mktemp("installation") / ("long-" * 20)).start()
    yield running
    running.stop()
    shutil.rmtree(socket_path(running.settings.data).parent)


@contextmanager
def speaking(installation: Installation, room: Room | str, *codes: str) -> Iterator[None]:
    """These points are in the room, of a meeting or without one, with sound and picture."""
    async def come() -> None:
        crowd = Crowd()
        for code, clip in clips.items():
            client, peer = installation.client(), crowd.publisher(code, clip)
            there.append((client, peer))
            if isinstance(room, str):
                with installation.found.db.write() as conn:
                    ticket, where = service.mint(conn, room, "publish", code, at=installation.now()), room
            else:
                ticket, where = (await tickets(client, room.links[code], roles=["publish"]))["publish"], room.meeting_id
            await peer.connect(*door(client, where, "whip", ticket))

    async def go() -> None:
        for client, peer in there:
            await peer.close()
            await client.aclose()

    there: list[tuple[httpx.AsyncClient, Publisher]] = []
    clips = {code: Clip.make(code, index, seconds=1) for index, code in enumerate(codes)}
    try:
        installation.call(come())
        yield
    finally:
        installation.call(go())


def test_a_room_is_recorded_and_made_one_file(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    room, data = "bench-film", str(installation.settings.data)
    with speaking(installation, room, "22", "204"):
        assert main(["record", room, "--seconds", "2", "--data", data]) == 0
    said = capsys.readouterr().out
    assert "đã đủ thời gian" in said and "4 tệp" in said and "0 chỗ trống" in said
    recording, = listed(installation.settings.data, room)
    assert {(track["point"], track["kind"]) for track in recording.manifest["tracks"]} == {
        (code, kind) for code in ("22", "204") for kind in ("audio", "video")}
    _interrupted(recording, data)
    assert main(["compose", room, "--format", "webm", "--data", data]) == 0
    said = capsys.readouterr().out
    assert "100 %" in said
    with av.open(re.search(r"✓ (.+?\.webm):", said).group(1)) as film:
        assert film.duration / 1e6 == pytest.approx(2.0, abs=0.5)


def _interrupted(recording: Recording, data: str) -> None:
    """Ctrl+C while it composes leaves nothing behind."""
    process = subprocess.Popen(
        [sys.executable, "-m", "web", "compose", recording.folder.parent.name, "--format", "mp4", "--data", data], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # it has begun
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    left = {path.name for path in recording.folder.parent.iterdir()}
    assert process.returncode == 130 and left == {recording.name} or process.returncode == 0, left
    recording.folder.with_name(f"{recording.name}.mp4").unlink(missing_ok=True)


def test_a_recorder_that_is_killed_is_started_again_and_goes_on(installation: Installation) -> None:
    room, data = installation.room(opened=True), installation.settings.data
    folder, said = fresh(data, room.meeting_id, datetime.now(UTC)), []

    async def run() -> int:
        recorder = Recorder(socket_path(data), room.meeting_id, folder)

        def tell(line: dict) -> None:
            said.append(line)
            died = any(one["event"] == "died" for one in said)
            written = [path for path in folder.glob("*.webm") if path.stat().st_size > HEADER]
            if line["event"] == "status" and len(written) == (4 if died else 2):
                if died:
                    recorder.stop()
                else:
                    os.kill(recorder._process.pid, signal.SIGKILL)

        return await recorder.run(tell)

    with speaking(installation, room, "22"):
        assert asyncio.run(run()) == 0
    recording, = listed(data, room.meeting_id)
    assert [gap["reason"] for gap in recording.manifest["gaps"]] == ["killed"] and len(recording.manifest["tracks"]) == 4


def test_what_cannot_be_recorded_or_composed_is_said_plainly(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(installation.settings.data)
    meeting = installation.room(opened=True).meeting_id
    for words, told in (
        (["record", meeting, "--data", data], "Cuộc họp do chủ trì hoặc thư ký ghi"),
        (["record", "bench-../etc", "--data", data], "chỉ ghi phòng bench-"),
        (["record", "bench-x", "--data", str(tmp_path)], "Không thấy hệ thống đang chạy"),
        (["compose", "nothing", "--format", "mp4", "--data", data], "Không có bản ghi nào"),
        (["compose", "../..", "--format", "mp4", "--data", data], "Không có bản ghi nào"),
    ):
        assert main(words) == 2
        assert told in capsys.readouterr().err
    with pytest.raises(ValueError):
        folder_of(tmp_path, "..")
