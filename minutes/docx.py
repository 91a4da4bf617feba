"""Prints a document model as an editable DOCX in the layout of Decree 30/2020/NĐ-CP.

It prints the same words as pdf.py and nothing else, runs no macro and reads no template of a user.  The model's
SHA-256 stands in the custom property `DiemCauModel`.  Called by service.py.
"""

import io
import zipfile
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime

import docx
import segno
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from lxml.etree import _Element as Element

from minutes import layout, wording
from minutes.docx_xml import FONT, RED, cell, el, field, par, row, run, table, twips
from minutes.model import Block, DocumentModel, Header, Heading, Items, KeyValue, Note, Paragraph, Signature, Table

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

TEXT_WIDTH = 160                     # mm: A4 less margins of 30 and 20
LEFT, RIGHT = 64, 96                 # columns of the head
SPACE_TO_SIGN = 30
PROPERTY = "DiemCauModel"
_ALIGN = {"left": "left", "center": "center", "right": "right"}
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def render_docx(model: DocumentModel) -> bytes:
    """The DOCX; the same model gives the same bytes."""
    document = docx.Document()
    _prepare(document, model)
    body = document.element.body
    final = body[-1]                                     # the sectPr of the last section stays last
    nodes = [*_head(model.header), *_title(model.title, model.summary), *_blocks(model.blocks)]
    if model.test:
        nodes.append(par(run(wording.TEST_WARNING, 11, True, color=RED), align="center", before=10, after=8, keep=True))
    nodes.append(_signatures(model))
    for node in nodes:
        final.addprevious(node)
    if model.note:
        final.addprevious(_verification(document, model.note))
    for label, appendix in zip(wording.appendix_labels(model), model.appendices, strict=True):
        _new_section(final)
        head = _title(label, appendix.title, wording.appendix_line(model))
        for node in (*head, *_blocks(appendix.blocks)):
            final.addprevious(node)
    if final.getprevious().tag == qn("w:tbl"):           # a body may not end in a table
        final.addprevious(par())
    return _packed(document)


# ---- the file
def _prepare(document: Document, model: DocumentModel) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(20), Mm(20)
    section.left_margin, section.right_margin = Mm(30), Mm(20)
    section.header_distance, section.footer_distance = Mm(10), Mm(10)
    section.different_first_page_header_footer = True
    header = section.header._element
    for old in list(header):
        header.remove(old)
    header.append(par(*field("PAGE"), align="center"))
    _styles(document, model.lang)
    _modern(document)
    at = datetime.fromisoformat(model.source.at).astimezone(UTC).replace(tzinfo=None)
    core = document.core_properties
    core.title, core.subject = model.title, model.summary[:255]
    core.author = core.last_modified_by = " ".join(model.header.issuer)[:255]
    core.language, core.comments, core.created, core.modified = "vi-VN", "", at, at
    _custom_property(document, model.sha256)


def _styles(document: Document, lang: str) -> None:
    """One font, one language: theme fonts and the template's en-US would otherwise win in places."""
    root = document.styles.element
    tag = f"{lang}-VN" if lang == "vi" else lang
    for fonts in root.iter(qn("w:rFonts")):
        fonts.attrib.clear()
        for name in ("ascii", "hAnsi", "eastAsia", "cs"):
            fonts.set(qn(f"w:{name}"), FONT)
    for language in root.iter(qn("w:lang")):
        for name in ("val", "eastAsia", "bidi"):
            language.set(qn(f"w:{name}"), tag)
    document.styles["Normal"].font.size = Pt(14)
    for level in (1, 2, 3):
        style = document.styles[f"Heading {level}"]
        for color in list(style.element.iter(qn("w:color"))):
            color.getparent().remove(color)
        style.font.size, style.font.bold, style.font.italic = Pt(14), True, False


def _modern(document: Document) -> None:
    """Word 2013 and later lay the page out by their own rules, not by those of a 2007 file."""
    settings = document.settings.element
    compat = settings.find(qn("w:compat"))
    if compat is None:
        compat = el("compat")
        settings.find(qn("w:rsids")).addprevious(compat)
    for old in compat.findall(qn("w:compatSetting")):
        compat.remove(old)
    compat.append(el("compatSetting", name="compatibilityMode", uri="http://schemas.microsoft.com/office/word", val=15))


def _custom_property(document: Document, digest: str) -> None:
    xml = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" '
        'xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">'
        f'<property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="2" name="{PROPERTY}">'
        f"<vt:lpwstr>{digest}</vt:lpwstr></property></Properties>"
    )
    package = document.part.package
    part = Part(PackURI("/docProps/custom.xml"), "application/vnd.openxmlformats-officedocument.custom-properties+xml",
                xml.encode(), package)
    package.relate_to(part, RELATIONSHIP_TYPE.CUSTOM_PROPERTIES)


def _packed(document: Document) -> bytes:
    """The package with fixed file times: equal models give equal bytes."""
    plain, out = io.BytesIO(), io.BytesIO()
    document.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, source.read(name))
    return out.getvalue()


def _new_section(final: Element) -> None:
    """Ends the section so far; the next starts on a new page and counts its pages from 1."""
    ending = el("sectPr")
    ending.extend(copy(child) for child in final)
    final.addprevious(el("p", el("pPr", el("spacing", before=0, after=0, line=20, lineRule="exact"), ending)))
    for number in final.findall(qn("w:pgNumType")):
        final.remove(number)
    margin = final.find(qn("w:pgMar"))
    margin.addnext(el("pgNumType", start=1))


