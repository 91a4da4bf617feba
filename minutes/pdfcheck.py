"""What a minutes PDF may contain, and how its signatures must lie in the bytes.  Deny by default.

We make these PDFs ourselves, so the list of allowed things is short; whatever could show a reader something else
than what was signed is refused before the first signature and again at every verification.  Reads bytes, writes
nothing, trusts nobody.  Callers: minutes.seal (before signing), minutes.verify.

Source: ISO 32000-1; the published attacks on signed PDFs (universal forgery, incremental saving, signature wrapping,
shadow attacks, evil annotations on certified documents; pdf-insecurity.org).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

# pyHanko logs a stack trace for each thing it dislikes in a file.  Here that is a verdict, not an incident.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

MOST_OBJECTS = 20_000
DEEPEST = 60

# A dictionary with one of these keys can act, fetch, hide or replace.
FORBIDDEN_KEYS = frozenset({
    "/OpenAction", "/AA", "/JS", "/OCProperties", "/OC", "/XFA", "/Collection", "/NeedAppearances",
    "/NeedsRendering", "/SpiderInfo", "/Encrypt", "/EFF", "/Ref", "/OPI", "/PresSteps",
})
# The value of /S in an action; going to a place in the same document is the only harmless one.
FORBIDDEN_ACTIONS = frozenset({
    "/JavaScript", "/Launch", "/URI", "/GoToR", "/GoToE", "/SubmitForm", "/ImportData", "/ResetForm", "/Named",
    "/Rendition", "/Movie", "/Sound", "/Hide", "/SetOCGState", "/Thread", "/Trans", "/GoTo3DView", "/RichMediaExecute",
})
CATALOGUE_KEYS = frozenset({
    "/Type", "/Version", "/Extensions", "/Pages", "/PageLabels", "/Names", "/ViewerPreferences", "/PageLayout",
    "/PageMode", "/Outlines", "/Metadata", "/StructTreeRoot", "/MarkInfo", "/Lang", "/OutputIntents", "/AF",
    "/AcroForm", "/Perms", "/Dests",
})
NAME_TREES = frozenset({"/EmbeddedFiles", "/Dests"})
MOST_ATTACHMENTS = 1  # the machine-readable copy that PDF/A-3 allows


def open_strictly(pdf: bytes) -> PdfFileReader:
    """Raises ValueError for what does not begin and end like a PDF, is encrypted, or mixes cross-reference kinds."""
    if not pdf.startswith(b"%PDF-1.") or not pdf.rstrip(b"\r\n").endswith(b"%%EOF") or len(pdf.split(b"%%EOF")[-1]) > 2:
        raise ValueError("not a whole PDF")
    reader = PdfFileReader(BytesIO(pdf), strict=True)
    if reader.encrypted or reader.xrefs.hybrid_xrefs_present:
        raise ValueError("encrypted or hybrid")
    return reader


def active_content(pdf: bytes) -> str:
    """The first forbidden thing found, by its PDF name; empty when there is none."""
    try:
        return next(_findings(open_strictly(pdf)), "")
    except Exception:  # whatever the reader trips over is not a PDF of ours
        return "structure"


def findings(reader: PdfFileReader) -> str:
    """As active_content, for a PDF that is already open."""
    return next(_findings(reader), "")


def field_names(reader: PdfFileReader) -> list[str]:
    """Names of all form fields; any field that is not a signature appears as "?"."""
    if "/AcroForm" not in reader.root:
        return []
    fields = (ref.get_object() for ref in reader.root["/AcroForm"]["/Fields"])
    return [str(_get(field, "/T")) if _get(field, "/FT") == "/Sig" and "/Kids" not in field else "?"
            for field in fields]


def _findings(reader: PdfFileReader) -> Iterator[str]:
    yield from sorted(set(reader.root) - CATALOGUE_KEYS)
    yield from sorted(set(_get(reader.root, "/Names") or {}) - NAME_TREES)
    yield from _annotations(reader)
    attachments = 0
    for value in _objects(reader):
        if _get(value, "/Type") == "/Filespec":
            attachments += 1
        if _get(value, "/S") in FORBIDDEN_ACTIONS:
            yield str(value["/S"])
        yield from sorted(FORBIDDEN_KEYS & set(value))
    if attachments > MOST_ATTACHMENTS:
        yield "/EmbeddedFiles"


def _annotations(reader: PdfFileReader) -> Iterator[str]:
    for number in range(int(reader.root["/Pages"]["/Count"])):
        page, _ = reader.find_page_for_modification(number)
        for annotation in _get(page.get_object(), "/Annots") or ():
            widget = annotation.get_object()
            if _get(widget, "/Subtype") != "/Widget" or _get(widget, "/FT") != "/Sig" or "/A" in widget:
                yield "/Annots"


def _get(value: generic.DictionaryObject, name: str) -> Any:
    """The value itself, where dict.get() would give the unresolved reference."""
    return value[name] if name in value else None


def _objects(reader: PdfFileReader) -> Iterator[generic.DictionaryObject]:
    """Every dictionary reachable from the catalogue, each once."""
    seen: set[tuple[int, int]] = set()
    stack: list[tuple[Any, int]] = [(reader.root, 0)]
    while stack:
        value, depth = stack.pop()
        if isinstance(value, generic.IndirectObject):
            key = (value.idnum, value.generation)
            if key in seen:
                continue
            seen.add(key)
            if len(seen) > MOST_OBJECTS:
                raise ValueError("too many objects")
            value, depth = value.get_object(), 0
        if depth > DEEPEST:
            raise ValueError("nested too deep")
        if isinstance(value, generic.DictionaryObject):
            yield value
            stack.extend((value.raw_get(name), depth + 1) for name in value)
        elif isinstance(value, generic.ArrayObject):
            stack.extend((value.raw_get(index), depth + 1) for index in range(len(value)))
