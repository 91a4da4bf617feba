"""The media port: one port number, one UDP socket for each advertised address that is this machine's own, IPv4 or IPv6.

A reply must leave from the very address the client spoke to, or ICE discards it; a socket bound to "any address" cannot
promise that on a machine with several addresses.  An advertised address that is not ours (a NAT in front) is served by one
socket on all addresses of its family.  Listening TCP sockets stand beside them, for clients whose network lets no UDP pass
(``media/tcp.py``).  Never reads or writes.  Called by ``media/worker.py``.
"""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from media.limits import SOCKET_BUFFER, TCP_BACKLOG
from media.wire import Address

log = logging.getLogger(__name__)
_FORCED: Final = {socket.SO_SNDBUF: 32, socket.SO_RCVBUF: 33}  # SO_SNDBUFFORCE, SO_RCVBUFFORCE: for root only
_ANY: Final = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}
_TRIES: Final = 20


class Sender(Protocol):
    """What a path needs of a UDP socket or of a TCP stream."""

    def sendto(self, datagram: bytes, address: Address, /) -> int:
        """One whole datagram.  Raises: BlockingIOError when it does not fit now, OSError when it never will."""

    def fileno(self) -> int:
        """The descriptor."""


class Path(NamedTuple):
    """Our socket and the peer's address: where a datagram came from or goes to."""

    sock: Sender
    address: Address


class Port(NamedTuple):
    """All sockets of one worker: UDP, all on one port number, and TCP listeners, all on one port number."""

    sockets: list[socket.socket]
    listeners: list[socket.socket]


def packed(host: str) -> bytes:
    """4 or 16 bytes of an IP address."""
    return socket.inet_pton(family(host), host)


def family(host: str) -> socket.AddressFamily:
    """Of an IP address in text."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def open_port(port: int, addresses: Sequence[str], tcp_port: int | None = None) -> Port:
    """UDP on ``port`` (0: on one free one), TCP on ``tcp_port`` (None: the same number, 0: none at all).

    Where somebody else listens at the TCP port of the same number there are no listeners, and the log says so: most come by UDP.
    Raises: OSError when another port is taken or the machine has no IPv6 and one of ``addresses`` is of it.
    """
    return _until_free(port, lambda: _open_both(port, addresses, tcp_port))


def open_sockets(port: int, addresses: Sequence[str]) -> list[socket.socket]:
    """Non-blocking UDP sockets alone, all on ``port`` (0: on one free port).  Raises: OSError as ``open_port``."""
    return open_port(port, addresses, 0).sockets


def _until_free(port: int, attempt: Callable[[], Port]) -> Port:
    for number in range(_TRIES):
        try:
            return attempt()
        except OSError as error:
            # A port the kernel gave for the first socket may be taken for the second one.
            if port or error.errno != errno.EADDRINUSE or number == _TRIES - 1:
                raise
    raise OSError(errno.EADDRINUSE, "no free port")


def _open_both(port: int, addresses: Sequence[str], tcp_port: int | None) -> Port:
    sockets = _open_all(port, addresses, _open_udp)
    for sock in sockets:
        # Needed while binding our own sockets; from now on nobody else may share the port.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    wanted = sockets[0].getsockname()[1] if tcp_port is None else tcp_port
    try:
        return Port(sockets, _open_all(wanted, addresses, _open_tcp) if wanted else [])
    except OSError as error:
        if port and tcp_port is None and error.errno == errno.EADDRINUSE:
            log.error("media TCP port %d is taken: points whose network blocks UDP cannot come", port)
            return Port(sockets, [])
        for sock in sockets:
            sock.close()
        raise


def _open_all(port: int, addresses: Sequence[str], one: Callable[[str, int], socket.socket]) -> list[socket.socket]:
    opened: list[socket.socket] = []
    try:
        foreign: list[str] = [] if addresses else [_ANY[socket.AF_INET]]
        for address in addresses:
            try:
                opened.append(one(address, port))
                port = opened[-1].getsockname()[1]
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:
                    raise
                foreign.append(_ANY[family(address)])
        for address in dict.fromkeys(foreign):
            opened.append(one(address, port))
            port = opened[-1].getsockname()[1]
    except OSError:
        for sock in opened:
            sock.close()
        raise
    return opened


def _open_udp(address: str, port: int) -> socket.socket:
    sock = socket.socket(family(address), socket.SOCK_DGRAM)
    for plain, forced in _FORCED.items():
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, SOCKET_BUFFER)
        except OSError:
            sock.setsockopt(socket.SOL_SOCKET, plain, SOCKET_BUFFER)
    return _bound(sock, address, port)


def _open_tcp(address: str, port: int) -> socket.socket:
    sock = _bound(socket.socket(family(address), socket.SOCK_STREAM), address, port)
    sock.listen(TCP_BACKLOG)
    return sock


def _bound(sock: socket.socket, address: str, port: int) -> socket.socket:
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # IPv4 has sockets of its own
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock
