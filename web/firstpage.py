"""What the first page of an uploaded file says, line by line, as far as a machine can read it without drawing it.

For the state-secret check alone (`meetings/documents.py`): pictures of text are not read, and a person still answers
for what is uploaded.  A broken file has no text, but a file that hides its text from us (a password, XML that is put
together by a DTD) is refused.  Called by `uploads.py` after the content was found to be of an allowed type (so a zip
bomb never gets here).
"""

from __future__ import annotations

import io
import logging
import re
import zipfile
from typing import Any

from lxml import etree

from meetings.errors import Invalid
from web import pdftext

log = logging.getLogger("web")

MOST_XML = 8 * 1024 * 1024
MOST_LINES = 400
MOST_PARTS = 12
_MARGIN_PART = re.compile(r"&[LCR]")  # left, centre and right of a printed margin (ECMA-376-1, 18.3.1.39) …
_MARGIN_CODE = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|\d+|[A-Za-z])')  # … and how it is set
_SAFE: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def text_of(name: str, data: bytes) -> str:
    """Lines of the first page, separated by line ends, cells by tabs; empty for pictures and for what cannot be read.

    Raises Invalid("document.locked" | "document.composed") for a file that shows people what we cannot read.
    """
    suffix = name.rpartition(".")[2].lower()
    try:
        if suffix == "pdf":
            return pdftext.first_page(data)
        if suffix in _OFFICE:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                _refuse_dtd(archive, name)
                return "\n".join(_OFFICE[suffix](archive))
    except pdftext.Locked:
        raise Invalid("document.locked", field="document", name=name) from None
    except Invalid:
        raise
    except Exception:  # a file may be broken in ways no reader foresees; its type was checked, its text is unknown
        log.info("no text could be read from an uploaded %s", suffix, exc_info=True)
    return ""


def _refuse_dtd(archive: zipfile.ZipFile, name: str) -> None:
    """Office Open XML has no DTDs (ECMA-376-2, 8.1.4); with one, entities could put a text together out of our sight."""
    for part in archive.namelist():
        if part.lower().endswith((".xml", ".rels")) and _has_dtd(archive, part):
            raise Invalid("document.composed", field="document", name=name)


def _has_dtd(archive: zipfile.ZipFile, part: str) -> bool:
    """Reads as far as the first element.  A part that is no XML has none: programs do not open it either."""
    with archive.open(part) as file:
        try:
            for _event, element in etree.iterparse(file, events=("start",), **_SAFE):
                return element.getroottree().docinfo.internalDTD is not None
        except etree.XMLSyntaxError:
            pass
    return False


def _slides(archive: zipfile.ZipFile) -> list[str]:
    return _lines(archive, "ppt/slides/slide1.xml", f"{_A}p", f"{_A}t")


def _cells(archive: zipfile.ZipFile) -> list[str]:
    """Texts shared by the cells, and those of the sheets themselves: margins, typed cells, results of formulas."""
    found = _lines(archive, "xl/sharedStrings.xml", f"{_S}si", f"{_S}t")
    sheets = sorted(part for part in archive.namelist() if part.startswith("xl/worksheets/") and part.endswith(".xml"))
    for sheet in sheets[:MOST_PARTS]:
        root = _xml(archive, sheet)
        for margin in root.iterfind(f"{_S}headerFooter/*"):
            found += _MARGIN_CODE.sub("", _MARGIN_PART.sub("\n", margin.text or "")).split("\n")
        for cell in root.iter(f"{_S}c"):
            if cell.get("t") in ("inlineStr", "str"):
                found += _paragraph(cell, f"{_S}t" if cell.get("t") == "inlineStr" else f"{_S}v")
    return found


def _word(archive: zipfile.ZipFile) -> list[str]:
    """Page headers first (stamps stand there), then the body up to its first page break."""
    heads = sorted(entry for entry in archive.namelist() if entry.startswith(("word/header", "word/footer")))
    found = [line for head in heads[:MOST_PARTS] for line in _lines(archive, head, f"{_W}p", f"{_W}t")]
    root = _xml(archive, "word/document.xml")
    for paragraph in root.iter(f"{_W}p"):
        found += _paragraph(paragraph, f"{_W}t")
        broken = any(br.get(f"{_W}type") == "page" for br in paragraph.iter(f"{_W}br"))
        if broken or len(found) > MOST_LINES or paragraph.find(f".//{_W}lastRenderedPageBreak") is not None:
            break
    return found


def _lines(archive: zipfile.ZipFile, part: str, block: str, run: str) -> list[str]:
    lines: list[str] = []
    for found in _xml(archive, part).iter(block):
        lines += _paragraph(found, run)
        if len(lines) > MOST_LINES:
            break
    return lines


def _paragraph(block: etree._Element, run: str) -> list[str]:
    """The text of one paragraph; a line break inside it starts another line."""
    text = ""
    for part in block.iter():
        if part.tag == run:
            text += (part.text or "").upper() if _shown_in_capitals(part) else part.text or ""
        elif part.tag in (f"{_W}br", f"{_W}cr", f"{_A}br"):
            text += "\n"
        elif part.tag == f"{_W}tab":
            text += "\t"
    return text.split("\n")


def _shown_in_capitals(run: etree._Element) -> bool:
    """Word's "All caps" shows a mark that was typed in small letters as the stamp is."""
    caps = [found for name in ("caps", "smallCaps") for found in run.iterfind(f"../{_W}rPr/{_W}{name}")]
    return any(one.get(f"{_W}val", "true") not in ("0", "false", "off") for one in caps)


def _xml(archive: zipfile.ZipFile, part: str) -> etree._Element:
    """One part of the file, without entities, network or unbounded size."""
    if part not in archive.namelist():
        return etree.Element("nothing")
    with archive.open(part) as file:
        text = file.read(MOST_XML + 1)
    if len(text) > MOST_XML:
        return etree.Element("nothing")
    return etree.fromstring(text, etree.XMLParser(**_SAFE))


_OFFICE = {"docx": _word, "pptx": _slides, "xlsx": _cells}
