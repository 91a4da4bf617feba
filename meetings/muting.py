"""Use cases of who is heard and who is large: mute and free one or all, ask to speak, the lobby, the spotlight, the room's setting.

All of them lock the meeting first.  They only write down what was said; the hub makes it hold at the relay, from
`web/roompolicy.py`.  The chair's own point is never muted by the server: whoever conducts it has a switch of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from meetings import sharing
from meetings.access import Action, Subject
from meetings.errors import Conflict, NotAllowed
from meetings.meeting import ROOM_OPEN, Meeting, State
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store, seat_store, voice_store
from meetings.store.database import Connection
from meetings.store.seat_store import Seat
from meetings.voices import Voice, chat_of, lobby_of, muted_above_of


def mute(conn: Connection, meeting_id: str, point_id: int, muted: bool, by: Subject, at: datetime) -> bool:
    """Silence one point, or let it be heard; False if it was so already.

    Who has the floor is silenced too: the later word counts.  Raises NotFound("seat.unknown"), Conflict("voice.main").
    """
    meeting = _running(conn, meeting_id, by)
    seat = _other(conn, meeting, point_id)
    voices = voice_store.voices_of(conn, meeting_id)
    own, holder = voices.said.get(point_id), seat_store.floor_of(conn, meeting_id)
    if muted:
        if own and own.muted and not (holder and holder[0] == point_id and own.since < holder[1]):
            return False
        event = ledger_store.append(conn, meeting_id, "voice.muted", at, by, point=seat.point)
        voice_store.say(conn, meeting_id, Voice(point_id, True, event.at))
        sharing.settle(conn, meeting, by, at)
        return True
    if voices.freed(point_id) or not (voices.muted(point_id) or holder):
        return False
    event = ledger_store.append(conn, meeting_id, "voice.freed", at, by, point=seat.point)
    if voices.setting.all_muted or holder:
        voice_store.say(conn, meeting_id, Voice(point_id, False, event.at))
    else:
        voice_store.forget(conn, meeting_id, [point_id])  # like everybody again; no privilege over a later floor
    return True


def mute_all(conn: Connection, meeting_id: str, muted: bool, by: Subject, at: datetime) -> bool:
    """Silence every point but the chair's, or let all be heard; what was said of single points is void.  False if nothing changed."""
    _running(conn, meeting_id, by)
    voices = voice_store.voices_of(conn, meeting_id)
    if voices.setting.all_muted == muted and not voices.said:
        return False
    voice_store.forget(conn, meeting_id)
    voice_store.save_setting(conn, meeting_id, all_muted=muted)
    if muted:
        ledger_store.append(conn, meeting_id, "room.muted", at, by, data={"opening": False})
    else:
        ledger_store.append(conn, meeting_id, "room.freed", at, by)
    return True


def at_opening(conn: Connection, meeting: Meeting, by: Subject, at: datetime) -> None:
    """Part of the opening: a large meeting begins silent, as its setting says."""
    setting = voice_store.setting_of(conn, meeting.meeting_id)
    points, _present = seat_store.counts(conn, meeting.meeting_id)
    if setting.opens_muted(points) and not setting.all_muted:
        voice_store.save_setting(conn, meeting.meeting_id, all_muted=True)
        ledger_store.append(conn, meeting.meeting_id, "room.muted", at, by, data={"opening": True})


def ask(conn: Connection, meeting_id: str, point_id: int, by: Subject, at: datetime) -> bool:
    """Ask a point to speak: it may then free itself.  False if it is asked already.

    Raises NotFound("seat.unknown"), Conflict("voice.main" | "voice.absent").
    """
    meeting = _running(conn, meeting_id, by)
    meeting.check_state(State.OPEN)
    seat = _other(conn, meeting, point_id)
    if seat.joined_at is None:
        raise Conflict("voice.absent", point=seat.point)
    own = voice_store.voices_of(conn, meeting_id).said.get(point_id)
    if own and own.asked_at:
        return False
    event = ledger_store.append(conn, meeting_id, "voice.asked", at, by, point=seat.point)
    voice_store.say(conn, meeting_id, Voice(point_id, own.muted if own else None, own.since if own else event.at, event.at))
    return True


