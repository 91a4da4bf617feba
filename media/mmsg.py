"""``sendmmsg`` with UDP segmentation offload, through cffi's ABI mode: many datagrams to many receivers in one call.

Owns preallocated memory: an arena of ``ROWS`` rows with the ``mmsghdr`` array that points into it already laid out.  Rows
lie as close together as their size class allows: sound of 100 bytes for 64 receivers then fits the first-level cache, and no
two rows fall on the same cache lines, as they would at a distance of whole pages.  Knows nothing of RTP.  Linux on 64-bit little-endian machines; ``available()`` says so, and
``media/fanout.py``, the only caller, has a plain way around it.
"""

from __future__ import annotations

import errno
import select
import sys
from array import array
from typing import Any, Final

from cffi import FFI

from media.limits import SEND_WAIT_MS

ROWS: Final = 64          # receivers per system call: rows of one call stay in the second-level cache
NAME_BYTES: Final = 16    # struct sockaddr_in
_HEADER_WORDS: Final = 8  # struct mmsghdr in 64-bit words: name, namelen, iov, iovlen, control, controllen, flags, len
_HEADER_BYTES: Final = 8 * _HEADER_WORDS
_SOL_UDP, _UDP_SEGMENT = 17, 103  # linux/udp.h
_CONTROL_BYTES: Final = 24        # CMSG_SPACE(2)
_MSG_DONTWAIT: Final = 0x40
_LINE: Final = 64                 # bytes of a cache line
_CLASSES: Final = (3, 7, 13, 23, 45, 69, 91)  # distances between rows in cache lines: odd, so that rows spread over all sets

ffi = FFI()
ffi.cdef("int sendmmsg(int, void *, unsigned int, int);")


def _open() -> Any:
    if sys.platform != "linux" or sys.byteorder != "little" or ffi.sizeof("void *") != 8:
        return None
    try:
        libc = ffi.dlopen(None)
        return libc if libc.sendmmsg else None
    except (OSError, AttributeError):
        return None


_libc = _open()


def available() -> bool:
    """Whether this machine can do it at all."""
    return _libc is not None


class Plane:
    """Memory for one call: ``arena`` holds ROWS rows, row n begins at byte ``n * stride`` and at C address ``rows[n]``.

    ``shape`` says how long the rows are; it may move them, so it comes before they are filled.
    """

    __slots__ = ("stride", "arena", "rows", "names", "_layouts", "_vectors", "_headers", "_control", "_start", "_size",
                 "_segment", "_keep")

    def __init__(self, longest: int) -> None:
        """``longest`` is the largest row in bytes."""
        most = (-(-longest // _LINE) | 1) * _LINE
        strides = [lines * _LINE for lines in _CLASSES if lines * _LINE < most] + [most]
        self.arena = bytearray(most * ROWS)
        start = ffi.from_buffer("char[]", self.arena)
        self.names = bytearray(NAME_BYTES * ROWS)
        self._control = bytearray(_CONTROL_BYTES)
        self._control[0:16] = (18).to_bytes(8, "little") + _SOL_UDP.to_bytes(4, "little") + _UDP_SEGMENT.to_bytes(4, "little")
        self._vectors, self._headers = array("Q", bytes(16 * ROWS)), array("Q", bytes(_HEADER_BYTES * ROWS))
        # Memory whose address C knows must never move: an exported buffer cannot be resized.
        self._keep = [start, *(memoryview(m) for m in (self.arena, self.names, self._vectors, self._control))]
        base, names, vectors, control = (int(ffi.cast("uintptr_t", ffi.from_buffer(m))) for m in self._keep[1:])
        for row in range(ROWS):
            at = row * _HEADER_WORDS
            self._headers[at : at + 5] = array(
                "Q", [names + row * NAME_BYTES, NAME_BYTES, vectors + 16 * row, 1, control]
            )
        self._layouts = [
            (stride, [start + row * stride for row in range(ROWS)], array("Q", [base + row * stride for row in range(ROWS)]))
            for stride in strides
        ]
        self._start = ffi.from_buffer("char[]", self._headers)
        self._size = self._segment = -1
        self.stride, self.rows, self._vectors[0::2] = self._layouts[-1]

    def shape(self, size: int, segment: int) -> None:
        """Every row holds ``size`` bytes; the kernel cuts them every ``segment`` bytes (0: not at all)."""
        if size != self._size:
            self._size = size
            self._vectors[1::2] = array("Q", [size]) * ROWS
            layout = next(one for one in self._layouts if one[0] >= size)
            if layout[0] != self.stride:
                self.stride, self.rows, self._vectors[0::2] = layout
        if segment != self._segment:
            self._segment = segment
            self._control[16:18] = segment.to_bytes(2, "little")
            self._headers[5::_HEADER_WORDS] = array("Q", [_CONTROL_BYTES if segment else 0]) * ROWS

    def send(self, descriptor: int, first: int, rows: int) -> tuple[int, int]:
        """Sends rows ``first`` up to ``rows``: (rows sent, 0) or (rows sent, errno of the row that stopped it)."""
        done = first
        while done < rows:
            sent = _libc.sendmmsg(descriptor, self._start + done * _HEADER_BYTES, rows - done, _MSG_DONTWAIT)
            if sent > 0:
                done += sent
            elif ffi.errno != errno.EINTR:
                return done, ffi.errno
        return done, 0


def wait_writable(descriptor: int) -> bool:
    """Gives a full socket buffer a few milliseconds to drain."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(SEND_WAIT_MS))
