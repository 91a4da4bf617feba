"""`users`: accounts from the console of the server."""

from __future__ import annotations

import io
import shutil
import stat
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from meetings.access import Role
from meetings.store import datasets, ledger_store, unit_store
from meetings.store.database import Database
from meetings.store.unit_tables import unit_version
from tests.web.conftest import Unhindered
from web import auth, store
from web.commands import main

PASSWORD = "Tu-console-2026"


@pytest.fixture
def data(tmp_path: Path, province: Path) -> Path:
    shutil.copyfile(province, tmp_path / "diemcau.db")
    return tmp_path


def account(data: Path, login: str) -> tuple[store.Account, str] | None:
    db = Database(f"sqlite:///{data / 'diemcau.db'}")
    try:
        with db.read() as conn:
            return store.account_by_login(conn, login)
    finally:
        db.close()


def users(data: Path, *words: str) -> int:
    return main(["users", "--data", str(data), *words])


def test_an_account_is_added_with_a_password_from_standard_input(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    assert users(data, "add", "Chi.Hoa", "--name", "Chị Hoa", "--unit", "22", "--role", "clerk", "--password-stdin") == 0
    found = account(data, "chi.hoa")
    assert found and found[0].roles == {Role.CLERK} and not found[0].must_change
    assert auth.matches(found[1], PASSWORD) and PASSWORD not in capsys.readouterr().out


def test_a_made_password_is_shown_once_and_must_be_changed(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert users(data, "add", "moi", "--name", "Người Mới", "--unit", "Huyện Ba Chẽ") == 0
    password = capsys.readouterr().out.strip().rsplit(" ", 1)[1]
    found = account(data, "moi")
    assert found and found[0].must_change and auth.matches(found[1], password)


def test_a_name_that_several_units_bear_is_refused_with_their_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two communes of one name in two provinces of 2025."""
    db = Database(f"sqlite:///{tmp_path / 'diemcau.db'}")
    db.migrate()
    with db.write() as conn:
        datasets.load_dataset(conn, "vietnam-2025", datetime.now(UTC))
        tree = unit_store.tree(conn, datetime.now(UTC).date())
    db.close()
    named = [unit for unit in tree if unit.name == "Xã Vĩnh Thanh"]
    assert len(named) > 1
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert users(tmp_path, "add", "moi", "--name", "Người Mới", "--unit", "Xã Vĩnh Thanh") == 1
    said = capsys.readouterr().err
    assert all(unit.gso_code in said and tree.get(unit.parent_id or "").name in said for unit in named)
    assert account(tmp_path, "moi") is None
    rows = tmp_path / "in.csv"
    rows.write_text("login,name,title,unit,roles\nmoi,Người Mới,,Xã Vĩnh Thanh,\n")
    assert users(tmp_path, "import", str(rows), "--passwords", str(tmp_path / "out.csv")) == 1
    assert named[0].gso_code in capsys.readouterr().err and not (tmp_path / "out.csv").exists()
    assert users(tmp_path, "add", "moi", "--name", "Người Mới", "--unit", named[1].gso_code) == 0
    assert (found := account(tmp_path, "moi")) and found[0].unit_id == named[1].unit_id


def test_passwd_replaces_the_password(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    assert users(data, "passwd", "thuky", "--password-stdin") == 0
    found = account(data, "thuky")
    assert found and auth.matches(found[1], PASSWORD)


def test_an_account_whose_unit_has_ended_is_locked_from_the_console(data: Path) -> None:
    db = Database(f"sqlite:///{data / 'diemcau.db'}")
    known = account(data, "xa")
    assert known
    with db.write() as conn:
        conn.execute(update(unit_version).where(unit_version.c.unit_id == known[0].unit_id).values(valid_to=date(2025, 1, 1)))
        store.session_add(conn, "0" * 64, known[0].user_id, known[0].created_at)
    assert users(data, "lock", "XA") == 0
    locked = account(data, "xa")
    assert locked and locked[0].disabled_at is not None
    with db.read() as conn:
        assert store.session_row(conn, "0" * 64) is None
    assert users(data, "unlock", "xa") == 0
    with db.read() as conn:
        last = ledger_store.events(conn, None)[-2:]
        opened = store.account_by_login(conn, "xa")
    assert [(event.kind, event.data) for event in last] == [
        (kind, {"user": known[0].user_id, "by": "console"}) for kind in ("user.locked", "user.opened")]
    assert opened and opened[0].disabled_at is None
    db.close()


@pytest.mark.parametrize("words", [("add", "moi", "--name", "Mới", "--unit", "22"), ("passwd", "thuky"), ("import",)])
def test_nobody_waits_while_passwords_are_hashed(
    data: Path, tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    (tmp_path / "list.csv").write_text("login,name,title,unit,roles\nmot,Người Một,,22,clerk\nhai,Hai,,22,\n", "utf-8")
    if words == ("import",):
        words = ("import", str(tmp_path / "list.csv"), "--passwords", str(tmp_path / "made.csv"))
    watched = Unhindered(f"sqlite:///{data / 'diemcau.db'}", monkeypatch)
    assert users(data, *words) == 0 and watched.hashes


@pytest.mark.parametrize(("words", "says"), [
    (("add", "thuky", "--name", "X", "--unit", "22"), "đã có người dùng"),
    (("add", "Có dấu", "--name", "X", "--unit", "22"), "chữ không dấu"),
    (("add", "ai", "--name", "X", "--unit", "Không Đâu"), "đơn vị"),
    (("passwd", "khongco"), "Không có tài khoản này"), (("lock", "khongco"), "Không có tài khoản này"),
])
def test_what_cannot_be_is_said_plainly(
    data: Path, words: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert users(data, *words) == 1
    assert says in capsys.readouterr().err


def test_a_list_is_imported_whole_and_its_passwords_are_private(data: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        "login,name,title,unit,roles\nmot,Người Một,Văn thư,22,clerk officer\nhai,Người Hai,,Huyện Ba Chẽ,\n", "utf-8")
    made = tmp_path / "passwords.csv"
    assert users(data, "import", str(tmp_path / "list.csv"), "--passwords", str(made)) == 0
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    login, password = made.read_text().splitlines()[0].split(",")
    found = account(data, login)
    assert found and found[0].roles == {Role.CLERK, Role.OFFICER} and auth.matches(found[1], password)


@pytest.mark.parametrize(("row", "says"), [
    ("ba,Người Ba,,99999,clerk", "Dòng 3"), ("ba,Người Ba,,22,vua", "Vai trò “vua”"), ("thuky,X,,22,", "đã có người dùng"),
])
def test_one_bad_row_and_nothing_is_imported(
    data: Path, tmp_path: Path, row: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.csv").write_text(f"login,name,title,unit,roles\nmot,Người Một,,22,clerk\n{row}\n", "utf-8")
    made = tmp_path / "passwords.csv"
    assert users(data, "import", str(tmp_path / "list.csv"), "--passwords", str(made)) == 1
    assert says in capsys.readouterr().err
    assert account(data, "mot") is None and not made.exists()


def test_the_list_shows_no_password(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert users(data, "list") == 0
    assert "thuky" in (out := capsys.readouterr().out) and "argon2" not in out
