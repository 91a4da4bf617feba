"""Recording from the console to the deletion, with a real relay and recorder: told, paused, gone on with after a restart."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from meetings import service
from meetings.access import Role
from meetings.recording import Stand
from meetings.store import ledger_store, recording_store
from tests.support import factories
from tests.support.installation import Installation, Room, soon
from tests.web.test_recording import speaking
from web.composer import gives_way
from web.recording import folder_of
from web.recordings import chore

START = {"do": "start", "purpose": "Soạn biên bản", "notice": "Cuộc họp được ghi hình.", "keep": "90"}


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    running = Installation(tmp_path).start()
    yield running
    running.stop()


class Story:
    """One open meeting and those who press its buttons."""

    def __init__(self, installation: Installation, room: Room) -> None:
        self.installation, self.room = installation, room

    def ask(self, login: str, method: str, path: str, **more: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            async with await self.installation.signed_in(login) as client:
                return await client.request(method, f"/meetings/{self.room.meeting_id}{path}", **more)
        return self.installation.call(go())

    def by_link(self, code: str, **said: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            async with self.installation.client() as client:
                return await client.post(f"/j/{self.room.links[code]}/recording", json=said)
        return self.installation.call(go())

    def press(self, path: str, login: str = "chair", **said: Any) -> dict[str, Any]:
        answer = self.ask(login, "POST", f"/conduct/{path}", data=said)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def until(self, true: Any, seconds: float = 20.0) -> Any:
        return asyncio.run(soon(true, seconds))

    def status(self) -> dict[str, Any]:
        with self.installation.found.db.read() as conn:
            going = recording_store.running(conn, self.room.meeting_id)
        return self.installation.found.recordings.status(going[0].recording_id) or {} if going else {}

    def tracks(self, n: int) -> None:
        """So many are written by the recorder that runs now, for a second at least."""
        self.until(lambda: self.status().get("tracks", 0) >= n and self.status()["seconds"] > 1)

    def only(self) -> Any:
        with self.installation.found.db.read() as conn:
            one, = recording_store.of_meeting(conn, self.room.meeting_id)
        return one

    def kept(self, within: float = 5.0) -> Any:
        self.until(lambda: self.only().kept_at, within)
        return self.only()

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        with self.installation.found.db.read() as conn:
            events = ledger_store.events(conn, self.room.meeting_id)
        return [(event.kind.removeprefix("recording."), dict(event.data)) for event in events if event.kind.startswith("recording.")]

    def manifest(self) -> dict[str, Any]:
        one = self.only()
        return json.loads((self.folder / one.folder / "manifest.json").read_bytes())

    @property
    def folder(self) -> Path:
        return folder_of(self.installation.settings.data, self.room.meeting_id)


def test_a_meeting_is_recorded_told_made_one_file_and_deleted(installation: Installation) -> None:
    story = Story(installation, installation.room(opened=True))
    assert story.ask("clerk", "POST", "/conduct/recording", data=START).status_code == 403
    assert story.ask("chair", "POST", "/conduct/recording", data={**START, "purpose": ""}).json()["error"] == "text.empty"
    with speaking(installation, story.room, "22", "204"):
        assert story.press("recording", **START)["stand"] == "running"
        assert story.ask("secretary", "POST", "/conduct/recording", data=START).json()["error"] == "recording.running"
        assert [story.by_link("06970").json()["new"] for _ in range(2)] == [True, False]
        story.tracks(4)
        assert story.ask("chair", "GET", "/conduct/recording").json()["tracks"] == 4
        story.press("recording", "secretary", do="stop")
        one = story.kept()
    assert one.tracks == 4 and one.bytes > 10_000 and one.manifest_sha256 == hashlib.sha256(
        (story.folder / one.folder / "manifest.json").read_bytes()).hexdigest()
    assert [kind for kind, _ in story.told()] == ["started", "told", "ended", "kept"]
    _files_go_out_with_a_receipt(story, one)
    _one_file_is_made(story, one)
    _nothing_is_left(story, one)


def _files_go_out_with_a_receipt(story: Story, one: Any) -> None:
    page = story.ask("clerk", "GET", "/recordings", headers={"accept": "text/html"}).text
    track = story.manifest()["tracks"][0]
    address = f"/recordings/{one.recording_id}/tracks/{track['file']}"
    assert address in page and "Soạn biên bản" in page and "Ghép thành một tệp MP4" in page and "3 điểm cầu" in page
    whole = story.ask("clerk", "GET", address)
    assert hashlib.sha256(whole.content).hexdigest() == track["sha256"] and whole.headers["content-type"].endswith("/webm")
    piece = story.ask("clerk", "GET", address, headers={"range": "bytes=100-199"})
    assert (piece.status_code, piece.content) == (206, whole.content[100:200])
    assert story.ask("clerk", "GET", address, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert story.ask("clerk", "GET", f"/recordings/{one.recording_id}/tracks/manifest.json").status_code == 404
    assert [data["to"] for kind, data in story.told() if kind == "released"] == ["Lê Thị Hoa"], "pieces are one release"


def _one_file_is_made(story: Story, one: Any) -> None:
    here = f"/recordings/{one.recording_id}"
    assert story.ask("clerk", "GET", f"{here}/file.webm").status_code == 404
    assert story.ask("clerk", "POST", f"{here}/compose", data={"format": "avi"}).status_code == 422
    assert story.ask("clerk", "POST", f"{here}/compose", data={"format": "webm"}).status_code == 303
    story.until(lambda: [kind for kind, _ in story.told()][-1] == "composed", 60)
    made = dict(story.told()[-1][1])
    film = story.ask("secretary", "GET", f"{here}/file.webm", headers={"range": "bytes=0-"})
    assert film.status_code == 206 and hashlib.sha256(film.content).hexdigest() == made["sha256"] and len(film.content) == made["bytes"]
    assert story.told()[-1] == ("released", {"recording": one.recording_id, "file": "webm", "sha256": made["sha256"], "to": "Nguyễn Thị Thu"})


def _nothing_is_left(story: Story, one: Any) -> None:
    here = f"/recordings/{one.recording_id}/delete"
    assert story.ask("clerk", "POST", here, data={"reason": "Không cần"}).status_code == 403
    assert story.ask("secretary", "POST", here, data={"reason": ""}).status_code == 422
    assert story.ask("secretary", "POST", here, data={"reason": "Không cần nữa"}).status_code == 303
    assert not story.folder.exists()
    (kind, data), (after, proof) = story.told()[-2:]
    assert (kind, data["reason"], after, proof["files"]) == ("deleted", "Không cần nữa", "erased", 6)
    assert story.ask("clerk", "GET", f"/recordings/{one.recording_id}/file.webm").status_code == 409
    assert "Không cần nữa" in story.ask("clerk", "GET", "/recordings", headers={"accept": "text/html"}).text


def test_it_pauses_with_the_meeting_and_ends_with_it(installation: Installation) -> None:
    story = Story(installation, installation.room(opened=True))
    with speaking(installation, story.room, "22"):
        story.press("recording", **START)
        story.tracks(2)
        story.press("suspend")
        story.until(lambda: not story.status() and story.manifest()["state"] == "ended")
        size = sum(path.stat().st_size for path in story.folder.rglob("*.webm"))
        assert story.only().stand is Stand.PAUSED
        story.press("resume")
        story.tracks(2)
        story.press("close")
        one = story.kept()
    gap, = story.manifest()["gaps"]
    assert one.tracks == 4 and gap["reason"] == "paused" and gap["to"] and one.reason == "meeting_closed" and one.bytes > size
    assert [kind for kind, _ in story.told()] == ["started", "paused", "resumed", "ended", "kept"]


def test_after_a_restart_it_goes_on_and_the_gap_is_told(tmp_path: Path) -> None:
    first = Installation(tmp_path).start()
    story = Story(first, first.room(opened=True))
    with speaking(first, story.room, "22"):
        story.press("recording", **START)
        story.tracks(2)
    first.stop()
    assert [kind for kind, _ in story.told()] == ["started"], "nobody stopped it"
    second = Again(tmp_path, first).start()
    try:
        story.installation = second
        with speaking(second, story.room, "22"):
            story.tracks(2)
            story.press("recording", do="stop")
            one = story.kept()
    finally:
        second.stop()
    (_, _), (kind, gap), *rest = story.told()
    assert (kind, gap["reason"], [one for one, _ in rest]) == ("resumed", "restart", ["ended", "kept"])
    stated, = story.manifest()["gaps"]
    assert stated["reason"] == "restart" and one.tracks == 4 and 0 <= gap["seconds"] < 60


class Again(Installation):
    """The same folder once more: its people are there already."""

    def __init__(self, data: Path, before: Installation) -> None:
        super().__init__(data)
        self.people = before.people

    def _add_accounts(self) -> None:
        pass


def test_a_recorder_that_can_do_no_more_is_told_to_whoever_believes_in_it(tmp_path: Path) -> None:
    running = Installation(tmp_path).start()
    try:
        story = Story(running, running.room(opened=True))
        story.folder.parent.mkdir(parents=True)
        story.folder.write_bytes(b"no folder can be made here")
        story.press("recording", **START)
        story.until(lambda: story.only().ended_at, 30)
        assert story.ask("chair", "GET", "/conduct/recording").json() == {"asks": False, "ended": "failed"}
        one = story.kept(20)
        assert (one.tracks, one.manifest_sha256) == (0, None)
    finally:
        running.stop()
    assert [kind for kind, _ in story.told()] == ["started", "ended", "kept"]


def test_what_was_kept_long_enough_goes_by_itself(installation: Installation) -> None:
    story = Story(installation, installation.room(opened=True))
    story.press("recording", **{**START, "keep": "1"})
    chair = factories.user(installation.people["chair"].user_id, "t", Role.CHAIR)
    with installation.found.db.write() as conn:
        service.close(conn, story.room.meeting_id, chair, installation.now())
    one = story.kept(20)
    (story.folder / f"{one.folder}.mp4").parent.mkdir(parents=True, exist_ok=True)
    (story.folder / f"{one.folder}.mp4").write_bytes(b"film")
    found = installation.found
    chore(found.db, found.settings.data, installation.now())
    assert story.only().stand is Stand.KEPT
    chore(found.db, found.settings.data, one.keep_until)
    assert story.only().stand is Stand.ERASED and not story.folder.exists()
    (kind, data), (after, _proof) = story.told()[-2:]
    assert (kind, data["reason"], after) == ("deleted", "retention", "erased")


def test_one_file_waits_while_rooms_are_full_and_the_machine_is_busy() -> None:
    assert gives_way(load=1.6, cores=2, live=True)
    assert not gives_way(load=1.6, cores=2, live=False) and not gives_way(load=1.0, cores=2, live=True)
