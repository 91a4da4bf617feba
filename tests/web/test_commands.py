"""The command line: tickets that work, a scene that stands however often it is made, a service without demonstration."""

from __future__ import annotations

import argparse
import inspect
import json
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from meetings import service
from meetings.errors import NotFound
from meetings.meeting import State
from meetings.store import unit_store
from scheduler import service as booking
from web import folders, scene, server, store
from web.app import assemble
from web.commands import COMMANDS, demo, main, parser_of, usage
from web.commands.demo import one_of_each_level
from web.settings import Settings


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demonstration that was started once."""
    folder = tmp_path_factory.mktemp("demo")
    found = assemble(Settings(data=folder, demo=True))
    scene.prepare(found, "quang-ninh-2020")
    found.db.close()
    return folder


def redeemed(data: Path, token: str, room: str, role: str) -> service.Ticket:
    found = assemble(Settings(data=data))
    try:
        with found.db.write() as conn:
            return service.redeem(conn, token, room, role, datetime.now(UTC))
    finally:
        found.db.close()


def test_tickets_of_a_bench_room_open_one_session_each(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ticket", "--room", "bench-a", "--role", "publish", "--count", "3", "--data", str(data)]) == 0
    tokens = capsys.readouterr().out.split()
    assert len(set(tokens)) == 3 and all(len(token) == 43 for token in tokens)
    names = {redeemed(data, token, "bench-a", "publish").name for token in tokens}
    assert len(names) == 3, "without --point each ticket has a name of its own"
    with pytest.raises(NotFound) as refused:
        redeemed(data, tokens[0], "bench-a", "publish")
    assert refused.value.code == "ticket.used"


def test_a_ticket_carries_the_name_that_was_asked_for(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["ticket", "--room", "bench-b", "--role", "subscribe", "--point", "camera-1", "--data", str(data)]
    assert main(arguments) == 0
    ticket = redeemed(data, capsys.readouterr().out.strip(), "bench-b", "subscribe")
    assert (ticket.name, ticket.room, ticket.role) == ("camera-1", "bench-b", "subscribe")


def test_a_meeting_takes_only_points_that_are_booked_for_it(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = assemble(Settings(data=data))
    with found.db.read() as conn:
        live = next(one for one in service.find(conn) if one.state is State.OPEN)
    found.db.close()
    base = ["ticket", "--role", "publish", "--data", str(data), "--room"]
    assert main([*base, live.meeting_id, "--point", "22"]) == 0
    token = capsys.readouterr().out.strip()
    assert redeemed(data, token, live.meeting_id, "publish").point_id is not None
    for wrong in (["--point", "99999"], []):
        assert main([*base, live.meeting_id, *wrong]) == 1
        said = capsys.readouterr()
        assert said.out == "" and said.err.startswith("✕") and "Traceback" not in said.err
    assert main([*base, "00000000-0000-7000-8000-000000000000", "--point", "22"]) == 1


@pytest.mark.parametrize("wrong", [["--count", "0"], ["--count", "1001"], ["--ttl", "0"], ["--point", "a/b"]])
def test_senseless_numbers_and_names_are_refused(data: Path, wrong: list[str]) -> None:
    assert main(["ticket", "--room", "bench-a", "--role", "publish", "--data", str(data), *wrong]) == 2


def test_a_second_start_finds_the_same_meeting_and_the_same_passwords(data: Path) -> None:
    found = assemble(Settings(data=data, demo=True))
    first = scene.prepare(found, "quang-ninh-2020")
    second = scene.prepare(found, "quang-ninh-2020")
    with found.db.read() as conn:
        state = service.state(conn, str(second.meeting_id))
    found.db.close()
    assert first == second and len(second.guests) == 239
    assert state.meeting.state is State.OPEN and state.running is not None
    assert [guest.level for guest in one_of_each_level(second)] == ["province", "district", "commune", "body"]


def test_the_passwords_are_readable_by_their_owner_alone(data: Path) -> None:
    assert (data / scene.ACCOUNTS).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("units", ["quang-ninh-2025", "vietnam-2025"])
def test_every_set_of_units_gives_a_meeting_that_is_live(units: str, tmp_path: Path) -> None:
    found = assemble(Settings(data=tmp_path, demo=True))
    stands = scene.prepare(found, units)
    with found.db.read() as conn:
        assert service.get(conn, str(stands.meeting_id)).state is State.OPEN
    found.db.close()
    assert len(stands.guests) == {"quang-ninh-2025": 103, "vietnam-2025": 127}[units]


def test_the_product_in_service_has_no_accounts_of_the_demonstration(tmp_path: Path) -> None:
    found = assemble(Settings(data=tmp_path, production=True))
    with found.db.read() as conn:
        assert store.accounts(conn) == []
    found.db.close()
    assert not (tmp_path / scene.ACCOUNTS).exists()


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(server.PortTaken):
            server.listen("127.0.0.1", port)
        for command in ("serve", "demo"):
            assert main([command, "--port", str(port), "--data", str(tmp_path)]) == 3
            assert str(port) in capsys.readouterr().err


def test_settings_that_cannot_be_are_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIEMCAU_MEDIA_PORT", "many")
    monkeypatch.setenv("DIEMCAU_DATABSE", "postgresql://elsewhere")
    for command in (["serve"], ["doctor"], ["units", "list"], ["users", "list"], ["ticket", "--room", "bench-a", "--role", "publish"]):
        assert main(command) == 2, command
        said = capsys.readouterr().err
        assert "DIEMCAU_MEDIA_PORT" in said and "DIEMCAU_DATABSE" in said and "elsewhere" not in said
    assert main(["demo", "--port", "0"]) == 2 and "DIEMCAU_DATABSE" in capsys.readouterr().err


@pytest.mark.parametrize("text", [None, "data = ", 'dta = "x"', b"\xff"])
def test_a_settings_file_that_cannot_be_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | bytes | None
) -> None:
    file = tmp_path / "diemcau.toml"
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.setenv("DIEMCAU_CONFIG", str(file))
    assert main(["units", "list"]) == 2
    assert ("dta" if text == 'dta = "x"' else str(file)) in capsys.readouterr().err


def test_every_command_works_on_the_folder_that_serve_works_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder stands in the TOML file alone; `var/demo` holds something else."""
    monkeypatch.setattr(folders, "DEMO", tmp_path / "demo")
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "diemcau.toml"
    config.write_text(f'data = "{data}"\n')
    assert folders.data_folder(None) == tmp_path / "demo", "nobody names one"
    monkeypatch.setenv("DIEMCAU_CONFIG", str(config))
    assert folders.data_folder(None) == data and folders.data_folder(tmp_path) == tmp_path
    assert main(["units", "list"]) == 0 and "Tỉnh Quảng Ninh" in capsys.readouterr().out
    assert main(["ticket", "--room", "bench-c", "--role", "publish"]) == 0
    assert redeemed(data, capsys.readouterr().out.strip(), "bench-c", "publish")
    assert main(["users", "list"]) == 0 and "chutoa" in capsys.readouterr().out
    assert not (tmp_path / "demo").exists() and not (tmp_path / "var").exists()
    monkeypatch.setenv("DIEMCAU_DATA", str(tmp_path / "other"))
    assert folders.data_folder(None) == tmp_path / "other", "the environment beats the file"


