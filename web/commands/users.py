"""`python3 -m web users add|passwd|lock|unlock|import|list`: accounts and passwords, from the console of the server.

Passwords are typed twice, read from a file descriptor (`--password-stdin`), or made and shown once.  It never prints a
password that somebody chose and never stores one.  `lock` reaches every account, also those whose unit has ended, whom no administrator covers.  Works on the same settings as `serve`.
"""

from __future__ import annotations

import argparse
import csv
import getpass
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from meetings.access import Role
from meetings.errors import Invalid, MeetingError
from meetings.store import ledger_store
from meetings.texts import line
from meetings.units import Unit, UnitTree
from web import auth, places, reach, store
from web.app import assemble
from web.container import Container
from web.errors import explain
from web.i18n import _, languages, speak
from web.settings import read
from web.store import LOGIN, Account

REFUSED = 1
USAGE = 2
MOST_SHOWN = 20
COLUMNS = ("login", "name", "title", "unit", "roles")
MORE = ("email", "phone")  # columns that a list may have or not


def add(parser: argparse.ArgumentParser) -> None:
    anywhere = argparse.ArgumentParser(add_help=False)  # --data may stand before the action or after it
    for place, otherwise in ((parser, None), (anywhere, argparse.SUPPRESS)):
        place.add_argument("--data", type=Path, default=otherwise, help=_("thư mục dữ liệu (mặc định: theo thiết lập)"))
        place.add_argument("--language", choices=languages(), default=otherwise,
                           help=_("ngôn ngữ của lệnh này (mặc định: của máy)"))
    actions = parser.add_subparsers(dest="action", required=True)
    one = actions.add_parser("add", help=_("một tài khoản"), parents=[anywhere])
    one.add_argument("login")
    one.add_argument("--name", required=True)
    one.add_argument("--title", default="")
    one.add_argument("--unit", required=True, help=_("mã hoặc tên đúng của đơn vị, có hiệu lực hôm nay"))
    one.add_argument("--role", action="append", default=[], choices=[role.value for role in Role])
    one.add_argument("--email", default="", help=_("nơi nhận giấy mời và nhắc việc"))
    one.add_argument("--phone", default="", help=_("số nhận tin nhắn"))
    one.add_argument("--password-stdin", action="store_true", help=_("đọc mật khẩu từ đầu vào chuẩn"))
    passwd = actions.add_parser("passwd", help=_("đặt mật khẩu khác; mọi phiên của người đó kết thúc"), parents=[anywhere])
    passwd.add_argument("login")
    passwd.add_argument("--password-stdin", action="store_true")
    for action, meaning in (("lock", _("không đăng nhập được nữa; mọi phiên kết thúc")), ("unlock", _("mở lại tài khoản đã khóa"))):
        actions.add_parser(action, help=meaning, parents=[anywhere]).add_argument("login")
    many = actions.add_parser("import", help=_("tệp CSV: {columns} (các vai trò cách nhau khoảng trắng)", columns=",".join(COLUMNS + MORE)),
                              parents=[anywhere])
    many.add_argument("file", type=Path)
    many.add_argument("--passwords", type=Path, required=True, help=_("tệp mới chứa mật khẩu được tạo, chỉ bạn đọc được"))
    actions.add_parser("list", help=_("mọi tài khoản, không kèm mật khẩu"), parents=[anywhere])


