"""Do the tables say what the ledger says?  Compares; changes nothing.  Called by `python3 -m web check` and at the start of the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from meetings.replay import Hall
from meetings.store import hall_store, ledger_reading
from meetings.store.database import Connection

SIZE = 1_000
CONTRADICTION = "record"
"""The section of an event that cannot follow those before it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """In one section: what the ledger tells of a thing and what the table holds of it; None: nothing."""

    section: str
    key: Any
    told: Any
    kept: Any


def differences(conn: Connection, meeting_id: str) -> list[Difference]:
    """Every thing of which ledger and tables say not the same.  Raises NotFound("not_found")."""
    hall = Hall()
    for piece in ledger_reading.pieces(conn, meeting_id, 0, SIZE):
        for event in piece:
            try:
                hall.take(event)
            except Exception as error:  # whatever a record does that contradicts itself: it is told and not raised
                return [Difference(CONTRADICTION, event.seq, event.kind, repr(error))]
    return between(hall, conn, meeting_id)


def between(hall: Hall, conn: Connection, meeting_id: str) -> list[Difference]:
    """Of a hall that has taken every event."""
    told, kept = hall.sections(), hall_store.sections(conn, meeting_id)
    return [Difference(section, key, told[section].get(key), kept[section].get(key))
            for section in told for key in sorted({*told[section], *kept[section]}, key=str)
            if told[section].get(key) != kept[section].get(key)]
