"""Reads and writes the queue of speakers.  Decides nothing; called by `speaking` and `state`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from meetings.speech import LANES, LIVE, Kind, Speech, Standing, Times
from meetings.store.speech_table import speech, speech_times
from meetings.store.tables import event, seat

_LIVE = sorted(LIVE)
_COLUMNS = (speech.c.entry, speech.c.point_id, speech.c.kind, speech.c.standing, speech.c.lane, speech.c.place, speech.c.asked_at,
            speech.c.person_id, speech.c.person, speech.c.item, speech.c.note, speech.c.limit_s, speech.c.spoken_ms, speech.c.began_at)


def live(conn: Connection, meeting_id: str) -> list[Speech]:
    """Those who wait, speak or are paused."""
    query = select(*_COLUMNS).where(speech.c.meeting_id == meeting_id, speech.c.standing.in_(_LIVE))
    return [_speech(row) for row in conn.execute(query.order_by(speech.c.entry))]


def every(conn: Connection, meeting_id: str) -> list[Speech]:
    """Those that are over too."""
    return [_speech(row) for row in conn.execute(select(*_COLUMNS).where(speech.c.meeting_id == meeting_id).order_by(speech.c.entry))]


def find(conn: Connection, meeting_id: str, entry: int) -> Speech | None:
    row = conn.execute(select(*_COLUMNS).where(speech.c.meeting_id == meeting_id, speech.c.entry == entry)).first()
    return _speech(row) if row else None


def why_declined(conn: Connection, meeting_id: str, entry: int) -> str:
    """The chair's words, which stand in the record only."""
    told = select(event.c.data).where(event.c.meeting_id == meeting_id, event.c.seq > entry, event.c.kind == "speech.declined")
    return next((data["reason"] for data in conn.execute(told).scalars() if data["entry"] == entry), "")


def raised_since(conn: Connection, meeting_id: str, point_id: int) -> datetime | None:
    """When the earliest contribution that waits at the point was asked for."""
    return conn.execute(select(speech.c.asked_at).where(
        speech.c.meeting_id == meeting_id, speech.c.point_id == point_id, speech.c.standing == Standing.WAITING.value,
        speech.c.kind == Kind.CONTRIBUTION.value).order_by(speech.c.asked_at).limit(1)).scalar()


def add(
    conn: Connection, meeting_id: str, entry: int, point_id: int, kind: Kind, standing: Standing, at: datetime, **values: Any,
) -> None:
    conn.execute(insert(speech).values(
        meeting_id=meeting_id, entry=entry, point_id=point_id, kind=kind.value, standing=standing.value, lane=LANES[kind],
        place=entry, asked_at=at, **values))


def save(conn: Connection, meeting_id: str, entry: int, **values: Any) -> None:
    conn.execute(update(speech).where(speech.c.meeting_id == meeting_id, speech.c.entry == entry).values(**values))


def deal(conn: Connection, meeting_id: str, places: Mapping[int, tuple[int, int]]) -> None:
    """entry → its lane and place."""
    for entry, (lane, place) in places.items():
        save(conn, meeting_id, entry, lane=lane, place=place)


def follow(conn: Connection, meeting_id: str, items: Mapping[int, int | None]) -> None:
    """The programme was written anew: those who wait mean the same items as before."""
    waiting = select(speech.c.entry, speech.c.item).where(
        speech.c.meeting_id == meeting_id, speech.c.item.is_not(None), speech.c.standing == Standing.WAITING.value)
    for row in conn.execute(waiting).all():
        if (now := items.get(row.item)) != row.item:
            save(conn, meeting_id, row.entry, item=now)


def lapse(conn: Connection, meeting_id: str, at: datetime) -> None:
    """The meeting ended: nobody waits any more."""
    conn.execute(update(speech).where(speech.c.meeting_id == meeting_id, speech.c.standing.in_(_LIVE))
                 .values(standing=Standing.LAPSED.value, began_at=None, ended_at=at))


def used(conn: Connection, meeting_id: str) -> dict[str, int]:
    """unit → milliseconds that its contributions took, without what is being spoken just now."""
    query = select(seat.c.unit_id, func.sum(speech.c.spoken_ms)).join(
        seat, (seat.c.meeting_id == speech.c.meeting_id) & (seat.c.point_id == speech.c.point_id))
    query = query.where(speech.c.meeting_id == meeting_id, speech.c.kind == Kind.CONTRIBUTION.value, speech.c.spoken_ms > 0)
    return {unit: int(total) for unit, total in conn.execute(query.group_by(seat.c.unit_id))}


def spoken(conn: Connection, meeting_id: str) -> set[int]:
    """Points that had the floor, or have it."""
    query = select(speech.c.point_id).where(speech.c.meeting_id == meeting_id, speech.c.standing.in_(
        (Standing.SPEAKING.value, Standing.PAUSED.value, Standing.DONE.value)))
    return set(conn.execute(query.distinct()).scalars())


def times(conn: Connection, meeting_id: str) -> Times:
    query = select(speech_times.c.speech_s, speech_times.c.aside_s, speech_times.c.unit_s, speech_times.c.bell_s)
    row = conn.execute(query.where(speech_times.c.meeting_id == meeting_id)).first()
    return Times(*row) if row else Times()


def set_times(conn: Connection, meeting_id: str, rule: Times) -> None:
    conn.execute(delete(speech_times).where(speech_times.c.meeting_id == meeting_id))
    conn.execute(insert(speech_times).values(meeting_id=meeting_id, **rule.as_data()))


def _speech(row: Row[Any]) -> Speech:
    entry, point_id, kind, standing, *rest = row
    return Speech(entry, point_id, Kind(kind), Standing(standing), *rest)
