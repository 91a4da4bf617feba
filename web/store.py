"""Tables of the web: accounts, their sessions and tokens, and attempts (what the rate limits count).

Passwords are argon2id hashes, session tokens and tokens of programs are stored as SHA-256 only: a copy of this database
signs nobody in.  A new password ends both.
Called by `auth.py`, `session.py` and the `users` command, always with an open connection.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Boolean, CheckConstraint, Column, Connection, ForeignKey, Index, Integer, String, Table, Text, delete, func, insert, select, update,
)

from meetings.access import Role
from meetings.errors import Conflict, NotFound
from meetings.ids import new_id
from meetings.store.base import JsonText, UtcDateTime, metadata

LOGIN = re.compile(r"^[a-z0-9][a-z0-9._-]{1,63}$")
"""A login: plain letters, digits, dots and dashes, 2 to 64 signs."""

account = Table(
    "account", metadata,
    Column("user_id", String(36), primary_key=True),
    Column("login", String(80), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False, server_default=""),
    Column("unit_id", String(64), nullable=True),
    Column("roles", JsonText, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime, nullable=True),
    Column("email", String(254), nullable=True),
    Column("phone", String(20), nullable=True),
)
web_session = Table(
    "web_session", metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("user_id", String(36), ForeignKey("account.user_id"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)
api_token = Table(
    "api_token", metadata,
    Column("token_id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey("account.user_id"), nullable=False, index=True),
    Column("token_sha256", String(64), nullable=False),
    Column("name", String(100), nullable=False),
    Column("scope", String(5), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    CheckConstraint("scope IN ('read', 'write')", name="scope"),
    CheckConstraint("made_at < expires_at", name="times"),
    Index("uq_api_token_token_sha256", "token_sha256", unique=True),
)
attempt = Table(
    "attempt", metadata,
    Column("attempt_id", Integer, primary_key=True, autoincrement=True),
    Column("bucket", String(120), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_attempt_bucket_at", "bucket", "at"),
)


@dataclass(frozen=True, slots=True)
class Account:
    """One person who may sign in.  `unit_id` is where they sit; `roles` are the tasks they hold there."""

    user_id: str
    login: str
    name: str
    title: str
    unit_id: str | None
    roles: frozenset[Role]
    must_change: bool
    created_at: datetime
    disabled_at: datetime | None
    email: str | None = None
    phone: str | None = None


def _account(row: object) -> Account:
    fields = row._mapping  # type: ignore[attr-defined]
    return Account(
        user_id=fields["user_id"], login=fields["login"], name=fields["name"], title=fields["title"],
        unit_id=fields["unit_id"], roles=frozenset(Role(role) for role in fields["roles"]),
        must_change=fields["must_change"], created_at=fields["created_at"], disabled_at=fields["disabled_at"],
        email=fields["email"], phone=fields["phone"],
    )


def add_account(
    conn: Connection, login: str, name: str, title: str, unit_id: str | None, roles: frozenset[Role],
    password_hash: str, at: datetime, *, must_change: bool = True, email: str | None = None, phone: str | None = None,
) -> Account:
    """Raises Conflict("user.login_taken").  Logins are compared without case; addresses come checked (`web/reach.py`)."""
    key = login.strip().casefold()
    if conn.execute(select(account.c.user_id).where(account.c.login == key)).first():
        raise Conflict("user.login_taken", login=key)
    user_id = new_id(at)
    conn.execute(insert(account).values(
        user_id=user_id, login=key, name=name.strip(), title=title.strip(), unit_id=unit_id,
        roles=sorted(role.value for role in roles), password_hash=password_hash, must_change=must_change, created_at=at,
        email=email or None, phone=phone or None,
    ))
    return get_account(conn, user_id)


def get_account(conn: Connection, user_id: str) -> Account:
    """Raises NotFound("not_found"): whether an account exists is told like everything else."""
    row = conn.execute(select(account).where(account.c.user_id == user_id)).first()
    if row is None:
        raise NotFound("not_found")
    return _account(row)


def account_by_login(conn: Connection, login: str) -> tuple[Account, str] | None:
    """The account and its password hash, or None."""
    row = conn.execute(select(account).where(account.c.login == login.strip().casefold())).first()
    return (_account(row), row._mapping["password_hash"]) if row is not None else None


def password_hash_of(conn: Connection, user_id: str) -> str:
    return str(conn.execute(select(account.c.password_hash).where(account.c.user_id == user_id)).scalar_one())


def accounts(conn: Connection) -> list[Account]:
    """All accounts, by name."""
    return [_account(row) for row in conn.execute(select(account).order_by(account.c.name, account.c.login))]


def set_password(conn: Connection, user_id: str, password_hash: str, *, must_change: bool) -> None:
    """Replaces the password and ends every session and every token of that person."""
    conn.execute(update(account).where(account.c.user_id == user_id).values(
        password_hash=password_hash, must_change=must_change))
    conn.execute(delete(api_token).where(api_token.c.user_id == user_id))
    conn.execute(delete(web_session).where(web_session.c.user_id == user_id))


def set_reach(conn: Connection, user_id: str, email: str | None, phone: str | None) -> None:
    """Where this person is told things; None = nowhere."""
    conn.execute(update(account).where(account.c.user_id == user_id).values(email=email or None, phone=phone or None))


def set_disabled(conn: Connection, user_id: str, at: datetime | None) -> None:
    """Locks an account (`at`) or opens it again (None); a locked account's sessions end at once."""
    conn.execute(update(account).where(account.c.user_id == user_id).values(disabled_at=at))
    if at is not None:
        conn.execute(delete(web_session).where(web_session.c.user_id == user_id))


def session_add(conn: Connection, token_sha256: str, user_id: str, at: datetime) -> None:
    conn.execute(insert(web_session).values(token_sha256=token_sha256, user_id=user_id, created_at=at, seen_at=at))


def session_row(conn: Connection, token_sha256: str) -> tuple[str, datetime, datetime] | None:
    """(user_id, created_at, seen_at) or None."""
    row = conn.execute(select(
        web_session.c.user_id, web_session.c.created_at, web_session.c.seen_at
    ).where(web_session.c.token_sha256 == token_sha256)).first()
    return (row[0], row[1], row[2]) if row else None


def session_touch(conn: Connection, token_sha256: str, at: datetime) -> None:
    conn.execute(update(web_session).where(web_session.c.token_sha256 == token_sha256).values(seen_at=at))


def session_end(conn: Connection, token_sha256: str) -> None:
    conn.execute(delete(web_session).where(web_session.c.token_sha256 == token_sha256))


def sessions_purge(conn: Connection, created_before: datetime, seen_before: datetime) -> None:
    conn.execute(delete(web_session).where(
        (web_session.c.created_at < created_before) | (web_session.c.seen_at < seen_before)))


def count_attempts(conn: Connection, bucket: str, since: datetime) -> int:
    return int(conn.execute(
        select(func.count()).select_from(attempt).where(attempt.c.bucket == bucket, attempt.c.at > since)
    ).scalar_one())


def add_attempt(conn: Connection, bucket: str, at: datetime, keep: timedelta) -> None:
    """Counts one more in `bucket` and forgets what is older than `keep` there."""
    conn.execute(delete(attempt).where(attempt.c.bucket == bucket, attempt.c.at <= at - keep))
    conn.execute(insert(attempt).values(bucket=bucket, at=at))


def attempts_purge(conn: Connection, before: datetime) -> None:
    conn.execute(delete(attempt).where(attempt.c.at <= before))
