"""The disk under a recorder: slow, full at any write, failing; what the manifest lists is there whatever happens."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import record_store
from media.depacketize import Frame
from media.matroska import opus_head
from media.peers_clip import Clip
from media.record_beat import Beat
from media.record_book import Book
from media.record_recover import recover
from media.record_store import MANIFEST, Store, read_manifest
from media.record_track import PENDING, Track

SOUNDS, PICTURES = Clip.make("A", 0).sounds, Clip.make("A", 0).pictures


class Bench:
    """A book with one sound and one picture track, and its beat; time passes when frames are put in."""

    def __init__(self, folder: Path, sync=os.fsync) -> None:
        self.store = Store(folder, sync)
        self.book = Book("m", folder.name, 0.0, 1_772_672_400.0)
        self.beat = Beat(self.book, self.store, ThreadPoolExecutor(1), ThreadPoolExecutor(1), room=0)
        self.at = 0.0
        self.sound: Track = self.book.open("A", "audio", "OPUS", opus_head(), (0, 0), 0.0, 0.0)
        self.picture: Track = self.book.open("A", "video", "VP8", b"", (320, 180), 0.0, 0.0)

    def half_a_second(self) -> None:
        for number in range(25):
            if not self.book.blocked:
                self.sound.add(Frame(0, SOUNDS[number], True), self.at + number / 50)
        for number in range(8):
            if not self.book.blocked:
                self.picture.add(Frame(0, PICTURES[number], number == 0), self.at + number / 15)
        self.at += 0.5

    async def end(self) -> bool:
        self.book.end("stopped", self.at)
        try:
            return await self.beat.last()
        finally:
            self.store.close()


def listed(folder: Path) -> Iterator[int]:
    """Frames of every track, after proving that the file has what the manifest says of it."""
    for track in read_manifest(folder)["tracks"]:
        data = (folder / track["file"]).read_bytes() if track["bytes"] else b""
        assert len(data) >= track["bytes"]
        if track["sha256"]:
            assert hashlib.sha256(data).hexdigest() == track["sha256"]
        count = 0
        if data:
            with av.open(str(folder / track["file"])) as container:
                count = sum(1 for _ in container.decode(**{track["kind"]: 0}))
        assert count >= track["frames"]
        yield count


async def test_a_disk_that_hangs_costs_bounded_memory_and_a_stated_gap(tmp_path: Path) -> None:
    free, hang = threading.Event(), threading.Event()

    def sync(descriptor: int) -> None:
        if hang.is_set():
            assert free.wait(20)

    bench = Bench(tmp_path / "rec", sync)
    bench.half_a_second()
    await bench.beat.once()
    hang.set()
    bench.half_a_second()
    beating = asyncio.create_task(bench.beat.once())
    await asyncio.sleep(0.05)
    big = PICTURES[0] + bytes(500_000)
    for number in range(200):                                   # 100 MB come while the disk hangs
        bench.picture.add(Frame(0, big, True), bench.at + number / 100)
        assert bench.picture._waiting <= PENDING + len(big) + 16
        if bench.picture.crowded:
            bench.picture.forget("slow_disk")
    bench.at += 2.0
    hang.clear()
    free.set()
    await beating
    bench.half_a_second()
    assert await bench.end()
    sound, picture = read_manifest(tmp_path / "rec")["tracks"]
    assert not sound["gaps"] and picture["gaps"] and all(gap["reason"] == "slow_disk" for gap in picture["gaps"])
    assert list(listed(tmp_path / "rec"))


@pytest.mark.parametrize("call", [*range(1, 16), 20])
async def test_a_disk_that_is_full_at_any_write_tears_nothing(call: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, calls, write = Bench(tmp_path / "rec"), 0, os.pwrite

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        nonlocal calls
        calls += 1
        if calls == call:                                       # half of it still fits
            write(descriptor, bytes(data)[: len(data) // 2], offset)
            raise OSError(errno.ENOSPC, "full")
        return write(descriptor, data, offset)

    monkeypatch.setattr(record_store.os, "pwrite", pwrite)
    for _ in range(4):
        bench.half_a_second()
        assert await bench.beat.once()
        if (tmp_path / "rec" / MANIFEST).exists():
            list(listed(tmp_path / "rec"))
    assert await bench.end()
    manifest = read_manifest(tmp_path / "rec")
    assert all(count == track["frames"] for count, track in zip(listed(tmp_path / "rec"), manifest["tracks"], strict=True))
    if calls >= call and any(track["frames"] < 60 for track in manifest["tracks"] if track["kind"] == "audio"):
        assert "disk_full" in {gap["reason"] for gap in manifest["gaps"]}


async def test_after_a_failed_fsync_nothing_is_claimed_and_the_next_process_finds_out(tmp_path: Path) -> None:
    count = 0

    def sync(descriptor: int) -> None:
        nonlocal count
        count += 1
        if count == 8:
            raise OSError(errno.EIO, "the platter")

    bench = Bench(tmp_path / "rec", sync)
    with pytest.raises(OSError):
        for _ in range(10):
            bench.half_a_second()
            await bench.beat.once()
    before = {track["file"]: track["bytes"] for track in read_manifest(tmp_path / "rec")["tracks"]}
    assert not await bench.end()
    manifest = recover(tmp_path / "rec")
    assert manifest is not None and manifest["gaps"][-1]["reason"] == "disk_error" and manifest["state"] == "ended"
    assert all(track["bytes"] >= before[track["file"]] for track in manifest["tracks"])
    assert all(list(listed(tmp_path / "rec")))


def test_one_recorder_at_a_time(tmp_path: Path) -> None:
    store = Store(tmp_path / "rec")
    with pytest.raises(BlockingIOError):
        Store(tmp_path / "rec")
    store.close()
    Store(tmp_path / "rec").close()


_VALUE = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                      lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6)


@given(data=st.data())
def test_a_manifest_that_somebody_else_wrote_is_refused_or_harmless(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "strange"
    folder.mkdir(exist_ok=True)
    book = Book("m", "r", 0.0, 1_772_672_400.0)
    book.open("A", "audio", "OPUS", b"", (0, 0), 0.0, 0.0).gap("lost")
    manifest = json.loads(json.dumps(book.manifest(1.0)))
    target = data.draw(st.sampled_from([manifest, manifest["tracks"][0], manifest["tracks"][0]["gaps"][0]]))
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(_VALUE)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    try:
        recover(folder)
    except ValueError:
        return
    (folder / MANIFEST).write_bytes(data.draw(st.binary(max_size=30)))
    with pytest.raises(ValueError):
        recover(folder)
