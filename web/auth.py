"""Passwords and signing in: argon2id, five tries a minute for an account, and addresses judged by failures alone.

It never says whether an account exists: an unknown login costs the same hash and gives the same answer.  Every success
and failure is an audit event.  Called by `routes/auth.py` and the `users` command.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection

from meetings.errors import Invalid
from meetings.store import ledger_store
from web import rates, store
from web.limits import (
    FAILURES_PER_ADDRESS,
    FAILURES_WINDOW,
    PASSWORD_MIN,
    SIGNIN_PER_ACCOUNT,
    SIGNIN_WINDOW,
)
from web.store import Account

# OWASP's second choice of parameters: 46 MiB and one pass keep sign-in below 0.1 s on a small server.
_hasher = PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)
_ABSENT = _hasher.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """Raises Invalid("password.short") below 12 characters, Invalid("password.plain") below three classes of them."""
    if len(password) < PASSWORD_MIN:
        raise Invalid("password.short", field="password", least=PASSWORD_MIN)
    classes = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    if sum(any(test(c) for c in password) for test in classes) < 3:
        raise Invalid("password.plain", field="password")
    return _hasher.hash(password)


def matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def random_password() -> str:
    """A password that can be read out: four groups of four letters and digits, no look-alikes."""
    letters = "abcdefghjkmnpqrstuvwxyz"
    def group() -> str:
        return "".join(secrets.choice(letters) for _ in range(3)) + secrets.choice("23456789")
    return "-".join([group().capitalize(), group(), group(), group()])


def admit(conn: Connection, login: str, address: str, at: datetime) -> None:
    """Counts one try, in a write transaction of its own that ends before any hash is computed.

    Raises TooMany.
    """
    rates.one_by_one(conn)
    rates.check(conn, _address_bucket(address), FAILURES_PER_ADDRESS, FAILURES_WINDOW, at)
    rates.count(conn, _account_bucket(login), SIGNIN_PER_ACCOUNT, SIGNIN_WINDOW, at)


def _account_bucket(login: str) -> str:
    return f"signin:{login.strip().casefold()[:80]}"


def _address_bucket(address: str) -> str:
    return f"failed:{address[:64]}"


def verify(conn: Connection, login: str, password: str) -> Account | None:
    """The account, or None when login or password are wrong or the account is locked.  Takes the time of one hash in
    every case; give it a read connection, a writer would keep others waiting meanwhile."""
    found = store.account_by_login(conn, login)
    right = matches(found[1] if found else _ABSENT, password)
    return found[0] if found and right and found[0].disabled_at is None else None


def record(conn: Connection, account: Account | None, login: str, address: str, at: datetime) -> None:
    """What came of a try, for the audit; a failure also counts against the address."""
    if account:
        actor = {"user": account.user_id, "name": account.name}
        ledger_store.append(conn, None, "signin.ok", at, actor=actor, data={"address": address})
        return
    store.add_attempt(conn, _address_bucket(address), at, FAILURES_WINDOW)
    ledger_store.append(conn, None, "signin.failed", at, data={"login": login.strip()[:80], "address": address})


def new_hash(known: str, old: str, new: str) -> str:
    """The hash of a person's next password, `known` being that of the present one.

    Raises Invalid on the old password ("password.wrong"), or on a new one that is weak or the same.  Two hashes long:
    call it outside of any transaction.
    """
    if not matches(known, old):
        raise Invalid("password.wrong", field="old")
    if old == new:
        raise Invalid("password.same", field="password")
    return hash_password(new)


def change_password(conn: Connection, account: Account, known: str, digest: str, at: datetime) -> None:
    """Puts `digest` in the place of `known`.  Raises Invalid("password.wrong") when that is no longer the password."""
    if store.password_hash_of(conn, account.user_id) != known:
        raise Invalid("password.wrong", field="old")
    store.set_password(conn, account.user_id, digest, must_change=False)
    actor = {"user": account.user_id, "name": account.name}
    ledger_store.append(conn, None, "user.password_changed", at, actor=actor, data={"user": account.user_id})
