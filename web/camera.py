"""Photographs of sheets become one PDF, upright, without what the camera wrote into them; then it is a file like another.

The pictures are read in a process of their own (`pageimages.Press.bind`).  Called by `routes/handing_in.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.datastructures import UploadFile

from meetings.documents import MAX_BYTES
from meetings.errors import Invalid, TooLarge
from web import uploads
from web.container import Container

MOST = 20


def sheets(found: Container, photos: Iterable[Any], name: str) -> uploads.Kept | None:
    """The PDF of these photographs, kept as `name`; None when there are none.

    Raises TooLarge("photo.many" | "document.too_large"), Invalid("photo.unreadable"), and as `uploads.keep`.
    """
    taken = [one for one in photos if isinstance(one, UploadFile) and one.filename]
    if not taken:
        return None
    if len(taken) > MOST:
        raise TooLarge("photo.many", field="photo", limit=MOST)
    data = [one.file.read(MAX_BYTES + 1) for one in taken]
    if sum(map(len, data)) > MAX_BYTES:
        raise TooLarge("document.too_large", field="photo", name=name, limit=MAX_BYTES)
    made = found.press.bind(data)
    if made is None:
        raise Invalid("photo.unreadable", field="photo")
    return uploads.keep(found, name, made)
