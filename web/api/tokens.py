"""Who asks by the interface: an account's token in the Authorization header, or the cookie of the pages.

A token is 256 random bits, shown once, stored as SHA-256; it has a name, an end, and a scope: `read` changes nothing.
It opens /api/v1 and nothing else, and sees what its account may see at that moment: a locked account, a withdrawn role,
a changed password end it at once.  `who` and `reader` are the `who` of `guard.allow` for every route of the interface.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request
from sqlalchemy import Connection, delete, func, insert, select, update

from meetings.access import Subject
from meetings.errors import Conflict, Invalid, NotFound
from meetings.ids import new_id
from meetings.store import ledger_store
from meetings.texts import line
from web import csrf, session, store
from web.api.problem import Refused
from web.container import Container
from web.guard import SignInFirst
from web.limits import API_TOKENS
from web.store import api_token

SCOPES = ("read", "write")
DAYS = (30, 90, 365)
"""How long a token may be good for."""

PREFIX = "dc_"
TOUCH_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Token:
    """One token as its owner sees it; never the secret itself."""

    token_id: str
    user_id: str
    name: str
    scope: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None


_COLUMNS = [api_token.c[name] for name in Token.__dataclass_fields__]


def make(conn: Connection, by: Subject, name: str, scope: str, days: int, at: datetime) -> str:
    """The secret, to be shown once.  Raises Invalid (name, scope, days), Conflict("api_token.many")."""
    name = line(name, "token_name", 100)
    if scope not in SCOPES or days not in DAYS or by.user_id is None:
        raise Invalid("api_token.choice", field="scope")
    # The account's row is the lock: two tabs do not pass the limit together.
    conn.execute(select(store.account.c.user_id).where(store.account.c.user_id == by.user_id).with_for_update())
    live = select(func.count()).where(api_token.c.expires_at > at, api_token.c.user_id == by.user_id)
    if conn.execute(live).scalar_one() >= API_TOKENS:
        raise Conflict("api_token.many", limit=API_TOKENS)
    secret, token_id = PREFIX + secrets.token_urlsafe(32), new_id(at)
    conn.execute(insert(api_token).values(
        token_id=token_id, user_id=by.user_id, token_sha256=session.fingerprint(secret), name=name, scope=scope,
        made_at=at, expires_at=at + timedelta(days=days),
    ))
    ledger_store.append(conn, None, "api_token.made", at, by, data={"token": token_id, "name": name, "scope": scope})
    return secret


def of(conn: Connection, user_id: str, at: datetime) -> list[Token]:
    """The tokens of an account that open something, the newest first."""
    query = select(*_COLUMNS).where(api_token.c.expires_at > at, api_token.c.user_id == user_id)
    return [Token(*row) for row in conn.execute(query.order_by(api_token.c.made_at.desc(), api_token.c.token_id))]


def revoke(conn: Connection, by: Subject, token_id: str, at: datetime) -> None:
    """Ends one of one's own tokens.  Raises NotFound for any other."""
    mine = (api_token.c.token_id == token_id) & (api_token.c.user_id == by.user_id)
    if conn.execute(delete(api_token).where(mine)).rowcount != 1:
        raise NotFound("not_found")
    ledger_store.append(conn, None, "api_token.revoked", at, by, data={"token": token_id})


def purge(conn: Connection, at: datetime) -> None:
    """Forgets what has come to its end; the audit still knows that it was made."""
    conn.execute(delete(api_token).where(api_token.c.expires_at <= at))


def who(found: Container, request: Request) -> Subject:
    """The subject of a request to the interface.  Raises SignInFirst, TooMany, Refused("api_token.scope", 403)."""
    return _who(found, request, request.method in csrf.SAFE)


def reader(found: Container, request: Request) -> Subject:
    """The same for a question that is too long for an address and so comes as a POST: a `read` token is enough."""
    return _who(found, request, True)


def _who(found: Container, request: Request, reads: bool) -> Subject:
    given = request.headers.get("authorization")
    if given is None:  # the cookie, as on the pages: the guard asks for the form token then
        subject = session.of_request(found, request)
        if subject.user_id:
            found.pace.take(subject.user_id, found.clock.now())
        return subject
    scheme, _space, secret = given.partition(" ")
    token = _find(found, secret.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        raise SignInFirst
    now = found.clock.now()
    found.pace.take(token.token_id, now)
    with found.db.read() as conn:
        account = store.get_account(conn, token.user_id)
        if account.disabled_at is not None:
            raise SignInFirst
        subject = session.subject_of(conn, account, found.when.today(now))
    request.state.account, request.state.api_token = account, token
    if token.scope == "read" and not reads:
        raise Refused("api_token.scope", 403)
    _touch(found, token, now)
    return subject


def _find(found: Container, secret: str) -> Token | None:
    if not secret.startswith(PREFIX) or len(secret) > 100:
        return None
    mark = session.fingerprint(secret)
    with found.db.read() as conn:
        row = conn.execute(select(*_COLUMNS).where(
            api_token.c.token_sha256 == mark, api_token.c.expires_at > found.clock.now())).first()
    return Token(*row) if row else None


def _touch(found: Container, token: Token, now: datetime) -> None:
    """When it was last used, so that its owner sees which are still needed; written now and then only."""
    if token.used_at is None or now - token.used_at > TOUCH_EVERY:
        with found.db.write() as conn:
            conn.execute(update(api_token).where(api_token.c.token_id == token.token_id).values(used_at=now))
