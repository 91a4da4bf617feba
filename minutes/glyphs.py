"""Which characters the documents can print: those that all four vendored Liberation Serif faces hold.

Pure data and what is asked about it.  It never touches a font file (a test compares it with them).
Right-to-left scripts are left out on purpose: in a left-to-right document they reorder what a reader sees.
Called by draft.py and its parts (replace), editing.py and pdf.py (refuse).
"""

from bisect import bisect_right

from minutes.model import clean

BLANK = "□"

_RANGES = """
20-7E A0-AC AE-36F 374-375 37A-37E 384-38A 38C 38E-3A1 3A3-3CE 3D0-513 51A-51D 1D00-1DCA 1DFE-1E9B 1E9E 1EA0-1EF9
1F00-1F15 1F18-1F1D 1F20-1F45 1F48-1F4D 1F50-1F57 1F59 1F5B 1F5D 1F5F-1F7D 1F80-1FB4 1FB6-1FC4 1FC6-1FD3 1FD6-1FDB
1FDD-1FEF 1FF2-1FF4 1FF6-1FFE 2000-200A 2010 2012-2022 2026 202F-2030 2032-2034 2039-203A 203C 203E 2044 205E
2074-2079 207F-2089 2090-2094 20A0-20B5 20BF 20F0 2105 2113 2116-2117 2122 2126 212E 214D-214E 2153-2154 215B-215E
2184 2190-2195 21A8 21D4 2202 2206 220F 2211-2212 2215 2219-221A 221E-221F 2229 222B 2248 2260-2262 2264-2265 2302
2310 2320-2321 2500 2502 250C 2510 2514 2518 251C 2524 252C 2534 253C 2550-256C 2580 2584 2588 258C 2590-2593
25A0-25A1 25AA-25AC 25B2 25BA 25BC 25C4 25CA-25CC 25CF-25D9 25E6 263A-263C 2640 2642 2660 2663 2665-2666 2669-266C
266F 2C60-2C6D 2C71-2C77 2E17 A717-A721 A788-A78C FB01-FB02
"""


def _spans() -> list[tuple[int, int]]:
    pairs = (item.split("-") for item in _RANGES.split())
    return [(int(pair[0], 16), int(pair[-1], 16)) for pair in pairs]


SPANS = _spans()
_STARTS = [start for start, _ in SPANS]


def covered(char: str) -> bool:
    """Whether the documents' fonts can draw this character; a line break counts as drawn."""
    code = ord(char)
    at = bisect_right(_STARTS, code) - 1
    return char == "\n" or (at >= 0 and code <= SPANS[at][1])


def missing(text: str) -> str:
    """The first character of `text` that cannot be printed, or ""."""
    return next((char for char in text if not covered(char)), "")


def printable(text: str) -> str:
    """`text` with `□` in place of each character that cannot be printed."""
    return "".join(char if covered(char) else BLANK for char in text)


def tidy(text: str) -> str:
    """Text of the ledger as a document may hold it: cleaned, and `□` for what the fonts cannot print."""
    return printable(clean(text))
