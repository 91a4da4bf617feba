"""ICE over TCP, the passive side (RFC 6544): for clients whose network lets no UDP pass.

A connection carries the datagrams of one path, each behind two bytes of length (RFC 4571), and stands in the place of a UDP
socket: ``Stream.sendto``.  What comes in goes to the mux like any datagram, under the connection itself as its source, so
that nothing but ICE checks counts before one was authentic.  Connections that bring none in time, or frames no datagram
could have, are closed and counted; of those not yet checked the oldest makes room for the newest.  What a slow connection
does not take is dropped, pictures long before sound, never queued without end.

Never looks into a datagram.  Created by ``media/sfu.py``, called by the event loop; gives to ``media/mux.py``.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, Protocol

from media.counters import Counters
from media.errors import BadPacket
from media.limits import (
    MAX_DATAGRAM, MAX_STRANGERS, MAX_STREAMS, STRANGER_FRAMES, STRANGER_TIME, STRANGERS_OF_ADDRESS, STREAM_KERNEL_QUEUE,
    STREAM_PICTURE_QUEUE, STREAM_QUEUE, STREAM_READ, STREAM_SILENCE, STREAM_SMALL,
)
from media.port import Path
from media.wire import Address

log = logging.getLogger(__name__)
_ACCEPTS: Final = 16              # connections accepted per turn of the loop
_TCP_USER_TIMEOUT: Final = 18     # linux/tcp.h
_TCP_NOTSENT_LOWAT: Final = 25
_NO_ROOM: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Frames:
    """Cuts a byte stream into datagrams (RFC 4571 section 2).  Pure; holds less than one frame."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Whole datagrams, empty ones left out.  Raises: BadPacket ``tcp.frame``: longer than any datagram of ours."""
        data = self._rest + data
        at, size, found = 0, len(data), []
        while at + 2 <= size:
            end = at + 2 + (data[at] << 8 | data[at + 1])
            if end - at - 2 > MAX_DATAGRAM:
                raise BadPacket("tcp.frame")
            if end > size:
                break
            if end > at + 2:
                found.append(data[at + 2 : end])
            at = end
        self._rest = data[at:]
        return found


class Stream:
    """One accepted connection, in the place of a UDP socket."""

    batch: ClassVar[bool] = False  # no kernel call serves several of them: the fan-out sends to them one by one

    __slots__ = ("address", "opened_at", "checked", "frames", "strange", "_sock", "_out", "_loop", "_descriptor")

    def __init__(self, sock: socket.socket, address: Address, now: float) -> None:
        self._sock, self.address, self.opened_at = sock, address, now
        self.checked = False  # an authentic ICE check came over it
        self.frames = Frames()
        self.strange = 0      # datagrams taken before it was checked
        self._out = bytearray()
        self._loop = asyncio.get_running_loop()
        self._descriptor = sock.fileno()

    @property
    def path(self) -> Path:
        """Where datagrams come from and go to; not kept: it would hold its own connection."""
        return Path(self, self.address)

    def fileno(self) -> int:
        """The descriptor, also after it was closed."""
        return self._descriptor

    def sendto(self, datagram: bytes, address: Address | None = None) -> int:
        """Sends or queues one whole datagram.  Raises: BlockingIOError: the queue is full; OSError: the connection is gone."""
        frame = len(datagram).to_bytes(2, "big") + datagram
        if self._out:
            room = STREAM_QUEUE if len(datagram) <= STREAM_SMALL else STREAM_PICTURE_QUEUE
            if len(self._out) + len(frame) > room:
                raise BlockingIOError(errno.EAGAIN, "queue is full")
            self._out += frame
            return len(datagram)
        try:
            sent = self._sock.send(frame)
        except BlockingIOError:
            sent = 0
        if sent < len(frame):
            self._out += frame[sent:]
            self._loop.add_writer(self._descriptor, self._flush)
        return len(datagram)

    def read(self) -> bytes | None:
        """What came in; empty when the other side ended it, None when there is nothing.  Raises: OSError."""
        try:
            return self._sock.recv(STREAM_READ)
        except (BlockingIOError, InterruptedError):
            return None

    def close(self) -> None:
        """Idempotent; what is queued and the kernel does not take at once is lost."""
        if self._sock.fileno() == -1:
            return
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)
        try:
            if self._out:
                self._sock.send(self._out)
        except OSError:
            pass
        self._out.clear()
        self._sock.close()

    def _flush(self) -> None:
        try:
            del self._out[: self._sock.send(self._out)]
        except BlockingIOError:
            return
        except OSError:
            self._out.clear()  # the reader will learn that it is gone
        if not self._out:
            self._loop.remove_writer(self._descriptor)


