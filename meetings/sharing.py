"""Use cases of screens: a point shares its screen and ends it, chair and secretary let a point share and take a screen away.

One screen at a time, of a point that may (`screens.why_not`).  All of them lock the meeting first.  They only write down what was
said; the relay lets no other screen through (`web/roompolicy.py`).  `settle` is part of whatever may take the right away.
"""

from __future__ import annotations

from datetime import datetime

from meetings import screens
from meetings.access import Action, Subject
from meetings.errors import Conflict, NotAllowed
from meetings.meeting import ROOM_OPEN, Meeting
from meetings.permit import permit
from meetings.screens import Facts, Share
from meetings.speech import Standing
from meetings.store import ledger_store, meeting_store, seat_store, share_store, speech_store, voice_store
from meetings.store.database import Connection
from meetings.store.seat_store import Seat


def begin(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> bool:
    """The point shares its screen; False if it does already (another device of it, say).

    Raises NotAllowed("share.floor" | "share.muted" | "share.pause" | "share.left"), Conflict("share.taken", point).
    """
    meeting = meeting_store.lock(conn, meeting_id)
    seat = _own(conn, meeting, by)
    meeting.check_state(*sorted(ROOM_OPEN))
    if why := screens.why_not(seat.point_id, _facts(conn, meeting)):
        raise NotAllowed(f"share.{why}")
    before = share_store.of(conn, meeting_id)
    if before and before.point_id == seat.point_id:
        return False
    if before and seat.point_id != meeting.main_point_id:
        raise Conflict("share.taken", point=seat_store.one(conn, meeting_id, before.point_id).point)
    if before:
        _end(conn, meeting_id, before, "other", by, at)
    event = ledger_store.append(conn, meeting_id, "screen.shared", at, by, point=seat.point)
    share_store.save(conn, meeting_id, Share(seat.point_id, event.at))
    return True


def may_send(conn: Connection, meeting_id: str, by: Subject) -> None:
    """Returns while this point's screen is the shared one.  Raises Conflict("share.none")."""
    meeting = meeting_store.load(conn, meeting_id)
    seat, now = _own(conn, meeting, by), share_store.of(conn, meeting_id)
    if now is None or now.point_id != seat.point_id:
        raise Conflict("share.none")


def finish(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> bool:
    """The point's own word; False if its screen was not shared any more."""
    meeting = meeting_store.lock(conn, meeting_id)
    seat, now = _own(conn, meeting, by), share_store.of(conn, meeting_id)
    if now is None or now.point_id != seat.point_id:
        return False
    _end(conn, meeting_id, now, "own", by, at)
    return True


def take(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> bool:
    """Chair or secretary ends whatever screen is shared; who shared it may not again without a right of its own.  False: there is none."""
    _conducted(conn, meeting_id, by)
    now = share_store.of(conn, meeting_id)
    if now is None:
        return False
    if voice_store.setting_of(conn, meeting_id).presenter == now.point_id:
        voice_store.save_setting(conn, meeting_id, presenter=None)
    _end(conn, meeting_id, now, "chair", by, at)
    return True


def let(conn: Connection, meeting_id: str, point_id: int | None, by: Subject, at: datetime) -> bool:
    """Let this one point share its screen without the floor, and no other one any more; None: nobody.  False if it was so already."""
    meeting = _conducted(conn, meeting_id, by)
    seat = seat_store.one(conn, meeting_id, point_id) if point_id is not None else None
    before = voice_store.setting_of(conn, meeting_id).presenter
    if before == point_id:
        return False
    voice_store.save_setting(conn, meeting_id, presenter=point_id)
    ledger_store.append(conn, meeting_id, "screen.allowed", at, by, point=seat.point if seat else None)
    settle(conn, meeting, by, at)
    return True


def settle(conn: Connection, meeting: Meeting, by: Subject | None, at: datetime) -> None:
    """Ends the shared screen if its point may share none any more.  Part of what moves floor, voices, stays and the meeting itself,
    each of which has locked the meeting and written what holds now."""
    now = share_store.of(conn, meeting.meeting_id)
    if now is None:
        return
    why = screens.why_not(now.point_id, _facts(conn, meeting_store.load(conn, meeting.meeting_id)))
    if why is not None:
        _end(conn, meeting.meeting_id, now, why, by, at)


def stop(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """Part of closing and of cancelling."""
    if now := share_store.of(conn, meeting_id):
        _end(conn, meeting_id, now, "closed", by, at)


def lost(conn: Connection, meeting_id: str, point_id: int, at: datetime) -> bool:
    """Nothing came of this point's screen for too long.  Called by the hub; False if it was not shared any more."""
    meeting_store.lock(conn, meeting_id)
    now = share_store.of(conn, meeting_id)
    if now is None or now.point_id != point_id:
        return False
    _end(conn, meeting_id, now, "lost", None, at)
    return True


def running(conn: Connection) -> list[tuple[str, int, str]]:
    """(meeting, point, code) of every screen that is shared anywhere: after a restart each is waited for."""
    return [(meeting_id, point_id, seat_store.one(conn, meeting_id, point_id).code) for meeting_id, point_id, _since in share_store.running(conn)]


def _end(conn: Connection, meeting_id: str, share: Share, why: str, by: Subject | None, at: datetime) -> None:
    assert why in screens.ENDS, f"unknown reason {why}"
    share_store.clear(conn, meeting_id)
    ledger_store.append(conn, meeting_id, "screen.ended", at, by, point=seat_store.one(conn, meeting_id, share.point_id).point, data={"why": why})


def _own(conn: Connection, meeting: Meeting, by: Subject) -> Seat:
    permit(conn, meeting, by, Action.DOCUMENT_PRESENT)
    if by.seat is None:
        raise NotAllowed("share.no_point")
    return seat_store.one(conn, meeting.meeting_id, by.seat.point_id)


def _conducted(conn: Connection, meeting_id: str, by: Subject) -> Meeting:
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_CONDUCT)
    meeting.check_state(*sorted(ROOM_OPEN))
    return meeting


def _facts(conn: Connection, meeting: Meeting) -> Facts:
    meeting_id = meeting.meeting_id
    paused = next((one.point_id for one in speech_store.live(conn, meeting_id) if one.standing is Standing.PAUSED), None)
    here = frozenset(seat.point_id for seat in seat_store.seats(conn, meeting_id) if seat.joined_at is not None)
    return Facts(meeting.state, meeting.main_point_id, seat_store.floor_of(conn, meeting_id), paused, voice_store.voices_of(conn, meeting_id), here)
