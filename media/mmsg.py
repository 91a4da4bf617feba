"""``sendmmsg`` with UDP segmentation offload, through cffi's ABI mode: many datagrams to many receivers in one call.

Owns preallocated memory: an arena of ``ROWS`` rows with the ``mmsghdr`` array that points into it already laid out.  Rows
lie as close together as their size class allows: sound of 100 bytes for them all then fits the first-level cache, and no
two rows fall on the same cache lines, as they would at a distance of whole pages.  Knows nothing of RTP.  Linux on 64-bit little-endian machines; ``available()`` says so, and
``media/fanout.py`` has a plain way around it.  ``media/mmread.py`` borrows its structures.
"""

from __future__ import annotations

import errno
import select
import socket
import sys
from array import array
from collections.abc import Sequence
from typing import Any, Final

from cffi import FFI

from media.limits import BATCH_PACKETS, SEND_WAIT_MS

ROWS: Final = 64          # receivers per system call: their rows and keys stay in the second-level cache
PACKETS: Final = BATCH_PACKETS
NAME_BYTES: Final = 28    # struct sockaddr_in6; an IPv4 address is padded, the kernel takes a longer name than it needs
_HEADER_WORDS: Final = 8  # struct mmsghdr in 64-bit words: name, namelen, iov, iovlen, control, controllen, flags, len
_HEADER_BYTES: Final = 8 * _HEADER_WORDS
_SOL_UDP, _UDP_SEGMENT = 17, 103  # linux/udp.h
_CONTROL_BYTES: Final = 24        # CMSG_SPACE(2)
_MSG_DONTWAIT: Final = 0x40
_LINE: Final = 64                 # bytes of a cache line
_CLASSES: Final = (3, 5, 9, 13, 19)  # distances between rows in cache lines: odd, so that rows spread over all sets

ffi = FFI()
ffi.cdef("int sendmmsg(int, void *, unsigned int, int);")


def name(host: str, port: int) -> bytes:
    """``NAME_BYTES`` of a socket address of either family."""
    six = ":" in host
    head = (socket.AF_INET6 if six else socket.AF_INET).to_bytes(2, sys.byteorder) + port.to_bytes(2, "big")
    found = head + bytes(4) + socket.inet_pton(socket.AF_INET6, host) if six else head + socket.inet_aton(host)
    return found.ljust(NAME_BYTES, b"\0")


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


class _Layout:
    """Where packets lie at one stride."""

    __slots__ = ("stride", "addresses", "_start", "_pointers")

    def __init__(self, start: Any, base: int, stride: int) -> None:
        self.stride, self._start = stride, start
        self.addresses = array(
            "Q", [base + (place * ROWS + row) * stride for row in range(ROWS) for place in range(PACKETS)]
        )
        self._pointers: dict[int, list[Any]] = {}

    def pointers(self, packets: int) -> list[Any]:
        if packets not in self._pointers:
            self._pointers[packets] = [
                self._start + (place * ROWS + row) * self.stride for row in range(ROWS) for place in range(packets)
            ]
        return self._pointers[packets]


