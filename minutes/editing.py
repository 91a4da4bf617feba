"""What a clerk may change in a document, and the mark that a change of a machine fact leaves.

Pure.  It never touches tables and appendices (they stand as the ledger has them), the issuer and the number, or the
signature places.
A sentence that came from the ledger keeps its first text in `original` for as long as it differs: the editor shows
both.
Called by service.py with what the clerk typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from meetings.errors import Invalid
from minutes.draft import END_MARK
from minutes.glyphs import missing
from minutes.model import Block, DocumentModel, Heading, Items, KeyValue, Origin, Paragraph, Table, clean

TYPED_LIMIT = 20_000          # characters in one place: ten pages
SUMMARY, RECIPIENTS = "summary", "recipients"  # the places outside the body; no block of a document is named so


@dataclass(frozen=True, slots=True)
class Section:
    """One editable place: `label` names it, `changed` says that a machine fact reads differently now."""

    block_id: str
    label: str
    text: str
    machine: bool
    changed: bool
    original: str | None


def sections(model: DocumentModel) -> list[Section]:
    """Editable places in reading order."""
    return [
        Section(block.block_id, _label(block), _text(block), block.origin is Origin.LEDGER,
                block.original is not None, block.original)
        for block in model.blocks if _editable(block)
    ]


def outside(model: DocumentModel) -> tuple[Section, Section]:
    """The two places outside the body: the subject below the title, and who gets a copy, one a line."""
    return (Section(SUMMARY, "Trích yếu", model.summary, False, False, None),
            Section(RECIPIENTS, "Nơi nhận", "\n".join(model.recipients), False, False, None))


def apply_edits(model: DocumentModel, edits: Mapping[str, str]) -> DocumentModel:
    """The model with new texts for the places named.  A list takes one item a line.

    Raises Invalid("document.block_unknown" | "document.block_fixed" | "document.block_empty" | "document.glyph" |
    "document.too_long" | "document.empty" | "document.no_recipients", field=block_id): nothing is changed then.
    """
    typed = {place: edits[place] for place in (SUMMARY, RECIPIENTS) if place in edits}
    edits = {block_id: text for block_id, text in edits.items() if block_id not in typed}
    blocks = {block.block_id: block for block in model.blocks}
    for appendix in model.appendices:
        if fixed := next((b.block_id for b in appendix.blocks if b.block_id in edits), ""):
            raise Invalid("document.block_fixed", field=fixed)
    changed = {block_id: _edited(blocks.get(block_id), block_id, text) for block_id, text in edits.items()}
    model = replace(model, blocks=tuple(changed.get(block.block_id, block) for block in model.blocks))
    if SUMMARY in typed:
        model = replace(model, summary=_typed(SUMMARY, typed[SUMMARY], lines=False))
    if RECIPIENTS in typed:
        recipients = _typed(RECIPIENTS, typed[RECIPIENTS])
        if not recipients:
            raise Invalid("document.no_recipients", field=RECIPIENTS)
        model = replace(model, recipients=tuple(recipients.split("\n")))
    return model


def with_number(model: DocumentModel, number: int, symbol: str = "", place_date: str | None = None) -> DocumentModel:
    """The model with the number that the register gave it; all edits stay."""
    header = replace(model.header, number=number, symbol=symbol or model.header.symbol,
                     place_date=model.header.place_date if place_date is None else place_date)
    return replace(model, header=header)


def changes(model: DocumentModel) -> list[Section]:
    """Machine facts that a person has changed."""
    return [section for section in sections(model) if section.changed]


def _editable(block: Block) -> bool:
    return not isinstance(block, (Table, Heading)) and block.origin is not Origin.FORM


def _label(block: Block) -> str:
    if isinstance(block, KeyValue):
        return block.key
    return block.label if isinstance(block, Paragraph | Items) else ""


def _text(block: Block) -> str:
    if isinstance(block, KeyValue):
        return block.value
    return "\n".join(block.items) if isinstance(block, Items) else block.text if isinstance(block, Paragraph) else ""


def _edited(block: Block | None, block_id: str, text: str) -> Block:
    if block is None:
        raise Invalid("document.block_unknown", field=block_id)
    if not _editable(block):
        raise Invalid("document.block_fixed", field=block_id)
    text = _typed(block_id, text)
    machine = block.origin is Origin.LEDGER
    if machine and not text:
        raise Invalid("document.block_empty", field=block_id)
    if block.block_id == "end" and not text.endswith(END_MARK):
        text = text.rstrip(". ") + END_MARK
    first = block.original if block.original is not None else _text(block)
    return _with_text(block, text, first if machine and text != first else None)


def _typed(place: str, text: str, lines: bool = True) -> str:
    text = clean(text, lines=lines)
    if len(text) > TYPED_LIMIT:
        raise Invalid("document.too_long", field=place, limit=TYPED_LIMIT, length=len(text))
    if char := missing(text):
        raise Invalid("document.glyph", field=place, char=char, unicode=f"U+{ord(char):04X}")
    return text


def _with_text(block: Block, text: str, original: str | None) -> Block:
    if isinstance(block, KeyValue):
        return replace(block, value=text, original=original)
    if isinstance(block, Items):
        return replace(block, items=tuple(text.split("\n")), original=original)
    if isinstance(block, Paragraph):
        return replace(block, text=text, original=original)
    raise Invalid("document.block_fixed", field=block.block_id)
