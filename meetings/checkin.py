"""Use cases of people behind a point: who is there, who left, who is absent and why; heads; the roll as it stands at one moment.

By the person itself with the own link, by the point for its own people, by its unit's staff, by whoever conducts.  Who is
registered the scheduler knows (`scheduler.roll_call`), which names people here; a person of whom something is said gets a row
under the id of the registration.  Each change is one event of the ledger; names stay out of everybody's news.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from meetings import people
from meetings.access import Action, Subject, decide
from meetings.errors import Conflict, Invalid
from meetings.meeting import Meeting
from meetings.people import How, Stay, There, Wanted
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store, people_store, seat_store
from meetings.store.database import Connection
from meetings.store.seat_store import Seat
from meetings.texts import line

PAGE = 200
"""People of one event of a roll: a province's roll stays readable, and no event grows without end."""


class Known(NamedTuple):
    """A person as the registration or the point names him."""

    person_id: str
    point_id: int
    name: str
    post: str


class Standing(NamedTuple):
    """A person and the place in the roll, for a roll call."""

    person_id: str
    point_id: int
    name: str
    post: str
    state: There


def check(
    conn: Connection, meeting_id: str, who: Known, to: Wanted, by: Subject, at: datetime, *, how: How, reason: str = "",
) -> bool:
    """This is said of a person; False if it was so already.

    Raises Closed("roll.time") outside the time of the roll, Conflict("person.not_here"), NotAllowed, NotFound.
    """
    meeting, seat = _point(conn, meeting_id, who.point_id, by, who.person_id)
    reason = line(reason, "reason", 500, empty=True)
    row = people_store.find(conn, who.person_id)
    if row is not None and (row.meeting_id, row.point_id) != (meeting_id, who.point_id):
        raise Conflict("person.elsewhere", name=row.name)
    people.check_time(meeting, at)
    before = people_store.stay_of(row)
    after = people.step(before, to, at, meeting.opened_at, reason)
    if after == before:
        return False
    name, post = (row.name, row.post) if row else (line(who.name, "name", 50), line(who.post, "post", 100, empty=True))
    _say(conn, meeting_id, seat, who._replace(name=name, post=post), row is None, after, how, by, at)
    return True


def gone(conn: Connection, meeting_id: str, seat: Seat, person_id: str, reason: str, by: Subject, at: datetime) -> None:
    """The registration was withdrawn: whoever was called already is excused.  Called by the scheduler, which has asked who may."""
    row = people_store.find(conn, person_id)
    if row is not None and people_store.stay_of(row).here:
        after = Stay(There.EXCUSED, reason=reason)
        _say(conn, meeting_id, seat, Known(person_id, row.point_id, row.name, row.post), False, after, How.FORM, by, at)


def count(conn: Connection, meeting_id: str, point_id: int, heads: int, by: Subject, at: datetime) -> bool:
    """So many heads are at this point, whoever they are; False if so many were counted before.  Raises Invalid("heads.number")."""
    if not 0 <= heads <= people.HEADS_MOST:
        raise Invalid("heads.number", field="heads", most=people.HEADS_MOST)
    meeting, seat = _point(conn, meeting_id, point_id, by, None)
    people.check_time(meeting, at)
    if people_store.heads(conn, meeting_id).get(point_id) == heads:
        return False
    people_store.add_heads(conn, meeting_id, point_id, heads, at)
    ledger_store.append(conn, meeting_id, "heads.counted", at, by, point=seat.point, data={"heads": heads})
    return True


def roll(conn: Connection, meeting_id: str, why: str, everybody: Sequence[Standing], by: Subject, at: datetime) -> int:
    """Writes down who is there at this moment; its number.  why: opened, motion or asked.

    everybody: the whole roll.  First the sums, then the names in pages: `scheduler.roll_call.snapshot` calls it.
    """
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_CONDUCT)
    people.check_time(meeting, at)
    seats = {seat.point_id: seat for seat in seat_store.seats(conn, meeting_id)}
    counted = people.turnout([seat.joined_at is not None for seat in seats.values()], [one.state for one in everybody])
    number = len(people_store.rolls(conn, meeting_id)) + 1
    listed = [_listed(one, seats) for one in everybody]
    pages = [listed[first:first + PAGE] for first in range(0, len(listed), PAGE)]
    ledger_store.append(conn, meeting_id, "roll.called", at, by, data={
        "roll": number, "why": why, "points": [counted.points, counted.points_here], "persons": [counted.persons, counted.persons_here],
        "heads": sum(people_store.heads(conn, meeting_id).values()), "pages": len(pages)})
    ledger_store.append_all(conn, meeting_id, "roll.page", at, by, (
        {"roll": number, "page": n, "people": page} for n, page in enumerate(pages, start=1)))
    return number


def _listed(one: Standing, seats: dict[int, Seat]) -> dict[str, Any]:
    return {"id": one.person_id, "name": one.name, "post": one.post, "point": seats[one.point_id].code, "state": one.state.value}


def check_may(conn: Connection, meeting: Meeting, seat: Seat, by: Subject, person_id: str | None = None) -> None:
    """Raises NotAllowed or NotFound unless this subject says who is at this point: a point of its own, a person of itself."""
    if by.seat is not None and by.seat.point_id != seat.point_id:
        permit(conn, meeting, by, Action.MEETING_CONDUCT)
    if by.person is not None and (by.person.person_id, by.person.point_id) != (person_id, seat.point_id):
        permit(conn, meeting, by, Action.MEETING_CONDUCT)
    if not decide(by, Action.PERSON_CHECKIN, meeting.resource("people", frozenset({seat.unit}))).allowed:
        permit(conn, meeting, by, Action.MEETING_CONDUCT)


def _point(conn: Connection, meeting_id: str, point_id: int, by: Subject, person_id: str | None) -> tuple[Meeting, Seat]:
    meeting = meeting_store.lock(conn, meeting_id)
    seat = seat_store.one(conn, meeting_id, point_id)
    check_may(conn, meeting, seat, by, person_id)
    return meeting, seat


def _say(
    conn: Connection, meeting_id: str, seat: Seat, who: Known, fresh: bool, stay: Stay, how: How, by: Subject, at: datetime,
) -> None:
    """The event, then the row that bears its number."""
    told = {"person": who.person_id, "name": who.name, "post": who.post, "how": how.value}
    if stay.here:
        seq = ledger_store.append(conn, meeting_id, "person.present", at, by, point=seat.point,
                                  data={**told, "late": stay.state is There.LATE}).seq
    elif stay.state is There.LEFT:
        seq = ledger_store.append(conn, meeting_id, "person.left", at, by, point=seat.point, data=told).seq
    elif stay.state is There.EXPECTED:
        seq = ledger_store.append(conn, meeting_id, "person.expected", at, by, point=seat.point, data=told).seq
    else:
        seq = ledger_store.append(conn, meeting_id, "person.absent", at, by, point=seat.point, data={**told, "reason": stay.reason}).seq
    if fresh:
        people_store.add(conn, meeting_id, who.person_id, who.point_id, who.name, who.post, stay, how, seq, at)
    else:
        people_store.save(conn, who.person_id, stay, how, seq)