def test_serve_never_opens_the_demonstrations_accounts_nor_the_demonstration_those_of_real_people(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--data", str(data), "--port", "0"]) == 2
    assert str(data) in (said := capsys.readouterr().err) and "--data" in said
    found = assemble(Settings(data=tmp_path))
    with found.db.write() as conn:
        store.add_account(conn, "that", "Người Thật", "", "", frozenset(), "x", found.clock.now())
    found.db.close()
    assert main(["demo", "--data", str(tmp_path), "--port", "0", "--no-browser", "--points", "0"]) == 2
    assert str(tmp_path) in capsys.readouterr().err and not (tmp_path / scene.ACCOUNTS).exists()


def test_the_doctor_says_what_to_do_about_a_port_in_use(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["doctor", "--port", str(port), "--data", str(tmp_path / "new")]) in (0, 1)
    assert f"cổng TCP {port} đang có chương trình dùng" in capsys.readouterr().out


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_doctor_looks_at_both_families_of_addresses(capsys: pytest.CaptureFixture[str], tmp_path: Path, host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as other:
        if family == socket.AF_INET6:
            other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        other.bind((host, 0))
        port = other.getsockname()[1]
        assert main(["doctor", "--media-port", str(port), "--data", str(tmp_path / "new")]) in (0, 1)
    assert f"cổng UDP {port} đang có chương trình dùng" in capsys.readouterr().out


@pytest.mark.parametrize(("addresses", "url", "host"), [
    (["2001:db8::7"], "https://[2001:db8::7]:8443", "::"),
    (["2001:db8::7", "192.0.2.7"], "https://192.0.2.7:8443", "0.0.0.0"),
])
def test_other_computers_reach_the_demonstration_by_whichever_family_this_one_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, addresses: list[str], url: str, host: str
) -> None:
    opened: list[tuple[str, Settings]] = []

    async def ran(_arguments: argparse.Namespace, settings: Settings, listener: socket.socket) -> int:
        opened.append((listener.getsockname()[0], settings))
        return 0

    monkeypatch.setattr(demo, "own_addresses", lambda: addresses)
    monkeypatch.setattr(demo, "_run", ran)
    assert main(["demo", "--lan", "--port", "0", "--data", str(tmp_path)]) == 0
    (where, settings), = opened
    assert (where, settings.host, settings.base_url) == (host, host, url.replace("8443", str(settings.port)))
    assert settings.advertise == ("127.0.0.1", *addresses)


@pytest.mark.parametrize(("language", "words"), [
    ("vi", ("Cổng hình và tiếng", "Phông chữ", "Trình duyệt", "Đồng hồ", "Ổ đĩa", "Địa chỉ", "10.9.9.9 không phải địa chỉ")),
    ("en", ("Port of the relay", "Fonts", "Browser", "Clock", "Disk", "Address", "10.9.9.9 is not an address")),
])
def test_the_doctor_speaks_the_terminals_language_and_each_line_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, language: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DIEMCAU_LANGUAGE", language)
    monkeypatch.setenv("DIEMCAU_ADVERTISE", "10.9.9.9")
    assert main(["doctor", "--port", "0", "--data", str(tmp_path / "new")]) in (0, 1)
    said = capsys.readouterr().out
    lines = said.splitlines()[:-2]
    assert all(word in said for word in words)
    assert [line[0] in "✓△✕" for line in lines[::2]] == [line.startswith("    → ") for line in lines[1::2]] == [True] * 10
    vietnamese = re.compile("[ăâđêôơưĂÂĐÊÔƠƯ]|[\u1ea0-\u1ef9]")
    assert language == "vi" or not vietnamese.search(said.replace("Điểm Cầu", "")), said


@pytest.mark.parametrize(("language", "words"), [
    ("vi", ("cách dùng:", "tùy chọn", "hiện hướng dẫn này", "số vé", "còn thiếu: --role")),
    ("en", ("usage:", "options", "show this help message", "how many tickets", "required: --role")),
])
def test_help_and_usage_speak_the_terminals_language(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DIEMCAU_LANGUAGE", language)
    for arguments in (["ticket", "--help"], ["ticket", "--room", "x"]):
        with pytest.raises(SystemExit):
            main(arguments)
    shown = capsys.readouterr()
    assert all(word in shown.out + shown.err for word in words), shown
    assert main(["--help"]) == 0
    assert {"vi": "Cách dùng", "en": "Usage"}[language] in capsys.readouterr().out


def test_the_parser_asks_for_no_words_that_we_do_not_have() -> None:
    """A new Python that words its messages anew would speak English again, unseen."""
    source = inspect.getsource(argparse)
    assert [text for text in usage.WORDS if repr(text)[1:-1] not in source and "maybe you meant" not in text] == []


def test_the_demonstration_never_touches_an_installation_in_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever has the settings of the service in the environment may still try the demonstration."""
    for name, value in {"DATABASE": "postgresql+psycopg://service", "DATA": "/srv", "TLS_CERT": "/c", "TLS_KEY": "/k",
                        "BEHIND_PROXY": "true", "PUBLIC_URL": "https://hop.tinh.example", "PRODUCTION": "true"}.items():
        monkeypatch.setenv(f"DIEMCAU_{name}", value)
    parser = parser_of("demo")
    settings = demo._settings(parser.parse_args(["--data", str(tmp_path)]), 8000, None)
    assert settings.database_url == f"sqlite:///{(tmp_path / 'diemcau.db').resolve()}"
    assert settings.base_url == "http://localhost:8000" and settings.demo and not settings.production
    assert settings.tls_cert is None and not settings.behind_proxy


def test_unknown_words_are_answered_with_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dance"]) == 2
    said = capsys.readouterr().err
    assert "dance" in said and all(name in said for name in COMMANDS)


def test_a_meeting_booked_by_somebody_who_tried_the_product_stays_where_it_is(tmp_path: Path) -> None:
    found = assemble(Settings(data=tmp_path, demo=True))
    scene.prepare(found, "quang-ninh-2020", meeting=False)
    now = found.clock.now()
    with found.db.write() as conn:
        tree = unit_store.tree(conn, now.date())
        secretary = scene.subject_of(conn, tree, "thuky")
        mine = scene._conference(conn, tree, "Họp của người dùng thử", (), now, now + timedelta(hours=1))
        meeting_id = service.create(conn, mine, secretary, now).meeting_id
        booking.book(conn, meeting_id, [1, 2, 3, 4, 5], secretary, now)
    stands = scene.prepare(found, "quang-ninh-2020")
    with found.db.read() as conn:
        assert service.get(conn, meeting_id).state is State.CONVENED
    found.db.close()
    assert stands.meeting_id != meeting_id and len(stands.guests) == 239 - 5


def test_the_bench_of_a_record_makes_a_whole_one_and_writes_its_figures(tmp_path: Path) -> None:
    assert main(["bench", "record", "--json", str(tmp_path / "record.json")]) == 0
    figures = json.loads((tmp_path / "record.json").read_text())
    assert figures["document_mib"] == 5 and figures["record_s"] > figures["floor_s"] > 0
    assert figures["ratio"] == pytest.approx(figures["record_s"] / figures["floor_s"], rel=0.2)
