"""Whether what a request carries is text that every store can keep: no NUL, no lone surrogate.

Browsers send neither.  PostgreSQL refuses the one, UTF-8 the other, and each would end as a fault of ours somewhere
behind; so the guard asks here once, for path, query and form, and `routes/room.py` for what points send.  It judges no content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

_ILLEGIBLE = re.compile("[\0\ud800-\udfff]")
MOST = 2**31 - 1
"""The largest number that a column for numbers holds."""


def kept(text: str) -> bool:
    """Whether the text can be kept."""
    return not _ILLEGIBLE.search(text)


def check(texts: Iterable[object], status: int = 400) -> None:
    """Raises HTTPException(status) when one of the texts cannot be kept; what is no text passes."""
    if any(isinstance(text, str) and not kept(text) for text in texts):
        raise HTTPException(status)


async def form(request: Request, files: int, fields: int) -> FormData:
    """The form of a request, to be closed by whoever asked.  Raises HTTPException(400) when names, values or names of
    files cannot be kept, or a part is in an encoding that is none."""
    try:
        found = await request.form(max_files=files, max_fields=fields)
    except UnicodeError:
        raise HTTPException(400) from None
    try:
        for name, value in found.multi_items():
            check((name, value.filename if isinstance(value, UploadFile) else value))
    except HTTPException:
        await found.close()
        raise
    return found


def number(text: str) -> int | None:
    """A whole number from 0 to MOST as a form or an address writes it; None for anything else."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST))):
        return None
    found = int(text)
    return found if found <= MOST else None
