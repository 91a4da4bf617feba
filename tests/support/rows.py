"""A row in every table that has none, made from the tables themselves, so that a new one is filled from the day it exists.  A tool of tests.

Columns that may be empty are, references lead to a row that is there, and what a constraint or trigger wants stands in `GIVEN`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean, CheckConstraint, Column, Connection, Date, DateTime, ForeignKeyConstraint, Integer, Table, func, insert, select, text,
)

import web.app  # noqa: F401 - every table is known
from meetings.store.base import JsonText, UtcDateTime, metadata

GIVEN: Mapping[str, Mapping[str, Any]] = {
    "feed": {"user_id": "u"}, "document": {"state": "in"}, "voice": {"muted": True}, "delegate": {"state": "absent"}, "number_series": {"year": 2026}, "chat_message": {"text": "Chào", "salt": "s"},
    "displacement": {"lost_id": "SELECT max(meeting_id) FROM meeting"},
    "unit_succession": {"to_id": "SELECT max(unit_id) FROM unit"},
    "signature": {"role": "initials", "before_sha256": "SELECT pdf_sha256 FROM sign_round"},
}
AT_THE_END = frozenset({"packet", "release_link", "ballot", "turnout", "hand_count", "recording", "recording_told", "composition", "paper_shown", "slip_join", "slip_answer", "slip_reminder", "screen_share", "caption"})
"""What a trigger takes only from minutes that went all their way, while a vote or a meeting is open, of a paper with pages, or of who may share."""
_ONE_OF = re.compile(r"(\w+) IN \('(\w[\w-]*)'")


def fill(conn: Connection, at: datetime) -> set[str]:
    """Names of the tables that got a row."""
    made = set()
    for table in metadata.sorted_tables:
        if table.name not in AT_THE_END and conn.execute(select(func.count()).select_from(table)).scalar_one() == 0:
            conn.execute(insert(table).values(**row(conn, table, at)))
            made.add(table.name)
    return made


def row(conn: Connection, table: Table, at: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {name: conn.execute(text(value)).scalar() if str(value).startswith("SELECT ") else value
                             for name, value in GIVEN.get(table.name, {}).items()}
    for key in table.constraints:
        if isinstance(key, ForeignKeyConstraint) and not all(column.nullable for column in key.columns):
            wanted = [element.column for element in key.elements]
            parent = conn.execute(select(*wanted).order_by(*wanted).limit(1)).one()
            found |= {column.name: found.get(column.name, value) for column, value in zip(key.columns, parent, strict=True)}
        elif isinstance(key, CheckConstraint) and (told := _ONE_OF.match(str(key.sqltext))):
            found.setdefault(told[1], told[2])
    for place, column in enumerate(table.columns):
        if column.name not in found and not column.nullable and not (column.primary_key and column.autoincrement is True):
            found[column.name] = _value(column, at + place * timedelta(seconds=1))
    return found


def _value(column: Column[Any], at: datetime) -> Any:
    kind = column.type
    if isinstance(kind, JsonText):
        return {}
    if isinstance(kind, UtcDateTime | DateTime):
        return at + timedelta(days=1) if column.name == "expires_at" else at
    if isinstance(kind, Date):
        return date(2026, 3, 5)
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer):
        return 1
    if "sha256" in column.name:
        return f"{column.name.encode().hex():0<64}"[:64]
    return column.name[:getattr(kind, "length", None) or 40]
