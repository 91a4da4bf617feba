"""The process around the SFU: control socket, lifetime, self-test.  The composition root of the media area.

A worker may start as a spare: everything is loaded and proved, but it listens nowhere until ``listen`` gives it the port of
a worker that died.
Ends when its last controller hangs up, when its parent dies or on SIGTERM; a connection that broke may come back within
seconds.  Never touches packets (``media/sfu.py``).
Called by ``media/__main__.py``.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media import wire
from media.control import NEWEST, Message, decode, encode, error_message
from media.errors import MediaError
from media.limits import (
    CONTROL_KNOWN,
    CONTROL_VERSION,
    CONTROLLER_WAIT,
    MAX_LINE,
    MAX_ROOMS,
    RECONNECT_WAIT,
    SLOW_READER,
    UNREAD,
)
from media.load import LAG_TICK, Meter
from media.port import open_port
from media.sfu import Sfu
from media.worker_ops import Operations, texts

log = logging.getLogger(__name__)
RECORDER = ("bytes", "gaps", "fsync_ms")
RECORDER_SILENCE = 10.0  # seconds after which a recorder's last word is forgotten
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Options:
    """Command line of a worker; ``port`` None: a spare."""

    path: Path
    port: int | None
    addresses: tuple[str, ...]
    parent: int | None = None
    tcp_port: int | None = None  # None: the number of the UDP port; 0: no TCP


class Worker:
    """Serves one Sfu over a unix socket."""

    def __init__(self, sfu_of: Callable[[Callable[[Message], None], int], Sfu], port: int | None = 0) -> None:
        """``sfu_of(tell, port)`` makes the Sfu: now, or with ``port`` None when ``listen`` asks.  Raises: OSError."""
        self._writers: dict[asyncio.StreamWriter, dict[tuple[str, str], bytes]] = {}  # with news held back, by session
        self._patience = asyncio.get_running_loop().time() + CONTROLLER_WAIT
        self.ended = asyncio.Event()
        self.meter = Meter()
        self._sfu_of = sfu_of
        self._recorders: dict[str, tuple[float, Message]] = {}
        self._sfu = sfu_of(self._tell, port) if port is not None else None
        own = {"hello": self._hello, "listen": self._listen, "recorder": self._recorder, "stats": self._stats}
        self._operations: dict[str, Callable[[Message], Any]] = {**own, **Operations(lambda: self.sfu).by_name()}

    @property
    def sfu(self) -> Sfu:
        """Raises: MediaError ``worker.spare`` while there is none."""
        if self._sfu is None:
            raise MediaError("worker.spare")
        return self._sfu

    @property
    def port(self) -> int:
        """Where it takes media; 0 for a spare."""
        return self._sfu.port if self._sfu is not None else 0

    def shut(self) -> None:
        """Ends all sessions."""
        if self._sfu is not None:
            self._sfu.shut()

    # -- control socket -------------------------------------------------------------------------------------------------

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One controller; when the last one hangs up the worker ends, when it was lost the worker waits for another."""
        self._writers[writer] = {}
        said_goodbye = False
        try:
            while line := await reader.readline():
                writer.write(self._answer(line))
                await writer.drain()
                await asyncio.sleep(0)  # a burst of requests must not hold up media
            said_goodbye = writer in self._writers
        except (OSError, ValueError) as error:
            log.info("control.lost reason=%s", type(error).__name__)  # a line beyond the limit, or a broken pipe
        except asyncio.CancelledError:
            pass  # the worker ends; before Python 3.12 asyncio itself stumbles over a cancelled handler, loudly
        finally:
            self._writers.pop(writer, None)
            writer.close()
            if not self._writers:
                self._patience = asyncio.get_running_loop().time() + RECONNECT_WAIT
                if said_goodbye:
                    self.ended.set()

    def look(self) -> None:
        """Twice a second: tells slow controllers what was held back, and ends a worker that nobody controls."""
        for writer in list(self._writers):
            self._catch_up(writer)
        if not self._writers and asyncio.get_running_loop().time() > self._patience:
            self.ended.set()

    def _answer(self, line: bytes) -> bytes:
        number = None
        try:
            request = decode(line)
            number = _number(request)
            operation = self._operations.get(str(request.get("op")))
            if request.get("v") not in CONTROL_KNOWN:
                raise MediaError("control.version")
            if operation is None:
                raise MediaError("control.op")
            return encode({"id": number, "ok": operation(request)})
        except MediaError as error:
            return encode({"id": number, "error": error_message(error)})
        except Exception:  # the fire wall: one request may fail, the worker goes on
            log.exception("control.fault")
            return encode({"id": number, "error": error_message(MediaError("control.fault"))})

    def _tell(self, event: Message) -> None:
        line, kind, session = encode(event), event["event"], event.get("session", "")
        for writer, held in list(self._writers.items()):
            if writer.is_closing():
                continue  # hung up; asyncio would complain about every line
            slow = not self._catch_up(writer)
            for older in NEWEST if kind == "down" else (kind,):
                held.pop((session, older), None)  # nothing is to be told of who is gone, and the newest of a kind counts
            if slow and kind in NEWEST:
                held[session, kind] = line
            elif writer.transport.get_write_buffer_size() > UNREAD:
                del self._writers[writer]
                writer.transport.abort()  # does not read; better a reconnect than memory without end
            else:
                writer.write(line)

    def _catch_up(self, writer: asyncio.StreamWriter) -> bool:
        """Whether this controller reads what it is told; what was held back goes first."""
        if writer.transport.get_write_buffer_size() > SLOW_READER:
            return False
        held = self._writers[writer]
        writer.write(b"".join(held.values()))
        held.clear()
        return True

    # -- operations -----------------------------------------------------------------------------------------------------

    def _hello(self, _request: Message) -> Message:
        return {
            "version": CONTROL_VERSION, "port": self.port, "pid": os.getpid(),
            "address": list(self._sfu.address) if self._sfu is not None else None,
            "capabilities": sorted(self._operations),
        }

    def _listen(self, request: Message) -> int:
        port = request.get("port")
        if not isinstance(port, int) or not 0 <= port <= 65535:
            raise MediaError("control.syntax")
        if self._sfu is not None:
            raise MediaError("worker.listens")
        try:
            self._sfu = self._sfu_of(self._tell, port)
        except OSError as error:
            log.error("media port %d: %s", port, error.strerror)
            raise MediaError("worker.port") from error
        return self._sfu.port

    def measure(self) -> None:
        """Every LAG_TICK seconds: how late the loop is, and what is done a second."""
        sfu, used = self._sfu, resource.getrusage(resource.RUSAGE_SELF)
        counters = sfu.counters if sfu is not None else None
        self.meter.note(asyncio.get_running_loop().time(), used.ru_utime + used.ru_stime,
                        counters.packets_out if counters is not None else 0)

    def _recorder(self, request: Message) -> None:
        """A recorder of a room here says how it goes; for whoever reads the counters."""
        told = {name: request.get(name) for name in RECORDER}
        if not all(isinstance(value, int | float) for value in told.values()):
            raise MediaError("control.syntax")
        self._recorders[texts(request, "session")[0]] = asyncio.get_running_loop().time(), told
        if len(self._recorders) > MAX_ROOMS:
            del self._recorders[next(iter(self._recorders))]

    def _recorded(self) -> Message:
        """All recorders that spoke lately together: sums, but the slowest disk."""
        now = asyncio.get_running_loop().time()
        self._recorders = {name: one for name, one in self._recorders.items() if now - one[0] < RECORDER_SILENCE}
        told = [one for _at, one in self._recorders.values()]
        if not told:
            return {}
        return {"count": len(told), "bytes": sum(one["bytes"] for one in told), "gaps": sum(one["gaps"] for one in told),
                "fsync_ms": max(one["fsync_ms"] for one in told)}

    def _stats(self, request: Message) -> Message:
        used = resource.getrusage(resource.RUSAGE_SELF)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return {
            "cpu_s": used.ru_utime + used.ru_stime, "rss_bytes": pages * _PAGE, "threads": threading.active_count(),
            "tasks": len(asyncio.all_tasks()), "pid": os.getpid(), "port": self.sfu.port, "load": self.meter.load(),
            "room_count": len(self.sfu.rooms), "recorder": self._recorded(), **self.sfu.stats(request.get("room")),
        }


