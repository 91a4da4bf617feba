"""What may be uploaded to a meeting: type by content, size, and the hard stop for state secrets.  Pure.

This system may not hold state secrets (Law 117/2025/QH15: only isolated or cipher-protected systems may), so a first
page that bears a secrecy mark is refused.  The mark is a line of its own, as the stamp is, or a cell of its own in a line
(set apart by a tab or a wide blank); "BẢO MẬT THÔNG TIN" in a title is no mark.  Called by the upload route before the bytes reach the blob store.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile

from meetings.errors import Invalid, TooLarge

MAX_BYTES = 50 * 1024 * 1024
MAX_UNPACKED = 500 * 1024 * 1024
MAX_RATIO = 100
"""A zip that grows more than a hundredfold is a bomb, not a document."""

_OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES = {
    "pdf": "application/pdf",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "pptx": f"{_OFFICE}.presentationml.presentation",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "txt": "text/plain",
}
_OFFICE_PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}

MARKS = ("MẬT", "TỐI MẬT", "TUYỆT MẬT")
_CELLS = re.compile(r"\t|[ \u00a0]{4,}")
# A stamp may stand in a drawn or typed frame; these characters around a mark do not make it another line.
_FRAME = " \t\u00a0*|[](){}<>-–—_=.:;•·│┃║━─╔╗╚╝"


def check_upload(name: str, data: bytes, first_page_text: str) -> str:
    """The media type of an acceptable upload.

    Raises TooLarge("document.too_large"), Invalid("document.empty" | "document.type" | "document.secret").
    first_page_text: what the first page says (all of it for a text file), as far as the caller could extract it.
    """
    if not data:
        raise Invalid("document.empty", field="document", name=name)
    if len(data) > MAX_BYTES:
        raise TooLarge("document.too_large", field="document", name=name, limit=MAX_BYTES, size=len(data))
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if suffix not in TYPES or not _is(suffix, data):
        raise Invalid("document.type", field="document", name=name, allowed=sorted(set(TYPES) - {"jpeg"}))
    texts = [first_page_text, data.decode("utf-8-sig")] if suffix == "txt" else [first_page_text]
    for text in texts:
        if mark := secret_mark(text):
            raise Invalid("document.secret", field="document", name=name, mark=mark)
    return TYPES[suffix]


def secret_mark(text: str) -> str | None:
    """The secrecy mark that stands on a line of its own, or in a cell of its own beside other text; or None.

    Upper case only, as the stamps are; decomposed accents and odd spaces do not hide it.
    """
    lines = re.split(r"[\r\n\f\v\u0085\u2028\u2029]+", unicodedata.normalize("NFC", text))
    for line in [*lines, *(cell for line in lines for cell in _CELLS.split(line))]:
        words = " ".join(_visible(line).strip(_FRAME).split())
        # "M Ậ T": letters set wide apart, as stamps often are.
        packed = words.replace(" ", "")
        for mark in MARKS:
            if words == mark or (packed == mark.replace(" ", "") and _spread(words)):
                return mark
    return None


def _visible(line: str) -> str:
    """Without format characters (soft hyphen, zero-width), which could hide a mark from this check only."""
    return "".join(char for char in line if unicodedata.category(char) != "Cf")


def _spread(words: str) -> bool:
    return all(len(word) == 1 for word in words.split())


def _is(suffix: str, data: bytes) -> bool:
    """Does the content say what the name says?"""
    if suffix == "pdf":
        return data[:1024].lstrip().startswith(b"%PDF-")
    if suffix == "png":
        return data.startswith(b"\x89PNG\r\n\x1a\n")
    if suffix in ("jpg", "jpeg"):
        return data.startswith(b"\xff\xd8\xff")
    if suffix == "txt":
        return _is_text(data)
    return _is_office(data, _OFFICE_PARTS[suffix])


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(char) == "Cc" and char not in "\t\r\n\f" for char in text)


def _is_office(data: bytes, part: str) -> bool:
    """An Office Open XML file with its main part, without macros and without a bomb inside."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        return False
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" not in names or part not in names:
        return False
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return False
    unpacked = sum(entry.file_size for entry in entries)
    return unpacked <= min(MAX_UNPACKED, max(MAX_RATIO * len(data), 1 << 20))
