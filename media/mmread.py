"""``recvmmsg`` through cffi's ABI mode: many datagrams of one socket in one call, into memory that is laid out once.

Knows nothing of what it reads.  Linux on 64-bit little-endian machines, as ``media/mmsg.py``.  Called by
``media/bench_load.py``, and by whoever reads a socket that hundreds of peers send to.
"""

from __future__ import annotations

from array import array
from typing import Any, Final

from cffi import FFI

from media.mmsg import NAME_BYTES, available

ROW: Final = 2048          # octets kept of one datagram
_WORDS: Final = 8          # struct mmsghdr in 64-bit words: name, namelen, iov, iovlen, control, controllen, flags, len
_MSG_DONTWAIT: Final = 0x40

ffi = FFI()
ffi.cdef("int recvmmsg(int, void *, unsigned int, int, void *);")
_libc: Any = ffi.dlopen(None) if available() else None


class Inbox:
    """Memory for ``rows`` datagrams.  ``memory`` holds them, ROW octets apart, until the next ``read``."""

    __slots__ = ("memory", "rows", "_headers", "_header_view", "_vectors", "_names", "_fresh", "_start", "_keep", "_named")

    def __init__(self, rows: int = 64, *, named: bool = False) -> None:
        """``named``: senders' addresses are wanted too."""
        self.rows, self._named = rows, named
        self.memory = memoryview(bytearray(ROW * rows))
        self._names = bytearray(NAME_BYTES * rows)
        self._vectors = array("Q", bytes(16 * rows))
        self._keep = [ffi.from_buffer(part) for part in (self.memory, self._names, self._vectors)]
        memory, names, vectors = (int(ffi.cast("uintptr_t", part)) for part in self._keep)
        for row in range(rows):
            self._vectors[2 * row] = memory + row * ROW
            self._vectors[2 * row + 1] = ROW
        self._fresh = array("Q")
        for row in range(rows):
            name = (names + row * NAME_BYTES, NAME_BYTES) if named else (0, 0)
            self._fresh.extend([*name, vectors + 16 * row, 1, 0, 0, 0, 0])
        self._headers = array("Q", self._fresh)
        self._start = ffi.from_buffer(self._headers)
        self._header_view = memoryview(self._headers)

    def read(self, descriptor: int) -> int:
        """How many datagrams were there, at most ``rows``; 0 for none, -1 for an error of the socket."""
        if self._named:
            self._header_view[:] = self._fresh
        count: int = _libc.recvmmsg(descriptor, self._start, self.rows, _MSG_DONTWAIT, ffi.NULL)
        if count >= 0:
            return count
        return 0 if ffi.errno in (4, 11) else -1  # EINTR, EAGAIN

    def sizes(self, count: int) -> list[int]:
        """The sizes of the first ``count``, in octets."""
        return [word & 0xFFFFFFFF for word in self._headers[7 : 8 * count : _WORDS]]

    def datagram(self, row: int) -> bytes:
        """One of them."""
        at = row * ROW
        return bytes(self.memory[at : at + (self._headers[row * _WORDS + 7] & 0xFFFFFFFF)])
