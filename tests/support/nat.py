"""A NAT for UDP in the namespace of a `Line`: who speaks to the outer address is passed on to the server from ports of its own.

The outer address is one of the namespace itself, so that nothing of it is known where the server runs; `change` gives every
flow another port, as a NAT does that was restarted.  Run as a program inside the namespace, driven by `Nat.running`.
Called by tests/journeys.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.line import Line, run

ROOT = Path(__file__).resolve().parents[2]


class Nat:
    """The running program as a test sees it; `outer` is the address that clients are told."""

    def __init__(self, outer: str, process: subprocess.Popen[str]) -> None:
        self.outer, self._process = outer, process

    @staticmethod
    def outer_of(line: Line) -> str:
        """The address it will have on this line."""
        return line.here.replace("10.231.", "10.233.")

    @classmethod
    @contextlib.contextmanager
    def running(cls, line: Line, port: int) -> Iterator[Nat]:
        """Passes `port` on to the same port of the server's end until the block ends."""
        outer = cls.outer_of(line)
        run("ip", "-n", line.namespace, "addr", "add", f"{outer}/32", "dev", "lo")
        command = ["ip", "netns", "exec", line.namespace, sys.executable, "-m", "tests.support.nat", outer, line.here, str(port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            try:
                yield cls(outer, process)
            finally:
                process.kill()

    def change(self) -> int:
        """Every flow leaves from another port from now on, and nothing that comes to the earlier ones arrives; how many there are."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("change\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class _Outside(asyncio.DatagramProtocol):
    """The server's side of one flow."""

    def __init__(self, inside: asyncio.DatagramTransport, client: tuple[str, int]) -> None:
        self._inside, self._client = inside, client

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._inside.sendto(data, self._client)


class _Inside(asyncio.DatagramProtocol):
    """The clients' side: one flow for each of their sockets."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self.flows: dict[tuple[str, int], asyncio.Task[asyncio.DatagramTransport]] = {}

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.DatagramTransport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr not in self.flows:
            self.flows[addr] = asyncio.ensure_future(self._open(addr))
        self.flows[addr].add_done_callback(lambda flow: flow.result().sendto(data))

    async def _open(self, client: tuple[str, int]) -> asyncio.DatagramTransport:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Outside(self._transport, client), remote_addr=self._server)
        return transport

    def change(self) -> int:
        """Forgets all flows; how many there were."""
        flows, self.flows = self.flows, {}
        for flow in flows.values():
            flow.add_done_callback(lambda done: done.result().close())
        return len(flows)


async def _main(outer: str, server: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    _, inside = await loop.create_datagram_endpoint(lambda: _Inside((server, port)), local_addr=(outer, port))
    print("ready", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(inside.change(), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
