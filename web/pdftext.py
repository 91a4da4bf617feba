"""Text of a PDF's first page, line by line: enough to find a stamp that stands alone on its line.

Not a PDF library: it reads the strings that the page shows, through each font's ToUnicode map, follows the pen, and
reads together what stands on one baseline, in whatever order it was drawn.  A wide gap on it is a tab: a stamp beside a
title is no part of the title.  Stamps and notes put onto the page are read too, pictures are not.  Called by
`firstpage.py`, which catches what broken files raise.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import hypot
from typing import Any

from web.pdffont import Font, font

log = logging.getLogger("web")

MOST_CONTENT = 4 * 1024 * 1024
MOST_FORMS = 40

_TOKEN = re.compile(
    rb"%[^\r\n]*"
    rb"|\((?:\\.|[^\\()]|\((?:\\.|[^\\()]|\((?:\\.|[^\\()])*\))*\))*\)"
    rb"|<<|>>|<[0-9A-Fa-f\s]*>|[\[\]{}]|/[^\s()<>\[\]{}/%]*|[^\s()<>\[\]{}/%]+", re.DOTALL)
_ESCAPE = re.compile(rb"\\([nrtbf()\\]|[0-7]{1,3}|\r\n|\r|\n)")
_SIMPLE = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
SAME_LINE = 2.0  # points; accents and bold runs are set on one baseline
WORD, CELL, BACK = 0.15, 1.5, 1.0
"""Gaps in units of the font size: between words, between cells, and a jump back to another cell."""

Matrix = tuple[float, float, float, float, float, float]
UNIT: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class Locked(Exception):
    """The file opens with a password only."""


def first_page(data: bytes) -> str:
    """Lines of the first page.  Raises Locked, and whatever a broken file makes the reader raise."""
    from pyhanko.pdf_utils.crypt import AuthStatus  # a second to import: a server must be up before that
    from pyhanko.pdf_utils.misc import PdfReadError
    from pyhanko.pdf_utils.reader import PdfFileReader

    reader = PdfFileReader(io.BytesIO(data), strict=False)
    if reader.encrypted:
        # Most encrypted files only forbid printing or editing and open with no password at all.
        try:
            opened = reader.decrypt("")
        except (PdfReadError, ValueError, KeyError, NotImplementedError) as error:
            raise Locked from error
        if opened.status == AuthStatus.FAILED:
            raise Locked
    page = reader.root["/Pages"]
    for _depth in range(50):
        if "/Kids" not in page:
            break
        page = page["/Kids"][0]
    notes = list(page["/Annots"] if "/Annots" in page else [])[:MOST_FORMS]
    told = [_told(lambda: (_content(page), _resources(page))), *(_told(lambda: _look(note)) for note in notes)]
    return "\n".join(line for lines in told for line in lines)


def _told(source: Callable[[], tuple[bytes, Any]]) -> list[str]:
    """The lines of one content stream, as far as it can be followed: what is broken hides nothing that stands elsewhere."""
    teller = _Teller()
    try:
        teller.run(*source())
    except Exception:  # as in `firstpage.py`: files are broken in ways no reader foresees
        log.info("a part of a page could not be read to its end", exc_info=True)
    return _lines(teller.runs)


def _look(note: Any) -> tuple[bytes, Any]:
    """What a note or stamp that was put onto the page shows; a choice of looks, as tick boxes have, shows nothing."""
    note = note.get_object()
    shown = note["/AP"]["/N"] if "/AP" in note else {}
    return getattr(shown, "data", b"")[:MOST_CONTENT], shown["/Resources"] if "/Resources" in shown else {}


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


def _times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


@dataclass(frozen=True, slots=True)
class _Run:
    """One string as it stands on the page: direction of writing, place across it, from where to where along it."""

    direction: tuple[float, float]
    across: float
    along: float
    end: float
    em: float
    text: str


def _lines(runs: list[_Run]) -> list[str]:
    """The runs of each baseline from left to right; lines from top to bottom."""
    lines: list[list[_Run]] = []
    for run in sorted(runs, key=lambda run: (run.direction, -run.across)):
        first = lines[-1][0] if lines else None
        if first and first.direction == run.direction and abs(first.across - run.across) <= SAME_LINE:
            lines[-1].append(run)
        else:
            lines.append([run])
    return [_joined(sorted(line, key=lambda run: run.along)) for line in lines]


def _joined(line: list[_Run]) -> str:
    text = line[0].text
    for last, run in pairwise(line):
        gap = (run.along - last.end) / (run.em or 1.0)
        text += ("\t" if gap > CELL or gap < -BACK else " " if gap > WORD else "") + run.text
    return text


@dataclass(slots=True)
class _State:
    """What `q` saves and `Q` brings back, as far as it moves text."""

    page: Matrix = UNIT
    font: Font = field(default_factory=Font)
    size: float = 1.0
    apart: float = 0.0
    between_words: float = 0.0
    stretch: float = 1.0
    leading: float = 0.0


class _Teller:
    """Follows the text operators of a content stream (ISO 32000-1, 9.4) and collects what is shown."""

    def __init__(self) -> None:
        self.runs: list[_Run] = []
        self._forms = 0
        self._state = _State()
        self._saved: list[_State] = []
        self._line = UNIT  # the matrix at the start of the line
        self._pen = UNIT  # … and where the pen is

    def run(self, content: bytes, resources: Any) -> None:
        fonts: dict[str, Font] = {}
        stack: list[Any] = []
        for token in _tokens(content):
            if not isinstance(token, str):
                stack.append(token)
                continue
            if token == "Tf" and len(stack) >= 2 and isinstance(stack[-1], float):
                name = str(stack[-2])
                self._state.font = fonts[name] if name in fonts else fonts.setdefault(name, font(resources, name))
                self._state.size = stack[-1]
            elif token == "Do" and stack:
                self._form(resources, str(stack[-1]))
            elif token in ("Tj", "TJ", "'", '"', "T*"):
                self._show(token, stack)
            else:
                self._move(token, [part for part in stack if isinstance(part, float)])
            stack.clear()

    def _move(self, operator: str, numbers: list[float]) -> None:
        state = self._state
        if operator in ("Td", "TD") and len(numbers) >= 2:
            self._step(numbers[-2], numbers[-1])
            state.leading = -numbers[-1] if operator == "TD" else state.leading
        elif operator == "Tm" and len(numbers) >= 6:
            a, b, c, d, e, f = numbers[-6:]
            self._line = self._pen = (a, b, c, d, e, f)
        elif operator == "BT":
            self._line = self._pen = UNIT
        elif operator == "cm" and len(numbers) >= 6:
            a, b, c, d, e, f = numbers[-6:]
            state.page = _times((a, b, c, d, e, f), state.page)
        elif operator == "q":
            self._saved.append(replace(state))
        elif operator == "Q" and self._saved:
            self._state = self._saved.pop()
        elif operator in _SETS and numbers:
            name, scale = _SETS[operator]
            setattr(state, name, numbers[-1] * scale)

    def _step(self, x: float, y: float) -> None:
        self._line = self._pen = _times((1.0, 0.0, 0.0, 1.0, x, y), self._line)

    def _show(self, operator: str, stack: list[Any]) -> None:
        state = self._state
        if operator == '"' and len(stack) >= 3 and isinstance(stack[0], float) and isinstance(stack[1], float):
            state.between_words, state.apart = stack[0], stack[1]
        if operator in ("'", '"', "T*"):
            self._step(0.0, -state.leading)
        for part in stack:
            if isinstance(part, bytes):
                before = self._pen
                self._forward(state.font.width(part, state.size, state.apart, state.between_words))
                if (text := state.font.text(part)).strip():
                    self._say(text, before)
            elif isinstance(part, float) and operator == "TJ":
                self._forward(-part / 1000 * state.size)

    def _forward(self, x: float) -> None:
        self._pen = _times((1.0, 0.0, 0.0, 1.0, x * self._state.stretch, 0.0), self._pen)

    def _say(self, text: str, begin: Matrix) -> None:
        a, b, _c, _d, x, y = _times(begin, self._state.page)
        _a, _b, _c, _d, x_end, y_end = _times(self._pen, self._state.page)
        scale = hypot(a, b) or 1.0
        ux, uy = round(a / scale, 2), round(b / scale, 2)
        self.runs.append(_Run((ux, uy), y * ux - x * uy, x * ux + y * uy, x_end * ux + y_end * uy,
                              abs(scale * self._state.size), text))

    def _form(self, resources: Any, name: str) -> None:
        self._forms += 1
        forms = resources["/XObject"] if "/XObject" in resources else {}
        if self._forms > MOST_FORMS or name not in forms:
            return
        form = forms[name]
        if form.get("/Subtype") == "/Form":
            before, depth = replace(self._state), len(self._saved)
            if "/Matrix" in form:
                a, b, c, d, e, f = (float(part) for part in form["/Matrix"])
                self._state.page = _times((a, b, c, d, e, f), self._state.page)
            self.run(form.data[:MOST_CONTENT], form["/Resources"] if "/Resources" in form else resources)
            self._state = before
            del self._saved[depth:]


_SETS = {
    "TL": ("leading", 1.0), "Tc": ("apart", 1.0), "Tw": ("between_words", 1.0), "Tz": ("stretch", 0.01),
}
"""Operators that set one number of the state: its name, and what one unit of the operator is."""


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
