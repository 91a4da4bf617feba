"""A weak line for real browsers: a network namespace of our own, one cable into it, a token bucket at both ends.

`Line.laid()` joins this namespace (the server's end, `here`) with a second one (the browsers' end, `there`), so nothing is
reached by loopback.  `rate` narrows both ways while a test goes on; `free` widens them again.  The delay is only that of the
queue: kernels without netem can be slow but not far away.  Needs root, `ip` and `tc`.  Called by tests/journeys.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Self

from playwright.async_api import Browser, async_playwright

QUEUE_MS = 400     # what the narrow place keeps before it drops, as modems do
BURST = 3200       # octets: two full packets, or nothing would ever pass
_numbers = itertools.count()


def run(*command: str) -> str:
    """What the program printed.  Raises CalledProcessError."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "PATH": path})
    return done.stdout


class Line:
    """One cable.  Names and addresses differ between processes and between cables, so that tests may run side by side."""

    def __init__(self) -> None:
        number = next(_numbers)
        place = os.getpid() % 251, (os.getpid() // 251 % 16 * 4 + number % 4) * 4
        self.here, self.there = (f"10.231.{place[0]}.{place[1] + end}" for end in (1, 2))
        self.namespace = f"diemcau-{os.getpid()}-{number}"
        self._lossy = False
        self._near, self._far = (f"dc{os.getpid() % 100_000}{number}{end}" for end in "ab")

    @classmethod
    @contextlib.contextmanager
    def laid(cls) -> Iterator[Self]:
        """A cable for as long as the block lasts."""
        assert os.geteuid() == 0, "network namespaces need root"
        line = cls()
        run("ip", "netns", "add", line.namespace)
        try:
            with line._cable():
                run("ip", "addr", "add", f"{line.here}/30", "dev", line._near)
                run("ip", "link", "set", line._near, "up")
                run("ip", "-n", line.namespace, "addr", "add", f"{line.there}/30", "dev", line._far)
                run("ip", "-n", line.namespace, "link", "set", line._far, "up")
                run("ip", "-n", line.namespace, "link", "set", "lo", "up")
                yield line
                line.free()
        finally:
            run("ip", "netns", "del", line.namespace)  # the cable goes with it

    @contextlib.contextmanager
    def _cable(self) -> Iterator[None]:
        """Both ends are there as long as the block lasts, without addresses."""
        run("ip", "link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self.namespace)
        # An address that IPv6 finds for itself comes a second or two late, and a browser gives up what it had begun to load.
        for tool, end in ((("ip",), self._near), (("ip", "-n", self.namespace), self._far)):
            run(*tool, "link", "set", end, "addrgenmode", "none")
        yield

    def move(self) -> None:
        """The far end changes its network: its address is gone, and another one reaches this end as before."""
        near, far = (address.replace("10.231.", "10.232.") for address in (self.here, self.there))
        run("ip", "addr", "add", f"{near}/30", "dev", self._near)
        run("ip", "-n", self.namespace, "addr", "del", f"{self.there}/30", "dev", self._far)
        run("ip", "-n", self.namespace, "addr", "add", f"{far}/30", "dev", self._far)
        run("ip", "-n", self.namespace, "route", "add", f"{self.here}/32", "via", near)
        self.there = far

    def rate(self, kbit: int, *, up: int | None = None) -> None:
        """From now on this many kilobit/s towards the browsers, and `up` (by default as many) from them."""
        self._narrow(("tc",), self._near, kbit)
        self._narrow(("tc", "-n", self.namespace), self._far, up or kbit)

    def lose(self, thousandths: int) -> None:
        """From now on so many packets of a thousand vanish on arrival, at either end."""
        for tool, end in self._ends:
            chain = f"{{ type filter hook ingress device {end} priority 0; }}"
            rules = (f"add table netdev {end}", f"add chain netdev {end} loss {chain}",
                     f"add rule netdev {end} loss numgen random mod 1000 < {thousandths} counter drop")
            run(*tool, "nft", "; ".join(rules))
        self._lossy = True

    @property
    def _ends(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        return ((), self._near), (("ip", "netns", "exec", self.namespace), self._far)

    def free(self) -> None:
        """Nothing is narrow any more, nothing is lost."""
        if self._lossy:
            for tool, end in self._ends:
                run(*tool, "nft", f"delete table netdev {end}")
            self._lossy = False
        for tool, end in ((("tc",), self._near), (("tc", "-n", self.namespace), self._far)):
            with contextlib.suppress(subprocess.CalledProcessError):  # it was free
                run(*tool, "qdisc", "del", "dev", end, "root")

    @staticmethod
    def _narrow(tool: Sequence[str], end: str, kbit: int) -> None:
        bucket = "rate", f"{kbit}kbit", "burst", str(BURST), "latency", f"{QUEUE_MS}ms"
        run(*tool, "qdisc", "replace", "dev", end, "root", "tbf", *bucket)

    @contextlib.asynccontextmanager
    async def chromium(self, folder: Path, arguments: Sequence[str]) -> AsyncIterator[Browser]:
        """A Chromium at the far end; it is driven through a pipe, which needs no network.  `folder` takes its launcher."""
        path = shutil.which("chromium")
        assert path
        launcher = folder / "chromium-far"
        launcher.write_text(f'#!/bin/sh\nexec ip netns exec {self.namespace} {path} "$@"\n')
        launcher.chmod(0o755)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=launcher, args=list(arguments))
            yield browser
            await browser.close()
