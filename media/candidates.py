"""What we tell clients about where to reach us: the ``a=candidate`` values of every answer (RFC 8839).

Pure.  Called by ``media/sfu.py``.
"""

from __future__ import annotations

from collections.abc import Sequence


def candidates(addresses: Sequence[str], port: int) -> list[str]:
    """Host candidates for the one UDP port, those first that clients should prefer."""
    found = []
    for index, address in enumerate(addresses):
        priority = 126 << 24 | (65535 - index) << 8 | 255  # RFC 8445 section 5.1.2.1, host candidates
        found.append(f"{index + 1} 1 udp {priority} {address} {port} typ host")
    return found
