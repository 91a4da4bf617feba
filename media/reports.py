"""RTCP between a room and its members: what each says of its line, what we say to it.

Pure: messages leave through the relay's ``emit``, time is an argument.  Streams of other members are out of reach: an SSRC that is not
the member's own is passed over.  Called by ``media/room.py`` and, for its own ends, by ``media/link.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from media import rtcp, twcc
from media.intake import Intake
from media.bwe import Line
from media.limits import (
    ARRIVALS_FEW, ARRIVALS_INTERVAL, ARRIVALS_SPARSE, FEEDBACK_BUDGET, NARROW, REPEAT_FOR, REPEAT_FROM, REPORT_INTERVAL, RTX_BUDGET, SENDER_REPORT_INTERVAL,
    SUSPICIOUS_LOSS, UPLINK_BITRATE, WORST_LOSS,
)
from media.member import Member
from media.relay import Control, Output, Relay

History = Callable[[int], tuple[float, int] | None]   # transport-wide number -> (time sent, octets)
_NTP: Final = 1 << 32
_SMALL: Final = 1000  # octets: many slots need more than one datagram


def take(member: Member, data: bytes, relay: Relay, history: History, now: float) -> None:
    """One authentic compound packet.  Raises: BadPacket."""
    if member.role == "publish":
        for message in rtcp.parse(data, blocks=False):
            if isinstance(message, rtcp.SenderReport):
                _on_sender_report(member, message, now)
        return
    short = rtcp.brief(data)
    if short is not None:
        _on_blocks(member, short.ssrcs, short.fractions, short.highest, short.last_report, short.delay, now)
        if short.remb >= 0:
            _on_remb(member, short.remb, now)
        return
    for message in rtcp.parse(data, transport=True):
        _on_message(member, message, relay, history, now)


def _on_message(member: Member, message: rtcp.Message, relay: Relay, history: History, now: float) -> None:
    if isinstance(message, rtcp.Nack):
        down = member.downs.get(message.media)
        if down is not None:
            relay.resend(down, message.seqs, now)
    elif isinstance(message, rtcp.KeyframeRequest):
        for ssrc in message.media:
            down = member.downs.get(ssrc)
            layer = None if down is None else down.layer or down.awaited
            if layer is not None:
                relay.ask_keyframe(layer.intake, now)
                if down is not None and down.layer is layer and member.line is not None and now >= member.forgiven_until:
                    member.line.on_trouble(now)
                    _hasten(member)
    elif isinstance(message, (rtcp.ReceiverReport, rtcp.SenderReport)):
        blocks = message.blocks
        newest = max(blocks, key=lambda block: block.last_report, default=None)
        _on_blocks(
            member, tuple(block.ssrc for block in blocks), tuple(block.fraction for block in blocks),
            tuple(block.highest for block in blocks), newest.last_report if newest else 0, newest.delay if newest else 0, now,
        )
    elif isinstance(message, rtcp.Remb):
        _on_remb(member, message.bitrate, now)
    elif isinstance(message, rtcp.TransportFeedback):
        if member.line is not None and member.feedback_budget > 0:
            member.feedback_budget -= 1
            member.line.on_feedback(twcc.parse(message.fci), history, now)
            _hasten(member)


def _on_remb(member: Member, bitrate: int, now: float) -> None:
    if member.line is not None:
        member.line.on_remb(bitrate, now)
        _hasten(member)


def _hasten(member: Member) -> None:
    """What a line no longer carries is taken from it at once."""
    if member.line is not None and member.line.estimate < member.spends:
        member.choose_at = 0.0


def _on_blocks(
    member: Member, ssrcs: tuple[int, ...], fractions: tuple[int, ...], highest: tuple[int, ...], last: int, delay: int, now: float
) -> None:
    mine = [at for at, ssrc in enumerate(ssrcs) if ssrc in member.downs]
    # All answers to one sender report tell of the same moment, its passage; only the first is news.
    trip = rtcp.round_trip(last, delay, now) if last != member.answered else None
    member.answered = last or member.answered
    member.rtt = trip if trip is not None else member.rtt
    if not mine:
        return
    if len(mine) < len(ssrcs):
        ssrcs, fractions, highest = ([each[at] for at in mine] for each in (ssrcs, fractions, highest))  # type: ignore[assignment]
    losses = member.losses
    loss = losses.note(ssrcs, fractions, highest, [member.downs[ssrc].holes for ssrc in ssrcs])
    for ssrc in ssrcs:
        member.downs[ssrc].loss = round(256 * losses.of.get(ssrc, 0.0))
    if now < member.forgiven_until:
        loss = 0.0
    if member.line is None and loss > SUSPICIOUS_LOSS:
        member.line = Line(now)
    if member.line is not None:
        member.line.on_report(loss, trip, now)
        if member.line.loss >= REPEAT_FROM:
            member.lossy_until = now + REPEAT_FOR
        _hasten(member)


def _on_sender_report(member: Member, message: rtcp.SenderReport, now: float) -> None:
    for source in member.sources.values():
        for intake in source.intakes:
            if intake.ssrc == message.ssrc:
                on_sender_report(intake, message, now)


def on_sender_report(intake: Intake, message: rtcp.SenderReport, now: float) -> None:
    """What this stream's sender says its timestamps mean."""
    member = intake.source.owner
    intake.report = (message, now)
    # The smallest difference seen is the one least delayed on the way.
    member.clock_offset = min(member.clock_offset, now - message.ntp / _NTP)


