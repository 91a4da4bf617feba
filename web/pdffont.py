"""One font of a PDF page: which text its codes mean, and how wide they run.

Not a font reader: it takes the ToUnicode map and the widths that the file itself states, and guesses where they are
missing.  Called by `pdftext.py` alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_CODES = 0xFFFF
GUESSED = 500.0  # thousandths of the font size, for a font that states no widths


@dataclass(slots=True)
class Font:
    """Code -> text and code -> width; `size` bytes a code."""

    size: int = 1
    texts: dict[int, str] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    usual: float = GUESSED
    unit: float = 0.001

    def text(self, raw: bytes) -> str:
        if not self.texts:
            return raw.decode("utf-16-be", "ignore") if self.size == 2 else raw.decode("cp1252", "ignore")
        return "".join(self.texts.get(code, "") for code in self._codes(raw))

    def width(self, raw: bytes, size: float, apart: float, between_words: float) -> float:
        """How far the string moves the pen, in text space (ISO 32000-1, 9.4.4), before horizontal scaling."""
        codes = list(self._codes(raw))
        blanks = codes.count(32) if self.size == 1 else 0
        run = sum(self.widths.get(code, self.usual) for code in codes)
        return run * self.unit * size + apart * len(codes) + between_words * blanks

    def _codes(self, raw: bytes) -> Iterator[int]:
        return (int.from_bytes(raw[at:at + self.size], "big") for at in range(0, len(raw), self.size))


def font(resources: Any, name: str) -> Font:
    """The font of that name; one that says its codes are letters where the page has none."""
    fonts = resources["/Font"] if "/Font" in resources else {}
    if name not in fonts:
        return Font()
    found = fonts[name]
    texts = _texts(found["/ToUnicode"].data) if "/ToUnicode" in found else {}
    if found.get("/Subtype") == "/Type0":
        below = found["/DescendantFonts"][0]
        listed = below["/W"] if "/W" in below else []
        return Font(2, texts, dict(_listed(listed)), float(below["/DW"]) if "/DW" in below else 1000.0)
    widths = [float(width) for width in found["/Widths"]] if "/Widths" in found else []
    first = int(found["/FirstChar"]) if "/FirstChar" in found else 0
    unit = float(found["/FontMatrix"][0]) if "/FontMatrix" in found else 0.001  # Type 3 has a scale of its own
    return Font(1, texts, dict(enumerate(widths, first)), 0.0 if widths else GUESSED, unit)


def _listed(entries: Any) -> Iterator[tuple[int, float]]:
    """The /W array of a composite font: `first [w …]` or `first last w` (ISO 32000-1, 9.7.4.3)."""
    at = 0
    while at + 1 < len(entries):
        first, second = int(entries[at]), entries[at + 1]
        if isinstance(second, list):
            yield from ((first + n, float(width)) for n, width in enumerate(second))
            at += 2
        else:
            width = float(entries[at + 2])
            yield from ((code, width) for code in range(first, min(int(second), first + MOST_CODES) + 1))
            at += 3


def _texts(cmap: bytes) -> dict[int, str]:
    """bfchar and bfrange entries of a ToUnicode map (Adobe technical note 5411)."""
    codes: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        pairs = re.findall(rb"<([0-9A-Fa-f\s]+)>\s*<([0-9A-Fa-f\s]*)>", block)
        codes.update((int(code, 16), _hex_text(text)) for code, text in pairs)
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        entry = rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*(?:<([0-9A-Fa-f]+)>|\[([^\]]*)\])"
        for first, last, start, listed in re.findall(entry, block):
            low, high = int(first, 16), min(int(last, 16), int(first, 16) + MOST_CODES)
            if start:
                base = _hex_text(start)
                codes.update({low + n: base[:-1] + chr(ord(base[-1]) + n) for n in range(high - low + 1) if base})
            else:
                texts = re.findall(rb"<([0-9A-Fa-f\s]*)>", listed)
                codes.update({low + n: _hex_text(text) for n, text in enumerate(texts[:high - low + 1])})
    return codes


def _hex_text(text: bytes) -> str:
    return bytes.fromhex(text.decode()).decode("utf-16-be", "ignore")
