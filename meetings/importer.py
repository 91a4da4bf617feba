"""Reads lists of units and of successions from CSV text, and refuses bad rows by line number and reason.

Pure: text in, rows out.  It writes nothing and looks nothing up, except in the stored units handed in for parents that
the file does not hold.  One bad row refuses the whole file.  Called by `meetings.store.unit_store` and the command
`units import`.  Columns: data/README.md.

Every refusal is `Invalid("units.row" | "succession.row", line=…, reason=…, value=…, rows=[…], total=…)`: the first bad
row, then up to `MAX_REPORTED` of them and how many there are.  A reason is `row.` and one of the stable words in
`REASONS`, never prose.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from meetings.errors import Invalid, MeetingError, TooLarge
from meetings.texts import line as one_line
from meetings.units import Level, Unit

MAX_BYTES = 16 * 1024 * 1024
MAX_ROWS = 100_000
MAX_REPORTED = 20

REASONS = (
    "columns", "column_missing", "column_unknown", "csv", "text", "name_missing", "type_missing", "level_unknown",
    "code_shape", "code_padding", "code_twice", "code_taken", "parent_missing", "parent_unknown", "parent_level",
    "cycle", "date", "validity", "coordinates", "organ_id", "flag", "source_missing",
    "share", "old_unknown", "new_unknown", "new_name", "succession_twice",
)

_REQUIRED = ("gso_code", "level", "type", "name", "parent_code", "lat", "lon", "source", "as_of")
_OPTIONAL = ("valid_from", "valid_to", "organ_id", "illustrative")
_SUCCESSION = ("old_code", "old_name", "old_district", "new_code", "new_name", "share")
_SUCCESSION_ROW = "succession.row"
_LEVELS = ("level", "rank", "name_vi", "name_en", "retired_on", "code_digits")

# QĐ 20/2020/QĐ-TTg: groups from left to right, at most 35 characters; and the older QCVN 102:2016, root last.
_ORGAN_ID = re.compile(r"[A-Z][0-9]{2}(\.[0-9A-Z]+)*|[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}")
_ORGAN_ID_LIMIT = 35
_OWN_CODE = re.compile(r"[A-Z]{1,4}[0-9]{1,6}")
_AS_OF = re.compile(r"[0-9]{4}(-[0-9]{2}-[0-9]{2})?")


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One good row of a unit file; `line` is where it began."""

    line: int
    gso_code: str
    level: str
    type: str
    name: str
    parent_code: str
    lat: float | None
    lon: float | None
    source: str
    as_of: str
    valid_from: date
    valid_to: date | None
    organ_id: str | None
    illustrative: bool

    def overlaps(self, start: date, end: date | None) -> bool:
        """Whether this row and [start, end) are true on a common day (end None = open)."""
        return (end is None or self.valid_from < end) and (self.valid_to is None or start < self.valid_to)


@dataclass(frozen=True, slots=True)
class ParsedUnits:
    """All rows of a file that had no bad one, in the file's order."""

    rows: tuple[UnitRow, ...]
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class SuccessionRow:
    """One good row of a succession file; `new_code` is blank where the successor is unknown."""

    line: int
    old_code: str
    new_code: str
    new_name: str
    share: str


class BadRow(Exception):
    """One refused row.  Never leaves this package's import modules: `refuse` turns all of a file's into one Invalid."""

    def __init__(self, line: int, reason: str, value: str = "") -> None:
        super().__init__(line, reason, value)
        self.line, self.reason, self.value = line, reason, value


def refuse(bad: Iterable[BadRow], code: str = "units.row") -> None:
    """Raises Invalid(code, …) if there is any bad row; "succession.row" says that the line is of the other file."""
    found = sorted(bad, key=lambda row: row.line)
    if found:
        rows = [
            {"line": row.line, "reason": f"row.{row.reason}", "value": row.value[:80]} for row in found[:MAX_REPORTED]
        ]
        raise Invalid(code, field="file", **rows[0], rows=rows, total=len(found))


def parse_levels(text: str | bytes) -> list[Level]:
    """The levels of data/levels.csv, by rank.  Raises Invalid("units.row", …)."""
    levels, bad = [], []
    for line, cells in _table(text, _LEVELS, ()):
        try:
            digits = cells["code_digits"]
            retired = _date(line, cells["retired_on"])
            names = _text(line, cells["name_vi"], "name_missing"), _text(line, cells["name_en"], "name_missing")
            if not (cells["rank"].isdecimal() and (digits == "" or digits.isdecimal())):
                raise BadRow(line, "level_unknown", cells["rank"])
            level_id = _text(line, cells["level"], "level_unknown")
            levels.append(Level(level_id, int(cells["rank"]), *names, retired, int(digits) if digits else None))
        except BadRow as row:
            bad.append(row)
    refuse(bad)
    return sorted(levels, key=lambda level: level.rank)


