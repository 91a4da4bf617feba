"""The folder of one recording on the disk: data first, then the manifest that lists it, each with fsync.

Blocking: called from a thread of its own by ``media/record_beat.py``, and by ``media/recorder.py``, ``media/record_recover.py``
and ``media/compose.py``.  Either all that a call was given is on the disk afterwards, or what was there before is unchanged
and OSError says why.  A piece of disk is kept in reserve, so that the manifest can still be written when the disk is full.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from types import NoneType
from typing import Any, BinaryIO, Final

from media.record_words import ENDED, RECORDING, SCHEMA

MANIFEST: Final = "manifest.json"
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
RESERVE: Final = 256 << 10          # bytes kept for the last manifest
ROOM: Final = 4 << 20               # bytes that must be free before a recording goes on after a full disk
_LOCK, _RESERVE, _TEMPORARY = ".lock", ".reserve", ".manifest"


class Store:
    """Open with the folder; close with ``close``.  ``sync`` stands in for fsync in tests."""

    def __init__(self, folder: Path, sync: Callable[[int], None] = os.fsync) -> None:
        """Makes the folder and takes its lock.  Raises: OSError; BlockingIOError when a living recorder has it."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.fsync_ms: list[float] = []             # of the calls since somebody looked
        self._sync = sync
        self._files: dict[str, int] = {}
        self._lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise
        to_disk(folder.parent)

    def close(self) -> None:
        """Gives the files, the reserve and the lock back."""
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()
        self.release()
        for name in (_LOCK, _TEMPORARY):
            with contextlib.suppress(OSError):
                (self.folder / name).unlink()
        os.close(self._lock)

    # -- tracks ---------------------------------------------------------------------------------------------------------

    def append(self, pieces: Iterable[tuple[str, int, bytes]]) -> None:
        """(file, its size so far, what comes behind): all of it, or none of it."""
        todo = list(pieces)
        fresh = [name for name, size, _ in todo if name not in self._files and not size]
        try:
            for name, size, data in todo:
                _write(self._open(name), data, size)
            for name, _, _ in todo:
                self._durable(self._open(name))
            if fresh:
                to_disk(self.folder)
        except OSError:
            for name, size, _ in todo:
                if name in self._files:
                    with contextlib.suppress(OSError):
                        os.ftruncate(self._files[name], size)
            raise

    def finish(self, name: str, size: int, tail: bytes, patches: list[tuple[int, bytes]]) -> int:
        """Makes a file of ``size`` bytes complete; returns its size then.  On a full disk it stays without ``tail``."""
        descriptor = self._open(name)
        try:
            if tail:
                _write(descriptor, tail, size)
                self._durable(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
        for offset, data in patches:
            _write(descriptor, data, offset)
        self._durable(descriptor)
        os.close(self._files.pop(name))
        return size + len(tail)

    def drop(self, name: str) -> None:
        """A track of which nothing was ever written has no file."""
        descriptor = self._files.pop(name, None)
        if descriptor is not None:
            os.close(descriptor)
        (self.folder / name).unlink(missing_ok=True)

    def digest(self, name: str) -> str:
        """SHA-256 of a file of this recording, in hex."""
        return self.digest_of(self.folder / name)

    @staticmethod
    def digest_of(path: Path) -> str:
        """SHA-256 of any file, in hex.  Raises: OSError."""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _open(self, name: str) -> int:
        if name not in self._files:
            self._files[name] = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        return self._files[name]

    def _durable(self, descriptor: int) -> None:
        before = time.perf_counter()
        self._sync(descriptor)
        self.fsync_ms.append((time.perf_counter() - before) * 1000)

    # -- manifest -------------------------------------------------------------------------------------------------------

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Replaces the manifest: whoever reads sees the old one or the new one."""
        data = json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n"
        temporary = self.folder / _TEMPORARY
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        try:
            _write(descriptor, data, 0)
            self._durable(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, self.folder / MANIFEST)
        to_disk(self.folder)

    # -- a full disk ----------------------------------------------------------------------------------------------------

    def reserve(self) -> None:
        """Sets space aside.  Raises: OSError."""
        descriptor = os.open(self.folder / _RESERVE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.posix_fallocate(descriptor, 0, RESERVE)
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Gives that space back, for the manifest."""
        with contextlib.suppress(OSError):
            (self.folder / _RESERVE).unlink()

    def free(self) -> int:
        """Bytes that this user may still write here."""
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises: OSError, ValueError for one that is no manifest of ours."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except RecursionError as error:
        raise ValueError("manifest") from error
    _require(manifest, {"meeting": str, "recording": str, "state": str, "started": str, "updated": str,
                        "gaps": list, "tracks": list, "counters": dict})
    if manifest.get("schema") != SCHEMA or manifest["state"] not in (RECORDING, ENDED):
        raise ValueError("manifest")
    moments = [manifest["started"], manifest["updated"]] + ([manifest.get("ended")] if manifest["state"] == ENDED else [])
    for track in manifest["tracks"]:
        _require(track, {"file": str, "point": str, "kind": str, "codec": str, "start": str, "end": str, "bytes": int,
                         "frames": int, "sha256": (str, NoneType), "gaps": list})
        name = track["file"]
        if not name[:4].isdecimal() or name != os.path.basename(name) or "\0" in name or track["kind"] not in ("audio", "video"):
            raise ValueError("manifest")
        moments += [track["start"], track["end"]]
    for gap in [*manifest["gaps"], *(gap for track in manifest["tracks"] for gap in track["gaps"])]:
        _require(gap, {"from": str, "to": (str, NoneType), "reason": str})
        moments += [gap["from"], gap["to"] or gap["from"]]
    if not all(isinstance(moment, str) and moment.endswith("Z") and datetime.fromisoformat(moment) for moment in moments):
        raise ValueError("manifest")
    found: dict[str, Any] = manifest
    return found


def _require(entry: Any, fields: dict[str, Any]) -> None:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(name), kind) for name, kind in fields.items()):
        raise ValueError("manifest")


def reader(file: BinaryIO) -> Callable[[int, int], bytes]:
    """``read(offset, length)`` for ``matroska.walk``."""
    return lambda offset, length: os.pread(file.fileno(), length, offset)


def _write(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        count = os.pwrite(descriptor, view, offset)
        view, offset = view[count:], offset + count


def to_disk(path: Path) -> None:
    """What was written to this file is on the disk, or what was made or renamed in this folder.  Raises: OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
