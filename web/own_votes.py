"""What a point or a person has voted in a meeting, with the receipts: found again after closing and reload, by its link alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from meetings.store import vote_store


def of(conn: Connection, meeting_id: str, point_id: int, person_id: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Motion → its voters of this point (or the person): {voter, name, title, open, choice, text, receipt}, null for no ballot yet.

    Of a point as voter, `name` is null: it is its own.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for row in vote_store.own(conn, meeting_id, point_id, person_id):
        found.setdefault(row.motion_id, []).append({
            "voter": row.voter_id, "name": row.name if row.person_id else None, "title": row.title, "open": row.closed_at is None,
            "choice": row.choice, "text": row.text, "receipt": row.receipt})
    return found
