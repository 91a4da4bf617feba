"""Opinion slips that were sent to the person, or to the point: each leads to its own page.  Also after the meeting."""

from __future__ import annotations

from typing import Any

from web import slips_view
from web.person_places.look import Look


def place(look: Look) -> dict[str, Any] | None:
    """`slips`: those to be answered first."""
    rows = slips_view.listed(look.conn, look.visit.ref)
    if not rows:
        return None
    shown = [{"id": row.motion_id, "title": row.title, "due": row.due_at, "answered": bool(row.receipt), "ended": row.closed_at is not None,
              "open": row.closed_at is None and look.at <= row.due_at and not row.receipt} for row in rows]
    return {"template": "person/slips.html", "slips": sorted(shown, key=lambda one: not one["open"])}
