"""Pages of papers as pictures, made in a process of their own and kept by content, page and width.

`Press.page` draws each picture once, however many ask for it at a time, and gives the file to send.  `look` and `bind` take one
process each and keep nothing.  It never reads a paper in this process and decides nothing about who may see one: routes do.
Called by `routes/reading.py`, `uploads.py`, `camera.py` and `housekeeping.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from meetings.blobs import noticing_full_disk
from meetings.errors import NotFound, Unavailable
from meetings.pages import Look
from web.bootstrap import ROOT

log = logging.getLogger("web.pages")

WIDTHS = (360, 540, 720, 1080, 1440, 2160)
"""Pictures are made in these widths only: a page asks for the next one up, and most ask for the same."""
START = 30.0  # seconds the process may take to begin, on a machine that is busy
PATIENCE = 10.0  # … a page to be drawn
LOOKING = 40.0  # … a file to be looked through, or photographs to become pages
KEPT = 2 << 30  # bytes of pictures; the oldest go first
WAITING = 200  # pages asked for and not yet drawn, or texts not yet said, beyond which more are refused
_MODULE = "web.pageworker"


def fitting(width: int) -> int:
    """The width that is drawn for a page shown `width` pixels wide."""
    return next((one for one in WIDTHS if one >= width), WIDTHS[-1])


class Press:
    """See the module.  Belongs to one event loop, but for `look`, `bind` and `sweep`, which come from threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._making: dict[str, asyncio.Task[Path]] = {}
        self._saying = 0

    async def page(self, source: Path, sha256: str, page: int, width: int, picture: bool = False) -> Path:
        """The picture of page `page` of `source`, `fitting(width)` wide.  Raises NotFound("page.unreadable"), Unavailable("page.busy" | "blob.full")."""
        wide = fitting(width)
        target = self._folder / sha256[:2] / sha256 / f"{page}-{wide}.webp"
        if target.exists():
            with contextlib.suppress(OSError):
                os.utime(target)
            return target
        key = target.as_posix()
        if key not in self._making:
            if len(self._making) >= WAITING:
                raise Unavailable("page.busy")
            task = {"do": "picture" if picture else "draw", "path": str(source), "page": page, "width": wide}
            self._making[key] = asyncio.create_task(self._make(task, target))
            self._making[key].add_done_callback(lambda done: (self._making.pop(key, None), done.cancelled() or done.exception()))
        return await asyncio.shield(self._making[key])

    async def text(self, source: Path, page: int) -> str:
        """What the page says, for those who do not see it.  Raises NotFound("page.unreadable"), Unavailable("page.busy")."""
        if self._saying >= WAITING:
            raise Unavailable("page.busy")
        self._saying += 1
        try:
            answer = await self._ask({"do": "text", "path": str(source), "page": page})
        finally:
            self._saying -= 1
        return str(answer["text"])

    async def _make(self, task: dict[str, Any], target: Path) -> Path:
        with noticing_full_disk():
            target.parent.mkdir(parents=True, exist_ok=True)
            made = target.with_name(f"{secrets.token_hex(8)}.part")
            try:
                await self._ask({**task, "out": str(made)})
                os.replace(made, target)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    made.unlink()
        return target

    async def _ask(self, task: dict[str, Any]) -> dict[str, Any]:
        async with self._turn:
            try:
                process = await self._worker()
                answer = await _answered(process, json.dumps(task).encode() + b"\n", PATIENCE)
            except TimeoutError:
                await self._end()
                log.warning("a page was not drawn in time: page %s of %s", task["page"], task["path"])
                raise Unavailable("page.busy") from None
            except asyncio.CancelledError:  # its answer is still to come, and would be taken for that of the next question
                await self._end()
                raise
            except (ValueError, OSError):  # it was ended by a limit
                await self._end()
                log.warning("the process that draws ended over page %s of %s", task["page"], task["path"])
                raise NotFound("page.unreadable", page=task["page"]) from None
        if "error" in answer:
            log.info("a page could not be drawn: page %s of %s: %s", task["page"], task["path"], answer["error"])
            raise NotFound("page.unreadable", page=task["page"])
        return answer

    async def _worker(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", _MODULE, "draw", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT, limit=1 << 20)
            try:
                await _answered(self._process, b"", START)
            except BaseException:  # its first word is still to come, and would be taken for an answer
                await self._end()
                raise
        return self._process

    async def warm(self) -> None:
        """Somebody is about to read: the process that draws is there when the first page is asked for."""
        async with self._turn:
            with contextlib.suppress(TimeoutError, ValueError, OSError):
                await self._worker()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def close(self) -> None:
        """Ends the process; what is being drawn is given up."""
        for task in tuple(self._making.values()):
            task.cancel()
        await self._end()

    # --- from threads --------------------------------------------------------------------------------------------

    def look(self, data: bytes) -> Look | None:
        """What is in a PDF; None when nobody can read it, or not in time."""
        answer, _made = _once("look", [data])
        return None if answer is None or "error" in answer else Look(int(answer["pages"]), str(answer["acts"]))

    def bind(self, photos: Sequence[bytes]) -> bytes | None:
        """A PDF of these photographs; None when one of them is none."""
        answer, made = _once("bind", photos)
        return made if answer is not None and "error" not in answer else None

    def sweep(self, kept: int = KEPT) -> int:
        """Pictures that nobody looked at for longest go until the rest fits; how many went.  Each is made again when it is asked for."""
        files = sorted((status.st_mtime, status.st_size, path) for path, status in _pictures(self._folder))
        over, gone = sum(size for _at, size, _path in files) - kept, 0
        for _at, size, path in files:
            if over <= 0:
                break
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            over, gone = over - size, gone + 1
        return gone


async def _answered(process: asyncio.subprocess.Process, said: bytes, patience: float) -> dict[str, Any]:
    """Raises TimeoutError; ValueError or OSError when it has ended."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(said)
    answer: dict[str, Any] = json.loads(await asyncio.wait_for(process.stdout.readline(), patience))
    return answer


def _pictures(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in folder.glob("*/*/*"):
        with contextlib.suppress(FileNotFoundError):
            found.append((path, path.stat()))
    return found


def _once(what: str, files: Sequence[bytes]) -> tuple[dict[str, Any] | None, bytes]:
    sent = json.dumps([len(file) for file in files]).encode() + b"\n" + b"".join(files)
    try:
        done = subprocess.run([sys.executable, "-m", _MODULE, what], input=sent, stdout=subprocess.PIPE, cwd=ROOT, timeout=LOOKING, check=False)
    except subprocess.TimeoutExpired:
        return None, b""
    line, _end, made = done.stdout.partition(b"\n")
    try:
        return dict(json.loads(line)), made
    except ValueError:  # it was killed by a limit
        return None, b""
