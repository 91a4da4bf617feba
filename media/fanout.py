"""The batched data plane: one track's packets to all its receivers with as few system calls as possible.

Each packet is copied into a preallocated arena once for each receiver, the headers of all receivers are computed at once,
``srtp_protect`` works in place, and one ``sendmmsg`` sends to everybody; packets of equal size (the last may be shorter)
leave as one segmented message.  Where the kernel or the route cannot do that, the same bytes leave
with plain ``sendto``.  Never reads, never decides who receives.  Made by ``media/sfu.py``, which hands ``emit`` to
every relay and link.
"""

from __future__ import annotations

import errno
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, NamedTuple

from media import mmsg
from media.cache import Packet
from media.counters import Counters
from media.errors import BadPacket
from media.headers import EXTENDED, WORDS, Headers, Numbers, Picture, Stamp, block, plain, read_picture
from media.history import History
from media.limits import FLUSH_JOBS, FLUSH_SENDS, HISTORY, MAX_DATAGRAM, OVERHEAD
from media.port import Path
from media.relay import Batch, Control, Output, Padding, Resend
from media.rtp import HEADER, HEADER_BYTES
from media.sdp import Extensions
from media.stream import Audience, DownStream, Tally
from media.wire import Srtp, srtp_protect

log = logging.getLogger(__name__)
_LONGEST: Final = MAX_DATAGRAM + 64  # the extensions we write included
_BLANK: Final = bytes(HEADER_BYTES)
_FULL: Final = (errno.EAGAIN, errno.ENOBUFS)
ONE_BY_ONE: Final = -1  # stands for the descriptors of TCP streams: their packets leave with plain ``sendto``


class Target:
    """Where one peer's packets go and the keys they go under.

    ``descriptor`` is that of our UDP socket, or ONE_BY_ONE.
    """

    __slots__ = ("srtp", "handle", "path", "descriptor", "sockaddr", "order")
    moves: ClassVar[int] = 0  # of all targets; what was laid out before the last one is out of date
    made: ClassVar[int] = 0

    def __init__(self, srtp: Srtp, path: Path) -> None:
        self.srtp, self.handle = srtp, srtp.tx_handle  # holding srtp keeps the C object of handle alive
        Target.made += 1
        self.order = Target.made
        self._use(path)

    def move(self, path: Path) -> None:
        """The peer was nominated at another address."""
        Target.moves += 1
        self._use(path)

    def _use(self, path: Path) -> None:
        self.path = path
        self.descriptor = path.sock.fileno() if getattr(path.sock, "batch", True) else ONE_BY_ONE
        self.sockaddr = mmsg.name(*path.address)


class _Piece(NamedTuple):
    """One packet as it lies in the arena before the receivers' own words are written into it."""

    packet: Packet
    flags: int
    body: bytes
    picture: Picture | None
    picture_at: int  # word where the VP8 descriptor begins


class _Chunk:
    """Up to ROWS receivers that share one of our sockets, their extensions and ``tag``, laid out for the inner loop."""

    __slots__ = ("targets", "numbers", "headers", "names", "descriptor", "extensions", "tag", "_handles")

    def __init__(self, downs: Sequence[DownStream]) -> None:
        self.targets: list[Target] = [down.target for down in downs]
        self.numbers = [_numbers(down) for down in downs]
        self.headers = Headers(self.numbers)
        self.names = b"".join([target.sockaddr for target in self.targets])
        self.descriptor, self.extensions = self.targets[0].descriptor, downs[0].extensions
        self.tag = self.targets[0].srtp.tag
        self._handles: dict[int, list[Any]] = {}

    def handles(self, packets: int) -> list[Any]:
        """Every receiver's keys, so many times one after the other."""
        if packets not in self._handles:
            self._handles[packets] = [target.handle for target in self.targets for _ in range(packets)]
        return self._handles[packets]


