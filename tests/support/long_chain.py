"""A chain as long as one wants, written in a few statements: what a large meeting of several days would leave behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from meetings.ledger import Event, link_event
from meetings.store import ledger_store
from meetings.store.database import Connection
from meetings.store.tables import event

KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("hand.raised", {}), ("point.joined", {}), ("page.shown", {"document": "0190a000-0000-7000-8000-000000000000", "page": 3}),
    ("voice.muted", {}), ("floor.given", {"entry": 1, "limit_s": 300}), ("chat.said", {"message": 7, "sha256": "0" * 64, "length": 20, "held": False}),
)


def lengthen(conn: Connection, meeting_id: str, more: int, at: datetime, every: timedelta = timedelta(milliseconds=250)) -> None:
    """`more` events at the end of a meeting's chain, of 239 points in turn."""
    last = ledger_store.head(conn, meeting_id)
    rows: list[dict[str, Any]] = []
    for n in range(more):
        kind, data = KINDS[n % len(KINDS)]
        point = {"id": n % 239, "code": str(1000 + n % 239), "name": f"Điểm cầu xã số {n % 239}"}
        added: Event = link_event(last, meeting_id, kind, at + n * every, None, point, data)
        last = (added.seq, added.hash)
        rows.append({name: getattr(added, name) for name in (column.name for column in ledger_store.COLUMNS)})
    for start in range(0, more, 5_000):
        conn.execute(insert(event), rows[start:start + 5_000])
