"""What the first page of an uploaded file says, line by line, as far as a machine can read it without drawing it.

For the state-secret check alone (`meetings/documents.py`): pictures of text are not read, and a person still answers
for what is uploaded.  Never raises: a file that cannot be read has no text.  Called by `uploads.py` after the content
was found to be of an allowed type (so a zip bomb never gets here).
"""

from __future__ import annotations

import io
import logging
import zipfile

from lxml import etree

from web import pdftext

log = logging.getLogger("web")

MOST_XML = 8 * 1024 * 1024
MOST_LINES = 400
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def text_of(name: str, data: bytes) -> str:
    """Lines of the first page, separated by line ends; empty for pictures and for what cannot be read."""
    suffix = name.rpartition(".")[2].lower()
    try:
        if suffix == "pdf":
            return pdftext.first_page(data)
        if suffix == "docx":
            return _word(data)
        if suffix == "pptx":
            return "\n".join(_lines(data, "ppt/slides/slide1.xml", f"{_A}p", f"{_A}t"))
        if suffix == "xlsx":
            return "\n".join(_lines(data, "xl/sharedStrings.xml", f"{_S}si", f"{_S}t"))
    except Exception:  # a file may be broken in ways no reader foresees; its type was checked, its text is unknown
        log.info("no text could be read from an uploaded %s", suffix, exc_info=True)
    return ""


def _word(data: bytes) -> str:
    """Page headers first (stamps stand there), then the body up to its first page break."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        heads = sorted(entry for entry in archive.namelist() if entry.startswith(("word/header", "word/footer")))
    found = [line for head in heads[:12] for line in _lines(data, head, f"{_W}p", f"{_W}t")]
    root = _xml(data, "word/document.xml")
    for paragraph in root.iter(f"{_W}p"):
        found += _paragraph(paragraph, f"{_W}t")
        broken = any(br.get(f"{_W}type") == "page" for br in paragraph.iter(f"{_W}br"))
        if broken or len(found) > MOST_LINES or paragraph.find(f".//{_W}lastRenderedPageBreak") is not None:
            break
    return "\n".join(found)


def _lines(data: bytes, part: str, block: str, run: str) -> list[str]:
    lines: list[str] = []
    for found in _xml(data, part).iter(block):
        lines += _paragraph(found, run)
        if len(lines) > MOST_LINES:
            break
    return lines


def _paragraph(block: etree._Element, run: str) -> list[str]:
    """The text of one paragraph; a line break inside it starts another line."""
    text = ""
    for part in block.iter():
        if part.tag == run:
            text += part.text or ""
        elif part.tag in (f"{_W}br", f"{_W}cr", f"{_A}br"):
            text += "\n"
        elif part.tag == f"{_W}tab":
            text += " "
    return text.split("\n")


def _xml(data: bytes, part: str) -> etree._Element:
    """One part of the file, without entities, network or unbounded size."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if part not in archive.namelist():
            return etree.Element("nothing")
        with archive.open(part) as file:
            text = file.read(MOST_XML + 1)
    if len(text) > MOST_XML:
        return etree.Element("nothing")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(text, parser)