class Taker(Protocol):
    """The mux as streams see it."""

    def on_stream(self, datagrams: list[bytes], path: Path, source: Stream, now: float) -> None:
        """What came in over a connection; never raises."""

    def knows(self, source: Stream) -> bool:
        """Whether an authentic check came over it lately."""

    def forget(self, source: Stream) -> None:
        """It is closed."""


class Streams:
    """All connections of a worker.  Call ``sweep`` about twice a second."""

    def __init__(
        self, listeners: Sequence[socket.socket], taker: Taker, counters: Counters, clock: Callable[[], float]
    ) -> None:
        self._listeners, self._taker, self._counters, self._clock = tuple(listeners), taker, counters, clock
        self._loop = asyncio.get_running_loop()
        self._strangers: dict[Stream, None] = {}  # not yet checked, oldest first
        self._checked: set[Stream] = set()
        self._deaf = True  # no descriptor was left for another connection
        self._listen()

    def __len__(self) -> int:
        return len(self._strangers) + len(self._checked)

    def sweep(self, now: float) -> None:
        """Closes what brought no check in time and what its peer or its peer's checks left; listens again where it had to stop."""
        for stream in [one for one in self._strangers if now - one.opened_at > STRANGER_TIME]:
            self._counters.tcp_unchecked += 1
            self._drop(stream)
        for stream in [one for one in self._checked if not self._taker.knows(one)]:
            self._drop(stream)
        self._listen()

    def close(self) -> None:
        """Closes everything and gives the listening sockets back."""
        for listener in self._listeners:
            self._loop.remove_reader(listener)
            listener.close()
        for stream in [*self._strangers, *self._checked]:
            self._drop(stream)

    def _listen(self) -> None:
        if self._deaf:
            self._deaf = False
            for listener in self._listeners:
                self._loop.add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPTS):
            try:
                sock, source = listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in _NO_ROOM:  # asked again by ``sweep``: the loop would call us without end
                    self._counters.tcp_refused += 1
                    self._deaf = True
                    for one in self._listeners:
                        self._loop.remove_reader(one)
                    return
                continue  # it was gone before it was accepted
            self._admit(sock, source[:2])

    def _admit(self, sock: socket.socket, address: Address) -> None:
        if len(self) >= MAX_STREAMS and not self._strangers:
            self._counters.tcp_refused += 1
            sock.close()
            return
        of_address = [one for one in self._strangers if one.address[0] == address[0]]
        if len(of_address) >= STRANGERS_OF_ADDRESS:
            self._evict(of_address[0])
        elif len(self._strangers) >= MAX_STRANGERS or len(self) >= MAX_STREAMS:
            self._evict(next(iter(self._strangers)))
        try:
            _tune(sock)
        except OSError:
            sock.close()  # gone already
            return
        self._counters.tcp_accepted += 1
        stream = Stream(sock, address, self._clock())
        self._strangers[stream] = None
        self._loop.add_reader(stream.fileno(), self._read, stream)

    def _evict(self, stream: Stream) -> None:
        self._counters.tcp_refused += 1
        self._drop(stream)

    def _read(self, stream: Stream) -> None:
        try:
            data = stream.read()
            datagrams = stream.frames.feed(data) if data else []
        except BadPacket:
            self._counters.tcp_misframed += 1
            self._drop(stream)
            return
        except OSError:
            data, datagrams = b"", []
        if data is None:
            return
        if not stream.checked and (not data or stream.strange + len(datagrams) > STRANGER_FRAMES):
            self._counters.tcp_unchecked += 1
            data = b""
        if not data:
            self._drop(stream)
            return
        self._taker.on_stream(datagrams, stream.path, stream, self._clock())
        if not stream.checked:
            self._look_again(stream, len(datagrams))

    def _look_again(self, stream: Stream, datagrams: int) -> None:
        stream.strange += datagrams
        if stream in self._strangers and self._taker.knows(stream):
            del self._strangers[stream]
            stream.checked = True
            self._checked.add(stream)

    def _drop(self, stream: Stream) -> None:
        self._strangers.pop(stream, None)
        self._checked.discard(stream)
        self._taker.forget(stream)
        stream.close()


def _tune(sock: socket.socket) -> None:
    """Nothing waits in the kernel that the network does not take at once, and what is never acknowledged ends the connection."""
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STREAM_KERNEL_QUEUE)
    sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, STREAM_KERNEL_QUEUE // 4)
    sock.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, int(1000 * STREAM_SILENCE))
