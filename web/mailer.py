"""The port to a mail server, and its adapter that speaks SMTP.

A letter goes to one recipient, so one refusal is one item's.  The line is opened before anything is claimed: a server that
is away costs no item a try.  Whatever the server does, a letter takes less than a lease.  Knows no meeting and no database.
Made by `delivery`, which calls it from one thread.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import Any, Protocol

from scheduler.outbox import LEASE, Refused
from web.settings import Settings

PORTS = {"tls": 465, "starttls": 587, "none": 25}
CONNECT_S = 4.0
LETTER_S = LEASE.total_seconds() * 0.7
"""A letter that takes longer is broken off: its lease must not end in our hands."""
_TOO_LARGE = 552


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole message as it is sent; `to` is the one address of its envelope."""

    sender: str
    to: str
    data: bytes


class Later(smtplib.SMTPException):
    """Refused for now, in the words of the server."""


class Away(Exception):
    """Nothing can be sent just now, whatever it is.  The text says why, as the server or the system put it."""


class Mailer(Protocol):
    """Where letters go."""

    def open(self) -> None:
        """Ready for letters.  Raises Away."""

    @property
    def ready(self) -> bool:
        """Whether the line still stands."""

    def send(self, letter: Letter) -> None:
        """Handed over when it returns.  Raises Refused when it never will be, anything else when it may be later."""

    def close(self) -> None: ...


class SmtpMailer:
    """One connection for a batch."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._line: smtplib.SMTP | None = None

    @property
    def ready(self) -> bool:
        return self._line is not None

    def open(self) -> None:
        if self._line is not None:
            return
        try:
            with _Limit(LETTER_S) as limit:
                self._line = self._connect(limit)
        except (OSError, ValueError) as error:  # smtplib's own errors are OSErrors too; ValueError: no such name
            raise Away(_said(error)) from error

    def _connect(self, limit: _Limit) -> smtplib.SMTP:
        settings = self._settings
        port = settings.smtp_port or PORTS[settings.smtp_security]
        trust, name = ssl.create_default_context(cafile=settings.smtp_ca), socket.gethostname()  # else it would ask DNS
        if settings.smtp_security == "tls":
            line: smtplib.SMTP = _Tls(limit, timeout=CONNECT_S, context=trust, local_hostname=name)
        else:
            line = _Plain(limit, timeout=CONNECT_S, local_hostname=name)
        try:
            line._host = settings.smtp_host  # type: ignore[attr-defined]  # the name that TLS checks; connect() alone does not keep it
            code, text = line.connect(settings.smtp_host, port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, text)
            if settings.smtp_security == "starttls":
                line.starttls(context=trust)
                limit.watch(line.sock)
            if settings.smtp_user:
                line.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            else:
                line.ehlo_or_helo_if_needed()
        except BaseException:
            line.close()
            raise
        return line

    def send(self, letter: Letter) -> None:
        if self._line is None:
            raise Away("not open")
        try:
            with _Limit(LETTER_S) as limit:
                limit.watch(self._line.sock)
                self._line.sendmail(letter.sender, [letter.to], letter.data)
        except smtplib.SMTPRecipientsRefused as error:
            [(code, text)] = error.recipients.values()
            self._judge(code, text)
        except smtplib.SMTPSenderRefused as error:
            if error.smtp_code != _TOO_LARGE:
                self.close()  # it would refuse every other letter too
                raise
            self._judge(error.smtp_code, error.smtp_error)
        except smtplib.SMTPDataError as error:
            self._judge(error.smtp_code, error.smtp_error)
        except OSError:
            self.close()
            raise

    def _judge(self, code: int, text: bytes | str) -> None:
        """Always raises.  5xx is for ever, everything else for now."""
        if self._line is not None and self._line.sock is None:
            self.close()  # 421: smtplib hung up
        said = f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
        raise Refused(said) if 500 <= code < 600 else Later(said)

    def close(self) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        with contextlib.suppress(OSError), _Limit(1.0) as limit:
            limit.watch(line.sock)
            line.quit()
        line.close()


class _Limit:
    """Breaks the socket off when the time is up: a server that sends a byte a second resets every time-out but this."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._break)
        self._timer.daemon = True
        self._socket: socket.socket | None = None
        self._over = False

    def watch(self, connection: socket.socket | None) -> None:
        self._socket = connection
        if self._over:
            self._break()

    def _break(self) -> None:
        self._over = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> _Limit:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()


class _Watched:
    """The limit knows the socket before the server has said its first word."""

    def __init__(self, limit: _Limit, **options: Any) -> None:
        self._limit = limit
        super().__init__(**options)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._limit.watch(made)
        return made


    def data(self, msg: bytes) -> tuple[int, bytes]:
        """As the library does it, but for letters whose lines end rightly already: theirs looks at every sign of it."""
        self.putcmd("data")  # type: ignore[attr-defined]
        code, said = self.getreply()  # type: ignore[attr-defined]
        if code != 354:
            raise smtplib.SMTPDataError(code, said)
        text = msg.replace(b"\r\n.", b"\r\n..")
        self.send((b"." if text.startswith(b".") else b"") + text + (b"" if text.endswith(b"\r\n") else b"\r\n") + b".\r\n")  # type: ignore[attr-defined]
        answer: tuple[int, bytes] = self.getreply()  # type: ignore[attr-defined]
        return answer


class _Plain(_Watched, smtplib.SMTP):
    pass


class _Tls(_Watched, smtplib.SMTP_SSL):
    pass


def _said(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
    return str(error) or type(error).__name__
