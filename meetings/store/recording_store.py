"""Reads and writes recordings, who was told of them, and the single files made of them.  Decides nothing; called by `recordings`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from meetings.errors import NotFound
from meetings.recording import Recording, Told
from meetings.store.recording_table import composition, recording, recording_told

_COLUMNS = tuple(recording.c[name] for name in Recording.__slots__)


class Composition(NamedTuple):
    """One file made, or being made, of a recording."""

    recording_id: str
    format: str
    state: str
    bytes: int | None
    sha256: str | None
    problem: str | None


_TOLD = select(recording_told.c.point_id, recording_told.c.late, recording_told.c.shown_at, recording_told.c.agreed_at)
_FILE = (composition.c.recording_id, composition.c.format, composition.c.state, composition.c.bytes, composition.c.sha256,
         composition.c.problem)


def load(conn: Connection, recording_id: str) -> Recording:
    """Raises NotFound("not_found")."""
    row = conn.execute(select(*_COLUMNS).where(recording.c.recording_id == recording_id)).first()
    if row is None:
        raise NotFound("not_found")
    return Recording(*row)


def of_meeting(conn: Connection, meeting_id: str) -> list[Recording]:
    """Oldest first."""
    query = select(*_COLUMNS).where(recording.c.meeting_id == meeting_id).order_by(recording.c.started_at, recording.c.recording_id)
    return [Recording(*row) for row in conn.execute(query).all()]


def running(conn: Connection, meeting_id: str | None = None) -> list[Recording]:
    """Those that have not ended, paused ones too: of one meeting, or all."""
    query = select(*_COLUMNS).where(recording.c.ended_at.is_(None))
    if meeting_id is not None:
        query = query.where(recording.c.meeting_id == meeting_id)
    return [Recording(*row) for row in conn.execute(query).all()]


def unkept(conn: Connection) -> list[Recording]:
    """Ended, and nobody has said yet what they consist of."""
    query = select(*_COLUMNS).where(recording.c.ended_at.is_not(None), recording.c.kept_at.is_(None))
    return [Recording(*row) for row in conn.execute(query).all()]


def overdue(conn: Connection, at: datetime) -> list[Recording]:
    """Kept for longer than was said."""
    query = select(*_COLUMNS).where(recording.c.keep_until <= at, recording.c.kept_at.is_not(None), recording.c.deleted_at.is_(None))
    return [Recording(*row) for row in conn.execute(query).all()]


def unerased(conn: Connection) -> list[Recording]:
    """Deleted, and their files are perhaps still there."""
    query = select(*_COLUMNS).where(recording.c.deleted_at.is_not(None), recording.c.erased_at.is_(None))
    return [Recording(*row) for row in conn.execute(query).all()]


def add(conn: Connection, **values: Any) -> None:
    conn.execute(insert(recording).values(**values))


def save(conn: Connection, recording_id: str, **values: Any) -> None:
    conn.execute(update(recording).where(recording.c.recording_id == recording_id).values(**values))


# --- who was told --------------------------------------------------------------------------------------------------


def told(conn: Connection, recording_id: str) -> list[Told]:
    return [Told._make(row) for row in conn.execute(_TOLD.where(recording_told.c.recording_id == recording_id)).all()]


def told_of(conn: Connection, recording_id: str, point_id: int) -> Told | None:
    row = conn.execute(_TOLD.where(recording_told.c.recording_id == recording_id, recording_told.c.point_id == point_id)).first()
    return Told._make(row) if row else None


def add_told(conn: Connection, recording_id: str, points: Iterable[int], *, late: bool) -> None:
    rows = [{"recording_id": recording_id, "point_id": point_id, "late": late} for point_id in points]
    if rows:
        conn.execute(insert(recording_told), rows)


def save_told(conn: Connection, recording_id: str, point_id: int, **values: Any) -> None:
    mine = recording_told.c.recording_id == recording_id, recording_told.c.point_id == point_id
    conn.execute(update(recording_told).where(*mine).values(**values))


# --- single files --------------------------------------------------------------------------------------------------


def compositions(conn: Connection, recording_ids: Iterable[str]) -> list[Composition]:
    query = select(*_FILE).where(composition.c.recording_id.in_(list(recording_ids))).order_by(composition.c.format)
    return [Composition._make(row) for row in conn.execute(query).all()]


def composition_of(conn: Connection, recording_id: str, form: str) -> Composition | None:
    return next((one for one in compositions(conn, [recording_id]) if one.format == form), None)


def next_composition(conn: Connection) -> Composition | None:
    """The one that has waited longest."""
    query = select(*_FILE).where(composition.c.state == "waiting").order_by(composition.c.asked_at).limit(1)
    row = conn.execute(query).first()
    return Composition._make(row) if row else None


def ahead(conn: Connection, one: Composition) -> int:
    """How many are made before it."""
    asked = select(composition.c.asked_at).where(composition.c.recording_id == one.recording_id, composition.c.format == one.format)
    query = select(func.count()).where(composition.c.state.in_(("waiting", "working")), composition.c.asked_at < asked.scalar_subquery())
    return conn.execute(query).scalar_one()


def put_composition(conn: Connection, recording_id: str, form: str, **values: Any) -> None:
    """A new one, or the same once more."""
    known = composition.c.recording_id == recording_id, composition.c.format == form
    if not conn.execute(update(composition).where(*known).values(**values)).rowcount:
        conn.execute(insert(composition).values(recording_id=recording_id, format=form, **values))


def requeue(conn: Connection) -> None:
    """After a restart nothing is being made any more."""
    conn.execute(update(composition).where(composition.c.state == "working").values(state="waiting"))
