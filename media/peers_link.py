"""One WebRTC transport of a synthetic peer: UDP socket, ICE as the controlling side, DTLS as client, SRTP.

Never knows what the packets mean: RTP and RTCP are handed on decrypted. Called by media/peers_peer.py.
Against a lite server (RFC 8445 §2.5) checks are ours alone to send; the first answered address wins and only it is
nominated.
"""
from __future__ import annotations

import asyncio
import random
import secrets
import socket
from collections.abc import Callable

from media import wire
from media.errors import BadPacket
from media.peers_sdp import Answer
from media.peers_wheel import Wheel

CHECK_FIRST, CHECK_SLOWEST = 0.1, 1.6      # seconds between connectivity checks; doubling
CONSENT_INTERVAL = 4.0                     # seconds, ±20 % (RFC 7675 §5.1 says 5)
CONSENT_LOOK = 0.5                         # how often a peer looks whether a check is due, or due again
CONSENT_EXPIRY = 12.0                      # without an answer; a server that restarts is to be found again soon
REFUSED_EXPIRY = 2.0                       # the same, when the host says that nobody listens at the port
READS = 64                                 # datagrams of one socket per turn of the event loop
OPEN_CHECKS = 8                            # of one established link; an answer to an older one is too late
EARLY = 64                                 # media kept that overtook the end of the handshake
_RECEIVE_BUFFER = 1 << 20

Packet = Callable[[bytes, float], None]


