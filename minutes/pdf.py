"""Prints a document model as PDF/A-3b with typst, and tells where the signature fields go.

It never signs and never reads the network or the system's fonts: the four vendored Liberation Serif faces only.
Model text travels as data (`sys.inputs`), so nothing in it can act as markup.  Called by service.py.
"""

import io
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import segno
import typst

from meetings.errors import Invalid
from minutes import glyphs, layout, wording
from minutes.model import DocumentModel, Paragraph, texts

HERE = Path(__file__).parent
FONTS = HERE / "fonts"
TEMPLATES = HERE / "templates_typst"
PAGE_HEIGHT = 841.89                      # points of A4
POINTS_PER_MM = 72 / 25.4

# Width and height in mm.  The seal is drawn in its actual size (36 mm), its text below it, inside the agency's box.
SIZES = {"initials": (30, 9), "secretary": (48, 26), "chair": (48, 26), "agency": (47, 46)}
SEAL = 36
AREA = 47


@dataclass(frozen=True, slots=True)
class FieldBox:
    """A signature field: page from 0, corners in PDF points from the lower left corner of the page."""

    role: str
    page: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class RenderedPdf:
    """The unsigned PDF and its fields in the order of signing."""

    data: bytes
    fields: list[FieldBox]


def render_pdf(model: DocumentModel) -> RenderedPdf:
    """PDF/A-3b, tagged, fonts embedded, the model's JSON attached as source.

    Raises Invalid("document.glyph", char, unicode) for a character the fonts lack, Invalid("document.model") if the
    body does not end in a paragraph (where the initials stand).
    """
    check_glyphs(model)
    if not model.blocks or not isinstance(model.blocks[-1], Paragraph) or not model.blocks[-1].text:
        raise Invalid("document.model", field="blocks")
    source = model.to_json().decode()
    inputs = {"data": json.dumps(_page_data(model, source)), "source": source}
    # The file's date is that of the facts, never the wall clock: the same model gives the same bytes.
    stamp = int(datetime.fromisoformat(model.source.at).timestamp())
    tool = compiler("document.typ", inputs)
    data = tool.compile(format="pdf", pdf_standards=["a-3b"], timestamp=stamp)
    found = json.loads(tool.query("<field>", field="value"))
    return RenderedPdf(data, _boxes(found))


def check_glyphs(model: DocumentModel) -> None:
    """Raises Invalid("document.glyph") naming the first character that cannot be printed."""
    for name, text in texts(model):
        if char := glyphs.missing(text):
            raise Invalid("document.glyph", field=name, char=char, unicode=f"U+{ord(char):04X}")


def _page_data(model: DocumentModel, source: str) -> dict[str, object]:
    note = model.note
    return {
        "model": json.loads(source),
        "sizes": {**SIZES, "seal": SEAL, "area": AREA},
        "subject": f"{model.title} {model.summary}".replace("\n", " "),
        "author": " ".join(model.header.issuer),
        "sha256": model.sha256,
        "number": layout.document_number(model.header.number, model.header.symbol),
        "warning": wording.TEST_WARNING if model.test else "",
        "appendix_labels": wording.appendix_labels(model),
        "appendix_line": wording.appendix_line(model),
        "note_lines": wording.note_lines(note) if note else [],
        "qr": qr_svg(note.url) if note else "",
    }


def qr_svg(text: str) -> str:
    """A QR code as SVG: medium error correction, quiet zone of two modules."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=2, xmldecl=False, svgns=True)
    return out.getvalue().decode()


def compiler(template: str, inputs: dict[str, str]) -> typst.Compiler:
    """typst on one of our templates, with our fonts only."""
    return typst.Compiler(
        input=str(TEMPLATES / template), root=str(TEMPLATES), font_paths=[str(FONTS)],
        ignore_system_fonts=True, sys_inputs=inputs,
    )


def _boxes(found: list[dict[str, float]]) -> list[FieldBox]:
    boxes = {}
    for item in found:
        top = PAGE_HEIGHT - item["y"]
        boxes[item["role"]] = FieldBox(
            str(item["role"]), int(item["page"]) - 1, round(item["x"], 2), round(top - item["height"], 2),
            round(item["x"] + item["width"], 2), round(top, 2),
        )
    return [boxes[role] for role in SIZES if role in boxes]
