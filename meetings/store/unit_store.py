"""Levels, units and successions in the database: loads what an import plans, gives the tree of a day.

Never decides what an import means (`meetings.import_plan` does) and reads no file (`meetings.store.datasets` and the
command `units import` do).  All functions take an open connection.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, or_, select

from meetings.ids import new_id
from meetings.import_plan import Plan, plan
from meetings.importer import ParsedUnits, SuccessionRow
from meetings.store import unit_tables as t
from meetings.store.among import among
from meetings.units import Level, Lineage, Succession, Unit, UnitTree


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: new units, ended ones, those that were known already, and new successions."""

    added: int
    ended: int
    unchanged: int
    successions: int


def levels(conn: Connection) -> list[Level]:
    """All levels, the highest first."""
    rows = conn.execute(select(t.level).order_by(t.level.c.rank, t.level.c.level_id))
    return [Level(row.level_id, row.rank, row.name_vi, row.name_en, row.retired_on, row.code_digits) for row in rows]


def save_levels(conn: Connection, wanted: Iterable[Level]) -> None:
    """Adds the levels that are not there and brings the others up to date; removes none."""
    present = {level.level_id: level for level in levels(conn)}
    for level in wanted:
        if level.level_id not in present:
            conn.execute(t.level.insert().values(**dataclasses.asdict(level)))
        elif level != present[level.level_id]:
            mine = t.level.update().where(t.level.c.level_id == level.level_id)
            conn.execute(mine.values(**dataclasses.asdict(level)))


def units(conn: Connection) -> list[Unit]:
    """All versions of all units ever loaded."""
    return [_unit(row) for row in conn.execute(select(t.unit_version))]


def versions(conn: Connection, unit_id: str) -> list[Unit]:
    """All versions of one unit, the oldest first."""
    mine = select(t.unit_version).where(t.unit_version.c.unit_id == unit_id).order_by(t.unit_version.c.valid_from)
    return [_unit(row) for row in conn.execute(mine)]


def names(conn: Connection, unit_ids: Collection[str]) -> dict[str, set[str]]:
    """Every name that each of these units ever had, or will have."""
    found: dict[str, set[str]] = {}
    column = t.unit_version.c
    for unit_id, name in conn.execute(select(column.unit_id, column.name).where(among(column.unit_id, unit_ids))):
        found.setdefault(unit_id, set()).add(name)
    return found


def tree(conn: Connection, on: date) -> UnitTree:
    """The units true on that day."""
    column = t.unit_version.c
    true_then = (column.valid_from <= on) & or_(column.valid_to.is_(None), column.valid_to > on)
    return UnitTree([_unit(row) for row in conn.execute(select(t.unit_version).where(true_then))], on)


def successions(conn: Connection) -> list[Succession]:
    """All successions, the oldest first."""
    column = t.unit_succession.c
    rows = conn.execute(select(t.unit_succession).order_by(column.since, column.succession_id))
    return [Succession(row.from_id, row.to_id, row.share, row.since) for row in rows]


def lineage(conn: Connection) -> Lineage:
    """The successions as something to ask: who came after whom."""
    return Lineage(successions(conn))


def load(
    conn: Connection, parsed: ParsedUnits, at: datetime, succession: Sequence[SuccessionRow] = ()
) -> Loaded:
    """Writes what the parsed files change.  A second load of the same files changes nothing.

    Raises Invalid("units.row", …) before anything is written if a row contradicts what is stored.
    """
    # Two imports at once could each miss the other's units: one waits for the other's end.
    conn.execute(select(t.level.c.level_id).order_by(t.level.c.level_id).with_for_update())
    change = plan(parsed, succession, units(conn), successions(conn), lambda: new_id(at))
    _write(conn, change, at)
    ended = sum(unit.valid_to is not None for unit in change.updated)
    return Loaded(len(change.made), ended, change.unchanged, len(change.successions))


def ahead(conn: Connection, since: date) -> list[Unit]:
    """Every unit that is true on that day or will be, once, as it is first; those that begin earlier first."""
    found: dict[str, Unit] = {}
    for unit in sorted(units(conn), key=lambda unit: (unit.valid_from, unit.gso_code, unit.unit_id)):
        if unit.valid_to is None or unit.valid_to > since:
            found.setdefault(unit.unit_id, unit)
    return list(found.values())


def count(conn: Connection) -> int:
    """How many units were ever loaded."""
    return conn.execute(select(func.count()).select_from(t.unit)).scalar_one()


def _write(conn: Connection, change: Plan, at: datetime) -> None:
    if change.made:
        conn.execute(t.unit.insert(), [{"unit_id": unit.unit_id, "made_at": at} for unit in change.made])
    if change.updated:  # before the new versions, so that no day ever has two of them
        column = t.unit_version.c
        mine = (column.unit_id == bindparam("key_unit")) & (column.valid_from == bindparam("key_from"))
        rows = [{**_row(unit), "key_unit": unit.unit_id, "key_from": unit.valid_from} for unit in change.updated]
        conn.execute(t.unit_version.update().where(mine), rows)
    if fresh := [*change.made, *change.changed]:
        conn.execute(t.unit_version.insert(), [_row(unit) for unit in fresh])
    if change.successions:
        conn.execute(t.unit_succession.insert(), [
            {"from_id": step.from_id, "to_id": step.to_id, "share": step.share, "since": step.on}
            for step in change.successions
        ])


def _row(unit: Unit) -> dict[str, Any]:
    cells = dataclasses.asdict(unit)
    cells["level_id"] = cells.pop("level")
    return cells


def _unit(row: Row[Any]) -> Unit:
    return Unit(
        row.unit_id, row.name, row.type, row.level_id, row.parent_id, row.gso_code, row.organ_id, row.valid_from,
        row.valid_to, row.lat, row.lon, row.source, row.as_of, row.illustrative,
    )
