"""Use cases of what is written in a room: the chat of all, which chair and secretary moderate, and the channel between the two.

Text stands in its table alone and can be erased; the ledger has the SHA-256 of salt and text, and the salt goes with the
text, so that what was erased cannot be guessed back.  The private channel is read by those who conduct, over their own
session; it is no evidence and in no minutes, and its text is erased some time after the meeting.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from meetings.access import Action, Subject
from meetings.errors import Conflict
from meetings.meeting import ROOM_OPEN, State
from meetings.permit import permit
from meetings.store import chat_store, ledger_store, meeting_store, seat_store, voice_store
from meetings.store.database import Connection
from meetings.texts import line, paragraph
from meetings.voices import Chat

ROOM, PRIVATE = "room", "private"
LIMIT = 1000
"""Characters of one message."""
PAGE = 200
"""Messages that one reading gives, the newest ones."""
PRIVATE_KEPT = timedelta(days=30)
"""After the end of a meeting the private channel's text goes."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a reader gets; `code` and `point` are of the author's point, None for chair and secretary.  Text None: it was erased."""

    ord: int
    code: str | None
    author: str
    text: str | None
    state: str
    reason: str | None
    at: datetime
    point: str | None = None


def digest(salt: str, text: str) -> str:
    """What the ledger keeps of a text."""
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


def say(conn: Connection, meeting_id: str, text: str, by: Subject, at: datetime) -> Message:
    """A message to everybody; of a point it may be kept back first.  Raises Invalid (text), Conflict("chat.closed")."""
    text = paragraph(text, "message", LIMIT)
    _open_room(conn, meeting_id, by, Action.CHAT_SAY)
    point_id = _point_of(by)
    mode = voice_store.setting_of(conn, meeting_id).chat
    if point_id is not None and mode is Chat.CLOSED:
        raise Conflict("chat.closed")
    held = point_id is not None and mode is Chat.HELD
    ord, salt = _add(conn, meeting_id, ROOM, text, by, at, "held" if held else "said")
    seat = seat_store.one(conn, meeting_id, point_id) if point_id is not None else None
    ledger_store.append(conn, meeting_id, "chat.said", at, by, point=seat.point if seat else None,
                        data={"message": ord, "sha256": digest(salt, text), "length": len(text), "held": held})
    return Message(ord, seat.code if seat else None, _author(by), text, "held" if held else "said", None, at, seat.name if seat else None)


def release(conn: Connection, meeting_id: str, ord: int, by: Subject, at: datetime) -> Message:
    """Let a held message be read by all.  Raises NotFound("chat.unknown"), Conflict("chat.settled")."""
    row = _moderated(conn, meeting_id, ord, by)
    if row.state != "held":
        raise Conflict("chat.settled")
    chat_store.settle(conn, meeting_id, ROOM, ord, state="said")
    ledger_store.append(conn, meeting_id, "chat.passed", at, by, data={"message": ord})
    return _message(chat_store.one(conn, meeting_id, ROOM, ord))


def hide(conn: Connection, meeting_id: str, ord: int, reason: str, by: Subject, at: datetime) -> None:
    """Take a message away from all but chair and secretary.  Raises Invalid (no reason), Conflict("chat.settled")."""
    reason = line(reason, "reason", 500)
    row = _moderated(conn, meeting_id, ord, by)
    if row.state not in ("said", "held"):
        raise Conflict("chat.settled")
    chat_store.settle(conn, meeting_id, ROOM, ord, state="hidden", reason=reason)
    ledger_store.append(conn, meeting_id, "chat.hidden", at, by, data={"message": ord, "reason": reason})


def erase(conn: Connection, meeting_id: str, ord: int, reason: str, by: Subject, at: datetime) -> None:
    """Remove a message's text for good, also after the meeting; that there was one stays.  Raises Conflict("chat.settled")."""
    reason = line(reason, "reason", 500)
    row = _moderated(conn, meeting_id, ord, by)
    if row.state == "erased":
        raise Conflict("chat.settled")
    chat_store.settle(conn, meeting_id, ROOM, ord, state="erased", reason=reason, text=None, salt=None)
    ledger_store.append(conn, meeting_id, "chat.erased", at, by, data={"message": ord, "reason": reason})


