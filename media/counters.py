"""What the media server counts (reliability: what must be observable).  Each counter is read by a test.

Holds integers only: no addresses, no names.  Written by the whole package, read by ``stats`` of ``media/worker.py``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counters:
    """Datagrams by fate on the way in, then what the relay did.  Everything counts from the start of the worker."""

    accepted: int = 0            # datagrams that passed the guard
    empty: int = 0
    misshaped: int = 0           # of no protocol, too short or too long
    unchecked_source: int = 0    # not STUN, and from an address without an authenticated check
    bad_stun: int = 0
    bad_dtls: int = 0            # dropped because a handshake queue was full
    bad_srtp: int = 0
    replay: int = 0
    bad_rtp: int = 0
    bad_rtcp: int = 0
    ssrc_cap: int = 0
    address_cap: int = 0
    tcp_accepted: int = 0        # connections
    tcp_refused: int = 0         # for want of room, or those that made room for another
    tcp_unchecked: int = 0       # closed without an authentic check
    tcp_misframed: int = 0       # closed for a frame no datagram could have
    flood: int = 0               # more than one peer, or one of its sounds or pictures, may send a second
    faults: int = 0              # exceptions caught by the fire wall around one peer; a defect each
    link_in: int = 0             # RTP packets from other workers of ours
    packets_in: int = 0          # RTP packets from publishers, authentic
    packets_out: int = 0         # RTP packets to subscribers that the kernel took, those sent again among them
    gated: int = 0               # silenced at the entrance
    nack_rx: int = 0             # packets asked for by subscribers
    nack_tx: int = 0             # packets asked of publishers
    rtx: int = 0                 # packets sent again
    pli_up: int = 0              # key frame requests sent to publishers
    pli_suppressed: int = 0      # requests of subscribers that were covered by one already sent
    pulses: int = 0              # empty reports to receivers that were sent nothing else
    slow_drop: int = 0           # packets dropped because the socket stayed full
    send_errors: int = 0         # packets the kernel refused for other reasons

    def as_dict(self) -> dict[str, int]:
        """Name to count."""
        return asdict(self)