class Plane:
    """Memory for one call: ``ROWS`` receivers with up to ``PACKETS`` packets each.

    Packets of the same place in their rows lie ``stride`` bytes apart, each on a 32-bit boundary; a row is gathered by the
    kernel.  ``shape`` says how long the packets are; it may move them, so it comes before they are filled.
    """

    __slots__ = ("stride", "arena", "names", "_memory", "_words", "_layouts", "_layout", "_vectors", "_headers", "_control", "_start",
                 "_shape", "_lengths", "_length_memory", "_length_rows", "_keep")

    def __init__(self, longest: int) -> None:
        """``longest`` is the largest packet in bytes, protected."""
        most = (-(-longest // _LINE) | 1) * _LINE
        strides = [lines * _LINE for lines in _CLASSES if lines * _LINE < most] + [most]
        self.arena = bytearray(most * ROWS * PACKETS)
        start = ffi.from_buffer("char[]", self.arena)
        self._memory = memoryview(self.arena)
        self._words = self._memory.cast("I")
        self.names = bytearray(NAME_BYTES * ROWS)
        self._control = bytearray(_CONTROL_BYTES)
        self._control[0:16] = (18).to_bytes(8, "little") + _SOL_UDP.to_bytes(4, "little") + _UDP_SEGMENT.to_bytes(4, "little")
        self._vectors = array("Q", bytes(16 * ROWS * PACKETS))
        self._headers = array("Q", bytes(_HEADER_BYTES * ROWS))
        # Memory whose address C knows must never move: an exported buffer cannot be resized.
        self._keep = [start, *(memoryview(m) for m in (self.arena, self.names, self._vectors, self._control))]
        base, names, vectors, control = (int(ffi.cast("uintptr_t", ffi.from_buffer(m))) for m in self._keep[1:])
        for row in range(ROWS):
            at = row * _HEADER_WORDS
            self._headers[at : at + 5] = array(
                "Q", [names + row * NAME_BYTES, NAME_BYTES, vectors + 16 * row * PACKETS, 1, control]
            )
        self._layouts = [_Layout(start, base, stride) for stride in strides]
        self._start = ffi.from_buffer("char[]", self._headers)
        self._lengths = ffi.new("int[]", ROWS * PACKETS)
        self._length_memory = ffi.buffer(self._lengths)
        self._length_rows = [self._lengths + index for index in range(ROWS * PACKETS)]
        self._shape: tuple[tuple[int, ...], int] = ((), -1)
        self._use(self._layouts[-1])

    def _use(self, layout: _Layout) -> None:
        self._layout, self.stride = layout, layout.stride
        self._vectors[0::2] = layout.addresses

    def shape(self, sizes: tuple[int, ...], segment: int) -> None:
        """Every row holds packets of these sizes; the kernel cuts it every ``segment`` bytes (0: not at all)."""
        if (sizes, segment) == self._shape:
            return
        self._shape = (sizes, segment)
        longest = max(sizes)
        layout = next(one for one in self._layouts if one.stride >= longest)
        if layout is not self._layout:
            self._use(layout)
        for place, size in enumerate(sizes):
            self._vectors[2 * place + 1 :: 2 * PACKETS] = array("Q", [size]) * ROWS
        self._headers[3::_HEADER_WORDS] = array("Q", [len(sizes)]) * ROWS
        self._headers[5::_HEADER_WORDS] = array("Q", [_CONTROL_BYTES if segment else 0]) * ROWS
        self._control[16:18] = segment.to_bytes(2, "little")

    def fill(self, place: int, count: int, packet: bytes, words: Sequence[memoryview]) -> None:
        """The packet at ``place`` of the first ``count`` rows: all the same but for its first ``words``, one a row."""
        stride, memory = self.stride, self._memory
        start = place * ROWS * stride
        end = start + count * stride
        memory[start : start + len(packet)] = packet
        done = stride
        while done < end - start:  # what is there once more, until it is enough: each octet is moved only once
            more = min(done, end - start - done)
            memory[start + done : start + done + more] = memory[start : start + more]
            done += more
        self.write(place, count, 0, words)

    def write(self, place: int, count: int, at: int, words: Sequence[memoryview]) -> None:
        """Those words of the packet at ``place``, from its word ``at`` on, of the first ``count`` rows: one a row."""
        step = self.stride // 4
        at += place * ROWS * step
        for word in words:
            self._words[at : at + step * (count - 1) + 1 : step] = word
            at += 1

    def pointers(self, packets: int) -> list[Any]:
        """C addresses of all packets, row by row, when a row has so many."""
        return self._layout.pointers(packets)

    def lengths(self, count: int, sizes: Sequence[int]) -> list[Any]:
        """C addresses of one ``int`` for each packet, row by row, holding ``sizes`` in each of ``count`` rows."""
        written = array("i", sizes).tobytes() * count
        self._length_memory[0 : len(written)] = written
        return self._length_rows

    def packet(self, row: int, place: int) -> bytes:
        """One packet as it lies there."""
        start = (place * ROWS + row) * self.stride
        return bytes(self.arena[start : start + self._shape[0][place]])

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
