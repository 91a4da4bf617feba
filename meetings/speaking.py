"""Use cases of the queue of speakers and of the floor: ask, withdraw, decline, reorder, give, take, time.

All of them lock the meeting first: entries get their number from its ledger under that lock, so the queue is one order
for everybody, and two decisions never interleave.  `floor` and `seat.hand_at` follow the entries.  `service` re-exports what
other packages knew before there was a queue; the rest is called here.  Never asks what a clock of a page says.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from meetings import sharing, speech
from meetings.access import Action, Subject, decide
from meetings.errors import Conflict, NotAllowed, NotFound
from meetings.meeting import Meeting, State
from meetings.permit import conducting, permit
from meetings.speech import Kind, Speech, Standing, Times, Turn
from meetings.store import ledger_store, meeting_store, seat_store, speech_store
from meetings.store.database import Connection
from meetings.store.seat_store import Seat
from meetings.texts import line

QUEUED = (State.OPEN, State.SUSPENDED, State.CONVENED)
"""People may register before the meeting opens, and the chair may put them in order."""


def ask(
    conn: Connection, meeting_id: str, point_id: int, kind: Kind, by: Subject, at: datetime, item: int | None = None, note: str = "",
) -> int:
    """Put a point, or a person behind it, into the queue; the entry's number.  Asking twice is the entry that is there.

    Raises NotAllowed("hand.foreign"), Conflict("speech.nobody_speaks") for a question, NotFound("agenda.unknown").
    """
    note = line(note, "note", speech.NOTE_LIMIT, empty=True)
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.HAND_RAISE)
    if _own_point(by) != point_id:
        raise NotAllowed("hand.foreign")
    meeting.check_state(*(QUEUED if kind is Kind.CONTRIBUTION else QUEUED[:2]))
    person_id, person = (by.person.person_id, by.person.name) if by.person else ("", "")
    live = speech_store.live(conn, meeting_id)
    if there := next((one for one in speech.queue(live) if (one.point_id, one.person_id, one.kind) == (point_id, person_id, kind)), None):
        return there.entry
    if kind is Kind.QUESTION and _one(live, Standing.SPEAKING) is None:
        raise Conflict("speech.nobody_speaks")
    if item is not None and all(entry.item != item for entry in meeting_store.agenda_of(conn, meeting_id)):
        raise NotFound("agenda.unknown", item=item)
    said = {**({"item": item} if item is not None else {}), **({"note": note} if note else {}),
            **({"person": {"id": person_id, "name": person}} if person_id else {})}
    told = ledger_store.append(
        conn, meeting_id, "hand.raised" if kind is Kind.CONTRIBUTION else "speech.asked", at, by,
        point=seat_store.one(conn, meeting_id, point_id).point, data=said if kind is Kind.CONTRIBUTION else {"kind": kind.value, **said})
    speech_store.add(conn, meeting_id, told.seq, point_id, kind, Standing.WAITING, told.at, person_id=person_id, person=person,
                     item=item, note=note)
    _mirror(conn, meeting_id, point_id)
    return told.seq


def withdraw(conn: Connection, meeting_id: str, entry: int, by: Subject, at: datetime) -> None:
    """Take an entry out of the queue: by who asked, by its point, by whoever conducts.  Twice is once.

    Raises NotFound("speech.unknown") for one that was answered, has the floor, or never was.
    """
    meeting = meeting_store.lock(conn, meeting_id)
    one = speech_store.find(conn, meeting_id, entry)
    own = one is not None and _own_point(by) == one.point_id and (by.person is None or by.person.person_id == one.person_id)
    if not (own and decide(by, Action.HAND_RAISE, meeting.resource()).allowed):
        permit(conn, meeting, by, Action.MEETING_CONDUCT)
    meeting.check_state(*QUEUED)
    if one is None or one.standing not in (Standing.WAITING, Standing.WITHDRAWN):
        raise NotFound("speech.unknown", entry=entry)
    if one.standing is Standing.WAITING:
        _withdraw(conn, meeting_id, one, "own" if own else "chair", by, at)


def hand(conn: Connection, meeting_id: str, point_id: int, up: bool, by: Subject, at: datetime) -> bool:
    """Raise or lower a point's hand, a contribution without words; False if it was so already.

    The point itself does it; chair and secretary may lower hands, those of the people behind the point too, not raise one.
    """
    meeting = meeting_store.lock(conn, meeting_id)
    own = _own_point(by) == point_id and decide(by, Action.HAND_RAISE, meeting.resource()).allowed
    if not own:
        permit(conn, meeting, by, Action.HAND_RAISE if up else Action.MEETING_CONDUCT)
        if up:
            raise NotAllowed("hand.foreign")
    meeting.check_state(*QUEUED)
    seat_store.one(conn, meeting_id, point_id)
    person_id = by.person.person_id if by.person else ""
    up_now = [one for one in speech.queue(speech_store.live(conn, meeting_id))
              if one.kind is Kind.CONTRIBUTION and one.point_id == point_id and (not own or one.person_id == person_id)]
    if bool(up_now) == up:
        return False
    if up:
        ask(conn, meeting_id, point_id, Kind.CONTRIBUTION, by, at)
    for one in up_now:
        _withdraw(conn, meeting_id, one, "own" if own else "chair", by, at)
    return True


def decline(conn: Connection, meeting_id: str, entry: int, reason: str, by: Subject, at: datetime) -> Speech:
    """The chair does not give the floor to this entry, which is answered, and says why.  Raises NotFound("speech.unknown")."""
    reason = line(reason, "reason", speech.NOTE_LIMIT)
    _minding(conn, meeting_id, by)
    one = _waiting(conn, meeting_id, entry)
    told = ledger_store.append(conn, meeting_id, "speech.declined", at, by, point=seat_store.one(conn, meeting_id, one.point_id).point,
                               data={"entry": entry, "kind": one.kind.value, "reason": reason, **one.who})
    speech_store.save(conn, meeting_id, entry, standing=Standing.DECLINED.value, ended_at=told.at)
    _mirror(conn, meeting_id, one.point_id)
    return one


def answered(conn: Connection, meeting_id: str, entry: int, by: Subject) -> dict[str, str]:
    """{standing, kind, reason} of an entry, for who asked and for its point.  Raises NotFound("speech.unknown")."""
    one = speech_store.find(conn, meeting_id, entry)
    if one is None or _own_point(by) != one.point_id or (by.person is not None and by.person.person_id != one.person_id):
        raise NotFound("speech.unknown", entry=entry)
    declined = one.standing is Standing.DECLINED
    return {"standing": one.standing.value, "kind": one.kind.value,
            "reason": speech_store.why_declined(conn, meeting_id, entry) if declined else ""}


def order(conn: Connection, meeting_id: str, entry: int, before: int | None, by: Subject, at: datetime) -> None:
    """Put an entry before another, or at the end.  Raises NotFound("speech.unknown")."""
    _minding(conn, meeting_id, by)
    waiting = speech.queue(speech_store.live(conn, meeting_id))
    if not (places := speech.moved(waiting, entry, before)):
        return
    one = next(one for one in waiting if one.entry == entry)
    speech_store.deal(conn, meeting_id, places)
    ledger_store.append(conn, meeting_id, "speech.ordered", at, by, point=seat_store.one(conn, meeting_id, one.point_id).point,
                        data={"entry": entry, "before": before})


def lower_all(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> int:
    """Nobody waits any more; how many did.  One event tells it."""
    _minding(conn, meeting_id, by)
    waiting = speech.queue(speech_store.live(conn, meeting_id))
    if waiting:
        told = ledger_store.append(conn, meeting_id, "hands.lowered", at, by, data={"count": len(waiting)})
        for one in waiting:
            speech_store.save(conn, meeting_id, one.entry, standing=Standing.WITHDRAWN.value, ended_at=told.at)
        seat_store.lower_hands(conn, meeting_id)
    return len(waiting)


def times_set(conn: Connection, meeting_id: str, rule: Times, by: Subject, at: datetime) -> None:
    """How long turns are from now on; who is speaking keeps his time."""
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_CONDUCT)
    meeting.check_alive()
    if speech_store.times(conn, meeting_id) != rule:
        speech_store.set_times(conn, meeting_id, rule)
        ledger_store.append(conn, meeting_id, "speech.timed", at, by, data=rule.as_data())


# --- the floor -----------------------------------------------------------------------------------------------------


def floor_give(
    conn: Connection, meeting_id: str, point_id: int | None, by: Subject, at: datetime,
    kind: Kind = Kind.CONTRIBUTION, limit_s: int | None = None,
) -> None:
    """Give the floor to one point; None = take it back.  Its waiting entry of this kind, if it has one, is served by it.

    A contribution ends whoever has the floor or is paused; point of order and question pause who speaks, who gets the floor
    back when they are taken.  limit_s: seconds, else the meeting's rule.
    Raises NotFound("seat.unknown"), Conflict("floor.absent" | "floor.has" | "floor.free").
    """
    meeting = conducting(conn, meeting_id, by)
    live = speech_store.live(conn, meeting_id)
    speaking, paused = _one(live, Standing.SPEAKING), _one(live, Standing.PAUSED)
    if point_id is None or (paused and speaking and paused.point_id == point_id):
        _carry_out(conn, meeting_id, speech.take(speaking, paused), by, at)
        sharing.settle(conn, meeting, by, at)
        return
    seat = seat_store.one(conn, meeting_id, point_id)
    if speaking and speaking.point_id == point_id:
        raise Conflict("floor.has", point=seat.point)
    waiting = next((one for one in speech.queue(live) if one.point_id == point_id and one.kind is kind), None)
    _give(conn, meeting, live, seat, waiting, kind, limit_s, by, at)


def floor_call(conn: Connection, meeting_id: str, entry: int, by: Subject, at: datetime, limit_s: int | None = None) -> None:
    """Give the floor to an entry of the queue.  Raises NotFound("speech.unknown"), Conflict("floor.absent")."""
    meeting = conducting(conn, meeting_id, by)
    one = _waiting(conn, meeting_id, entry)
    seat = seat_store.one(conn, meeting_id, one.point_id)
    _give(conn, meeting, speech_store.live(conn, meeting_id), seat, one, one.kind, limit_s, by, at)


def floor_limit(conn: Connection, meeting_id: str, limit_s: int | None, by: Subject, at: datetime) -> None:
    """Another length for the turn of who speaks now.  Raises Conflict("floor.free")."""
    conducting(conn, meeting_id, by)
    speaking = _one(speech_store.live(conn, meeting_id), Standing.SPEAKING)
    if speaking is None:
        raise Conflict("floor.free")
    if speaking.limit_s != limit_s:
        speech_store.save(conn, meeting_id, speaking.entry, limit_s=limit_s)
        ledger_store.append(conn, meeting_id, "floor.limited", at, by, point=seat_store.one(conn, meeting_id, speaking.point_id).point,
                            data={"entry": speaking.entry, "limit_s": limit_s})


def end_floor(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """Part of closing: nobody speaks or waits any more."""
    live = speech_store.live(conn, meeting_id)
    over = tuple(one for one in (_one(live, Standing.SPEAKING), _one(live, Standing.PAUSED)) if one)
    _carry_out(conn, meeting_id, Turn(done=over), by, at)
    speech_store.lapse(conn, meeting_id, at)


def clock_stop(conn: Connection, meeting_id: str, at: datetime) -> None:
    """Part of suspending: nobody's time runs while the meeting rests."""
    if speaking := _one(speech_store.live(conn, meeting_id), Standing.SPEAKING):
        at = ledger_store.not_before(conn, meeting_id, at)
        speech_store.save(conn, meeting_id, speaking.entry, spoken_ms=speaking.spoken(at), began_at=None)


