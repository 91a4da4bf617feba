"""The batched data plane: one track's packets to all its receivers with as few system calls as possible.

Each packet is copied into a preallocated arena once for each receiver, the headers of all receivers are computed at once,
``srtp_protect`` works in place, and one ``sendmmsg`` sends to everybody; packets of equal size (the last may be shorter)
leave as one segmented message.  Where the kernel or the route cannot do that, the same bytes leave
with plain ``sendto``.  Never reads, never decides who receives.  Called by ``media/sfu.py``.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final

from media import mmsg
from media.cache import Packet
from media.counters import Counters
from media.errors import BadPacket
from media.headers import Headers, Numbers
from media.limits import MAX_DATAGRAM
from media.port import Path
from media.relay import Batch, Control, Output, Resend
from media.rtp import HEADER, HEADER_BYTES
from media.stream import Audience, DownStream, Tally
from media.wire import TAG_BYTES, Srtp, srtp_protect

_LONGEST: Final = MAX_DATAGRAM + HEADER_BYTES + TAG_BYTES
_BLANK: Final = bytes(HEADER_BYTES)
_FULL: Final = (errno.EAGAIN, errno.ENOBUFS)
ONE_BY_ONE: Final = -1  # stands for the descriptors of TCP streams: their packets leave with plain ``sendto``


class Target:
    """Where one peer's packets go and the keys they go under."""

    __slots__ = ("srtp", "handle", "path", "descriptor", "sockaddr")
    moves: ClassVar[int] = 0  # of all targets; what was laid out before the last one is out of date

    def __init__(self, srtp: Srtp, path: Path) -> None:
        self.srtp, self.handle = srtp, srtp.tx_handle  # holding srtp keeps the C object of handle alive
        self.move(path)

    def move(self, path: Path) -> None:
        """The peer was nominated at another address."""
        Target.moves += 1
        self.path = path
        self.descriptor = path.sock.fileno() if getattr(path.sock, "batch", True) else ONE_BY_ONE
        self.sockaddr = mmsg.name(*path.address)


class _Chunk:
    """Up to ROWS receivers that share one of our sockets, laid out for the inner loop."""

    __slots__ = ("downs", "headers", "names", "descriptor", "_handles")

    def __init__(self, downs: Sequence[DownStream]) -> None:
        self.downs = downs
        self.headers = Headers(Numbers(d.payload_type, d.delta, d.ts_delta, d.ssrc) for d in downs)
        self.names = b"".join([d.target.sockaddr for d in downs])
        self.descriptor = downs[0].target.descriptor
        self._handles: dict[int, list[Any]] = {}

    def handles(self, packets: int) -> list[Any]:
        """Every receiver's keys, so many times one after the other."""
        if packets not in self._handles:
            self._handles[packets] = [down.target.handle for down in self.downs for _ in range(packets)]
        return self._handles[packets]


class _Plan:
    """The chunks of one audience; holds as long as none of its members moves to another address.

    While a stretch lasts the numbers of its receivers are constant, so that they are read once here and not once a packet.
    """

    __slots__ = ("chunks", "moves", "tally", "turn")

    def __init__(self, downs: tuple[DownStream, ...]) -> None:
        self.moves, self.turn = Target.moves, 0
        self.tally = Tally()
        self.chunks: list[_Chunk] = []
        for group in _by_socket(downs):
            self.chunks += [_Chunk(group[at : at + mmsg.ROWS]) for at in range(0, len(group), mmsg.ROWS)]
        for down in downs:
            down.count_in(self.tally)

    def next_chunks(self) -> list[_Chunk]:
        """All chunks; nobody is always the last one served."""
        self.turn = (self.turn + 1) % len(self.chunks)
        return self.chunks[self.turn :] + self.chunks[: self.turn]


