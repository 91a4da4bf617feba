"""A real coturn, as compose.yaml would start it: with the deployment's configuration and command line, on ports of our own.

`Coturn.running` needs an address of this machine that is not loopback: coturn never relays to loopback.  Called by the tests
of passing credentials and by the firewall journeys.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from web.tls import ensure_certificate

ROOT = Path(__file__).resolve().parents[2]
SECRET = "shared-secret-of-the-tests"
REALM = "hop.example"


def command_line(address: str) -> list[str]:
    """The words of `command` of compose.yaml with its variables filled in."""
    block = re.search(r"command: \[(.*?)\]\n", (ROOT / "compose.yaml").read_text(), re.DOTALL)
    assert block
    filled = block[1].replace("${TURN_SECRET}", SECRET).replace("${DOMAIN}", REALM).replace("${ADVERTISE}", address)
    words: list[str] = re.findall(r'"([^"]+)"', filled)
    assert words and "$" not in filled
    return words


@dataclass(frozen=True, slots=True)
class Coturn:
    """A running server: where it listens, its certificate, and its log so far."""

    address: str
    port: int
    tls_port: int
    certificate: Path
    log: Path

    @property
    def urls(self) -> tuple[str, ...]:
        """As `DIEMCAU_TURN_URLS` of compose.yaml names them."""
        return (f"turn:{self.address}:{self.port}?transport=udp", f"turn:{self.address}:{self.port}?transport=tcp",
                f"turns:{self.address}:{self.tls_port}?transport=tcp")

    @classmethod
    @contextlib.contextmanager
    def running(cls, folder: Path, address: str) -> Iterator[Coturn]:
        """From when it listens until the block ends."""
        certificate, key = ensure_certificate(folder / "turn", [address], datetime.now(UTC))
        port, tls_port = _free_ports(address, 2)
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
        program = shutil.which("turnserver", path=path)
        assert program, "coturn is missing: python3 -m tests installs it"
        kept = [word for word in command_line(address) if not word.startswith(("--cert=", "--pkey="))]
        kept[kept.index("/etc/coturn/turnserver.conf")] = str(ROOT / "deploy" / "turnserver.conf")
        own = [f"--listening-ip={address}", f"--relay-ip={address}", f"--listening-port={port}", f"--cert={certificate}",
               f"--tls-listening-port={tls_port}", f"--pkey={key}", f"--pidfile={folder / 'turn.pid'}", f"--userdb={folder / 'turn.db'}"]
        log = folder / "turn.log"
        with log.open("wb") as out:
            process = subprocess.Popen([program, *kept, *own], stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=folder)
        try:
            _wait(process, log, address, port, tls_port)
            yield cls(address, port, tls_port, certificate, log)
        finally:
            process.terminate()
            process.wait(10)


def _free_ports(address: str, count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            sock = stack.enter_context(socket.socket())
            sock.bind((address, 0))
            found.append(sock.getsockname()[1])
        return found


def _wait(process: subprocess.Popen[bytes], log: Path, address: str, *ports: int) -> None:
    deadline = time.monotonic() + 15
    for port in ports:
        while True:
            with contextlib.suppress(OSError), socket.create_connection((address, port), 1):
                break
            assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.02)
