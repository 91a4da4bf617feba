"""Telling people that something happened to a meeting: one item in the outbox, written with what it tells of.

`tell` says what and to whom in the language of use cases; who that is, at which address, in which words is found when it is
delivered.  The same use case said twice tells once: the key is made of what, whom and the caller's own mark, never of
the time.  Never sends.  Called by use cases of every package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypedDict

from sqlalchemy import Connection

from meetings.ledger import stamp
from scheduler import outbox

KIND: Final = "notice"
_MOST_WHAT: Final = 40
_NOBODYS: Final = "-"  # in the place of a meeting, for what concerns none


class To(TypedDict, total=False):
    """Exactly one of these.  A unit means its secretaries, a point its technician and the officers of its unit."""

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


def prefix(what: str, meeting_id: str | None) -> str:
    """How the keys of all items begin that tell this of this meeting."""
    if not 0 < len(what) <= _MOST_WHAT or ":" in what:
        raise ValueError(f"not the name of a notice: {what!r}")
    return f"{KIND}:{meeting_id or _NOBODYS}:{what}:"


def _mark(of: str | Mapping[str, Any]) -> str:
    text = of if isinstance(of, str) else json.dumps(of, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
