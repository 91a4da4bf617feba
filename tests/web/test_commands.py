"""The command line: tickets that work, a scene that stands however often it is made, a service without demonstration."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from meetings import service
from meetings.errors import NotFound
from meetings.meeting import State
from meetings.store import unit_store
from scheduler import service as booking
from web import scene, server, store
from web.app import assemble
from web.commands import COMMANDS, main
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
    assert main(["serve"]) == 2
    assert "media_port" in capsys.readouterr().err


def test_the_doctor_says_what_to_do_about_a_port_in_use(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["doctor", "--port", str(port), "--data", str(tmp_path / "new")]) in (0, 1)
    said = capsys.readouterr().out
    assert f"TCP port {port} is in use" in said and "→" in said
    assert "UDP" in said and "free where the data lie" in said and "fonts are all in place" in said


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