def clock_start(conn: Connection, meeting_id: str, at: datetime) -> None:
    """Part of resuming."""
    speaking = _one(speech_store.live(conn, meeting_id), Standing.SPEAKING)
    if speaking and speaking.began_at is None:
        speech_store.save(conn, meeting_id, speaking.entry, began_at=ledger_store.not_before(conn, meeting_id, at))


def _give(
    conn: Connection, meeting: Meeting, live: list[Speech], seat: Seat, waiting: Speech | None, kind: Kind, limit_s: int | None,
    by: Subject, at: datetime,
) -> None:
    if seat.joined_at is None:
        raise Conflict("floor.absent", point=seat.point)
    meeting_id = meeting.meeting_id
    turn = speech.give(_one(live, Standing.SPEAKING), _one(live, Standing.PAUSED), kind)
    _carry_out(conn, meeting_id, turn, by, at)
    if limit_s is None:
        limit_s = speech_store.times(conn, meeting_id).limit(kind, speech_store.used(conn, meeting_id).get(seat.unit, 0))
    told = ledger_store.append(conn, meeting_id, "floor.given", at, by, point=seat.point, data={
        **({"entry": waiting.entry} if waiting else {}), **({"kind": kind.value} if kind.interrupts else {}),
        **({"limit_s": limit_s} if limit_s is not None else {}), **(waiting.who if waiting else {})})
    now: dict[str, Any] = {"limit_s": limit_s, "began_at": told.at}
    if waiting:
        speech_store.save(conn, meeting_id, waiting.entry, standing=Standing.SPEAKING.value, **now)
    else:
        speech_store.add(conn, meeting_id, told.seq, seat.point_id, kind, Standing.SPEAKING, told.at, **now)
    seat_store.give_floor(conn, meeting_id, seat.point_id, told.at)
    if waiting and kind is Kind.CONTRIBUTION:
        ledger_store.append(conn, meeting_id, "hand.lowered", at, by, point=seat.point, data={"entry": waiting.entry, "why": "floor", **waiting.who})
        _mirror(conn, meeting_id, seat.point_id)
    sharing.settle(conn, meeting, by, at)