# ---- the page
def _head(header: Header) -> Iterator[Element]:
    left, right = twips(LEFT), twips(RIGHT)
    issuer = [par(run(header.parent, 13), align="center")] if header.parent else []
    issuer += [par(run(line, 13, True), align="center") for line in header.issuer]
    issuer.append(par(rule=True, left=21, right=21))
    nation = [par(run(wording.NATION, 13, True), align="center"), par(run(wording.MOTTO, 14, True), align="center"),
              par(rule=True, left=18.5, right=18.5)]
    number = [par(run(layout.document_number(header.number, header.symbol), 13), align="center", before=6)]
    place = [par(run(header.place_date, 14, italic=True), align="center", before=6)] if header.place_date else []
    yield table([left, right], [row([cell(left, issuer), cell(right, nation)]),
                                row([cell(left, number), cell(right, place)])])


def _title(title: str, summary: str, under: str = "") -> Iterator[Element]:
    yield par(run(title, 14, True), align="center", before=14, after=3, keep=True, style="Heading1")
    for line in summary.split("\n"):
        yield par(run(line, 14, True), align="center", after=3, keep=True)
    if under:
        yield par(run(under, 14, italic=True), align="center", after=3, keep=True)
    yield par(rule=True, left=57.5, right=57.5, after=10, keep=True)


def _prose(text: str, **style: bool) -> Element:
    keep = style.pop("keep", False)
    return par(run(text, **style), first=10, after=6, keep=keep)


def _blocks(blocks: tuple[Block, ...]) -> Iterator[Element]:
    for block in blocks:
        if isinstance(block, Heading):
            yield par(run(block.text, bold=True), first=10, after=6, keep=True, style=f"Heading{block.level + 1}")
        elif isinstance(block, Paragraph):
            yield from _paragraph(block)
        elif isinstance(block, KeyValue):
            for line in f"{block.key}: {block.value}".split("\n"):
                yield _prose(line)
        elif isinstance(block, Items):
            for place, item in enumerate(block.items, start=1):
                yield _prose(f"{place}. {item}" if block.ordered else f"- {item}")
        else:
            yield from _sheet(block)


def _paragraph(block: Paragraph) -> Iterator[Element]:
    for line in block.text.split("\n") if block.text else ():
        if block.style == "left":
            yield par(run(line), align="left", after=6)
        else:
            yield _prose(line, bold=block.style == "bold", italic=block.style == "italic")


def _sheet(block: Table) -> Iterator[Element]:
    if block.caption:
        yield par(run(block.caption, italic=True), after=3, keep=True)
    total = twips(TEXT_WIDTH)
    share = sum(column.width for column in block.columns)
    widths = [total * column.width // share for column in block.columns]
    small = len(block.rows) <= 8             # kept on one page by keeping each row with the next

    def text(value: str, align: str, bold: bool = False, keep: bool = False) -> list[Element]:
        return [par(run(value, 12, bold), align=align, before=1.5, after=1.5, keep=keep)]

    rows = [row([cell(w, text(c.text, "center", True, True), valign="center")
                 for w, c in zip(widths, block.columns, strict=True)], heading=True)]
    for place, values in enumerate(block.rows, start=1):
        keep = small and place < len(block.rows)
        if len(values) == 1:
            rows.append(row([cell(sum(widths), text(values[0], "left", True, True), span=len(widths))]))
            continue
        rows.append(row([cell(w, text(value, _ALIGN[c.align], keep=keep), valign="center")
                         for w, c, value in zip(widths, block.columns, values, strict=True)]))
    yield table(widths, rows, ruled=True, padding=1.4)
    yield par(height=8, align="left")


def _signatures(model: DocumentModel) -> Element:
    half = twips(TEXT_WIDTH // 2)
    alone = len(model.signatures) == 1
    label = par(run(wording.RECIPIENTS, 12, True, True), align="left", before=0 if alone else 8)
    to = [label] if model.recipients else []
    to += [par(run(f"- {line}", 11), align="left", left=2, hanging=2) for line in model.recipients]
    last = model.signatures[-1]
    if alone:
        return table([half, half], [
            row([cell(half, to, merge="restart"), cell(half, _post(last))]),
            row([cell(half, [par()], merge="continue"), cell(half, [par(keep=True)])], height=SPACE_TO_SIGN),
            row([cell(half, [par()], merge="continue"), cell(half, _name(last))])])
    first = model.signatures[0]
    return table([half, half], [
        row([cell(half, _post(first)), cell(half, _post(last))]),
        row([cell(half, [par(keep=True)]), cell(half, [par(keep=True)])], height=SPACE_TO_SIGN),
        row([cell(half, _name(first)), cell(half, _name(last))]),
        row([cell(half, to), cell(half, [par()])])])


def _post(signature: Signature) -> list[Element]:
    return [par(run(line, bold=True), align="center", keep=True) for line in signature.lines]


def _name(signature: Signature) -> list[Element]:
    return [par(run(signature.name, bold=True), align="center", keep=True)]


def _verification(document: Document, note: Note) -> Element:
    """QR code and the words beside it, under a rule of the text's width."""
    picture = io.BytesIO()
    segno.make(note.url, error="m", micro=False).save(picture, kind="png", scale=8, border=2)
    holder = document.add_paragraph()
    holder.add_run().add_picture(io.BytesIO(picture.getvalue()), width=Mm(24))
    holder._element.getparent().remove(holder._element)
    image = holder._element.findall(qn("w:r"))
    for properties in holder._element.iter(qn("wp:docPr")):
        properties.set("descr", "Mã QR để kiểm tra văn bản")
    left, right = twips(27), twips(TEXT_WIDTH - 27)
    words = [par(run(line, 10), align="left", after=2) for line in wording.note_lines(note)]
    ruled = cell(left + right, [par(rule=True, before=14, after=4)], span=2)
    code = cell(left, [par(*image, align="left")])
    return table([left, right], [row([ruled]), row([code, cell(right, words, valign="center")])])
