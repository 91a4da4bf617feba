"""Units as pages need them: the tree of a day, kept between requests while nothing was imported, and names of levels.

Never changes a unit.  Called by sessions, booking and the pages of points.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, func, select

from meetings.store import unit_store
from meetings.store.unit_tables import unit_version
from meetings.units import Level, UnitTree
from web.i18n import SOURCE, _, language


KEPT = 8
_kept: dict[tuple[str, date, int, int], UnitTree] = {}


def tree(conn: Connection, on: date) -> UnitTree:
    """The units of that day.  Units only ever get rows or an end, so two counts tell whether anything was imported."""
    column = unit_version.c
    rows, ended = conn.execute(select(func.count(), func.count(column.valid_to)).select_from(unit_version)).one()
    key = (str(conn.engine.url), on, rows, ended)
    if key not in _kept:
        while len(_kept) >= KEPT:
            _kept.pop(next(iter(_kept)), None)
        _kept[key] = unit_store.tree(conn, on)
    return _kept[key]


def level_name(level: Level) -> str:
    """The level in the reader's language."""
    return level.name_vi if language() == SOURCE else _(level.name_en)


def path(conn: Connection, unit_id: str | None, on: date) -> tuple[str, ...]:
    """Root … unit on that day; empty for no unit or one that is no more."""
    found = tree(conn, on)
    return found.path(unit_id) if unit_id and unit_id in found else ()


def name(conn: Connection, unit_id: str | None, on: date) -> str:
    """The unit's name on that day; empty for no unit or one that is no more."""
    found = tree(conn, on)
    return found.get(unit_id).name if unit_id and unit_id in found else ""
