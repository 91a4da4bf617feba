"""The server of a rehearsal: the product itself as a process of its own, with its accounts, on a folder of its own.

Started with the same command a person would type; ended with the signal a person would send.  Called by `journey.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from web.bootstrap import ROOT
from web.folders import ACCOUNTS

READY_S = 90.0
GRACE_S = 15.0
LOG = "server.log"


class NotReady(Exception):
    """The server did not come up; the text is the end of what it said."""


@dataclass(slots=True)
class Stage:
    """A running server."""

    base_url: str
    data: Path
    process: asyncio.subprocess.Process

    @property
    def passwords(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.data / ACCOUNTS).read_text())
        return found

    def resident_mib(self) -> float:
        """Most memory held so far by the server and its relay together, MiB (VmHWM of both, as the kernel counts)."""
        return sum(_peak_kib(pid) for pid in [self.process.pid, *children(self.process.pid)]) / 1024


async def start(data: Path, units: str) -> Stage:
    """Starts the server and returns once it answers /readyz.  Raises NotReady."""
    port = _free_port()
    data.mkdir(parents=True, exist_ok=True)
    with (data / LOG).open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "web", "demo", "--data", str(data), "--port", str(port), "--units", units,
            "--points", "0", "--no-meeting", "--no-browser", stdout=log, stderr=log, cwd=ROOT,
        )
    stage = Stage(f"http://localhost:{port}", data, process)
    try:
        async with asyncio.timeout(READY_S), httpx.AsyncClient(base_url=stage.base_url) as http:
            while not await _answers(http):
                if process.returncode is not None:
                    raise NotReady(_tail(data))
                await asyncio.sleep(0.1)
    except TimeoutError:
        await stop(stage)
        raise NotReady(_tail(data)) from None
    return stage


async def stop(stage: Stage) -> None:
    """Ends the server as Ctrl+C would."""
    if stage.process.returncode is not None:
        return
    stage.process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(GRACE_S):
            await stage.process.wait()
    except TimeoutError:
        stage.process.kill()
        await stage.process.wait()


async def _answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(data: Path) -> str:
    return "\n".join((data / LOG).read_text(errors="replace").splitlines()[-12:])


def children(pid: int) -> list[int]:
    """The processes that this one started and that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


def _peak_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def folder_is_ours(data: Path) -> bool:
    """Whether this user may use the folder: it is empty, absent, or holds an earlier rehearsal or demonstration."""
    return not data.exists() or (data.is_dir() and os.access(data, os.W_OK)
                                 and (not any(data.iterdir()) or (data / "diemcau.db").exists()))
