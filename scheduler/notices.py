"""Telling people that something happened to a meeting: one item in the outbox, written with what it tells of.

`tell` says what and to whom in the language of use cases; who that is, at which address, in which words is found when it is
delivered.  The same use case said twice tells once: the key is made of what, whom and the caller's own mark, never of
the time.  Never sends.  Called by use cases of every package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, TypedDict

from sqlalchemy import Connection, select, update

from meetings.ledger import stamp
from meetings.store.among import among
from scheduler import outbox
from scheduler.outbox_table import outbox as outbox_table

KIND: Final = "notice"
_MOST_WHAT: Final = 40
_NOBODYS: Final = "-"  # in the place of a meeting, for what concerns none


class To(TypedDict, total=False):
    """Exactly one of these.  A unit means those who answer for it, a point those who look after it (`hearing`)."""

    unit: str
    user: str
    point: int


def tell(
    conn: Connection, what: str, meeting_id: str | None, to: To, at: datetime, *,
    due: datetime | None = None, key: str = "", **params: Any,
) -> bool:
    """Whether it is told anew: what was told before under the same key is not told again.

    `key` tells one occasion from another (the number of a request and of its round); without it the params do.
    Times among the params are kept as the ledger keeps them.
    """
    return outbox.put(conn, *notice(what, meeting_id, to, at, due=due, key=key, **params))


def notice(
    what: str, meeting_id: str | None, to: To, at: datetime, *, due: datetime | None = None, key: str = "", **params: Any,
) -> tuple[str, str, datetime, Mapping[str, Any]]:
    """What `tell` puts, for those who put many at once (`outbox.put_all`)."""
    known = {name: stamp(value) if isinstance(value, datetime) else value for name, value in params.items()}
    [(kind, who)] = to.items()
    item = f"{prefix(what, meeting_id)}{_mark(key or known)}:{kind}:{who}"
    payload = {"what": what, "meeting_id": meeting_id, "to": dict(to), "at": stamp(at), "params": known}
    return item, KIND, due or at, payload


def withdraw(conn: Connection, what: str, meeting_id: str | None, at: datetime, *, key: str = "") -> int:
    """What was to be told later and is so no longer; without `key`, all of this kind.  How many items."""
    return outbox.cancel(conn, prefix(what, meeting_id) + (f"{_mark(key)}:" if key else ""), at)


def recall(conn: Connection, whats: Collection[str], meeting_id: str, to: To, at: datetime) -> int:
    """What was told this one of the meeting and has not gone out yet is taken back, its letters too.  How many items."""
    [(kind, who)] = to.items()
    key, mine = outbox_table.c.key, f":{kind}:{who}:"
    waiting = outbox.under(conn, f"{KIND}:{meeting_id}:") & (outbox_table.c.state == "waiting")
    keys = [one for one in conn.execute(select(key).where(waiting, (key + ":").contains(mine, autoescape=True))).scalars()
            if one.split(":")[2] in whats]
    if keys:
        conn.execute(update(outbox_table).where(among(key, keys), outbox_table.c.state == "waiting").values(state="cancelled", settled_at=at))
    return len(keys)


def prefix(what: str, meeting_id: str | None) -> str:
    """How the keys of all items begin that tell this of this meeting."""
    if not 0 < len(what) <= _MOST_WHAT or ":" in what:
        raise ValueError(f"not the name of a notice: {what!r}")
    return f"{KIND}:{meeting_id or _NOBODYS}:{what}:"


def _mark(of: str | Mapping[str, Any]) -> str:
    text = of if isinstance(of, str) else json.dumps(of, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
