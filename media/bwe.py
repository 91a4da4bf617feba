"""How many bits a second one receiver's line carries: the estimate by which its pictures are chosen.

Two kinds of evidence.  Arrival times of every packet (transport-wide feedback): delay and acknowledged rate, as in
draft-ietf-rmcat-gcc-02.  Or the browser's own estimate (REMB) with receiver reports: it knows a congested line well and
an idle one badly, for it never believes in much more than it receives; so what it takes back counts at once, and what
it does not yet believe is proven by probes.  Loss bounds both.  Pure: ``now`` is an argument; never sends, never chooses
a picture.  Told by ``media/reports.py``, asked by
``media/room.py`` and ``media/choice.py``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from media.bwe_delay import Delay
from media.bwe_probe import Prober
from media.twcc import Feedback

START: Final = 400_000          # bit/s, until something is known
FLOOR: Final = 20_000           # below this there is no call
CEILING: Final = 50_000_000
_BACK: Final = 0.92             # of what arrives is what an overused line gets
_GRAIN: Final = 0.05            # of what is sent
_PAUSE: Final = 0.5             # and a round trip, before the same overuse is judged again: it takes time to drain
_AGAIN: Final = 1.5             # overused again so soon: what it got was still too much
_GROWTH: Final = 0.08           # a second
_STEP: Final = 40_000           # bit/s in a second, where the line was full before
_AHEAD, _AHEAD_PLUS = 1.1, 5_000    # no growth beyond this times what arrives: probes tell more
_SETTLED: Final = 1.0           # seconds after it was overused last
_HIGH_LOSS, _LOW_LOSS = 0.10, 0.02
_PROBE_LOSS: Final = 0.08       # no cluster, and a bad verdict on one, with more than this
_TRIAL: Final = 3.0             # seconds until reports tell whether less traffic means less loss
_CALM: Final = 8.0              # seconds after overuse in which loss is its doing
_SMALLEST: Final = 250_000      # bit/s
_MOST_INHERENT: Final = 0.3     # a line that loses more by itself carries no call
_QUIET: Final = 3.0             # without a word from the receiver: hold, then ...
_QUIET_REPORTS: Final = 6.0     # (reports alone of sound alone come every five seconds)
_DECAY: Final = 0.15            # ... lose this share a second
_WHOLE: Final = 2.0             # arrival times older than this: judge by REMB and reports
_SHORT, _LONG = 0.35, 0.6       # length of a probe judged by arrival times, by reports
_LONGEST, _BITS = 0.8, 60_000   # but so many bits, or else packets are too few to measure by
_VERDICT: Final = 1.1           # how long after its end a probe may still be judged badly
_SEVERE, _MILD = 0.7, 0.8       # REMB, as a share of what is sent, after a deep fall and after one that may mean nothing ...
_SECOND: Final = 1.3            # ... unless another one follows so soon, or it does not rise by then
_SOON: Final = 1.5              # between two requests for a key frame that together mean trouble
_STUCK: Final = 3.0             # REMB that stays below what is sent for so long means it
_DRAIN: Final = 2.5             # after a descent: the queue it is to cure is still there
_EARLY: Final = 50              # holes of a publisher's line that a report to come may still tell of, at most
_AMPLE: Final = 1.3             # times what is sent: a REMB that is no worry
_STOP: Final = 0.08             # a queue as long as this ends a probe
_NONE: Final = 0.03             # a queue shorter than this is none: packets of sound are 0.02 s apart
_TRIP: Final = 0.12             # a round trip longer by this than the least one: a queue


class Line:
    """One receiver's downlink.  ``rtt`` in seconds, None until known; ``loss`` 0 to 1, of the last reports.

    ``reason`` is what held the estimate down where it still is: delay, remb, loss, silent; empty when nothing did.
    """

    def __init__(self, now: float) -> None:
        self.rtt: float | None = None
        self.loss = 0.0
        self.reason = ""
        self.delay = Delay()
        self._rate = float(START)
        self._lossy = float("inf")      # bound by loss
        self._inherent = 0.0            # loss that less traffic does not cure
        self._trial: tuple[float, float] | None = None   # rate and loss before less was sent to see what that cures
        self._bound = 0.0               # the last estimate that something held down
        self._overs = 0
        self._full = 0.0                # what arrived when the line was last overused
        self._remb = -1.0
        self._usage = "normal"          # as arrival times tell, where nothing proves them wrong
        self._queue = 0.0
        self._ways = 0
        self._least_passage = float("inf")   # from sending a packet to hearing of it
        self._least_rtt, self._queued = float("inf"), 0   # the least round trip, and how many reports in a row were late
        self._meter: deque[tuple[float, int, float]] = deque([(now, 0, 0.0)])   # time, octets, those of media
        self._probe = Prober(now)
        self._heard_at = self._ticked_at = now
        self._feedback_at = self._remb_at = -1e9
        self._cut_at = self._over_at = self._trouble_at = -1e9
        self._fell_at, self._fell_to = -1e9, 0.0   # when and how far REMB last went back, if that is in doubt
        self._behind_at = now           # when REMB last rose, or covered what is sent

    # -- what is said ---------------------------------------------------------------------------------------------------

    @property
    def estimate(self) -> int:
        """bit/s this receiver can take, headers included."""
        return int(max(FLOOR, min(self._rate, self._lossy)))

    @property
    def sending(self) -> float:
        """bit/s handed to this receiver over the last second, probes included."""
        return self._rate_of(1)

    @property
    def repairs(self) -> int:
        """bit/s that may go into packets sent again: nothing is gained by them while the line is full.

        Else what is left of the estimate, or where nothing tells of a queue twice what is lost; never above a quarter.
        """
        if self._usage == "over" or self._queued:
            return 0
        media = self._rate_of(2)
        now = self._ticked_at
        clear = self._by_arrival(now) or now - max(self._fell_at, self._over_at) > _STUCK
        lost = 2 * self.loss * media if clear else 0.0
        return int(max(30_000, min(self.estimate / 4, max(self.estimate - media, lost))))

    def _rate_of(self, column: int, until: float = 1e18) -> float:
        first = self._meter[0]
        last = next((entry for entry in reversed(self._meter) if entry[0] <= until), first)
        return (last[column] - first[column]) * 8 / (last[0] - first[0]) if last[0] - first[0] >= 0.2 else 0.0

    # -- what is heard --------------------------------------------------------------------------------------------------

    def sent(self, octets_total: int, now: float) -> None:
        """All octets handed to this receiver so far; call it with every tick (what comes too soon is passed over)."""
        meter = self._meter
        before, total, media = meter[-1]
        if now - before < _GRAIN:
            return
        if octets_total < total:
            meter.clear()  # counted anew
            media = total = octets_total
        empty = min(self._probe.extra * (now - before) / 8, octets_total - total) if self._probe.running(before) else 0
        meter.append((now, octets_total, media + octets_total - total - empty))
        while now - meter[0][0] > 1.0 and len(meter) > 2:
            meter.popleft()

    def on_remb(self, bitrate: int, now: float) -> None:
        """The browser's own estimate.  One that goes back was full; one that merely stays behind saw too little."""
        before, self._remb, self._remb_at, self._heard_at = self._remb, float(bitrate), now, now
        if self._by_arrival(now):
            return
        sending = min(self._rate_of(2), self._rate_of(2, now - 0.25))  # what arrived is a little older than what leaves now
        if bitrate > 1.01 * before or bitrate > 0.85 * sending or self._probe.pending:
            self._behind_at = now
        if 0 <= bitrate < 0.97 * before and bitrate < self._rate:
            self._on_fall(float(bitrate), sending, now)
        elif now - self._behind_at > _STUCK:
            self._over(now, bitrate, "remb")
            self._behind_at = now
        elif self._fell_to and now - self._fell_at > _SECOND:
            if bitrate < 1.01 * self._fell_to:
                self._over(now, bitrate, "remb")
            self._fell_to = 0.0
        elif bitrate > self._rate and now - self._over_at > 0.5:
            self._rate = min(CEILING, float(bitrate))

    def _on_fall(self, bitrate: float, sending: float, now: float) -> None:
        """REMB went back: it says 0.85 of what arrived in the last second."""
        first, self._fell_at = now - self._fell_at > _SECOND, now
        if self._probe.pending and self._probe.extra:
            # The cluster was too much; what was sent without it was not.
            self._over(now, max(bitrate, min(self._rate, 1.1 * self._rate_of(2))), "remb")
        elif first and bitrate < _SEVERE * sending:
            self._over(now, 0.4 * bitrate, "remb")  # most of that second was before the fall: the line carries far less
        elif bitrate < _MILD * sending or not first:
            self._over(now, bitrate, "remb")
        else:
            self._fell_to = bitrate  # nearly all of it arrived: perhaps only a key frame in one burst; soon we know

    def on_report(self, fraction_lost: float, rtt: float | None, now: float) -> None:
        """A receiver report: ``fraction_lost`` 0 to 1 of all packets to this receiver since its last one (``Losses``).

        ``rtt`` only where it is new: later reports on the same sender report tell of the same passage.
        """
        self._heard_at = now
        if rtt is not None:
            self.rtt = rtt
            self._least_rtt = min(rtt, self._least_rtt * 1.001)
        self.loss = (self.loss + fraction_lost) / 2
        self._bound_by_loss(now)
        self._queued = self._queued + 1 if rtt is not None and rtt > self._least_rtt + _TRIP else 0
        if self._by_arrival(now):
            return
        if self._probe.pending and (self._queued or self.loss > _PROBE_LOSS + self._inherent):
            self._probe.failed(now)
        elif fraction_lost <= _LOW_LOSS and self._remb > _AMPLE * self.sending:
            pass  # a receiver that sees every arrival and takes nothing back has no queue: its computer answers late
        elif now - self._over_at > _DRAIN and (self._queued >= 2 or (self._queued and fraction_lost > _LOW_LOSS)):
            probed = now - self._probe.ends_at < _DRAIN  # then it may all be the cluster's doing
            self._over(now, (1.05 if probed else 0.85 * (1 - self.loss)) * self._rate_of(2), "delay")

    def on_trouble(self, now: float) -> None:
        """The receiver asks for a key frame of what it sees already.  Twice, and with a queue: answering would only add to it."""
        before, self._trouble_at = self._trouble_at, now
        queue = self._queue > 0.05 if self._by_arrival(now) else self._queued
        if queue and 0.1 < now - before < _SOON < now - self._over_at:
            self._over(now, 0.85 * self.sending, "loss")

    def on_feedback(self, feedback: Feedback, sent: Callable[[int], tuple[float, int] | None], now: float) -> None:
        """Arrival times.  ``sent(number)`` is when and with how many octets it left; None: not ours, or too old."""
        self._heard_at = self._feedback_at = now
        self.delay.hear(feedback, sent)
        longest = self._longest_queue(now) if self.delay.newest >= 0 else float("inf")
        self._queue = min(self.delay.queue, longest)
        self._usage = "normal" if longest < _NONE else self.delay.usage
        if self._usage == "over":
            self._overused(now)
        if self._probe.running(now) and _STOP < longest < float("inf"):
            self._probe.failed(now)  # its queue grows already: sound must not be dropped for it
        if self._probe.pending:
            self._judge_probe(self._probe.hear(feedback, sent), now)

    def tick(self, now: float) -> None:
        """Growth, decay and verdicts that wait for nothing but time; call it some times a second."""
        passed, self._ticked_at = min(1.0, now - self._ticked_at), now
        quiet = _QUIET if self._feedback_at > 0 or self._remb_at > 0 else _QUIET_REPORTS
        if self.sending <= 0:
            self._heard_at = max(self._heard_at, now - quiet)  # who is sent nothing has nothing to report
        if now - self._heard_at > quiet:
            self._rate = max(FLOOR, self._rate * (1 - _DECAY * passed))
            self.reason = "silent"
            self._probe.rest(now, 1.0)
            return
        if self.reason == "silent" or (self._rate > 1.3 * self._bound and self._lossy >= self._rate):
            self.reason = ""  # no longer near what once was too much
        if self._lossy < self._rate and self.loss < _LOW_LOSS + self._inherent:
            self._lossy *= 1 + _GROWTH * passed
        elif self._lossy >= self._rate:
            self._lossy = float("inf")
        if self._by_arrival(now):
            self._grow(passed, now)
        elif self._probe.pending and now > self._probe.ends_at + _VERDICT:
            by_arrival = self._feedback_at > self._remb_at
            if self._heard_at > self._probe.ends_at and not by_arrival:
                self._rate = max(self._rate, float(self._probe.target))
                self._probe.passed(now)
            else:
                self._probe.failed(now)  # nobody said that it arrived

    # -- probes ---------------------------------------------------------------------------------------------------------

    def changed(self, now: float) -> None:
        """Another layer is shown: nothing measured now would mean anything, and a key frame is on its way."""
        self._probe.cancel(now, 1.2 if self._by_arrival(now) else 2.5)

    def probe(self, now: float, wanted: int) -> int:
        """bit/s of empty packets to send now, 0 for none; ``wanted`` bit/s would be put to use, all told."""
        probe = self._probe
        if probe.running(now):
            return probe.extra
        silent = self.sending > 0 and now - self._heard_at > 1.5  # who is sent nothing has nothing to say
        if not probe.may_start(now) or wanted <= self.estimate or silent:
            return 0
        arrival = self._by_arrival(now)
        if self.loss > _PROBE_LOSS + self._inherent or now - self._over_at < (1.0 if arrival else 3.0):
            return 0
        if arrival and (self._usage != "normal" or self._queue > 0.02):
            return 0
        length = max(_SHORT if arrival else _LONG, min(_LONGEST, _BITS / self.estimate))
        return probe.start(now, self.estimate, wanted, int(self._rate_of(2)), length)

    def _judge_probe(self, over: bool, now: float) -> None:
        probe = self._probe
        if not over and now < probe.ends_at + _VERDICT:
            return
        measured = probe.measured()
        if measured is None:
            probe.failed(now)
            return
        offered, arrived = (rate / (1 - self._inherent) for rate in measured)  # what a line loses by itself it did carry
        carried = arrived > 0.9 * offered
        self._rate = max(self._rate, (1.0 if carried else _BACK) * min(arrived, offered, probe.target))
        if carried and self._rate > 1.05 * probe.before:
            probe.passed(now)
        else:
            probe.failed(now)  # that is all it carries, or it teaches nothing

    # -- rules ----------------------------------------------------------------------------------------------------------

    def _by_arrival(self, now: float) -> bool:
        return now - self._feedback_at < _WHOLE

    def _overused(self, now: float) -> None:
        pause = _PAUSE + (self.rtt or 0.1)
        fresh = self.delay.fresh
        if fresh < 0 or (now - self._over_at < pause and _BACK * fresh > 0.7 * self._rate):
            return
        self._overs = self._overs + 1 if now - self._over_at < _AGAIN else 0
        self._full = fresh
        self._over(now, _BACK ** (1 + self._overs) * fresh, "delay")

    def _longest_queue(self, now: float) -> float:
        """Seconds of queue at most: the newest packet heard of has left so long ago, beyond the least such time.  Where the
        delays say more, it is the receiver's computer that is late and not its line."""
        passage = now - self.delay.newest
        if self.delay.ways != self._ways:
            self._ways, self._least_passage = self.delay.ways, passage
        self._least_passage = min(passage, self._least_passage * 1.001)
        return passage - self._least_passage

    def _over(self, now: float, rate: float, reason: str) -> None:
        self._over_at = now
        if rate < self._rate:
            self._rate = self._bound = max(float(FLOOR), rate)
            self.reason = reason
        self._probe.rest(now, 2.0)

    def _grow(self, passed: float, now: float) -> None:
        if self._usage != "normal" or now - self._over_at < 0.5:
            return
        acked = max(self.delay.acked, 0.0) / (1 - self._inherent)
        if now - self._over_at > _SETTLED and self._queue < 0.01 and not self._probe.pending and acked > _SMALLEST:
            self._rate = max(self._rate, acked)  # what arrives, and no queue with it, is carried
        ahead = _AHEAD * acked + _AHEAD_PLUS
        if self._rate >= ahead:
            return
        more = _GROWTH * self._rate * passed
        if self._full and abs(self._rate / self._full - 1) < 0.15:
            more = min(more, _STEP * passed)
        self._rate = min(self._rate + more, ahead, CEILING)

    def _bound_by_loss(self, now: float) -> None:
        """Loss with a queue is the line being full.  Without one it may be the line's own: less is sent for a moment to see."""
        loss, sending = self.loss, self._rate_of(2)
        if self._trial is not None and now - self._cut_at > _TRIAL:
            rate, before = self._trial
            if sending < 0.85 * rate and loss > 0.6 * before:
                self._inherent, self._lossy = min(_MOST_INHERENT, loss), float("inf")  # as much of less: sending less cures nothing
            self._trial = None
        queue = now - self._over_at < _CALM or (self._queue > 0.02 if self._by_arrival(now) else self._queued > 0)
        self._inherent += min(0.0, 1.2 * loss - self._inherent) / 10
        if self._inherent and not queue:
            self._inherent += max(0.0, min(_MOST_INHERENT, loss) - self._inherent) / 4
        if loss <= _HIGH_LOSS + self._inherent or now - self._cut_at < 0.5 or self._trial is not None:
            return
        self._cut_at = now
        if queue or loss > _MOST_INHERENT:
            self._lossy = min(self._lossy, self._rate, 1.2 * sending) * (1 - loss / 2)
        elif sending < _SMALLEST:
            self._inherent = loss  # less than this is no picture at all: nothing to try with
            return
        else:
            self._trial = sending, loss
            self._lossy = min(self._lossy, self._rate, 0.75 * sending)
        self._lossy = self._bound = max(float(FLOOR), self._lossy)
        self.reason = "loss"
        self._probe.rest(now, 2.0)


