"""The weak line of the tests is as weak as it says, and as wide as before afterwards."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest

from tests.support.line import BURST, Line

pytestmark = pytest.mark.netns

OCTETS, HEADERS, SECONDS = 1000, 42, 1.0
# Says its port; then counts what comes until the word "end".
FAR = """
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
sock.bind(("0.0.0.0", 0))
print(sock.getsockname()[1], flush=True)
got = 0
sock.settimeout(5)
while (data := sock.recv(2000)) != b"end":
    got += 1
print(got, flush=True)
"""


def _through(line: Line) -> float:
    """Kilobit/s that came out of the far end while twice 2,000 kbit/s went in."""
    command = ["ip", "netns", "exec", line.namespace, sys.executable, "-c", FAR]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as far, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near:
        assert far.stdout is not None
        place = line.there, int(far.stdout.readline())
        started = time.monotonic()
        while (passed := time.monotonic() - started) < SECONDS:
            near.sendto(bytes(OCTETS), place)
            time.sleep(0.002)
        for _ in range(20):  # the queue may be full just then
            near.sendto(b"end", place)
            time.sleep(0.05)
            if far.poll() is not None:
                break
        return int(far.stdout.readline()) * (OCTETS + HEADERS) * 8 / 1000 / passed


def test_a_line_carries_what_it_says_and_no_more() -> None:
    with Line.laid() as line:
        wide = _through(line)
        for kbit in (1000, 200):
            line.rate(kbit)
            most = kbit * 1.4 / SECONDS + BURST * 8 / 1000 / SECONDS  # a second, and what the queue held at its end
            assert 0.5 * kbit < _through(line) < most * 1.1
        line.free()
        assert _through(line) > 0.7 * wide
