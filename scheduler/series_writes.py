"""Rows of series, written: a series is added, saved, split in two; its meetings take their names in it.

Decides no dates; whoever calls holds the series locked.  Called by `series_store` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from meetings.ids import new_id
from scheduler import series_invitations
from scheduler.series import Series
from scheduler.series_rows import Place, Stored, get, members
from scheduler.series_table import series as table
from scheduler.series_table import series_meeting as link


def lock(conn: Connection, series_id: str) -> None:
    conn.execute(select(table.c.series_id).where(table.c.series_id == series_id).with_for_update())


def add(conn: Connection, unit_id: str, series: Series, at: datetime, split_from: str | None = None) -> str:
    series_id = new_id(at)
    conn.execute(insert(table).values(series_id=series_id, unit_id=unit_id, version=1, split_from=split_from, made_at=at,
                                      ended_at=None, **_columns(series)))
    return series_id


def save(conn: Connection, series_id: str, series: Series, **more: Any) -> None:
    mine = update(table).where(table.c.series_id == series_id)
    conn.execute(mine.values(version=table.c.version + 1, **_columns(series), **more))


def join(conn: Connection, series_id: str, key: datetime, meeting_id: str) -> None:
    conn.execute(insert(link).values(series_id=series_id, key=key.isoformat(), meeting_id=meeting_id))


def split_off(conn: Connection, stored: Stored, key: str, at: datetime) -> str:
    """The series from `key` on: itself where nothing comes before, else a new one that takes those meetings along."""
    before, after = stored.series.split(datetime.fromisoformat(key))
    if before is None:
        save(conn, stored.series_id, after)
        return stored.series_id
    unit_id = conn.execute(select(table.c.unit_id).where(table.c.series_id == stored.series_id)).scalar_one()
    made = add(conn, unit_id, after, at, split_from=stored.series_id)
    conn.execute(update(link).where(link.c.series_id == stored.series_id, link.c.key >= key).values(series_id=made))
    save(conn, stored.series_id, before)
    series_invitations.begin(conn, made, at, after=stored.series_id)
    return made


def rename(conn: Connection, series_id: str, goes: Mapping[datetime, datetime], series: Series) -> None:
    """Every date takes the name it goes to, and one that is cancelled only where nobody meets; its own then is one that is free."""
    rows = members(conn, series_id)
    keys = {row.meeting_id: datetime.fromisoformat(row.key) for row in rows}
    given = set(series.keys())
    names: dict[str, datetime] = {}
    for row in rows:
        new = goes.get(keys[row.meeting_id])
        if new is not None and (new in series.excluded) == (row.state == "cancelled"):
            names[row.meeting_id] = new
    taken = given | set(names.values())
    for meeting_id, key in keys.items():
        if meeting_id not in names:
            while key in taken:
                key += timedelta(seconds=1)
            names[meeting_id] = key
            taken.add(key)
    if names != keys:
        conn.execute(delete(link).where(link.c.series_id == series_id))
        conn.execute(insert(link), [{"series_id": series_id, "key": key.isoformat(), "meeting_id": one} for one, key in names.items()])


def strike(conn: Connection, place: Place, at: datetime) -> None:
    """One occurrence less of a series that is locked; the last one takes the series with it."""
    stored = get(conn, place.stored.series_id)
    if [one.key for one in stored.series.occurrences()] == [place.key]:
        save(conn, stored.series_id, stored.series, ended_at=at)
    else:
        save(conn, stored.series_id, stored.series.without(place.key))


def _columns(series: Series) -> dict[str, Any]:
    return {"rule": series.rule, "starts": series.start.isoformat(), "zone": series.zone,
            "length_s": int(series.length.total_seconds()), "excluded": sorted(key.isoformat() for key in series.excluded)}
