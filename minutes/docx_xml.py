"""WordprocessingML by hand: runs, paragraphs and tables with exactly the properties we name, nothing else.

It never knows what a document says.  Written by hand because Word takes widths from `w:tcW`, LibreOffice from
`w:tblGrid` (both are set here), and because 239 rows through python-docx's cell objects take seconds.
Called by docx.py only.  Source: ECMA-376 part 1, chapter 17; elements stand in the order of its schema.
"""

from collections.abc import Iterable, Sequence

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from lxml.etree import _Element as Element

FONT = "Times New Roman"
RED = "A3161C"


def twips(mm: float) -> int:
    """Twentieths of a point."""
    return round(mm * 1440 / 25.4)


def el(tag: str, *children: Element, **attributes: str | int) -> Element:
    """`<w:tag w:attribute="…">children</w:tag>`."""
    node = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        node.set(qn(f"w:{name}"), str(value))
    node.extend(children)
    return node


def run(text: str, size: float = 14, bold: bool = False, italic: bool = False, color: str = "") -> Element:
    """A run of one style.  `text` is data: it becomes a text node, never markup."""
    properties = el("rPr", el("rFonts", ascii=FONT, hAnsi=FONT, eastAsia=FONT, cs=FONT))
    properties.extend([el("b")] * bold + [el("i")] * italic)
    if color:
        properties.append(el("color", val=color))
    properties.extend([el("sz", val=round(size * 2)), el("szCs", val=round(size * 2))])
    node = el("t")
    node.text = text
    node.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return el("r", properties, node)


def field(code: str, size: float = 13) -> list[Element]:
    """The runs of a field such as PAGE."""
    parts = [el("fldChar", fldCharType="begin"), el("instrText"), el("fldChar", fldCharType="separate"), el("t"),
             el("fldChar", fldCharType="end")]
    parts[1].text, parts[3].text = f" {code} ", "2"
    return [el("r", run("", size)[0], part) for part in parts]


def par(
    *runs: Element,
    align: str = "both",
    first: float = 0,
    left: float = 0,
    right: float = 0,
    hanging: float = 0,
    before: float = 0,
    after: float = 0,
    height: float = 0,
    rule: bool = False,
    keep: bool = False,
    style: str = "",
) -> Element:
    """A paragraph; indents in mm, spacing and exact line height in points.

    `rule` draws a line under it, between its indents; such a paragraph is empty and 3 pt high.
    """
    properties = el("pPr")
    if style:
        properties.append(el("pStyle", val=style))
    if keep:
        properties.append(el("keepNext"))
    if rule:
        properties.append(el("pBdr", el("bottom", val="single", sz=6, space=0, color="000000")))
    spacing = {"before": round(before * 20), "after": round(after * 20)}
    height = 3 if rule else height
    lines = {"line": round(height * 20), "lineRule": "exact"} if height else {"line": 240, "lineRule": "auto"}
    properties.append(el("spacing", **spacing, **lines))
    indent = {"left": twips(left), "right": twips(right)}
    indent |= {"hanging": twips(hanging)} if hanging else {"firstLine": twips(first)}
    properties.extend([el("ind", **indent), el("jc", val=align)])
    size = runs[0].find(f"{qn('w:rPr')}/{qn('w:sz')}") if runs else None
    if size is not None:     # the paragraph's own mark has a size too: an empty cell would be as high as Normal
        properties.append(el("rPr", el("sz", val=size.get(qn("w:val")))))
    return el("p", properties, *runs)


def cell(width: int, content: Sequence[Element], span: int = 1, valign: str = "top", merge: str = "") -> Element:
    """A table cell; width in twips.  `merge`: restart | continue of a vertical merge."""
    properties = el("tcPr", el("tcW", w=width, type="dxa"))
    if span > 1:
        properties.append(el("gridSpan", val=span))
    if merge:
        properties.append(el("vMerge", val=merge))
    properties.append(el("vAlign", val=valign))
    return el("tc", properties, *(content or [par()]))


def row(cells: Iterable[Element], heading: bool = False, height: float = 0) -> Element:
    """A row that never breaks across pages; `heading` rows repeat; `height` (mm) is exact."""
    properties = el("trPr", el("cantSplit"))
    if height:
        properties.append(el("trHeight", val=twips(height), hRule="exact"))
    if heading:
        properties.append(el("tblHeader"))
    return el("tr", properties, *cells)


def table(widths: Sequence[int], rows: Iterable[Element], ruled: bool = False, padding: float = 0) -> Element:
    """A fixed table; widths in twips, padding (mm) left and right of each cell."""
    properties = el("tblPr", el("tblW", w=sum(widths), type="dxa"))
    if ruled:
        sides = ("top", "left", "bottom", "right", "insideH", "insideV")
        properties.append(el("tblBorders", *(el(s, val="single", sz=4, space=0, color="000000") for s in sides)))
    pad = twips(padding)
    properties.extend([el("tblLayout", type="fixed"),
                       el("tblCellMar", el("left", w=pad, type="dxa"), el("right", w=pad, type="dxa"))])
    return el("tbl", properties, el("tblGrid", *(el("gridCol", w=width) for width in widths)), *rows)
