"""Server-side sessions: the browser holds 256 random bits, the database their SHA-256.

30 minutes idle, 12 hours in all (`limits.py`); a new token at every sign-in; signing out deletes the row, so a stolen
copy of the cookie is worth nothing afterwards.  Called by `guard.py` (who is it?), `routes/auth.py` and `routes/events.py`,
which asks again for as long as somebody listens.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, timedelta

from fastapi import Request, Response
from sqlalchemy import Connection

from meetings.access import ANONYMOUS, Subject
from web import places, store
from web.container import Container
from web.limits import SESSION_ABSOLUTE, SESSION_IDLE
from web.settings import Settings
from web.store import Account

TOUCH_EVERY = timedelta(minutes=1)  # a page view writes at most once a minute


def session_cookie(settings: Settings) -> str:
    return "__Host-session" if settings.secure else "session"


def token_of(found: Container, request: Request) -> str:
    """What the request's cookie says; "" where there is none."""
    return request.cookies.get(session_cookie(found.settings), "")


def fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def start(conn: Connection, user_id: str, at: datetime) -> str:
    """Opens a session and returns its token, to be sent once as a cookie.  Old sessions are swept on the way."""
    store.sessions_purge(conn, at - SESSION_ABSOLUTE, at - SESSION_IDLE)
    token = secrets.token_urlsafe(32)
    store.session_add(conn, fingerprint(token), user_id, at)
    return token


def send(response: Response, settings: Settings, token: str) -> None:
    """Lax, not Strict: people come by links in mail and chat and must not be asked to sign in again."""
    response.set_cookie(
        session_cookie(settings), token, max_age=int(SESSION_ABSOLUTE.total_seconds()), path="/",
        httponly=True, samesite="lax", secure=settings.secure,
    )


def forget(response: Response, settings: Settings) -> None:
    response.delete_cookie(session_cookie(settings), path="/", httponly=True, samesite="lax", secure=settings.secure)


def end(conn: Connection, token: str) -> None:
    store.session_end(conn, fingerprint(token))


def person(found: Container, token: str, *, touch: bool = True) -> tuple[Account, Subject] | None:
    """Who this token belongs to, or None when it is unknown, idle too long, too old, or the account is locked.

    Asking counts as being active, unless `touch` says that nobody did anything: a page that only listens.
    """
    now = found.clock.now()
    mark = fingerprint(token)
    with found.db.read() as conn:
        row = store.session_row(conn, mark)
        if row is None:
            return None
        user_id, created_at, seen_at = row
        if now - created_at > SESSION_ABSOLUTE or now - seen_at > SESSION_IDLE:
            return None
        account = store.get_account(conn, user_id)
        if account.disabled_at is not None:
            return None
        subject = subject_of(conn, account, found.when.today(now))
    if touch and now - seen_at > TOUCH_EVERY:
        with found.db.write() as conn:
            store.session_touch(conn, mark, now)
    return account, subject


def subject_of(conn: Connection, account: Account, today: date) -> Subject:
    """The account as the access rules see it: its place in the tree of today."""
    path = places.path(conn, account.unit_id, today)  # () when the unit is no more: what is theirs by name stays
    return Subject(
        user_id=account.user_id, name=account.name, title=account.title, unit_id=account.unit_id, unit_path=path,
        roles=account.roles, seat=None, delegate=None,
    )


def of_request(found: Container, request: Request) -> Subject:
    """The subject behind a request's cookie; ANONYMOUS where there is none.  Leaves the account in request.state."""
    token = token_of(found, request)
    known = person(found, token) if token else None
    request.state.account = known[0] if known else None
    return known[1] if known else ANONYMOUS
