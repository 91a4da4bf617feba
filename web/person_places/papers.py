"""The meeting's documents, until it is over."""

from __future__ import annotations

from typing import Any

from web.person_places.look import Look


def place(look: Look) -> dict[str, Any] | None:
    documents = look.sections["documents"]
    ended = look.sections["meeting"]["state"] in ("concluded", "cancelled")
    return {"template": "person/papers.html", "documents": documents} if documents and not ended else None