class _Plan:
    """The chunks of one audience; holds as long as none of its members moves to another address.

    While a stretch lasts the numbers of its receivers are constant, so that they are read once here and not once a packet.
    """

    __slots__ = ("chunks", "moves", "tally", "stamped", "renumbers", "sound", "count")

    def __init__(self, downs: tuple[DownStream, ...]) -> None:
        self.moves, self.tally = Target.moves, Tally()
        self.sound, self.count = downs[0].kind == "audio", len(downs)
        self.chunks: list[_Chunk] = []
        for group in _groups(downs):
            self.chunks += [_Chunk(group[at : at + mmsg.ROWS]) for at in range(0, len(group), mmsg.ROWS)]
        self.stamped = any(_is_stamped(chunk.extensions) for chunk in self.chunks)
        self.renumbers = any(chunk.headers.renumbers for chunk in self.chunks)
        for down in downs:
            down.count_in(self.tally)


@dataclass(slots=True)
class _Job:
    """Packets of one track that can leave together, for everybody in ``plan``."""

    plan: _Plan
    run: list[Packet]
    stamps: list[Stamp]
    made: dict[Extensions, list[_Piece]] = field(default_factory=dict)

    def pieces(self, extensions: Extensions) -> list[_Piece]:
        """The packets as receivers with these extensions get them."""
        if extensions not in self.made:
            pictures = self.plan.renumbers
            self.made[extensions] = [_piece(packet, extensions, stamp, pictures)
                                     for packet, stamp in zip(self.run, self.stamps, strict=True)]
        return self.made[extensions]


