"""``recvmmsg`` through cffi's ABI mode: many datagrams of one socket in one call, into memory that is laid out once.

Knows nothing of what it reads; says when the kernel got it, where that was asked for.  Linux on 64-bit little-endian machines, as ``media/mmsg.py``.  Called by
``media/bench_load.py``, and by whoever reads a socket that hundreds of peers send to.
"""

from __future__ import annotations

import socket
from array import array
from struct import Struct
from typing import Any, Final

from cffi import FFI

from media import mmsg

ROW: Final = 2048          # octets kept of one datagram
_WORDS: Final = 8          # struct mmsghdr in 64-bit words: name, namelen, iov, iovlen, control, controllen, flags, len
_MSG_DONTWAIT: Final = 0x40
_SO_TIMESTAMPNS: Final = 35  # asm-generic/socket.h; the control message is called the same
_STAMP: Final = Struct("=QiiQQ")  # struct cmsghdr (length, level, type), struct timespec
_STAMPED: Final = (_STAMP.size, socket.SOL_SOCKET, _SO_TIMESTAMPNS)

ffi = FFI()
ffi.cdef("int recvmmsg(int, void *, unsigned int, int, void *);")
_libc: Any = ffi.dlopen(None) if mmsg.available() else None


class Inbox:
    """Memory for ``rows`` datagrams.  ``memory`` holds them, ROW octets apart, until the next ``read``."""

    __slots__ = ("memory", "rows", "_headers", "_header_view", "_vectors", "_control", "_fresh", "_start", "_keep", "_timed")

    def __init__(self, rows: int = 64, *, timed: bool = False) -> None:
        """``timed``: when each came is wanted too, of sockets that went through ``time_arrivals``."""
        self.rows, self._timed = rows, timed
        self.memory = memoryview(bytearray(ROW * rows))
        self._control = bytearray(_STAMP.size * rows)
        self._vectors = array("Q", bytes(16 * rows))
        self._keep = [ffi.from_buffer(part) for part in (self.memory, self._control, self._vectors)]
        memory, control, vectors = (int(ffi.cast("uintptr_t", part)) for part in self._keep)
        for row in range(rows):
            self._vectors[2 * row] = memory + row * ROW
            self._vectors[2 * row + 1] = ROW
        self._fresh = array("Q")
        for row in range(rows):
            stamp = (control + row * _STAMP.size, _STAMP.size) if timed else (0, 0)
            self._fresh.extend([0, 0, vectors + 16 * row, 1, *stamp, 0, 0])
        self._headers = array("Q", self._fresh)
        self._start = ffi.from_buffer(self._headers)
        self._header_view = memoryview(self._headers)

    def read(self, descriptor: int) -> int:
        """How many datagrams were there, at most ``rows``; 0 for none, -1 for an error of the socket."""
        if self._timed:
            self._header_view[:] = self._fresh  # the kernel wrote into it how much of the control memory it used
        count: int = _libc.recvmmsg(descriptor, self._start, self.rows, _MSG_DONTWAIT, ffi.NULL)
        if count >= 0:
            return count
        return 0 if ffi.errno in (4, 11) else -1  # EINTR, EAGAIN

    def arrived(self, row: int) -> int | None:
        """When the kernel got that datagram, in nanoseconds of the clock of ``time.time_ns``; None where it does not say."""
        *kind, seconds, nanoseconds = _STAMP.unpack_from(self._control, row * _STAMP.size)
        told = self._headers[row * _WORDS + 5] >= _STAMP.size and tuple(kind) == _STAMPED
        return seconds * 1_000_000_000 + nanoseconds if told else None

    def sizes(self, count: int) -> list[int]:
        """The sizes of the first ``count``, in octets."""
        return [word & 0xFFFFFFFF for word in self._headers[7 : 8 * count : _WORDS]]

    def datagram(self, row: int) -> bytes:
        """One of them."""
        at = row * ROW
        return bytes(self.memory[at : at + (self._headers[row * _WORDS + 7] & 0xFFFFFFFF)])


def time_arrivals(sock: socket.socket) -> None:
    """The kernel notes from now on when each datagram of this socket comes."""
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
