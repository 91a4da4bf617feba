"""Which SSRC of a publisher is which stream, and which is the repair of which.

By what the offer announced; else by the header extensions mid, rid and repaired-rid (RFC 8843 section 9.2, RFC 8852); else by a payload type
that only one track has.  What cannot be told yet is asked again with every packet.  Pure and bounded: the SRTP library
keeps state for each SSRC, so there are at most ``MAX_SSRCS``.  Called by ``media/peer.py``.
"""

from __future__ import annotations

from media.intake import Intake
from media.limits import MAX_SSRCS
from media.member import Member
from media.rtp import RtpView
from media.source import Source


class Bindings:
    """The SSRCs of one member; a subscriber has none that mean anything."""

    __slots__ = ("_sources", "_media", "_repairs", "_unknown")

    def __init__(self, member: Member) -> None:
        self._sources = tuple(member.sources.values())
        self._media: dict[int, Intake | None] = {}    # None: a stream whose place another SSRC took
        self._repairs: dict[int, Intake] = {}
        self._unknown: set[int] = set()
        for source in self._sources:
            for intake in source.intakes:
                if intake.ssrc is not None:
                    self._media[intake.ssrc] = intake
                if intake.rtx_ssrc is not None:
                    self._repairs[intake.rtx_ssrc] = intake

    def admits(self, ssrc: int) -> bool:
        """Whether a packet with this SSRC may be decrypted at all."""
        if ssrc in self._media or ssrc in self._repairs or ssrc in self._unknown:
            return True
        return len(self._media) + len(self._repairs) + len(self._unknown) < MAX_SSRCS

    def find(self, view: RtpView) -> Intake | None:
        """The stream an authentic packet belongs to; a repair is turned into what it repairs.  None: it is to be dropped."""
        ssrc = view.ssrc
        intake = self._media.get(ssrc)
        if intake is None and ssrc not in self._media:
            if ssrc in self._repairs or self._is_repair(view):
                return self._repaired(view)
            intake = self._bind(view)
        if intake is None or view.payload_type not in (intake.source.payload_type, intake.source.red or -1):
            return None
        return intake

    def _is_repair(self, view: RtpView) -> bool:
        return any(source.rtx == view.payload_type for source in self._sources if source.rtx)

    def _repaired(self, view: RtpView) -> Intake | None:
        intake = self._repairs.get(view.ssrc) or self._bind_repair(view)
        if intake is None or view.payload_type != intake.source.rtx or not view.unwrap(intake.source.payload_type):
            return None
        return intake

    def _bind_repair(self, view: RtpView) -> Intake | None:
        self._unknown.add(view.ssrc)
        sources = [source for source in self._sources
                   if source.rtx == view.payload_type and _text(view, source.extensions.mid) in (None, source.mid)]
        if len(sources) != 1:
            return None
        rid = _text(view, sources[0].extensions.rrid)
        intake = sources[0].of_rid(rid) if rid is not None and sources[0].simulcast else _only(sources[0])
        return self._settle(view.ssrc, intake, self._repairs)

    def _bind(self, view: RtpView) -> Intake | None:
        self._unknown.add(view.ssrc)
        sources = [source for source in self._sources
                   if view.payload_type in (source.payload_type, source.red or -1)
                   and _text(view, source.extensions.mid) in (None, source.mid)]
        if len(sources) != 1:
            return None
        rid = _text(view, sources[0].extensions.rid)
        intake = sources[0].of_rid(rid) if rid is not None and sources[0].simulcast else _only(sources[0])
        if intake is None:
            return None
        # A stream has one SSRC at a time: what still comes under an earlier one would mix two streams into one.
        for ssrc in [ssrc for ssrc, bound in self._media.items() if bound is intake]:
            self._media[ssrc] = None
        intake.bind(view.ssrc)
        return self._settle(view.ssrc, intake, self._media)

    def _settle(self, ssrc: int, intake: Intake | None, table: dict[int, Intake] | dict[int, Intake | None]) -> Intake | None:
        if intake is not None:
            self._unknown.discard(ssrc)
            table[ssrc] = intake
        return intake


def _only(source: Source) -> Intake | None:
    return None if source.simulcast else source.intakes[0]


def _text(view: RtpView, extension: int) -> str | None:
    """The text of a header extension; None where it is not agreed or not there."""
    value = view.extension(extension) if extension else None
    return None if value is None else value.decode("ascii", "replace")
