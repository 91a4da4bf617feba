"""The weak line of the tests is as weak as it says, and as wide as before afterwards."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest

from tests.support.farline import Farline
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


# Sends back whatever comes, where it came from.
ECHO = """
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("0.0.0.0", 0))
print(sock.getsockname()[1], flush=True)
while True:
    data, place = sock.recvfrom(2000)
    sock.sendto(data, place)
"""


def _echoes(near: socket.socket, place: tuple[str, int], number: int) -> list[float]:
    """Seconds until each that came back did; they leave one every ten milliseconds."""
    left, came = {}, []
    for one in range(number):
        left[one] = time.monotonic()
        near.sendto(one.to_bytes(4, "big") + bytes(100), place)
        time.sleep(0.01)
    near.settimeout(0.5)
    while True:
        try:
            data = near.recv(2000)
        except TimeoutError:
            return came
        came.append(time.monotonic() - left[int.from_bytes(data[:4], "big")])


def test_a_far_line_is_as_far_and_as_lossy_as_it_says_and_nothing_passes_a_cut() -> None:
    with Farline.laid() as line:
        command = ["ip", "netns", "exec", line.namespace, sys.executable, "-c", ECHO]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as far, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near:
            assert far.stdout is not None
            place = line.there, int(far.stdout.readline())
            line.far(trip=0.2, loss=0.1)
            came, before = _echoes(near, place, 200), line.octets()
            assert 130 < len(came) < 195 and min(came) > 0.19  # those that came while others left were read late, none early
            assert before[0] > 130 * 132 and before[1] > 130 * 132
            line.cut()
            assert _echoes(near, place, 20) == []
            line.mend()
            line.free()
            assert len(_echoes(near, place, 20)) == 20
            far.kill()


def test_a_far_line_carries_what_it_says() -> None:
    with Farline.laid() as line:
        for kbit in (1000, 200):
            line.far(kbit)
            assert 0.5 * kbit < _through(line) < (kbit * 1.4 + BURST * 8 / 1000) / SECONDS * 1.1
