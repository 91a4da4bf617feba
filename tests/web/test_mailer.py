"""The adapters against a real mail server and a real folder: what they promise the outbox, whatever the other side does."""

from __future__ import annotations

import json
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from scheduler.outbox import LEASE, Refused
from tests.support.smtp import Sink, free_port, serving
from web import mailer
from web.mailer import Away, Letter, SmtpMailer
from web.settings import Settings
from web.sms import FolderTexter
from web.tls import ensure_certificate


def settings(port: int, **more: object) -> Settings:
    return Settings(**{"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_from": "vp@qn.vn", "smtp_security": "none", **more})


def letter(to: str = "son@qn.vn", number: int = 1, size: int = 10) -> Letter:
    return Letter("vp@qn.vn", to, f"Message-ID: <{number}@qn.vn>\r\nSubject: x\r\n\r\n{'x' * size}\r\n".encode())


@pytest.fixture
def sink() -> Sink:
    return Sink()


def test_a_batch_goes_over_one_connection(sink: Sink) -> None:
    with serving(sink) as port:
        line = SmtpMailer(settings(port))
        line.open()
        for number in range(20):
            line.send(letter(number=number))
        line.close()
    assert len(sink.first) == 20 and sink.connections == 1


def test_what_arrives_is_what_was_sent_points_at_beginnings_too(sink: Sink) -> None:
    body = b"Message-ID: <1@qn.vn>\r\n\r\n.\r\n..two\r\n.one\r\nend"
    with serving(sink) as port:
        line = SmtpMailer(settings(port))
        line.open()
        line.send(Letter("vp@qn.vn", "son@qn.vn", body))
        line.close()
    assert sink.first["<1@qn.vn>"][1] == body + b"\r\n"


@pytest.mark.parametrize(("said", "final"), [("550 5.1.1 no such mailbox", True), ("451 4.7.1 greylisted", False)])
def test_one_recipient_refused_is_one_letters_matter(sink: Sink, said: str, final: bool) -> None:
    sink.answers = {"ma@qn.vn": said}
    with serving(sink) as port:
        line = SmtpMailer(settings(port))
        line.open()
        with pytest.raises(Refused if final else smtplib.SMTPException, match=said[:3]):
            line.send(letter("ma@qn.vn"))
        assert line.ready
        line.send(letter("son@qn.vn", 2))
        line.close()
    assert [to for _at, _data, to in sink.first.values()] == ["son@qn.vn"] and sink.connections == 1


@pytest.mark.parametrize(("said", "final"), [("554 5.7.1 looks like spam", True), ("452 4.3.1 disk full", False)])
def test_a_letter_refused_as_a_whole(sink: Sink, said: str, final: bool) -> None:
    sink.at_data = lambda _envelope: said
    with serving(sink) as port:
        line = SmtpMailer(settings(port))
        line.open()
        with pytest.raises(Refused if final else smtplib.SMTPException, match=said[:3]):
            line.send(letter())
        line.close()


def test_a_server_that_is_not_there_is_away(sink: Sink) -> None:
    with pytest.raises(Away, match="refused"):
        SmtpMailer(settings(free_port())).open()
    with pytest.raises(Away):
        SmtpMailer(settings(25, smtp_host="mail.invalid")).open()


def test_letters_go_encrypted_and_signed_in_where_the_server_wants_it(sink: Sink, tmp_path: Path) -> None:
    cert, key = ensure_certificate(tmp_path, ["127.0.0.1"], datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with serving(sink, tls=context, login=True) as port:
        good = {"smtp_security": "starttls", "smtp_user": "vp", "smtp_password": SecretStr("good"), "smtp_ca": cert}
        line = SmtpMailer(settings(port, **good))
        line.open()
        line.send(letter())
        line.close()
        assert sink.user == "vp" and len(sink.first) == 1
        for wrong in ({"smtp_password": SecretStr("bad")}, {"smtp_ca": None}):
            with pytest.raises(Away):
                SmtpMailer(settings(port, **good | wrong)).open()
    assert "good" not in repr(settings(1, **good))


@contextmanager
def stubborn(script: bytes, pause: float) -> Iterator[int]:
    """A server that says these bytes one by one and then nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def serve() -> None:
            connection, _peer = listening.accept()
            with connection:
                for place in range(len(script)):
                    if over.wait(pause):
                        return
                    try:
                        connection.sendall(script[place:place + 1])
                    except OSError:
                        return
                over.wait(30)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize(("script", "pause"), [(b"", 0.0), (b"220 " + b"x" * 500, 0.05)], ids=["silent", "dripping"])
def test_a_slow_server_is_given_up_within_the_lease(monkeypatch: pytest.MonkeyPatch, script: bytes, pause: float) -> None:
    assert mailer.LETTER_S + 1 < LEASE.total_seconds() and mailer.CONNECT_S < mailer.LETTER_S
    monkeypatch.setattr(mailer, "LETTER_S", 0.6)
    with stubborn(script, pause) as port:
        began = time.monotonic()
        with pytest.raises(Away):
            SmtpMailer(settings(port)).open()
        assert time.monotonic() - began < (mailer.CONNECT_S if script else mailer.CONNECT_S + 1)


def test_a_server_that_falls_silent_in_the_middle_is_given_up_and_opened_anew(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    sink.at_data = lambda _envelope: None if gate.wait(3) else None
    with serving(sink) as port:
        line = SmtpMailer(settings(port))
        line.open()
        with monkeypatch.context() as hurried, pytest.raises(OSError):
            hurried.setattr(mailer, "LETTER_S", 0.4)
            line.send(letter())
        assert not line.ready
        gate.set()
        line.open()
        line.send(letter(number=2))
        line.close()
    assert "<2@qn.vn>" in sink.first


def test_a_message_to_a_telephone_is_one_whole_file(tmp_path: Path) -> None:
    texter = FolderTexter(tmp_path / "sms")
    texter.open()
    texter.send("k1", "+84912345678", "Điểm cầu chưa kiểm tra")
    texter.send("k1", "+84912345678", "Điểm cầu chưa kiểm tra")
    texter.send("k2", "0912345678", "Khác")
    files = sorted((tmp_path / "sms").iterdir())
    assert len(files) == 2 and {file.suffix for file in files} == {".json"}
    assert {json.loads(file.read_text("utf-8"))["to"] for file in files} == {"+84912345678", "0912345678"}


def test_a_folder_that_cannot_be_is_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Away):
        FolderTexter(tmp_path / "file" / "sms").open()
