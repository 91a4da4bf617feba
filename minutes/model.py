"""The one document model of minutes and invitations: frozen values that both renderers print word for word.

Pure.  It never knows how a page looks and never reads the ledger.  draft.py and invitation.py build it, editing.py
changes its texts, docx.py and pdf.py print it; its canonical JSON (RFC 8785) is what a version's SHA-256 stands for.
"""

import json
import types
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Union, get_args, get_origin, get_type_hints

import rfc8785

from meetings.errors import Invalid

# Input limits of Decree 30/2020/NĐ-CP annex VI where it names the field; the rest bound what a page can hold.
LIMITS = {"title": 100, "summary": 500, "parent": 200, "symbol": 30, "place_date": 100, "name": 200, "key": 200,
          "caption": 500, "lines": 300, "recipients": 1000, "url": 400, "code": 40, "block_id": 60, "label": 60}
# One sentence may name every commune of the country; the whole must still fit a signed file.
TEXT_LIMIT = 200_000
TOTAL_LIMIT = 4_000_000
COUNT_LIMIT = 10_000


class Origin(StrEnum):
    """Where a block's text comes from: the form itself, the ledger, or the clerk's own words."""

    FORM = "form"
    LEDGER = "ledger"
    CLERK = "clerk"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the body; level 1 is the outermost."""

    block_id: str
    text: str
    level: int = 1
    origin: Origin = Origin.FORM
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One or more paragraphs (a line break starts the next).  An empty one is a place to write; it prints nothing."""

    block_id: str
    text: str
    style: str = "normal"      # normal | italic | bold | left
    origin: Origin = Origin.FORM
    original: str | None = None
    label: str = ""            # what the editor calls this place


