"""Section captions: number → {text, at, and of who had the floor code}: the newest lines, which a strip shows and whoever comes late has at once.

No news of its own: it is small, travels by its keys, and a line may well wait a tenth of a second.
"""

from __future__ import annotations

from typing import Any

from meetings.captions import SHOWN, Line
from meetings.store import caption_store
from web.parts.look import Look, iso


def part(look: Look) -> dict[str, Any]:
    return {"captions": {str(one.ord): shown(one) for one in caption_store.newest(look.conn, look.meeting_id, SHOWN)}}


def shown(line: Line) -> dict[str, Any]:
    """One line as pages get it; who typed it is nobody's matter but theirs who type."""
    row = {"text": line.text, "at": iso(line.at)}
    return {**row, "code": line.code} if line.code else row
