"""What a minutes PDF may contain, and how its signatures must lie in the bytes.  Deny by default.

We make these PDFs ourselves, so the list of allowed things is short; whatever could show a reader something else
than what was signed is refused before the first signature and again at every verification.  Reads bytes, writes
nothing, trusts nobody.  Callers: minutes.seal (before signing), minutes.verify.

Source: ISO 32000-1; the published attacks on signed PDFs (universal forgery, incremental saving, signature wrapping,
shadow attacks, evil annotations on certified documents; pdf-insecurity.org).
"""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeLimits, DocumentDecodeBudget, StreamDecodeLimits
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType

from minutes.model import DocumentModel

# pyHanko logs a stack trace for each thing it dislikes in a file.  Here that is a verdict, not an incident.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

MOST_OBJECTS = 50_000  # minutes of the whole country (3,321 points) have 21,000, and fill 3.6 of the 5 MiB allowed
DEEPEST = 60
MOST_FIELDS = 4
LARGEST_MODEL = 16 << 20  # bytes; 4,000,000 characters (minutes.model) in UTF-8, and the names around them

# The parser asks for bytes piece by piece; counted are questions and bytes, about two million a second.  A stranger's
# file may cost this much until its signatures are found to be those of trusted people (the whole country's minutes:
# 0.5 million), and 11 million are needed to walk those.
READS_UNTRUSTED = 1_500_000
READS = 30_000_000
MOST_REVISIONS = 64  # ours have six; each is compared with all the others

# No stream has to be unpacked to judge the file: a small one could swell to all memory.
NOTHING = DecodeLimits(StreamDecodeLimits(max_output_size=0), document_budget=DocumentDecodeBudget(0, 0))

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
ATTACHMENT = "document.json"  # the machine-readable copy that PDF/A-3 allows; the one attachment there is


class Metered(BytesIO):
    """The file as the parser sees it, which ends the work when `left` runs out."""

    def __init__(self, data: bytes, left: int) -> None:
        super().__init__(data)
        self.left = left

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.left -= 1 + len(data)
        if self.left < 0:
            raise ValueError("too much work")
        return data


def open_strictly(pdf: bytes, reads: int = READS) -> PdfFileReader:
    """Raises ValueError for what does not begin and end like a PDF, is encrypted, or has other tables than ours.

    Our files have the classic table of objects only, so no object hides in a compressed stream.
    """
    if not pdf.startswith(b"%PDF-1.") or not pdf.rstrip(b"\r\n").endswith(b"%%EOF") or len(pdf.split(b"%%EOF")[-1]) > 2:
        raise ValueError("not a whole PDF")
    if pdf.count(b"trailer") > MOST_REVISIONS:
        raise ValueError("too many revisions")
    reader = PdfFileReader(Metered(pdf, reads), strict=True, decode_limits=NOTHING)
    tables = {reader.xrefs.get_xref_container_info(n).xref_section_type for n in range(reader.xrefs.total_revisions)}
    if reader.encrypted or tables != {XRefSectionType.STANDARD}:
        raise ValueError("encrypted or compressed tables")
    return reader


def trusted(reader: PdfFileReader) -> None:
    """The signatures are those of trusted people: reading may now cost what the largest minutes need."""
    reader.stream.left = READS


def active_content(pdf: bytes) -> str:
    """The first forbidden thing found, by its PDF name; empty when there is none."""
    try:
        reader = open_strictly(pdf)
        return findings(reader) or ("" if attached(reader) else "/EmbeddedFiles")
    except Exception:  # whatever the reader trips over is not a PDF of ours
        return "structure"


def findings(reader: PdfFileReader) -> str:
    """As active_content, for a PDF that is already open; the attachment is read by `attached`."""
    return next(_findings(reader), "")


def field_names(reader: PdfFileReader) -> list[str]:
    """Names of all form fields; any field that is not a signature appears as "?", and all do if they are too many."""
    if "/AcroForm" not in reader.root:
        return []
    fields = reader.root["/AcroForm"]["/Fields"]
    if len(fields) > MOST_FIELDS:
        return ["?"] * len(fields)
    return [str(_get(field, "/T")) if _get(field, "/FT") == "/Sig" and "/Kids" not in field else "?"
            for field in (ref.get_object() for ref in fields)]


def attached(reader: PdfFileReader) -> DocumentModel | None:
    """The model of these very minutes: the one attachment, whose SHA-256 stands among the keywords of the file.

    None for no attachment, for another one, and for a model that is not written as we write it; `findings` tells
    of a second one.
    """
    try:
        spec = reader.root["/AF"][0]
        file = spec["/EF"]["/F"]
        inflating = zlib.decompressobj()
        data = inflating.decompress(file.encoded_data, LARGEST_MODEL)
        named = hashlib.sha256(data).hexdigest() == str(reader.trailer["/Info"]["/Keywords"])
        if not (_is_the_attachment(reader, spec, file) and inflating.eof and named):
            return None
        model = DocumentModel.from_json(data)
        return model if model.to_json() == data else None
    except Exception:  # a stranger's file may lack any of these or have something else in its place
        return None


def _is_the_attachment(
    reader: PdfFileReader, spec: generic.DictionaryObject, file: generic.DictionaryObject
) -> bool:
    """Whether it is declared as ours is, in both places that readers look at, and nothing else is."""
    tree, associated, streams = reader.root["/Names"]["/EmbeddedFiles"], reader.root["/AF"], spec["/EF"]
    listed = tree["/Names"]
    return all((
        set(tree) == {"/Names"} and len(listed) == 2 and len(associated) == 1,
        listed.raw_get(1).reference == associated.raw_get(0).reference == spec.container_ref,
        {str(listed[0]), str(spec["/F"]), str(spec["/UF"])} == {ATTACHMENT},
        spec["/AFRelationship"] == "/Source",
        {streams.raw_get(name).reference for name in streams} == {file.container_ref},
        file["/Filter"] == "/FlateDecode" and "/DecodeParms" not in file,
    ))


def _findings(reader: PdfFileReader) -> Iterator[str]:
    yield from sorted(set(reader.root) - CATALOGUE_KEYS)
    yield from sorted(set(_get(reader.root, "/Names") or {}) - NAME_TREES)
    attachments = 0
    for value in _objects(reader):
        attachments += "/EF" in value or _get(value, "/Type") == "/Filespec"
        if _get(value, "/S") in FORBIDDEN_ACTIONS:
            yield str(value["/S"])
        if any(not _is_field(annotation) for annotation in _get(value, "/Annots") or ()):
            yield "/Annots"
        yield from sorted(FORBIDDEN_KEYS & set(value))
    if attachments > 1:
        yield "/EmbeddedFiles"


def _is_field(annotation: Any) -> bool:
    """Of all annotations only the places of the four signatures may stand on a page."""
    widget = annotation.get_object()
    return _get(widget, "/Subtype") == "/Widget" and _get(widget, "/FT") == "/Sig" and "/A" not in widget


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