class Losses:
    """The share lost of all packets to a receiver, from the blocks of its reports; each stream weighs what it carries.

    What its publisher's own line lost never left here, so it says nothing of this receiver's line.
    """

    __slots__ = ("_highest", "_holes", "_early", "of")

    def __init__(self) -> None:
        self._highest: dict[int, int] = {}
        self._holes: dict[int, int] = {}      # counted so far ...
        self._early: dict[int, float] = {}    # ... of which so many were not in a report yet
        self.of: dict[int, float] = {}        # the share of each stream, of the newest report

    def note(
        self, ssrcs: Sequence[int], fractions: Sequence[int], highest: Sequence[int], holes: Sequence[int] | None = None
    ) -> float:
        """As in ``rtcp.Brief``; ``ssrcs`` must be those of this receiver's slots, so that the table stays small.

        ``holes``: how many numbers of each stream, since it began, had no packet here either.
        """
        expected, lost = 0, 0.0
        for ssrc, fraction, newest, empty in zip(ssrcs, fractions, highest, holes or [0] * len(ssrcs), strict=True):
            packets = newest - self._highest.get(ssrc, newest - 1)
            self._highest[ssrc] = newest
            new = empty - self._holes.get(ssrc, empty) + self._early.pop(ssrc, 0.0)
            self._holes[ssrc] = empty
            if 0 < packets < 1 << 16:
                missed = packets * fraction / 256
                self._early[ssrc] = min(_EARLY, max(0.0, new - missed))
                missed = max(0.0, missed - max(0.0, new))
                self.of[ssrc] = missed / packets
                expected += packets
                lost += missed
        return lost / expected if expected else 0.0
