"""The table of printable characters is what the vendored fonts really hold."""

import struct
from pathlib import Path

import pytest

from minutes.glyphs import BLANK, SPANS, covered, missing, printable
from minutes.pdf import FONTS

FACES = sorted(FONTS.glob("*.ttf"))


def characters_of(font: Path) -> set[int]:
    """Code points of a TrueType font's Windows Unicode table (cmap format 4, OpenType specification)."""
    data = font.read_bytes()
    tables = (struct.unpack(">4sIII", data[12 + 16 * n:28 + 16 * n]) for n in range(struct.unpack(">H", data[4:6])[0]))
    cmap = next(offset for tag, _, offset, _ in tables if tag == b"cmap")
    records = [struct.unpack(">HHI", data[cmap + 4 + 8 * n:cmap + 12 + 8 * n])
               for n in range(struct.unpack(">H", data[cmap + 2:cmap + 4])[0])]
    start = cmap + next(offset for platform, encoding, offset in records if (platform, encoding) == (3, 1))
    half = struct.unpack(">H", data[start + 6:start + 8])[0]           # twice the number of segments
    count = half // 2

    def column(place: int) -> tuple[int, ...]:
        return struct.unpack(f">{count}H", data[place:place + half])

    ends, starts = column(start + 14), column(start + 16 + half)
    deltas, ranges = column(start + 16 + 2 * half), column(start + 16 + 3 * half)
    found = set()
    for n in range(count):
        for code in range(starts[n], min(ends[n], 0xFFFE) + 1):
            glyph = (code + deltas[n]) & 0xFFFF
            if ranges[n]:
                at = start + 16 + 3 * half + 2 * n + ranges[n] + 2 * (code - starts[n])
                glyph = struct.unpack(">H", data[at:at + 2])[0]
            if glyph:
                found.add(code)
    return found


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.stem)
def test_every_printable_character_is_in_every_face(face: Path) -> None:
    table = {code for start, end in SPANS for code in range(start, end + 1)}
    assert len(FACES) == 4 and not {hex(code) for code in table - characters_of(face)}


def test_all_vietnamese_letters_are_printable() -> None:
    vowels = "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵđ"
    assert missing(vowels + vowels.upper() + "–…“”‘’/.,;:()%₫ №\n") == ""


@pytest.mark.parametrize("char", ["😀", "李", "\u202e", "\u200b", "\x00", "א", "\ufeff", "ﷺ", "\ue000"])
def test_what_the_fonts_lack_or_what_reorders_text_is_not_printable(char: str) -> None:
    assert not covered(char) and missing(f"a{char}b") == char and printable(f"a{char}b") == f"a{BLANK}b"
