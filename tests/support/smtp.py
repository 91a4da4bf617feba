"""A real mail server inside a test: keeps what it is given, once for each Message-ID; may refuse, be slow, or be away.

It speaks SMTP by aiosmtpd in a thread of its own, on loopback only.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from ssl import SSLContext
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword


@dataclass
class Sink:
    """`answers`: address → what is said to it at RCPT; `at_data`: what is said to a whole letter (None = taken)."""

    answers: dict[str, str] = field(default_factory=dict)
    at_data: Callable[[Envelope], str | None] | None = None
    first: dict[str, tuple[float, bytes, str]] = field(default_factory=dict)  # Message-ID → (when, letter, recipient)
    handed: Counter[str] = field(default_factory=Counter)  # Message-ID → how often
    connections: int = 0
    user: str = ""
    _change: threading.Condition = field(default_factory=threading.Condition)

    async def handle_EHLO(self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: list[str]) -> str:
        said = self.answers.get(address, "250 OK")
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        if self.at_data is not None and (said := self.at_data(envelope)) is not None:
            return said
        data = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        name = str(message_from_bytes(data.split(b"\r\n\r\n", 1)[0])["Message-ID"])
        with self._change:
            self.handed[name] += 1
            self.first.setdefault(name, (time.time(), data, envelope.rcpt_tos[0]))
            self._change.notify_all()
        return "250 taken"

    def letters(self) -> list[EmailMessage]:
        """In the order they came."""
        with self._change:
            kept = sorted(self.first.values(), key=lambda one: one[0])
        return [message_from_bytes(data, policy=policy.default) for _at, data, _to in kept]  # type: ignore[misc]

    def to(self, address: str) -> list[EmailMessage]:
        return [letter for letter in self.letters() if address in str(letter["To"])]

    def wait(self, count: int, seconds: float) -> int:
        """Until so many letters are there, or the time is over; how many are there."""
        with self._change:
            self._change.wait_for(lambda: len(self.first) >= count, seconds)
            return len(self.first)

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
        self.user = data.login.decode()
        return AuthResult(success=data.password == b"good")


@contextmanager
def serving(sink: Sink, port: int = 0, tls: SSLContext | None = None, *, login: bool = False) -> Iterator[int]:
    """The server, on a port of its own; yields the port."""
    more: dict[str, Any] = {"tls_context": tls, "require_starttls": True} if tls else {}
    if login:
        more |= {"authenticator": sink.authenticate, "auth_required": True, "auth_require_tls": tls is not None}
    controller = Controller(sink, hostname="127.0.0.1", port=port or free_port(), data_size_limit=20_000_000, **more)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- as a process of its own: what is measured then is not its work ---------------------------------------------------


@dataclass
class Noting(Sink):
    """Writes a line for each letter it is handed, one more time too."""

    file: Any = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        data = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        head = message_from_bytes(data.split(b"\r\n\r\n", 1)[0])
        self.file.write(json.dumps({"id": str(head["Message-ID"]), "to": envelope.rcpt_tos[0], "at": time.time(), "size": len(data)}) + "\n")
        self.file.flush()
        return "250 taken"


@contextmanager
def beside(file: Path) -> Iterator[int]:
    """The server in a process of its own; yields its port.  What it is handed stands in `file`, an object of JSON a line."""
    process = subprocess.Popen([sys.executable, "-m", "tests.support.smtp", str(file)], cwd=Path(__file__).resolve().parents[2],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdin is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()  # it ends when nobody holds the other end any more
        process.wait(20)
        process.stdout.close()


if __name__ == "__main__":
    with Path(sys.argv[1]).open("w", encoding="utf-8") as noted, serving(Noting(file=noted)) as opened:
        print(opened, flush=True)
        sys.stdin.read()
