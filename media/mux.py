"""One port for all peers: reads datagrams in bounded batches, answers ICE checks as a lite agent, sorts the rest.

ICE-lite (RFC 8445): our user fragment names the peer, only a check with the right password counts, only such a check admits
an address or moves a peer to another one.  DTLS datagrams wait in a bounded line and are handed out a few per turn of the
loop, so that a hundred simultaneous joins do not hold up media.  Whatever goes wrong with one datagram stays with its peer.
Called by the event loop; created by ``media/sfu.py``.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable, Hashable

from media import demux, stun, wire
from media.counters import Counters
from media.errors import BadPacket
from media.guard import Guard
from media.limits import DTLS_BACKLOG, DTLS_PER_TICK, DTLS_QUEUE, READ_BATCH
from media.peer import Peer
from media.port import Path
from media.relay import Relay
from media.trunk import Trunks

log = logging.getLogger(__name__)


class Mux:
    """Reader of the port's sockets.  ``broken(peer)`` is called when handling a peer's datagram raised: close that one.

    ``hurry()`` is called when timers should run soon: packets are missing.
    """

    def __init__(
        self, counters: Counters, clock: Callable[[], float], broken: Callable[[Peer], None], hurry: Callable[[], None]
    ) -> None:
        self._counters, self._clock, self._broken, self._hurry = counters, clock, broken, hurry
        self._guard: Guard[Peer] = Guard()
        self._peers: dict[str, Peer] = {}
        self._backlog: deque[tuple[Peer, bytes]] = deque()
        self._waiting: dict[Peer, int] = {}  # how many datagrams of the backlog are whose
        self._handing_out = False
        self._touched: set[Relay] = set()
        self.trunks: Trunks | None = None
        self._logged_at = -60.0

    def add(self, peer: Peer) -> None:
        """Checks that name this peer's user fragment are answered from now on."""
        self._peers[peer.ufrag] = peer

    def remove(self, peer: Peer) -> None:
        """Forgets a peer and its addresses."""
        for ufrag in (peer.ufrag, peer.fresh[0] if peer.fresh else ""):
            if self._peers.get(ufrag) is peer:
                del self._peers[ufrag]
        self._guard.forget(peer)

    def restart(self, peer: Peer, credentials: tuple[str, str]) -> None:
        """Checks under these count too from now on, and they alone from the first authentic one (RFC 8445 section 9).

        DTLS, SRTP and the path stay as they are; the path moves when the client nominates another one.
        """
        if peer.fresh is not None:
            del self._peers[peer.fresh[0]]
        peer.fresh = credentials
        self._peers[credentials[0]] = peer

    def knows(self, source: Hashable) -> bool:
        """Whether an authentic check came from there lately."""
        return self._guard.owner(source) is not None

    def forget(self, source: Hashable) -> None:
        """A connection is closed; nothing will come from there, and its peer need not be sent anything there."""
        owner = self._guard.owner(source)
        if owner is not None and owner.path is not None and owner.path.sock is source:
            owner.path_is_lost()
        self._guard.withdraw(source)

    def forgive(self, seconds: float) -> None:
        """For so long nothing could be read: no check is older for that."""
        self._guard.forgive(seconds)

    def expire(self, now: float) -> None:
        """Forgets addresses without a recent check; call about once a second."""
        self._guard.expire(now)

    def on_readable(self, sock: socket.socket) -> None:
        """Reads what is there, at most one batch, and flushes every relay that got a packet."""
        now, receive, six = self._clock(), sock.recvfrom, sock.family == socket.AF_INET6
        for _ in range(READ_BATCH):
            try:
                datagram, source = receive(2048)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                continue  # an ICMP error about something sent earlier
            self.handle(datagram, Path(sock, source[:2] if six else source), now)
        self._flush()

    def on_stream(self, datagrams: list[bytes], path: Path, source: Hashable, now: float) -> None:
        """What came in over one TCP connection; never raises."""
        for datagram in datagrams:
            self.handle(datagram, path, now, source)
        self._flush()

    def _flush(self) -> None:
        for relay in self._touched:
            try:
                relay.flush()
            except Exception:  # one room's trouble is not another's
                self._fault(None, self._clock())
            if relay.restless and relay.urgent:
                self._hurry()
        self._touched.clear()

    def handle(self, datagram: bytes, path: Path, now: float, source: Hashable | None = None) -> None:
        """One datagram; never raises.  ``source`` is what the guard knows it by: its address if not given."""
        kind = demux.kind(datagram)
        if kind == demux.NOTHING:
            if datagram:
                self._counters.misshaped += 1
            else:
                self._counters.empty += 1
            return
        peer: Peer | None = None
        source = path.address if source is None else source
        try:
            if kind == demux.STUN:
                self._on_stun(datagram, path, source, now)
                return
            peer = self._guard.owner(source)
            if peer is None:
                self._on_stranger(kind, datagram, source, now)
                return
            self._counters.accepted += 1
            if kind == demux.DTLS:
                if not peer.floods(kind, datagram, now):
                    self._queue_dtls(peer, datagram)
            else:
                self._touched.add(peer.room.relay)
                peer.on_srtp(kind, datagram, now)
        except Exception:  # the fire wall: a defect may cost one peer, never the process, a room or another peer
            self._fault(peer, now)

    def _on_stranger(self, kind: int, datagram: bytes, source: Hashable, now: float) -> None:
        """Not of a peer: of another worker of ours, or to be dropped."""
        if self.trunks is None or kind == demux.DTLS or not self.trunks.knows(source):
            self._counters.unchecked_source += 1
            return
        relay = self.trunks.take(kind, datagram, source, now)
        if relay is not None:
            self._touched.add(relay)

    def _fault(self, peer: Peer | None, now: float) -> None:
        self._counters.faults += 1
        if now - self._logged_at >= 60:
            self._logged_at = now
            log.exception("media.fault session=%s", peer.member.session if peer else "-")
        if peer is not None:
            self._broken(peer)

    # -- ICE-lite -------------------------------------------------------------------------------------------------------

    def _on_stun(self, datagram: bytes, path: Path, source: Hashable, now: float) -> None:
        known = self._guard.owner(source)
        if known is not None and known.path == path:
            nominates = stun.authentic(datagram, known.key)
            if nominates is not None:
                self._guard.admit(source, known, now)
                self._counters.accepted += 1
                known.heard_at = known.path_checked_at = now
                self._reply(stun.success(datagram, known.mapped, known.key), path)
                return
        self._on_first_check(datagram, path, source, now)

    def _on_first_check(self, datagram: bytes, path: Path, source: Hashable, now: float) -> None:
        ufrag = stun.named(datagram)
        peer = self._peers.get(ufrag)
        password = peer.password(ufrag) if peer is not None else None
        if peer is None or password is None:
            self._counters.bad_stun += 1  # a stranger may send whatever it likes, and reading all of it is not cheap
            return
        try:
            message = wire.read_stun(datagram)
        except BadPacket:
            self._counters.bad_stun += 1
            return
        if not wire.is_authentic(message, password):
            self._counters.bad_stun += 1
            return
        if wire.wants_to_be_controlled(message):
            self._reply(wire.role_conflict(message, password), path)
            return
        if not self._guard.admit(source, peer, now):
            self._counters.address_cap += 1
            return
        self._counters.accepted += 1
        if peer.fresh is not None and peer.fresh[0] == ufrag:
            del self._peers[peer.ufrag]
            peer.adopt()
        peer.checked(path, wire.nominates(message), now)
        self._reply(wire.binding_response(message, path.address, password), path)

    def _reply(self, datagram: bytes, path: Path) -> None:
        try:
            path.sock.sendto(datagram, path.address)
        except OSError:
            self._counters.send_errors += 1  # the client repeats its check

    # -- DTLS -----------------------------------------------------------------------------------------------------------

    def _queue_dtls(self, peer: Peer, datagram: bytes) -> None:
        waiting = self._waiting.get(peer, 0)  # nobody may fill the line that all wait in
        if waiting >= DTLS_QUEUE or len(self._backlog) >= DTLS_BACKLOG:
            self._counters.bad_dtls += 1
            return
        self._waiting[peer] = waiting + 1
        self._backlog.append((peer, datagram))
        if not self._handing_out:
            self._handing_out = True
            asyncio.get_running_loop().call_soon(self._hand_out)

    def _hand_out(self) -> None:
        for _ in range(min(DTLS_PER_TICK, len(self._backlog))):
            peer, datagram = self._backlog.popleft()
            waiting = self._waiting.pop(peer) - 1
            if waiting:
                self._waiting[peer] = waiting
            if self._peers.get(peer.ufrag) is peer:
                try:
                    peer.on_dtls(datagram)
                except Exception:
                    self._fault(peer, self._clock())
        self._handing_out = bool(self._backlog)
        if self._handing_out:
            asyncio.get_running_loop().call_soon(self._hand_out)