# -- what we say --------------------------------------------------------------------------------------------------------


def send(member: Member, emit: Callable[[Output], None], now: float) -> float:
    """Sends the reports that are due; returns the seconds until the next time."""
    member.resend_budget, member.feedback_budget = RTX_BUDGET, FEEDBACK_BUDGET
    if member.role == "subscribe":
        data = b""
        for down in member.downs.values():
            if len(data) > _SMALL:
                emit(Control(member, data))
                data = b""
            data += down.sender_report(now)
        if data:
            emit(Control(member, data))
        return SENDER_REPORT_INTERVAL if data else REPORT_INTERVAL
    blocks = []
    for source in member.sources.values():
        for intake in source.intakes:
            block = intake.block(now, min(_worst(intake), WORST_LOSS) if source.kind == "audio" else 0)
            if block is not None:
                blocks.append(block)
    if blocks:
        data = rtcp.receiver_report(member.ssrc, blocks)
        if member.remb:
            data += rtcp.remb(member.ssrc, UPLINK_BITRATE, [block.ssrc for block in blocks])
        emit(Control(member, data))
    return REPORT_INTERVAL


def _worst(intake: Intake) -> int:
    """1/256: what its worst listener loses, whom its publisher serves by making the sound smaller and adding to it.

    Who is given each sound twice, and has room for that, needs neither.
    """
    return max((
        down.loss for layer in intake.layers for down in layer.live.downs
        if layer.codec != "RED" or down.owner.line is None or down.owner.line.estimate < NARROW
    ), default=0)


def send_arrivals(member: Member, emit: Callable[[Output], None], now: float) -> None:
    """Tells a publisher when its packets arrived, about ten times a second, so that its browser adapts."""
    if member.arrivals is None or now < member.arrivals_at:
        return
    if member.arrivals.waiting < ARRIVALS_FEW and now < member.arrivals_at + ARRIVALS_SPARSE - ARRIVALS_INTERVAL:
        return
    member.arrivals_at = now + ARRIVALS_INTERVAL
    media = next((i.ssrc for s in member.sources.values() for i in s.intakes if i.ssrc is not None), 0)
    said = member.arrivals.feedback(member.ssrc, media, now)
    if said is not None:
        emit(Control(member, rtcp.receiver_report(member.ssrc) + said))
