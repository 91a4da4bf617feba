"""Long lists in parts: a cursor, at most 200 lines, and the address of the next part in the Link header (RFC 8288).

The cursor is the sort key of the last line shown, so lines that come or go meanwhile shift nothing: what is shown once
is not shown again, what stands behind it is not left out.  It is opaque to programs, and no secret.  Pure.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Query, Request

from web.api.problem import for_field, wrong
from web.api.shapes import Text
from web.errors import say

T = TypeVar("T")
MOST = 200

Limit = Annotated[int, Query(ge=1, le=MOST, description="Lines of one part.")]
Cursor = Annotated[Text, Query(max_length=500, description="`next` of the part before.")]
Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """Some of the lines, and the cursor of what follows; None at the end."""

    items: Sequence[T]
    next: str | None


def part(lines: Sequence[T], key: Callable[[T], Key], limit: int, cursor: str) -> Part[T]:
    """The lines after the cursor.  `lines` are sorted by `key`, which tells any two of them apart."""
    after = _read(cursor, key(lines[0]) if lines else ()) if cursor else None
    rest = lines if after is None else [line for line in lines if key(line) > after]
    shown = rest[:limit]
    return Part(shown, _write(key(shown[-1])) if len(rest) > limit else None)


def link(request: Request, found: Part[Any]) -> dict[str, str]:
    """The Link header of the part."""
    if found.next is None:
        return {}
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return {"link": f'<{request.url.path}?{urlencode([*query, ("cursor", found.next)])}>; rel="next"'}


def _write(key: Key) -> str:
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, like: Key) -> Key:
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    fits = isinstance(found, list) and len(found) == len(like) or not like
    if not fits or any(type(one) is not type(other) for one, other in zip(found or (), like, strict=False)):
        raise wrong([for_field("?cursor", "api.cursor", say("api.cursor"))])
    return tuple(found) if isinstance(found, list) else ()