def answer(conn: Connection, meeting_id: str, point_id: int, accept: bool, by: Subject, at: datetime) -> None:
    """The asked point's own word: it lets itself be heard, or not now.  Nobody else's, and nobody's who was not asked.

    Raises NotAllowed("voice.foreign"), Conflict("voice.not_asked").
    """
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.HAND_RAISE)
    if by.seat is None or by.seat.point_id != point_id:
        raise NotAllowed("voice.foreign")
    meeting.check_state(State.OPEN, State.SUSPENDED)
    seat = seat_store.one(conn, meeting_id, point_id)
    own = voice_store.voices_of(conn, meeting_id).said.get(point_id)
    if own is None or own.asked_at is None:
        raise Conflict("voice.not_asked")
    event = ledger_store.append(conn, meeting_id, "voice.answered", at, by, point=seat.point, data={"accepted": accept})
    if accept:
        voice_store.say(conn, meeting_id, Voice(point_id, False, event.at))
    elif own.muted is None:
        voice_store.forget(conn, meeting_id, [point_id])
    else:
        voice_store.say(conn, meeting_id, Voice(point_id, own.muted, own.since))


def spotlight(conn: Connection, meeting_id: str, point_id: int | None, by: Subject, at: datetime) -> bool:
    """Make one point's picture large for everybody (None: nobody's in particular).  False if it was so already."""
    return _single_out(conn, meeting_id, "spotlight", point_id, "stage.set", by, at)


def interpret(conn: Connection, meeting_id: str, point_id: int | None, by: Subject, at: datetime) -> bool:
    """This point interprets into sign language: whoever wants it keeps its picture in view (None: nobody does).  False if it was so already."""
    return _single_out(conn, meeting_id, "sign", point_id, "sign.set", by, at)


def _single_out(conn: Connection, meeting_id: str, role: str, point_id: int | None, kind: str, by: Subject, at: datetime) -> bool:
    _running(conn, meeting_id, by)
    seat = seat_store.one(conn, meeting_id, point_id) if point_id is not None else None
    if getattr(voice_store.setting_of(conn, meeting_id), role) == point_id:
        return False
    voice_store.save_setting(conn, meeting_id, **{role: point_id})
    ledger_store.append(conn, meeting_id, kind, at, by, point=seat.point if seat else None)
    return True


def set_room(conn: Connection, meeting_id: str, by: Subject, at: datetime, *, lobby: object = None, chat: object = None,
             muted_above: object = None) -> bool:
    """Change the lobby, the chat's mode, or above how many points the meeting opens silent; None leaves a thing as it is.

    False if nothing changed.  Raises Invalid("setting.…").
    """
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_CONDUCT)
    meeting.check_alive()
    before = voice_store.setting_of(conn, meeting_id)
    wanted: dict[str, Any] = {}
    if lobby is not None:
        wanted["lobby"] = lobby_of(lobby)
    if chat is not None:
        wanted["chat"] = chat_of(chat)
    if muted_above is not None:
        wanted["muted_above"] = muted_above_of(muted_above)
    changed = {name: value for name, value in wanted.items() if getattr(before, name) != value}
    if not changed:
        return False
    voice_store.save_setting(conn, meeting_id, **changed)
    ledger_store.append(conn, meeting_id, "room.set", at, by, data={name: value if isinstance(value, int) else str(value) for name, value in changed.items()})
    return True


def _running(conn: Connection, meeting_id: str, by: Subject) -> Meeting:
    """The locked meeting, if `by` conducts it and its room is open (the lobby too)."""
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_CONDUCT)
    meeting.check_state(State.OPEN, *(ROOM_OPEN - {State.OPEN}))
    return meeting


def _other(conn: Connection, meeting: Meeting, point_id: int) -> Seat:
    seat = seat_store.one(conn, meeting.meeting_id, point_id)
    if point_id == meeting.main_point_id:
        raise Conflict("voice.main", point=seat.point)
    return seat
