"""Tells STUN, DTLS, RTP and RTCP apart on one port (RFC 7983, RFC 5761).

Pure; looks at the first two bytes and the size only.  Called by ``media/mux.py``; the kinds are known to
``media/guard.py``, ``media/peer.py`` and ``media/trunk.py`` too.
"""

from __future__ import annotations

from typing import Final

from media.limits import MAX_DATAGRAM

NOTHING: Final = 0  # empty, too long, or of no protocol we speak
STUN: Final = 1
DTLS: Final = 2
RTP: Final = 3
RTCP: Final = 4

_SHORTEST: Final = {STUN: 20, DTLS: 13, RTP: 12 + 10, RTCP: 8 + 4 + 10}  # with the shorter SRTP tag and, for RTCP, its index


def kind(datagram: bytes) -> int:
    """One of the constants above; NOTHING also when the datagram is shorter than its protocol's smallest message."""
    size = len(datagram)
    if size < 13 or size > MAX_DATAGRAM:
        return NOTHING
    first = datagram[0]
    if 127 < first < 192:
        # RFC 5761 section 4: RTCP packet types 192-223 are payload types 64-95 with the marker bit.
        found = RTCP if 191 < datagram[1] < 224 else RTP
    elif 19 < first < 64:
        found = DTLS
    elif first < 4:
        found = STUN
    else:
        return NOTHING
    return found if size >= _SHORTEST[found] else NOTHING
