"""Use cases of recording: start, stop, pause and go on with the meeting; who was told; one file; receipts; deletion.

Only chair and secretary start and stop; everybody in the room is told why and for how long, whoever comes later too.  What
is heard and seen is written by a recorder that the web keeps going (`web/recordings.py`); here stands what is to be, and what
the files were in the end.  Never touches a file.  `follow` is part of the meeting's own moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from meetings.access import Action, Subject
from meetings.errors import Conflict, Invalid, NotAllowed, NotFound
from meetings.ids import new_id
from meetings.ledger import stamp
from meetings.meeting import Meeting, State
from meetings.permit import permit
from meetings.recording import FORMATS, REASON, Kept, Recording, Stand, folder_name, wanted
from meetings.store import ledger_store, meeting_store, recording_store, seat_store
from meetings.store.database import Connection
from meetings.store.recording_store import Composition
from meetings.texts import line

__all__ = ["Composition", "Kept", "Recording", "Stand"]


# --- while the meeting is open -------------------------------------------------------------------------------------


def start(
    conn: Connection, meeting_id: str, purpose: str, notice: str, days: int, asks: bool, by: Subject, at: datetime,
) -> Recording:
    """Recording begins: everybody who is there is told now, whoever comes later on coming (`told`).

    asks: every point is to say that it knows.  Raises Invalid (purpose, notice, days), Conflict("meeting.state" |
    "recording.running").
    """
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.RECORDING_RUN)
    meeting.check_state(State.OPEN)
    asked = wanted(purpose, notice, days, at)
    if recording_store.running(conn, meeting_id):
        raise Conflict("recording.running", title=meeting.title)
    recording_id = new_id(at)
    recording_store.add(
        conn, recording_id=recording_id, meeting_id=meeting_id, folder=folder_name(recording_id, at), purpose=asked.purpose,
        notice=asked.notice, asks=asks, keep_until=asked.keep_until, started_by=_who(by), started_at=at)
    here = [seat.point_id for seat in seat_store.seats(conn, meeting_id) if seat.joined_at is not None]
    recording_store.add_told(conn, recording_id, here, late=False)
    ledger_store.append(conn, meeting_id, "recording.started", at, by, data={
        "recording": recording_id, "purpose": asked.purpose, "notice": asked.notice, "asks": asks,
        "keep_until": stamp(asked.keep_until), "present": len(here)})
    return recording_store.load(conn, recording_id)


def stop(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> Recording:
    """By chair or secretary.  Raises Conflict("recording.none")."""
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.RECORDING_RUN)
    return _end(conn, _running(conn, meeting), "stopped", by, at)


def broke(conn: Connection, recording_id: str, reason: str, at: datetime) -> None:
    """The recorder can do no more (disk_full, disk_error, failed).  Does nothing for one that has ended."""
    found = _locked(conn, recording_id)
    if found.ended_at is None:
        _end(conn, found, reason, None, at)


def follow(conn: Connection, meeting_id: str, state: State, by: Subject, at: datetime) -> None:
    """Part of suspending, resuming and closing, each of which has locked the meeting: nothing is recorded in a pause.

    Before the meeting leaves OPEN, and after it is OPEN again: the database refuses the other order.
    """
    for found in recording_store.running(conn, meeting_id):
        if state is State.CONCLUDED:
            _end(conn, found, "meeting_closed", by, at)
        elif state is State.SUSPENDED and found.paused_at is None:
            recording_store.save(conn, found.recording_id, paused_at=at)
            ledger_store.append(conn, meeting_id, "recording.paused", at, by, data={"recording": found.recording_id})
        elif state is State.OPEN and found.paused_at is not None:
            recording_store.save(conn, found.recording_id, paused_at=None)
            _resumed(conn, found, "meeting", found.paused_at, by, at)


def resumed(conn: Connection, recording_id: str, since: datetime, at: datetime) -> None:
    """The server was away: nobody recorded from `since` until now.  Does nothing for one that has ended or is paused."""
    found = _locked(conn, recording_id)
    if found.ended_at is None and found.paused_at is None:
        _resumed(conn, found, "restart", since, None, at)


def told(conn: Connection, meeting_id: str, by: Subject, agreed: bool, at: datetime) -> bool:
    """The page of a point says that it shows the notice (agreed: somebody there said that they know); False if that was known.

    Of a point that came after the start the ledger says so once, of others only when they were asked to agree.  The point says it by
    its own link, which a person behind it does not have.
    """
    meeting, ref = meeting_store.lock(conn, meeting_id), by.seat
    permit(conn, meeting, by, Action.MEETING_JOIN)
    if ref is None:
        raise NotAllowed("not_allowed", action=Action.MEETING_JOIN.value)
    found = _running(conn, meeting)
    known = recording_store.told_of(conn, found.recording_id, ref.point_id)
    agreed = agreed and found.asks
    if known is not None and known.shown_at is not None and (known.agreed_at is not None or not agreed):
        return False
    late = known.late if known else True
    if known is None:
        recording_store.add_told(conn, found.recording_id, [ref.point_id], late=True)
    shown = known.shown_at if known and known.shown_at else at
    recording_store.save_told(conn, found.recording_id, ref.point_id, shown_at=shown, agreed_at=at if agreed else None)
    if agreed if found.asks else late:
        seat = seat_store.one(conn, meeting_id, ref.point_id)
        ledger_store.append(conn, meeting_id, "recording.told", at, by, point=seat.point, data={
            "recording": found.recording_id, "late": late, "agreed": agreed})
    return True


# --- afterwards ----------------------------------------------------------------------------------------------------


def kept(conn: Connection, recording_id: str, what: Kept, at: datetime) -> None:
    """Everything of a recording that has ended is on the disk.  Does nothing the second time."""
    found = _locked(conn, recording_id)
    if found.kept_at is not None:
        return
    facts = {"seconds": what.seconds, "tracks": what.tracks, "gaps": what.gaps, "bytes": what.bytes,
             "manifest_sha256": what.manifest_sha256}
    recording_store.save(conn, recording_id, kept_at=at, **facts)
    ledger_store.append(conn, found.meeting_id, "recording.kept", at, data={"recording": recording_id, **facts})


def readable(conn: Connection, meeting_id: str, recording_id: str, by: Subject) -> Recording:
    """One whose files are there, for whoever may see it.  Raises NotFound, Conflict("recording.unfinished" | "recording.gone")."""
    found = _of(conn, meeting_id, recording_id)
    permit(conn, meeting_store.load(conn, meeting_id), by, Action.RECORDING_READ)
    return _whole(found)


def compose(conn: Connection, meeting_id: str, recording_id: str, form: str, by: Subject, at: datetime) -> bool:
    """One file is wanted; False if it is there, or being made.  Raises Invalid, NotFound, Conflict as `readable`."""
    if form not in FORMATS:
        raise Invalid("recording.format", field="format")
    meeting_store.lock(conn, meeting_id)
    readable(conn, meeting_id, recording_id, by)
    known = recording_store.composition_of(conn, recording_id, form)
    if known is not None and known.state != "failed":
        return False
    recording_store.put_composition(conn, recording_id, form, state="waiting", asked_by=_who(by), asked_at=at, ended_at=None, problem=None)
    return True


def composed(conn: Connection, recording_id: str, form: str, size: int, sha256: str, at: datetime) -> None:
    """The file is there.  Raises Conflict("recording.gone") for what was deleted meanwhile."""
    found = _whole(_locked(conn, recording_id))
    recording_store.put_composition(conn, recording_id, form, state="done", bytes=size, sha256=sha256, ended_at=at)
    ledger_store.append(conn, found.meeting_id, "recording.composed", at, data={
        "recording": recording_id, "format": form, "bytes": size, "sha256": sha256})


def released(conn: Connection, recording_id: str, file: str, sha256: str, by: Subject, at: datetime) -> None:
    """The receipt of a file, before its first byte goes out."""
    found = _whole(_locked(conn, recording_id))  # no receipt after a deletion
    permit(conn, meeting_store.load(conn, found.meeting_id), by, Action.RECORDING_READ)
    ledger_store.append(conn, found.meeting_id, "recording.released", at, by, data={
        "recording": recording_id, "file": file, "sha256": sha256, "to": by.name})


def delete(conn: Connection, meeting_id: str, recording_id: str, reason: str, by: Subject, at: datetime) -> Recording:
    """By the secretary, with a reason.  The files go afterwards (`erased`).  Raises Conflict as `readable`, Invalid."""
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.RECORDING_DELETE)
    return _delete(conn, _whole(_of(conn, meeting_id, recording_id)), line(reason, "reason", REASON), by, at)


def delete_overdue(conn: Connection, at: datetime) -> list[Recording]:
    """Those kept for as long as was said when they began."""
    return [_delete(conn, _locked(conn, found.recording_id), "retention", None, at) for found in recording_store.overdue(conn, at)]


def erased(conn: Connection, recording_id: str, files: int, size: int, at: datetime) -> None:
    """Nothing of it is on the disk any more: the proof of a deletion.  Does nothing the second time."""
    found = _locked(conn, recording_id)
    if found.erased_at is not None:
        return
    recording_store.save(conn, recording_id, erased_at=at)
    ledger_store.append(conn, found.meeting_id, "recording.erased", at, data={
        "recording": recording_id, "files": files, "bytes": size, "manifest_sha256": found.manifest_sha256})


# --- parts ---------------------------------------------------------------------------------------------------------


def _running(conn: Connection, meeting: Meeting) -> Recording:
    found = recording_store.running(conn, meeting.meeting_id)
    if not found:
        raise Conflict("recording.none", title=meeting.title)
    return found[0]


def _of(conn: Connection, meeting_id: str, recording_id: str) -> Recording:
    found = recording_store.load(conn, recording_id)
    if found.meeting_id != meeting_id:
        raise NotFound("not_found")
    return found


def _locked(conn: Connection, recording_id: str) -> Recording:
    """As it stands once nobody else changes its meeting."""
    meeting_store.lock(conn, recording_store.load(conn, recording_id).meeting_id)
    return recording_store.load(conn, recording_id)


def _whole(found: Recording) -> Recording:
    if found.deleted_at is not None:
        raise Conflict("recording.gone")
    if found.kept_at is None:
        raise Conflict("recording.unfinished")
    return found


def _end(conn: Connection, found: Recording, reason: str, by: Subject | None, at: datetime) -> Recording:
    recording_store.save(conn, found.recording_id, ended_at=at, reason=reason)
    ledger_store.append(conn, found.meeting_id, "recording.ended", at, by, data={"recording": found.recording_id, "reason": reason})
    return replace(found, ended_at=at, reason=reason)


def _resumed(conn: Connection, found: Recording, reason: str, since: datetime, by: Subject | None, at: datetime) -> None:
    ledger_store.append(conn, found.meeting_id, "recording.resumed", at, by, data={
        "recording": found.recording_id, "reason": reason, "seconds": max(0, round((at - since).total_seconds()))})


def _delete(conn: Connection, found: Recording, reason: str, by: Subject | None, at: datetime) -> Recording:
    who: Mapping[str, Any] | None = _who(by) if by else None
    recording_store.save(conn, found.recording_id, deleted_at=at, deleted_by=who, deleted_reason=reason)
    ledger_store.append(conn, found.meeting_id, "recording.deleted", at, by, data={
        "recording": found.recording_id, "reason": reason, "manifest_sha256": found.manifest_sha256})
    return recording_store.load(conn, found.recording_id)


def _who(by: Subject) -> dict[str, Any]:
    return {"user": by.user_id, "name": by.name, "title": by.title}
