"""Use cases of an open meeting: agenda, conclusions.  Re-exported by `service`; who speaks: `speaking`, votes: `balloting`.

All of them lock the meeting first, so two decisions of one meeting never interleave; the ledger is their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from meetings import agenda as programme
from meetings import motions
from meetings.access import Subject
from meetings.agenda import AgendaItem
from meetings.errors import NotFound
from meetings.meeting import AgendaLine
from meetings.permit import conducting
from meetings.store import ledger_store, meeting_store, speech_store, vote_store
from meetings.store.database import Connection
from meetings.texts import paragraph

CONCLUSION_LIMIT = 5000


def agenda_go(conn: Connection, meeting_id: str, item: int | None, by: Subject, at: datetime) -> None:
    """End the running item and start `item` (None: only end).  Raises NotFound("agenda.unknown"), Conflict."""
    conducting(conn, meeting_id, by)
    step = programme.go(meeting_store.agenda_of(conn, meeting_id), item)
    if step.end:
        end_running_item(conn, meeting_id, by, at)
    if step.start:
        meeting_store.save_item(conn, meeting_id, step.start.item, started_at=at, ended_at=None)
        ledger_store.append(conn, meeting_id, "agenda.started", at, by,
                            data={"item": step.start.item, "title": step.start.title})


def agenda_write(conn: Connection, meeting_id: str, lines: Sequence[AgendaLine], by: Subject, at: datetime) -> None:
    """The programme written anew while the meeting is on: items come, go, move and get other minutes.  Before it: `service.change`.

    Items begun or voted on keep number and title: Conflict("agenda.begun").
    """
    conducting(conn, meeting_id, by)
    before = meeting_store.agenda_of(conn, meeting_id)
    items = programme.rewritten(before, lines, bound(conn, meeting_id, before))
    replan(conn, meeting_id, before, items, by, at)
    ledger_store.append(conn, meeting_id, "meeting.changed", at, by, data={"agenda": programme.as_data(items)})


def bound(conn: Connection, meeting_id: str, items: Sequence[AgendaItem]) -> frozenset[int]:
    """Items that keep number and title: those begun, and those under which there was a vote."""
    voted = {motion.item for motion in vote_store.motions(conn, meeting_id) if motion.opened_at is not None}
    return frozenset(item.item for item in items if item.started_at is not None or item.item in voted)


def replan(conn: Connection, meeting_id: str, before: Sequence[AgendaItem], items: Sequence[AgendaItem], by: Subject, at: datetime) -> None:
    """Part of writing the programme anew: what waits under an item goes where the item went."""
    moved = programme.followed(before, items)
    speech_store.follow(conn, meeting_id, moved)
    motions.follow(conn, meeting_id, moved, by, at)
    meeting_store.set_agenda(conn, meeting_id, items)


def end_running_item(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """Part of `agenda_go` and of closing; does nothing when no item runs."""
    for item in meeting_store.agenda_of(conn, meeting_id):
        if item.running:
            meeting_store.save_item(conn, meeting_id, item.item, ended_at=at)
            ledger_store.append(conn, meeting_id, "agenda.ended", at, by, data={"item": item.item})


def conclusion_write(conn: Connection, meeting_id: str, text: str, by: Subject, at: datetime) -> int:
    """Append one numbered conclusion; its number, which is never given again."""
    text = paragraph(text, "conclusion", CONCLUSION_LIMIT)
    conducting(conn, meeting_id, by)
    ord = meeting_store.add_conclusion(conn, meeting_id, text, at)
    ledger_store.append(conn, meeting_id, "conclusion.written", at, by, data={"ord": ord, "text": text})
    return ord


def conclusion_remove(conn: Connection, meeting_id: str, ord: int, by: Subject, at: datetime) -> None:
    """Strike a conclusion; the ledger keeps what it was.  Raises NotFound("conclusion.unknown")."""
    conducting(conn, meeting_id, by)
    if not meeting_store.remove_conclusion(conn, meeting_id, ord, at):
        raise NotFound("conclusion.unknown", ord=ord)
    ledger_store.append(conn, meeting_id, "conclusion.removed", at, by, data={"ord": ord})