def parse_units(text: str | bytes, levels: Sequence[Level], stored: Iterable[Unit] = ()) -> ParsedUnits:
    """The rows of a unit file.  `stored` are the versions already known, where a parent may be found too.

    Raises Invalid("units.row" | "units.encoding" | "units.empty", …), TooLarge("units.too_large" | "units.too_many").
    """
    by_id = {level.level_id: level for level in levels}
    rows, bad = [], []
    for line, cells in _table(text, _REQUIRED, _OPTIONAL):
        try:
            rows.append(_row(line, cells, by_id))
        except BadRow as row:
            bad.append(row)
    # A parent on a refused line would make every child a second refusal that says nothing new.
    refuse([*bad, *_doubles(rows)])
    refuse(_parents(rows, by_id, _by_code(stored)))
    return ParsedUnits(tuple(rows), tuple(levels))


def parse_succession(text: str | bytes) -> tuple[SuccessionRow, ...]:
    """The rows of a succession file.  Codes are looked up later, by `meetings.import_plan`.

    Raises Invalid("succession.row" | "units.encoding" | "units.empty", …), TooLarge.
    """
    rows: list[SuccessionRow] = []
    bad: list[BadRow] = []
    shares: dict[str, set[str]] = {}
    pairs: set[tuple[str, str]] = set()
    for line, cells in _table(text, _SUCCESSION, (), _SUCCESSION_ROW):
        old, new, share = cells["old_code"], cells["new_code"], cells["share"]
        before = shares.setdefault(old, set())
        if share not in ("whole", "part", "unknown") or (share == "unknown") != (new == ""):
            bad.append(BadRow(line, "share", share))
        elif (old, new) in pairs:
            bad.append(BadRow(line, "succession_twice", old))
        elif before and before | {share} != {"part"}:
            bad.append(BadRow(line, "share", share))  # a whole cannot go to two units, nor beside parts
        before.add(share)
        pairs.add((old, new))
        rows.append(SuccessionRow(line, old, new, cells["new_name"], share))
    refuse(bad, _SUCCESSION_ROW)
    return tuple(rows)


