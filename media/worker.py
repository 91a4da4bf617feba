"""The process around the SFU: control socket, lifetime, self-test.  The composition root of the media area.

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
from media.control import Message, decode, encode, error_message
from media.errors import BadSdp, MediaError
from media.limits import CONTROL_VERSION, CONTROLLER_WAIT, EVENT_QUEUE, MAX_LINE, RECONNECT_WAIT, SLOW_READER
from media.port import open_port
from media.sfu import Sfu

log = logging.getLogger(__name__)
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Options:
    """Command line of a worker."""

    path: Path
    port: int
    addresses: tuple[str, ...]
    parent: int | None = None
    tcp_port: int | None = None  # None: the number of the UDP port; 0: no TCP


class Worker:
    """Serves one Sfu over a unix socket."""

    def __init__(self, sfu_of: Callable[[Callable[[Message], None]], Sfu]) -> None:
        """``sfu_of(tell)`` makes the Sfu."""
        self._writers: dict[asyncio.StreamWriter, dict[str, bytes]] = {}  # with the ``slots`` news held back, by session
        self._patience = asyncio.get_running_loop().time() + CONTROLLER_WAIT
        self.ended = asyncio.Event()
        self.sfu = sfu_of(self._tell)
        self._operations: dict[str, Callable[[Message], Any]] = {
            "publish": self._publish, "subscribe": self._subscribe, "close": self._close,
            "close_room": self._close_room, "policy": self._policy, "stats": self._stats,
        }

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
            if request.get("v") != CONTROL_VERSION or operation is None:
                raise MediaError("control.version")
            return encode({"id": number, "ok": operation(request)})
        except MediaError as error:
            return encode({"id": number, "error": error_message(error)})
        except Exception:  # the fire wall: one request may fail, the worker goes on
            log.exception("control.fault")
            return encode({"id": number, "error": error_message(MediaError("control.fault"))})

    def _tell(self, event: Message) -> None:
        line = encode(event)
        for writer, held in list(self._writers.items()):
            if writer.is_closing():
                continue  # hung up; asyncio would complain about every line
            slow = not self._catch_up(writer)
            held.pop(event["session"], None)
            if slow and event["event"] == "slots":
                held[event["session"]] = line  # of these only the newest counts
            elif writer.transport.get_write_buffer_size() > EVENT_QUEUE * 256:
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

    def _publish(self, request: Message) -> str:
        room, session, name, offer = _texts(request, "room", "session", "name", "offer")
        return self.sfu.publish(room, session, name, offer)

    def _subscribe(self, request: Message) -> str:
        room, session, name, offer = _texts(request, "room", "session", "name", "offer")
        return self.sfu.subscribe(room, session, name, offer, _names(request.get("publishers")))

    def _close(self, request: Message) -> bool:
        return self.sfu.close(*_texts(request, "session"))

    def _close_room(self, request: Message) -> None:
        self.sfu.close_room(*_texts(request, "room"))

    def _policy(self, request: Message) -> None:
        self.sfu.policy(*_texts(request, "room"), _names(request.get("heard")), _names(request.get("stage")) or [])

    def _stats(self, request: Message) -> Message:
        used = resource.getrusage(resource.RUSAGE_SELF)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return {
            "cpu_s": used.ru_utime + used.ru_stime, "rss_bytes": pages * _PAGE, "threads": threading.active_count(),
            "pid": os.getpid(), "port": self.sfu.port, **self.sfu.stats(request.get("room")),
        }


def _number(request: Message) -> int | None:
    number = request.get("id")
    if number is not None and not (isinstance(number, int) and abs(number) < 1 << 53):
        raise MediaError("control.syntax")  # it comes back in the answer: nothing large, nothing nested
    return number


def _texts(request: Message, *fields: str) -> list[str]:
    values = [request.get(name) for name in fields]
    for name, value in zip(fields, values, strict=True):
        if not isinstance(value, str):
            raise BadSdp("sdp.syntax") if name == "offer" else MediaError("control.syntax")
    return [str(value) for value in values]


def _names(value: Any) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise MediaError("control.syntax")
    return value


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
    """A worker from start to end; ``ready(port)`` is called when both sockets are open.  Raises: OSError."""
    await wire.prove()
    _free(options.path)
    _allow_descriptors()
    port = open_port(options.port, options.addresses, options.tcp_port)
    worker = Worker(lambda tell: Sfu(port.sockets, options.addresses, tell, listeners=port.listeners))
    mask = os.umask(0o177)  # the control socket is for the user who runs the product alone
    try:
        server = await asyncio.start_unix_server(worker.serve, path=str(options.path), limit=MAX_LINE)
    finally:
        os.umask(mask)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.ended.set)
    watcher = loop.create_task(_watch(worker, options.parent))
    # What stands now stays: the collector need not walk it again while media waits.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    ready(worker.sfu.port)
    await worker.ended.wait()
    watcher.cancel()
    server.close()
    worker.sfu.shut()
    for writer in list(worker._writers):
        writer.close()
    options.path.unlink(missing_ok=True)
