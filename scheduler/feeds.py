"""Calendars by address: whose they are, and whether the secret in an address still opens one.

A secret is 256 random bits and is shown once; only its hash is kept, so a copy of the database opens no calendar.  What stands
in a calendar is worked out anew for each reading, as far as its maker may see then.  Called by `web/routes/feeds.py`.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from meetings.errors import Conflict, NotFound
from meetings.ids import new_id
from scheduler.mail_table import feed

MOST: Final = 20  # live ones of one maker
_f = feed.c


@dataclass(frozen=True, slots=True)
class Feed:
    """Of a point or of a person, never both."""

    feed_id: str
    point_id: int | None
    user_id: str | None
    made_by: str
    made_at: datetime


def make(conn: Connection, made_by: str, at: datetime, point_id: int | None = None) -> str:
    """A new calendar of the point, or of its maker; the secret, which is told nowhere else.  Raises Conflict("feed.many")."""
    live = conn.execute(select(func.count()).where(_f.made_by == made_by, _f.revoked_at.is_(None))).scalar_one()
    if live >= MOST:
        raise Conflict("feed.many", most=MOST)
    secret = secrets.token_urlsafe(32)
    conn.execute(insert(feed).values(
        feed_id=new_id(at), secret_sha256=_hash(secret), point_id=point_id, user_id=None if point_id else made_by,
        made_by=made_by, made_at=at))
    return secret


def revoke(conn: Connection, feed_id: str, made_by: str, at: datetime) -> None:
    """Its address opens nothing from now on.  Raises NotFound("not_found") for what is not theirs."""
    mine = (_f.feed_id == feed_id) & (_f.made_by == made_by) & _f.revoked_at.is_(None)
    if not conn.execute(update(feed).where(mine).values(revoked_at=at)).rowcount:
        raise NotFound("not_found")


def made_by(conn: Connection, user_id: str) -> list[Feed]:
    """The live ones, the newest first."""
    rows = conn.execute(_select().where(_f.made_by == user_id, _f.revoked_at.is_(None)).order_by(_f.made_at.desc(), _f.feed_id))
    return [Feed(*row) for row in rows]


def by_secret(conn: Connection, secret: str) -> Feed:
    """Raises NotFound("not_found")."""
    row = conn.execute(_select().where(_f.secret_sha256 == _hash(secret), _f.revoked_at.is_(None))).first()
    if row is None:
        raise NotFound("not_found")
    return Feed(*row)


def _select():  # type: ignore[no-untyped-def]
    return select(_f.feed_id, _f.point_id, _f.user_id, _f.made_by, _f.made_at)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
