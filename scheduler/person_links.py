"""Use cases of personal links: a delegate's own phone checks in, leaves, raises a hand, votes and reads, without the point's link.

A link belongs to one person of one meeting.  Its secret is derived from the id of the registration (or of the person, where nobody was
registered), so cards can be printed again and nothing secret is stored; whoever looks after the point takes it back in one press,
and a new one voids all cards printed before.  A delegate who was replaced has none any more.  Called by web/routes/person.py and people.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from meetings import admission
from meetings.access import Action, PersonRef, Subject, decide
from meetings.entry import LAST_GENERATION
from meetings.errors import Conflict, NotFound
from meetings.meeting import Meeting, State
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store, people_store
from meetings.store.seat_store import Seat
from scheduler import roll_call
from scheduler.delegate_table import delegate_entry
from scheduler.roll_call import Person, Roll


class Card(NamedTuple):
    """A person with the own link; `secret` is empty while it is revoked."""

    seat: Seat
    person: Person
    secret: str


class Visit(NamedTuple):
    """Who comes by a link: as `access` knows him, and as the roll does."""

    ref: PersonRef
    person: Person
    meeting: Meeting


def open(conn: Connection, key: bytes, text: str, *, after: bool = False) -> Visit:  # noqa: A001 - the domain's word
    """Who comes with this secret.  after: also when the meeting is over (opinion slips have their own deadline).

    Raises NotFound("link.unknown" | "link.revoked"), Closed for an ended meeting.
    """
    link_id, generation = admission.parse_link(key, text)
    meeting_id, point_id = _where(conn, link_id)
    if people_store.link(conn, link_id) != (generation, False):
        raise NotFound("link.revoked")
    meeting = meeting_store.load(conn, meeting_id)
    if not (after and meeting.state is State.CONCLUDED):
        meeting.check_alive()
    [roll] = roll_call.rolls(conn, meeting_id, point_id)
    try:
        person = roll.find(link_id)
    except NotFound:  # somebody else comes instead, or it was a slip of whoever wrote the name
        raise NotFound("link.revoked") from None
    return Visit(PersonRef(meeting_id, person.person_id, point_id, roll.seat.code, person.name, link_id), person, meeting)


def cards(conn: Connection, key: bytes, meeting_id: str, by: Subject, point_id: int | None = None) -> list[Card]:
    """Of every point whose people this subject looks after, or of that one.  Raises NotAllowed, NotFound where it is none at all."""
    meeting = meeting_store.load(conn, meeting_id)
    rolls = [roll for roll in roll_call.rolls(conn, meeting_id, point_id) if _may(meeting, roll, by)]
    if not rolls:
        permit(conn, meeting, by, Action.MEETING_CONDUCT)
    return cards_of(conn, key, meeting_id, rolls)


def cards_of(conn: Connection, key: bytes, meeting_id: str, rolls: Sequence[Roll]) -> list[Card]:
    """Part of `cards` and of sending slips: of these rolls, whoever wants them."""
    changed = people_store.links(conn, meeting_id)
    found: list[Card] = []
    for roll in rolls:
        for person in roll.everybody:
            generation, revoked = changed.get(person.link_id, (1, False))
            found.append(Card(roll.seat, person, "" if revoked else admission.link_secret(key, person.link_id, generation)))
    return found


def revoke(conn: Connection, meeting_id: str, point_id: int, person_id: str, by: Subject, at: datetime) -> None:
    """The person's link opens nothing more.  Raises Conflict("link.revoked") if it is revoked already."""
    roll, person, generation, revoked = _keeps(conn, meeting_id, point_id, person_id, by)
    if revoked:
        raise Conflict("link.revoked", name=person.name)
    people_store.save_link(conn, meeting_id, person.link_id, generation, True, at)
    told = {"person": person.person_id, "name": person.name}
    ledger_store.append(conn, meeting_id, "person.link_revoked", at, by, point=roll.seat.point, data=told)


def renew(conn: Connection, meeting_id: str, point_id: int, person_id: str, by: Subject, at: datetime) -> None:
    """A new link: every card printed before is void."""
    roll, person, generation, _revoked = _keeps(conn, meeting_id, point_id, person_id, by)
    if generation >= LAST_GENERATION:
        raise Conflict("link.worn_out", name=person.name)
    people_store.save_link(conn, meeting_id, person.link_id, generation + 1, False, at)
    told = {"person": person.person_id, "name": person.name, "generation": generation + 1}
    ledger_store.append(conn, meeting_id, "person.link_renewed", at, by, point=roll.seat.point, data=told)


def _keeps(conn: Connection, meeting_id: str, point_id: int, person_id: str, by: Subject) -> tuple[Roll, Person, int, bool]:
    meeting = meeting_store.lock(conn, meeting_id)
    [roll] = roll_call.rolls(conn, meeting_id, point_id)
    if not _may(meeting, roll, by):
        permit(conn, meeting, by, Action.MEETING_CONDUCT)
    if meeting.state is not State.CONCLUDED:  # after it, slips are still answered by links
        meeting.check_alive()
    person = roll.find(person_id)
    return (roll, person, *people_store.link(conn, person.link_id))


def _may(meeting: Meeting, roll: Roll, by: Subject) -> bool:
    if by.seat is not None and by.seat.point_id != roll.seat.point_id:
        return False
    return decide(by, Action.PERSON_LINK, meeting.resource("people", frozenset({roll.seat.unit}))).allowed


def _where(conn: Connection, link_id: str) -> tuple[str, int]:
    """(meeting, point) of a registration or of a person."""
    e = delegate_entry.c
    row = conn.execute(select(e.meeting_id, e.point_id).where(e.entry_id == link_id)).first() or people_store.find(conn, link_id)
    if row is None:
        raise NotFound("link.unknown")
    return row.meeting_id, row.point_id