def _number(request: Message) -> int | None:
    number = request.get("id")
    if number is not None and not (isinstance(number, int) and abs(number) < 1 << 53):
        raise MediaError("control.syntax")  # it comes back in the answer: nothing large, nothing nested
    return number


# -- the process --------------------------------------------------------------------------------------------------------


def _free(path: Path) -> None:
    """Removes a socket a dead worker left behind.  Raises: OSError when somebody answers there or it is no socket."""
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise FileExistsError(path)
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink()
            return
    raise FileExistsError(path)


async def _measure(worker: Worker) -> None:
    while True:
        await asyncio.sleep(LAG_TICK)
        worker.measure()


async def _watch(worker: Worker, parent: int | None) -> None:
    """Ends the worker when its parent is gone, or when nobody takes control of it."""
    while True:
        await asyncio.sleep(0.5)
        if parent is not None and not _alive(parent):
            worker.ended.set()
        worker.look()


def _alive(pid: int) -> bool:
    if os.getppid() == pid:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _allow_descriptors() -> None:
    """Every TCP connection is one: as many as the system grants us."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def run(options: Options, ready: Callable[[int], None]) -> None:
    """A worker from start to end; ``ready(port)`` is called when both sockets are open (a spare: 0).  Raises: OSError."""
    await wire.prove()
    _free(options.path)
    _allow_descriptors()

    def sfu_of(tell: Callable[[Message], None], wanted: int) -> Sfu:
        port = open_port(wanted, options.addresses, options.tcp_port)
        return Sfu(port.sockets, options.addresses, tell, listeners=port.listeners)

    worker = Worker(sfu_of, options.port)
    mask = os.umask(0o177)  # the control socket is for the user who runs the product alone
    try:
        server = await asyncio.start_unix_server(worker.serve, path=str(options.path), limit=MAX_LINE)
    finally:
        os.umask(mask)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.ended.set)
    chores = [loop.create_task(_watch(worker, options.parent)), loop.create_task(_measure(worker))]
    # What stands now stays: the collector need not walk it again while media waits.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    ready(worker.port)
    await worker.ended.wait()
    for chore in chores:
        chore.cancel()
    server.close()
    worker.shut()
    for writer in list(worker._writers):
        writer.close()
    options.path.unlink(missing_ok=True)
