"""What became of the papers that the person handed in."""

from __future__ import annotations

from typing import Any

from meetings import papers
from web.person_places.look import Look


def place(look: Look) -> dict[str, Any] | None:
    found = papers.handed_in(look.conn, look.visit.ref)
    return {"template": "person/handed.html", "papers": found} if found else None
