"""Janus beside us: the Debian package with its videoroom, configured in a temporary folder, under the same load.

Never part of the product at run time; needs `janus` installed and says plainly when it is not. Speaks Janus's JSON over a unix
socket. Called by media/bench.py. Janus answers publishers and makes offers to receivers; it is ICE-lite here, as we are.
"""
from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from media.bench_load import Gauge
from media.bench_worker import Meter
from media.errors import Gone
from media.peers import Publisher

EVENT_LOOPS = 2
START_TIME, CALL_TIME = 20.0, 20.0     # seconds
START_TRIES, OPEN_TIME = 8, 4.0
_ROOM = 1234
_CONFIGURATION = """
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{library}/plugins"
    transports_folder = "{library}/transports"
    events_folder = "{library}/events"
    loggers_folder = "{library}/loggers"
    debug_level = 1
    session_timeout = 0
    event_loops = {loops}
}}
media: {{ rtp_port_range = "20000-40000" }}
nat: {{ ice_lite = true, full_trickle = false }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
loggers: {{ disable = "libjanus_jsonlog.so" }}
"""
_TRANSPORT = """
general: {{ enabled = true, json = "compact", path = "{socket}", type = "SOCK_SEQPACKET" }}
admin: {{ admin_enabled = false }}
"""


class Janus:
    """A running Janus with one room; a `Server` of media/bench_run.py."""

    def __init__(self, pid: int, door: socket.socket) -> None:
        self.meter = Meter(pid)
        self._door, self._loop = door, asyncio.get_running_loop()
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._brief: set[str] = set()
        self._feeds: dict[str, int] = {}
        self._session = 0
        door.setblocking(False)
        self._loop.add_reader(door, self._read)

    async def open(self) -> None:
        """A session and the room. Raises: Gone."""
        self._session = (await self._call({"janus": "create"}))["data"]["id"]
        handle = await self._attach()
        await self._say(handle, {"request": "create", "room": _ROOM, "publishers": 16, "bitrate": 0, "audiocodec": "opus",
                                 "videocodec": "vp8", "notify_joining": False})

    async def publish(self, publisher: Publisher) -> None:
        """Lets it in."""
        publisher.setup = "active"       # Janus as the answering side would choose to be the DTLS client, as we are
        handle = await self._attach()

        async def exchange(offer: str) -> tuple[str, str]:
            told = await self._say(handle, {"request": "joinandconfigure", "room": _ROOM, "ptype": "publisher",
                                            "display": publisher.name}, {"type": "offer", "sdp": offer})
            self._feeds[publisher.name] = told["plugindata"]["data"]["id"]
            await self._no_candidates(handle)
            return told["jsep"]["sdp"], str(handle)

        await publisher.connect(exchange, self._detach)

    async def watch(self, gauge: Gauge, publishers: list[str]) -> None:
        """Lets it in to the feeds of these publishers."""
        handle = await self._attach()

        async def invitation(answer: Callable[[str], str]) -> str:
            streams = [{"feed": self._feeds[name]} for name in publishers]
            told = await self._say(handle, {"request": "join", "room": _ROOM, "ptype": "subscriber", "streams": streams})
            await self._say(handle, {"request": "start"}, {"type": "answer", "sdp": answer(told["jsep"]["sdp"])})
            await self._no_candidates(handle)
            return str(handle)

        await gauge.accept(invitation, self._detach)

    async def close_room(self) -> None:
        """Everybody out."""
        with contextlib.suppress(Gone):
            await self._call({"janus": "destroy", "session_id": self._session})

    def close(self) -> None:
        """Hang up."""
        self._loop.remove_reader(self._door)
        self._door.close()

    async def _attach(self) -> int:
        told = await self._call({"janus": "attach", "session_id": self._session, "plugin": "janus.plugin.videoroom"})
        return int(told["data"]["id"])

    async def _detach(self, handle: str) -> None:
        with contextlib.suppress(Gone):
            await self._call({"janus": "detach", "session_id": self._session, "handle_id": int(handle)})

    async def _no_candidates(self, handle: int) -> None:
        """We call it; it need not wait for addresses of ours."""
        await self._call({"janus": "trickle", "session_id": self._session, "handle_id": handle,
                          "candidate": {"completed": True}})

    async def _say(self, handle: int, body: dict[str, Any], jsep: dict[str, Any] | None = None) -> dict[str, Any]:
        message = {"janus": "message", "session_id": self._session, "handle_id": handle, "body": body}
        told = await self._call(message | ({"jsep": jsep} if jsep else {}))
        data = told.get("plugindata", {}).get("data", {})
        if "error" in data:
            raise Gone(f"janus.{data['error']}")
        return told

    async def _call(self, message: dict[str, Any]) -> dict[str, Any]:
        transaction = str(next(self._numbers))
        answer = self._waiting[transaction] = self._loop.create_future()
        if message["janus"] == "trickle":
            self._brief.add(transaction)       # an acknowledgement is all there will be
        try:
            async with asyncio.timeout(CALL_TIME if self._session else OPEN_TIME):
                await self._loop.sock_sendall(self._door, json.dumps(message | {"transaction": transaction}).encode())
                told = await answer
        except (OSError, TimeoutError) as error:
            raise Gone("janus.gone") from error
        finally:
            self._waiting.pop(transaction, None)
            self._brief.discard(transaction)
        if told.get("janus") == "error":
            raise Gone(f"janus.{told['error'].get('reason', '')}")
        return told

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    data = self._door.recv(1 << 20)
                except ConnectionResetError:
                    data = b""
                if not data:
                    self._loop.remove_reader(self._door)    # who waits will be told by the clock
                    return
                told = json.loads(data)
                transaction = str(told.get("transaction"))
                answer = self._waiting.get(transaction)
                if answer is None or answer.done():
                    continue
                if told.get("janus") != "ack" or transaction in self._brief:
                    answer.set_result(told)


