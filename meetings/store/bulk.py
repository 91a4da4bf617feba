"""Many rows by one statement, whatever their number.  Called by the stores that write a row for each point.

PostgreSQL gets one array for each column: row by row, or with each value a parameter of its own, a province's seats take five
times as long.  SQLite has no way to travel and takes them as they come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY


def add_rows(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts the rows, which all name the same columns; of none, nothing."""
    if not rows:
        return
    if conn.dialect.name != "postgresql":
        conn.execute(table.insert(), list(rows))
        return
    names = list(rows[0])
    # One dimension: a value may itself be a list, which its column keeps as text.
    kinds = {name: ARRAY(table.c[name].type, dimensions=1) for name in names}
    columns = [func.unnest(bindparam(None, [row[name] for row in rows], type_=kinds[name], unique=True)) for name in names]
    conn.execute(table.insert().from_select(names, select(*columns)))
