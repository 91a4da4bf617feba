"""Text of a PDF's first page, line by line: enough to find a stamp that stands alone on its line.

Not a PDF library: it reads the strings that the page shows, through each font's ToUnicode map, and starts a new line
where the text position moves down.  Pictures are not read.  Called by `firstpage.py`, which catches whatever a broken
file raises.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_CONTENT = 4 * 1024 * 1024
MOST_FORMS = 40

_TOKEN = re.compile(
    rb"%[^\r\n]*"
    rb"|\((?:\\.|[^\\()]|\((?:\\.|[^\\()]|\((?:\\.|[^\\()])*\))*\))*\)"
    rb"|<<|>>|<[0-9A-Fa-f\s]*>|[\[\]{}]|/[^\s()<>\[\]{}/%]*|[^\s()<>\[\]{}/%]+", re.DOTALL)
_ESCAPE = re.compile(rb"\\([nrtbf()\\]|[0-7]{1,3}|\r\n|\r|\n)")
_SIMPLE = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
SAME_LINE = 2.0  # points; accents and bold runs are set on one baseline


@dataclass(slots=True)
class _Font:
    """Code -> text; `width` bytes a code."""

    width: int = 1
    codes: dict[int, str] = field(default_factory=dict)

    def decode(self, raw: bytes) -> str:
        if not self.codes:
            return raw.decode("utf-16-be", "ignore") if self.width == 2 else raw.decode("cp1252", "ignore")
        step = self.width
        return "".join(self.codes.get(int.from_bytes(raw[at:at + step], "big"), "") for at in range(0, len(raw), step))


def first_page(data: bytes) -> str:
    """Lines of the first page.  Raises whatever a broken file makes the reader raise."""
    from pyhanko.pdf_utils.reader import PdfFileReader  # a second to import: a server must be up before that

    reader = PdfFileReader(io.BytesIO(data), strict=False)
    if reader.encrypted:
        return ""
    page = reader.root["/Pages"]
    for _depth in range(50):
        if "/Kids" not in page:
            break
        page = page["/Kids"][0]
    teller = _Teller()
    teller.run(_content(page), _resources(page))
    return "\n".join(" ".join("".join(line).split()) for line in teller.lines)


def _content(page: Any) -> bytes:
    found = page["/Contents"] if "/Contents" in page else b""
    streams = found if isinstance(found, list) else [found]
    parts = [stream.get_object().data if hasattr(stream, "get_object") else b"" for stream in streams]
    return b"\n".join(parts)[:MOST_CONTENT]


def _resources(node: Any) -> Any:
    """A page inherits its resources from the nodes above it."""
    for _depth in range(50):
        if "/Resources" in node:
            return node["/Resources"]
        if "/Parent" not in node:
            break
        node = node["/Parent"]
    return {}


class _Teller:
    """Follows the text operators of a content stream (ISO 32000-1, 9.4) and collects lines."""

    def __init__(self) -> None:
        self.lines: list[list[str]] = [[]]
        self._forms = 0
        self._baseline: float | None = None
        self._y = 0.0
        self._leading = 0.0
        self._page = (1.0, 0.0)  # vertical scale and shift of the page under the text (the matrix's d and f)
        self._saved: list[tuple[float, float]] = []

    def run(self, content: bytes, resources: Any) -> None:
        fonts: dict[str, _Font] = {}
        font = _Font()
        stack: list[Any] = []
        for token in _tokens(content):
            if not isinstance(token, str):
                stack.append(token)
                continue
            if token == "Tf" and len(stack) >= 2:
                name = str(stack[-2])
                font = fonts[name] if name in fonts else fonts.setdefault(name, _font(resources, name))
            elif token == "Do" and stack:
                self._form(resources, str(stack[-1]))
            else:
                self._text(token, stack, font)
            stack.clear()

    def _text(self, operator: str, stack: list[Any], font: _Font) -> None:
        numbers = [part for part in stack if isinstance(part, float)]
        if operator in ("Td", "TD") and len(numbers) >= 2:
            self._y += numbers[-1]
            self._leading = -numbers[-1] if operator == "TD" else self._leading
        elif operator == "Tm" and len(numbers) >= 6:
            self._y = numbers[-1]
        elif operator == "TL" and numbers:
            self._leading = numbers[-1]
        elif operator == "BT":
            self._y = 0.0
        elif operator == "cm" and len(numbers) >= 6:
            scale, shift = self._page
            self._page = (scale * numbers[-3], shift + scale * numbers[-1])
        elif operator == "q":
            self._saved.append(self._page)
        elif operator == "Q" and self._saved:
            self._page = self._saved.pop()
        elif operator in ("Tj", "TJ", "'", '"', "T*"):
            if operator in ("'", '"', "T*"):
                self._y -= self._leading
            for raw in (part for part in stack if isinstance(part, bytes)):
                self._say(font.decode(raw))

    def _say(self, text: str) -> None:
        scale, shift = self._page
        y = scale * self._y + shift
        if self._baseline is None or abs(y - self._baseline) > SAME_LINE:
            self.lines.append([])
        self._baseline = y
        self.lines[-1].append(text)

    def _form(self, resources: Any, name: str) -> None:
        self._forms += 1
        forms = resources["/XObject"] if "/XObject" in resources else {}
        if self._forms > MOST_FORMS or name not in forms:
            return
        form = forms[name]
        if form.get("/Subtype") == "/Form":
            self._baseline = None
            self.run(form.data[:MOST_CONTENT], form["/Resources"] if "/Resources" in form else resources)


def _font(resources: Any, name: str) -> _Font:
    fonts = resources["/Font"] if "/Font" in resources else {}
    if name not in fonts:
        return _Font()
    found = fonts[name]
    wide = found.get("/Subtype") == "/Type0"
    if "/ToUnicode" not in found:
        return _Font(2 if wide else 1)
    return _Font(2 if wide else 1, _codes(found["/ToUnicode"].data))


def _codes(cmap: bytes) -> dict[int, str]:
    """bfchar and bfrange entries of a ToUnicode map (Adobe technical note 5411)."""
    codes: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        pairs = re.findall(rb"<([0-9A-Fa-f\s]+)>\s*<([0-9A-Fa-f\s]*)>", block)
        codes.update((int(code, 16), _hex_text(text)) for code, text in pairs)
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        entry = rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*(?:<([0-9A-Fa-f]+)>|\[([^\]]*)\])"
        for first, last, start, listed in re.findall(entry, block):
            low, high = int(first, 16), min(int(last, 16), int(first, 16) + 0xFFFF)
            if start:
                base = _hex_text(start)
                codes.update({low + n: base[:-1] + chr(ord(base[-1]) + n) for n in range(high - low + 1) if base})
            else:
                texts = re.findall(rb"<([0-9A-Fa-f\s]*)>", listed)
                codes.update({low + n: _hex_text(text) for n, text in enumerate(texts[:high - low + 1])})
    return codes


def _hex_text(text: bytes) -> str:
    return bytes.fromhex(text.decode()).decode("utf-16-be", "ignore")


def _tokens(content: bytes) -> Iterator[Any]:
    """Strings as bytes, numbers as float, names as `/Name` wrapped by `_Name`, operators as str."""
    for match in _TOKEN.finditer(content):
        token = match.group()
        if token.startswith(b"%") or token in (b"[", b"]", b"<<", b">>", b"{", b"}"):
            continue
        if token.startswith(b"("):
            yield _ESCAPE.sub(_unescape, token[1:-1])
        elif token.startswith(b"<"):
            digits = re.sub(rb"\s", b"", token[1:-1])
            yield bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
        elif token.startswith(b"/"):
            yield _Name(token.decode("latin-1"))
        else:
            try:
                yield float(token)
            except ValueError:
                yield token.decode("latin-1")


class _Name:
    """A PDF name on the operand stack; not a str, so that it is not taken for an operator."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def _unescape(match: re.Match[bytes]) -> bytes:
    what = match.group(1)
    if what[:1].isdigit():
        return bytes([int(what, 8) & 0xFF])
    return _SIMPLE.get(what, b"" if what in (b"\r", b"\n", b"\r\n") else what)