@asynccontextmanager
async def janus(*, core: int | None) -> AsyncIterator[Janus]:
    """Start Janus, pinned to `core` if given; end it with the block.

    Raises: FileNotFoundError when it is not installed, Gone when it does not start.
    """
    program, library = shutil.which("janus"), next(Path("/usr/lib").glob("*/janus"), None)
    if program is None or library is None:
        raise FileNotFoundError("janus is not installed (Debian: apt install janus)")
    with tempfile.TemporaryDirectory(prefix="diemcau-janus-") as name:
        folder = Path(name)
        path = _configure(folder, library)
        process, server = await _start([program, "--configs-folder", name, "--config", str(folder / "janus.jcfg")], path, core)
        try:
            yield server
        finally:
            server.close()
            await _end(process)


async def _start(command: list[str], path: Path, core: int | None) -> tuple[asyncio.subprocess.Process, Janus]:
    """Now and then this version finds its own transport missing or hangs up at once: then it is started again."""
    for attempt in range(START_TRIES):
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL,
                                                       stderr=asyncio.subprocess.DEVNULL)
        try:
            if core is not None:
                os.sched_setaffinity(process.pid, {core})      # before it starts its threads
            server = Janus(process.pid, await _door(process, path))
            try:
                await server.open()
                return process, server
            except BaseException:
                server.close()
                raise
        except Gone:
            await _end(process)
            if attempt == START_TRIES - 1:
                raise
        except BaseException:
            await _end(process)
            raise
    raise Gone("janus.start")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


def _configure(folder: Path, library: Path) -> Path:
    """Writes the configuration; where its door will be."""
    path = folder / "door"
    others = {part: ",".join(sorted({file.name for file in (library / part).glob("*.so") if wanted not in file.name}))
              for part, wanted in (("plugins", "videoroom"), ("transports", "pfunix"))}
    (folder / "janus.jcfg").write_text(_CONFIGURATION.format(folder=folder, library=library, loops=EVENT_LOOPS, **others))
    (folder / "janus.transport.pfunix.jcfg").write_text(_TRANSPORT.format(socket=path))
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: { }\n")
    return path


async def _door(process: asyncio.subprocess.Process, path: Path) -> socket.socket:
    end = asyncio.get_running_loop().time() + START_TIME
    while process.returncode is None and asyncio.get_running_loop().time() < end:
        door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            door.connect(str(path))
            return door
        except OSError:
            door.close()
        await asyncio.sleep(0.05)
    raise Gone("janus.start")
