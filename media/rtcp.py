"""RTCP in both directions: reports, NACK, PLI, FIR, REMB, BYE (RFC 3550, RFC 4585, RFC 5104, REMB draft 03).

Pure; unknown packet types inside a compound packet are passed over, a wrong length raises BadPacket.  What most datagrams
of a receiver are (reports and REMB) has a quick way, ``brief``.  Transport-wide feedback is handed over unread:
``media/twcc.py`` reads it.  Read by ``media/reports.py`` and ``media/link.py``, written by these, ``media/relay.py``,
``media/intake.py``, ``media/stream.py`` and ``media/sfu.py``; both by the synthetic peers (``media/peers_*.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from media.errors import BadPacket

_HEAD: Final = Struct("!BBHI")      # V/P/count, type, words, SSRC
_BLOCK: Final = Struct("!IIIIII")   # SSRC, fraction+lost, highest, jitter, last SR, delay
_SENDER: Final = Struct("!QIII")    # NTP, RTP time, packets, octets
_FEEDBACK: Final = Struct("!BBHII")
_NACK: Final = Struct("!HH")
_FIR: Final = Struct("!IBxxx")

SR, RR, SDES, BYE, RTPFB, PSFB = 200, 201, 202, 203, 205, 206
MAX_PACKETS: Final = 32   # inside one compound packet
MAX_SEQS: Final = 1024    # named by all NACKs of one compound packet
MAX_FEEDBACKS: Final = 2  # transport-wide ones of one compound packet: each may speak of thousands of packets


@dataclass(frozen=True, slots=True)
class Block:
    """One reception report; ``delay`` and ``last_report`` as on the wire (1/65536 s, middle NTP bits)."""

    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """``ntp`` is the 64-bit NTP time that belongs to ``rtp_time``."""

    ssrc: int
    ntp: int
    rtp_time: int
    packets: int
    octets: int
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """Reception reports of a side that sends nothing."""

    ssrc: int
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Nack:
    """Sequence numbers (16 bit) of ``media`` that ``sender`` misses."""

    sender: int
    media: int
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyframeRequest:
    """A PLI or a FIR: one or more media SSRCs that need a key frame."""

    sender: int
    media: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Remb:
    """What the receiver believes it can take of ``ssrcs`` together, bit/s."""

    sender: int
    bitrate: int
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bye:
    """The sources that end."""

    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """Arrival times by transport-wide number; ``fci`` is for ``twcc.parse``."""

    sender: int
    media: int
    fci: bytes


Message = SenderReport | ReceiverReport | Nack | KeyframeRequest | Remb | Bye | TransportFeedback


class Brief(NamedTuple):
    """What a datagram of reports and REMB says; the first three run in parallel, one entry a block.

    ``fractions`` in 1/256 of the packets since the last report, ``highest`` extended numbers.
    ``last_report`` and ``delay`` are those of the newest sender report any block knows, 0 and 0 when none does.
    ``remb`` is in bit/s, -1 where there was none.
    """

    ssrcs: tuple[int, ...]
    fractions: tuple[int, ...]
    highest: tuple[int, ...]
    last_report: int
    delay: int
    remb: int


_ONE: Final = "IB3xI4xII"  # a block whose count of lost packets and jitter are passed over
_BRIEF: Final = tuple(Struct("!" + _ONE * count) for count in range(32))
_REMB: Final = Struct("!BBHI4x4sI")


def brief(data: bytes) -> Brief | None:
    """One RR, then perhaps SDES and REMB, and nothing else: what it says.  None: read it with ``parse``.

    Two thirds of what a receiver sends is such a datagram, hundreds a second: no loop over blocks, no object for each.
    """
    size = len(data)
    if size < 8 or data[1] != RR or data[0] & 0xE0 != 0x80:
        return None
    count = data[0] & 31
    at = 8 + 24 * count
    if at > size or data[2] << 8 | data[3] != 6 * count + 1:
        return None
    values = _BRIEF[count].unpack_from(data, 8)
    if at + 4 <= size and data[at + 1] == SDES and data[at] & 0xE0 == 0x80:
        at += 4 + 4 * (data[at + 2] << 8 | data[at + 3])
    bitrate = -1
    if at + 20 <= size:
        first, kind, words, _, name, mixed = _REMB.unpack_from(data, at)
        at += 4 + 4 * words
        if first != 0x8F or kind != PSFB or name != b"REMB" or words < 4 + (mixed >> 24):
            return None
        bitrate = (mixed & 0x3FFFF) << (mixed >> 18 & 63)
    if at != size:
        return None
    reports = values[3::5]
    last = max(reports, default=0)
    delay = values[4::5][reports.index(last)] if last else 0
    return Brief(values[0::5], values[1::5], values[2::5], last, delay, bitrate)


def round_trip(last_report: int, delay: int, ntp: float) -> float | None:
    """Seconds there and back from a report's two times (RFC 3550 section 6.4.1), or None when they tell nothing.

    ``ntp`` is the time of arrival on the clock whose times our sender reports carry, seconds.
    """
    if not last_report:
        return None
    trip = (round(ntp * 65536) - last_report - delay & 0xFFFFFFFF) / 65536
    return trip if trip < 60 else None  # more: it answers a report that was never ours, or clocks jumped


def parse(data: bytes, *, blocks: bool = True, transport: bool = False) -> list[Message]:
    """The messages of one plain compound packet that we understand.  Raises: BadPacket.

    Without ``blocks`` receiver reports are passed over and sender reports come without theirs: the relay reads hundreds
    of them a second and needs none.  Transport-wide feedback comes only if asked for with ``transport``.
    """
    found: list[Message] = []
    at, size, count, asked, feedbacks = 0, len(data), 0, 0, 0
    while at < size:
        count += 1
        if count > MAX_PACKETS or at + 4 > size:
            raise BadPacket("rtcp.short")
        first, kind = data[at], data[at + 1]
        end = at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
        if first >> 6 != 2 or end > size:
            raise BadPacket("rtcp.length")
        body = data[at + 4 : end]
        if first & 0x20:
            if end != size or not body or not 0 < body[-1] <= len(body):
                raise BadPacket("rtcp.padding")
            body = body[: -body[-1]]
        if kind == RTPFB and first & 31 == 15:
            feedbacks += transport
            if len(body) < 8 or feedbacks > MAX_FEEDBACKS:
                raise BadPacket("rtcp.feedback")
            if transport:
                found.append(TransportFeedback(_u32(body, 0), _u32(body, 4), body[8:]))
            at = end
            continue
        message = _read(kind, first & 31, body, blocks)
        if message is not None:
            found.append(message)
            asked += len(message.seqs) if isinstance(message, Nack) else 0
            if asked > MAX_SEQS:
                raise BadPacket("rtcp.nack")
        at = end
    return found


def _read(kind: int, count: int, body: bytes, blocks: bool) -> Message | None:
    if kind == SR:
        if len(body) < 24 + 24 * count:
            raise BadPacket("rtcp.sr")
        ntp, rtp_time, packets, octets = _SENDER.unpack_from(body, 4)
        return SenderReport(_u32(body, 0), ntp, rtp_time, packets, octets, _blocks(body, 24, count if blocks else 0))
    if kind == RR:
        if len(body) < 4 + 24 * count:
            raise BadPacket("rtcp.rr")
        return ReceiverReport(_u32(body, 0), _blocks(body, 4, count)) if blocks else None
    if kind == BYE:
        if len(body) < 4 * count:
            raise BadPacket("rtcp.bye")
        return Bye(tuple(_u32(body, 4 * index) for index in range(count)))
    if kind in (RTPFB, PSFB):
        if len(body) < 8:
            raise BadPacket("rtcp.feedback")
        return _feedback(kind, count, _u32(body, 0), _u32(body, 4), body[8:])
    return None


def _feedback(kind: int, fmt: int, sender: int, media: int, fci: bytes) -> Message | None:
    if kind == RTPFB and fmt == 1:
        return Nack(sender, media, _nack_seqs(fci))
    if kind == PSFB and fmt == 1:
        return KeyframeRequest(sender, (media,))
    if kind == PSFB and fmt == 4:
        if not fci or len(fci) % 8:
            raise BadPacket("rtcp.fir")
        return KeyframeRequest(sender, tuple(_u32(fci, at) for at in range(0, len(fci), 8)))
    if kind == PSFB and fmt == 15 and fci[:4] == b"REMB":
        if len(fci) < 8 or len(fci) < 8 + 4 * fci[4]:
            raise BadPacket("rtcp.remb")
        bitrate = (int.from_bytes(fci[5:8], "big") & 0x3FFFF) << (fci[5] >> 2)
        return Remb(sender, bitrate, tuple(_u32(fci, 8 + 4 * index) for index in range(fci[4])))
    return None


def _nack_seqs(fci: bytes) -> tuple[int, ...]:
    if not fci or len(fci) % 4:
        raise BadPacket("rtcp.nack")
    seqs: list[int] = []
    for first, mask in _NACK.iter_unpack(fci):
        seqs.append(first)
        seqs.extend((first + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1)
        if len(seqs) > MAX_SEQS:
            raise BadPacket("rtcp.nack")
    return tuple(seqs)


def _blocks(body: bytes, start: int, count: int) -> tuple[Block, ...]:
    blocks = []
    for index in range(count):
        ssrc, mixed, highest, jitter, last, delay = _BLOCK.unpack_from(body, start + 24 * index)
        lost = mixed & 0xFFFFFF
        blocks.append(Block(ssrc, mixed >> 24, lost - (1 << 24) if lost >> 23 else lost, highest, jitter, last, delay))
    return tuple(blocks)


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


# -- building -----------------------------------------------------------------------------------------------------------


def sender_report(report: SenderReport) -> bytes:
    """One SR."""
    body = _SENDER.pack(report.ntp, report.rtp_time, report.packets & 0xFFFFFFFF, report.octets & 0xFFFFFFFF)
    return _report(SR, report.ssrc, body, report.blocks)


def receiver_report(ssrc: int, blocks: Sequence[Block] = ()) -> bytes:
    """One RR; without blocks it is the mandatory head of a compound packet that only carries feedback."""
    return _report(RR, ssrc, b"", blocks)


def _report(kind: int, ssrc: int, body: bytes, blocks: Sequence[Block]) -> bytes:
    reports = blocks[:31]  # the count field has five bits
    tail = b"".join(
        _BLOCK.pack(
            block.ssrc, (block.fraction & 0xFF) << 24 | block.lost & 0xFFFFFF, block.highest & 0xFFFFFFFF,
            block.jitter & 0xFFFFFFFF, block.last_report, block.delay & 0xFFFFFFFF,
        )
        for block in reports
    )
    return _HEAD.pack(0x80 | len(reports), kind, (4 + len(body) + len(tail)) // 4, ssrc) + body + tail


def source_description(ssrc: int, cname: str) -> bytes:
    """One SDES with the CNAME, which ties sound and picture of one source together (RFC 3550 section 6.5.1)."""
    item = bytes([1, len(cname)]) + cname.encode("ascii")
    item += bytes(4 - len(item) % 4)  # at least one zero ends the list
    return _HEAD.pack(0x81, SDES, (4 + len(item)) // 4, ssrc) + item


def nack(sender: int, media: int, seqs: Iterable[int]) -> bytes:
    """One generic NACK (RFC 4585 section 6.2.1); numbers are packed into pairs of first number and mask."""
    pairs: list[list[int]] = []
    for seq in seqs:
        distance = (seq - pairs[-1][0]) & 0xFFFF if pairs else 0
        if pairs and 0 < distance <= 16:
            pairs[-1][1] |= 1 << distance - 1
        else:
            pairs.append([seq & 0xFFFF, 0])
    body = b"".join(_NACK.pack(*pair) for pair in pairs)
    return _FEEDBACK.pack(0x81, RTPFB, 2 + len(pairs), sender, media) + body


def pli(sender: int, media: int) -> bytes:
    """One picture loss indication (RFC 4585 section 6.3.1)."""
    return _FEEDBACK.pack(0x81, PSFB, 2, sender, media)


def fir(sender: int, media: int, number: int) -> bytes:
    """One full intra request (RFC 5104 section 4.3.1); ``number`` grows with every new request."""
    return _FEEDBACK.pack(0x84, PSFB, 4, sender, 0) + _FIR.pack(media, number & 0xFF)


def remb(sender: int, bitrate: int, ssrcs: Sequence[int]) -> bytes:
    """One REMB: ``bitrate`` bit/s for all ``ssrcs`` together."""
    exponent = max(0, bitrate.bit_length() - 18)
    body = b"REMB" + bytes([len(ssrcs)]) + (exponent << 18 | bitrate >> exponent).to_bytes(3, "big")
    body += b"".join(ssrc.to_bytes(4, "big") for ssrc in ssrcs)
    return _FEEDBACK.pack(0x8F, PSFB, 2 + len(body) // 4, sender, 0) + body


def transport_feedback(sender: int, media: int, fci: bytes) -> bytes:
    """One transport-wide feedback; ``fci`` is padded to whole words (the message's own length byte tells by how much)."""
    padding = -len(fci) % 4
    tail = bytes(padding - 1) + bytes([padding]) if padding else b""
    first = 0xAF if padding else 0x8F
    return _FEEDBACK.pack(first, RTPFB, 2 + (len(fci) + padding) // 4, sender, media) + fci + tail


def bye(ssrcs: Sequence[int]) -> bytes:
    """One BYE for up to 31 sources."""
    few = ssrcs[:31]
    return bytes([0x80 | len(few), BYE]) + len(few).to_bytes(2, "big") + b"".join(s.to_bytes(4, "big") for s in few)
