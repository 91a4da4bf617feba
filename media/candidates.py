"""What we tell clients about where to reach us: the ``a=candidate`` values of every answer (RFC 8839, RFC 6544).

Pure.  Called by ``media/sfu.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_UDP: Final = 126        # type preference of a host candidate, RFC 8445 section 5.1.2.2
_TCP: Final = 90         # less than any UDP path, more than one through TURN: it is for those who have no other
_PASSIVE: Final = 4      # direction preference of a passive host candidate, RFC 6544 section 4.2
_COMPONENT: Final = 1


def candidates(addresses: Sequence[str], port: int, tcp_port: int = 0) -> list[str]:
    """Host candidates of both families for the one port, as wanted by the order of ``addresses``; UDP before TCP.

    ``tcp_port`` 0: there is no TCP.  The first value is of UDP.
    """
    found = []
    for index, address in enumerate(addresses):
        priority = _priority(_UDP, 65535 - index)
        found.append(f"{index + 1} {_COMPONENT} udp {priority} {address} {port} typ host")
    for index, address in enumerate(addresses if tcp_port else ()):
        priority = _priority(_TCP, _PASSIVE << 13 | 8191 - index)
        foundation = len(addresses) + index + 1  # of each address and protocol its own
        found.append(f"{foundation} {_COMPONENT} tcp {priority} {address} {tcp_port} typ host tcptype passive")
    return found


def _priority(kind: int, local: int) -> int:
    """RFC 8445 section 5.1.2.1."""
    return kind << 24 | local << 8 | 256 - _COMPONENT
