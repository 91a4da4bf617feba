"""The ingress guard: who may speak to the media port at all.

A datagram that is not STUN passes only from an address whose owner passed an authenticated ICE check in the last 30 s;
everything else is counted and dropped before any state is touched.  That is what keeps the ClientHello race (ASVS 5.0
V17.2.6) and sprayed datagrams away from handshakes.  *Any* checked address is good, not only the nominated pair: some
browsers send from two or three.

Pure: ``now`` is an argument (monotonic seconds).  Called by ``media/mux.py``.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from media import demux
from media.limits import (
    ADDRESS_TTL, BAD_PACKETS, BAD_WINDOW, MAX_ADDRESSES, PEER_HELLOS, PEER_OCTETS, PEER_PACKETS, PEER_REPORT_OCTETS, PEER_REPORTS,
)

Owner = TypeVar("Owner")


@dataclass(slots=True)
class _Entry(Generic[Owner]):
    owner: Owner
    checked_at: float


class Guard(Generic[Owner]):
    """Checked sources and the peers behind them: (host, port) of a datagram, or a TCP connection itself."""

    __slots__ = ("_entries", "_of")

    def __init__(self) -> None:
        self._entries: dict[Hashable, _Entry[Owner]] = {}
        self._of: dict[Owner, set[Hashable]] = {}

    def owner(self, source: Hashable) -> Owner | None:
        """Who may be meant by a datagram from ``source``; None: drop it."""
        entry = self._entries.get(source)
        return entry.owner if entry is not None else None

    def admit(self, source: Hashable, owner: Owner, now: float) -> bool:
        """Notes an authenticated check; False when the peer has too many addresses already."""
        entry = self._entries.get(source)
        if entry is not None and entry.owner is owner:
            entry.checked_at = now
            return True
        mine = self._of.setdefault(owner, set())
        if len(mine) >= MAX_ADDRESSES:
            return False
        if entry is not None:
            self._of[entry.owner].discard(source)  # the port was given to somebody else, who proved it
        self._entries[source] = _Entry(owner, now)
        mine.add(source)
        return True

    def expire(self, now: float) -> None:
        """Forgets addresses whose last check is too old.  Call about once a second."""
        for source in [s for s, entry in self._entries.items() if now - entry.checked_at > ADDRESS_TTL]:
            self._of[self._entries.pop(source).owner].discard(source)

    def forgive(self, seconds: float) -> None:
        """So much time does not count."""
        for entry in self._entries.values():
            entry.checked_at += seconds

    def withdraw(self, source: Hashable) -> None:
        """Forgets one source: its connection is closed."""
        entry = self._entries.pop(source, None)
        if entry is not None:
            self._of[entry.owner].discard(source)

    def forget(self, owner: Owner) -> None:
        """Forgets every address of a closed peer."""
        for source in self._of.pop(owner, ()):
            del self._entries[source]

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(slots=True)
class Patience:
    """Counts the bad packets of one checked peer: 50 in 10 s are too many, one a second is the weather."""

    _since: float = 0.0
    _bad: int = field(default=0)

    def lost(self, now: float) -> bool:
        """Notes one bad packet; True when the peer is to be closed."""
        if now - self._since > BAD_WINDOW:
            self._since, self._bad = now, 0
        self._bad += 1
        return self._bad >= BAD_PACKETS


_MOST = {  # datagrams and octets a second
    demux.RTP: (PEER_PACKETS, PEER_OCTETS), demux.RTCP: (PEER_REPORTS, PEER_REPORT_OCTETS), demux.DTLS: (PEER_HELLOS, PEER_OCTETS),
}


class Allowance:
    """What one checked peer may send within a second, each kind by itself; what is above is to be dropped unread."""

    __slots__ = ("_since", "_spent")

    def __init__(self, now: float) -> None:
        self._since = now
        self._spent = {kind: (0, 0) for kind in _MOST}

    def exceeded(self, kind: int, octets: int, now: float) -> bool:
        """Notes one datagram; True when it is too many."""
        if now - self._since >= 1.0:
            self._since = now
            self._spent = {other: (0, 0) for other in _MOST}
        count, total = self._spent[kind]
        self._spent[kind] = count + 1, total + octets
        most, octets_at_most = _MOST[kind]
        return count >= most or total + octets > octets_at_most
