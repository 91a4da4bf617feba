"""Checks of text that people type: trimmed, NFC, within a limit, no control characters.  Pure.

Control and direction-override characters are refused because such text ends up in signed minutes, where an invisible
character could make the page read differently from its bytes.  Called by the use cases before anything is stored.
"""

from __future__ import annotations

import unicodedata

from meetings.errors import Invalid

# Cc = controls, Cs = lone surrogates (cannot be stored as UTF-8), Co/Cn = private and unassigned.
_REFUSED = frozenset({"Cc", "Cs", "Co", "Cn"})
# Embeddings, overrides and isolates that reorder what is displayed (Unicode TR 9).
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def line(text: str, field: str, limit: int, empty: bool = False) -> str:
    """One line of at most `limit` characters.  Raises Invalid("text.empty" | "text.too_long" | "text.control")."""
    return _check(text, field, limit, empty, allowed="")


def paragraph(text: str, field: str, limit: int, empty: bool = False) -> str:
    """Like `line`, but line ends and tabs stay (line ends become a single line feed)."""
    return _check(text.replace("\r\n", "\n").replace("\r", "\n"), field, limit, empty, allowed="\n\t")


def plain(name: str) -> str:
    """Accents tell people apart; capitals, blanks and the way an accent is written do not."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _check(text: str, field: str, limit: int, empty: bool, allowed: str) -> str:
    text = unicodedata.normalize("NFC", text).strip()
    if not text and not empty:
        raise Invalid("text.empty", field=field)
    if len(text) > limit:
        raise Invalid("text.too_long", field=field, limit=limit, length=len(text))
    for char in text:
        if char not in allowed and (char in _BIDI or unicodedata.category(char) in _REFUSED):
            raise Invalid("text.control", field=field, char=f"U+{ord(char):04X}")
    return text