class Fanout:
    """Sends what the relays emit through the non-blocking UDP sockets of the targets."""

    def __init__(self, counters: Counters, *, batched: bool = True, segmented: bool = True) -> None:
        self._counters = counters
        self.batched = batched and mmsg.available()
        self.segmented = segmented and self.batched  # switched off for good when the kernel says EIO
        self._plane = mmsg.Plane(_LONGEST)

    def emit(self, output: Output) -> None:
        """Protects and sends one output of a relay."""
        if isinstance(output, Batch):
            plan = self._plan(output.audience)
            for run in self._runs(output.packets):
                plan.tally.packets += len(run)
                plan.tally.octets += sum([len(packet.payload) for packet in run])
                for chunk in plan.next_chunks():
                    self._send_run(run, chunk)
        elif isinstance(output, Control):
            if output.member.target is not None:
                self.send(output.member.target.srtp.protect_rtcp(output.data), output.member.target.path)
        else:
            self._resend(output)

    @staticmethod
    def _plan(audience: Audience) -> _Plan:
        plan: _Plan | None = audience.plan
        if plan is None or plan.moves != Target.moves:
            plan = audience.plan = _Plan(audience.downs)
        return plan

    def send(self, datagram: bytes, path: Path) -> bool:
        """One datagram, or a counted loss.  Whether the kernel took it."""
        try:
            path.sock.sendto(datagram, path.address)
            return True
        except BlockingIOError:
            self._counters.slow_drop += 1
        except OSError:
            self._counters.send_errors += 1
        return False

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

    def _send_run(self, run: list[Packet], chunk: _Chunk) -> None:
        plane, headers, places = self._plane, chunk.headers, len(run)
        sizes = [len(packet.payload) + HEADER_BYTES for packet in run]
        protected = tuple([size + TAG_BYTES for size in sizes])
        plane.shape(protected, protected[0] if places > 1 else 0)
        for place, (ext, timestamp, marker, payload, _, _) in enumerate(run):
            plane.fill(place, headers.count, _BLANK + payload, headers.words(ext, timestamp, marker))
        # The innermost loop of the product runs in C: one call a packet, nothing interpreted between two of them.
        if any(map(srtp_protect, chunk.handles(places), plane.pointers(places), plane.lengths(headers.count, sizes))):
            self._send_apart(run, chunk)  # never let a packet that is not encrypted leave
        else:
            self._dispatch(chunk, places)

    def _send_apart(self, run: list[Packet], chunk: _Chunk) -> None:
        """Some receiver's keys refused: each packet by itself, so that only that receiver goes without."""
        for down in chunk.downs:
            for packet in run:
                self._resend(Resend(down, packet, down.payload_type, down.delta, down.ts_delta))

    def _dispatch(self, chunk: _Chunk, places: int) -> None:
        plane, count = self._plane, chunk.headers.count
        if not self.batched or chunk.descriptor == ONE_BY_ONE:
            for row in range(count):
                self._send_row(row, chunk.downs[row], places)
            return
        plane.names[0 : len(chunk.names)] = chunk.names
        done, patient = 0, True
        while done < count:
            first = done
            done, problem = plane.send(chunk.descriptor, first, count)
            self._counters.packets_out += (done - first) * places
            if problem in _FULL:
                if not patient or not mmsg.wait_writable(chunk.descriptor):
                    self._counters.slow_drop += (count - done) * places
                    return
                patient = False
            elif problem and places > 1 and problem in (errno.EIO, errno.EINVAL):
                # EIO: no checksum offload on this route, so no segmentation at all.  EINVAL: a small path MTU to this one.
                self.segmented = self.segmented and problem != errno.EIO
                self._send_row(done, chunk.downs[done], places)
                done += 1
            elif problem:
                self._counters.send_errors += places
                done += 1

    def _send_row(self, row: int, down: DownStream, places: int) -> None:
        for place in range(places):
            self._counters.packets_out += self.send(self._plane.packet(row, place), down.target.path)

    def _resend(self, output: Resend) -> None:
        down, packet = output.down, output.packet
        if down.target is None:
            return
        header = HEADER.pack(0x80, packet.marker | output.payload_type, packet.ext + output.delta & 0xFFFF,
                             packet.timestamp + output.ts_delta & 0xFFFFFFFF, down.ssrc)
        try:
            protected = down.target.srtp.protect_rtp(header + packet.payload)
            self._counters.packets_out += self.send(protected, down.target.path)
        except BadPacket:
            self._counters.send_errors += 1  # too old for the replay window of our own keys


def _by_socket(downs: tuple[DownStream, ...]) -> list[Sequence[DownStream]]:
    """One group for each of our sockets, one for all streams; nearly always all receivers share a socket."""
    groups: dict[int, list[DownStream]] = {}
    for down in downs:
        groups.setdefault(down.target.descriptor, []).append(down)
    return list(groups.values())
