"""The sets of units that ship with the product: reads `data/`, loads one of them by name.  Safe to call at every start.

Called by the commands `demo`, `rehearse` and `serve`, and by tests.  Knows file names, nothing of what is in them.
"""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection

from meetings.errors import NotFound
from meetings.importer import ParsedUnits, parse_levels, parse_succession, parse_units
from meetings.store import unit_store
from meetings.store.unit_store import Loaded

DATA = Path(__file__).resolve().parent.parent.parent / "data"
NAMES = ("quang-ninh-2020", "quang-ninh-2025", "vietnam-2025")
DEFAULT = "quang-ninh-2020"

_PROVINCE = "22"
_BEFORE = ("units-quang-ninh-2020.csv", "provincial-bodies-quang-ninh.csv")
_AFTER = "units-vietnam-2025.csv"
_SUCCESSION = "succession-quang-ninh-2025-07-01.csv"
REFORM = date(2025, 7, 1)


def load_dataset(conn: Connection, name: str, at: datetime) -> Loaded:
    """Loads one of `NAMES`; a second call loads nothing.

    quang-ninh-2020: three levels and 48 bodies, without an end: 239 units.  quang-ninh-2025: those up to 2025-06-30,
    then the 54 communes and their predecessors; the province and its bodies go on.  vietnam-2025: 34 provinces and
    3,321 communes.  Raises NotFound("dataset.unknown").
    """
    if name not in NAMES:
        raise NotFound("dataset.unknown", name=name, known=list(NAMES))
    load_levels(conn)
    done = []
    if name != "vietnam-2025":
        done = [unit_store.load(conn, _parse(conn, file), at) for file in _BEFORE]
    if name == "quang-ninh-2025":
        steps = parse_succession((DATA / _SUCCESSION).read_bytes())
        done.append(unit_store.load(conn, _only(_PROVINCE, _parse(conn, _AFTER)), at, steps))
    elif name == "vietnam-2025":
        done.append(unit_store.load(conn, _parse(conn, _AFTER), at))
    return Loaded(*(sum(getattr(part, field.name) for part in done) for field in dataclasses.fields(Loaded)))


def load_levels(conn: Connection) -> None:
    """The levels of `data/levels.csv`; called before any import, because a row must name one of them."""
    unit_store.save_levels(conn, parse_levels((DATA / "levels.csv").read_bytes()))


def _parse(conn: Connection, file: str) -> ParsedUnits:
    return parse_units((DATA / file).read_bytes(), unit_store.levels(conn), unit_store.units(conn))


def _only(province: str, parsed: ParsedUnits) -> ParsedUnits:
    rows = tuple(row for row in parsed.rows if province in (row.gso_code, row.parent_code))
    return ParsedUnits(rows, parsed.levels)
