"""Looks through an uploaded PDF for pages and for what acts by itself; every object of the file, compressed ones too.

Runs in the process of `pageworker.py` only: files of strangers are read by libraries in C, and what those do with a broken
file must harm nobody else.  It decides nothing: the words and the verdict are `meetings/pages.py`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf
import pypdfium2

from meetings.pages import ACTIONS, NOTES, OWN_DATA, Look, acting, opening

DEEPEST = 40  # dictionaries within dictionaries; deeper is no document that a program made
_WORTH = re.compile("|".join([*(re.escape(name) + r"\b" for name in {*ACTIONS, *NOTES}), r"/XFA\b", r"/EF\b"]).encode())
"""An object without one of these names cannot act; most have none, and are passed over without being taken apart."""


class Unreadable(Exception):
    """Not a PDF that can be drawn and looked through."""

    code = "unreadable"


def look(data: bytes) -> Look:
    """Raises Unreadable for whatever the two readers trip over, passwords included."""
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            acts = next(_found(pdf), "")
        return Look(_pages(data), acts)
    except Exception as error:  # files are broken in ways no reader foresees
        raise Unreadable(str(error)[:200]) from error


def _pages(data: bytes) -> int:
    """As the library counts that will draw them."""
    document = pypdfium2.PdfDocument(data)
    try:
        return len(document)
    finally:
        document.close()


def _found(pdf: pikepdf.Pdf) -> Iterator[str]:
    start = pdf.Root.get("/OpenAction")
    if isinstance(start, pikepdf.Dictionary):
        yield from filter(None, [opening(_name(start, "/S") or "?")])
    for held in pdf.objects:
        if not isinstance(held, pikepdf.Dictionary | pikepdf.Array | pikepdf.Stream):
            continue
        plain = held.stream_dict if isinstance(held, pikepdf.Stream) else held
        if _WORTH.search(plain.unparse(resolved=True)):
            yield from _in(plain, 0)


def _in(held: Any, depth: int) -> Iterator[str]:
    """Of one object and what is written inside it; what it only points to is an object of its own."""
    if depth > DEEPEST:
        raise Unreadable("too deep")
    if isinstance(held, pikepdf.Dictionary):
        if "/XFA" in held and not isinstance(held["/XFA"], pikepdf.Dictionary):  # a font may be called so
            yield "form"
        if _hides_a_file(held):
            yield "attachment"
        yield from filter(None, [acting(_name(held, "/S"), _name(held, "/Subtype"))])
    parts = held.values() if isinstance(held, pikepdf.Dictionary) else held
    for part in parts:
        if isinstance(part, pikepdf.Dictionary | pikepdf.Array) and not part.is_indirect:
            yield from _in(part, depth + 1)


def _name(held: pikepdf.Dictionary, key: str) -> str:
    value = held.get(key)
    return str(value) if isinstance(value, pikepdf.Name) else ""


def _hides_a_file(held: pikepdf.Dictionary) -> bool:
    """A file specification with the file in it."""
    inside = held.get("/EF")
    if not isinstance(inside, pikepdf.Dictionary) or not {"/F", "/UF", "/DOS", "/Mac", "/Unix"} & set(inside.keys()):
        return False
    names = {str(held[key]) for key in ("/F", "/UF") if key in held}
    return names != {OWN_DATA}
