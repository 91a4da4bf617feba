"""``python -m media``: starts one media worker.  Prints one line, ``ready <port>``, when it listens.

Started by the web area (or by hand); says in plain words on standard error why it cannot start.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from media.worker import Options, run


def _address(text: str) -> str:
    address = ipaddress.ip_address(text.strip())
    if address.is_link_local or address.is_unspecified or address.is_multicast:
        raise ValueError(f"nobody can send to {address} from elsewhere")
    return str(address)


def _addresses(text: str) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(_address(part) for part in text.split(",")))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 after a normal end, 1 when a socket could not be opened, 2 for a wrong command line."""
    parser = argparse.ArgumentParser(prog="python -m media", description="Media worker: one port, forwards, never decodes.")
    parser.add_argument("--socket", required=True, type=Path, help="unix socket for control")
    parser.add_argument("--port", type=int, default=0, help="UDP port for all peers (0: any free one)")
    parser.add_argument("--tcp-port", type=int, default=None, help="TCP port beside it (default: the same number; 0: none)")
    parser.add_argument("--spare", action="store_true", help="listen nowhere until the controller gives a port")
    parser.add_argument("--advertise", type=_addresses, default=("127.0.0.1",), help="IP addresses told to clients, with commas")
    parser.add_argument("--parent", type=int, default=None, help="end when this process is gone")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("aiortc").setLevel(logging.ERROR)
    try:
        port = None if given.spare else given.port
        asyncio.run(run(Options(given.socket, port, given.advertise, given.parent, given.tcp_port),
                        lambda port: print(f"ready {port}", flush=True)))
    except OSError as error:
        print(f"media worker cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