class Link:
    """`establish` once, then `send_rtp`, `send_rtcp`; `on_lost(reason)` is called at most once, never after `close`."""

    def __init__(self, wheel: Wheel, certificate: wire.SharedCertificate, on_rtp: Packet, on_rtcp: Packet,
                 on_lost: Callable[[str], None]) -> None:
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.bad = 0                                   # SRTP packets that failed authentication or came twice
        self._wheel, self._loop = wheel, asyncio.get_running_loop()
        self._on_rtp, self._on_rtcp, self._on_lost = on_rtp, on_rtcp, on_lost
        self._dtls = wire.DtlsSession(certificate, "client", self._send, lambda: self._lose("closed"))
        self._srtp: wire.Srtp | None = None
        self._socket: socket.socket | None = None
        self._answer: Answer | None = None
        self._checks: dict[bytes, tuple[str, int]] = {}   # transaction id -> whom it asks, until answered
        self._reached: asyncio.Future[tuple[str, int]] = self._loop.create_future()
        self._heard_at = self._check_at = 0.0          # last authentic answer to a check, next check
        self._refused = False
        self._early: list[bytes] = []

    async def establish(self, answer: Answer) -> None:
        """ICE, then DTLS. The caller sets the deadline. Raises: HandshakeFailed, OSError."""
        self._answer = answer
        six = ":" in answer.addresses[0][0]
        self._socket = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._loop.add_reader(self._socket, self._readable)
        address = await self._nominate([pair for pair in answer.addresses if (":" in pair[0]) == six])
        self._require_socket().connect(address)
        self._consent(self._wheel.now)                 # the first check to this address alone nominates it
        self._srtp = srtp = await self._dtls.handshake(answer.fingerprints)
        for datagram in self._early:
            self._media(srtp, datagram, self._wheel.now)
        self._early.clear()

    async def _nominate(self, addresses: list[tuple[str, int]]) -> tuple[str, int]:
        """Send checks to every address until one of them answers."""
        pause = CHECK_FIRST
        while True:
            for address in addresses:
                try:
                    self._require_socket().sendto(self._check(address, nominate=False), address)
                except OSError:
                    continue                           # no route there; another address may do
            try:
                return await asyncio.wait_for(asyncio.shield(self._reached), pause)
            except TimeoutError:
                pause = min(2 * pause, CHECK_SLOWEST)

    def _check(self, address: tuple[str, int], *, nominate: bool) -> bytes:
        if self._answer is None:
            raise ConnectionAbortedError("peer.closed")
        transaction, datagram = wire.binding_request(
            self.ufrag, self._answer.ufrag, self._answer.password, nominate=nominate)
        self._checks[transaction] = address
        return datagram

    def _consent(self, now: float) -> None:
        """Ask from time to time whether the server still wants us (RFC 7675), again soon if there is no answer; give up
        when it stays silent."""
        if self._socket is None:
            return
        if now - self._heard_at > (REFUSED_EXPIRY if self._refused else CONSENT_EXPIRY):
            self._lose("consent")
            return
        if now >= self._check_at or self._refused:
            while len(self._checks) >= OPEN_CHECKS:
                del self._checks[next(iter(self._checks))]
            self._send(self._check(self._reached.result(), nominate=True))
        self._wheel.at(now + CONSENT_LOOK, self._consent)

    def send_rtp(self, packet: bytes) -> bytes:
        """Protect and send; returns the protected packet, which alone may be sent again.

        Raises: ConnectionAbortedError.
        """
        if self._srtp is None:
            raise ConnectionAbortedError("peer.closed")
        protected = self._srtp.protect_rtp(packet)
        self._send(protected)
        return protected

    def send_again(self, protected: bytes) -> None:
        """What `send_rtp` returned, once more."""
        self._send(protected)

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send a compound RTCP packet; nothing happens before `establish` and after `close`."""
        if self._srtp is not None:
            self._send(self._srtp.protect_rtcp(packet))

    def close(self) -> None:
        """Say goodbye by DTLS and free the socket. Idempotent."""
        if self._socket is None:
            return
        self._dtls.close()
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._socket = self._srtp = None

    def _lose(self, reason: str) -> None:
        if self._socket is not None:
            self.close()
            self._on_lost(reason)

    def _require_socket(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionAbortedError("peer.closed")
        return self._socket

    def _send(self, datagram: bytes) -> None:
        if self._socket is None:
            return
        try:
            self._socket.send(datagram)
        except ConnectionRefusedError:
            self._note_refusal()
        except OSError:
            pass                                       # a full buffer loses the packet, as any network may

    def _note_refusal(self) -> None:
        """Nobody listens there now. Look twice before believing it: checks become quick, the patience short."""
        if not self._refused:
            self._refused, self._heard_at = True, self._wheel.now

    def _readable(self) -> None:
        """Everything the socket holds, up to READS datagrams (RFC 7983 demultiplexing)."""
        receive, now = self._require_socket().recv, self._wheel.now
        for _ in range(READS):
            try:
                datagram = receive(2048)
            except BlockingIOError:
                return
            except OSError:                            # an ICMP error to something sent before
                self._note_refusal()
                return
            self.take(datagram, now)
            if self._socket is None:
                return                                 # the packet led to our closing

    def take(self, datagram: bytes, now: float) -> None:
        """One datagram that came in (RFC 7983 demultiplexing)."""
        first = datagram[0] if datagram else 255
        if 127 < first < 192 and len(datagram) > 8:
            if self._srtp is not None:
                self._media(self._srtp, datagram, now)
            elif len(self._early) < EARLY:
                self._early.append(datagram)
        elif 19 < first < 64:
            self._dtls.feed(datagram)
        elif first < 4:
            self._on_stun(datagram)

    def divert(self, readable: Callable[[], None] | None) -> socket.socket:
        """From now on `readable` reads the socket, which is returned, and hands on what is no media.

        None: nobody is told that something came; whoever diverted it looks by itself.
        """
        sock = self._require_socket()
        self._loop.remove_reader(sock)
        if readable is not None:
            self._loop.add_reader(sock, readable)
        return sock

    def unprotect(self, datagram: bytes) -> bytes:
        """The plain RTP packet. Raises: BadPacket, ConnectionAbortedError."""
        if self._srtp is None:
            raise ConnectionAbortedError("peer.closed")
        return self._srtp.unprotect_rtp(datagram)

    def _media(self, srtp: wire.Srtp, datagram: bytes, now: float) -> None:
        try:
            if 192 <= datagram[1] <= 223:
                self._on_rtcp(srtp.unprotect_rtcp(datagram), now)
            else:
                self._on_rtp(srtp.unprotect_rtp(datagram), now)
        except BadPacket:
            self.bad += 1

    def _on_stun(self, datagram: bytes) -> None:
        """An answer to a check of ours, or a check by a server that is not lite. Both must know the right password."""
        try:
            message = wire.read_stun(datagram)
        except BadPacket:
            return
        if self._answer is None:
            return
        if wire.is_request(message) and self._reached.done() and wire.is_authentic(message, self.password):
            self._send(wire.binding_response(message, self._reached.result(), self.password))
        if message.transaction_id not in self._checks or not wire.is_response(message):
            return
        if not wire.is_authentic(message, self._answer.password):
            return
        self._heard_at, self._refused = self._wheel.now, False
        address = self._checks.pop(message.transaction_id)
        if self._reached.done():
            self._check_at = self._wheel.now + CONSENT_INTERVAL * random.uniform(0.8, 1.2)
        else:
            self._reached.set_result(address)