def run(arguments: argparse.Namespace) -> int:
    found = assemble(read(data=arguments.data) if arguments.data else read())
    if arguments.language:
        speak(arguments.language)
    work = {"add": _add, "passwd": _passwd, "lock": _lock, "unlock": _lock, "import": _import, "list": _list}[arguments.action]
    try:
        return work(found, arguments)
    except MeetingError as error:
        print(f"✕ {explain(error)}", file=sys.stderr)
        return REFUSED
    finally:
        found.db.close()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One account as asked for, checked."""

    login: str
    name: str
    title: str
    unit_id: str
    roles: frozenset[Role]
    email: str | None
    phone: str | None


def _check(
    tree: UnitTree, login: str, name: str, title: str, unit: str, roles: Iterable[str], email: str, phone: str,
) -> Wanted:
    """Raises Invalid("user.login" | "user.role" | "unit.unknown" | "unit.ambiguous" | "reach.…" | "text.…")."""
    login = login.strip().casefold()
    if not LOGIN.match(login):
        raise Invalid("user.login", field="login")
    known = {role.value for role in Role}
    for role in roles:
        if role not in known:
            raise Invalid("user.role", field="roles", role=role, known=", ".join(sorted(known)))
    place = _place(tree, unit.strip())
    return Wanted(login, line(name, "name", 100), line(title, "post", 200, empty=True), place.unit_id,
                  frozenset(map(Role, roles)), reach.address(email), reach.phone(phone))


def _place(tree: UnitTree, wanted: str) -> Unit:
    """The unit of that code, else the only one of that name.  Raises Invalid("unit.unknown" | "unit.ambiguous")."""
    if by_code := tree.by_code(wanted):
        return by_code
    named = [unit for unit in tree if unit.name == wanted]
    if len(named) > 1:
        shown = "; ".join(f"{unit.gso_code} ({' › '.join(tree.get(step).name for step in tree.path(unit.unit_id)[:-1])})"
                          for unit in named[:MOST_SHOWN])
        more = f"; … (+{len(named) - MOST_SHOWN})" if len(named) > MOST_SHOWN else ""
        raise Invalid("unit.ambiguous", field="unit", unit=wanted, units=shown + more)
    if not named:
        raise Invalid("unit.unknown", field="unit", unit=wanted)
    return named[0]


def _make(conn: Connection, wanted: Wanted, digest: str, at: datetime, *, must_change: bool) -> None:
    made = store.add_account(conn, wanted.login, wanted.name, wanted.title, wanted.unit_id, wanted.roles,
                             digest, at, must_change=must_change, email=wanted.email, phone=wanted.phone)
    ledger_store.append(conn, None, "user.added", at, data={
        "user": made.user_id, "login": made.login, "roles": sorted(wanted.roles), "by": "console"})


def _add(found: Container, arguments: argparse.Namespace) -> int:
    now = found.clock.now()
    password, chosen = _password(arguments.password_stdin)
    digest = auth.hash_password(password)
    with found.db.write() as conn:
        tree = places.tree(conn, found.when.today(now))
        wanted = _check(tree, arguments.login, arguments.name, arguments.title, arguments.unit, arguments.role,
                        arguments.email, arguments.phone)
        _make(conn, wanted, digest, now, must_change=not chosen)
    print(_("✓ Đã tạo tài khoản {login}.", login=wanted.login))
    if not chosen:
        print(_("Mật khẩu, chỉ hiện một lần: {password}", password=password))
    return 0


def _passwd(found: Container, arguments: argparse.Namespace) -> int:
    password, chosen = _password(arguments.password_stdin)
    digest = auth.hash_password(password)
    with found.db.write() as conn:
        known = _known(conn, arguments.login)
        store.set_password(conn, known.user_id, digest, must_change=not chosen)
        ledger_store.append(conn, None, "user.password_reset", found.clock.now(), data={
            "user": known.user_id, "by": "console"})
    print(_("✓ Đã đặt mật khẩu mới cho {login}; mọi phiên đang mở đã kết thúc.", login=known.login))
    if not chosen:
        print(_("Mật khẩu, chỉ hiện một lần: {password}", password=password))
    return 0


def _known(conn: Connection, login: str) -> Account:
    """Raises Invalid("user.unknown")."""
    known = store.account_by_login(conn, login)
    if known is None:
        raise Invalid("user.unknown", field="login")
    return known[0]


def _lock(found: Container, arguments: argparse.Namespace) -> int:
    now, locking = found.clock.now(), arguments.action == "lock"
    with found.db.write() as conn:
        known = _known(conn, arguments.login)
        store.set_disabled(conn, known.user_id, now if locking else None)
        kind = "user.locked" if locking else "user.opened"
        ledger_store.append(conn, None, kind, now, data={"user": known.user_id, "by": "console"})
    print(_("✓ Đã khóa tài khoản {login}; mọi phiên đang mở đã kết thúc.", login=known.login) if locking
          else _("✓ Đã mở khóa tài khoản {login}.", login=known.login))
    return 0


def _password(stdin: bool) -> tuple[str, bool]:
    """(password, whether a person chose it): from standard input, typed twice at a terminal, or made."""
    if stdin:
        return sys.stdin.readline().rstrip("\r\n"), True
    if not sys.stdin.isatty():
        return auth.random_password(), False
    typed = getpass.getpass(_("Mật khẩu (để trống: hệ thống tự tạo): "))
    if not typed:
        return auth.random_password(), False
    if getpass.getpass(_("Nhập lại: ")) != typed:
        raise Invalid("password.repeat", field="password")
    return typed, True


def _import(found: Container, arguments: argparse.Namespace) -> int:
    """All rows or none.  The made passwords go to a new file that only its owner can read.

    Hundreds of hashes take many seconds: they are computed before the transaction, so that nobody waits for it.
    """
    now = found.clock.now()
    try:
        with arguments.file.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        print(_("✕ Không đọc được tệp {file}: {why}", file=arguments.file, why=error), file=sys.stderr)
        return USAGE
    try:
        with found.db.read() as conn:
            tree = places.tree(conn, found.when.today(now))
        wanted = [_row(tree, row, number) for number, row in enumerate(rows, start=2)]
        passwords = [(one.login, auth.random_password()) for one in wanted]
        digests = [auth.hash_password(password) for _login, password in passwords]
        with found.db.write() as conn:
            for number, (one, digest) in enumerate(zip(wanted, digests, strict=True), start=2):
                with _naming(number):
                    _make(conn, one, digest, now, must_change=True)
            # Inside the transaction: accounts whose passwords nobody has would be of no use.
            with open(arguments.passwords, "x", encoding="utf-8", opener=_private) as file:
                file.writelines(f"{login},{password}\n" for login, password in passwords)
    except OSError as error:
        print(_("✕ Không ghi được tệp {file}: {why}", file=arguments.passwords, why=error), file=sys.stderr)
        return USAGE
    print(_("✓ Đã tạo {n} tài khoản; mật khẩu ở {file}.", n=len(passwords), file=arguments.passwords))
    return 0


def _row(tree: UnitTree, row: dict[str, Any], number: int) -> Wanted:
    with _naming(number):
        if missing := [name for name in COLUMNS if row.get(name) is None]:
            raise Invalid("row.column_missing", value=", ".join(missing))
        return _check(tree, row["login"], row["name"], row["title"], row["unit"], row["roles"].split(),
                      *(row.get(name) or "" for name in MORE))


@contextmanager
def _naming(number: int) -> Iterator[None]:
    """What is wrong inside is said with the number of its line."""
    try:
        yield
    except MeetingError as error:
        raise Invalid("user.row", line=number, reason=explain(error).rstrip(".")) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _list(found: Container, _arguments: argparse.Namespace) -> int:
    with found.db.read() as conn:
        for account in store.accounts(conn):
            locked = f"  [{_('đã khóa')}]" if account.disabled_at else ""
            print(f"{account.login:<24}{account.name:<28}{' '.join(sorted(account.roles)):<32}{account.title}{locked}")
    return 0
