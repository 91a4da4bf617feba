"""Redundant audio (RFC 2198): finds the primary block.  Pure and bounded.  Called by ``media/svc.py``."""

from __future__ import annotations


def strip(payload: bytes) -> bytes:
    """The primary block alone; empty where the headers are cut short or promise more than there is."""
    at = redundant = 0
    while at < len(payload) and payload[at] & 0x80:
        if at + 4 > len(payload):
            return b""
        redundant += (payload[at + 2] & 3) << 8 | payload[at + 3]
        at += 4
    start = at + 1 + redundant
    return payload[start:] if start <= len(payload) else b""