def confide(conn: Connection, meeting_id: str, text: str, by: Subject, at: datetime) -> Message:
    """A message between chair and secretary."""
    text = paragraph(text, "message", LIMIT)
    _open_room(conn, meeting_id, by, Action.MEETING_CONDUCT)
    ord, salt = _add(conn, meeting_id, PRIVATE, text, by, at, "said")
    ledger_store.append(conn, meeting_id, "private.said", at, by,
                        data={"message": ord, "sha256": digest(salt, text), "length": len(text)})
    return Message(ord, None, _author(by), text, "said", None, at)


def read(conn: Connection, meeting_id: str, after: int = 0) -> list[Message]:
    """What everybody in the room may read, from the message after number `after` on."""
    return _messages(conn, meeting_id, ROOM, after, ("said",))


def read_all(conn: Connection, meeting_id: str, after: int = 0) -> list[Message]:
    """For whoever conducts: held, hidden and erased ones too."""
    return _messages(conn, meeting_id, ROOM, after, ("said", "held", "hidden", "erased"))


def read_private(conn: Connection, meeting_id: str, after: int = 0) -> list[Message]:
    """For whoever conducts, and nobody else."""
    return _messages(conn, meeting_id, PRIVATE, after, ("said", "erased"))


def standing(conn: Connection, meeting_id: str) -> tuple[int, int]:
    """Of what everybody may read: the newest message's number, and how many there are."""
    return chat_store.standing(conn, meeting_id, ROOM, ("said",))


def purge(conn: Connection, now: datetime) -> int:
    """Erase the private channel of meetings that are over for long; how many texts went.  Called by the clock."""
    gone = 0
    for meeting_id in chat_store.closed_before(conn, now - PRIVATE_KEPT, PRIVATE):
        count = chat_store.erase_all(conn, meeting_id, PRIVATE, "expired")
        ledger_store.append(conn, meeting_id, "private.erased", now, None, data={"count": count})
        gone += count
    return gone


def _open_room(conn: Connection, meeting_id: str, by: Subject, action: Action) -> None:
    """Locks the meeting.  Who may not is told nothing of where it stands."""
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, action)
    meeting.check_state(State.OPEN, *(ROOM_OPEN - {State.OPEN}))


def _moderated(conn: Connection, meeting_id: str, ord: int, by: Subject) -> Any:
    permit(conn, meeting_store.lock(conn, meeting_id), by, Action.MEETING_CONDUCT)
    return chat_store.one(conn, meeting_id, ROOM, ord)


def _add(conn: Connection, meeting_id: str, channel: str, text: str, by: Subject, at: datetime, state: str) -> tuple[int, str]:
    salt = secrets.token_hex(16)
    ord = chat_store.add(
        conn, meeting_id, channel, point_id=_point_of(by), user_id=by.user_id, person_id=by.person.person_id if by.person else None,
        author=_author(by), text=text, salt=salt, state=state, said_at=at)
    return ord, salt


def _point_of(by: Subject) -> int | None:
    if by.seat is not None:
        return by.seat.point_id
    return by.person.point_id if by.person is not None else None


def _author(by: Subject) -> str:
    return by.person.name if by.person is not None else by.name


def _messages(conn: Connection, meeting_id: str, channel: str, after: int, states: Sequence[str]) -> list[Message]:
    return [_message(row) for row in chat_store.after(conn, meeting_id, channel, after, states, PAGE)]


def _message(row: Any) -> Message:
    return Message(row.ord, row.code, row.author, row.text, row.state, row.reason, row.said_at, row.point)
