"""Finishes what a dead recorder left: every track up to its last whole piece, its SHA-256, and a plain word about the rest.

Safe to run at any time and as often as one likes: a recording whose recorder lives is left alone, one that is finished too.
Blocking.  Called by ``media/recorder.py`` before it goes on with a recording, and by the commands of the web.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from media import matroska
from media.record_store import Store, read_manifest, reader
from media.record_words import ENDED, KILLED


def recover(folder: Path) -> dict[str, Any] | None:
    """The manifest of a finished recording; None while its recorder lives.  Raises: OSError, ValueError."""
    manifest = read_manifest(folder)
    if manifest["state"] == ENDED and all(track["sha256"] for track in manifest["tracks"]):
        return manifest
    try:
        store = Store(folder)
    except BlockingIOError:
        return None
    try:
        manifest = read_manifest(folder)               # its recorder may have finished it meanwhile
        tracks = [_track(store, track) for track in manifest["tracks"]]
        manifest["tracks"] = [track for track in tracks if track is not None]
        if manifest["state"] != ENDED:
            _end(manifest)
        manifest["counters"]["bytes"] = sum(track["bytes"] for track in manifest["tracks"])
        store.release()
        store.write_manifest(manifest)
        return manifest
    finally:
        store.close()


def _end(manifest: dict[str, Any]) -> None:
    """When it died nobody knows: from the last durable frame on everything is missing."""
    last = max([track["end"] for track in manifest["tracks"]] + [manifest["started"]])
    manifest.update(state=ENDED, reason=KILLED, ended=last)
    if not manifest["gaps"] or manifest["gaps"][-1]["to"] is not None:
        manifest["gaps"].append({"from": last, "to": None, "reason": KILLED})


def _track(store: Store, entry: dict[str, Any]) -> dict[str, Any] | None:
    """The entry as it is true now; None for a track of which nothing was written."""
    path = store.folder / entry["file"]
    if entry["sha256"]:
        return entry
    if not path.exists():
        return None
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        found = matroska.walk(reader(file), size)
    if not found.blocks:
        store.drop(entry["file"])
        return None
    with path.open("r+b") as file:
        file.truncate(found.end)
    duration = found.last + 20
    tail, patches = matroska.finish(matroska.reopened(found.head), found.end, duration, found.starts)
    size = store.finish(entry["file"], found.end, tail, patches)
    end = datetime.fromisoformat(entry["start"]) + timedelta(milliseconds=duration)
    entry |= {
        "end": end.isoformat(timespec="microseconds").replace("+00:00", "Z"), "bytes": size, "frames": found.blocks,
        "sha256": store.digest(entry["file"]),
    }
    return entry
