"""Writes again, from the ledger, what only mirrors it: the floor, raised hands, times, what was said of voices and the room's setting.

The ledger is the truth of a meeting.  What cannot be told from it alone, or is a record of its own (ballots, papers, the roll), is never
touched here: it is reported.  Called at the start of the server and by `python3 -m web check --mend`, never while people are in the room.
"""

from __future__ import annotations

from dataclasses import asdict

from meetings.ledger import verify_chain
from meetings.replay import Hall, replay
from meetings.replay.check import Difference, between
from meetings.store import ledger_store, meeting_store, seat_store, speech_store, voice_store
from meetings.store.database import Connection

MENDABLE = frozenset({"floor", "hands", "times", "setting", "said"})
OF_SPEECHES = frozenset({"floor", "hands"})
"""These mirror the speeches as well: where those differ too, a floor alone would be one that nobody can take back."""


def mend(conn: Connection, meeting_id: str) -> list[Difference]:
    """What was written again; nothing where the chain itself does not hold.  Raises NotFound("not_found")."""
    meeting_store.lock(conn, meeting_id)
    events = ledger_store.events(conn, meeting_id)
    if verify_chain(events) is not None:
        return []
    hall = replay(events)
    every = between(hall, conn, meeting_id)
    kept = MENDABLE - OF_SPEECHES if any(one.section in ("speeches", "queue") for one in every) else MENDABLE
    found = [one for one in every if one.section in kept]
    for section in sorted({one.section for one in found}):
        _WRITE[section](conn, meeting_id, hall)
    return found


def _floor(conn: Connection, meeting_id: str, hall: Hall) -> None:
    seat_store.take_floor(conn, meeting_id)
    if (one := hall.speeches.speaking) and hall.speeches.since:
        seat_store.give_floor(conn, meeting_id, one.point_id, hall.speeches.since)


def _hands(conn: Connection, meeting_id: str, hall: Hall) -> None:
    seat_store.lower_hands(conn, meeting_id)
    for point, since in hall.speeches.sections()["hands"].items():
        seat_store.set_hand(conn, meeting_id, point, since)


def _times(conn: Connection, meeting_id: str, hall: Hall) -> None:
    speech_store.set_times(conn, meeting_id, hall.speeches.times)


def _setting(conn: Connection, meeting_id: str, hall: Hall) -> None:
    voice_store.save_setting(conn, meeting_id, **asdict(hall.voices.setting))


def _said(conn: Connection, meeting_id: str, hall: Hall) -> None:
    voice_store.forget(conn, meeting_id)
    for voice in hall.voices.said.values():
        voice_store.say(conn, meeting_id, voice)


_WRITE = {"floor": _floor, "hands": _hands, "times": _times, "setting": _setting, "said": _said}
