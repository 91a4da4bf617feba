"""Recordings of one installation: where they lie, which there are, and a recorder process that is kept going.

Decides nothing about who may record whom; files are written by ``media/recorder.py`` alone, in a process of its own, so that
nothing of it delays pages or media.  Called by the commands `record` and `compose`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from media.record_recover import recover
from media.record_store import MANIFEST
from media.record_words import KILLED
from web.bootstrap import ROOT

FOLDER = "recordings"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
RESTARTS = 5  # in a row; a recorder that worked for STEADY seconds starts the row anew
STEADY = 60.0
PAUSE = 0.5
OK, FAILED = 0, 1

Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording on the disk.  ``manifest`` as in docs/protocol.md; ``running``: its recorder lives."""

    folder: Path
    manifest: dict[str, Any]
    running: bool

    @property
    def name(self) -> str:
        return self.folder.name


def folder_of(data: Path, meeting: str) -> Path:
    """Where the recordings of a meeting (or of a bench room) lie.  Raises: ValueError for what can be no meeting."""
    if not NAME.fullmatch(meeting):
        raise ValueError(meeting)
    return data / FOLDER / meeting


def fresh(data: Path, meeting: str, at: datetime) -> Path:
    """A folder for a new recording, not made yet; names sort by time.  Raises: ValueError."""
    return folder_of(data, meeting) / f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def listed(data: Path, meeting: str) -> list[Recording]:
    """All recordings of a meeting, oldest first; what a dead recorder left is finished.  Blocking.  Raises: ValueError."""
    found = []
    for path in sorted(folder_of(data, meeting).glob(f"*/{MANIFEST}")):
        with contextlib.suppress(OSError, ValueError, KeyError):  # no manifest of ours
            whole = recover(path.parent)
            manifest = whole if whole is not None else json.loads(path.read_bytes())
            found.append(Recording(path.parent, manifest, whole is None))
    return found


def remove(data: Path, meeting: str, name: str) -> tuple[int, int]:
    """Everything of one recording, single files made of it included: how many files that were, and bytes.  Blocking.

    Raises: ValueError, OSError when something could not be removed; safe to try again.
    """
    place = folder_of(data, meeting)
    if not NAME.fullmatch(name):
        raise ValueError(name)
    files = [path for path in (*place.glob(f"{name}/*"), *place.glob(f"{name}.*"), *place.glob(f".{name}.*")) if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    for path in files:
        path.unlink()
    for folder in (place / name, place):
        with contextlib.suppress(OSError):  # other recordings are there, or it is gone already
            folder.rmdir()
    if (place / name).exists():
        raise OSError(name)
    return len(files), size


def has_relay(socket: Path) -> bool:
    """Whether a relay of this installation has left its control socket there."""
    return socket.exists() or any(socket.parent.glob(f"{socket.stem}-*{socket.suffix}"))


class Recorder:
    """Keeps one recorder process going in one folder until it is told to stop, or ends by itself."""

    def __init__(self, socket: Path, meeting: str, folder: Path, seconds: float = 0.0, after: str = KILLED) -> None:
        """``seconds``: how long; 0 until ``stop``, or until the room closes.  ``after``: why it had stopped, if it goes on."""
        self._socket, self._meeting, self._folder, self._seconds, self._after = socket, meeting, folder, seconds, after
        self._process: asyncio.subprocess.Process | None = None
        self._stopped = False

    async def run(self, tell: Tell) -> int:
        """Until the end; every line the recorder says goes to ``tell``.  A recorder that dies is started again and goes on
        with the same recording, the gap stated; OK, or FAILED when that helped nothing."""
        began, failures = time.monotonic(), 0
        while True:
            started = time.monotonic()
            left = max(self._seconds - (started - began), 0.1) if self._seconds else 0.0
            code = await self._once(left, tell)
            if code == OK or self._stopped:
                break
            failures = 0 if time.monotonic() - started > STEADY else failures + 1
            if failures > RESTARTS or not (self._folder / MANIFEST).exists():
                return FAILED
            tell({"event": "died", "code": code})
            await asyncio.sleep(PAUSE)
        if code != OK:  # killed while it ended
            with contextlib.suppress(OSError, ValueError):
                await asyncio.to_thread(recover, self._folder)
        return OK

    @property
    def pid(self) -> int | None:
        """Of the process that records now."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    @property
    def stopped(self) -> bool:
        """It was told to end."""
        return self._stopped

    def stop(self) -> None:
        """Ends it soon; `run` returns when everything is on the disk."""
        self._stopped = True
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    async def _once(self, seconds: float, tell: Tell) -> int:
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "media.recorder", "--socket", str(self._socket.resolve()), "--room", self._meeting,
            "--folder", str(self._folder.resolve()), "--seconds", str(seconds), "--parent", str(os.getpid()), "--after", self._after,
            cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, start_new_session=True,
        )
        if self._stopped:
            process.terminate()
        assert process.stdout is not None
        async for line in process.stdout:
            with contextlib.suppress(ValueError):
                tell(json.loads(line))
        return await process.wait()
