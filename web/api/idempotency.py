"""A create that is sent twice is done once (draft-ietf-httpapi-idempotency-key-header).

The key and the answer are written in the transaction of what is created, so a crash leaves both or neither; of two
that come at once the second waits for the first and is given its answer.  A refusal changed nothing and is not kept: the same key may be
tried again.  Kept for 24 hours; then housekeeping forgets it, and so does `begin`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from re import compile as pattern

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from web.api.problem import Refused
from web.api.tables import idempotency as kept

KEPT = timedelta(hours=24)
HEADER = "idempotency-key"
REPLAYED = "idempotency-replayed"
_KEY = pattern(r"[\x21-\x7e]{8,128}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as far as it must be the same when it comes again."""

    user_id: str
    key: str
    route: str
    body_sha256: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered the first time."""

    status: int
    headers: Mapping[str, str]
    body: str


def asked(user_id: str, key: str | None, route: str, body: bytes) -> Asked:
    """Raises Refused("api.key_missing" | "api.key", 400)."""
    if not key:
        raise Refused("api.key_missing", 400)
    if not _KEY.fullmatch(key):
        raise Refused("api.key", 400)
    return Asked(user_id, key, route[:200], hashlib.sha256(body).hexdigest())


def begin(conn: Connection, request: Asked, at: datetime) -> Answered | None:
    """None when this is the first time; from here on others with the same key wait for the end of this transaction.

    Raises Refused("api.key_reused", 422) where the key was used for something else.
    """
    mine = (kept.c.user_id == request.user_id) & (kept.c.key == request.key)
    conn.execute(delete(kept).where(mine, kept.c.made_at <= at - KEPT))
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    first = dialect.insert(kept).values(
        user_id=request.user_id, key=request.key, route=request.route, body_sha256=request.body_sha256, made_at=at,
    ).on_conflict_do_nothing().returning(kept.c.key)
    if conn.execute(first).first() is not None:
        return None
    row = conn.execute(select(kept).where(mine)).one()
    if (row.route, row.body_sha256) != (request.route, request.body_sha256):
        raise Refused("api.key_reused", 422)
    return Answered(row.status, row.headers, row.response)


def keep(conn: Connection, request: Asked, answer: Answered) -> None:
    """The answer to give whenever this request comes again."""
    mine = (kept.c.user_id == request.user_id) & (kept.c.key == request.key)
    conn.execute(update(kept).where(mine).values(
        status=answer.status, headers=dict(answer.headers), response=answer.body))


def purge(conn: Connection, before: datetime) -> None:
    conn.execute(delete(kept).where(kept.c.made_at <= before))