def _carry_out(conn: Connection, meeting_id: str, turn: Turn, by: Subject, at: datetime) -> None:
    """What a decision does to those who have the floor, in the rows and in the record."""
    for one in turn.done:
        at = ledger_store.not_before(conn, meeting_id, at)
        spoken = one.spoken(at)
        speech_store.save(conn, meeting_id, one.entry, standing=Standing.DONE.value, spoken_ms=spoken, began_at=None, ended_at=at)
        ledger_store.append(conn, meeting_id, "floor.taken", at, by, point=seat_store.one(conn, meeting_id, one.point_id).point, data={
            "entry": one.entry, "spoken_ms": spoken, **({"limit_s": one.limit_s} if one.limit_s is not None else {})})
    if turn.done or turn.pause:
        seat_store.take_floor(conn, meeting_id)
    if one := turn.pause:
        at = ledger_store.not_before(conn, meeting_id, at)
        spoken = one.spoken(at)
        speech_store.save(conn, meeting_id, one.entry, standing=Standing.PAUSED.value, spoken_ms=spoken, began_at=None)
        ledger_store.append(conn, meeting_id, "floor.paused", at, by, point=seat_store.one(conn, meeting_id, one.point_id).point,
                            data={"entry": one.entry, "spoken_ms": spoken})
    if one := turn.goes_on:
        seat = seat_store.one(conn, meeting_id, one.point_id)
        told = ledger_store.append(conn, meeting_id, "floor.continued", at, by, point=seat.point, data={"entry": one.entry, **one.who})
        speech_store.save(conn, meeting_id, one.entry, standing=Standing.SPEAKING.value, began_at=told.at)
        seat_store.give_floor(conn, meeting_id, one.point_id, told.at)


