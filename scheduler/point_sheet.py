"""The cards of many points as one CSV that a spreadsheet opens and gives back.  Pure: text in, rows or reasons out.

Export and import have the same columns; a file with a bad row is refused as a whole, every bad row named by its line.  A row
without a known code that names a unit is a room to be made.  Called by the pages of points.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from meetings.errors import Conflict, Invalid, MeetingError, TooLarge
from meetings.texts import line
from scheduler import point_card
from scheduler.point_card import FIELDS, Card, Kept

COLUMNS: Final = ("code", "unit", "name", "version", *FIELDS)
MOST_ROWS: Final = 10_000
MOST_BYTES: Final = 8 << 20
BOM: Final = "\ufeff"  # spreadsheets read a file as UTF-8 when it begins with this
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Row:
    """One point of the file; `version` None where the file does not say which state it was made from.

    `unit_id` is that of a room to be made, empty for a point that is there; `name` is empty where the file has none.
    """

    line: int
    code: str
    version: int | None
    card: Card
    unit_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that cannot be taken, with why."""

    line: int
    code: str
    error: MeetingError


def write(points: Iterable[Kept], codes: Mapping[str, str] = NOTHING) -> str:
    """The file, with a mark that it is UTF-8.  `codes`: those of the units, by id."""
    out = io.StringIO()
    sheet = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    sheet.writeheader()
    for kept in points:
        told = {"code": kept.point.code, "unit": codes.get(kept.point.unit_id, ""), "name": kept.point.name, "version": str(kept.version),
                **kept.card.typed()}
        sheet.writerow({name: _harmless(text) for name, text in told.items()})
    return BOM + out.getvalue()


def read(data: bytes, known: Mapping[str, Kept], units: Mapping[str, str] = NOTHING) -> tuple[list[Row], list[Bad]]:
    """`known` are the points that may be changed, by code; `units` those that may get rooms, code → id.  Columns that are absent
    stay as they are.

    Raises TooLarge("sheet.too_large" | "sheet.too_many"), Invalid("sheet.encoding" | "sheet.columns").
    """
    rows: list[Row] = []
    bad: list[Bad] = []
    seen: set[str] = set()
    names = {(kept.point.unit_id, kept.point.name.casefold()) for kept in known.values()}
    for number, cells in lines(data, needed=("code",), allowed=COLUMNS, most=MOST_ROWS):
        code = cells.get("code", "")
        try:
            if code in seen:
                raise Invalid("sheet.twice", value=code)
            row = _known(number, cells, known[code], units) if code in known else _room(number, cells, units, names)
            seen |= {code} if code in known else set()
            rows.append(row)
        except MeetingError as error:
            bad.append(Bad(number, code, error))
    return rows, bad


def _known(number: int, cells: Mapping[str, str], kept: Kept, units: Mapping[str, str]) -> Row:
    """A point that is there stays with its unit; another name is its new one."""
    unit = cells.get("unit", "")
    if unit and unit in units and units[unit] != kept.point.unit_id:
        raise Invalid("sheet.unit_other", value=kept.point.code)
    version = _version(cells.get("version", ""), kept)
    name = line(cells.get("name", ""), "name", 200, empty=True)
    return Row(number, kept.point.code, version, _card({**kept.card.typed(), **cells}), name=name if name != kept.point.name else "")


def _room(number: int, cells: Mapping[str, str], units: Mapping[str, str], names: set[tuple[str, str]]) -> Row:
    """A room to be made; its code is given to it then, whatever the file says."""
    unit = cells.get("unit", "")
    if not unit:
        raise Invalid("sheet.code", value=cells.get("code", ""))
    if unit not in units:
        raise Invalid("sheet.unit", value=unit)
    name = line(cells.get("name", ""), "name", 200)
    if (units[unit], name.casefold()) in names:
        raise Conflict("point.name", name=name, field="name")
    names.add((units[unit], name.casefold()))
    return Row(number, "", None, _card(cells), units[unit], name)


def _card(cells: Mapping[str, str]) -> Card:
    """Raises what is wrong with the first field that is."""
    card, errors = point_card.read(cells)
    if errors:
        raise next(iter(errors.values()))
    return card


def lines(data: bytes, needed: tuple[str, ...], allowed: tuple[str, ...], most: int) -> Iterable[tuple[int, dict[str, str]]]:
    """(line, cells by column) of a CSV with a heading, separated by commas or semicolons.  Raises as `read` does."""
    if len(data) > MOST_BYTES:
        raise TooLarge("sheet.too_large", limit=MOST_BYTES >> 20)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("sheet.encoding", line=data[:error.start].count(b"\n") + 1) from None
    head = text.split("\n", 1)[0]
    sheet = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    names = [name.strip().lower() for name in next(sheet, [])]
    missing = [name for name in needed if name not in names]
    unknown = [name for name in names if name and name not in allowed]
    if missing or unknown or len({*names}) != len(names):
        raise Invalid("sheet.columns", columns=", ".join(missing or unknown or names)[:200], known=", ".join(allowed))
    count = 0
    while True:
        begun = sheet.line_num + 1
        try:
            cells = next(sheet, None)
        except csv.Error:
            raise Invalid("sheet.csv", line=begun) from None
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > most:
            raise TooLarge("sheet.too_many", limit=most)
        yield begun, {name: cell.removeprefix("'").strip() for name, cell in zip(names, cells, strict=False) if name}


def _version(text: str, kept: Kept) -> int | None:
    if not text:
        return None
    if text != str(kept.version):
        raise Invalid("sheet.stale", value=kept.point.code)
    return kept.version


def _harmless(text: str) -> str:
    """A cell that a spreadsheet would take for a formula is written as text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
