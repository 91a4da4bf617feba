"""The batched data plane: one track's packets to all its receivers with as few system calls as possible.

For each receiver the packets are copied into a row of a preallocated arena, one ``pack_into`` writes the header with that
receiver's numbers, ``srtp_protect`` works in place, and one ``sendmmsg`` sends to everybody; packets of equal size (the
last may be shorter) leave as one segmented message.  Where the kernel or the route cannot do that, the same bytes leave
with plain ``sendto``.  Never reads, never decides who receives.  Called by ``media/sfu.py``.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator, Sequence
from typing import Final

from media import mmsg
from media.cache import Packet
from media.counters import Counters
from media.limits import BATCH_PACKETS, MAX_DATAGRAM
from media.port import Path
from media.relay import Batch, Control, Output, Resend
from media.rtp import HEADER, HEADER_BYTES
from media.stream import DownStream
from media.wire import TAG_BYTES, Srtp, srtp_protect

_OVERHEAD: Final = HEADER_BYTES + TAG_BYTES
_STRIDES: Final = (256, 1536, 4096, BATCH_PACKETS * (MAX_DATAGRAM + _OVERHEAD))
_BLANK: Final = bytes(HEADER_BYTES)
_TAG: Final = bytes(TAG_BYTES)
_FULL: Final = (errno.EAGAIN, errno.ENOBUFS)


class Target:
    """Where one peer's packets go and the keys they go under."""

    __slots__ = ("srtp", "handle", "path", "descriptor", "sockaddr")

    def __init__(self, srtp: Srtp, path: Path) -> None:
        self.srtp, self.handle = srtp, srtp.tx_handle  # holding srtp keeps the C object of handle alive
        self.move(path)

    def move(self, path: Path) -> None:
        """The peer was nominated at another address."""
        self.path, self.descriptor = path, path.sock.fileno()
        host, port = path.address
        self.sockaddr = socket.AF_INET.to_bytes(2, "little") + port.to_bytes(2, "big") + socket.inet_aton(host) + bytes(8)


class Fanout:
    """Sends what the relays emit through the non-blocking UDP sockets of the targets."""

    def __init__(self, counters: Counters, *, batched: bool = True, segmented: bool = True) -> None:
        self._counters = counters
        self.batched = batched and mmsg.available()
        self.segmented = segmented and self.batched  # switched off for good when the kernel says EIO
        self._planes = [mmsg.Plane(stride) for stride in _STRIDES]
        self._length = mmsg.ffi.new("int *")

    def emit(self, output: Output) -> None:
        """Protects and sends one output of a relay."""
        if isinstance(output, Batch):
            groups = _by_socket(output.downs)
            for run in self._runs(output.packets):
                for downs in groups:
                    for start in range(0, len(downs), mmsg.ROWS):
                        self._send_run(run, downs[start : start + mmsg.ROWS])
        elif isinstance(output, Control):
            if output.member.target is not None:
                self.send(output.member.target.srtp.protect_rtcp(output.data), output.member.target.path)
        else:
            self._resend(output)

    def send(self, datagram: bytes, path: Path) -> None:
        """One datagram, or a counted loss."""
        try:
            path.sock.sendto(datagram, path.address)
        except BlockingIOError:
            self._counters.slow_drop += 1
        except OSError:
            self._counters.send_errors += 1

    def _runs(self, packets: list[Packet]) -> Iterator[list[Packet]]:
        """Cuts a batch where segmentation needs it: equal sizes, the last one shorter."""
        if not self.segmented:
            yield from ([packet] for packet in packets)
            return
        run = [packets[0]]
        size = len(packets[0].payload)
        for packet in packets[1:]:
            if len(packet.payload) > size or len(run[-1].payload) < size:
                yield run
                run, size = [], len(packet.payload)
            run.append(packet)
        yield run

    def _send_run(self, run: list[Packet], downs: Sequence[DownStream]) -> None:
        image = b"".join([part for packet in run for part in (_BLANK, packet.payload, _TAG)])
        total, count = len(image), len(run)
        plane = next(plane for plane in self._planes if plane.stride >= total)
        step = len(run[0].payload) + _OVERHEAD
        plain = [
            (index * step, packet.ext, packet.timestamp, packet.marker, len(packet.payload) + HEADER_BYTES)
            for index, packet in enumerate(run)
        ]
        arena, base, stride, length = plane.arena, plane.base, plane.stride, self._length
        pack_into, protect = HEADER.pack_into, srtp_protect
        sent: list[DownStream] = []
        row = 0
        for down in downs:
            target = down.target
            arena[row : row + total] = image
            failed = 0
            for offset, ext, timestamp, marker, size in plain:
                at = row + offset
                pack_into(arena, at, 0x80, marker | down.payload_type, (ext + down.delta) & 0xFFFF,
                          (timestamp + down.ts_delta) & 0xFFFFFFFF, down.ssrc)
                length[0] = size
                failed |= protect(target.handle, base + at, length)
            if failed:  # never let a row that is not encrypted leave
                self._counters.send_errors += 1
                continue
            down.packets += count
            down.octets += total - count * _OVERHEAD
            sent.append(down)
            row += stride
        self._dispatch(plane, sent, total, step if count > 1 else 0)

    def _dispatch(self, plane: mmsg.Plane, downs: list[DownStream], total: int, segment: int) -> None:
        self._counters.packets_out += len(downs) * (-(-total // segment) if segment else 1)
        if not self.batched:
            for row in range(len(downs)):
                self._send_row(plane, row, downs[row], total, segment)
            return
        plane.names[0 : mmsg.NAME_BYTES * len(downs)] = b"".join([down.target.sockaddr for down in downs])
        plane.shape(total, segment)
        descriptor = downs[0].target.descriptor if downs else -1
        done, patient = 0, True
        while done < len(downs):
            done, problem = plane.send(descriptor, done, len(downs))
            if problem in _FULL:
                if not patient or not mmsg.wait_writable(descriptor):
                    self._counters.slow_drop += len(downs) - done
                    return
                patient = False
            elif problem and segment and problem in (errno.EIO, errno.EINVAL):
                # EIO: no checksum offload on this route, so no segmentation at all.  EINVAL: a small path MTU to this one.
                self.segmented = self.segmented and problem != errno.EIO
                self._send_row(plane, done, downs[done], total, segment)
                done += 1
            elif problem:
                self._counters.send_errors += 1
                done += 1

    def _send_row(self, plane: mmsg.Plane, row: int, down: DownStream, total: int, segment: int) -> None:
        start = row * plane.stride
        for at in range(start, start + total, segment or total):
            self.send(bytes(plane.arena[at : min(at + (segment or total), start + total)]), down.target.path)

    def _resend(self, output: Resend) -> None:
        down, packet = output.down, output.packet
        if down.target is None:
            return
        header = HEADER.pack(0x80, packet.marker | output.payload_type, (packet.ext + output.delta) & 0xFFFF,
                             (packet.timestamp + output.ts_delta) & 0xFFFFFFFF, down.ssrc)
        self.send(down.target.srtp.protect_rtp(header + packet.payload), down.target.path)


def _by_socket(downs: tuple[DownStream, ...]) -> list[Sequence[DownStream]]:
    """One group for each of our sockets; nearly always all receivers share one."""
    first = downs[0].target.descriptor
    if all(down.target.descriptor == first for down in downs):
        return [downs]
    groups: dict[int, list[DownStream]] = {}
    for down in downs:
        groups.setdefault(down.target.descriptor, []).append(down)
    return list(groups.values())
