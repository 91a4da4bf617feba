"""Draws the visible mark of a signature as a one-page PDF of the field's size, transparent behind.

It never signs; a mark proves nothing by itself, the signature over the file does.  Leaders' marks are blue, the
agency's is a red seal in its actual size with issuer and time (Decree 30/2020/NĐ-CP annex I); a test signature says so.
Called by service.py, which hands the bytes to seal.py.
"""

import json
from datetime import datetime
from hashlib import sha256

from minutes import layout, wording
from minutes.glyphs import printable
from minutes.model import clean
from minutes.pdf import SEAL, SIZES, compiler

ATTACHMENT = (60, 16)          # mm; text block of an attachment's signature, top right of its first page
KINDS = (*SIZES, "attachment")


def render_appearance(kind: str, signer: str, org: str, time: datetime, test: bool) -> bytes:
    """The mark of one signature.

    kind: initials | secretary | chair | agency | attachment.  signer: the person's name (unused by agency marks).
    org: the agency's name; for an attachment the number and symbol of its document.  time: of signing, aware.
    """
    if kind not in KINDS:
        raise ValueError(f"no such mark: {kind}")
    width, height = SIZES.get(kind, ATTACHMENT)
    name, agency = (printable(clean(text)) for text in (layout.plain_name(signer), org))
    data = {
        "kind": kind, "title": f"{agency} {name}".strip(), "width": width, "height": height, "seal": SEAL,
        "test": test, "mark": wording.TEST_MARK, "name": name,
        "written": initials_of(name) if kind == "initials" else name,
        "stroke": _stroke(name, width, height), "lines": _lines(kind, agency, time),
        "ring": wording.TEST_RING if test else agency.upper(), "org_lines": _stacked(agency.upper()),
    }
    tool = compiler("appearance.typ", {"data": json.dumps(data)})
    return tool.compile(format="pdf", pdf_standards=["a-3b"], timestamp=int(time.timestamp()))


def initials_of(name: str) -> str:
    """First letters of the words of a name: `Lê Thị Hoa` → `LTH`."""
    return "".join(word[0].upper() for word in name.split())[:5]


def _lines(kind: str, agency: str, time: datetime) -> list[str]:
    when = f"Thời gian ký: {layout.signing_time(time)}"
    if kind == "agency":
        return [f"Cơ quan: {agency}", when]
    return [agency, when] if kind == "attachment" else []


def _stacked(text: str, most: int = 4) -> list[str]:
    """The name in up to four lines of about equal length, for the middle of a seal."""
    words = text.split()
    room = max(12, -(-len(text) // most) + 2)
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _stroke(name: str, width: int, height: int) -> list[tuple[float, float]]:
    """Points (mm) of a pen stroke under the name: the same person always gets the same one."""
    seed = sha256(name.encode()).digest()
    if height < 15:
        return [(1.0, height - 1.0), (width * 0.25, height - 1.6), (width * 0.45, height - 0.8)]
    base, swing = height * 0.66, height * 0.10
    points = [(2.0, base + 1.0)]
    for place in range(1, 6):
        drift = (seed[place] / 255 - 0.5) * swing
        points.append((round(2 + (width - 5) * place / 5, 2), round(base + drift - place * 0.5, 2)))
    back = 0.35 + seed[6] / 255 * 0.3
    points += [(round(width * 0.8, 2), round(base + 2.4, 2)), (round(width * back, 2), round(base + 1.6, 2)),
               (round(width * back + 6, 2), round(base + 3.4, 2))]
    return points
