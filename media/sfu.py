"""The media server itself: peers, rooms and timers around one UDP port.  The shell of ``media/room.py``.

Knows nothing of the control socket (``media/worker.py`` does) and nothing of meetings.  Time comes from ``clock``
(monotonic seconds), so that a test can let ten seconds pass at once.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import string
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from media import rtcp
from media.answer import Local, answer_publisher, answer_subscriber
from media.candidates import candidates
from media.counters import Counters
from media.errors import MediaError, RoomFull
from media.fanout import Fanout
from media.limits import (
    AWAY_LOOK, IDLE_TICK, MAX_NAME, MAX_PEERS, MAX_POLICIES, MAX_ROOMS, PEER_SILENCE, PULSE, SETUP_TIME, STALL,
    TICK, TRANSPORT_WIDE_PEERS,
)
from media.mux import Mux
from media.peer import Hooks, Peer
from media.policy import OPEN, Policy
from media.relay import Control
from media.room import Event, Room
from media.sdp import Offer, parse_offer
from media.tcp import Streams
from media.trunk import Trunks
from media.wire import SharedCertificate

log = logging.getLogger(__name__)
_ALPHABET: Final = string.ascii_letters + string.digits


class Sfu:
    """Publish, subscribe, close, policy, stats.  Must be created inside a running event loop."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        addresses: Sequence[str],
        tell: Callable[[Event], None],
        *,
        listeners: Sequence[socket.socket] = (),
        clock: Callable[[], float] = time.monotonic,
        silence: float = PEER_SILENCE,
        batched: bool = True,
    ) -> None:
        """``sockets`` and ``listeners`` come from ``port.open_port``; ``addresses``: what clients are told to send to.

        ``tell`` takes the events of the contract.
        """
        self.counters = Counters()
        self.port: int = sockets[0].getsockname()[1]
        self.tcp_port: int = listeners[0].getsockname()[1] if listeners else 0
        self.candidates = candidates(addresses, self.port, self.tcp_port)  # as every answer names them
        self.fanout = Fanout(self.counters, batched=batched, clock=clock, later=asyncio.get_running_loop().call_soon)
        self.mux = Mux(self.counters, clock, lambda peer: self._end(peer, "gone"), self._hurry)
        self.streams = Streams(listeners, self.mux, self.counters, clock)
        self.origin = secrets.token_hex(8)  # of what we publish ourselves, as other workers see it
        self.trunks = self.mux.trunks = Trunks(sockets, self.counters, self.origin, _draw, self.fanout.emit)
        self.rooms: dict[str, Room] = {}
        self.peers: dict[str, Peer] = {}
        self._policies: dict[str, Policy] = {}  # of rooms with and without members, oldest first
        self.certificate = SharedCertificate.fresh()
        self._sockets, self._tell, self._clock = tuple(sockets), tell, clock
        self._silence = silence
        self._hooks = Hooks(self._connected, lambda peer: self._end(peer, "gone"), lambda peer: self._end(peer, "closed"))
        self._stood = False  # the last time timers were due this process had stood still
        self._lags: deque[float] = deque(maxlen=512)
        self._loop = asyncio.get_running_loop()
        for sock in self._sockets:
            self._loop.add_reader(sock, self.mux.on_readable, sock)
        self._swept_at = self._looked_at = clock()
        self._timer_due = self._loop.time() + TICK
        self._timer = self._loop.call_at(self._timer_due, self._on_timer)

    # -- sessions -------------------------------------------------------------------------------------------------------

    def publish(self, room: str, session: str, name: str, offer: str) -> str:
        """The answer to a WHIP offer.  Raises: BadSdp, RoomFull, MediaError."""
        parsed, local = self._prepare(room, session, name, offer)
        answer, tracks, remb = answer_publisher(parsed, local)
        entry = self._room(room)
        member = entry.add_publisher(session, name, tracks, remb)
        self._add_peer(member, entry, parsed, local)
        return answer

    def subscribe(self, room: str, session: str, name: str, offer: str, publishers: list[str] | None) -> str:
        """The answer to a WHEP offer.  Raises: BadSdp, RoomFull, MediaError."""
        parsed, local = self._prepare(room, session, name, offer)
        answer, slots = answer_subscriber(parsed, local, _draw)
        entry = self._room(room)
        member = entry.add_subscriber(session, name, slots, publishers)
        self._add_peer(member, entry, parsed, local)
        return answer

    def _prepare(self, room: str, session: str, name: str, offer: str) -> tuple[Offer, Local]:
        _check_names(room, session, name)
        if session in self.peers:
            raise MediaError("session.exists")
        if len(self.peers) >= MAX_PEERS or not self._has_place(room):
            raise RoomFull("worker.full")
        parsed = parse_offer(offer)
        few = len(self.peers) < TRANSPORT_WIDE_PEERS
        local = Local(
            *_credentials(), self.certificate.fingerprints[0], self.candidates, _draw(), transport_wide=few)
        return parsed, local

    def _has_place(self, room: str) -> bool:
        return room in self.rooms or len(self.rooms) < MAX_ROOMS

    def _room(self, name: str) -> Room:
        if name not in self.rooms:
            self.rooms[name] = Room(name, self.counters, _draw, self.fanout.emit, self._tell, self.fanout.history.sent)
            self.rooms[name].follow(self._policies.get(name, OPEN))
        return self.rooms[name]

    def _drop_if_empty(self, room: Room) -> None:
        """A room that nobody is in and no link holds is none any more."""
        held = room.members or any(link.room is room for link in self.trunks.links.values())
        if not held and self.rooms.get(room.name) is room:
            del self.rooms[room.name]

    def _add_peer(self, member: Any, room: Room, offer: Offer, local: Local) -> None:
        peer = Peer(member, room, offer, (local.ufrag, local.pwd), self.certificate, self.fanout.send, self.counters,
                    self._hooks, self._clock())
        self.peers[member.session] = peer
        self.mux.add(peer)

    def _connected(self, peer: Peer) -> None:
        if self.peers.get(peer.member.session) is not peer:
            return  # closed while its handshake ended
        replaced = peer.room.connected(peer.member.session, peer.target, self._clock())
        if replaced is not None and replaced in self.peers:
            self._end(self.peers[replaced], "replaced")
        self._hurry()

    def close(self, session: str, reason: str = "closed") -> bool:
        """Ends one session; False when there is none of that name."""
        peer = self.peers.get(session)
        if peer is not None:
            self._end(peer, reason)
        return peer is not None

    def trickle(self, session: str, tags: Sequence[str]) -> None:
        """Candidates came: nothing is to be done, but one of ``tags`` must be our ufrag in the session's present ICE session.

        Raises: MediaError ``session.unknown``, ``session.tag``: ICE was restarted since.
        """
        peer = self.peers.get(session)
        if peer is None:
            raise MediaError("session.unknown")
        if (peer.fresh[0] if peer.fresh is not None else peer.ufrag) not in tags:
            raise MediaError("session.tag")

    def restart(self, session: str) -> tuple[str, str]:
        """New (ufrag, pwd) of a session whose client restarts ICE; all else goes on.  Raises: MediaError ``session.unknown``."""
        peer = self.peers.get(session)
        if peer is None:
            raise MediaError("session.unknown")
        credentials = _credentials()
        self.mux.restart(peer, credentials)
        return credentials

    @property
    def address(self) -> tuple[str, int]:
        """Where another worker on this machine reaches us."""
        host = str(self._sockets[0].getsockname()[0])
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), self.port

    def link(
        self, room: str, name: str, address: tuple[str, int], keys: tuple[bytes, bytes], ssrcs: tuple[int, int]
    ) -> None:
        """Joins a room here with the same one on another worker.  Raises: MediaError, RoomFull."""
        _check_names(room, name)
        if not self._has_place(room):
            raise RoomFull("worker.full")
        entry, before = self._room(room), self.trunks.links.get(name)
        try:
            self.trunks.open(entry, name, address, keys, ssrcs)
        finally:
            for one in (entry, before.room if before is not None else entry):
                self._drop_if_empty(one)
        self._hurry()

    def unlink(self, name: str) -> bool:
        """False when there is no such link."""
        link = self.trunks.close(name)
        if link is not None:
            self._drop_if_empty(link.room)
        return link is not None

    def close_room(self, room: str) -> None:
        """Ends every session of a room and forgets its policy."""
        for name in [name for name, link in self.trunks.links.items() if link.room.name == room]:
            self.unlink(name)
        for peer in [peer for peer in self.peers.values() if peer.room.name == room]:
            self._end(peer, "room_closed")
        self._policies.pop(room, None)

    def policy(
        self, room: str, heard: Iterable[str] | None, stage: Sequence[str], seen: Iterable[str] | None = None,
        quiet: Iterable[str] = (), voices: Sequence[str] = (), seconds: Iterable[str] | None = None, aside: Iterable[str] = (),
    ) -> None:
        """See ``Policy.of``; it holds until ``close_room``, whether anybody is there or not."""
        self._policies.pop(room, None)
        self._policies[room] = Policy.of(heard, stage, seen, quiet, voices, seconds, aside)
        if len(self._policies) > MAX_POLICIES:
            del self._policies[next(name for name in self._policies if name not in self.rooms)]
        if room in self.rooms:
            self.rooms[room].follow(self._policies[room])
            self._hurry()

    def view(self, session: str, heights: Mapping[str, int]) -> bool:
        """How large a subscriber shows each slot, in rows by mid; 0: not at all.  False when there is no such session."""
        return self._ask(session, lambda room: room.view(session, heights))

    def pin(self, session: str, names: Mapping[str, str | None]) -> bool:
        """Whom a subscriber wants in which slot, by mid; "" nobody, None whoever comes first.  False when there is none such."""
        return self._ask(session, lambda room: room.pin(session, names))

    def _ask(self, session: str, what: Callable[[Room], bool]) -> bool:
        peer = self.peers.get(session)
        if peer is None or not what(peer.room):
            return False
        self._hurry()
        return True

    def _end(self, peer: Peer, reason: str) -> None:
        session = peer.member.session
        if self.peers.get(session) is not peer:
            return
        del self.peers[session]
        self.mux.remove(peer)
        try:
            peer.room.leave(session, reason)
        finally:
            peer.close()
        self._hurry()
        self._drop_if_empty(peer.room)

    # -- timers ---------------------------------------------------------------------------------------------------------

    def _on_timer(self) -> None:
        late = self._loop.time() - self._timer_due
        self._lags.append(late)
        urgent = True
        try:
            self._stood = late > STALL and not self._stood
            if self._stood:
                self._forgive(late)
            else:
                self.tick(self._clock())
                urgent = any(room.urgent for room in self.rooms.values())
        except Exception:  # whatever happens, time goes on
            self.counters.faults += 1
            log.exception("media.timer")
        self._timer_due = self._loop.time() + (TICK if urgent else IDLE_TICK)
        self._timer = self._loop.call_at(self._timer_due, self._on_timer)

    def _forgive(self, seconds: float) -> None:
        """This process stood still for so long: what came meanwhile is still to be read, and nobody fell silent but we."""
        log.warning("media.stalled seconds=%.1f", seconds)
        self.mux.forgive(seconds)
        for peer in self.peers.values():
            peer.heard_at += seconds
            peer.created_at += seconds
        for room in self.rooms.values():
            room.forgive(seconds)

    def _hurry(self) -> None:
        """Something should happen within one TICK."""
        due = self._loop.time() + TICK
        if due < self._timer_due:
            self._timer.cancel()
            self._timer_due, self._timer = due, self._loop.call_at(due, self._on_timer)

    def tick(self, now: float) -> None:
        """Everything that happens by time alone."""
        for room in list(self.rooms.values()):
            try:
                room.tick(now)
            except Exception:  # one room's trouble is not another's
                self.counters.faults += 1
                log.exception("media.tick room=%s", room.name)
        self.trunks.tick(now)
        if now - self._looked_at >= AWAY_LOOK:
            self._looked_at = now
            for peer in self.peers.values():
                if peer.member.connected:
                    peer.room.away(peer.member, peer.away(now))
        if now - self._swept_at >= PULSE:
            self._swept_at = now
            self.mux.expire(now)
            self.streams.sweep(now)
            for peer in list(self.peers.values()):
                limit = self._silence if peer.member.connected else max(SETUP_TIME, self._silence)
                if now - (peer.heard_at if peer.member.connected else peer.created_at) > limit:
                    self._end(peer, "gone")
                elif peer.member.role == "subscribe" and peer.member.connected and not peer.served():
                    # What it is never long without tells a client that its path still stands.
                    self.counters.pulses += 1
                    self.fanout.emit(Control(peer.member, rtcp.receiver_report(peer.member.ssrc)))

    def stats(self, room: str | None = None) -> dict[str, Any]:
        """Counters, loop lag in milliseconds, rooms with their sessions (only ``room`` when given)."""
        lags = sorted(self._lags)
        at = (lambda share: round(lags[int(share * (len(lags) - 1))] * 1000, 2)) if lags else (lambda share: 0.0)
        chosen = {name: entry.stats(self._clock()) for name, entry in self.rooms.items() if room in (None, name)}
        for session in (session for entry in chosen.values() for session in entry["sessions"]):
            if (peer := self.peers.get(session["session"])) is not None:
                session["quality"]["transport"] = peer.transport
        return {
            "counters": self.counters.as_dict(),
            "loop_lag_ms": {"p50": at(0.5), "p99": at(0.99)},
            "peers": len(self.peers),
            "streams": len(self.streams),
            "segmented": self.fanout.segmented,
            "links": {name: link.stats() for name, link in self.trunks.links.items() if room in (None, link.room.name)},
            "rooms": chosen,
        }

    def shut(self) -> None:
        """Ends all sessions and gives the socket back."""
        for peer in list(self.peers.values()):
            self._end(peer, "room_closed")
        self.fanout.flush()  # while the sockets are still ours
        self._timer.cancel()
        self.streams.close()
        for sock in self._sockets:
            self._loop.remove_reader(sock)
            sock.close()


def _check_names(*words: str) -> None:
    if not all(0 < len(word) <= MAX_NAME for word in words):
        raise MediaError("media.name")


def _draw() -> int:
    return secrets.randbits(32)


def _credentials() -> tuple[str, str]:
    """(ufrag, pwd): 47 and 142 bits, more than RFC 8445 section 5.3 wants."""
    return _word(8), _word(24)


def _word(size: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(size))
