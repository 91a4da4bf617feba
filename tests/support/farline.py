"""A line to a place far away: rate, round trip, loss and cuts, for whole browsers, without anything from the kernel but TUN.

`Farline.laid()` joins this namespace with a second one like `Line`, but every packet passes a program of our own, which keeps it
as `netem.Netem` says: with a rate and a bounded queue, late, or never.  Nothing leaves this machine.  `far` changes the line while a
test goes on; `cut` and `mend` break it without a word to either end, as a cable does; `octets` counts what has arrived.
Run as a program it is the passing on, told what to do by lines of JSON.  Called by tests/journeys.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.line import Line, run
from tests.support.netem import Netem

ROOT = Path(__file__).resolve().parents[2]
DOWN, UP = 0, 1    # towards the browsers, and from them
_TUNSETIFF, _TUN, _BARE = 0x400454CA, 0x0001, 0x1000
_PACKET = 65_536
_BATCH = 64
_QUEUE = 0.4       # seconds of the rate, as the modems of `Line`


class Farline(Line):
    """A `Line` whose cable is a program; `rate` and `lose` of a `Line` are not meant for it."""

    _program: subprocess.Popen[str]

    @contextlib.contextmanager
    def _cable(self) -> Iterator[None]:
        command = [sys.executable, "-m", "tests.support.farline", self._near, self._far, self.namespace]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as self._program:
            try:
                assert self._program.stdout is not None and self._program.stdout.readline() == "ready\n"
                yield
            finally:
                self._program.kill()

    def free(self) -> None:
        """Nothing is narrow, far or lost any more."""
        if self._program.poll() is None:
            self.far()

    def far(self, kbit: int | None = None, *, up: int | None = None, trip: float = 0.0, loss: float = 0.0) -> None:
        """From now on `kbit` kilobit/s towards the browsers and `up` (by default as many) from them, `trip` seconds there and
        back, and this share of packets lost in each direction."""
        self._tell(rates=[kbit and kbit * 1000, (up or kbit) and (up or kbit or 0) * 1000], delay=trip / 2, loss=loss)

    def cut(self) -> None:
        """Nothing passes any more, and what is under way is gone."""
        self._tell(cut=True)

    def mend(self) -> None:
        """Everything passes again."""
        self._tell(cut=False)

    def octets(self) -> tuple[int, int]:
        """(down, up) that have arrived so far, with all headers of IP."""
        down, up = self._tell()["octets"]
        return down, up

    def _tell(self, **order: Any) -> dict[str, Any]:
        assert self._program.stdin is not None and self._program.stdout is not None
        self._program.stdin.write(json.dumps(order) + "\n")
        self._program.stdin.flush()
        answer: dict[str, Any] = json.loads(self._program.stdout.readline())
        return answer


class _Passage:
    """Both directions between two TUN devices."""

    def __init__(self, near: int, far: int) -> None:
        self.ends = near, far
        self.ways = [Netem(seed, queue=_QUEUE) for seed in (DOWN, UP)]
        self.octets = [0, 0]
        self.is_cut = False

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        for way, netem in enumerate(self.ways):
            if "rates" in order:
                netem.rate, netem.delay, netem.loss = order["rates"][way], order["delay"], order["loss"]
            if "cut" in order:
                self.is_cut = order["cut"]
                netem.due(float("inf"))
        return {"octets": self.octets}

    def take(self, way: int) -> None:
        """What has come at the end where that way begins."""
        for _ in range(_BATCH):
            try:
                packet = os.read(self.ends[way], _PACKET)
            except BlockingIOError:
                return
            if not self.is_cut:
                self.ways[way].send(packet, len(packet), time.monotonic())

    def give(self) -> float | None:
        """Hands over what has arrived; seconds until the next packet does, None where none is under way."""
        for way, netem in enumerate(self.ways):
            for _at, packet in netem.due(time.monotonic()):
                with contextlib.suppress(OSError):      # the address it came from or goes to is no more
                    os.write(self.ends[1 - way], packet)
                    self.octets[way] += len(packet)
        waits = [netem.next_at for netem in self.ways if netem.next_at is not None]
        return max(0.0, min(waits) - time.monotonic()) if waits else None


def _tun(name: str) -> int:
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH14x", name.encode(), _TUN | _BARE))
    return end


def _main(near: str, far: str, namespace: str) -> None:
    passage = _Passage(_tun(near), _tun(far))
    run("ip", "link", "set", far, "netns", namespace)  # its other side stays in our hands
    print("ready", flush=True)
    while True:
        # A millisecond's rounding would make a slow line slower than it is said to be.
        readable, _, _ = select.select([*passage.ends, sys.stdin], [], [], passage.give())
        for way in (DOWN, UP):
            if passage.ends[way] in readable:
                passage.take(way)
        if sys.stdin in readable:
            order = sys.stdin.readline()
            if not order:
                return
            print(json.dumps(passage.obey(json.loads(order))), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