def _table(
    text: str | bytes, required: Sequence[str], optional: Sequence[str], code: str = "units.row"
) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by column) of every row; cells are trimmed NFC.  The first line names the columns, in any order."""
    reader = csv.reader(io.StringIO(_decode(text), newline=""), strict=True)
    header: list[str] | None = None
    rows, line = 0, 1
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            break
        except csv.Error as error:
            refuse([BadRow(line, "csv", str(error))], code)
        if not any(cells):
            continue
        if header is None:
            header = cells
            refuse(_header_faults(header, required, optional), code)
            continue
        rows += 1
        if rows > MAX_ROWS:
            raise TooLarge("units.too_many", limit=MAX_ROWS)
        if len(cells) != len(header):
            refuse([BadRow(line, "columns", str(len(cells)))], code)  # a shifted row makes all that follows doubtful
        yield line, dict.fromkeys(optional, "") | dict(zip(header, cells, strict=True))
    if not rows:
        raise Invalid("units.empty", field="file")


def _decode(text: str | bytes) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise TooLarge("units.too_large", limit=MAX_BYTES, size=size)
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Invalid("units.encoding", field="file", line=text[: error.start].count(b"\n") + 1) from None
    return unicodedata.normalize("NFC", text.removeprefix("\ufeff"))


def _header_faults(header: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> list[BadRow]:
    bad = [BadRow(1, "column_missing", name) for name in required if name not in header]
    bad += [BadRow(1, "column_unknown", name) for name in header if name not in (*required, *optional)]
    bad += [BadRow(1, "columns", name) for name in set(header) if header.count(name) > 1]
    return bad


def _row(line: int, cells: Mapping[str, str], levels: Mapping[str, Level]) -> UnitRow:
    level = levels.get(cells["level"])
    if level is None:
        raise BadRow(line, "level_unknown", cells["level"])
    as_of = cells["as_of"]
    if not _AS_OF.fullmatch(as_of):
        raise BadRow(line, "date", as_of)
    first_known = _date(line, as_of if len(as_of) > 4 else f"{as_of}-01-01")
    valid_from, valid_to = _date(line, cells["valid_from"]) or first_known, _date(line, cells["valid_to"])
    if valid_from is None or (valid_to is not None and valid_to <= valid_from):
        raise BadRow(line, "validity", f"{valid_from}–{valid_to}")
    if cells["illustrative"] not in ("", "0", "1"):
        raise BadRow(line, "flag", cells["illustrative"])
    organ_id = cells["organ_id"]
    if organ_id and (len(organ_id) > _ORGAN_ID_LIMIT or not _ORGAN_ID.fullmatch(organ_id)):
        raise BadRow(line, "organ_id", organ_id)
    return UnitRow(
        line, _code(line, cells["gso_code"], level), level.level_id, _text(line, cells["type"], "type_missing"),
        _text(line, cells["name"], "name_missing"), cells["parent_code"], *_place(line, cells["lat"], cells["lon"]),
        _text(line, cells["source"], "source_missing"), as_of, valid_from, valid_to, organ_id or None,
        cells["illustrative"] == "1",
    )


def _text(line: int, text: str, missing: str) -> str:
    if not text:
        raise BadRow(line, missing)
    try:
        return one_line(text, "file", 200)
    except MeetingError:
        raise BadRow(line, "text", text) from None


def _code(line: int, code: str, level: Level) -> str:
    if level.code_digits is None:
        if not _OWN_CODE.fullmatch(code):
            raise BadRow(line, "code_shape", code)
    elif not (code.isascii() and code.isdecimal()):
        raise BadRow(line, "code_shape", code)
    elif len(code) != level.code_digits:
        raise BadRow(line, "code_padding", code)  # a spreadsheet that took the code for a number ate its zeros
    return code


def _date(line: int, text: str) -> date | None:
    if not text:
        return None
    try:
        if len(text) != 10:
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise BadRow(line, "date", text) from None


def _place(line: int, lat: str, lon: str) -> tuple[float | None, float | None]:
    if not lat and not lon:
        return None, None
    try:
        north, east = float(lat), float(lon)
    except ValueError:
        raise BadRow(line, "coordinates", f"{lat}, {lon}") from None
    if not (-90 <= north <= 90 and -180 <= east <= 180):  # also false for NaN
        raise BadRow(line, "coordinates", f"{lat}, {lon}")
    return north, east


def _doubles(rows: Sequence[UnitRow]) -> Iterator[BadRow]:
    seen: dict[str, list[UnitRow]] = {}
    for row in rows:
        before = seen.setdefault(row.gso_code, [])
        if any(row.overlaps(other.valid_from, other.valid_to) for other in before):
            yield BadRow(row.line, "code_twice", row.gso_code)
        before.append(row)


def _by_code(stored: Iterable[Unit]) -> dict[str, list[Unit]]:
    found: dict[str, list[Unit]] = {}
    for unit in stored:
        found.setdefault(unit.gso_code, []).append(unit)
    return found


def _parents(
    rows: Sequence[UnitRow], levels: Mapping[str, Level], stored: Mapping[str, Sequence[Unit]]
) -> Iterator[BadRow]:
    """Rows whose parent is missing, unknown on the day the row becomes true, of no higher level, or below the row."""
    top = min(level.rank for level in levels.values())
    by_code: dict[str, list[UnitRow]] = {}
    for row in rows:
        by_code.setdefault(row.gso_code, []).append(row)

    def parent_of(row: UnitRow) -> Any:
        above = [*by_code.get(row.parent_code, ()), *stored.get(row.parent_code, ())]
        return next((unit for unit in above if row.overlaps(unit.valid_from, unit.valid_to)
                     and unit.valid_from <= row.valid_from), None)

    for row in rows:
        level = levels[row.level]
        if not row.parent_code:
            if level.rank > top:
                yield BadRow(row.line, "parent_missing", row.gso_code)
            continue
        parent = parent_of(row)
        if parent is None:
            yield BadRow(row.line, "parent_unknown", row.parent_code)
        elif _in_ring(row, parent_of):
            yield BadRow(row.line, "cycle", row.parent_code)
        elif levels[parent.level].rank > level.rank or (levels[parent.level] is level and level.code_digits):
            yield BadRow(row.line, "parent_level", row.parent_code)


def _in_ring(row: UnitRow, parent_of: Any) -> bool:
    """Whether going up from the row comes back to it; a stored parent ends the way, its tree is already sound."""
    seen, above = {row.line}, parent_of(row)
    while isinstance(above, UnitRow) and above.parent_code:
        if above.line in seen:
            return above.line == row.line
        seen.add(above.line)
        above = parent_of(above)
    return False
