"""One peer of the media server: its DTLS session, its SRTP keys, which of its SSRCs belongs to which track.

Takes datagrams the guard let through and hands plain packets to the room; never reads a socket, never knows other peers.
Called by ``media/mux.py``; created and closed by ``media/sfu.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from media import demux
from media.binding import Bindings
from media.counters import Counters
from media.errors import BadPacket, HandshakeFailed
from media.fanout import Target
from media.guard import Allowance, Patience
from media.limits import AWAY_AFTER, AWAY_SILENT, MAX_REPORTERS, PATH_SILENCE, SETUP_TIME
from media.port import Path, packed
from media.room import Member, Room
from media.rtp import RtpView
from media.sdp import Offer
from media.stun import mapped
from media.wire import DtlsSession, SharedCertificate, Srtp


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a peer tells its owner: DTLS stands, DTLS failed or it deserves closing, the other side said goodbye."""

    connected: Callable[[Peer], None]
    failed: Callable[[Peer], None]
    goodbye: Callable[[Peer], None]


class Peer:
    """State of one session; ``path`` is where we send, ``heard_at`` when its last authentic packet came."""

    def __init__(
        self,
        member: Member,
        room: Room,
        offer: Offer,
        credentials: tuple[str, str],
        certificate: SharedCertificate,
        send: Callable[[bytes, Path], object],
        counters: Counters,
        hooks: Hooks,
        now: float,
    ) -> None:
        self.member, self.room = member, room
        self.ufrag, self.pwd = credentials
        self.key = self.pwd.encode()
        self.fresh: tuple[str, str] | None = None  # credentials of a restart, until the first check under them
        self.path: Path | None = None
        self.path_checked_at = now
        self.mapped = b""  # its address as our answers to checks tell it
        self.target: Target | None = None
        self.created_at = self.heard_at = now
        self._fingerprints = offer.fingerprints
        self._transport_wide = next((s.extensions.transport_wide for s in member.sources.values()
                                     if s.extensions.transport_wide), 0)
        self._counters, self._hooks, self._send = counters, hooks, send
        self._dtls = DtlsSession(certificate, "server", self._send_dtls, lambda: hooks.goodbye(self))
        self._handshake: asyncio.Task[None] | None = None
        self._srtp: Srtp | None = None
        self._sent = 0
        self._patience = Patience()
        self._bindings = Bindings(member)
        self._allowance = Allowance(now)
        self._reporters: set[int] = set()  # SSRCs of its authentic RTCP

    # -- transport ------------------------------------------------------------------------------------------------------

    def checked(self, path: Path, nominated: bool, now: float) -> None:
        """An authentic ICE check came over ``path``: the one we send on if it is nominated, or if ours fell silent.

        Some clients nominate once and never again: after a NAT gave them another port they would wait for ever.
        """
        self.heard_at = now
        if path == self.path:
            self.path_checked_at = now
        elif nominated or self.path is None or now - self.path_checked_at > PATH_SILENCE:
            self.path, self.path_checked_at = path, now
            self.mapped = mapped(packed(path.address[0]), path.address[1])
            if self.target is not None:
                self.target.move(path)
                self.room.moved(self.member, now)

    @property
    def transport(self) -> str:
        """``udp`` or ``tcp``."""
        return "udp" if self.path is None or getattr(self.path.sock, "batch", True) else "tcp"

    def served(self) -> bool:
        """Whether it was sent media since this was asked last."""
        before, self._sent = self._sent, self.member.packets_out
        return self._sent != before

    def away(self, now: float) -> bool:
        """Whether it has been silent for longer than it ever is while its line carries."""
        silent = now - self.heard_at
        return silent > AWAY_AFTER and (silent > AWAY_SILENT or self.member.sounded(self.heard_at))

    def path_is_lost(self) -> None:
        """The connection we sent over is closed: the next authentic check says where to, nominated or not."""
        self.path_checked_at = -inf

    def password(self, ufrag: str) -> str | None:
        """What checks that name this user fragment are signed with."""
        if ufrag == self.ufrag:
            return self.pwd
        return self.fresh[1] if self.fresh is not None and ufrag == self.fresh[0] else None

    def adopt(self) -> None:
        """An authentic check came under the credentials of a restart: the earlier ones are void (RFC 8445 section 9)."""
        if self.fresh is not None:
            (self.ufrag, self.pwd), self.fresh = self.fresh, None
            self.key = self.pwd.encode()

    def _send_dtls(self, datagram: bytes) -> None:
        if self.path is not None:
            self._send(datagram, self.path)

    def on_dtls(self, datagram: bytes) -> None:
        """One DTLS datagram from a checked address; the first one starts the handshake."""
        if self._handshake is None:
            self._handshake = asyncio.get_running_loop().create_task(self._shake_hands())
        if not self._dtls.feed(datagram):
            self._counters.bad_dtls += 1

    async def _shake_hands(self) -> None:
        try:
            async with asyncio.timeout(SETUP_TIME):
                srtp = await self._dtls.handshake(self._fingerprints)
        except (HandshakeFailed, TimeoutError):
            self._hooks.failed(self)
            return
        if self.path is None:
            self._hooks.failed(self)
            return
        self._srtp, self.target = srtp, Target(srtp, self.path)
        self._hooks.connected(self)

    def close(self) -> None:
        """Says goodbye and forgets the keys.  Idempotent."""
        self._srtp = None
        if self._handshake is not None and self._handshake is not asyncio.current_task():
            self._handshake.cancel()
        self._dtls.close()

    # -- packets --------------------------------------------------------------------------------------------------------

    def on_srtp(self, kind: int, datagram: bytes, now: float) -> None:
        """One SRTP or SRTCP datagram from a checked address; whatever is wrong with it is counted and dropped."""
        if self._srtp is None or self.floods(kind, datagram, now):
            return
        try:
            if kind == demux.RTP:
                self._on_rtp(datagram, now)
            else:
                self._on_rtcp(datagram, now)
        except BadPacket as error:
            if error.code == "srtp.replay":
                self._counters.replay += 1  # a duplicate on the way is no misdeed of the peer
                return
            name = "bad_srtp" if error.code.startswith("srtp") else "bad_rtp" if kind == demux.RTP else "bad_rtcp"
            setattr(self._counters, name, getattr(self._counters, name) + 1)
            if self._patience.lost(now):
                self._hooks.failed(self)

    def floods(self, kind: int, datagram: bytes, now: float) -> bool:
        """Whether this datagram is one too many within its second; it is counted and to be dropped."""
        if not self._allowance.exceeded(kind, len(datagram), now):
            return False
        self._counters.flood += 1
        self.member.flood += 1
        return True

    def _on_rtp(self, datagram: bytes, now: float) -> None:
        assert self._srtp is not None
        if not self._bindings.admits(int.from_bytes(datagram[8:12], "big")):
            self._counters.ssrc_cap += 1
            return
        view = RtpView(self._srtp.unprotect_rtp(datagram))
        self.heard_at = now
        arrivals = self.member.arrivals
        if arrivals is not None and view.ext_start:
            number = view.extension(self._transport_wide)
            if number is not None and len(number) == 2:
                arrivals.note(number[0] << 8 | number[1], now)
        intake = self._bindings.find(view)
        if intake is not None:
            self._counters.packets_in += 1
            self.room.on_rtp(intake, view, now)

    def _on_rtcp(self, datagram: bytes, now: float) -> None:
        assert self._srtp is not None
        reporter = int.from_bytes(datagram[4:8], "big")
        if reporter not in self._reporters and len(self._reporters) >= MAX_REPORTERS:
            self._counters.ssrc_cap += 1
            return
        data = self._srtp.unprotect_rtcp(datagram)
        self._reporters.add(reporter)
        self.heard_at = now
        self.room.on_rtcp(self.member, data, now)