@dataclass(frozen=True, slots=True)
class KeyValue:
    """`key: value` in one paragraph."""

    block_id: str
    key: str
    value: str
    origin: Origin = Origin.FORM
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list: numbered `1.`, or with dashes."""

    block_id: str
    items: tuple[str, ...]
    ordered: bool = False
    origin: Origin = Origin.FORM
    original: str | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: heading, width in whole hundredths of the text width, alignment left | center | right."""

    text: str
    width: int
    align: str = "left"


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose heading row repeats on every page.  A row of one cell spans all columns (a group's name)."""

    block_id: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    origin: Origin = Origin.LEDGER
    original: str | None = None


Block = Heading | Paragraph | KeyValue | Items | Table


@dataclass(frozen=True, slots=True)
class Header:
    """Head of page 1.  `number` None = not reserved yet; `place_date` "" = the form has none (minutes)."""

    parent: str
    issuer: tuple[str, ...]
    symbol: str
    number: int | None = None
    place_date: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """A place to sign: `role` names the field, `lines` stand above, `name` below."""

    role: str
    lines: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Note:
    """Where and by which code a reader verifies the document; `url` is also drawn as a QR code."""

    url: str
    code: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Appendix:
    """An appendix in the same file; its pages are numbered separately."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """The ledger the facts were read from: meeting, last event read, its hash and its time (ISO 8601 with zone)."""

    meeting_id: str
    seq: int
    hash: str
    at: str


@dataclass(frozen=True, slots=True)
class DocumentModel:
    """A whole document.  Signatures stand left to right; the last one also carries the agency's seal.

    Raises on construction: Invalid(document.too_long | document.character | document.empty | document.model).
    """

    kind: str                   # minutes | invitation
    header: Header
    title: str
    summary: str
    blocks: tuple[Block, ...]
    signatures: tuple[Signature, ...]
    recipients: tuple[str, ...]
    source: Source
    appendices: tuple[Appendix, ...] = ()
    note: Note | None = None
    test: bool = True           # the signatures will be test signatures: said on the page
    lang: str = "vi"

    def __post_init__(self) -> None:
        _check(self)

    def to_json(self) -> bytes:
        """Canonical JSON (RFC 8785)."""
        return rfc8785.dumps(_plain(self))

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the canonical JSON: the name of this version."""
        return sha256(self.to_json()).hexdigest()

    @classmethod
    def from_json(cls, data: bytes | str) -> "DocumentModel":
        """Raises Invalid("document.model") for anything that is not a model."""
        try:
            return _build(cls, json.loads(data))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Invalid("document.model", field="document") from error

    def body(self) -> Iterator[Block]:
        """All blocks, appendices included."""
        yield from self.blocks
        for appendix in self.appendices:
            yield from appendix.blocks


def replace_blocks(model: DocumentModel, blocks: tuple[Block, ...]) -> DocumentModel:
    """The same document with another body."""
    return replace(model, blocks=blocks)


def clean(text: str, lines: bool = False) -> str:
    """Text as a document holds it: NFC, no control, format (bidi, zero width), private or unassigned characters.

    Runs of space become one space; line breaks stay only when `lines`.
    """
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n")
    text = "".join("\n" if c in "\n\r\x0b\x0c\x85\u2028\u2029" else " " if c.isspace() else c for c in text)
    text = "".join(c for c in text if c == "\n" or unicodedata.category(c)[0] != "C")
    rows = [" ".join(row.split()) for row in text.split("\n")]
    return ("\n" if lines else " ").join(row for row in rows if row)


def texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside a model with the name of its field."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, tuple):
        for item in value:
            yield from texts(item, name)
    elif hasattr(value, "__dataclass_fields__"):
        for field in fields(value):
            yield from texts(getattr(value, field.name), field.name)


def _check(model: DocumentModel) -> None:
    total = 0
    for name, text in texts(model):
        limit = LIMITS.get(name, TEXT_LIMIT)
        if len(text) > limit:
            raise Invalid("document.too_long", field=name, limit=limit, length=len(text))
        if text != clean(text, lines=True):
            raise Invalid("document.character", field=name)
        total += len(text)
    if total > TOTAL_LIMIT:
        raise Invalid("document.too_long", field="document", limit=TOTAL_LIMIT, length=total)
    if not model.title or not model.summary:
        raise Invalid("document.empty", field="summary" if model.title else "title")
    if model.header.number is not None and not 0 < model.header.number < 10**8:
        raise Invalid("document.model", field="number")
    if datetime.fromisoformat(model.source.at).tzinfo is None:
        raise Invalid("document.model", field="source")
    _check_blocks(model)


def _check_blocks(model: DocumentModel) -> None:
    blocks = list(model.body())
    ids = {block.block_id for block in blocks}
    rows = sum(len(block.rows) for block in blocks if isinstance(block, Table))
    if max(len(blocks), rows) > COUNT_LIMIT:
        raise Invalid("document.too_long", field="blocks", limit=COUNT_LIMIT, length=max(len(blocks), rows))
    uneven = any(len(row) not in (1, len(block.columns))
                 for block in blocks if isinstance(block, Table) for row in block.rows)
    if len(ids) != len(blocks) or "" in ids or uneven:
        raise Invalid("document.model", field="blocks")


_TYPES = {cls.__name__.lower(): cls for cls in get_args(Block)}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        plain = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        name = type(value).__name__.lower()
        return {"type": name, **plain} if name in _TYPES else plain
    return str(value) if isinstance(value, StrEnum) else value


def _build(kind: Any, value: Any) -> Any:
    """The value of a declared type out of JSON; unknown or missing names and wrong types are errors."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is tuple:
        if not isinstance(value, list):
            raise TypeError("expected a list")
        return tuple(_build(args[0], item) for item in value)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        options = [option for option in args if option is not type(None)]
        if len(options) == 1:
            return _build(options[0], value)
        value = dict(value)
        return _build(_TYPES[value.pop("type")], value)
    if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__"):
        hints = get_type_hints(kind)
        if not isinstance(value, dict) or set(value) != set(hints):
            raise TypeError(f"not a {kind.__name__}")
        return kind(**{name: _build(hint, value[name]) for name, hint in hints.items()})
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return value
