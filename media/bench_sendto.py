"""The yardstick of the relay's benchmark: what one plain UDP `sendto` costs here and now.

Never part of the product at run time. media/bench.py calls `Yardstick`; `python -m media.bench_sendto CORE` is the
process that drains the socket (CORE -1: anywhere).
"""
from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

ROUNDS, PACKETS = 20, 1000
BURSTS, BURST, PAUSE = 40, 50, 0.01    # the rhythm of a relay with 50 receivers: caches are cold at every burst
RECEIVE_BUFFER = 8 << 20
_SO_RCVBUFFORCE = 33                   # asm-generic/socket.h; beyond the system's limit, where permitted
_END = b"end"


class Yardstick:
    """A socket that a process on another core drains. Use in a `with` block; `measure` may be called several times."""

    def __init__(self, size: int, *, core: int | None, drain_core: int | None) -> None:
        """`size` in bytes of UDP payload; `core` is where the sender runs, `drain_core` where the drain does."""
        self._payload, self._core = bytes(size), core
        self._sink = subprocess.Popen(
            [sys.executable, "-m", "media.bench_sendto", str(-1 if drain_core is None else drain_core)],
            cwd=Path(__file__).resolve().parent.parent, stdout=subprocess.PIPE, text=True)
        self._costs: list[float] = []
        self._paced: list[float] = []
        self.sent = self.drained = 0

    def __enter__(self) -> Yardstick:
        if self._sink.stdout is None:
            raise OSError("the draining process has no output")
        self._address = ("127.0.0.1", int(self._sink.stdout.readline()))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        return self

    def measure(self) -> None:
        """ROUNDS times PACKETS sends in a row, then BURSTS small ones with pauses, on the sender's core."""
        before = os.sched_getaffinity(0)
        if self._core is not None:
            os.sched_setaffinity(0, {self._core})
        try:
            for _ in range(ROUNDS):
                self._costs.append(self._send(PACKETS))
                time.sleep(PAUSE)            # a full socket drops, and a dropped packet would be a cheap one
            for _ in range(BURSTS):
                time.sleep(PAUSE)
                self._paced.append(self._send(BURST))
        finally:
            os.sched_setaffinity(0, before)

    def _send(self, count: int) -> float:
        send, payload, address = self._socket.sendto, self._payload, self._address
        start = time.process_time()
        for _ in range(count):
            send(payload, address)
        self.sent += count
        return (time.process_time() - start) / count * 1e6

    @property
    def microseconds(self) -> float:
        """CPU time (user and system) of one send among thousands, the median of all rounds so far."""
        return statistics.median(self._costs)

    @property
    def paced_microseconds(self) -> float:
        """The same in the relay's own rhythm: what a relay that did nothing but send would cost."""
        return statistics.median(self._paced)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Ends the other process and learns how many packets it drained."""
        try:
            while self._sink.poll() is None:
                self._socket.sendto(_END, self._address)       # may be lost like any other datagram
                try:
                    self._sink.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
            self.drained = int(self._sink.stdout.read() or 0) if self._sink.stdout is not None else 0
        finally:
            self._socket.close()
            self._sink.kill()
            self._sink.wait()
            if self._sink.stdout is not None:
                self._sink.stdout.close()


def drain(core: int) -> None:
    """Prints the port, then receives until told to end, then prints how many datagrams came."""
    if core >= 0:
        os.sched_setaffinity(0, {core})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        try:
            sink.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
        except PermissionError:
            sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        sink.bind(("127.0.0.1", 0))
        print(sink.getsockname()[1], flush=True)
        count, receive = 0, sink.recv
        while receive(2048) != _END:
            count += 1
        print(count, flush=True)


if __name__ == "__main__":
    drain(int(sys.argv[1]))
