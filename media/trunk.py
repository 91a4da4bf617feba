"""The wire between workers: links by the address of the other worker and the SSRCs in their packets.

SRTP with AEAD_AES_128_GCM under keys that the controller gave to both ends; neither ICE nor DTLS, since both ends are ours.  From a
worker's address nothing is taken but what these keys prove.  Whatever goes wrong with one datagram stays with it.  Created by
``media/sfu.py``, asked by ``media/mux.py``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from media import demux
from media.counters import Counters
from media.errors import BadPacket, MediaError
from media.fanout import Target
from media.link import Link
from media.port import Path
from media.relay import Output, Relay
from media.room import Room
from media.wire import Srtp, keyed_srtp

log = logging.getLogger(__name__)
KEY_OCTETS: Final = 28      # key and salt of AEAD_AES_128_GCM (RFC 7714)
MAX_LINKS: Final = 4096     # of one worker: rooms times other workers


class Trunks:
    """All links of one worker."""

    def __init__(
        self, sockets: Sequence[Any], counters: Counters, origin: str, draw: Callable[[], int],
        emit: Callable[[Output], None],
    ) -> None:
        self._sockets, self._counters, self._origin, self._draw, self._emit = sockets, counters, origin, draw, emit
        self.links: dict[str, Link] = {}
        self._keys: dict[str, Srtp] = {}
        self._there: dict[tuple[str, int], list[str]] = {}      # links by the other worker's address
        self._failed_at = -60.0

    def knows(self, source: object) -> bool:
        """Whether a worker of ours is at this address."""
        return source in self._there

    def open(
        self, room: Room, name: str, address: tuple[str, int], keys: tuple[bytes, bytes], ssrcs: tuple[int, int]
    ) -> Link:
        """A new link, in place of one of the same name.  ``keys``: to receive and to send with.  Raises: MediaError."""
        if any(len(key) != KEY_OCTETS for key in keys) or ssrcs[0] == ssrcs[1]:
            raise MediaError("control.syntax")
        self.close(name)
        if len(self.links) >= MAX_LINKS:
            raise MediaError("worker.full")
        srtp = keyed_srtp(*keys)
        path = Path(self._socket(address[0]), address)
        link = self.links[name] = Link(room, name, self._origin, ssrcs, Target(srtp, path), self._draw, self._emit)
        self._keys[name] = srtp
        self._there.setdefault(address, []).append(name)
        return link

    def close(self, name: str) -> Link | None:
        """The link is over; None when there is none of this name."""
        link = self.links.pop(name, None)
        if link is None:
            return None
        link.close()
        del self._keys[name]
        address = link.out.target.path.address
        self._there[address].remove(name)
        if not self._there[address]:
            del self._there[address]
        return link

    def _socket(self, host: str) -> Any:
        """The one whose address the other side knows us by: bound to that very address, or to all."""
        family = [sock for sock in self._sockets if (":" in sock.getsockname()[0]) == (":" in host)]
        exact = [sock for sock in family if sock.getsockname()[0] == host]
        if not family:
            raise MediaError("link.address")
        return (exact or family)[0]

    def tick(self, now: float) -> None:
        """Timers of all links."""
        for link in list(self.links.values()):
            try:
                link.tick(now)
            except Exception:
                self._fault(now)

    def take(self, kind: int, datagram: bytes, source: object, now: float) -> Relay | None:
        """One datagram from a worker's address; never raises.  Returns the relay that is to be flushed."""
        named = int.from_bytes(datagram[8:12] if kind == demux.RTP else datagram[4:8], "big") if len(datagram) >= 12 else -1
        for name in self._there.get(source, ()):  # type: ignore[call-overload]
            link = self.links[name]
            if named in link.intakes if kind == demux.RTP else named == link.their_ssrc or named in link.intakes:
                self._counters.accepted += 1
                self._hand(link, self._keys[name], kind, datagram, now)
                return link.room.relay
        self._counters.unchecked_source += 1
        return None

    def _hand(self, link: Link, srtp: Srtp, kind: int, datagram: bytes, now: float) -> None:
        try:
            if kind == demux.RTP:
                packet = srtp.unprotect_rtp(datagram)
                self._counters.link_in += 1
                link.on_rtp(packet, now)
            else:
                link.on_rtcp(srtp.unprotect_rtcp(datagram), now)
        except BadPacket as error:
            if error.code == "srtp.replay":
                self._counters.replay += 1
            else:
                self._counters.bad_srtp += 1
        except Exception:  # the fire wall
            self._fault(now)

    def _fault(self, now: float) -> None:
        self._counters.faults += 1
        if now - self._failed_at >= 60:
            self._failed_at = now
            log.exception("media.link")
