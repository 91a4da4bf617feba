"""The streams of a room: one UpStream per published track, one DownStream per slot of a subscriber.

"Up" is towards the server, "down" is from it.  Pure state with the rules that belong to one stream: which packets are
missing, whether a key frame is awaited, what a report says.  Never sends: ``media/relay.py`` moves packets between them,
``media/fanout.py`` reads the numbers of DownStream in its inner loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from media import rtcp
from media.cache import Packet, Ring
from media.limits import AUDIO_RING, MAX_GAP, MAX_MISSING, NACK_DELAY, NACK_GIVE_UP, NACK_RETRY, NACK_TRIES, VIDEO_RING
from media.rtp import extend
from media.sdp import Extensions
from media.seqmap import SeqMap
from media.speaker import Voice

if TYPE_CHECKING:
    from media.room import Member

Kind = Literal["audio", "video"]
_NTP: Final = 1 << 32
_LATE, _NEXT, _RESTART = -1, 1, 2


@dataclass(slots=True)
class _Gap:
    seen_at: float
    asked_at: float = -1.0
    tries: int = 0


class Audience:
    """Everybody who receives a source during one stretch, in a fixed order.

    Never changed: who joins, leaves or begins anew makes a new one.  So ``plan``, what the fan-out has laid out for it,
    cannot outlive the numbers it was made of.
    """

    __slots__ = ("downs", "plan")

    def __init__(self, downs: tuple[DownStream, ...] = ()) -> None:
        self.downs = downs
        self.plan: Any = None


class UpStream:
    """One published track.  ``live`` receive it now, ``waiting`` begin with its next key frame (or next sound).

    Extended numbers never come twice: after a restart they begin above all earlier ones.  ``timeline`` is replaced when
    the publisher's timestamps no longer go on from those before.
    """

    LATE, NEXT, RESTART = _LATE, _NEXT, _RESTART

    def __init__(
        self, owner: Member, mid: str, kind: Kind, codec: str, payload_type: int, clock: int, level: int = 0
    ) -> None:
        """``level`` is the number of the header extension that tells its loudness; 0 when it has none."""
        self.owner, self.mid, self.kind, self.codec = owner, mid, kind, codec
        self.payload_type, self.clock, self.level = payload_type, clock, level
        self.voice = Voice()
        self.ssrc: int | None = None
        self.ring = Ring(VIDEO_RING if kind == "video" else AUDIO_RING)
        self.live = Audience()     # replaced, never changed in place: batches under way refer to it
        self.waiting: tuple[DownStream, ...] = ()
        self.timeline = object()
        self.gated = False
        self.asleep, self.heard_at = True, 0.0  # nothing has come for a while: others may have its slots
        self.wants_keyframe = False
        self.pli_at = -1e9
        self.highest = -1          # extended sequence number of the newest packet
        self.highest_ts, self.highest_at = 0, 0.0
        self.missing: dict[int, _Gap] = {}
        self.received = 0
        self._fresh = True         # nothing has come since the beginning or a restart
        self._first = self._cycle = 0
        self._reported = (0, 0)    # (expected, received) at the last report
        self._transit, self._jitter = 0, 0.0
        self.report: tuple[rtcp.SenderReport, float] | None = None

    def bind(self, ssrc: int) -> None:
        """The publisher sends this track under ``ssrc`` from now on; another one than before is a restart."""
        if self.ssrc is not None and self.ssrc != ssrc:
            self.pause()
            self.missing.clear()
            self.timeline, self.report, self._fresh = object(), None, True
            self.received, self._reported, self._transit, self._jitter = 0, (0, 0), 0, 0.0
        self.ssrc = ssrc

    def note(self, seq: int, timestamp: int, now: float) -> tuple[int, int]:
        """(extended number, LATE | NEXT | RESTART) of a packet that arrived; notes what is missing before it."""
        self.received += 1
        if self._fresh:
            self._cycle = (self.highest >> 16) + 2 << 16  # a whole cycle above: room for packets that were overtaken
            self._fresh, ext, order = False, seq + self._cycle, _NEXT
            self._first = ext
        else:
            ext = extend(self.highest, seq)
            distance = ext - self.highest
            if distance <= 0:
                self.missing.pop(ext, None)
                return ext, _LATE
            order = _NEXT if distance <= MAX_GAP else _RESTART
            if order == _RESTART:
                self.missing.clear()
                self.pause()
            elif distance > 1:
                for lost in range(max(self.highest + 1, ext - MAX_MISSING), ext):
                    self.missing[lost] = _Gap(now)
                while len(self.missing) > MAX_MISSING:
                    del self.missing[next(iter(self.missing))]
        self._measure_jitter(timestamp, now)
        self.highest, self.highest_ts, self.highest_at = ext, timestamp, now
        return ext, order

    def _measure_jitter(self, timestamp: int, now: float) -> None:
        transit = round(now * self.clock) - timestamp
        if self.received > 1:
            distance = abs((transit - self._transit + 0x80000000) % _NTP - 0x80000000)
            self._jitter += (distance - self._jitter) / 16  # RFC 3550 appendix A.8
        self._transit = transit

    def lost_now(self, now: float) -> list[int]:
        """Sequence numbers (16 bit) to ask the publisher for again; gives up on old ones."""
        asked = []
        for ext, gap in list(self.missing.items()):
            if gap.tries >= NACK_TRIES or now - gap.seen_at > NACK_GIVE_UP:
                del self.missing[ext]
            elif now - gap.seen_at >= NACK_DELAY and now - gap.asked_at >= NACK_RETRY:
                gap.asked_at, gap.tries = now, gap.tries + 1
                asked.append(ext & 0xFFFF)
        return asked

    def pause(self) -> None:
        """Everybody who receives this stream waits for its next starting point."""
        for down in self.live.downs:
            down.pause(self)
        self.waiting += self.live.downs
        self.live = Audience()

    def block(self, now: float) -> rtcp.Block | None:
        """The reception report for the publisher; None before the first packet."""
        if self.ssrc is None or self._fresh:
            return None
        expected = self.highest - self._first + 1
        new_expected, new_received = expected - self._reported[0], self.received - self._reported[1]
        self._reported = (expected, self.received)
        lost = max(-0x800000, min(0x7FFFFF, expected - self.received))
        fraction = max(0, min(255, (new_expected - new_received) * 256 // new_expected)) if new_expected > 0 else 0
        last = delay = 0
        if self.report is not None:
            last = self.report[0].ntp >> 16 & 0xFFFFFFFF
            delay = round((now - self.report[1]) * 65536)
        return rtcp.Block(self.ssrc, fraction, lost, self.highest - self._cycle, int(self._jitter), last, delay)


@dataclass(slots=True)
class Tally:
    """Packets and payload octets sent, shared by everybody who received the same ones."""

    packets: int = 0
    octets: int = 0


@dataclass(eq=False, slots=True)
class DownStream:
    """One slot: a section of a subscriber's offer with a fixed SSRC, filled with one source after another.

    ``pts`` maps a codec to the payload type this subscriber wants for it.  ``delta``, ``ts_delta`` and ``payload_type``
    are the present stretch's, for the fan-out; ``target`` is where it sends (set when DTLS stands).
    """

    owner: Member
    mid: str
    kind: Kind
    ssrc: int
    pts: dict[str, int]
    map: SeqMap[UpStream]
    source: UpStream | None = None
    live: bool = False               # receives its source now; otherwise it waits for a starting point
    resumes: object = None           # the timeline its timestamps follow if it comes back to it
    target: Any = None
    payload_type: int = 0
    delta: int = 0
    ts_delta: int = 0
    pid_delta: int = 0               # the same for VP8's picture id (modulo 2^15) and ...
    tl0_delta: int = 0               # ... TL0PICIDX (modulo 2^8)
    extensions: Extensions = Extensions()  # header extensions agreed in this section
    rtx_ssrc: int = 0                # packets are sent again on a stream of their own (RFC 4588); 0: on this one
    rtx: dict[str, int] = field(default_factory=dict)  # codec to the payload type of its RTX
    rtx_seq: int = 0                 # number of the next RTX packet
    cname: str = ""
    _tally: Tally = field(default_factory=Tally)     # of the present set of receivers, and ...
    _before: Tally = field(default_factory=Tally)    # ... of all the time before

    @property
    def packets(self) -> int:
        """Packets sent so far."""
        return self._before.packets + self._tally.packets

    @property
    def octets(self) -> int:
        """Payload octets sent so far."""
        return self._before.octets + self._tally.octets

    @property
    def since(self) -> int:
        """The number (16 bit) of the first packet that the present source has sent here, or will send."""
        return (self.map.first if self.live else self.map.last + 1) & 0xFFFF

    def count_in(self, tally: Tally) -> None:
        """From now on this stream receives what ``tally``, still at zero, counts."""
        self._before = Tally(self.packets, self.octets)
        self._tally = tally

    def count_one(self, octets: int) -> None:
        """One packet was sent outside the common ones."""
        self._before = Tally(self._before.packets + 1, self._before.octets + octets)

    def carries(self, source: UpStream) -> bool:
        """Whether this section of the offer can take the source's packets as they are."""
        return source.kind == self.kind and source.codec in self.pts

    def begin(self, source: UpStream, packet: Packet, now: float) -> None:
        """``packet`` is the first of a new stretch."""
        self.map.begin(source, packet.ext, packet.timestamp, now, source.clock, self.resumes is source.timeline)
        self.resumes, self.live = None, True
        self.owner.report_at = min(self.owner.report_at, now + 0.3)  # the receiver needs the new times for lip sync
        self.payload_type = self.pts[source.codec]
        self.delta, self.ts_delta = self.map.delta, self.map.ts_delta

    def pause(self, source: UpStream) -> None:
        """The stretch ends with the newest packet of ``source``."""
        self.live, self.resumes = False, source.timeline
        self.map.end(source.highest, source.highest_ts, source.highest_at)

    def sender_report(self, now: float) -> bytes:
        """SR and SDES of this slot, or nothing when its source has not yet said which time its timestamps mean.

        All times are moved to this server's clock, by one offset per publisher: sound and picture stay together.
        """
        source = self.source
        if not self.packets or source is None or source.report is None or not self.live:
            return b""
        report, _ = source.report
        said_at = report.ntp / _NTP + source.owner.clock_offset
        rtp_time = (report.rtp_time + round((now - said_at) * source.clock) + self.ts_delta) & 0xFFFFFFFF
        out = rtcp.SenderReport(self.ssrc, int(now * _NTP), rtp_time, self.packets, self.octets)
        return rtcp.sender_report(out) + rtcp.source_description(self.ssrc, self.cname)
