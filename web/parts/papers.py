"""Section documents: id → what a page shows of it, in the order in which they were added."""

from __future__ import annotations

from typing import Any

from meetings import service
from web.parts.look import Look


def part(look: Look) -> dict[str, Any]:
    return {
        "documents": {
            one.document_id: {"ord": number, "name": one.name, "size": one.size, "media_type": one.media_type}
            for number, one in enumerate(service.documents(look.conn, look.meeting_id))
        },
    }
