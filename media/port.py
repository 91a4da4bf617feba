"""The media port: one UDP port number, one socket for each advertised address that is this machine's own.

A reply must leave from the very address the client spoke to, or ICE discards it; a socket bound to "any address" cannot
promise that on a machine with several addresses.  An advertised address that is not ours (a NAT in front) is served by one
socket on all addresses.  Never reads or writes.  Called by ``media/sfu.py``; IPv4 only for now.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import Final, NamedTuple

from media.limits import SOCKET_BUFFER
from media.wire import Address

_FORCED: Final = {socket.SO_SNDBUF: 32, socket.SO_RCVBUF: 33}  # SO_SNDBUFFORCE, SO_RCVBUFFORCE: for root only
_TRIES: Final = 20


class Path(NamedTuple):
    """Our socket and the peer's address: where a datagram came from or goes to."""

    sock: socket.socket
    address: Address


def open_sockets(port: int, addresses: Sequence[str]) -> list[socket.socket]:
    """Non-blocking sockets, all on ``port`` (0: on one free port).  Raises: OSError when the port is taken."""
    for attempt in range(_TRIES):
        try:
            return _open_all(port, addresses)
        except OSError as error:
            # A port the kernel gave for the first address may be taken on the second one.
            if port or error.errno != errno.EADDRINUSE or attempt == _TRIES - 1:
                raise
    raise OSError(errno.EADDRINUSE, "no free port")


def _open_all(port: int, addresses: Sequence[str]) -> list[socket.socket]:
    opened: list[socket.socket] = []
    try:
        foreign = False
        for address in addresses:
            try:
                opened.append(_open(address, port))
                port = opened[-1].getsockname()[1]
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:
                    raise
                foreign = True
        if foreign or not opened:
            opened.append(_open("0.0.0.0", port))
    except OSError:
        for sock in opened:
            sock.close()
        raise
    for sock in opened:
        # Needed while binding our own sockets; from now on nobody else may share the port.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    return opened


def _open(address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    for plain, forced in _FORCED.items():
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, SOCKET_BUFFER)
        except OSError:
            sock.setsockopt(socket.SOL_SOCKET, plain, SOCKET_BUFFER)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock
