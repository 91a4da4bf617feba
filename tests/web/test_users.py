"""`users`: accounts from the console of the server."""

from __future__ import annotations

import io
import shutil
import stat
from pathlib import Path

import pytest

from meetings.access import Role
from meetings.store.database import Database
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


def test_passwd_replaces_the_password(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    assert users(data, "passwd", "thuky", "--password-stdin") == 0
    found = account(data, "thuky")
    assert found and auth.matches(found[1], PASSWORD)


@pytest.mark.parametrize(("words", "says"), [
    (("add", "thuky", "--name", "X", "--unit", "22"), "đã có người dùng"),
    (("add", "Có dấu", "--name", "X", "--unit", "22"), "chữ không dấu"),
    (("add", "ai", "--name", "X", "--unit", "Không Đâu"), "đơn vị"),
    (("passwd", "khongco"), "Không có tài khoản này"),
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
