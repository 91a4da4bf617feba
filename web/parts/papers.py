"""Sections of papers.  documents: id → what a page shows of it, in the order in which they were added.  shown: the page that all see."""

from __future__ import annotations

from typing import Any

from meetings import presenting, service
from meetings.presenting import Shown
from web.parts.look import Look, iso
from web.roompolicy import ended


def part(look: Look) -> dict[str, Any]:
    shown = None if ended(look.state) else presenting.shown(look.conn, look.meeting_id)
    codes = {seat.point_id: seat.code for seat in look.state.seats}
    return {
        "documents": {
            one.document_id: {"ord": number, "name": one.name, "size": one.size, "media_type": one.media_type, "pages": one.pages,
                              **({"replaces": one.replaces} if one.replaces else {})}
            for number, one in enumerate(service.documents(look.conn, look.meeting_id))
        },
        "shown": as_shown(shown, codes.get(shown.point_id) if shown.point_id is not None else None) if shown else None,
    }


def as_shown(shown: Shown, code: str | None) -> dict[str, Any]:
    """`by`: code of the point that turns the pages, null for the chair's side.  A turn is newer than another by `since`."""
    return {"document": shown.document_id, "page": shown.page, "pages": shown.pages, "name": shown.name, "by": code, "since": iso(shown.since)}
