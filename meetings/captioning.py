"""Use cases of captions: an assistant types what is said, corrects the last line or takes it back; the text may be erased for good.

The server says who speaks: the point that has the floor.  The ledger knows who typed, how many lines there were and that they were
erased, never a text.  Called by `web/routes/captions.py`, `service` (the end of the meeting) and `web/parts/captions.py`.
"""

from __future__ import annotations

from datetime import datetime

from meetings import captions
from meetings.access import Action, Subject, decide
from meetings.captions import CORRECTABLE, LIMIT, PAGE, Line
from meetings.errors import Conflict
from meetings.meeting import Meeting, State
from meetings.permit import permit
from meetings.store import caption_store, ledger_store, meeting_store, share_store
from meetings.store.database import Connection
from meetings.texts import line


def type_line(conn: Connection, meeting_id: str, text: str, by: Subject, at: datetime) -> Line:
    """One more line.  Raises Invalid (text), Closed or Conflict("meeting.state") unless the meeting is on, Conflict("caption.full")."""
    _typing(conn, meeting_id, by)
    text = line(text, "caption", LIMIT)
    newest = caption_store.last_by(conn, meeting_id)
    last = max(newest.values(), default=0)
    captions.check_room(last)
    if by.user_id not in newest:
        ledger_store.append(conn, meeting_id, "captions.begun", at, by)
    holder, _share = share_store.with_floor(conn, meeting_id)
    caption_store.add(conn, meeting_id, ord=last + 1, user_id=by.user_id, author=by.name, point_id=holder[0] if holder else None, text=text,
                      said_at=at, until=at + CORRECTABLE)
    return caption_store.one(conn, meeting_id, last + 1)


def correct(conn: Connection, meeting_id: str, ord: int, text: str, by: Subject, at: datetime) -> Line:
    """The last line of its author has another text.  Raises Invalid (text), NotFound("caption.unknown"), Conflict("caption.late")."""
    return _amend(conn, meeting_id, ord, text, by, at)


def withdraw(conn: Connection, meeting_id: str, ord: int, by: Subject, at: datetime) -> Line:
    """The last line of its author is taken back.  Raises NotFound("caption.unknown"), Conflict("caption.late")."""
    return _amend(conn, meeting_id, ord, None, by, at)


def erase(conn: Connection, meeting_id: str, reason: str, by: Subject, at: datetime) -> int:
    """All texts of the meeting go for good, also after its end; how many.  Raises Invalid (no reason), Conflict("caption.none")."""
    permit(conn, meeting_store.lock(conn, meeting_id), by, Action.RECORDING_DELETE)
    reason = line(reason, "reason", 500)
    count = caption_store.erase(conn, meeting_id)
    if not count:
        raise Conflict("caption.none")
    ledger_store.append(conn, meeting_id, "captions.erased", at, by, data={"count": count, "reason": reason})
    return count


def finish(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """The meeting ends: the ledger counts the lines, where there were any.  Part of `service.close`."""
    lines, kept = caption_store.counts(conn, meeting_id)
    if lines:
        ledger_store.append(conn, meeting_id, "captions.ended", at, by, data={"lines": lines, "kept": kept})


def read(conn: Connection, meeting_id: str, after: int = 0) -> list[Line]:
    """What everybody in the room may read again: the newest lines, from the one after number `after` on."""
    return caption_store.newest(conn, meeting_id, PAGE, after)


def open_lines(conn: Connection, meeting: Meeting, lines: list[Line], by: Subject, at: datetime) -> set[int]:
    """Numbers of those that this person may still correct."""
    if meeting.state not in _ON:
        return set()
    newest, conducts = caption_store.last_by(conn, meeting.meeting_id), _conducts(meeting, by)
    return {one.ord for one in lines if captions.is_open(one, newest[one.user_id], by.user_id, conducts, at)}


_ON = frozenset({State.OPEN, State.SUSPENDED})


def _amend(conn: Connection, meeting_id: str, ord: int, text: str | None, by: Subject, at: datetime) -> Line:
    meeting = _typing(conn, meeting_id, by)
    if text is not None:
        text = line(text, "caption", LIMIT)
    known = caption_store.one(conn, meeting_id, ord)
    captions.check_open(known, caption_store.last_by(conn, meeting_id)[known.user_id], by.user_id, _conducts(meeting, by), at)
    caption_store.amend(conn, meeting_id, ord, text, at)
    return caption_store.one(conn, meeting_id, ord)


def _typing(conn: Connection, meeting_id: str, by: Subject) -> Meeting:
    """The locked meeting.  Who may not is told nothing of where it stands."""
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.CAPTION_TYPE)
    meeting.check_state(State.OPEN, State.SUSPENDED)
    return meeting


def _conducts(meeting: Meeting, by: Subject) -> bool:
    return decide(by, Action.MEETING_CONDUCT, meeting.resource()).allowed