def _withdraw(conn: Connection, meeting_id: str, one: Speech, why: str, by: Subject, at: datetime) -> None:
    """why: own | chair."""
    told = ledger_store.append(conn, meeting_id, "hand.lowered" if one.kind is Kind.CONTRIBUTION else "speech.withdrawn", at, by,
                               point=seat_store.one(conn, meeting_id, one.point_id).point, data={"entry": one.entry, "why": why, **one.who})
    speech_store.save(conn, meeting_id, one.entry, standing=Standing.WITHDRAWN.value, ended_at=told.at)
    _mirror(conn, meeting_id, one.point_id)


def _minding(conn: Connection, meeting_id: str, by: Subject) -> Meeting:
    """The locked meeting, if `by` conducts it, in session or before it."""
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_CONDUCT)
    meeting.check_state(*QUEUED)
    return meeting


def _own_point(by: Subject) -> int | None:
    if by.person:
        return by.person.point_id
    return by.seat.point_id if by.seat else None


def _one(live: list[Speech], standing: Standing) -> Speech | None:
    return next((one for one in live if one.standing is standing), None)


def _waiting(conn: Connection, meeting_id: str, entry: int) -> Speech:
    for one in speech_store.live(conn, meeting_id):
        if one.entry == entry and one.standing is Standing.WAITING:
            return one
    raise NotFound("speech.unknown", entry=entry)


def _mirror(conn: Connection, meeting_id: str, point_id: int) -> None:
    """The point's hand is up while a contribution of it waits: since when, for those who know hands only."""
    seat_store.set_hand(conn, meeting_id, point_id, speech_store.raised_since(conn, meeting_id, point_id))