class Fanout:
    """Sends what the relays emit through the non-blocking UDP sockets of the targets.

    ``history`` knows when each transport-wide number was sent, on ``clock`` (monotonic seconds).  With ``later`` (such as
    ``loop.call_soon``) the batches of one turn of the loop leave together: sound first, and what is for the same
    receivers one after the other, while their keys are in the cache.
    """

    def __init__(
        self, counters: Counters, *, batched: bool = True, segmented: bool = True,
        clock: Callable[[], float] = time.monotonic, later: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._counters, self._clock, self._later = counters, clock, later
        self._sounds: list[_Job] = []
        self._pictures: deque[_Job] = deque()
        self._turn = 0  # nobody is always the last one served
        self._called = False
        self._logged_at = -60.0
        self.batched = batched and mmsg.available()
        self.segmented = segmented and self.batched  # switched off for good when the kernel says EIO
        self.history = History()
        self._stamps: dict[int, tuple[Packet, Stamp]] = {}  # by identity, oldest first
        self._plane = mmsg.Plane(_LONGEST)

    def emit(self, output: Output) -> None:
        """Protects and sends one output of a relay."""
        if isinstance(output, Batch):
            plan = self._plan(output.audience)
            for run in self._runs(output.packets):
                stamps = [self._stamp(packet) for packet in run] if plan.stamped else [_NEVER] * len(run)
                plan.tally.packets += len(run)
                plan.tally.octets += sum([len(packet.payload) for packet in run])
                (self._sounds if plan.sound else self._pictures).append(_Job(plan, run, stamps))
            if self._later is None:
                self.flush()
            elif not self._called:
                self._called = True
                self._later(self.flush)
        elif isinstance(output, Control):
            if output.member.target is not None:
                self.send(output.member.target.srtp.protect_rtcp(output.data), output.member.target.path)
        elif isinstance(output, Padding):
            self._pad(output)
        else:
            self._resend(output)

    def flush(self) -> None:
        """Sends what waits: all sounds; of pictures, if that takes long, a part, so that sound need not wait for all."""
        self._called = False
        while self._sounds or self._pictures:
            jobs, self._sounds = self._sounds, []
            self._send_jobs(jobs)
            jobs, sends = [], 0
            while self._pictures and sends < FLUSH_SENDS:
                jobs.append(self._pictures.popleft())
                sends += jobs[-1].plan.count * len(jobs[-1].run)
            self._send_jobs(jobs)
            if self._pictures and self._later is not None and len(self._pictures) < FLUSH_JOBS:
                self._called = True
                self._later(self.flush)
                return

    def _send_jobs(self, jobs: list[_Job]) -> None:
        """A few receivers after the other, everything for them."""
        if not jobs:
            return
        self._turn += 1
        for place in range(max([len(job.plan.chunks) for job in jobs])):
            for job in jobs:
                chunks = job.plan.chunks
                if place < len(chunks):
                    chunk = chunks[(place + self._turn) % len(chunks)]
                    try:
                        self._send_run(job.pieces(chunk.extensions), chunk)
                    except Exception:  # the fire wall: one track's trouble is not that of all who leave together with it
                        self._fault()

    def _fault(self) -> None:
        self._counters.faults += 1
        now = self._clock()
        if now - self._logged_at >= 60:
            self._logged_at = now
            log.exception("media.fanout")

    def _stamp(self, packet: Packet) -> Stamp:
        """Of a packet that leaves for the first time; remembered, since on the same SSRC it must never leave differently:
        one key and number with two different contents give the authentication key of AES-GCM away."""
        stamp = self._fresh_stamp(len(packet.payload))
        if len(self._stamps) >= HISTORY:
            del self._stamps[next(iter(self._stamps))]
        self._stamps[id(packet)] = packet, stamp
        return stamp

    def _fresh_stamp(self, octets: int) -> Stamp:
        now = self._clock()
        return Stamp(int(now * 262144) & 0xFFFFFF, self.history.note(now, octets + OVERHEAD))

    def _old_stamp(self, packet: Packet) -> Stamp | None:
        """None: it is no longer known how the packet left, so it must not leave again."""
        known = self._stamps.get(id(packet))
        return known[1] if known is not None and known[0] is packet else None

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
        """Cuts a batch where segmentation needs it: equal sizes, the last one shorter; the same extensions in each."""
        if not self.segmented:
            yield from ([packet] for packet in packets)
            return
        run = [packets[0]]
        size, shape = len(packets[0].payload), _shape(packets[0])
        for packet in packets[1:]:
            if len(packet.payload) > size or len(run[-1].payload) < size or _shape(packet) != shape:
                yield run
                run, size, shape = [], len(packet.payload), _shape(packet)
            run.append(packet)
        yield run

    def _send_run(self, run: list[_Piece], chunk: _Chunk) -> None:
        plane, headers, places = self._plane, chunk.headers, len(run)
        sizes = [len(piece.body) for piece in run]
        protected = tuple([size + chunk.tag for size in sizes])
        plane.shape(protected, protected[0] if places > 1 else 0)
        for place, (packet, flags, body, picture, at) in enumerate(run):
            plane.fill(place, headers.count, body, headers.words(packet.ext, packet.timestamp, flags))
            if picture is not None and headers.renumbers:
                plane.write(place, headers.count, at, headers.pictures(picture))
        # The innermost loop of the product runs in C: one call a packet, nothing interpreted between two of them.
        if any(map(srtp_protect, chunk.handles(places), plane.pointers(places), plane.lengths(headers.count, sizes))):
            self._send_apart(run, chunk)  # never let a packet that is not encrypted leave
        else:
            self._dispatch(chunk, places)

    def _send_apart(self, run: list[_Piece], chunk: _Chunk) -> None:
        """Some receiver's keys refused: each packet by itself, so that only that receiver goes without."""
        for target, numbers in zip(chunk.targets, chunk.numbers, strict=True):
            for piece in run:
                extension = piece.body[HEADER_BYTES : 4 * piece.picture_at]
                self._send_plain(plain(piece.packet, numbers, extension), target)

    def _dispatch(self, chunk: _Chunk, places: int) -> None:
        plane, count = self._plane, chunk.headers.count
        if not self.batched or chunk.descriptor == ONE_BY_ONE:
            for row in range(count):
                self._send_row(row, chunk.targets[row], places)
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
            elif problem and places > 1 and problem in (errno.EIO, errno.EINVAL, errno.EMSGSIZE):
                # EIO: no checksum offload on this route, so no segmentation at all.  EINVAL, of later kernels EMSGSIZE: a
                # small path MTU to this one.
                self.segmented = self.segmented and problem != errno.EIO
                self._send_row(done, chunk.targets[done], places)
                done += 1
            elif problem:
                self._counters.send_errors += places
                done += 1

    def _send_row(self, row: int, target: Target, places: int) -> None:
        for place in range(places):
            self._counters.packets_out += self.send(self._plane.packet(row, place), target.path)

    def _resend(self, output: Resend) -> None:
        """One packet for one receiver: sent again, as RTX or just as it was, or for the first time since it came late."""
        down, packet = output.down, output.packet
        if down.target is None:
            return
        stamp: Stamp | None = _NEVER
        repair = None
        if output.rtx:
            repair = down.rtx_ssrc, output.rtx, down.rtx_seq
            down.rtx_seq = down.rtx_seq + 1 & 0xFFFF
        if _is_stamped(down.extensions):
            if repair:
                stamp = self._fresh_stamp(len(packet.payload) + 2)
            else:
                stamp = self._old_stamp(packet)
                if stamp is None and not output.again:
                    stamp = self._stamp(packet)
        if stamp is None:
            self._counters.send_errors += 1
            return
        to = Numbers(output.payload_type, output.delta, output.ts_delta, down.ssrc, output.pid_delta, output.tl0_delta)
        self._send_plain(plain(packet, to, block(down.extensions, packet, stamp), repair), down.target)

    def _pad(self, output: Padding) -> None:
        """An RTX packet of padding alone (RFC 3550 section 5.1): it has a number of its own and repairs nothing."""
        down = output.down
        if down.target is None:
            return
        extension = b""
        if _is_stamped(down.extensions):
            extension = block(down.extensions, _EMPTY, self._fresh_stamp(output.octets))
        first = 0xA0 | (0x10 if extension else 0)
        head = HEADER.pack(first, output.payload_type, down.rtx_seq, down.map.last & 0xFFFFFFFF, down.rtx_ssrc)
        down.rtx_seq = down.rtx_seq + 1 & 0xFFFF
        self._send_plain(head + extension + bytes(output.octets - 1) + bytes([output.octets]), down.target)

    def _send_plain(self, datagram: bytes, target: Target) -> None:
        try:
            self._counters.packets_out += self.send(target.srtp.protect_rtp(datagram), target.path)
        except BadPacket:
            self._counters.send_errors += 1  # too old for the replay window of our own keys


_NEVER: Final = Stamp()
_EMPTY: Final = Packet(0, 0, 0, b"")


def _numbers(down: DownStream) -> Numbers:
    return Numbers(down.payload_type, down.delta, down.ts_delta, down.ssrc, down.pid_delta, down.tl0_delta)


def _is_stamped(extensions: Extensions) -> bool:
    return bool(extensions.abs_send or extensions.transport_wide)


def _shape(packet: Packet) -> tuple[bool, int]:
    return packet.level is None, len(packet.capture)


def _piece(packet: Packet, extensions: Extensions, stamp: Stamp, pictures: bool) -> _Piece:
    extension = block(extensions, packet, stamp)
    return _Piece(packet, packet.marker | (EXTENDED if extension else 0), _BLANK + extension + packet.payload,
                  read_picture(packet.payload) if pictures else None, WORDS + len(extension) // 4)


def _groups(downs: tuple[DownStream, ...]) -> list[Sequence[DownStream]]:
    """One group for each of our sockets, set of extensions and length of SRTP tags; nearly always all receivers share one."""
    groups: dict[tuple[int, ...], list[DownStream]] = {}
    # In the same order for every track, so that the same receivers stand in the same chunk.
    for down in sorted(downs, key=lambda down: down.target.order):
        _, _, _, *written = down.extensions  # mid and rids never are: each slot has an SSRC for life
        groups.setdefault((down.target.descriptor, down.target.srtp.tag, *written), []).append(down)
    return list(groups.values())
