"""The short way to answer an ICE check that comes again and again over a known path (RFC 7675 consent, RFC 8489).

The first check of an address is read by the library (``media/wire.py``); later ones, hundreds a second in a large meeting, are
only authenticated and answered here.  Pure; whatever is not exactly what was expected is left to the long way.  Called by
``media/mux.py``.
"""

from __future__ import annotations

import hmac
from struct import Struct
from typing import Final
from zlib import crc32

_HEAD: Final = Struct("!HHI")
_ATTRIBUTE: Final = Struct("!HH")
_REQUEST, _SUCCESS, _COOKIE = 0x0001, 0x0101, 0x2112A442
_USERNAME, _INTEGRITY, _XOR_MAPPED, _USE_CANDIDATE = 0x0006, 0x0008, 0x0020, 0x0025
_CONTROLLED, _FINGERPRINT = 0x8029, 0x8028
_INTEGRITY_BYTES: Final = 24
_MAPPED_BYTES: Final = 12  # of the attribute for an IPv4 address, and what an IPv6 one has in common with it
_FINGERPRINT_XOR: Final = 0x5354554E


def mapped(host: bytes, port: int) -> bytes:
    """The XOR-MAPPED-ADDRESS attribute for an address of 4 or 16 bytes, as ``success`` wants it.

    Of an IPv4 address it is the same in every answer; the last 12 bytes of an IPv6 address are still to be mixed with the
    transaction (RFC 8489 section 14.2).
    """
    value = bytes([0, 1 if len(host) == 4 else 2]) + (port ^ _COOKIE >> 16).to_bytes(2, "big")
    value += (int.from_bytes(host[:4], "big") ^ _COOKIE).to_bytes(4, "big") + host[4:]
    return _ATTRIBUTE.pack(_XOR_MAPPED, len(value)) + value


def authentic(datagram: bytes, key: bytes) -> bool | None:
    """For a Binding request signed with ``key``: whether it nominates.  None: not that, or not so simple."""
    size = len(datagram)
    if size < 20 + _INTEGRITY_BYTES or size & 3:
        return None
    kind, length, cookie = _HEAD.unpack_from(datagram)
    if kind != _REQUEST or cookie != _COOKIE or length != size - 20:
        return None
    at, nominates = 20, False
    while at + 4 <= size:
        attribute, length = _ATTRIBUTE.unpack_from(datagram, at)
        if attribute == _INTEGRITY:
            signed = datagram[:2] + (at + _INTEGRITY_BYTES - 20).to_bytes(2, "big") + datagram[4:at]
            good = length == 20 and hmac.compare_digest(datagram[at + 4 : at + 24], hmac.digest(key, signed, "sha1"))
            return nominates if good else None
        if attribute == _CONTROLLED:
            return None
        nominates = nominates or attribute == _USE_CANDIDATE
        at += 4 + length + (-length & 3)
    return None


def named(datagram: bytes) -> str:
    """The user fragment of the receiver that a Binding request names; empty when it is none or names nobody."""
    size = len(datagram)
    if size < 20:
        return ""
    kind, length, cookie = _HEAD.unpack_from(datagram)
    if kind != _REQUEST or cookie != _COOKIE or length != size - 20:
        return ""
    at = 20
    while at + 4 <= size:
        attribute, length = _ATTRIBUTE.unpack_from(datagram, at)
        if attribute == _USERNAME:
            return datagram[at + 4 : at + 4 + length].partition(b":")[0].decode("ascii", "replace")
        at += 4 + length + (-length & 3)
    return ""


def success(request: bytes, address: bytes, key: bytes) -> bytes:
    """The signed answer to ``request``; ``address`` comes from ``mapped``."""
    transaction = request[4:20]
    length = len(address) + _INTEGRITY_BYTES
    if len(address) > _MAPPED_BYTES:
        mixed = int.from_bytes(address[_MAPPED_BYTES:], "big") ^ int.from_bytes(transaction[4:], "big")
        address = address[:_MAPPED_BYTES] + mixed.to_bytes(12, "big")
    signed = _ATTRIBUTE.pack(_SUCCESS, length) + transaction + address
    body = address + _ATTRIBUTE.pack(_INTEGRITY, 20) + hmac.digest(key, signed, "sha1")
    message = _ATTRIBUTE.pack(_SUCCESS, length + 8) + transaction + body
    return message + _ATTRIBUTE.pack(_FINGERPRINT, 4) + (crc32(message) ^ _FINGERPRINT_XOR).to_bytes(4, "big")
